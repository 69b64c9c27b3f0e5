"""A company that forks: its first year as it was, its second in several ways with the same demand,
the same suppliers' luck and the same losses."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from typing import Final

from api.demo import END
from api.demo.company import Company, found_company
from api.demo.deliveries import plan_deliveries
from api.demo.demand import Demand, draw_demand
from api.demo.operations import Ledger
from api.demo.planner import hire_planner
from api.demo.steering import SteeredRun
from benchmarks.second_year.acts import Diary, Planner
from benchmarks.second_year.luck import ByEvent
from forecasting.calendar import weekday

MORNINGS: Final = (0,)  # weekdays, Monday 0
WILLING: Final = 0.6  # chance that an order can come earlier when somebody calls


@dataclass(frozen=True)
class Lived:
    ledger: Ledger
    taken: Counter[str]  # actions, calls, transfers
    mornings: int


@dataclass(frozen=True)
class Fork:
    """`run`: the company on the morning of `day`; nobody else may live it."""

    run: SteeredRun
    day: int
    until: int  # day after the last
    mornings: tuple[int, ...] = MORNINGS

    @property
    def company(self) -> Company:
        return self.run.company

    @property
    def demand(self) -> Demand:
        return self.run.demand

    def lived(self, planner: Planner, *, orders_itself: bool = True) -> Lived:
        """What happens if that planner acts on its mornings, on top of the company's own ERP."""
        run, diary, mornings = self.copied(), Diary(), 0
        run.orders_itself = orders_itself
        for day in range(self.day, self.until):
            if int(weekday(self.company.dates[day])) in self.mornings:
                mornings += 1
                diary.do(run, planner(run, day))
            run.live(day)
        return Lived(run.ledger(), diary.taken, mornings)

    def copied(self) -> SteeredRun:
        """A world of its own, with the luck of all."""
        kept = (self.company, self.demand, self.run.planner, self.run.deliveries)
        run = copy.deepcopy(self.run, {id(one): one for one in kept})
        run.luck = ByEvent(self.company.seed, len(self.company.items))
        run.willing = WILLING
        return run


def forked(
    *,
    sites: int,
    items: int,
    seed: int,
    days: int = 730,
    first: int = 365,
    weeks: int = 52,
    mornings: tuple[int, ...] = MORNINGS,
) -> Fork:
    """After its `first` days under its own planner."""
    company = found_company(seed=seed, end=END, days=days, sites=sites, items=items)
    demand = draw_demand(company)
    run = SteeredRun(company, demand, hire_planner(company, demand), plan_deliveries(company))
    for day in range(first):
        run.live(day)
    return Fork(run, first, min(first + 7 * weeks, company.simulated), mornings)
