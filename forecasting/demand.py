"""Units → latent demand: what customers wanted in the periods when the shelf was empty.

Expected value for the share of the period that was empty: units + share × level × unmet, where
level is a trailing average of the demand of periods in stock. No period looks at a later one, so
a backtest at any earlier origin may use the same matrix.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.stockout import is_out

Matrix = NDArray[np.float64]

RAN_OUT_SHARE: Final = 0.5  # empty at close, full at opening: it ran out somewhere in between
CLOSED_WEEKS: Final = 8  # without any sale of the site on a weekday: it is closed then
LEVEL_MEMORY: Final = 0.1  # weight of the newest period in the trailing level


def empty_share(panel: Panel) -> Matrix:
    """[n, T] share of each period in which the shelf was empty, 0 where nothing says so.

    From availability where a feed gives it; else from closings: 1 where it was empty at both ends
    and nothing came in, RAN_OUT_SHARE where it emptied in between.
    """
    out: NDArray[np.bool_] = is_out(panel.on_hand, np.nan_to_num(panel.blocked))
    before = np.zeros_like(out)
    before[:, 1:] = out[:, :-1]
    nothing_came = np.nan_to_num(panel.receipts) <= 0
    share = np.where(out, np.where(before & nothing_came, 1.0, RAN_OUT_SHARE), 0.0)
    return np.where(np.isnan(panel.availability), share, 1.0 - np.nan_to_num(panel.availability))


def closed_days(panel: Panel) -> NDArray[np.bool_]:
    """[n, T] days on which the site is closed: it sold something this week, but nothing on that
    weekday in the CLOSED_WEEKS up to it. An empty shelf misses no sale on such a day.
    """
    weeks = CLOSED_WEEKS
    if panel.frequency is not Frequency.DAY or panel.units.shape[1] < 7 * weeks:
        return np.zeros(panel.units.shape, dtype=bool)
    codes, place = np.unique(panel.series["site"].to_numpy(dtype=object), return_inverse=True)
    sold = np.zeros((len(codes), panel.units.shape[1]), dtype=bool)
    np.logical_or.at(sold, place, panel.units > 0)
    same_weekday = np.any([_days_before(sold, 7 * week) for week in range(weeks)], axis=0)
    last_days = np.any([_days_before(sold, day) for day in range(7)], axis=0)
    closed = last_days & ~same_weekday
    closed[:, : 7 * weeks - 1] = False
    return closed[place]


def _days_before(sold: NDArray[np.bool_], days: int) -> NDArray[np.bool_]:
    """[S, T] whether anything was sold that many days before each day."""
    earlier = np.zeros_like(sold)
    earlier[:, days:] = sold[:, : sold.shape[1] - days]
    return earlier


def latent_demand(panel: Panel, options: Options) -> Matrix:
    """[n, T] demand, units; NaN where units are unknown; never below zero.

    Returns can turn a period's net units negative: nobody wanted less than nothing.
    """
    demand = np.maximum(panel.units, 0.0)
    share = np.where(closed_days(panel), 0.0, empty_share(panel) * options.unmet)
    if not share.any():
        return demand
    level = np.full(len(demand), np.nan)
    for period in range(demand.shape[1]):
        sold, empty = demand[:, period], share[:, period]
        known = ~np.isnan(sold)
        missing = known & (empty > 0) & ~np.isnan(level)
        demand[missing, period] += empty[missing] * level[missing]
        teaches = known & (empty == 0)
        level[teaches & np.isnan(level)] = sold[teaches & np.isnan(level)]
        level[teaches] += LEVEL_MEMORY * (sold[teaches] - level[teaches])
    return demand
