"""What an ERP says from the same record: larger is riskier; an order, no probability."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from benchmarks.risk.simulator.demand import Whole
from benchmarks.risk.simulator.suppliers import NEVER, Real
from benchmarks.risk.simulator.world import World

RECENT_DAYS: Final = 28  # whose mean sales are the ERP's forecast; of 14, 28, 56, 91 the best here
LEAST_MEAN: Final = 1 / 365  # units a day: one a year
REORDER, BALANCE, COVER = "reorder point on position", "MRP projected balance", "days of cover"


def rules(world: World, day: int, horizon: int) -> pd.DataFrame:
    """[n] a score a rule at the close of `day`, from what was known then."""
    run = world.run
    mean = np.maximum(run.sold[:, max(day + 1 - RECENT_DAYS, 0) : day + 1].mean(axis=1), LEAST_MEAN)
    on_hand = run.recorded[:, day]
    due = promised(world, day, horizon)
    ahead = np.arange(1, horizon + 1)
    balance = on_hand[:, None] + due[:, :-1].cumsum(axis=1) - mean[:, None] * ahead
    point = _reorder_point(world, day, mean)
    return pd.DataFrame(
        {
            REORDER: (point - on_hand - due.sum(axis=1)) / mean,
            BALANCE: -balance.min(axis=1) / mean,
            COVER: -on_hand / mean,
        }
    )


def promised(world: World, day: int, horizon: int) -> Whole:
    """[n, h + 1] open units by the day they are promised for; overdue: tomorrow; last: later."""
    lines, receipts = world.run.lines, world.run.receipts
    came = receipts[receipts["day"] <= day].groupby("line")["units"].sum()
    left = lines["units"].to_numpy() - came.reindex(range(len(lines)), fill_value=0).to_numpy()
    is_open = ((lines["day"] <= day) & (lines["ended"] > day)).to_numpy()
    told = lines["told_on"].to_numpy()
    promise = np.where((told < NEVER) & (told <= day), lines["told"], lines["promised"])
    step = np.clip(promise - day - 1, 0, horizon)[is_open]
    due = np.zeros((len(world.run.demand), horizon + 1), np.int64)
    np.add.at(due, (lines["row"].to_numpy()[is_open], step), left[is_open])
    return due


def _reorder_point(world: World, day: int, mean: Real) -> Real:
    """[n] as set then; else safety stock + mean sales until an order of the next review comes."""
    told = world.planners.masters()
    now = told[told["day"] <= day].groupby("row").last(skipna=False)  # the latest revision
    span = world.planners.habits.span_days
    by_safety = now["safety_stock"].to_numpy() + mean * span
    return now["reorder_point"].fillna(pd.Series(by_safety, index=now.index)).to_numpy()
