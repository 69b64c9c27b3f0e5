"""At what position a company orders an item, and up to where, as its past orders show.

Masters often state a safety stock alone; when the next order goes out is then a formula that no
feed holds. Others state nothing. Orders tell it: what was on hand and on its way in the morning of
each, in days of the sales of the four weeks before. At a review the position has fallen below the
trigger by half of what sells between two reviews, on average.

Days only: within a week or a month nobody knows what the position was when an order went out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, to_period
from forecasting.panel import Panel
from models.lead_time import Floats, Rows

RECENT_DAYS: Final = 28  # whose mean sales planners and their systems count cover in
LOOK_BACK_DAYS: Final = 182  # of orders: half a year, as planners change their ways
STRENGTH: Final = 4.0  # weight of the formula against own orders, in orders
FEWEST_ORDERS: Final = 3  # days with an order that stand in for a policy where none is stated


@dataclass(frozen=True)
class Practice:
    """Of n series; units of position."""

    orders: Rows  # [n] days on which orders went out that tell; 0: nothing is known
    at: Floats  # [n] position at which an order went out, at today's rate of sales, median
    up_to: Floats  # [n] the same with the order

    def where(self, trusted: NDArray[np.bool_]) -> Practice:
        """The same of the trusted [n] series; of the others nothing is known."""
        at, up_to = (np.where(trusted, own, np.nan) for own in (self.at, self.up_to))
        return Practice(np.where(trusted, self.orders, 0), at, up_to)

    def shrunk(self, own: Floats, formula: Floats) -> Floats:
        """[n] own figures where orders tell, the fewer the nearer to the formula's, if it has one
        (not NaN)."""
        told = self.orders > 0
        strength = np.where(np.isfinite(formula), STRENGTH, 0.0)
        with np.errstate(invalid="ignore"):
            mean = (self.orders * own + strength * np.nan_to_num(formula)) / (
                self.orders + strength
            )
        return np.where(told, mean, formula)


def practice_of(panel: Panel, wanted: NDArray[np.bool_]) -> Practice:
    """What the orders of the `wanted` [n] series show as of the panel's origin."""
    count = len(panel)
    orders, at, up_to = np.zeros(count, np.int64), np.full(count, np.nan), np.full(count, np.nan)
    rows = np.flatnonzero(wanted)
    width = min(LOOK_BACK_DAYS + RECENT_DAYS, panel.units.shape[1])
    lines = panel.order_history[(panel.order_history["status"] != "requested").to_numpy()]
    place = np.full(count, -1)
    place[rows] = np.arange(len(rows))
    lines = lines[place[lines["series"].to_numpy(np.int64)] >= 0]
    if panel.frequency is not Frequency.DAY or width <= RECENT_DAYS or not len(lines):
        return Practice(orders, at, up_to)
    first = panel.origin + 1 - width
    rate = _rates(np.nan_to_num(panel.units[rows, -width:]))
    row = place[lines["series"].to_numpy(np.int64)]
    placed = to_period(lines["ordered_on"].to_numpy(), panel.frequency) - first
    units = lines["units_ordered"].to_numpy(np.float64)
    position = np.full((len(rows), width), np.nan)
    position[:, 1:] = panel.on_hand[rows, -width:-1]
    position += _on_order(row, placed, _ended(lines, panel, first), units, position.shape)
    seen = (placed >= RECENT_DAYS) & (placed < width)
    days = pd.DataFrame({"row": row[seen], "day": placed[seen], "units": units[seen]})
    days = days.groupby(["row", "day"])[["units"]].sum().reset_index()
    own, before = days["row"].to_numpy(), (days["row"].to_numpy(), days["day"].to_numpy())
    with np.errstate(invalid="ignore", divide="ignore"):
        days["at"] = position[before] / rate[before]
        days["up_to"] = (position[before] + days["units"].to_numpy()) / rate[before]
    by_row = days[np.isfinite(days["at"].to_numpy()) & (rate[own, width] > 0)].groupby("row")
    found = by_row[["at", "up_to"]].median()
    told = found.index.to_numpy()
    orders[rows[told]] = by_row.size().to_numpy()
    for name, units_of in (("at", at), ("up_to", up_to)):
        units_of[rows[told]] = found[name].to_numpy() * rate[told, width]
    return Practice(orders, at, up_to)


def _rates(units: Floats) -> Floats:
    """[k, W + 1] mean of the RECENT_DAYS before each day and after the last; 0 at first.

    >>> _rates(np.ones((1, 30)))[0, [27, 28, 30]]
    array([0., 1., 1.])
    """
    reached = np.pad(np.cumsum(units, axis=1), ((0, 0), (1, 0)))
    rate = np.zeros(reached.shape)
    rate[:, RECENT_DAYS:] = (reached[:, RECENT_DAYS:] - reached[:, :-RECENT_DAYS]) / RECENT_DAYS
    return rate


def _ended(lines: pd.DataFrame, panel: Panel, first: int) -> Rows:
    """[m] day from `first` on which each line came or was cancelled; after the origin: open."""
    days = lines[["received_on", "cancelled_on"]].min(axis=1)
    found = np.full(len(lines), panel.origin + 1 - first)
    known = days.notna().to_numpy()
    found[known] = to_period(days[known].to_numpy(), panel.frequency) - first
    return found


def _on_order(
    row: Rows, placed: Rows, ended: Rows, units: Floats, shape: tuple[int, int]
) -> Floats:
    """[k, W] units ordered before each day and not come before it.

    >>> _on_order(*map(np.array, ([0], [-3], [2], [5.0])), (1, 4))
    array([[5., 5., 5., 0.]])
    """
    change = np.zeros((shape[0], shape[1] + 1))
    for day, sign in ((placed, 1.0), (ended, -1.0)):
        np.add.at(change, (row, np.clip(day + 1, 0, shape[1])), sign * units)
    return np.asarray(np.cumsum(change, axis=1)[:, :-1])


def comes_by_order(panel: Panel, periods: int) -> NDArray[np.bool_]:
    """[n] whether at least half of what came in during the last `periods` had been ordered: then
    the order book shows what is on its way, and what is not in it comes a lead time later."""
    first = panel.origin + 1 - periods
    came = np.maximum(np.nan_to_num(panel.receipts[:, -periods:]), 0.0).sum(axis=1)
    lines = panel.order_history[panel.order_history["received_on"].notna()]
    lines = lines[to_period(lines["received_on"].to_numpy(), panel.frequency) >= first]
    series = lines["series"].to_numpy(np.int64)
    by_order = np.bincount(series, lines["units_received"], minlength=len(panel))
    return np.asarray((by_order > 0) & (by_order >= came / 2))
