"""An item that ends on the day on which a like one begins: the same thing under a new code.

History stays with the old code, so that the new one would be forecast like a stranger, and the old
one as if it were wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.panel import Panel
from models.health.alarm import Alarm, Sign, named
from models.health.inputs import CYCLE

Matrix = NDArray[np.float64]

FRESH: Final = 2  # cycles: a code that began earlier is known already
BASE: Final = 8  # cycles in which the old code's sales are counted
LEAST_UNITS: Final = 6.0
"""Sales that the old code should have had since: none at all happens by chance 1 time in 400."""

LIKE: Final = 2.0  # times more or less of it: sales since, by what the old code sold before
SAME_STOCK: Final = 1.15  # times more or less of it: stock, by what the old code left
LEAST_STOCK: Final = 10.0  # units: fewer are the same by chance


@dataclass(frozen=True)
class _Shelves:
    """The last periods of every series, and where those of a sku stand: [n, T]."""

    skus: list[str]
    place: NDArray[np.int64]  # [n] number of the sku
    sites: NDArray[np.int64]  # [n] number of the site
    units: Matrix  # NaN as 0
    stock: Matrix  # by pictures; NaN unknown

    @classmethod
    def of(cls, panel: Panel, periods: int) -> _Shelves:
        skus, place = np.unique(panel.series["sku"].astype(str), return_inverse=True)
        sites = np.unique(panel.series["site"].astype(str), return_inverse=True)[1]
        units, stock = (
            np.array(values[:, -periods:], dtype=np.float64)
            for values in (panel.units, panel.pictured().on_hand)
        )
        return cls(skus.tolist(), place, sites, np.nan_to_num(units), stock)

    def by_sku(self, values: Matrix) -> Matrix:
        """[K, T] sums over the sites."""
        total = np.zeros((len(self.skus), values.shape[1]))
        np.add.at(total, self.place, values)
        return total


def code_alarms(panel: Panel) -> list[Alarm]:
    """Pairs `old → new` of codes; pure. Where a master names what an item replaces, all is said."""
    cycle = CYCLE[panel.frequency]
    length = (BASE + FRESH) * cycle
    if panel.units.shape[1] < length or not len(panel):
        return []
    shelves = _Shelves.of(panel, length)
    units, stock = shelves.by_sku(shelves.units), shelves.by_sku(np.nan_to_num(shelves.stock))
    seen = (units > 0) | (stock > 0)
    begun = np.where(seen.any(axis=1), seen.argmax(axis=1), length)
    fresh = np.flatnonzero((begun >= length - FRESH * cycle) & (begun < length))
    fresh = fresh[~_known_before(panel, shelves.skus, length)[fresh]]
    named_by_master = (panel.series["replaces"].fillna("") != "").to_numpy()
    explained = set(panel.series["sku"].to_numpy(dtype=str)[named_by_master])
    ended: dict[int, _Ended] = {}
    pairs = []
    for new in fresh.tolist():
        if shelves.skus[new] in explained:
            continue
        first = int(begun[new])
        if first not in ended:
            gone = (units[:, first:].sum(axis=1) == 0) & (stock[:, -1] <= 0) & (begun < first)
            ended[first] = _Ended.of(shelves, units, np.flatnonzero(gone), first)
        old = ended[first].likest(shelves, new, units[new, first:].sum())
        if old is not None:
            pairs.append(f"{shelves.skus[old]} → {shelves.skus[new]}")
    return named(Sign.CODE, "sales", pairs, found=float(len(pairs)), usual=0.0)


def _known_before(panel: Panel, skus: list[str], length: int) -> NDArray[np.bool_]:
    """[K] sold or seen before the last `length` periods: it slept, and is no new code."""
    older = (panel.units[:, :-length] > 0).any(axis=1)
    older |= (panel.pictured().on_hand[:, :-length] > 0).any(axis=1)
    known = set(panel.series["sku"].to_numpy(dtype=str)[older])
    return np.array([sku in known for sku in skus])


@dataclass(frozen=True)
class _Ended:
    """Codes that are gone since a period, and the shelves on which they left something known."""

    first: int  # the period
    codes: NDArray[np.int64]  # [g]
    expected: NDArray[np.float64]  # [g] units that each should have sold since
    code: NDArray[np.int64]  # [r] of each shelf, its place among the codes
    site: NDArray[np.int64]  # [r]
    left: NDArray[np.float64]  # [r] units

    @classmethod
    def of(cls, shelves: _Shelves, units: Matrix, codes: NDArray[np.int64], first: int) -> _Ended:
        """`units` [K, T] of all codes; of these, the `codes`."""
        number = np.full(len(shelves.skus), -1)
        number[codes] = np.arange(len(codes))
        left = _edge(shelves.stock[:, :first], last=True)
        told = np.flatnonzero((number[shelves.place] >= 0) & ~np.isnan(left))
        return cls(
            first=first,
            codes=codes,
            expected=units[codes, :first].mean(axis=1) * (units.shape[1] - first),
            code=number[shelves.place[told]],
            site=shelves.sites[told],
            left=np.maximum(left[told], 0.0),
        )

    def likest(self, shelves: _Shelves, new: int, sold: float) -> int | None:
        """The one that left on each shelf what the new one began with, or sold as much as it `sold`
        since with no other stock known; None where no code is like it."""
        if not len(self.codes):
            return None
        left, shelf = self._same_shelves(shelves, new)
        with np.errstate(divide="ignore"):
            ratio = np.divide(sold, self.expected, where=self.expected > 0, out=0.0 * self.expected)
            sales = np.abs(np.log(ratio))
        moved = (left >= LEAST_STOCK) & (shelf <= np.log(SAME_STOCK))
        alike = (self.expected >= LEAST_UNITS) & (sales <= np.log(LIKE))
        like = moved | (alike & ((left == 0) | (shelf <= np.log(LIKE))))
        score = np.where(like, np.where(moved, shelf, sales), np.inf)
        return int(self.codes[score.argmin()]) if like.any() else None

    def _same_shelves(
        self, shelves: _Shelves, new: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """[g] units that each code left where the new one is, and the median over those sites of
        how far the new one began from that (logarithm of a ratio, 1 unit more on either side)."""
        rows = np.flatnonzero(shelves.place == new)
        held = np.full(int(shelves.sites.max()) + 1, np.nan)
        began = _edge(shelves.stock[rows, self.first :], last=False)
        held[shelves.sites[rows]] = np.maximum(began + shelves.units[rows, self.first], 0.0)
        here = np.flatnonzero(~np.isnan(held[self.site]))
        code, left = self.code[here], self.left[here]
        apart = pd.Series(np.abs(np.log((held[self.site[here]] + 1.0) / (left + 1.0))))
        median = apart.groupby(code).median()
        shelf = np.full(len(self.codes), np.inf)
        shelf[median.index] = median
        together = np.bincount(code, left, minlength=len(self.codes))
        return together.astype(np.float64), shelf


def _edge(values: Matrix, *, last: bool) -> Matrix:
    """[K] the last or first known value of each row; NaN where none is."""
    known = ~np.isnan(values)
    at = known.shape[1] - 1 - known[:, ::-1].argmax(axis=1) if last else known.argmax(axis=1)
    return np.where(known.any(axis=1), values[np.arange(len(values)), at], np.nan)
