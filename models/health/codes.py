"""An item that ends on the day on which a like one begins: the same thing under a new code.

History stays with the old code, so that the new one would be forecast like a stranger, and the old
one as if it were wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
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
    pairs = []
    for new in fresh.tolist():
        if shelves.skus[new] in explained:
            continue
        first = int(begun[new])
        gone = (units[:, first:].sum(axis=1) == 0) & (stock[:, -1] <= 0) & (begun < first)
        old = _likest(shelves, units, np.flatnonzero(gone), new, first)
        if old is not None:
            pairs.append(f"{shelves.skus[old]} → {shelves.skus[new]}")
    return named(Sign.CODE, "sales", pairs, found=float(len(pairs)), usual=0.0)


def _known_before(panel: Panel, skus: list[str], length: int) -> NDArray[np.bool_]:
    """[K] sold or seen before the last `length` periods: it slept, and is no new code."""
    older = (panel.units[:, :-length] > 0).any(axis=1)
    older |= (panel.pictured().on_hand[:, :-length] > 0).any(axis=1)
    known = set(panel.series["sku"].to_numpy(dtype=str)[older])
    return np.array([sku in known for sku in skus])


def _likest(
    shelves: _Shelves, units: Matrix, gone: NDArray[np.int64], new: int, begun: int
) -> int | None:
    """Of the codes that are gone, the one that left on each shelf what the new one began with, or
    that sold as much with no other stock known; None where no code is like it."""
    scores = {}
    for old in gone.tolist():
        left, shelf = _same_shelves(shelves, old, new, begun)
        expected = units[old, :begun].mean() * (units.shape[1] - begun)
        with np.errstate(divide="ignore"):
            sales = abs(np.log(units[new, begun:].sum() / expected)) if expected > 0 else np.inf
        moved = left >= LEAST_STOCK and shelf <= np.log(SAME_STOCK)
        alike = expected >= LEAST_UNITS and sales <= np.log(LIKE)
        if moved or (alike and (left == 0 or shelf <= np.log(LIKE))):
            scores[old] = shelf if moved else sales
    return min(scores, key=scores.__getitem__) if scores else None


def _same_shelves(shelves: _Shelves, old: int, new: int, begun: int) -> tuple[float, float]:
    """Units that the old code left where both were, and the median over those sites of how far the
    new one began from that (logarithm of a ratio, 1 unit more on either side)."""
    rows = {code: np.flatnonzero(shelves.place == code) for code in (old, new)}
    _, before, after = np.intersect1d(
        shelves.sites[rows[old]], shelves.sites[rows[new]], return_indices=True
    )
    was, now = rows[old][before], rows[new][after]
    left = _edge(shelves.stock[was, :begun], last=True)
    held = _edge(shelves.stock[now, begun:], last=False) + shelves.units[now, begun]
    known = ~np.isnan(left) & ~np.isnan(held)
    if not known.any():
        return 0.0, np.inf
    apart = np.abs(np.log((held[known] + 1.0) / (left[known] + 1.0)))
    return float(left[known].sum()), float(np.median(apart))


def _edge(values: Matrix, *, last: bool) -> Matrix:
    """[K] the last or first known value of each row; NaN where none is."""
    known = ~np.isnan(values)
    at = known.shape[1] - 1 - known[:, ::-1].argmax(axis=1) if last else known.argmax(axis=1)
    return np.where(known.any(axis=1), values[np.arange(len(values)), at], np.nan)
