"""How planners order: levels and days of cover, from what the record shows; some are behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import pandas as pd

from benchmarks.risk.simulator.demand import Demand, Whole
from benchmarks.risk.simulator.suppliers import Real, Suppliers

REVISED_DAYS: Final = 91  # a planner sets levels anew each quarter, from the sales of that quarter
BEHIND_DAYS: Final = 364  # one who is behind: each year, from the sales of a year
BEHIND_SHARE: Final = 0.25  # of the items
COVER_SHARE: Final = 0.35  # of the items are ordered by days of cover
RECENT_DAYS: Final = 28  # whose sales are the mean that cover is measured in
SAFETY: Final = (0.5, 1.2, 2.0)  # standard deviations over the lead time, by class of item
EXTRA_DAYS: Final = (2, 5, 9)  # of cover beyond lead time and review, by class of item
PACKS: Final = (1, 4, 6, 12, 24)


@dataclass(frozen=True)
class Morning:
    """What the record says before the shop opens on a day; n series."""

    day: int
    on_hand: Whole  # [n]
    position: Whole  # [n] on_hand + on_order
    sold: Whole  # [n, T] units sold, known before `day`


class Planner(Protocol):
    def wishes(self, morning: Morning) -> Whole:
        """[n] units to order, were today an order day; 0: none."""


@dataclass
class Levels:
    """Reorder point and order-up-to of each series from a day on."""

    day: int
    rows: Whole  # which series were revised
    reorder_point: Real  # [rows]
    order_up_to: Real
    safety_stock: Real


@dataclass
class Habits:
    """The planners of a world; they keep what they have set (`told`)."""

    demand: Demand
    suppliers: Suppliers
    seed: int
    told: list[Levels] = field(default_factory=list)

    def __post_init__(self) -> None:
        luck = np.random.default_rng([self.seed, 3])
        count = len(self.demand)
        mean = self.demand.units.mean(axis=1)
        _, item = np.unique(self.demand.series["sku"], return_inverse=True)
        items = int(item.max()) + 1
        usual = np.bincount(item, mean) / np.bincount(item)
        self.pack = _packs(usual, luck)[item]
        self.by_cover = (luck.random(items) < COVER_SHARE)[item]
        self.behind = (luck.random(items) < BEHIND_SHARE)[item]
        self.rank = luck.integers(0, 3, items)[item]
        self.cycle_days = luck.integers(5, 15, items)[item]
        self.every = np.where(self.behind, BEHIND_DAYS, REVISED_DAYS)
        self.turn = luck.integers(0, self.every)
        supplier = self.suppliers.of_series
        self.span_days = (self.suppliers.quoted_days + self.suppliers.gap_days)[supplier]
        first = self.demand.units[
            np.arange(count)[:, None],
            np.minimum(
                self.demand.launched[:, None] + np.arange(28), self.demand.units.shape[1] - 1
            ),
        ]
        self.guess = first.mean(axis=1) * luck.lognormal(0.0, 0.2, count)
        self.reorder_point, self.order_up_to = np.zeros(count), np.zeros(count)
        self._set(0, np.arange(count), self.guess, np.sqrt(self.guess * 1.5))

    def opening(self) -> Whole:
        """[n] units on the shelf when a series begins."""
        return np.ceil(np.maximum(self.order_up_to, 1)).astype(np.int64)

    def wishes(self, morning: Morning) -> Whole:
        self._revise(morning)
        recent = morning.sold[:, max(morning.day - RECENT_DAYS, 0) : morning.day]
        cover = np.array(EXTRA_DAYS)[self.rank] + self.span_days
        mean = recent.mean(axis=1) if morning.day else self.guess
        mean = np.where(morning.day - self.demand.launched < RECENT_DAYS, self.guess, mean)
        point = np.where(self.by_cover, cover * mean, self.reorder_point)
        up_to = np.where(self.by_cover, (cover + self.cycle_days) * mean, self.order_up_to)
        point, up_to = np.maximum(point, 0.5), np.maximum(up_to, 1.0)
        due = morning.position <= point
        packs = np.ceil((up_to - morning.position) / self.pack - 1e-9).astype(np.int64)
        return np.where(due, np.maximum(packs, 0) * self.pack, 0)

    def _revise(self, morning: Morning) -> None:
        age = morning.day - self.demand.launched
        due = ((morning.day + self.turn) % self.every == 0) & (age >= REVISED_DAYS)
        for behind in (False, True):
            rows = np.flatnonzero(due & (self.behind == behind))
            if len(rows):
                days = BEHIND_DAYS if behind else REVISED_DAYS
                past = morning.sold[rows, max(morning.day - days, 0) : morning.day]
                self._set(morning.day, rows, past.mean(axis=1), past.std(axis=1))

    def _set(self, day: int, rows: Whole, mean: Real, deviation: Real) -> None:
        span = self.span_days[rows]
        safety = np.where(
            self.by_cover[rows],
            np.array(EXTRA_DAYS)[self.rank[rows]] * mean,
            np.array(SAFETY)[self.rank[rows]] * deviation * np.sqrt(span),
        )
        point = np.ceil(np.maximum(mean * span + safety, 1.0))
        up_to = point + np.ceil(np.maximum(self.cycle_days[rows] * mean, 1.0))
        self.reorder_point[rows], self.order_up_to[rows] = point, up_to
        self.told.append(Levels(day, rows, point, up_to, np.ceil(safety)))

    def masters(self) -> pd.DataFrame:
        """row, day, reorder_point, order_up_to, safety_stock as set; by cover: no levels."""
        parts = [
            pd.DataFrame(
                {
                    "row": one.rows,
                    "day": one.day,
                    "reorder_point": np.where(self.by_cover[one.rows], np.nan, one.reorder_point),
                    "order_up_to": np.where(self.by_cover[one.rows], np.nan, one.order_up_to),
                    "safety_stock": one.safety_stock,
                }
            )
            for one in self.told
        ]
        return pd.concat(parts, ignore_index=True)


def _packs(mean: Real, luck: np.random.Generator) -> Whole:
    """[items] a size that sells within about two weeks."""
    sizes = np.array(PACKS)
    most = np.searchsorted(sizes, np.maximum(14 * mean, 1.0), side="right")
    return sizes[(luck.random(len(mean)) * most).astype(np.int64)]
