"""Stock along demand paths and arrivals: the one arithmetic behind every number shown.

Within a period arrivals come first, then what is late is served, then the period's demand; the
close is what is left. Unmet demand is lost, or waits, by `options.unmet`. Open lines arrive by
their own chance (models.lead_time), each path with its own; a policy orders at review days when
position = on_hand + on_order − backlog is at or below its reorder point, both levels raised by what
orders inside the period replace (models.replenishment; nothing in a day). Booked customer orders
count as max(booked, forecast). Blocked stock stays blocked. What expires first is sold first; the
rest of it leaves the stock after its last day. After a loss that nobody booked
(models.record_error) the position is that of the record: such a shelf is not ordered for. What
another site ships waits, path by path, until that site has stock (`with_sources`). Nothing comes in
while the site or its supplier is closed, or on days without receiving: it comes when they open.

Paths carry weights: where a learned model moves a chance, `reweighted` gives the weights under
which the same paths say so, and dates, units and chances come from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import to_period
from forecasting.engine import in_threads
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.stockout import is_out
from models.lead_time import Floats, LeadTimes, Rows, sources_of
from models.record_error import RecordErrors, carried, no_record_errors, record_errors_of
from models.replenishment import (
    FEWEST_PAST,
    HABIT_STRENGTH,
    Habits,
    Policies,
    habits_of,
    no_habits,
    no_policies,
    ordered_as_it_came,
    policies_of,
)
from models.sources import Sources, may_have_shipped, no_sources, rows_of, sources_among
from models.terms import (
    Terms,
    delivering_periods,
    next_open,
    no_terms,
    receiving_periods,
    terms_of,
)

HALF: Final = 0.5  # of the orders placed today have come: what is not ordered yet may be there
DIGITS: Final = 12  # of a summed chance
GRAIN: Final = 2.0**-52
"""Weights are whole multiples of it: their sums are exact, in whatever order."""
SUMS: Final = (
    "demand",
    "served",
    "unmet",
    "arrivals",
    "on_hand",
    "out",
    "first_out",
    "first_alone",
    "losses",
)
"""Weighted means over the paths by period: units, units, units, units, units at close, weight of
the paths that close in stockout, that do so for the first time, and for the first time if nothing
more is ordered, units that expire or are lost unbooked (in the first period also those lost
before)."""


@dataclass(frozen=True)
class OpenLines:
    """Ordered and not yet received, sorted by series."""

    series: Rows  # [m] row number
    units: Floats  # [m]
    chance: Floats  # [m, H] to have come by the end of period h
    share: Floats  # [m, Q] equally likely shares of the units that come
    seed: NDArray[np.uint64]  # [m]
    source: Rows  # [m] row of the series that ships it; −1: a supplier
    transit: Rows  # [m] periods from shipment to arrival, of transfers
    shipped: NDArray[np.bool_]  # [m] may have left the source before the origin

    @classmethod
    def from_suppliers(
        cls, series: Rows, units: Floats, chance: Floats, share: Floats, seed: NDArray[np.uint64]
    ) -> OpenLines:
        """Lines that no other series ships."""
        count = len(series)
        none, now = np.full(count, -1), np.zeros(count, np.int64)
        return cls(series, units, chance, share, seed, none, now, np.zeros(count, np.bool_))


@dataclass(frozen=True)
class Supply:
    """Everything but demand, for n series, over H periods."""

    on_hand: Floats  # [n] at the origin; NaN unknown
    blocked: Floats  # [n] not sellable: blocked or expired
    unseen: Rows  # [n] periods since the stock picture whose sales are unknown
    booked: Floats  # [n, H] customer orders due, units
    seed: NDArray[np.uint64]  # [n]
    lines: OpenLines
    policies: Policies
    habits: Habits
    delivers: NDArray[np.bool_]  # [n, H] by habit: who does is not closed, and may have an order
    expiring: Floats  # [n, H] units of today's stock that may not be sold from each period on
    next_open: Rows  # [n, H] the first period from each in which goods can come in; H: none
    errors: RecordErrors
    terms: Terms
    sources: Sources
    counted: Rows  # [n] period at whose begin a count puts right what the record says; H: never

    @classmethod
    def plain(
        cls, on_hand: Floats, seed: NDArray[np.uint64], lines: OpenLines, horizon: int, **more: Any
    ) -> Supply:
        """Of series refilled by open lines alone, all of whose stock is there, sells and keeps;
        `more` replaces any part."""
        count = len(on_hand)
        parts: dict[str, Any] = {
            "blocked": np.zeros(count),
            "unseen": np.zeros(count, np.int64),
            "booked": np.zeros((count, horizon)),
            "policies": no_policies(count, horizon),
            "habits": no_habits(count),
            "delivers": np.ones((count, horizon), np.bool_),
            "expiring": np.zeros((count, horizon)),
            "next_open": np.tile(np.arange(horizon), (count, 1)),
            "errors": no_record_errors(count, horizon),
            "sources": no_sources(count, horizon),
            "terms": no_terms(count),
            "counted": np.full(count, horizon),
        }
        return cls(on_hand=on_hand, seed=seed, lines=lines, **(parts | more))


@dataclass(frozen=True)
class Projection:
    """What the paths of a block of b series say."""

    means: dict[str, Floats]  # SUMS -> [b, H]
    on_hand: NDArray[np.float32]  # [b, H, P] at close
    out_at: NDArray[np.float32]  # [b, P] periods until the first stockout, NaN: none
    back_at: NDArray[np.float32]  # [b, P] the first period, from 0, that closes in stock; NaN: none
    before_receipt: Floats  # [b] chance of a stockout before the next receipt, main horizon
    weights: Floats  # [b, P] each row sums to 1

    def of(self, places: Rows) -> Projection:
        """Some rows of the block, in the order asked for."""
        means = {name: values[places] for name, values in self.means.items()}
        told = (getattr(self, part.name)[places] for part in fields(self)[1:])
        return Projection(means, *told)

    def chance(self, horizon: int) -> Floats:
        """[b] chance that at least one of the next h periods closes in stockout."""
        return up_to(self.means["first_out"], horizon)

    def chance_no_order(self, horizon: int) -> Floats:
        """The same, if nothing more is ordered."""
        return up_to(self.means["first_alone"], horizon)


def joined(blocks: Sequence[Projection]) -> Projection:
    """The rows of some blocks, one after another."""
    parts = [part.name for part in fields(Projection)[1:]]
    return Projection(
        {name: np.concatenate([one.means[name] for one in blocks]) for name in SUMS},
        *(np.concatenate([getattr(one, name) for one in blocks]) for name in parts),
    )


def up_to(first: Floats, horizon: int) -> Floats:
    """[b] chance of a first stockout within h periods; summed in order, so that it never falls.

    Rounded far below the chance of one path, for a third is no whole multiple of GRAIN: as many
    paths are the same chance, whenever they fail.

    >>> bool(np.diff(up_to(np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]]), 3))[0] == 0.0)
    True
    """
    reached = np.round(np.cumsum(first, axis=1), DIGITS)
    return np.asarray(np.minimum(reached[:, min(horizon, first.shape[1]) - 1], 1.0))


def supply_of(
    panel: Panel, lead_times: LeadTimes, mean_demand: Floats, horizon: int, options: Options
) -> Supply:
    """The supply side of every series as of the panel's origin."""
    terms = terms_of(panel, lead_times)
    by_order = ordered_as_it_came(panel)
    policies = policies_of(panel, lead_times, terms, mean_demand, horizon, by_order)
    lines = open_lines(panel, surely_open(panel.orders), lead_times, horizon, options)
    too_soon = by_order[:, None] & (policies.lead_chance < HALF)
    stock = panel.stock
    on_hand = stock["on_hand"].to_numpy(dtype=np.float64)
    return Supply(
        on_hand=on_hand,
        blocked=on_hand - stock["sellable"].to_numpy(dtype=np.float64),
        unseen=_unseen_periods(panel),
        booked=_booked(panel, horizon),
        seed=seeds(options.seed, panel.series["site"], panel.series["sku"]),
        lines=lines,
        policies=policies,
        habits=habits_of(panel, np.isnan(policies.reorder_point)),
        delivers=delivering_periods(panel, terms.source, horizon) & ~too_soon,
        expiring=_expiring(panel, horizon),
        next_open=next_open(receiving_periods(panel, np.arange(len(panel)), terms.source, horizon)),
        errors=record_errors_of(panel, horizon),
        terms=terms,
        sources=sources_among(
            panel, terms, np.isfinite(policies.reorder_point), lines.series, lines.source, horizon
        ),
        counted=np.full(len(panel), horizon),
    )


def project(
    demand: NDArray[np.float32],
    supply: Supply,
    rows: slice | Rows,
    *,
    main: int,
    lost_share: float,
    weights: Floats | None = None,
    drawn: Rows | None = None,
    times: NDArray[np.float32] | None = None,
    reach: int | None = None,
    shelves: bool = True,
) -> Projection:
    """Project the series `rows` along their demand paths [b, P, H]; unknown stock counts as none.

    A stock picture older than the sales is lowered, path by path, by demand of the unseen periods.
    `weights` [b, P], each row summing to 1; None: as models.record_error gives them. `drawn` [b]:
    which of the `demand` [d, P, H] each series has, None: its own; `times` [b]: so many times as
    much. `reach`: periods that are walked, None: all; what lies behind stays 0. Without `shelves`
    the stock by path is not kept (`on_hand` is then [0, reach, P]), and of the rest alone the means
    of unmet, arrivals, on_hand and first_out, and `out_at`, are told.
    """
    from models.stock_walk import walk

    rows = np.arange(len(supply.on_hand))[rows] if isinstance(rows, slice) else rows
    _, paths, horizon = demand.shape
    count, reach = len(rows), horizon if reach is None else min(reach, horizon)
    drawn = np.arange(count) if drawn is None else drawn
    times = np.ones(count, dtype=np.float32) if times is None else times
    lines, policies, habits = supply.lines, supply.policies, supply.habits
    sources, errors = supply.sources, supply.errors
    on_hand = np.empty((count if shelves else 0, reach, paths), dtype=np.float32)
    sums = np.zeros((count, len(SUMS), horizon))
    out_at = np.full((count, paths), np.nan, dtype=np.float32)
    back_at = np.full((count, paths), np.nan, dtype=np.float32)
    before_receipt = np.zeros(count)
    prior, emptied = carried(errors.emptied[rows], supply.seed[rows], paths)
    weights = exact(prior if weights is None else weights)
    blocked = np.nan_to_num(supply.blocked[rows])
    opening = np.repeat(np.nan_to_num(supply.on_hand[rows])[:, None], paths, axis=1)
    _lower_unseen(opening, blocked, supply.unseen[rows], demand, drawn, times)
    walked = partial(
        walk,
        demand,
        drawn,
        times,
        opening,
        blocked,
        supply.booked[rows],
        supply.expiring[rows],
        supply.seed[rows],
        np.searchsorted(lines.series, rows, side="left"),
        np.searchsorted(lines.series, rows, side="right"),
        lines.units,
        lines.chance,
        lines.share,
        lines.seed,
        policies.reorder_point[rows],
        policies.order_up_to[rows],
        policies.pack[rows],
        policies.least_order[rows],
        policies.within[rows],
        policies.review[rows],
        policies.lead_chance[rows],
        supply.next_open[rows],
        habits.usage[rows],
        supply.delivers[rows],
        habits.pools[rows],
        habits.pool_from,
        habits.ratios,
        habits.cover_edges,
        HABIT_STRENGTH,
        FEWEST_PAST,
        lost_share,
        sources.dry,
        sources.place_of(sources.of_series[rows], rows),
        sources.place_of(lines.source, lines.series),
        lines.transit,
        lines.shipped,
        emptied,
        errors.reduced[rows],
        errors.shares,
        supply.counted[rows],
        main,
        reach,
        weights,
    )
    in_threads(
        lambda begin, end: walked(begin, end, on_hand, sums, out_at, back_at, before_receipt),
        count,
    )
    means = {name: sums[:, place] for place, name in enumerate(SUMS)}
    return Projection(means, on_hand, out_at, back_at, before_receipt, weights)


def exact(weights: Floats) -> Floats:
    """The weights as whole multiples of GRAIN; what a row lacks to 1 goes to its heaviest path."""
    whole = np.floor(weights / GRAIN) * GRAIN
    whole[np.arange(len(whole)), whole.argmax(axis=1)] += 1.0 - whole.sum(axis=1)
    return whole


def reweighted(projection: Projection, chance: Floats) -> Floats:
    """[b, P] weights under which the paths are first out by each period as often as `chance` says.

    `chance` [b, H], cumulative, never falling. Within a class of paths (those first out in one
    period; those never out) weights stay in proportion: of all weights with these chances they are
    the nearest to the old ones in relative entropy (Csiszár 1975, Annals of Probability 3). What is
    wanted of a period in which no path fails goes to the nearest in which some do, the earlier of
    two, what is wanted of paths never out to the last failing ones where there are no others. Where
    no path fails, the weights stay.
    """
    old, out_at = projection.weights, projection.out_at
    count, horizon = chance.shape
    never = horizon
    kind = np.where(out_at < horizon, np.floor(out_at), never)
    kind = np.nan_to_num(kind, nan=never).astype(np.int64)
    place = np.arange(count)[:, None] * (horizon + 1) + kind
    held = np.bincount(place.ravel(), old.ravel(), minlength=count * (horizon + 1))
    held = held.reshape(count, horizon + 1)
    reached = np.maximum.accumulate(np.clip(chance, 0.0, 1.0), axis=1)
    wanted = np.diff(reached, axis=1, prepend=0.0, append=1.0)
    goes_to = _nearest(held[:, :never] > 0)
    goes_to = np.hstack([goes_to, np.where(held[:, never:] > 0, never, goes_to[:, -1:])])
    given = np.zeros_like(held)
    np.add.at(given, (np.arange(count)[:, None], goes_to), wanted)
    factor = np.divide(given, held, out=np.zeros_like(held), where=held > 0)
    factor[~(held[:, :never] > 0).any(axis=1)] = 1.0
    return old * np.take_along_axis(factor, kind, axis=1)


def _nearest(filled: NDArray[np.bool_]) -> Rows:
    """[b, H] the nearest filled place of the row, the earlier of two; -1 in a row without any.

    >>> _nearest(np.array([[False, True, False, False, True], [False] * 5]))
    array([[ 1,  1,  1,  4,  4],
           [-1, -1, -1, -1, -1]])
    """
    places = np.arange(filled.shape[1])
    far = 2 * len(places)
    before = np.maximum.accumulate(np.where(filled, places, -far), axis=1)
    after = np.minimum.accumulate(np.where(filled, places, far)[:, ::-1], axis=1)[:, ::-1]
    nearest = np.where(places - before <= after - places, before, after)
    return np.where(filled.any(axis=1, keepdims=True), nearest, -1)


def with_sources(
    supply: Supply, paths: Callable[[Rows], NDArray[np.float32]], *, lost_share: float
) -> Supply:
    """The supply with what its sources can ship on each path: sites that other sites draw from.

    `paths(rows)` [b, P, H]: demand of those series; that of a source includes what it ships.
    Sources are projected in order, those that draw from others after them, in blocks, as if their
    records were right, for a path that tells of a rare loss weighs little there and much here.
    """
    sources = supply.sources
    right = replace(supply, errors=no_record_errors(len(supply.on_hand), supply.booked.shape[1]))
    for rows in sources.in_order():
        demand = paths(rows)
        if not sources.dry.size:
            sources = sources.blank(demand.shape[1])
        block = project(
            demand,
            replace(right, sources=sources),
            rows,
            main=demand.shape[2],
            lost_share=lost_share,
        )
        blocked = np.nan_to_num(supply.blocked[rows])[:, None, None]
        sources.dry[sources.place[rows]] = np.packbits(is_out(block.on_hand, blocked), axis=2)
    return replace(supply, sources=sources)


def seeds(seed: int, *codes: pd.Series) -> NDArray[np.uint64]:
    """A stable 64-bit number for each row of codes: the same on any machine and in any company."""
    joined = ("\x1f".join((str(seed), *row)) for row in zip(*codes, strict=True))
    digests = [
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for text in joined
    ]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _lower_unseen(
    opening: Floats,
    blocked: Floats,
    unseen: Rows,
    demand: NDArray[np.float32],
    drawn: Rows,
    times: NDArray[np.float32],
) -> None:
    """Where sales are unseen, stock at the origin [b, P] is lowered by another path's demand."""
    for row in np.flatnonzero(unseen):
        wanted = np.nan_to_num(demand[drawn[row], :, : unseen[row]] * times[row], posinf=1e30)
        gone = np.roll(wanted.sum(axis=1, dtype=np.float64), 1)
        floor = np.minimum(opening[row], blocked[row])
        opening[row] = np.maximum(opening[row] - gone, floor)


def _unseen_periods(panel: Panel) -> Rows:
    """Periods after the stock picture, up to the origin, whose units are unknown."""
    width = panel.units.shape[1]
    pictured = panel.stock["stock_on"]
    period = np.full(len(panel), panel.origin, dtype=np.int64)
    known = pictured.notna().to_numpy()
    period[known] = to_period(pictured[known].to_numpy(), panel.frequency)
    later = (panel.start + np.arange(width))[None, :] > period[:, None]
    begun = np.isfinite(panel.units).any(axis=1)
    return np.where(begun, (later & np.isnan(panel.units)).sum(axis=1), 0)


def surely_open(orders: pd.DataFrame) -> pd.DataFrame:
    """The order book without what is only requested, sorted by series."""
    sure = (orders["status"] != "requested") & (orders["units_open"] > 0)
    return orders[sure].sort_values("series", kind="stable")


def open_lines(
    panel: Panel, lines: pd.DataFrame, lead_times: LeadTimes, horizon: int, options: Options
) -> OpenLines:
    """What lines [m] of an order book, in their order, bring when; `ordered_on` may lie ahead."""
    series = lines["series"].to_numpy(dtype=np.int64)
    codes = panel.series[["site", "sku"]].iloc[series]
    group = lead_times.group_of(sources_of(lines), list(codes["sku"]))
    source = rows_of(panel, lines["source_site"].fillna(""), codes["sku"])
    median = lead_times.median_days(group, np.full(len(group), np.nan))
    chance = lead_times.arrival_chance(lines, group, panel.origin, panel.frequency, horizon)
    open_in = receiving_periods(panel, series, sources_of(lines), horizon)
    return OpenLines(
        series=series,
        units=lines["units_open"].to_numpy(dtype=np.float64),
        chance=np.maximum.accumulate(np.where(open_in, chance, 0.0), axis=1),
        share=lead_times.shares[group],
        seed=seeds(options.seed, codes["site"], codes["sku"], lines["order_id"], lines["line"]),
        source=source,
        transit=np.floor(median / panel.frequency.days).astype(np.int64),
        shipped=may_have_shipped(panel, source, lines["ordered_on"]),
    )


def _expiring(panel: Panel, horizon: int) -> Floats:
    """[n, H] units of today's sellable stock whose last day lies before each period; what was sold
    since the picture of the lots came from those that expire first."""
    gone = np.zeros((len(panel), horizon))
    series = panel.lots["series"].to_numpy(dtype=np.int64)
    units = panel.lots["units"].to_numpy(dtype=np.float64)
    dated = panel.lots["expires_on"].notna().to_numpy()
    from_period = np.zeros(len(units), np.int64)
    from_period[dated] = to_period(panel.lots["expires_on"][dated].to_numpy(), panel.frequency)
    from_period -= panel.origin
    inside = dated & (from_period < horizon)
    np.add.at(gone, (series[inside], from_period[inside]), units[inside])
    sellable = np.nan_to_num(panel.stock["sellable"].to_numpy(dtype=np.float64))
    sold = np.maximum(np.bincount(series, units, minlength=len(panel)) - sellable, 0.0)
    return np.maximum(np.cumsum(gone, axis=1) - sold[:, None], 0.0)


def _booked(panel: Panel, horizon: int) -> Floats:
    """[n, H] open customer orders by the period they are due; overdue or undated: the first.

    Reserved units are promised too: those that no open order explains are due in the first period.
    """
    lines = panel.customer_orders
    series = lines["series"].to_numpy(dtype=np.int64)
    units = lines["units_open"].to_numpy(dtype=np.float64)
    due = lines["due_on"].fillna(pd.Timestamp(panel.origin_date)).to_numpy()
    step = np.maximum(to_period(due, panel.frequency) - panel.origin - 1, 0)
    inside = step < horizon
    booked = np.zeros((len(panel), horizon))
    np.add.at(booked, (series[inside], step[inside]), units[inside])
    reserved = np.nan_to_num(panel.stock["reserved"].to_numpy(dtype=np.float64))
    booked[:, 0] += np.maximum(reserved - np.bincount(series, units, minlength=len(panel)), 0.0)
    return booked
