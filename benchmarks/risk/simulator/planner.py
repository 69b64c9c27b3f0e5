"""How planners order: levels and days of cover, from what the record shows; some are behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pandas as pd

from benchmarks.risk.simulator.demand import Demand, Whole
from benchmarks.risk.simulator.suppliers import Flags, Real, Suppliers

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


@dataclass(frozen=True)
class Habits:
    """How each of n series is ordered; the same item in the same way at all sites."""

    pack: Whole  # [n] units
    by_cover: Flags  # [n] by days of cover; else by reorder point and order-up-to
    behind: Flags  # [n] the planner lags a trend by a year
    rank: Whole  # [n] class of item: its place in SAFETY and EXTRA_DAYS
    cycle_days: Whole  # [n] of demand in an order
    turn: Whole  # [n] phase of the revisions
    gap_days: Whole  # [n] most days from one review to the next
    span_days: Whole  # [n] from an order to the receipt of the next one, as quoted
    guess: Real  # [n] units a day that were expected before the launch


def habits_of(demand: Demand, suppliers: Suppliers, seed: int) -> Habits:
    luck = np.random.default_rng([seed, 3])
    units, count = demand.units, len(demand)
    _, item = np.unique(demand.series["sku"], return_inverse=True)
    usual = np.bincount(item, units.mean(axis=1)) / np.bincount(item)
    items = len(usual)
    behind = (luck.random(items) < BEHIND_SHARE)[item]
    launch = demand.launched[:, None] + np.arange(RECENT_DAYS)
    first = np.take_along_axis(units, np.minimum(launch, units.shape[1] - 1), axis=1)
    return Habits(
        pack=_packs(usual, luck)[item],
        by_cover=(luck.random(items) < COVER_SHARE)[item],
        behind=behind,
        rank=luck.integers(0, len(SAFETY), items)[item],
        cycle_days=luck.integers(5, 15, items)[item],
        turn=luck.integers(0, np.where(behind, BEHIND_DAYS, REVISED_DAYS)),
        gap_days=suppliers.gap_days[suppliers.of_series],
        span_days=(suppliers.quoted_days + suppliers.gap_days)[suppliers.of_series],
        guess=first.mean(axis=1) * luck.lognormal(0.0, 0.2, count),
    )


class Planners:
    """They set levels, now and then anew, and keep what they have set."""

    def __init__(self, launched: Whole, habits: Habits) -> None:
        self.launched, self.habits = launched, habits
        count = len(launched)
        self.reorder_point, self.order_up_to = np.zeros(count), np.zeros(count)
        self._told: list[pd.DataFrame] = []
        self._set(0, np.arange(count), habits.guess, np.sqrt(habits.guess * 1.5))

    def opening(self) -> Whole:
        """[n] units on the shelf when a series begins."""
        return np.ceil(np.maximum(self.order_up_to, 1)).astype(np.int64)

    def wishes(self, morning: Morning) -> Whole:
        self._revise(morning)
        habits, age = self.habits, morning.day - self.launched
        recent = morning.sold[:, max(morning.day - RECENT_DAYS, 0) : max(morning.day, 1)]
        mean = np.where(age < RECENT_DAYS, habits.guess, recent.mean(axis=1))
        cover = habits.span_days + np.array(EXTRA_DAYS)[habits.rank]
        point = np.where(habits.by_cover, cover * mean, self.reorder_point)
        up_to = np.where(habits.by_cover, (cover + habits.cycle_days) * mean, self.order_up_to)
        due = morning.position <= np.maximum(point, 0.5)
        packs = np.ceil((np.maximum(up_to, 1.0) - morning.position) / habits.pack - 1e-9)
        return np.where(due, np.maximum(packs, 0) * habits.pack, 0).astype(np.int64)

    def masters(self) -> pd.DataFrame:
        """row, day, reorder_point, order_up_to, safety_stock as set; by cover: no levels."""
        return pd.concat(self._told, ignore_index=True)

    def _revise(self, morning: Morning) -> None:
        for behind, days in ((False, REVISED_DAYS), (True, BEHIND_DAYS)):
            due = (morning.day + self.habits.turn) % days == 0
            due &= (self.habits.behind == behind) & (morning.day - self.launched >= REVISED_DAYS)
            rows = np.flatnonzero(due)
            if len(rows):
                past = morning.sold[rows, max(morning.day - days, 0) : morning.day]
                self._set(morning.day, rows, past.mean(axis=1), past.std(axis=1))

    def _set(self, day: int, rows: Whole, mean: Real, deviation: Real) -> None:
        span, rank = self.habits.span_days[rows], self.habits.rank[rows]
        by_cover = self.habits.by_cover[rows]
        spread = np.array(SAFETY)[rank] * deviation * np.sqrt(span)
        safety = np.where(by_cover, np.array(EXTRA_DAYS)[rank] * mean, spread)
        point = np.ceil(np.maximum(mean * span + safety, 1.0))
        up_to = point + np.ceil(np.maximum(self.habits.cycle_days[rows] * mean, 1.0))
        self.reorder_point[rows], self.order_up_to[rows] = point, up_to
        levels = {
            "row": rows,
            "day": day,
            "reorder_point": np.where(by_cover, np.nan, point),
            "order_up_to": np.where(by_cover, np.nan, up_to),
            "safety_stock": np.ceil(safety),
        }
        self._told.append(pd.DataFrame(levels))


def _packs(mean: Real, luck: np.random.Generator) -> Whole:
    """[items] a size that sells within about two weeks."""
    sizes = np.array(PACKS)
    most = np.searchsorted(sizes, np.maximum(14 * mean, 1.0), side="right")
    return sizes[(luck.random(len(mean)) * most).astype(np.int64)]
