"""The scorecard: announced, came true, averted, missed, and how right the chances were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.calendar import Frequency, end_date, label, labels, period_end, to_period
from models.lead_time import Rows
from models.scorecard.measures import measures_of, reliability
from models.scorecard.outcomes import Outcome, outcomes_of
from models.scorecard.rules import compared
from models.scorecard.ruptures import runs_of, ruptures_of
from models.scorecard.said import Said
from models.scorecard.truth import Truth

LEADS: Final = (3, 7)  # days
ORDER: Final = (
    Outcome.RUPTURED,
    Outcome.OPEN,
    Outcome.AVERTED,
    Outcome.NOT_ATTRIBUTABLE,
    Outcome.FALSE_ALARM,
)
"""The outcome of a warning is the first that one of its announcements has."""
WARNINGS: Final = (
    "site",
    "sku",
    "warning",
    "publication",
    "announced_on",
    "last_announced_on",
    "probability",
    "outcome",
    "segment",
    "value_at_risk",
    "currency",
)
MISSED: Final = (
    "site",
    "sku",
    "ruptured_on",
    "eve",
    "publication",
    "probability",
    "cause",
    "detail",
)


@dataclass(frozen=True)
class Scorecard:
    """Warnings and ruptures of some origins, judged by what came up to `judged_up_to`.

    A warning is an unbroken run of publications that announced a series (`ruptures.runs_of`). Its
    outcome is the first of ruptured, open, averted, not attributable, false alarm that one of its
    announcements has.
    """

    judged_up_to: str
    origins: list[str]  # labels, oldest first
    horizon_days: float  # main horizon of the latest origin
    overall: dict[str, Any]
    by_segment: pd.DataFrame
    by_period: pd.DataFrame  # ISO weeks, or months where the periods are months
    reliability: pd.DataFrame
    methods: pd.DataFrame  # ours beside other scores of the same origins: rules.compared
    warnings: pd.DataFrame
    ruptures: pd.DataFrame
    rows: pd.DataFrame  # a row an origin and series that could run out: outcomes.outcomes_of

    @property
    def missed(self) -> pd.DataFrame:
        """Ruptures that no warning was alive for on the eve, the latest first."""
        lost = self.ruptures[self.ruptures["lead_days"] == 0]
        return lost.sort_values(["ruptured_on", "site", "sku"], ascending=[False, True, True])

    def facts(self) -> dict[str, Any]:
        """As plain values, for JSON; the warnings one by one are `warnings`."""
        missed = self.missed.assign(ruptured_on=self.missed["ruptured_on"].dt.date)
        return {
            "judged_up_to": self.judged_up_to,
            "origins": self.origins,
            "horizon_days": self.horizon_days,
            "overall": self.overall,
            "by_segment": self.by_segment.to_dict("records"),
            "by_period": self.by_period.to_dict("records"),
            "reliability": self.reliability.to_dict("records"),
            "methods": self.methods.to_dict("records"),
            "missed": missed[list(MISSED)].to_dict("records"),
        }


_NOTHING: Final = pd.DataFrame(
    {
        **{name: pd.Series(dtype="object") for name in ("site", "sku", "outcome", "segment")},
        **{name: pd.Series(dtype="float64") for name in ("probability", "event")},
        **{
            name: pd.Series(dtype="int64")
            for name in ("row", "run", "origin", "main", "publication")
        },
        "announced": pd.Series(dtype="bool"),
    }
)


def scorecard_of(saids: Sequence[Said], truth: Truth, lost_share: float) -> Scorecard:
    """Judge what was said at some origins (each once) by what came. `lost_share`: of unmet demand
    (`Options.unmet`)."""
    saids = sorted(
        (said for said in saids if said.origin < truth.last), key=lambda said: said.origin
    )
    frequency = truth.panel.frequency
    runs = runs_of(saids, truth)
    ruptures = ruptures_of(saids, truth, runs, lost_share)
    judged = [_judged(said, run, truth, lost_share) for said, run in zip(saids, runs, strict=True)]
    rows = pd.concat([one for one in judged if len(one)] or [_NOTHING], ignore_index=True)
    warnings = _warnings(rows, frequency, truth.last)
    wide = Frequency.MONTH if frequency is Frequency.MONTH else Frequency.WEEK

    def named(days: ArrayLike) -> list[str]:
        return labels(to_period(days, wide), wide)

    return Scorecard(
        judged_up_to=label(truth.last, frequency),
        origins=labels([said.origin for said in saids], frequency),
        horizon_days=_horizon_days(saids[-1], frequency) if saids else np.nan,
        overall=_overall(rows, warnings, ruptures),
        by_segment=_by("segment", rows, warnings, ruptures),
        by_period=_by(
            "period",
            rows.assign(period=named(period_end(rows["origin"], frequency))),
            warnings.assign(period=named(warnings["announced_on"])),
            ruptures.assign(period=named(ruptures["ruptured_on"])),
        ),
        reliability=reliability(*_known(rows)),
        methods=compared(rows),
        warnings=warnings,
        ruptures=ruptures,
        rows=rows,
    )


def _judged(said: Said, run: Rows, truth: Truth, lost_share: float) -> pd.DataFrame:
    """`outcomes_of`, with the run [n] that each announcement is of."""
    rows = outcomes_of(said, truth, lost_share)
    if "warning" in rows:  # without any it is a column of blanks, of another type than numbers
        rows["warning"] = rows["warning"].astype("Int64")
    return rows.assign(
        publication=said.number,
        origin=said.origin,
        main=said.main,
        run=run[rows["row"]],
        segment=truth.segment.to_numpy()[rows["row"]],
    )


def _warnings(rows: pd.DataFrame, frequency: Frequency, last: int) -> pd.DataFrame:
    """A row a run of announcements, the latest first; the numbers are those of its first. `over`:
    the main horizon of that one has come by period `last`."""
    said = rows[rows["announced"]].sort_values(["row", "origin"], kind="stable")
    table = said.drop_duplicates(["row", "run"]).reset_index(drop=True)
    outcomes = pd.crosstab([said["row"], said["run"]], said["outcome"])
    found = outcomes.reindex(columns=list(ORDER), fill_value=0).to_numpy() > 0
    for name in WARNINGS:
        if name not in table:
            table[name] = np.nan if name != "currency" else ""
    table["announced_on"] = period_end(table["origin"], frequency).astype("datetime64[s]")
    latest = said.drop_duplicates(["row", "run"], keep="last")["origin"].to_numpy()
    table["last_announced_on"] = period_end(latest, frequency).astype("datetime64[s]")
    table["over"] = table["origin"] + table["main"] <= last
    if len(table):
        table["outcome"] = np.array(ORDER, dtype=object)[found.argmax(axis=1)]
    ordered = table.sort_values(["announced_on", "site", "sku"], ascending=[False, True, True])
    return ordered[[*WARNINGS, "over"]].reset_index(drop=True)


def _overall(rows: pd.DataFrame, warnings: pd.DataFrame, ruptures: pd.DataFrame) -> dict[str, Any]:
    """Counts, precision, recall and lead; then the measures of the chances.

    `closed`: warnings that are not open and began a main horizon ago or more (of younger ones only
    those that ran out early are closed). `precision`: of these, those that ruptured, and averted
    ones are not in it; `averted_share` those averted. `recall`: of the ruptures, those that a
    warning was alive for on the eve.
    """
    counts = {name.value: int((warnings["outcome"] == name).sum()) for name in Outcome}
    closed = warnings[warnings["over"] & (warnings["outcome"] != Outcome.OPEN)]["outcome"]
    found = ruptures.loc[ruptures["lead_days"] > 0, "lead_days"]
    averted = warnings[warnings["outcome"] == Outcome.AVERTED]
    saved = averted.groupby("currency")["value_at_risk"].sum()
    return {
        "warnings": len(warnings),
        **counts,
        "closed": len(closed),
        "precision": _share(int((closed == Outcome.RUPTURED).sum()), len(closed)),
        "averted_share": _share(int((closed == Outcome.AVERTED).sum()), len(closed)),
        "ruptures": len(ruptures),
        "announced": len(found),
        "missed": len(ruptures) - len(found),
        "recall": _share(len(found), len(ruptures)),
        "lead_days_median": float(found.median()) if len(found) else np.nan,
        **{
            f"recall_{days}_days": _share(int((found >= days).sum()), len(ruptures))
            for days in LEADS
        },
        "value_averted": {str(code): float(value) for code, value in saved.items() if code},
        **measures_of(rows["event"].to_numpy(), rows["probability"].to_numpy()),
    }


def _by(
    name: str, rows: pd.DataFrame, warnings: pd.DataFrame, ruptures: pd.DataFrame
) -> pd.DataFrame:
    """The same for each value of a column."""
    values = sorted({*rows[name], *warnings[name], *ruptures[name]})
    parts = [
        {name: value, **_overall(*(one[one[name] == value] for one in (rows, warnings, ruptures)))}
        for value in values
    ]
    return pd.DataFrame(parts).drop(columns="value_averted", errors="ignore")


def _known(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    known = rows[rows["event"].notna()]
    return known["event"], known["probability"]


def _horizon_days(said: Said, frequency: Frequency) -> float:
    end = end_date(said.origin + said.main, frequency)
    return float((end - end_date(said.origin, frequency)).days)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else np.nan
