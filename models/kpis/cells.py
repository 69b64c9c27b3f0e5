"""Counts → cells: by week and month, by site and one more dimension. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, end_date, period_end, to_period

Matrix = NDArray[np.float64]
Sums = Mapping[Frequency, Matrix]  # [n, buckets] of each grain

KEPT: Final = {Frequency.WEEK: 57, Frequency.MONTH: 25}
"""Periods told: this one, two years of months before it, a year and a month of weeks."""
BLOCK: Final = 2000  # series looked at together
CUTS: Final = ("supplier", "category")

KEYS: Final = ("grain", "period", "site", "cut", "code", "currency", "bin")
COUNTS: Final = ("numerator", "denominator", "rows", "left_out", "censored")
CELLS: Final = (*KEYS, *COUNTS)
"""A cell: period number of a grain, site, and the code of one more dimension (`cut`: supplier,
category, kind). The cells of each cut add up to the same. `bin`: days late, of a KPI with a spread.
`rows`: what was counted; `left_out`: what could not be; `censored`: counted, and still going on, so
that the value is at least what is told."""


@dataclass(frozen=True)
class Buckets:
    """The weeks and months that are told, up to the one that holds the origin."""

    frequency: Frequency
    origin: int

    @property
    def origin_end(self) -> np.datetime64:
        return np.datetime64(end_date(self.origin, self.frequency), "D")

    @cached_property
    def span(self) -> dict[Frequency, tuple[int, int]]:
        """First and last period of each grain that is not finer than the workspace's."""
        grains = [one for one in KEPT if one.days >= self.frequency.days]
        last = {one: int(to_period(self.origin_end, one)) for one in grains}
        return {one: (last[one] - KEPT[one] + 1, last[one]) for one in grains}

    @property
    def first_day(self) -> np.datetime64:
        return min(np.datetime64(first_day(first, one), "D") for one, (first, _) in self.spans)

    @property
    def spans(self) -> list[tuple[Frequency, tuple[int, int]]]:
        return list(self.span.items())

    def sums(
        self, start: int, shape: tuple[int, int], make: Callable[[slice], Matrix]
    ) -> dict[Frequency, Matrix]:
        """[n, buckets] of each grain from values [n, T] of periods from `start` to the origin, made
        a block of series at a time. A period counts where its last day falls."""
        count, length = shape
        found = {one: np.zeros((count, KEPT[one])) for one in self.span}
        if not length:
            return found
        days = period_end(np.arange(start, start + length), self.frequency)
        places = {one: to_period(days, one) - first for one, (first, _) in self.spans}
        for begin in range(0, count, BLOCK):
            rows = slice(begin, min(begin + BLOCK, count))
            values = make(rows)
            for one, place in places.items():
                inside = place >= 0
                if inside.any():
                    at, firsts = np.unique(place[inside], return_index=True)
                    found[one][rows, at] = np.add.reduceat(values[:, inside], firsts, axis=1)
        return found


def first_day(period: int, grain: Frequency) -> dt.date:
    return end_date(period - 1, grain) + dt.timedelta(days=1)


def of_series(
    series: pd.DataFrame,
    buckets: Buckets,
    counts: Mapping[str, Sums],
    *,
    money: bool = False,
) -> pd.DataFrame:
    """Cells of sums by series. `counts`: by name of COUNTS; the missing ones are zero."""
    parts = []
    currency = series["currency"].astype(str).to_numpy(object)
    if not money:
        currency = np.full(len(series), "", dtype=object)
    for cut in CUTS:
        group, firsts = _groups(series["site"], series[cut], currency)
        for grain, (first, _) in buckets.spans:
            summed = {
                name: _by_group(one[grain], group, len(firsts)) for name, one in counts.items()
            }
            at, place = np.nonzero(np.any([one != 0 for one in summed.values()], axis=0))
            parts.append(
                pd.DataFrame(
                    {
                        "grain": grain.grain,
                        "period": first + place,
                        "site": series["site"].to_numpy(object)[firsts[at]],
                        "cut": cut,
                        "code": series[cut].to_numpy(object)[firsts[at]],
                        "currency": currency[firsts[at]],
                        "bin": 0,
                        **{name: one[at, place] for name, one in summed.items()},
                    }
                )
            )
    return added(parts)


def of_lines(lines: pd.DataFrame, buckets: Buckets) -> pd.DataFrame:
    """Cells of lines, each with a `day`, site, supplier, category and counts; perhaps `kind`,
    `currency` and `bin`. Lines outside the periods told are left behind."""
    parts = []
    days = lines["day"].to_numpy().astype("datetime64[D]")
    for grain, (first, last) in buckets.spans:
        period = to_period(days, grain)
        inside = (period >= first) & (period <= last) & ~np.isnat(days)
        some = lines[inside].assign(grain=grain.grain, period=period[inside])
        parts += [some.assign(cut=cut, code=some[cut].astype(str)) for cut in CUTS]
    return added(parts)


def added(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Cells with the same keys added up, in the order of their keys."""
    several = [part for part in parts if len(part)]
    if not several:
        return pd.DataFrame({name: [] for name in CELLS}).astype(TYPES)
    whole = pd.concat(several, ignore_index=True)
    whole["bin"] = whole["bin"].fillna(0) if "bin" in whole else 0
    whole["currency"] = whole["currency"].fillna("") if "currency" in whole else ""
    for name in COUNTS:
        whole[name] = whole[name].fillna(0.0) if name in whole else 0.0
    found = whole.astype(TYPES)[list(CELLS)].groupby(list(KEYS), sort=True, as_index=False).sum()
    return found[list(CELLS)]


TYPES: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("grain", "site", "cut", "code", "currency"), object),
    **dict.fromkeys(("period", "bin"), "int64"),
    **dict.fromkeys(COUNTS, "float64"),
}


def _by_group(values: Matrix, group: NDArray[np.int64], count: int) -> Matrix:
    """[groups, buckets] sums of [n, buckets]."""
    order = np.argsort(group, kind="stable")
    firsts = np.searchsorted(group[order], np.arange(count))
    return np.add.reduceat(values[order], firsts, axis=0) if len(values) else values


def _groups(
    *columns: pd.Series | NDArray[np.object_],
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """[n] number of the group of equal codes that each row is in, and [groups] their first rows."""
    group = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes = np.unique(np.asarray(column, dtype=str), return_inverse=True)[1]
        group = group * (int(codes.max(initial=0)) + 1) + codes
    _, firsts, numbers = np.unique(group, return_index=True, return_inverse=True)
    return numbers.astype(np.int64), firsts
