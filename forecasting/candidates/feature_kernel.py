"""The features of one sample after another, compiled: see `features.py` for what they mean."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

LEAST_LEVEL: Final = 0.02  # units a period: below, ratios would be noise


@njit(cache=True, inline="always")
def _mean(total, count, row, column, window):  # type: ignore[no-untyped-def]
    end = column + 1
    begin = max(end - window, 0)
    if end <= begin:
        return np.nan
    known = count[row, end] - count[row, begin]
    return (total[row, end] - total[row, begin]) / known if known > 0 else np.nan


@njit(cache=True, inline="always")
def _ratio(a, b):  # type: ignore[no-untyped-def]
    return a / b if b > 0 else np.nan


@njit(cache=True, inline="always")
def _level(total, count, row, column, short, long):  # type: ignore[no-untyped-def]
    a = _mean(total, count, row, column, short)
    b = _mean(total, count, row, column, long)
    b = 0.0 if np.isnan(b) else b
    a = b if np.isnan(a) else a
    return 0.5 * (a + b) + LEAST_LEVEL


@njit(cache=True)
def levels_at(total, count, rows, columns, short, long):  # type: ignore[no-untyped-def]
    out = np.empty(len(rows))
    for k in range(len(rows)):
        out[k] = _level(total, count, rows[k], columns[k], short, long)
    return out


@njit(cache=True, error_model="numpy")
def fill(  # type: ignore[no-untyped-def]
    rows, columns, steps, width, rough, trends,
    value, total, count, cycle_total, cycle_count, sold, last_sale,
    codes, group_total, group_count, group_cycle, group_cycle_count,
    price_total, price_count, priced,
    place, flags, code, until, coming, promotion, promoted, planned, price_known,
    season, shift, windows, lags, level, group, cycle, cycles, around,
):  # fmt: skip
    out = np.empty((len(rows), width), np.float32)
    year = windows[-1]
    for k in range(len(rows)):
        row, origin, step = rows[k], columns[k], steps[k]
        target = origin + step
        then_at, known_at = target + shift, origin + shift
        base = _level(total, count, row, origin, level[0], level[1])
        x = out[k]
        x[0] = np.log(base)
        x[1] = step
        x[2] = min(count[row, origin + 1], year)
        f = 3
        for window in windows:
            x[f] = _mean(total, count, row, origin, window) / base
            f += 1
        for lag in lags:
            x[f] = value[row, origin - lag] / base if origin >= lag else np.nan
            f += 1
        back = (step + cycle - 1) // cycle * cycle  # to the last same season up to the origin
        seen = target - back
        for many in cycles:
            first = max(seen - cycle * many, seen % cycle - cycle)
            known = cycle_count[row, seen + cycle] - cycle_count[row, first + cycle]
            spent = cycle_total[row, seen + cycle] - cycle_total[row, first + cycle]
            x[f] = spent / known / base if known > 0 else np.nan
            f += 1
        middle = min(target - year + around // 2, origin)
        x[f] = _mean(total, count, row, middle, around) / base
        f += 1
        for number in range(codes.shape[1]):
            g = codes[row, number]
            g0 = _mean(group_total, group_count, g, origin, group[0])
            g1 = _mean(group_total, group_count, g, origin, group[1])
            if trends:
                x[f] = _ratio(g0, g1)
                f += 1
            x[f] = _ratio(g1, _mean(group_total, group_count, g, origin, group[2]))
            x[f + 1] = _ratio(g1, _mean(group_total, group_count, g, origin, group[3]))
            then = _mean(group_total, group_count, g, middle, around)
            season_ago = origin - year + group[1] // 2
            x[f + 2] = _ratio(then, _mean(group_total, group_count, g, season_ago, group[1]))
            if cycle > 1:
                first = max(seen - cycle * cycles[0], seen % cycle - cycle)
                known = group_cycle_count[g, seen + cycle] - group_cycle_count[g, first + cycle]
                spent = group_cycle[g, seen + cycle] - group_cycle[g, first + cycle]
                x[f + 3] = _ratio(spent / known if known > 0 else np.nan, g1)
            else:
                year_ago = min(target - year, origin)
                x[f + 3] = _ratio(_mean(group_total, group_count, g, year_ago, 1), then)
            f += 4
        for part in range(3):
            x[f] = season[target, part]
            f += 1
        site = place[row]
        x[f] = code[site, then_at]
        x[f + 1] = until[site, then_at]
        x[f + 2] = coming[site, then_at]
        f += 3
        for number in range(flags.shape[2]):
            x[f] = flags[site, then_at, number]
            f += 1
        x[f] = 0.0
        if len(promotion) and promoted[row, then_at] <= known_at:
            x[f] = promotion[row, then_at]
        f += 1
        x[f], x[f + 1], x[f + 2] = np.nan, np.nan, np.nan
        if priced:
            paid = _mean(price_total, price_count, row, min(origin, price_total.shape[1] - 2), 1)
            if len(planned) and price_known[row, then_at] <= known_at:
                plan = planned[row, then_at]
                paid = paid if np.isnan(plan) else plan
            at = min(origin, price_total.shape[1] - 2)
            x[f] = _ratio(paid, _mean(price_total, price_count, row, at, year))
            x[f + 1] = _ratio(paid, _mean(price_total, price_count, row, at, group[1]))
            x[f + 2] = np.log(paid) if paid > 0 else np.nan
        f += 3
        if rough:
            for window in group[:3]:
                x[f] = _mean(sold, count, row, origin, window)
                f += 1
            x[f] = min(origin - last_sale[row, origin], year)
    return out
