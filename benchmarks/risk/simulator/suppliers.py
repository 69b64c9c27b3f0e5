"""Suppliers, and the luck of each order that could be placed: drawn before anybody orders.

Luck belongs to the day and the route (the goods of one order share a lorry) or to the day and the
series, so that two policies meet the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.risk.simulator.demand import Demand, Whole

Real = NDArray[np.float64]
Flags = NDArray[np.bool_]

SUPPLIERS: Final = 25
RECEIVING: Final = (0, 1, 2, 3, 4, 5)  # weekdays, Monday 0
PROMISED_SHARE: Final = 0.93  # of ordinary lead times that a supplier's quoted days cover
SPELL_DAYS: Final = 56  # a supplier has good and bad times
SPELL_CHANCE: Final = 0.12
SPELL_LATE: Final = 4.0  # times as often late in a bad time, and
USUAL_LATE: Final = 0.7  # in a good one
TOLD_SHARE: Final = 0.5  # of late orders, whose supplier states a new day before the promised one
TOLD_TRUE: Final = 0.7  # of those new days, that are kept; the others are two to six days short
NEVER: Final = np.iinfo(np.int64).max // 2


@dataclass(frozen=True)
class Suppliers:
    """F suppliers."""

    order_days: list[tuple[int, ...]]  # weekdays
    review_days: Whole  # [F] days from one review of a route to the next; 1: every order day
    quoted_days: Whole  # [F] calendar days from order to promise
    mean_days: Real  # [F] of an ordinary lead time
    spread: Real  # [F] its coefficient of variation
    late_share: Real  # [F] of orders, over good and bad times, on top of ordinary lateness
    short_share: Real  # [F] of lines
    cancelled_share: Real  # [F] of lines
    closed: Flags  # [F, T]
    of_series: Whole  # [n] the supplier of each series

    @property
    def codes(self) -> NDArray[np.object_]:
        return np.array([f"F{one:02}" for one in range(len(self.order_days))], dtype=object)

    @property
    def gap_days(self) -> Whole:
        """[F] most days from one review to the next."""
        return np.array(
            [
                max(int(review), _longest_gap(days))
                for days, review in zip(self.order_days, self.review_days, strict=True)
            ]
        )


@dataclass(frozen=True)
class Luck:
    """Days are numbers from 0; R routes (a site and a supplier)."""

    route: Whole  # [n]
    takes: Flags  # [R, T] an order may be placed
    promised: Whole  # [R, T] day promised to an order of the day
    arrives: Whole  # [R, T] day it comes
    told_on: Whole  # [R, T] day on which a new promise is made; NEVER: none
    told: Whole  # [R, T] what it says
    share: Real  # [n, T] of the units of a line that come with the order
    rest_after: Whole  # [n, T] days until the rest follows; NEVER: given up on arrival
    cancelled_after: Whole  # [n, T] days after which a line is cancelled; NEVER: not
    lost: Whole  # [n, T] units that go missing in small pieces
    knocked: Real  # [n, T] share of the shelf that is broken or misplaced at once
    looked: Real  # [n, T] uniform: does somebody look at a suspicious shelf?
    count_turn: Whole  # [n] phase of the cycle counts
    count_every: Whole  # [n] days between them


def suppliers_of(demand: Demand, seed: int) -> Suppliers:
    luck = np.random.default_rng([seed, 1])
    items, sku = np.unique(demand.series["sku"], return_inverse=True)
    count = SUPPLIERS
    mean, spread = luck.uniform(2.0, 13.0, count), luck.uniform(0.15, 0.45, count)
    ordinary = luck.gamma(1 / spread**2, mean * spread**2, (2_000, count))
    days = [tuple(sorted(luck.choice(5, luck.integers(1, 4), replace=False))) for _ in range(count)]
    fortnightly = (luck.random(count) < 0.5) & np.array([len(one) == 1 for one in days])
    return Suppliers(
        order_days=[tuple(int(day) for day in one) for one in days],
        review_days=np.where(fortnightly, 14, 1),
        quoted_days=np.ceil(np.quantile(ordinary, PROMISED_SHARE, axis=0)).astype(np.int64),
        mean_days=mean,
        spread=spread,
        late_share=luck.uniform(0.05, 0.19, count),
        short_share=luck.uniform(0.02, 0.15, count),
        cancelled_share=luck.uniform(0.0, 0.03, count),
        closed=_closures(demand, count, luck),
        of_series=luck.integers(0, count, len(items))[sku],
    )


def luck_of(demand: Demand, suppliers: Suppliers, seed: int) -> Luck:
    luck = np.random.default_rng([seed, 2])
    shape = demand.units.shape
    code = pd.factorize(demand.series["site"])[0] * SUPPLIERS + suppliers.of_series
    routes, route = np.unique(code, return_inverse=True)
    supplier = routes % SUPPLIERS
    takes = _order_days(demand, suppliers, supplier, luck)
    promised, arrives, told_on, told = _deliveries(demand, suppliers, supplier, luck)
    own = suppliers.of_series[:, None]
    short = luck.random(shape) < suppliers.short_share[own]
    cancelled = luck.random(shape) < suppliers.cancelled_share[own]
    mean = demand.units.mean(axis=1, keepdims=True)
    follows = luck.random(shape) < 0.5
    return Luck(
        route=route,
        takes=takes,
        promised=promised,
        arrives=arrives,
        told_on=told_on,
        told=told,
        share=np.where(short, luck.uniform(0.2, 0.9, shape), 1.0),
        rest_after=np.where(follows, luck.integers(3, 15, shape), NEVER),
        cancelled_after=np.where(cancelled, luck.integers(1, 5, shape), NEVER),
        lost=luck.poisson(mean * luck.uniform(0.0, 0.02, (len(demand), 1)), shape),
        knocked=np.where(luck.random(shape) < 0.002, luck.uniform(0.1, 0.6, shape), 0.0),
        looked=luck.random(shape),
        count_turn=luck.integers(0, 136, len(demand)),
        count_every=luck.integers(45, 136, len(demand)),
    )


def _closures(demand: Demand, count: int, luck: np.random.Generator) -> Flags:
    """[F, T] a week or two in summer or at the turn of the year, of half of the suppliers."""
    closed = np.zeros((count, len(demand.dates)), dtype=bool)
    years = np.unique(demand.dates.astype("datetime64[Y]"))
    for supplier in np.flatnonzero(luck.random(count) < 0.5):
        month, day = (7, luck.integers(0, 25)) if luck.random() < 0.5 else (11, 23)
        length = int(luck.integers(5, 12))
        for year in years:
            first = (year.astype("datetime64[M]") + month).astype("datetime64[D]") + int(day)
            closed[supplier] |= (demand.dates >= first) & (demand.dates < first + length)
    return closed


def weekdays(dates: NDArray[np.datetime64]) -> Whole:
    """Monday 0.

    >>> weekdays(np.array(["2016-05-22", "2016-05-23"], "datetime64[D]"))
    array([6, 0])
    """
    return (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7


def _order_days(
    demand: Demand, suppliers: Suppliers, supplier: Whole, luck: np.random.Generator
) -> Flags:
    """[R, T]"""
    day, weekday = np.arange(len(demand.dates)), weekdays(demand.dates)
    phase = luck.integers(0, 2, len(supplier))
    takes = np.zeros((len(supplier), len(day)), dtype=bool)
    for route, one in enumerate(supplier):
        takes[route] = np.isin(weekday, suppliers.order_days[one]) & ~suppliers.closed[one]
        if suppliers.review_days[one] > 7:
            takes[route] &= (day - weekday + 7) // 7 % 2 == phase[route]
    return takes


def _deliveries(
    demand: Demand, suppliers: Suppliers, supplier: Whole, luck: np.random.Generator
) -> tuple[Whole, Whole, Whole, Whole]:
    """[R, T] each: the day promised, the day it comes, when a new day is told, and which."""
    shape = (len(supplier), len(demand.dates))
    day = np.arange(shape[1])
    spread, mean = suppliers.spread[supplier, None], suppliers.mean_days[supplier, None]
    lead = luck.gamma(1 / spread**2, mean * spread**2, shape)
    spells = luck.random((SUPPLIERS, shape[1] // SPELL_DAYS + 1)) < SPELL_CHANCE
    bad = np.repeat(spells, SPELL_DAYS, axis=1)[supplier, : shape[1]]
    chance = suppliers.late_share[supplier, None] * np.where(bad, SPELL_LATE, USUAL_LATE)
    late = luck.random(shape) < chance
    lead = np.where(late, lead * luck.uniform(1.3, 2.5, shape) + luck.exponential(4.0, shape), lead)
    days = np.maximum(np.round(lead), 1).astype(np.int64)
    landing = _landing_days(demand, suppliers)[supplier]
    promised = _at(landing, day + suppliers.quoted_days[supplier, None])
    arrives = _at(landing, day + days)
    told = arrives - np.where(luck.random(shape) < TOLD_TRUE, 0, luck.integers(2, 7, shape))
    told_on = np.maximum(promised - luck.integers(0, 4, shape), day + 1)
    changed = (arrives > promised) & (told > promised) & (luck.random(shape) < TOLD_SHARE)
    return promised, arrives, np.where(changed, told_on, NEVER), np.where(changed, told, NEVER)


def _landing_days(demand: Demand, suppliers: Suppliers) -> Whole:
    """[F, T] the first day, from each one on, on which goods come in; NEVER beyond the end."""
    open_days = np.isin(weekdays(demand.dates), RECEIVING) & ~suppliers.closed
    day = np.where(open_days, np.arange(open_days.shape[1]), NEVER)
    return np.minimum.accumulate(day[:, ::-1], axis=1)[:, ::-1]


def _at(landing: Whole, day: Whole) -> Whole:
    """[R, T] beyond the end: the day itself, which nobody sees."""
    last = landing.shape[1] - 1
    found = np.take_along_axis(landing, np.minimum(day, last), axis=1)
    return np.where((day > last) | (found == NEVER), np.maximum(day, last + 1), found)


def _longest_gap(days: tuple[int, ...]) -> int:
    following = (*days[1:], days[0] + 7)
    return max(after - before for before, after in zip(days, following, strict=True))
