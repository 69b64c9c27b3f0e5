"""The planner who acts on Vigistock's actions of today, and on nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from api.demo.coding import Coding
from api.demo.steering import SteeredRun
from benchmarks.second_year.acts import Action, Step
from benchmarks.second_year.seen import Seen, seen
from benchmarks.second_year.world import Fork
from forecasting.forecaster import DemandForecaster, FittedDemand
from forecasting.options import Options
from models.attention import Attention
from models.lead_time import fit_lead_times
from models.risk import RiskAssessment, assess
from models.risk.hazard import RuptureHazard
from models.risk.past import learned_from


@dataclass
class ByVigistock:
    """The groups within each buyer's budget, the most loss avoided first; in each the recommended
    option of its series that the group is named after. Offering a substitute moves no goods, and is
    not played."""

    fitted: FittedDemand
    hazard: RuptureHazard | None
    options: Options  # its `daily_budget` counts
    longest: int = field(default=0, init=False)  # list of a buyer so far, left out ones included

    def __call__(self, run: SteeredRun, day: int) -> Sequence[Action]:
        known = seen(run.company, run.demand, run.ledger(), day, self.options)
        forecast = self.fitted.forecast(known.panel)
        lead_times = fit_lead_times(known.panel, self.options)
        found = assess(known.panel, forecast, lead_times, self.options, self.hazard)
        self.longest = max(
            self.longest, int(found.groups["rank"].max()) if len(found.groups) else 0
        )
        return list(actions_of(run, known, found))

    def with_budget(self, budget: int) -> ByVigistock:
        return replace(self, options=replace(self.options, daily_budget=budget))


def learned(fork: Fork, options: Options, tell: Callable[[str], None]) -> ByVigistock:
    """From what was known on the morning of the fork."""
    told = seen(fork.company, fork.demand, fork.run.ledger(), fork.day, options)
    fitted = DemandForecaster(options).fit(told.panel)
    hazard = learned_from(told.rows, told.panel, fitted, options, tell)
    return ByVigistock(fitted, hazard, options)


def actions_of(run: SteeredRun, known: Seen, found: RiskAssessment) -> Sequence[Action]:
    """Today's, by rank."""
    coding = Coding(run.company)
    sites = {code: s for s, code in enumerate(coding.sites)}
    items = {code: k for k, code in enumerate(coding.skus)}
    groups = found.groups[found.groups["attention"] == Attention.TODAY]
    chosen = found.options[found.options["recommended"]]
    member = found.warnings[["site", "sku", "group"]].dropna(subset="group")
    chosen = chosen.merge(member, on=["site", "sku"])
    played = []
    for group in groups.sort_values("rank", kind="stable").itertuples():
        mine = chosen[
            (chosen["group"] == group.group)
            & (chosen["code"] == group.code)
            & (chosen["source"] == group.source)
            & (chosen["code"] != "substitute")
        ]
        steps = [
            Step(
                site=sites[one.site],
                item=items[one.sku],
                units=0 if one.code == "count" else int(one.units),
                giver=-1 if one.code == "count" else sites.get(one.source, -1),
                count=one.code == "count",
                call=known.orders.get(one.order_id, 0),
                by=_day(run, one.arrives_on),
            )
            for one in mine.itertuples()
        ]
        played.append(Action(group.code, group.source, group.buyer, tuple(steps)))
    return played


def _day(run: SteeredRun, date: pd.Timestamp) -> int:
    if pd.isna(date):
        return 0
    return int((np.datetime64(date, "D") - run.company.dates[0]).astype(np.int64))
