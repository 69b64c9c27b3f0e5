"""What refills a shelf by itself: a policy, or a habit where nothing else is known.

A habit stands in for a policy where a company keeps none and no order book (health systems, spare
parts ledgers): what came in during past periods that began with a similar cover. `requested`
orders are wishes and refill nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.panel import Panel
from models.lead_time import Floats, LeadTimes, Rows
from models.order_practice import FEWEST_ORDERS, comes_by_order, practice_of
from models.terms import Terms, longest_gap_days, review_periods

HABIT_STRENGTH: Final = 12.0
"""Weight of the same item elsewhere against own past of the same cover: a year of months."""
FEWEST_PAST: Final = 30
"""Past periods below which an item's pool gives way to the whole network's."""
COVER_BANDS: Final = 8
"""Bands of cover, the first for an empty shelf, the rest of equal mass over the network."""
USAGE_PERIODS: Final = {Frequency.DAY: 56, Frequency.WEEK: 26, Frequency.MONTH: 12}
"""Trailing periods whose mean is the usage that cover is measured in."""
HABIT_PERIODS: Final = {Frequency.DAY: 182, Frequency.WEEK: 104, Frequency.MONTH: 36}
"""Past periods that a habit is learned from."""

BLOCK: Final = 1000  # series whose sums live in memory together

MOST_LENT: Final = {Frequency.DAY: 365.0, Frequency.WEEK: 52.0, Frequency.MONTH: 12.0}
"""Most periods of usage in one receipt that a series lends to others, a year: a slip of the hand,
or a receipt for next to no usage, fills no neighbour's shelf."""


@dataclass(frozen=True)
class Policies:
    """Units of position; a NaN reorder point means that no policy is known."""

    reorder_point: Floats  # [n]
    order_up_to: Floats  # [n]
    pack: Floats  # [n] 0: any quantity
    least_order: Floats  # [n]
    review: NDArray[np.bool_]  # [n, H] an order may be placed at the start of the period
    lead_chance: Floats  # [n, H] that an order has come k periods after it was placed
    within: Floats  # [n] share of a period's demand that orders inside it replace
    stated: NDArray[np.bool_]  # [n] in the masters, if in part; else past orders show it


def no_policies(count: int, horizon: int) -> Policies:
    """Nobody orders by a policy."""
    unknown, none = np.full(count, np.nan), np.zeros(count)
    by_period = (count, horizon)
    review, chance = np.zeros(by_period, bool), np.zeros(by_period)
    return Policies(unknown, unknown, none, none, review, chance, none, np.zeros(count, bool))


def policies_of(
    panel: Panel,
    lead_times: LeadTimes,
    terms: Terms,
    mean_demand: Floats,
    horizon: int,
    by_order: NDArray[np.bool_],
) -> Policies:
    """Policies as declared, completed where only part of one is.

    No reorder point: the level itself (order at each review), or safety stock + mean demand over
    the stated lead time and the days between reviews, moved to where orders went out so far
    (models.order_practice). No level: reorder point + a usual order (median of the past, else the
    demand between two reviews), or as far as those orders went. Nothing of it: where some orders
    went out, if what came in had been ordered (`by_order` [n], see `ordered_as_it_came`); else no
    policy is known.

    Inside a week or a month orders follow each other: what sells, on each path, up to the last
    review whose order still comes in the same period is ordered again `within` it. Inside a day
    none is.
    """
    table = panel.policies
    reorder, up_to, safety = (
        table[name].to_numpy(dtype=np.float64)
        for name in ("reorder_point", "order_up_to", "safety_stock")
    )
    review_days = np.nan_to_num(table["review_days"].to_numpy(dtype=np.float64), nan=1.0)
    length = panel.frequency.days
    gap = [longest_gap_days(days) if days else 1 for days in terms.order_days]
    between = np.maximum(review_days, gap)
    lead = lead_times.median_days(terms.group, terms.master_days)
    planned = np.where(np.isfinite(terms.master_days), terms.master_days, lead)
    by_safety = safety + mean_demand * (planned + between) / length
    no_level = np.isnan(reorder) & np.isnan(up_to)
    stated = ~no_level | np.isfinite(safety)
    practice = practice_of(panel, no_level)
    shown = (practice.orders >= FEWEST_ORDERS) & by_order
    practice = practice.where(stated | shown)
    by_orders = practice.at + mean_demand * between / 2 / length
    by_safety = practice.shrunk(by_orders, by_safety)
    reorder = np.where(
        np.isfinite(reorder), reorder, np.where(np.isfinite(up_to), up_to, by_safety)
    )
    usual = panel.order_history.groupby("series")["units_ordered"].median()
    usual_units = usual.reindex(range(len(panel))).to_numpy(dtype=np.float64)
    cycle = mean_demand * np.maximum(between / length, 1.0)
    replaced = 1.0 - (between + lead) / length
    pack = np.nan_to_num(panel.series["pack_size"].to_numpy(dtype=np.float64))
    level = reorder + np.where(usual_units > 0, usual_units, cycle)
    level = np.maximum(practice.shrunk(practice.up_to - pack / 2, level), reorder)
    up_to = np.where(np.isfinite(up_to), up_to, level)
    return Policies(
        reorder_point=reorder,
        order_up_to=up_to,
        pack=pack,
        least_order=np.nan_to_num(panel.series["minimum_order"].to_numpy(dtype=np.float64)),
        review=review_periods(panel, terms, review_days, np.isfinite(reorder), horizon),
        lead_chance=lead_times.received_after(
            terms.group, terms.master_days, panel.frequency, horizon
        ),
        within=np.maximum(replaced, 0.0),
        stated=stated & np.isfinite(reorder),
    )


def ordered_as_it_came(panel: Panel) -> NDArray[np.bool_]:
    """[n] whether orders show what is on its way, over the past that habits are learned from."""
    return comes_by_order(panel, _habit_periods(panel))


def _habit_periods(panel: Panel) -> int:
    return min(HABIT_PERIODS[panel.frequency], panel.units.shape[1] - 1)


@dataclass(frozen=True)
class Habits:
    """Past receipts ÷ usage by cover, in pools: one a series, one an item, one for the network."""

    usage: Floats  # [n] units a period; 0: no habit
    pools: Rows  # [n, 3] own, item, network
    pool_from: Rows  # [G, B + 1] offsets into ratios
    ratios: Floats
    cover_edges: Floats  # [B − 1] periods of cover, upper bounds


def no_habits(count: int) -> Habits:
    """Nobody refills by habit."""
    return Habits(
        np.zeros(count),
        np.zeros((count, 3), dtype=np.int64),
        np.zeros((1, 2), dtype=np.int64),
        np.zeros(0),
        np.zeros(0),
    )


def habits_of(panel: Panel, wanted: NDArray[np.bool_]) -> Habits:
    """Habits of the wanted series; the pools hold every series that ever received anything."""
    width = _habit_periods(panel)
    usage, ever = _recent_usage(panel, width + 1)
    own = wanted & ever & (np.nan_to_num(usage[:, -1]) > 0)
    if not own.any():
        return no_habits(len(panel))
    then, later = slice(-width - 1, -1), slice(-width, None)
    blocked = np.nan_to_num(panel.blocked[:, then])
    with np.errstate(invalid="ignore", divide="ignore"):
        cover = (panel.on_hand[:, then] - blocked) / usage[:, then]
        ratio = np.maximum(panel.receipts[:, later], 0.0) / usage[:, then]
    seen = np.isfinite(cover) & np.isfinite(ratio) & np.isfinite(panel.on_hand[:, later])
    seen &= ever[:, None]
    series, _ = np.nonzero(seen)
    covers, values = cover[seen], ratio[seen]
    positive = covers[covers > 0]
    inner = (
        np.quantile(positive, np.arange(1, COVER_BANDS - 1) / (COVER_BANDS - 1))
        if len(positive)
        else np.zeros(0)
    )
    edges = np.concatenate([[0.0], inner])
    band = np.searchsorted(edges, covers, side="left")
    _, item = np.unique(panel.series["sku"].to_numpy(dtype=object), return_inverse=True)
    count, items = len(panel), int(item.max()) + 1
    group = np.concatenate([series, count + item[series], np.full(len(series), count + items)])
    key = group * (len(edges) + 1) + np.tile(band, 3)
    lent = np.minimum(values, MOST_LENT[panel.frequency])
    order = np.argsort(key, kind="stable")
    offsets = np.searchsorted(
        key[order], np.arange((count + items + 1) * (len(edges) + 1) + 1), side="left"
    )
    starts = offsets[:-1].reshape(count + items + 1, len(edges) + 1)
    ends = offsets[len(edges) + 1 :: len(edges) + 1]
    numbers = np.arange(count)
    return Habits(
        usage=np.where(own, np.nan_to_num(usage[:, -1]), 0.0),
        pools=np.stack([numbers, count + item, np.full(count, count + items)], axis=1),
        pool_from=np.concatenate([starts, ends[:, None]], axis=1).astype(np.int64),
        ratios=np.concatenate([values, lent, lent])[order],
        cover_edges=edges,
    )


def _recent_usage(panel: Panel, periods: int) -> tuple[Floats, NDArray[np.bool_]]:
    """[n, periods] usage of the last periods, and [n] whether anything was ever received; worked
    out in blocks of series, for sums over years of all of them would fill the memory."""
    usage = np.empty((len(panel), periods))
    ever = np.zeros(len(panel), dtype=bool)
    for begin in range(0, len(panel), BLOCK):
        rows = slice(begin, begin + BLOCK)
        trailing = _trailing_mean(panel.units[rows], USAGE_PERIODS[panel.frequency])
        usage[rows] = trailing[:, -periods:]
        ever[rows] = np.nan_to_num(panel.receipts[rows]).sum(axis=1) > 0
    return usage, ever


def _trailing_mean(units: Floats, width: int) -> Floats:
    """[n, T] mean of the known units of the last `width` periods, not below 0; NaN: none."""
    known = np.isfinite(units)
    total = np.cumsum(np.where(known, units, 0.0), axis=1)
    count = np.cumsum(known, axis=1)
    total[:, width:] -= total[:, :-width].copy() if units.shape[1] > width else 0.0
    count[:, width:] -= count[:, :-width].copy() if units.shape[1] > width else 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.maximum(total / count, 0.0)
