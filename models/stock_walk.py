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


@njit(cache=True)
def _lines_come(  # type: ignore[no-untyped-def]
    first, last, units, chance, share, seed, source, transit, shipped, dry, arriving, landed, places
):
    """What open lines first .. last bring by period and path, and what is then on order no more."""
    horizon, paths = arriving.shape
    arriving[:, :] = 0.0
    landed[:, :] = 0.0
    for j in range(first, last):
        _shuffle(seed[j], places)
        period = 0
        for i in range(paths):
            level = (i + 0.5) / paths
            while period < horizon and chance[j, period] < level:
                period += 1
            if period == horizon:
                break
            path = places[i]
            draw = _uniform(seed[j], path, 1)
            part = share[j, int(draw * share.shape[1])]
            arrival = period
            leaves = period - transit[j]
            if source[j] >= 0 and (leaves >= 0 or not shipped[j]):
                leaves = _stocked(dry, source[j], path, max(leaves, 0))
                arrival = max(period, leaves + transit[j])
            if arrival < horizon:
                arriving[arrival, path] += units[j] * part
                landed[arrival, path] += units[j]


@njit(cache=True)
def _lost_at_origin(  # type: ignore[no-untyped-def]
    opening,
    blocked,
    seed,
    emptied,
    reduced,
    parts,
    stock,
    missing,
    loss_at,
    lost,
    losing,
):
    """When which path loses how much unbooked, and the shelf at the origin after losses by then;
    returns how many of the paths are `losing`."""
    losers = 0
    horizon = len(reduced) - 1
    for p in range(len(stock)):
        stock[p] = opening[p]
        missing[p] = 0.0
        loss_at[p] = emptied[p]
        lost[p] = np.inf
        if loss_at[p] == horizon:
            level = _uniform(seed, p, LOSS_TIME)
            if reduced[horizon] <= level:
                continue
            loss_at[p] = -1
            while reduced[loss_at[p] + 1] <= level:
                loss_at[p] += 1
            part = parts[int(_uniform(seed, p, LOSS_PART) * len(parts))]
            lost[p] = part * max(stock[p] - blocked, 0.0)
        losing[losers] = p
        losers += 1
        if loss_at[p] < 0:
            left = _left(stock[p], blocked, lost[p])
            missing[p] = stock[p] - left
            stock[p] = left
    return losers


@njit(cache=True)
def _spoil(expiring, blocked, stock, taken, spoiled):  # type: ignore[no-untyped-def]
    """What may not be sold any more leaves the stock, as far as nobody took it before."""
    for p in range(len(stock)):
        spoiled[p] = min(max(expiring - taken[p], 0.0), max(stock[p] - blocked, 0.0))
        stock[p] -= spoiled[p]
        taken[p] += spoiled[p]


@njit(cache=True)
def _wanted(demand, period, times, booked, wanted):  # type: ignore[no-untyped-def]
    for p in range(len(wanted)):
        wanted[p] = max(_known(demand[p, period] * times), booked)


@njit(cache=True)
def _positions(  # type: ignore[no-untyped-def]
    stock, missing, known, on_order, backlog, wanted, within, positions
):
    """On hand, on order and late; what sells before the last review of the period is ordered again
    in it."""
    for p in range(len(stock)):
        positions[p] = stock[p] + missing[p] + known[p] + on_order[p]
    for p in range(len(stock)):
        positions[p] = positions[p] - backlog[p] - within * wanted[p]


@njit(cache=True)
def _ordered_comes(period, dry_until, level, lead_chance, next_open):  # type: ignore[no-untyped-def]
    """When an order of this period arrives, which its source ships once it is dry no more."""
    horizon = len(lead_chance)
    later = 0
    while period + later < horizon and lead_chance[later] < level:
        later += 1
    arrival = dry_until + later
    return next_open[arrival] if arrival < horizon else horizon


@njit(cache=True)
def _receive_by_habit(  # type: ignore[no-untyped-def]
    period,
    seed,
    blocked,
    usage,
    pools,
    pool_from,
    ratios,
    cover_edges,
    strength,
    fewest,
    stock,
    missing,
    arrived,
):
    """As much as came in the past at a like cover: of the series, its item, or the network; on a
    shelf emptier than any was, as on the emptiest."""
    last = len(cover_edges)
    own, item, network = pools[0], pools[1], pools[2]
    for p in range(len(stock)):
        cover = (stock[p] + missing[p] - blocked) / usage
        band = 0
        while band < last and cover > cover_edges[band]:
            band += 1
        seen = pool_from[own, band + 1] - pool_from[own, band]
        chosen = own
        if _uniform(seed, p, 2 * period + 1) * (seen + strength) >= seen:
            chosen = item
            if pool_from[item, band + 1] - pool_from[item, band] < fewest:
                chosen = network
        while band < last and pool_from[chosen, band + 1] == pool_from[chosen, band]:
            band += 1
        width = pool_from[chosen, band + 1] - pool_from[chosen, band]
        if width > 0:
            draw = _uniform(seed, p, 2 * period + 2)
            arrived[p] += ratios[pool_from[chosen, band] + int(draw * width)] * usage


@njit(cache=True)
def _sell(  # type: ignore[no-untyped-def]
    arrived, wanted, blocked, lost_share, spoils, stock, backlog, taken, before, sold, unmet
):
    """Arrivals, then what is late, then what is wanted; `sold`: both. In loops of few arrays, of
    which the compiler can tell that they are apart, and so takes several paths at once."""
    if lost_share < 1.0:
        for p in range(len(stock)):
            held = stock[p] + arrived[p]
            sold[p] = min(max(held - blocked, 0.0), backlog[p])
            stock[p] = held - sold[p]
        for p in range(len(stock)):
            backlog[p] -= sold[p]
        for p in range(len(stock)):
            before[p] = max(stock[p] - blocked, 0.0)
            unmet[p] = wanted[p] - min(before[p], wanted[p])
        for p in range(len(stock)):
            served = min(before[p], wanted[p])
            stock[p] -= served
            sold[p] += served
        for p in range(len(stock)):
            backlog[p] += unmet[p] * (1.0 - lost_share)
    else:
        for p in range(len(stock)):
            held = stock[p] + arrived[p]
            stock[p] = held
            before[p] = max(held - blocked, 0.0)
        for p in range(len(stock)):
            sold[p] = min(before[p], wanted[p])
            unmet[p] = wanted[p] - sold[p]
        for p in range(len(stock)):
            stock[p] -= sold[p]
    if spoils:
        for p in range(len(stock)):
            taken[p] += sold[p]


@njit(cache=True)
def _sum(weight, values):  # type: ignore[no-untyped-def]
    total = 0.0
    for p in range(len(values)):
        total += weight[p] * values[p]
    return total


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
    delivers,  # bool[b, H] who delivers by habit is open
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
    """Series begin .. end, period by period, all paths of a series side by side: the next step of a
    path waits for the last, those of its neighbours do not."""
    _, paths, horizon = demand.shape
    whole = len(on_hand) > 0
    arriving = np.zeros((horizon, paths))
    landed = np.zeros((horizon, paths))
    incoming = np.zeros((horizon, paths))
    places = np.empty(paths, np.int64)
    loss_at = np.empty(paths, np.int64)
    losing = np.empty(paths, np.int64)
    first_out = np.empty(paths, np.int64)
    first_alone = np.empty(paths, np.int64)
    first_receipt = np.empty(paths, np.int64)
    stock = np.empty(paths)
    missing = np.empty(paths)  # on the record and not on the shelf
    lost = np.empty(paths)
    gone = np.empty(paths)  # by a loss of this period
    spoiled = np.empty(paths)
    taken = np.empty(paths)  # from the opening stock, what expires first coming first
    backlog = np.empty(paths)
    on_order = np.empty(paths)
    alone = np.empty(paths)  # the same stock, if nothing more is ordered
    alone_taken = np.empty(paths)
    alone_backlog = np.empty(paths)
    wanted = np.empty(paths)
    position = np.empty(paths)
    arrived = np.empty(paths)
    before = np.empty(paths)
    sold = np.empty(paths)
    unmet = np.empty(paths)
    open_lines = False
    for s in range(begin, end):
        if open_lines or line_from[s] < line_to[s]:
            _lines_come(
                line_from[s],
                line_to[s],
                line_units,
                line_chance,
                line_share,
                line_seed,
                line_source,
                line_transit,
                line_shipped,
                dry,
                arriving,
                landed,
                places,
            )
        open_lines = line_from[s] < line_to[s]
        ordered = 0.0
        for j in range(line_from[s], line_to[s]):
            ordered += line_units[j]
        has_policy = not np.isnan(reorder_point[s])
        has_habit = usage[s] > 0.0 and not has_policy
        if has_policy:
            incoming[:, :] = 0.0
        spoils = expiring[s].max() > 0.0
        w, dated, back = weight[s], out_at[s], back_at[s]
        losers = _lost_at_origin(
            *(opening[s], blocked[s], seed[s], emptied[s]),
            *(reduced[s], parts, stock, missing, loss_at, lost, losing),
        )
        for p in range(paths):
            gone[p] = missing[p]
            taken[p] = missing[p]
            alone_taken[p] = missing[p]
        for p in range(paths):
            alone[p] = stock[p]
            backlog[p] = 0.0
            alone_backlog[p] = 0.0
            on_order[p] = ordered
        first_out[:] = -1
        first_alone[:] = -1
        first_receipt[:] = -1
        waiting = paths
        for h in range(reach):
            if h == counted[s]:
                missing[:] = 0.0
            if spoils:
                if whole:
                    _spoil(expiring[s, h], blocked[s], alone, alone_taken, spoiled)
                _spoil(expiring[s, h], blocked[s], stock, taken, spoiled)
            _wanted(demand[drawn[s]], h, times[s], booked[s, h], wanted)
            known = arriving[h]
            if open_lines:
                settled = landed[h]
                for p in range(paths):
                    on_order[p] -= settled[p]
            if has_policy:
                if review[s, h]:
                    _positions(
                        *(stock, missing, known, on_order, backlog, wanted, within[s]),
                        position,
                    )
                    for p in range(paths):
                        if position[p] <= reorder_point[s] and position[p] < order_up_to[s]:
                            units = max(order_up_to[s] - position[p], least_order[s])
                            if pack[s] > 0.0:
                                units = np.ceil(units / pack[s] - 1e-9) * pack[s]
                            on_order[p] += units
                            dry_until = h
                            if source[s] >= 0:
                                dry_until = _stocked(dry, source[s], p, h)
                            level = _uniform(seed[s], p, h + 1)
                            arrival = _ordered_comes(
                                h, dry_until, level, lead_chance[s], next_open[s]
                            )
                            if arrival < horizon:
                                incoming[arrival, p] += units
                fresh = incoming[h]
                for p in range(paths):
                    arrived[p] = known[p] + fresh[p]
                    on_order[p] -= fresh[p]
            else:
                for p in range(paths):
                    arrived[p] = known[p]
            if has_habit and delivers[s, h]:
                _receive_by_habit(
                    *(h, seed[s], blocked[s], usage[s], pools[s], pool_from),
                    *(ratios, cover_edges, habit_strength, fewest, stock, missing, arrived),
                )
            if whole:
                _sell(
                    *(known, wanted, blocked[s], lost_share, spoils),
                    *(alone, alone_backlog, alone_taken, before, sold, unmet),
                )
            _sell(
                *(arrived, wanted, blocked[s], lost_share, spoils),
                *(stock, backlog, taken, before, sold, unmet),
            )
            lost_now = _sum(w, spoiled) if spoils else 0.0
            for p in losing[:losers]:
                if h == max(loss_at[p], 0):
                    if loss_at[p] == h:
                        left = _left(stock[p], blocked[s], lost[p])
                        missing[p] = stock[p] - left
                        gone[p] = missing[p]
                        stock[p] = left
                        alone[p] = _left(alone[p], blocked[s], lost[p])
                    lost_now += w[p] * gone[p]
            sums[s, 8, h] = lost_now
            short, came, left = 0.0, 0.0, 0.0
            for p in range(paths):
                short += w[p] * unmet[p]
                came += w[p] * arrived[p]
                left += w[p] * stock[p]
            sums[s, 2, h], sums[s, 3, h], sums[s, 4, h] = short, came, left
            out, first = 0.0, 0.0
            for p in range(paths):
                if _out(stock[p], blocked[s]):
                    out += w[p]
                    if first_out[p] < 0:
                        first_out[p] = h
                        first += w[p]
                        lasted = before[p] / wanted[p] if wanted[p] > 0.0 else 0.0
                        dated[p] = h + min(lasted, 0.999)
            sums[s, 6, h] = first
            if not whole:
                continue
            sums[s, 5, h] = out
            closing = on_hand[s, h]
            for p in range(paths):
                closing[p] = stock[p]
            sums[s, 0, h] = _sum(w, wanted)
            sums[s, 1, h] = _sum(w, sold)
            for p in range(paths):
                if arrived[p] > 0.0 and first_receipt[p] < 0:
                    first_receipt[p] = h
            if waiting:
                for p in range(paths):
                    if back[p] != back[p] and not _out(stock[p], blocked[s]):
                        back[p] = h
                        waiting -= 1
            first = 0.0
            for p in range(paths):
                if first_alone[p] < 0 and _out(alone[p], blocked[s]):
                    first_alone[p] = h
                    first += w[p]
            sums[s, 7, h] = first
        if whole:
            for p in range(paths):
                sooner = first_receipt[p] < 0 or first_out[p] < first_receipt[p]
                if 0 <= first_out[p] < main and sooner:
                    before_receipt[s] += w[p]
