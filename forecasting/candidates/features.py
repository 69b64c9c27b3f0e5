"""What a global model sees of one target period: ratios to the series' own level, and plans.

A sample is (row, origin column, step): everything but the plans comes from columns up to the
origin, so the same kernel serves training, backtest and live use. Ratios to the level make series
of all sizes alike; the level itself enters the model as an offset (its logarithm).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from forecasting.calendar import Frequency, period_start
from forecasting.drivers import Drivers

Matrix = NDArray[np.float64]
Inputs = NDArray[np.float32]
Places = NDArray[np.int64]

LEAST_LEVEL: Final = 0.02  # units a period: below, ratios would be noise


@dataclass(frozen=True)
class Shape:
    """Lengths that the features of a grain look at, in periods."""

    windows: tuple[int, ...]  # of the trailing means; the last is a year
    lags: tuple[int, ...]  # single periods, 0 is the origin itself
    level: tuple[int, int]  # the level is the mean of two trailing means
    group: tuple[int, int, int, int]  # trends of the groups: short, middle, long, year
    cycle: int  # periods in the short season, 1 where there is none
    cycles: tuple[int, int]  # how many of them its two means look at
    around: int  # periods around the same season of last year

    @property
    def lookback(self) -> int:
        """Periods before the origin that a feature may look at."""
        return max(self.windows) + max(self.group[1], self.around) + self.cycle + 1


SHAPES: Final = {
    Frequency.DAY: Shape(
        windows=(7, 14, 28, 56, 112, 364),
        lags=(0, 1, 2, 3, 4, 5, 6, 7, 13, 20, 27),
        level=(28, 112),
        group=(7, 28, 112, 364),
        cycle=7,
        cycles=(4, 13),
        around=15,
    ),
    Frequency.WEEK: Shape(
        windows=(2, 4, 8, 13, 26, 52),
        lags=(0, 1, 2, 3, 4, 7, 12),
        level=(6, 20),
        group=(2, 6, 20, 52),
        cycle=1,
        cycles=(1, 1),
        around=3,
    ),
    Frequency.MONTH: Shape(
        windows=(2, 3, 6, 9, 18, 12),
        lags=(0, 1, 2, 3, 5, 11),
        level=(4, 12),
        group=(2, 4, 12, 12),
        cycle=1,
        cycles=(1, 1),
        around=1,
    ),
}


class Sums:
    """Running sums of a matrix [n, T] of weighted means, with room for `spare` more columns.

    `weights` [n, T]: how many a value stands for; None: 1 where it is known, 0 where it is NaN.
    `cycle` 0: no sums by season are needed.
    """

    def __init__(
        self, values: Matrix, spare: int, cycle: int, weights: Matrix | None = None
    ) -> None:
        rows, length = values.shape
        if weights is None:
            weights = (~np.isnan(values)).astype(np.float64)
        filled = np.where(weights > 0, values, 0.0) * weights
        self.value = np.full((rows, length + spare), np.nan, np.float32)
        self.value[:, :length] = values
        self.total = np.zeros((rows, length + spare + 1))
        self.count = np.zeros((rows, length + spare + 1), np.float32)
        np.cumsum(filled, axis=1, out=self.total[:, 1 : length + 1])
        np.cumsum(weights, axis=1, out=self.count[:, 1 : length + 1])
        self.cycle = cycle
        if cycle:
            self.cycle_total = _by_cycle(filled, spare, cycle)
            self.cycle_count = _by_cycle(weights, spare, cycle)

    def put(self, column: int, values: Matrix, weights: Matrix | float = 1.0) -> None:
        """Write the next column after the known ones: a forecast on the way of a recursion."""
        self.value[:, column] = values
        self.total[:, column + 1] = self.total[:, column] + values * weights
        self.count[:, column + 1] = self.count[:, column] + weights
        later = column + self.cycle
        self.cycle_total[:, later] = self.cycle_total[:, column] + values * weights
        self.cycle_count[:, later] = self.cycle_count[:, column] + weights


def _by_cycle(values: Matrix, spare: int, cycle: int) -> Matrix:
    """[n, cycle + T + spare] running sums over columns a cycle apart, one cycle of zeros first."""
    rows, length = values.shape
    width = length + spare + cycle
    padded = np.zeros((rows, -(-width // cycle) * cycle))
    padded[:, cycle : cycle + length] = values
    summed = padded.reshape(rows, -1, cycle).cumsum(axis=1).reshape(rows, -1)
    return summed[:, :width]


@dataclass(frozen=True)
class Groups:
    """Series by site × category, sku, site and category, and what a member of each sold."""

    code: Places  # [n, 4] number of each group that a series is in
    mean: Matrix  # [G, T] mean demand of the members that are known, units a period
    members: Matrix  # [G, T] how many are


def groups_of(code: Places, demand: Matrix) -> Groups:
    """Group means of demand [n, T] for the group numbers [n, G] of its series."""
    size = int(code.max(initial=-1)) + 1
    total, members = np.zeros((size, demand.shape[1])), np.zeros((size, demand.shape[1]))
    known, filled = (~np.isnan(demand)).astype(np.float32), np.nan_to_num(demand)
    for column in code.T:
        order = np.argsort(column, kind="stable")
        present, begin = np.unique(column[order], return_index=True)
        total[present] = np.add.reduceat(filled[order], begin, axis=0)
        members[present] = np.add.reduceat(known[order], begin, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(members > 0, total / members, 0.0)
    return Groups(code, mean, members)


class Tables:
    """Everything that the features of a history are read from, as dense arrays.

    `demand` [n, T], NaN unknown, starts in period `start`; `drivers` begin `shift` periods
    earlier; `price` [n, T]; `spare`: periods that may be put behind the last.
    """

    def __init__(
        self,
        demand: Matrix,
        *,
        start: int,
        frequency: Frequency,
        groups: Groups,
        drivers: Drivers,
        shift: int,
        price: Matrix | None,
        spare: int = 0,
    ) -> None:
        self.shape = shape = SHAPES[frequency]
        self.rows, self.length = demand.shape
        self.drivers, self.shift = drivers, shift
        self.own = Sums(demand, spare, shape.cycle)
        known = ~np.isnan(demand)
        self.first = np.where(known.any(axis=1), known.argmax(axis=1), self.length)
        self.sold = np.zeros((self.rows, self.length + 1), np.float32)
        np.cumsum(demand > 0, axis=1, out=self.sold[:, 1:])
        self.last_sale = _last_true(demand > 0)
        self.code = groups.code
        mean, self.members = groups.mean, groups.members
        self.group = Sums(mean, spare, shape.cycle, self.members)
        self.price = None if price is None else Sums(_carried(price), 0, 0)
        self.season = _season_of(start + np.arange(self.length + spare), frequency)

    def put(self, column: int, values: Matrix) -> None:
        """Continue demand [n] and the means of its groups by one column."""
        self.own.put(column, values)
        size = len(self.members)
        total, count = np.zeros(size), np.zeros(size)
        for code in self.code.T:
            total += np.bincount(code, values, minlength=size)
            count += np.bincount(code, minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.group.put(column, np.where(count > 0, total / count, 0.0), count)

    def level(self, rows: Places, columns: Places) -> Matrix:
        """[k] trailing level, units a period, by the end of each column; never zero."""
        return _levels(self.own.total, self.own.count, rows, columns, *self.shape.level)

    def inputs(self, rows: Places, columns: Places, steps: Places, *, rough: bool) -> Inputs:
        """[k, F] features of the periods `columns + steps`, told by the columns up to `columns`.

        `rough` adds how irregular the history is, which a recursion on means would distort.
        """
        shape, drivers = self.shape, self.drivers
        nothing = np.zeros((1, 1))
        price = self.price
        return _fill(
            rows,
            columns,
            steps,
            _names(shape, self.code.shape[1], drivers, price is not None, rough=rough)[1],
            rough,
            self.own.value,
            self.own.total,
            self.own.count,
            self.own.cycle_total,
            self.own.cycle_count,
            self.sold,
            self.last_sale,
            self.code,
            self.group.total,
            self.group.count,
            self.group.cycle_total,
            self.group.cycle_count,
            nothing if price is None else price.total,
            nothing if price is None else price.count,
            price is not None,
            drivers.place,
            drivers.flags,
            drivers.code,
            drivers.until,
            drivers.coming,
            drivers.promotion,
            drivers.promoted,
            drivers.planned,
            drivers.price_known,
            self.season,
            self.shift,
            np.array(shape.windows),
            np.array(shape.lags),
            np.array(shape.level),
            np.array(shape.group),
            shape.cycle,
            np.array(shape.cycles),
            shape.around,
        )

    def names(self, *, rough: bool) -> list[str]:
        """[F] what each feature is."""
        return _names(
            self.shape, self.code.shape[1], self.drivers, self.price is not None, rough=rough
        )[0]


def _last_true(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """[n, T] column of the last True up to each column, -1 before any."""
    columns = np.arange(mask.shape[1], dtype=np.int32)
    return np.maximum.accumulate(np.where(mask, columns, np.int32(-1)), axis=1)


def _carried(price: Matrix) -> Matrix:
    """Prices with gaps filled by the last one charged before them."""
    place = _last_true(~np.isnan(price))
    filled = np.take_along_axis(price, np.maximum(place, 0).astype(np.int64), axis=1)
    return np.where(place >= 0, filled, np.nan)


def _season_of(periods: NDArray[np.int64], frequency: Frequency) -> Inputs:
    """[T, 3] calendar place of each period: in its cycle, in its month, in its year."""
    first = period_start(periods, frequency)
    if frequency is Frequency.WEEK:
        first = first + np.timedelta64(3, "D")
    month = first.astype("datetime64[M]")
    day_of_month = (first - month).astype(np.int64)
    day_of_year = (first - first.astype("datetime64[Y]")).astype(np.int64)
    cycle = (first.astype(np.int64) + 3) % 7 if frequency is Frequency.DAY else day_of_year * 0
    if frequency is Frequency.MONTH:
        day_of_month = day_of_month * 0
        day_of_year = month.astype(np.int64) % 12
    return np.stack([cycle, day_of_month, day_of_year], axis=1).astype(np.float32)


def _names(
    shape: Shape, groups: int, drivers: Drivers, priced: bool, *, rough: bool
) -> tuple[list[str], int]:
    names = ["log level", "step", "age"]
    names += [f"mean of {window}" for window in shape.windows]
    names += [f"lag {lag}" for lag in shape.lags]
    names += [f"same season, {cycles} cycles" for cycles in shape.cycles]
    names += ["a year ago"]
    names += [
        f"group {number}: {what}"
        for number in range(groups)
        for what in ("short trend", "middle trend", "year trend", "a year ago", "cycle")
    ]
    names += ["cycle", "day of month", "day of year"]
    names += ["event", "periods to event", "next event", *drivers.flag_names]
    names += ["promotion", "price of a year", "price lately", "log price"]
    if rough:
        names += [f"share sold of {window}" for window in shape.group[:3]] + ["since last sale"]
    return names, len(names)


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
def _levels(total, count, rows, columns, short, long):  # type: ignore[no-untyped-def]
    out = np.empty(len(rows))
    for k in range(len(rows)):
        out[k] = _level(total, count, rows[k], columns[k], short, long)
    return out


@njit(cache=True, error_model="numpy")
def _fill(  # type: ignore[no-untyped-def]
    rows, columns, steps, width, rough,
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
            x[f] = _ratio(g0, g1)
            x[f + 1] = _ratio(g1, _mean(group_total, group_count, g, origin, group[2]))
            x[f + 2] = _ratio(g1, _mean(group_total, group_count, g, origin, group[3]))
            then = _mean(group_total, group_count, g, middle, around)
            season_ago = origin - year + group[1] // 2
            x[f + 3] = _ratio(then, _mean(group_total, group_count, g, season_ago, group[1]))
            if cycle > 1:
                first = max(seen - cycle * cycles[0], seen % cycle - cycle)
                known = group_cycle_count[g, seen + cycle] - group_cycle_count[g, first + cycle]
                spent = group_cycle[g, seen + cycle] - group_cycle[g, first + cycle]
                x[f + 4] = _ratio(spent / known if known > 0 else np.nan, g1)
            else:
                x[f + 4] = _ratio(_mean(group_total, group_count, g, target - year, 1), then)
            f += 5
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
