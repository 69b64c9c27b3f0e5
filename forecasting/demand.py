"""Units → latent demand: what customers wanted in the periods when the shelf was empty.

demand = units + unmet × share of usual sales that met an empty shelf × expected units. No period
looks at a later one, not even the decision whether its class is recovered at all, so a backtest at
any earlier origin may use the same matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.censoring import Trials, classes_so_far, drawn, no_trials, try_recovery
from forecasting.empty_shelf import closed_days, doubt, empty_share, is_told, missed
from forecasting.expectation import expectation
from forecasting.options import Options
from forecasting.panel import Panel

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]

BLOCK: Final = 2000  # series whose working matrices live in memory together


@dataclass(frozen=True)
class Corrections:
    """Where demand is not what was sold: `place` [k] in series × periods, `demand` [k] units."""

    place: Rows
    demand: Matrix

    def onto(self, units: Matrix) -> Matrix:
        """[n, T] latent demand of what was sold."""
        demand = np.maximum(units, 0.0)
        np.put(demand, self.place, self.demand)
        return demand


@dataclass(frozen=True)
class LatentDemand:
    """Beside the sales; shapes [n, T]."""

    demand: Matrix  # units; NaN where they are unknown; never below zero, nor below what was sold
    units: Matrix  # what was sold
    variance: NDArray[np.float32]  # units² of what was added, 0 where nothing was
    trials: pd.DataFrame  # one row a demand class: was recovery tried, did it help, is it used

    @property
    def added(self) -> float:
        """Units added to what was sold."""
        return float(np.nansum(self.demand) - np.nansum(np.maximum(self.units, 0.0)))

    def corrections(self) -> Corrections:
        """The periods in which it is not what was sold."""
        count, length = self.demand.shape
        places: list[Rows] = []
        for begin in range(0, count, BLOCK):
            rows = slice(begin, begin + BLOCK)
            given, sold = self.demand[rows], np.maximum(self.units[rows], 0.0)
            places.append(np.flatnonzero((given != sold) & ~np.isnan(given)) + begin * length)
        place = np.concatenate(places) if places else np.zeros(0, np.int64)
        return Corrections(place, self.demand.ravel()[place])

    def last(self, periods: int) -> LatentDemand:
        """The last periods alone, copied: the rest may be forgotten."""
        return LatentDemand(
            demand=self.demand[:, -periods:].copy(),
            units=self.units[:, -periods:].copy(),
            variance=self.variance[:, -periods:].copy(),
            trials=self.trials,
        )


def latent_demand(panel: Panel, options: Options) -> Matrix:
    """[n, T] demand, units; NaN where units are unknown; never below zero."""
    return recover(panel, options).demand


def recover(panel: Panel, options: Options) -> LatentDemand:
    """Demand with its uncertainty and the trials behind it.

    Returns can turn a period's net units negative: nobody wanted less than nothing.
    """
    demand = np.maximum(panel.units, 0.0)
    variance = np.broadcast_to(np.float32(0), demand.shape)
    trials = no_trials(demand.shape[1])
    if options.unmet > 0 and is_told(panel):
        shelves = _Shelves(panel, options)
        trials = shelves.trials()
        for rows in shelves.blocks():
            some = shelves.shelf(rows)
            if not len(some.rows):
                continue
            if not variance.strides[0]:
                variance = np.zeros(demand.shape, np.float32)
            added, variance[some.rows] = some.lost(options.unmet, trials)
            demand[some.rows] += added
    return LatentDemand(demand, panel.units, variance, trials.table)


@dataclass(frozen=True)
class _Shelf:
    """A block of series [b, T] in which whole skus stand together."""

    rows: Rows
    units: Matrix  # sold, no returns; NaN unknown
    empty: Matrix  # share of usual sales
    teaches: NDArray[np.bool_]  # known, in stock, open
    skus: Rows  # [b] rising
    doubt: float  # of the empty share
    days: bool

    def lost(self, unmet: float, trials: Trials) -> tuple[Matrix, NDArray[np.float32]]:
        """Units lost for want of stock, and the variance of that estimate."""
        told = expectation(self.units, self.teaches, self.skus, days=self.days)
        used = trials.recover[
            classes_so_far(self.units, self.teaches), np.arange(self.units.shape[1])
        ]
        share = np.where(used & (told.mean > 0), self.empty * unmet, 0.0)
        found = missed(self.units, self.empty, np.nan_to_num(told.mean), self.doubt)
        added = np.where(share > 0, unmet * found, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = added * told.dispersion * (1.0 + share / told.periods)
        return added, np.nan_to_num(spread).astype(np.float32)


class _Shelves:
    """The series of a panel, in blocks."""

    def __init__(self, panel: Panel, options: Options) -> None:
        self._panel, self._options = panel, options
        codes = np.unique(panel.series["sku"].to_numpy(dtype=object), return_inverse=True)[1]
        self._order = np.argsort(codes, kind="stable")
        self._skus = codes[self._order]
        self._closed, self._site = closed_days(panel)

    def blocks(self) -> Iterator[Rows]:
        """Places in the order of skus, about BLOCK at a time, no sku divided."""
        begin = 0
        while begin < len(self._order):
            last = self._skus[min(begin + BLOCK, len(self._order)) - 1]
            end = int(np.searchsorted(self._skus, last, "right"))
            yield np.arange(begin, end)
            begin = end

    def shelf(self, places: Rows) -> _Shelf:
        """Of the places, the series whose sku was ever missing somewhere."""
        whole = self._shelf(places)
        missing = np.zeros(self._skus[-1] + 1, dtype=bool)
        missing[whole.skus[whole.empty.any(axis=1)]] = True
        kept = missing[whole.skus]
        return whole if kept.all() else self._shelf(places[kept])

    def _shelf(self, places: Rows) -> _Shelf:
        rows = self._order[places]
        units = np.maximum(self._panel.units[rows], 0.0)
        empty = empty_share(self._panel, rows, self._options)
        closed = self._closed[self._site[rows]]
        known = ~np.isnan(units) & ~closed
        teaches = known & (empty == 0)
        days = self._panel.frequency is Frequency.DAY
        empty = np.where(known, empty, 0.0)
        return _Shelf(rows, units, empty, teaches, self._skus[places], doubt(self._options), days)

    def trials(self) -> Trials:
        seed, places = self._options.seed, drawn(self._skus, self._options.seed)
        some = self._shelf(places)
        return try_recovery(
            some.units, some.empty, some.teaches, some.skus, some.doubt, seed, days=some.days
        )
