"""The latest whole period of each KPI, for a page and a screen: value, trend, past, what fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from models.kpis.contract import Kpi
from models.kpis.registry import HEADLINES, KPIS, kpi

PAST: Final = 13  # periods shown: this one and those of a year before


@dataclass(frozen=True)
class Shown:
    """`latest`: the latest whole period with a value, else the latest whole one; `now`: the one
    under way, where it has a value; `past`: (period, value) up to the latest, the oldest first;
    `since`: the latest whole period, where that one cannot be computed and an earlier one could."""

    kpi: Kpi
    currency: str
    latest: Mapping[str, Any]
    now: Mapping[str, Any] | None
    past: Sequence[tuple[str, float | None]]
    since: Mapping[str, Any] | None
    is_one_of_several: bool = False  # the same is told of other currencies too

    def title(self, language: str) -> str:
        """Its name; where there are several currencies, with its own."""
        title = self.kpi.titles[language]
        return f"{title} ({self.currency})" if self.is_one_of_several else title

    @property
    def is_known(self) -> bool:
        return not self.latest["missing"]


def shown_of(figures: pa.Table) -> list[Shown]:
    """One for each KPI and currency of figures of one place; KPIs as registered."""
    frame = figures.to_pandas(date_as_object=True)
    known = {one.name: one for one in KPIS}
    frame["kpi"] = frame["kpi"].astype(str)
    frame["currency"] = frame["currency"].astype(str)
    currencies = frame.groupby("kpi")["currency"].nunique()
    return [
        replace(
            _shown(known[str(name)], str(currency), rows),
            is_one_of_several=bool(currencies[name] > 1),
        )
        for (name, currency), rows in frame.groupby(["kpi", "currency"], sort=False)
        if str(name) in known
    ]


def headlines(shown: Sequence[Shown], currency: str) -> list[Shown]:
    """The five of HEADLINES, each the first of its stand-ins that has a value, else the first; of
    the workspace's currency where there are several."""
    found = []
    for names in HEADLINES:
        several = [
            one
            for name in names
            for one in sorted(
                (one for one in shown if one.kpi.name == name),
                key=lambda one: (not one.is_known, one.currency != currency),
            )[:1]
        ]
        found += sorted(several, key=lambda one: not one.is_known)[:1]
    return found


def stands_in(one: Shown) -> Kpi | None:
    """The KPI that another is shown for, where its feeds are missing."""
    for first, *others in HEADLINES:
        if one.kpi.name in others:
            return kpi(first)
    return None


def _shown(one: Kpi, currency: str, rows: pd.DataFrame) -> Shown:
    figures: list[dict[str, Any]] = [
        {
            str(name): None if value is None or value is pd.NaT else value
            for name, value in row.items()
        }
        for row in rows.to_dict("records")
    ]
    over = [row for row in figures if not _under_way(row, figures)]
    whole = over or figures
    valued = [row for row in whole if not row["missing"]]
    latest = valued[-1] if valued else whole[-1]
    place = figures.index(latest)
    past = [
        (str(row["period"]), None if row["missing"] else float(row["value"]))
        for row in figures[max(place + 1 - PAST, 0) : place + 1]
    ]
    ahead = figures[-1] if over and len(over) < len(figures) else None
    now = ahead if ahead and not ahead["missing"] else None
    since = whole[-1] if latest is not whole[-1] else None
    return Shown(one, currency, latest, now, past, since)


def _under_way(row: Mapping[str, Any], figures: Sequence[Mapping[str, Any]]) -> bool:
    """Not over at the origin: the last one where it is partial."""
    return bool(row["partial"]) and row is figures[-1]
