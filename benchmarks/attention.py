"""What a planner's attention is worth: orders limited to so many a day, by expected loss avoided or
by reorder point, against ordering whatever is due and against ordering nothing.

    python -m benchmarks.attention [--dir DIR] [--seeds 1] [--series N]

The inventory of `benchmarks.risk --data m5sim` runs under its own planners, then forks: for 16
weeks each fork may place a budget of orders a day. The product takes those that avoid the most
expected loss: units that its paths leave unserved between the day on which an order of today comes
and the day on which one of the next review would, at their price. The reorder point takes those
that are furthest below it, in days of sales. Prints the curve over budgets, the last ten weeks:
ruptures and days out a series and year, wanted units lost, mean stock at price, and money a year:
the margin of what is lost (three tenths of the price) and a fifth of the stock's price.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.risk.fork import (
    FORKED_DAYS,
    MEASURED,
    Fork,
    arguments,
    forked,
    measured,
    settled_demand,
)
from benchmarks.risk.simulator.demand import Demand, Whole
from benchmarks.risk.simulator.operations import Run, Shop
from benchmarks.risk.simulator.planner import Habits, Morning
from benchmarks.risk.simulator.suppliers import Flags, Real
from benchmarks.risk.triggers import ByChance, Due, by_reorder_point, recent
from models.projection import project

SERIES: Final = 300
BUDGETS: Final = (5, 10, 20, 50)  # orders a day
DEVIATIONS: Final = 1.0  # of the reorder point
WORTH: Final = 0.5  # units whose loss an order must avoid to be placed at all
MARGIN: Final = 0.3  # of the price, lost with a unit that is not sold
HOLDING: Final = 0.2  # of the stock's price a year


def nothing(morning: Morning) -> Flags:
    return np.zeros(morning.position.shape, dtype=bool)


def furthest_below(habits: Habits, budget: int, shop: Shop) -> Due:
    """Of those at or below the reorder point that may be ordered today, the first that will have
    nothing left."""
    due = by_reorder_point(habits, DEVIATIONS)

    def limited(morning: Morning) -> Flags:
        days = morning.position / np.maximum(recent(morning).mean(axis=1), 1e-9)
        taken = shop.luck.takes[shop.luck.route, morning.day]
        return _first(due(morning) & taken, -days, budget)

    return limited


class ByLossAvoided(ByChance):
    """The orders that avoid the most expected loss, at most `budget` of them."""

    def __init__(self, fork: Fork, budget: int, shop: Shop) -> None:
        super().__init__(shop, fork.world, fork.fitted, fork.options, share=0.0)
        self.budget = budget
        self.lead_days = self.span_days - self.world.planners.habits.gap_days
        self.price = self.shop.demand.series["unit_price"].to_numpy(dtype=np.float64)

    def __call__(self, morning: Morning) -> Flags:
        rows = self.may_order(morning)
        units = np.zeros(len(self.span_days))
        if len(rows):
            units[rows] = self._spared(rows, morning)
        return _first(units >= WORTH, units * self.price, self.budget)

    def _spared(self, rows: Whole, morning: Morning) -> Real:
        """[rows] units unserved while an order of today would be there and no later one is."""
        ahead = morning.day - 1 - self.origin
        demand = self.paths[rows, :, ahead : ahead + self.horizon]
        supply = self._supply(rows, morning)
        found = project(demand, supply, slice(0, len(rows)), main=self.horizon, lost_share=1.0)
        days = np.arange(self.horizon)
        lead, span = (one[rows, None] for one in (self.lead_days, self.span_days))
        return np.asarray((found.means["unmet"] * ((days >= lead) & (days < span))).sum(axis=1))


def _first(due: Flags, worth: Real, budget: int) -> Flags:
    """The most worth of those due."""
    taken = np.zeros(len(due), dtype=bool)
    ranked = np.argsort(np.where(due, -worth, np.inf), kind="stable")[:budget]
    taken[ranked] = due[ranked]
    return taken


def curve(demand: Demand, seed: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """planner, budget (orders a day), orders placed a day, MEASURED, and money a year."""
    fork = forked(demand, seed, tell)
    before = len(fork.shop.happened().lines)
    rows = []

    def lived(name: str, budget: float, due_of: Callable[[Shop], Due]) -> None:
        run = fork.lived(due_of)
        placed = (len(run.lines) - before) / FORKED_DAYS
        found = measured(run, fork.settled)
        lost = found[3] * wanted_a_year(run, fork.settled)
        rows.append((name, budget, placed, *found, MARGIN * lost + HOLDING * found[0]))
        tell(f"  {name}, {budget:g} a day: {placed:.1f} placed")

    lived("nothing", 0, lambda _: nothing)
    for budget in BUDGETS:
        lived("reorder point", budget, partial(furthest_below, fork.habits, budget))
        lived("Vigistock", budget, partial(ByLossAvoided, fork, budget))
    lived("reorder point", np.inf, lambda _: by_reorder_point(fork.habits, DEVIATIONS))
    return pd.DataFrame(rows, columns=["planner", "budget", "placed", *MEASURED, "money"])


def wanted_a_year(run: Run, first: int) -> float:
    """At price, from a day on."""
    price = run.demand.series["unit_price"].to_numpy(dtype=np.float64)[:, None]
    days = run.demand.units.shape[1] - first
    return float((run.demand.units[:, first:] * price).sum() * 365 / days)


def main(given: list[str] | None = None) -> int:
    words = "What a planner's attention is worth: ruptures over budgets of orders a day."
    chosen = arguments(given, "benchmarks.attention", words, SERIES)
    demand = settled_demand(chosen.dir)
    if demand is None:
        return 0
    begun = time.perf_counter()
    show({seed: curve(demand.sample(chosen.series, seed), seed, print) for seed in chosen.seeds})
    print(f"{time.perf_counter() - begun:.0f} s")
    return 0


def show(tables: Mapping[int, pd.DataFrame]) -> None:
    """The mean of the seeds, and how the product stands beside the reorder point at each budget."""
    mean = pd.concat(tables.values()).groupby(["planner", "budget"], sort=False).mean()
    print(mean.reset_index().to_string(index=False, float_format="{:,.3f}".format))
    names = [*MEASURED, "money"]
    for budget in BUDGETS:
        mine, other = (mean.xs((name, budget))[names] for name in ("Vigistock", "reorder point"))
        told = ", ".join(f"{name} {share:+.0%}" for name, share in (mine / other - 1.0).items())
        print(f"  {budget} a day, against the reorder point: {told}")


if __name__ == "__main__":
    sys.exit(main())
