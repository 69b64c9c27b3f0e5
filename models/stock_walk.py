"""The compiled loops of the projection: stock along sample paths, and quantiles over them.

The one file of this floor that imports numba. Inputs and outputs are described in
models.projection and models.risk.outlook, which call it. Every random draw is a hash of the
series' (or the order line's) own seed, the path and the period, so that neighbours, block sizes and
other orders never change a draw.

numba's cache follows this file alone: a change of `is_out` needs a change here too.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from forecasting.stockout import is_out

LOSS_TIME: Final = 1 << 20  # draws of a series that are none of a period's
LOSS_PART: Final = LOSS_TIME + 1
MOST_DEMAND: Final = np.float32(1e30)

_out = njit(is_out)


@njit(cache=True)
def _mixed(seed, first, second):  # type: ignore[no-untyped-def]
    """splitmix64 (Steele, Lea, Flood 2014) of a seed and two counters: 64 bits."""
    bits = seed + np.uint64(first) * np.uint64(0x9E3779B97F4A7C15)
    bits = bits + np.uint64(second) * np.uint64(0xD1B54A32D192ED03)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@njit(cache=True)
def _uniform(seed, first, second):  # type: ignore[no-untyped-def]
    return float(_mixed(seed, first, second) >> np.uint64(11)) * 2.0**-53


@njit(cache=True)
def _shuffle(seed, places):  # type: ignore[no-untyped-def]
    """Fisher and Yates: which path gets which stratum of the inverse distribution."""
    for i in range(len(places)):
        places[i] = i
    for i in range(len(places) - 1, 0, -1):
        j = int(_mixed(seed, i, 0) % np.uint64(i + 1))
        places[i], places[j] = places[j], places[i]


@njit(cache=True)
def _left(stock, blocked, lost):  # type: ignore[no-untyped-def]
    """Units on the shelf after a loss, which leaves what is blocked."""
    return stock if stock <= blocked else blocked + max(stock - blocked - lost, 0.0)


@njit(cache=True)
def _stocked(dry, source, path, period):  # type: ignore[no-untyped-def]
    """The first period from this one that the source closes in stock on this path, else H."""
    while period < dry.shape[1] and (dry[source, period, path >> 3] >> (7 - (path & 7))) & 1:
        period += 1
    return period


@njit(cache=True)
def _known(demand):  # type: ignore[no-untyped-def]
    """Units as a double; NaN is none, and infinity more than any shelf holds."""
    return float(min(demand, MOST_DEMAND)) if demand == demand else 0.0


@njit(cache=True, fastmath={"reassoc"})
def _weight_up_to(values, weight, most):  # type: ignore[no-untyped-def]
    """Weight of the values up to `most`; NaN: of all. Sums in any order are the same: see GRAIN."""
    total = 0.0
    for i in range(len(values)):
        total += weight[i] if values[i] <= most or most != most else 0.0
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def weighted_quantiles(  # type: ignore[no-untyped-def]
    ordered,  # f32[b, H, P] the values in order, NaN last
    values,  # f32[b, H, P]
    weight,  # f64[b, P]
    levels,  # f64[L]
    found,  # out f64[b, H, L] NaN where nothing has weight
):
    """By bisection of the ordered values: sorting them with their weights takes four times as long.

    A hair below the level, for k of n equal weights sum to k ÷ n only nearly.
    """
    count, periods, paths = values.shape
    for s in range(count):
        total = _weight_up_to(values[s, 0], weight[s], np.nan)
        for h in range(periods):
            for k in range(len(levels)):
                least = levels[k] * total * (1.0 - 1e-9)
                low, high = 0, paths - 1
                while low < high:
                    middle = (low + high) // 2
                    if _weight_up_to(values[s, h], weight[s], ordered[s, h, middle]) < least:
                        low = middle + 1
                    else:
                        high = middle
                found[s, h, k] = ordered[s, h, low] if total > 0.0 else np.nan


@njit(cache=True, error_model="numpy")
def _land(  # type: ignore[no-untyped-def]
    units,
    chance,  # f64[H]
    shares,  # f64[Q]
    seed,
    dry,
    source,
    transit,
    shipped,
    places,  # i64[P] the paths in the order in which the line comes
    arriving,  # out f64[P, H] units that come in
    landed,  # out f64[P, H] units on order that are settled by it
):
    """One open line, on as many paths by the end of each period as its chance says."""
    paths, horizon = arriving.shape
    period = 0
    for i in range(paths):
        level = (i + 0.5) / paths
        while period < horizon and chance[period] < level:
            period += 1
        if period == horizon:
            break
        path = places[i]
        share = shares[int(_uniform(seed, path, 1) * len(shares))]
        arrival = period
        leaves = period - transit
        if source >= 0 and (leaves >= 0 or not shipped):
            leaves = _stocked(dry, source, path, max(leaves, 0))
            arrival = max(period, leaves + transit)
        if arrival < horizon:
            arriving[path, arrival] += units * share
            landed[path, arrival] += units


@njit(cache=True)
def _loss_period(s, level, reduced):  # type: ignore[no-untyped-def]
    """Period of a loss in part; −1: by the origin; H: never."""
    period = -1
    while period < reduced.shape[1] - 1 and reduced[s, period + 1] <= level:
        period += 1
    return period


@njit(cache=True)
def _arrival(s, period, level, lead_chance, next_open, dry, source, path):  # type: ignore[no-untyped-def]
    """The period in which what is ordered in this one comes in, at least H where none does."""
    horizon = next_open.shape[1]
    later = 0
    while period + later < horizon and lead_chance[s, later] < level:
        later += 1
    arrival = period + later
    if source[s] >= 0:
        arrival = _stocked(dry, source[s], path, period) + later
    return next_open[s, arrival] if arrival < horizon else arrival


@njit(cache=True)
def _habit(s, cover, level, pools, pool_from, cover_edges, strength, fewest):  # type: ignore[no-untyped-def]
    """Where the past receipts at a like cover begin and how many there are: the series' own, the
    more of them the likelier, else the item's, else the network's."""
    bands = pool_from.shape[1] - 1
    band = 0
    while band < bands - 1 and cover > cover_edges[band]:
        band += 1
    own, item, network = pools[s, 0], pools[s, 1], pools[s, 2]
    seen = pool_from[own, band + 1] - pool_from[own, band]
    chosen = own
    if level * (seen + strength) >= seen:
        chosen = item
        if pool_from[item, band + 1] - pool_from[item, band] < fewest:
            chosen = network
    return pool_from[chosen, band], pool_from[chosen, band + 1] - pool_from[chosen, band]


@njit(cache=True, nogil=True, error_model="numpy")
def walk(  # type: ignore[no-untyped-def]
    demand,  # f32[d, P, H] NaN: none
    drawn,  # i64[b] which of them each series has
    times,  # f32[b] … and how many times as much
    opening,  # f64[b, P] on_hand at the origin
    blocked,  # f64[b]
    booked,  # f64[b, H]
    expiring,  # f64[b, H] units of the opening stock that may not be sold from each period on
    seed,  # u64[b]
    line_from,  # i64[b] lines of series s: line_from[s] .. line_to[s]
    line_to,  # i64[b]
    line_units,  # f64[m]
    line_chance,  # f64[m, H]
    line_share,  # f64[m, Q]
    line_seed,  # u64[m]
    reorder_point,  # f64[b] NaN: no policy
    order_up_to,  # f64[b]
    pack,  # f64[b] 0: any quantity
    least_order,  # f64[b]
    within,  # f64[b] of a period's demand, what orders inside it replace
    review,  # bool[b, H]
    lead_chance,  # f64[b, H]
    next_open,  # i64[b, H] the first period from each in which goods can come in; H: none
    usage,  # f64[b] habit's scale, units a period; 0: no habit
    pools,  # i64[b, 3] own, item, network pool numbers
    pool_from,  # i64[G, B + 1] offsets of the cover bands of each pool
    ratios,  # f64[R] past receipts ÷ usage
    cover_edges,  # f64[B − 1] periods
    habit_strength,
    fewest,  # an item pool below this many past periods gives way to the network's
    lost_share,
    dry,  # u8[D, H, P / 8] bit by path whether a source closes the period in stockout
    source,  # i64[b] place in `dry` of the site that policy orders come from; −1: a supplier
    line_source,  # i64[m] the same of each line
    line_transit,  # i64[m] periods
    line_shipped,  # bool[m] may have left before the origin
    emptied,  # i64[b, P] period whose close finds the shelf emptied unbooked; −1 origin, H never
    reduced,  # f64[b, H + 1] chance of a loss in part by the origin and the end of each period
    parts,  # f64[Q] equally likely shares of the opening stock that it takes
    counted,  # i64[b] period at whose begin a count corrects the record; H: never
    main,  # main horizon, periods
    reach,  # periods that are walked, at most H
    weight,  # f64[b, P] a row sums to 1
    begin,  # the first row that is walked
    end,  # the one behind the last
    on_hand,  # out f32[b, reach, P] at close; f32[0, reach, P]: a part of what follows is enough
    sums,  # out f64[b, 9, H], rows as in models.projection.SUMS; in part: 2, 3, 4 and 6
    out_at,  # out f32[b, P] periods until the first stockout, NaN: none
    back_at,  # out f32[b, P] first period that closes in stock, NaN: none; not in part
    before_receipt,  # out f64[b] weight of paths; not in part
):
    _, paths, horizon = demand.shape
    whole = len(on_hand) > 0
    arriving = np.zeros((paths, horizon))
    landed = np.zeros((paths, horizon))
    places = np.empty(paths, np.int64)
    incoming = np.empty(horizon)
    for s in range(begin, end):
        if s > begin and line_from[s - 1] < line_to[s - 1]:  # what those lines left
            arriving[:, :] = 0.0
            landed[:, :] = 0.0
        ordered = 0.0
        for j in range(line_from[s], line_to[s]):
            ordered += line_units[j]
            _shuffle(line_seed[j], places)
            _land(
                line_units[j],
                line_chance[j],
                line_share[j],
                line_seed[j],
                dry,
                line_source[j],
                line_transit[j],
                line_shipped[j],
                places,
                arriving,
                landed,
            )
        has_policy = not np.isnan(reorder_point[s])
        has_habit = usage[s] > 0.0
        for p in range(paths):
            w = weight[s, p]
            stock = opening[s, p]
            loss_at = emptied[s, p]
            lost = np.inf
            if loss_at == horizon:
                loss_at = _loss_period(s, _uniform(seed[s], p, LOSS_TIME), reduced)
                part = parts[int(_uniform(seed[s], p, LOSS_PART) * len(parts))]
                lost = part * max(stock - blocked[s], 0.0)
            missing = 0.0  # on the record and not on the shelf
            if loss_at < 0:
                missing = stock - _left(stock, blocked[s], lost)
                stock = _left(stock, blocked[s], lost)
                sums[s, 8, 0] += w * missing
            alone = stock  # the same path, if nothing more is ordered
            taken = missing  # from the opening stock, what expires first coming first
            alone_taken = missing
            backlog = 0.0
            alone_backlog = 0.0
            on_order = ordered
            incoming[:] = 0.0
            first_out = -1
            first_alone = -1
            first_receipt = -1
            first_back = -1
            for h in range(reach):
                if h == counted[s]:
                    missing = 0.0
                spoiled = min(max(expiring[s, h] - taken, 0.0), max(stock - blocked[s], 0.0))
                stock -= spoiled
                taken += spoiled
                sums[s, 8, h] += w * spoiled
                if whole:
                    spoiled = max(expiring[s, h] - alone_taken, 0.0)
                    spoiled = min(spoiled, max(alone - blocked[s], 0.0))
                    alone -= spoiled
                    alone_taken += spoiled

                known = arriving[p, h]
                on_order -= landed[p, h]
                arrived = known
                wanted = max(_known(demand[drawn[s], p, h] * times[s]), booked[s, h])
                if has_policy:
                    if review[s, h]:
                        # what sells before the last review of the period is ordered again in it
                        position = stock + missing + known + on_order - backlog
                        position -= within[s] * wanted
                        if position <= reorder_point[s] and position < order_up_to[s]:
                            units = max(order_up_to[s] - position, least_order[s])
                            if pack[s] > 0.0:
                                units = np.ceil(units / pack[s] - 1e-9) * pack[s]
                            on_order += units
                            level = _uniform(seed[s], p, h + 1)
                            arrival = _arrival(s, h, level, lead_chance, next_open, dry, source, p)
                            if arrival < horizon:
                                incoming[arrival] += units
                    arrived += incoming[h]
                    on_order -= incoming[h]
                elif has_habit:
                    cover = (stock + missing - blocked[s]) / usage[s]
                    level = _uniform(seed[s], p, 2 * h + 1)
                    begins, width = _habit(
                        s, cover, level, pools, pool_from, cover_edges, habit_strength, fewest
                    )
                    if width > 0:
                        draw = _uniform(seed[s], p, 2 * h + 2)
                        arrived += ratios[begins + int(draw * width)] * usage[s]

                stock += arrived
                late = min(max(stock - blocked[s], 0.0), backlog)
                stock -= late
                backlog -= late
                before = max(stock - blocked[s], 0.0)
                served = min(before, wanted)
                unmet = wanted - served
                stock -= served
                backlog += unmet * (1.0 - lost_share)
                taken += late + served

                if whole:
                    alone += known
                    alone_late = min(max(alone - blocked[s], 0.0), alone_backlog)
                    alone -= alone_late
                    alone_backlog -= alone_late
                    alone_served = min(max(alone - blocked[s], 0.0), wanted)
                    alone -= alone_served
                    alone_backlog += (wanted - alone_served) * (1.0 - lost_share)
                    alone_taken += alone_late + alone_served

                if h == loss_at:
                    missing = stock - _left(stock, blocked[s], lost)
                    stock = _left(stock, blocked[s], lost)
                    alone = _left(alone, blocked[s], lost)
                    sums[s, 8, h] += w * missing

                sums[s, 2, h] += w * unmet
                sums[s, 3, h] += w * arrived
                sums[s, 4, h] += w * stock
                empty = _out(stock, blocked[s])
                if empty and first_out < 0:
                    first_out = h
                    sums[s, 6, h] += w
                    lasted = before / wanted if wanted > 0.0 else 0.0
                    out_at[s, p] = h + min(lasted, 0.999)
                if whole:
                    on_hand[s, h, p] = stock
                    sums[s, 0, h] += w * wanted
                    sums[s, 1, h] += w * (served + late)
                    sums[s, 5, h] += w if empty else 0.0
                    if arrived > 0.0 and first_receipt < 0:
                        first_receipt = h
                    if not empty and first_back < 0:
                        first_back = h
                        back_at[s, p] = h
                    if first_alone < 0 and _out(alone, blocked[s]):
                        first_alone = h
                        sums[s, 7, h] += w
            if whole and 0 <= first_out < main and (first_receipt < 0 or first_out < first_receipt):
                before_receipt[s] += w
