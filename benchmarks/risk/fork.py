"""Worlds that fork: the inventory of `benchmarks.risk --data m5sim` runs under its own planners,
then each fork orders in its own way, with the same lots and the same luck."""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.risk.__main__ import file_of, seeds
from benchmarks.risk.m5sim import FILE
from benchmarks.risk.simulator.demand import Demand, m5_demand
from benchmarks.risk.simulator.operations import Run, Shop
from benchmarks.risk.simulator.planner import Habits, Planners, habits_of
from benchmarks.risk.simulator.suppliers import luck_of, suppliers_of
from benchmarks.risk.simulator.world import World
from benchmarks.risk.triggers import ROLLED_DAYS, Due, Lots, panel_of
from forecasting.forecaster import DemandForecaster, FittedDemand
from forecasting.options import FORECAST_HORIZONS, Options

FORKED_DAYS: Final = 112
SETTLING_DAYS: Final = 42  # in which what was ordered before still comes in
SETTLED_BEFORE_DAYS: Final = 200  # that a series must have been on sale
MEASURED: Final = ("stock", "ruptures", "days out", "lost")


@dataclass(frozen=True)
class Fork:
    """A world on the day from which others may order."""

    shop: Shop
    habits: Habits
    world: World
    fitted: FittedDemand  # on what was known that day
    options: Options
    day: int

    @property
    def settled(self) -> int:
        """The day from which a fork is measured."""
        return self.day + SETTLING_DAYS

    def lived(self, due_of: Callable[[Shop], Due]) -> Run:
        """What happens if orders are placed whenever `due_of` a copy of the shop says."""
        kept = (self.shop.demand, self.shop.luck)
        mine = copy.deepcopy(self.shop, {id(one): one for one in kept})
        mine.planner = Lots(self.habits, due_of(mine))
        for day in range(self.day, self.day + FORKED_DAYS):
            mine.live(day)
        return mine.happened()


def forked(demand: Demand, seed: int, tell: Callable[[str], None]) -> Fork:
    """The last FORKED_DAYS of the demand are still to come."""
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
    return Fork(shop, habits, world, fitted, options, fork)


def measured(run: Run, first: int) -> tuple[float, float, float, float]:
    """MEASURED from a day on. One long rupture is one: days out and lost units tell its length."""
    price = run.demand.series["unit_price"].to_numpy()[:, None]
    out = run.physical <= 0
    begun = out[:, first:] & ~out[:, first - 1 : -1]
    wanted, sold = run.demand.units[:, first:].sum(), run.sold[:, first:].sum()
    stock = (run.physical[:, first:] * price).sum(axis=0).mean()
    ruptures, days_out = begun.mean() * 365, out[:, first:].mean() * 365
    return float(stock), float(ruptures), float(days_out), float(1 - sold / wanted)


def settled_demand(folder: Path | None) -> Demand | None:
    """M5's series that were on sale long before the fork and sell after it; None where the data is
    not here, which is said."""
    sales = file_of("m5", FILE, folder)
    if sales is None:
        return None
    whole = m5_demand(sales.parent)
    settled = whole.launched < whole.units.shape[1] - FORKED_DAYS - SETTLED_BEFORE_DAYS
    selling = whole.units[:, -FORKED_DAYS:].any(axis=1)
    return whole.of(np.flatnonzero(settled & selling))


def arguments(given: list[str] | None, command: str, words: str, series: int) -> argparse.Namespace:
    """`dir`, `seeds` and `series` of a study."""
    parser = argparse.ArgumentParser(prog=f"python -m {command}", description=words)
    parser.add_argument("--dir", type=Path, help="M5's folder, if not ../shared/data/m5")
    parser.add_argument("--seeds", default="1", type=seeds, help="of worlds, such as 1,2")
    parser.add_argument("--series", type=int, default=series, help=f"usual {series}")
    return parser.parse_args(given)
