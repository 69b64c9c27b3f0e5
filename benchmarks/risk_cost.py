"""What a calibrated chance is worth: ruptures at equal stock, orders triggered by it or by rules.

    python -m benchmarks.risk_cost [--dir DIR] [--seeds 1] [--series N]

The inventory of `benchmarks.risk --data m5sim` runs under its own planners, then forks: for 16
weeks each fork orders by one trigger with one parameter, the same lots, the same luck. Forecasts
are fitted once, before the fork, and rolled each week on the fork's own record; the chance is the
structural one. Prints the curves (the last ten weeks), and what they say at equal mean stock.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.risk.fork import MEASURED, Fork, arguments, forked, measured, settled_demand
from benchmarks.risk.simulator.demand import Demand
from benchmarks.risk.simulator.operations import Shop
from benchmarks.risk.triggers import RULES, ByChance, Due

SERIES: Final = 150
PRODUCT: Final = "Vigistock's chance"
DEVIATIONS: Final = (-0.5, 0.25, 1.0, 1.75, 2.5)
SWEEP: Final[Mapping[str, Sequence[float]]] = {
    "reorder point": DEVIATIONS,
    "reorder point, daily": DEVIATIONS,
    "days of cover": (-3.0, 0.0, 4.0, 9.0, 15.0),  # days
    PRODUCT: (0.5, 0.3, 0.15, 0.08, 0.03),  # share of paths
}
LEAST: Final = 1e-6  # has a logarithm
LEVELS: Final = 5  # of stock, at which curves are compared


def curves(demand: Demand, seed: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """trigger, parameter, stock (mean value at price), ruptures and days out (a series and year),
    lost (share of wanted units)."""
    fork = forked(demand, seed, tell)
    rows = []
    for trigger, parameters in SWEEP.items():
        for parameter in parameters:
            run = fork.lived(partial(_due, fork, trigger, parameter))
            rows.append((trigger, parameter, *measured(run, fork.settled)))
    return pd.DataFrame(rows, columns=["trigger", "parameter", *MEASURED])


def _due(fork: Fork, trigger: str, parameter: float, shop: Shop) -> Due:
    if trigger == PRODUCT:
        return ByChance(shop, fork.world, fork.fitted, fork.options, parameter)
    return RULES[trigger](fork.habits, parameter)


def at_equal_stock(table: pd.DataFrame, rule: str, measure: str) -> pd.Series:
    """By stock: the product's measure ÷ the rule's − 1, both interpolated (logs) between points."""
    curve = {name: rows.sort_values("stock") for name, rows in table.groupby("trigger", sort=False)}
    mine, other = curve[PRODUCT], curve[rule]
    low = max(one["stock"].iloc[0] for one in (mine, other))
    high = min(one["stock"].iloc[-1] for one in (mine, other))
    stock = np.linspace(low, high, LEVELS)
    logs = [
        np.interp(stock, one["stock"], np.log(np.maximum(one[measure], LEAST)))
        for one in (mine, other)
    ]
    return pd.Series(np.expm1(logs[0] - logs[1]), index=stock)


def main(given: list[str] | None = None) -> int:
    words = "What a calibrated chance is worth: ruptures at equal stock."
    chosen = arguments(given, "benchmarks.risk_cost", words, SERIES)
    demand = settled_demand(chosen.dir)
    if demand is None:
        return 0
    begun = time.perf_counter()
    tables = {
        seed: curves(demand.sample(chosen.series, seed), seed, print) for seed in chosen.seeds
    }
    show(tables)
    print(f"{time.perf_counter() - begun:.0f} s")
    return 0


def show(tables: Mapping[int, pd.DataFrame]) -> None:
    """The mean of the seeds' curves, and what they say at equal stock."""
    mean = pd.concat(tables.values()).groupby(["trigger", "parameter"], sort=False).mean()
    whole = mean.reset_index()
    print(whole.to_string(index=False, float_format="{:,.3f}".format))
    for rule in RULES:
        for measure in MEASURED[1:]:
            found = at_equal_stock(whole, rule, measure)
            shares = ", ".join(f"{share:+.0%} at {stock:,.0f}" for stock, share in found.items())
            by_seed = [at_equal_stock(table, rule, measure).mean() for table in tables.values()]
            each = ", ".join(f"{share:+.0%}" for share in by_seed)
            print(f"  {measure} against {rule}: {shares}; mean by seed {each}")


if __name__ == "__main__":
    sys.exit(main())
