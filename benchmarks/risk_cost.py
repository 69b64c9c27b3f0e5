"""What a calibrated chance is worth: ruptures at equal stock, orders triggered by it or by rules.

    python -m benchmarks.risk_cost [--dir DIR] [--seeds 1] [--series N]

The inventory of `benchmarks.risk --data m5sim` runs under its own planners, then forks: for 16
weeks each fork orders by one trigger with one parameter, the same lots, the same luck. Forecasts
are fitted once, before the fork, and rolled each week on the fork's own record; the chance is the
structural one. Prints the curves (the last ten weeks), and what they say at equal mean stock.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.risk.__main__ import file_of, seeds
from benchmarks.risk.m5sim import FILE
from benchmarks.risk.simulator.demand import Demand, m5_demand
from benchmarks.risk.simulator.operations import Run, Shop
from benchmarks.risk.simulator.planner import Planners, habits_of
from benchmarks.risk.simulator.suppliers import luck_of, suppliers_of
from benchmarks.risk.simulator.world import World
from benchmarks.risk.triggers import ROLLED_DAYS, RULES, ByChance, Due, Lots, panel_of
from forecasting.forecaster import DemandForecaster
from forecasting.options import FORECAST_HORIZONS, Options

SERIES: Final = 150
FORKED_DAYS: Final = 112
SETTLING_DAYS: Final = 42  # in which what was ordered before still comes in
SETTLED_BEFORE_DAYS: Final = 200  # that a series must have been on sale
MEASURED: Final = ("stock", "ruptures", "days out", "lost")
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
    suppliers = suppliers_of(demand, seed)
    habits, luck = habits_of(demand, suppliers, seed), luck_of(demand, suppliers, seed)
    planners = Planners(demand.launched, habits)
    shop = Shop(demand, luck, planners, planners.opening())
    fork = demand.units.shape[1] - FORKED_DAYS
    for day in range(fork):
        shop.live(day)
    world = World(suppliers, planners, shop.happened())
    horizon = int(habits.span_days.max()) + ROLLED_DAYS
    options = Options(forecast_horizons={**FORECAST_HORIZONS, "day": horizon})
    fitted = DemandForecaster(options).fit(panel_of(world, fork - 1, options))
    tell(f"seed {seed}: {len(demand)} series, forecasts fitted")
    shared = {id(one): one for one in (demand, luck)}
    rows = []
    for trigger, parameters in SWEEP.items():
        for parameter in parameters:
            mine = copy.deepcopy(shop, dict(shared))
            if trigger == PRODUCT:
                due: Due = ByChance(mine, world, fitted, options, parameter)
            else:
                due = RULES[trigger](habits, parameter)
            mine.planner = Lots(habits, due)
            for day in range(fork, fork + FORKED_DAYS):
                mine.live(day)
            rows.append((trigger, parameter, *measured(mine.happened(), fork + SETTLING_DAYS)))
    return pd.DataFrame(rows, columns=["trigger", "parameter", *MEASURED])


def measured(run: Run, first: int) -> tuple[float, float, float, float]:
    """MEASURED from a day on. One long rupture is one: days out and lost units tell its length."""
    price = run.demand.series["unit_price"].to_numpy()[:, None]
    out = run.physical <= 0
    begun = out[:, first:] & ~out[:, first - 1 : -1]
    wanted, sold = run.demand.units[:, first:].sum(), run.sold[:, first:].sum()
    stock = (run.physical[:, first:] * price).sum(axis=0).mean()
    ruptures, days_out = begun.mean() * 365, out[:, first:].mean() * 365
    return float(stock), float(ruptures), float(days_out), float(1 - sold / wanted)


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


def arguments(given: list[str] | None) -> argparse.Namespace:
    words = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.risk_cost", description=words)
    parser.add_argument("--dir", type=Path, help="M5's folder, if not ../shared/data/m5")
    parser.add_argument("--seeds", default="1", type=seeds, help="of worlds, such as 1,2")
    parser.add_argument("--series", type=int, default=SERIES, help=f"usual {SERIES}")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    chosen = arguments(given)
    sales = file_of("m5", FILE, chosen.dir)
    if sales is None:
        return 0
    whole = m5_demand(sales.parent)
    settled = whole.launched < whole.units.shape[1] - FORKED_DAYS - SETTLED_BEFORE_DAYS
    selling = whole.units[:, -FORKED_DAYS:].any(axis=1)
    demand = whole.of(np.flatnonzero(settled & selling))
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
