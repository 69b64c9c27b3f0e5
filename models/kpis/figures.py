"""Cells → figures: added up for whoever asks, with their trend, and what cannot be computed. Pure.

Nothing is imported here that a service should not load: this is what answers are made of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from forecasting.calendar import Frequency, label, period_start, to_period
from models.kpis.cells import COUNTS, KEPT
from models.kpis.contract import Kpi
from models.kpis.gaps import Spoken, gaps_of, spoken_in
from models.kpis.registry import KPIS

By = Literal["total", "site", "supplier", "category", "kind"]
DIMENSIONS: Final = ("site", "supplier", "category", "kind")
BEFORE: Final = {Frequency.WEEK: 52, Frequency.MONTH: 12}  # periods: the same a year ago
STEADY: Final = 0.01  # of the value before: less is no trend
FIGURES: Final = (
    *("kpi", "grain", "period", "period_start", "by", *DIMENSIONS, "currency"),
    *("value", "unit", "p90", *COUNTS, "before", "year_before", "trend"),
    *("partial", "missing", "missing_feed", "missing_since"),
)


@dataclass(frozen=True)
class Question:
    """`by`: one figure for each site, supplier …; the rest narrows down. A supplier and a category
    cannot be asked at once: cells know one of them at a time."""

    by: By = "total"
    grain: str = "month"
    kpi: str = ""
    site: str | None = None
    supplier: str | None = None
    category: str | None = None

    @property
    def cut(self) -> str:
        """The dimension of the cells that answer."""
        asked = [one for one in ("supplier", "category") if getattr(self, one) is not None]
        if self.by in ("supplier", "category", "kind"):
            asked = list(dict.fromkeys([*asked, self.by]))
        if len(asked) > 1:
            raise ValueError(f"{' and '.join(asked)} cannot be asked together")
        return asked[0] if asked else "category"


def every_question(grain: str | None) -> list[Question]:
    """What an export answers: by all dimensions, of a grain (default: month)."""
    return [Question(by=by, grain=grain or "month") for by in get_args(By)]


def figures_table(figures: Sequence[pd.DataFrame]) -> pa.Table:
    """Figures as Arrow; text as dictionaries, unknown numbers and days as null."""
    whole = pd.concat(figures, ignore_index=True)
    columns: dict[str, pa.Array] = {}
    for name in FIGURES:
        values = whole[name]
        if name in ("period_start", "missing_since"):
            days = values.to_numpy().astype("datetime64[D]")
            columns[name] = pa.array(days, pa.date32(), from_pandas=True)
        elif name in ("rows", "left_out", "censored"):
            columns[name] = pa.array(values.round().astype("int64"))
        elif name == "partial":
            columns[name] = pa.array(values.astype(bool))
        elif name in NUMBERS:
            columns[name] = pa.array(values.astype("float64"), from_pandas=True)
        else:
            columns[name] = pa.array(values.astype(str), pa.string()).dictionary_encode()
    return pa.table(columns)


NUMBERS: Final = frozenset({"value", "p90", "numerator", "denominator", "before", "year_before"})


def figures_of(
    cells: pd.DataFrame, feeds: pd.DataFrame, origin_end: dt.date, question: Question
) -> pd.DataFrame:
    """FIGURES, by KPI as registered, then place and currency, then period. `cells`, `feeds`: those
    of `measured`, perhaps of some sites alone.

    A value is blank where `missing` says why: `feed_absent`, `feed_silent` (since a day),
    `not_yet` (its feed begins later), `nothing_counted`. Raises ValueError where a supplier and a
    category are asked at once.
    """
    cut = question.cut
    kept = (cells["cut"] == cut) & (cells["grain"] == question.grain)
    if question.site is not None:
        kept &= cells["site"] == question.site
        feeds = feeds[(feeds["site"] == question.site) | (feeds["site"] == "")]
    if cut != "kind" and getattr(question, cut) is not None:
        kept &= cells["code"] == getattr(question, cut)
    some = cells[kept]
    grain = Frequency.of_grain(question.grain)
    periods = _periods(feeds, grain, origin_end)
    by_name = dict(list(some.groupby("kpi")))
    spoken = spoken_in(feeds)
    parts = [
        _of_kpi(one, by_name.get(one.name, some[:0]), spoken, periods, grain, origin_end, question)
        for one in KPIS
        if question.kpi in ("", one.name)
    ]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(FIGURES))
    return found[list(FIGURES)]


def _periods(feeds: pd.DataFrame, grain: Frequency, origin_end: dt.date) -> list[int]:
    """From the first that any feed speaks of, as far as cells are kept."""
    last = int(to_period(np.datetime64(origin_end), grain))
    first = last - KEPT[grain] + 1
    begun = feeds["first_on"].min()
    if pd.notna(begun):
        first = max(first, int(to_period(np.datetime64(begun, "D"), grain)))
    return list(range(min(first, last), last + 1))


def _of_kpi(
    kpi: Kpi,
    cells: pd.DataFrame,
    spoken: Spoken,
    periods: list[int],
    grain: Frequency,
    origin_end: dt.date,
    question: Question,
) -> pd.DataFrame:
    place = {"site": "site"}.get(question.by, "code")
    keys = ["currency"] if question.by == "total" else [place, "currency"]
    names = [label(period, grain) for period in periods]
    sums = cells.groupby([*keys, "period"])[list(COUNTS)].sum()
    groups = sums.index.droplevel("period").unique()
    if not len(groups) and question.by == "total":
        groups = pd.MultiIndex.from_tuples([("",)], names=["currency"])
    whole = [
        (*(group if isinstance(group, tuple) else (group,)), name)
        for group in groups
        for name in names
    ]
    index = pd.MultiIndex.from_tuples(whole, names=[*keys, "period"]) if whole else sums.index[:0]
    table = sums.reindex(index, fill_value=0.0).reset_index()
    if kpi.spread and len(cells):
        table = table.merge(_p90(cells, [*keys, "period"]), how="left", on=[*keys, "period"])
    count = len(groups)
    starts = period_start(periods, grain)
    where = _where(question, place, table)
    table = table.assign(
        kpi=kpi.name,
        grain=question.grain,
        by=question.by,
        unit=kpi.unit,
        period_start=np.tile(starts.astype("datetime64[s]"), count),
        p90=table.get("p90", np.nan),
    )
    for name, codes in where.items():
        table[name] = codes
    gaps = gaps_of(kpi.feeds, spoken, periods, grain, origin_end)
    for column in gaps:
        table[column] = np.tile(gaps[column].to_numpy(), count)
    return _valued(kpi, table, len(periods), BEFORE[grain])


def _where(question: Question, place: str, table: pd.DataFrame) -> dict[str, Any]:
    """The columns site, supplier, category and kind: what was asked for, or what a row is of."""
    found: dict[str, Any] = {name: getattr(question, name, None) or "" for name in DIMENSIONS}
    if question.by != "total":
        found[question.by] = table[place].to_numpy()
    return found


def _valued(kpi: Kpi, table: pd.DataFrame, length: int, year: int) -> pd.DataFrame:
    """With value, before, year_before and trend; counts are blank where the value is missing for
    want of a feed."""
    denominator = table["denominator"]
    counted = (table["rows"] > 0) & (kpi.amount | (denominator > 0))
    unknown = table["missing"] == ""
    table["missing"] = table["missing"].where(~unknown | counted, "nothing_counted")
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = table["numerator"] / (1.0 if kpi.amount else denominator) * kpi.per
    table["value"] = ratio.where(table["missing"] == "")
    if kpi.amount:
        table["denominator"] = np.nan
    table["p90"] = table["p90"].where(table["missing"] == "")
    value = table["value"].to_numpy(np.float64).reshape(-1, length)
    partial = table["partial"].to_numpy(bool).reshape(-1, length)
    open_ended = table["censored"].to_numpy(np.float64).reshape(-1, length) > 0
    before, year_before = (_shifted(value, steps) for steps in (1, year))
    table["before"], table["year_before"] = before.ravel(), year_before.ravel()
    at_least = (open_ended, _shifted(open_ended, 1, False))
    table["trend"] = _trend(
        kpi, value, before, partial | _shifted(partial, 1, True), at_least
    ).ravel()
    return table


def _shifted(values: NDArray[Any], steps: int, blank: float = np.nan) -> NDArray[Any]:
    moved = np.full(values.shape, blank, dtype=values.dtype)
    if steps < values.shape[1]:
        moved[:, steps:] = values[:, :-steps]
    return moved


def _trend(
    kpi: Kpi,
    value: NDArray[Any],
    before: NDArray[Any],
    partial: NDArray[Any],
    at_least: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> NDArray[Any]:
    """better, worse, steady; up or down where neither is good; blank where nothing can be said.

    `at_least`: where the value, and the one before, are lower bounds. A bound below the value
    before may still pass it, and one before may have passed the value: neither is a trend.
    """
    up, down = {
        "higher": ("better", "worse"),
        "lower": ("worse", "better"),
        "": ("up", "down"),
    }[kpi.better]
    with np.errstate(invalid="ignore"):
        change = value - before
        steady = np.abs(change) <= STEADY * np.abs(before)
        said = np.where(steady, "steady", np.where(change > 0, up, down))
    now, then = at_least
    unsure = np.where(steady, now | then, np.where(change > 0, then, now))
    return np.where(np.isnan(change) | partial | unsure, "", said).astype(object)


def _p90(cells: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The least bin that nine in ten do not exceed."""
    bins = cells.groupby([*keys, "bin"], as_index=False)["denominator"].sum()
    bins = bins[bins["denominator"] > 0].sort_values([*keys, "bin"])
    together = bins.groupby(keys)["denominator"]
    reached = together.cumsum() >= 0.9 * together.transform("sum") - 1e-9
    first = bins[reached].drop_duplicates(keys)
    return first[[*keys, "bin"]].rename(columns={"bin": "p90"}).astype({"p90": "float64"})
