"""What a global model sees of one target period: ratios to the series' own level, and plans.

A sample is (row, origin column, step): everything but the plans comes from columns up to the
origin, so the same kernel serves training, backtest and live use. Ratios to the level make series
of all sizes alike; the level itself enters the model as an offset (its logarithm).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency, period_start
from forecasting.candidates.added_features import Feature, values_of
from forecasting.candidates.feature_kernel import fill, levels_at
from forecasting.candidates.sums import Groups, Sums
from forecasting.compiled import fixed
from forecasting.drivers import Drivers

Matrix = NDArray[np.float64]
Inputs = NDArray[np.float32]
Places = NDArray[np.int64]


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
    fed: tuple[int, int]  # shortest window and latest lag of a recursion, which feeds itself means

    def seen(self, *, rough: bool) -> Shape:
        """What a recursion sees of the shape, or with `rough` the whole of it."""
        if rough:
            return self
        window, lag = self.fed
        return replace(
            self,
            windows=tuple(one for one in self.windows if one >= window),
            lags=tuple(one for one in self.lags if one >= lag),
        )

    def trends(self, *, rough: bool) -> bool:
        """Whether the short trend of a group is a feature: a window like any other."""
        return rough or self.group[0] >= self.fed[0]

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
        fed=(28, 6),
    ),
    Frequency.WEEK: Shape(
        windows=(2, 4, 8, 13, 26, 52),
        lags=(0, 1, 2, 3, 4, 7, 12),
        level=(6, 20),
        group=(2, 6, 20, 52),
        cycle=1,
        cycles=(1, 1),
        around=3,
        fed=(2, 0),
    ),
    Frequency.MONTH: Shape(
        windows=(2, 3, 6, 9, 18, 12),
        lags=(0, 1, 2, 3, 5, 11),
        level=(4, 12),
        group=(2, 4, 12, 12),
        cycle=1,
        cycles=(1, 1),
        around=1,
        fed=(2, 0),
    ),
}


class Tables:
    """Everything that the features of a history are read from, as dense arrays.

    `demand` [n, T], NaN unknown, starts in period `start`; `drivers` begin `shift` periods
    earlier; `price` [n, T]; `spare`: periods that may be put behind the last; `added`: features of
    your own. Raises ValueError for one that looks ahead.
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
        added: Sequence[Feature] = (),
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
        self.added = values_of(added, demand, frequency)
        self.added_names = [one.name for one in added]
        self.season = _season_of(start + np.arange(self.length + spare), frequency)

    def put(self, column: int, values: Matrix) -> None:
        """Continue demand [n] and the means of its groups by one column. Of these, series that were
        not heard of for as long as a level looks back are no part, as in the last columns."""
        self.own.put(column, values)
        size = len(self.members)
        heard = self.own.count
        known = heard[:, self.length] > heard[:, max(self.length - self.shape.level[1], 0)]
        total, count = np.zeros(size), np.zeros(size)
        for code in self.code.T:
            total += np.bincount(code, values * known, minlength=size)
            count += np.bincount(code, known, minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.group.put(column, np.where(count > 0, total / count, 0.0), count)

    def level(self, rows: Places, columns: Places) -> Matrix:
        """[k] trailing level, units a period, by the end of each column; never zero."""
        return levels_at(self.own.total, self.own.count, rows, columns, *self.shape.level)

    def inputs(self, rows: Places, columns: Places, steps: Places, *, rough: bool) -> Inputs:
        """[k, F] features of the periods `columns + steps`, told by the columns up to `columns`.

        `rough` adds what a recursion on means would distort: the latest periods one by one, short
        windows, how irregular the history is, and features of your own.
        """
        shape, drivers = self.shape.seen(rough=rough), self.drivers
        nothing = np.zeros((1, 1))
        price = self.price
        found = fill(
            rows,
            columns,
            steps,
            len(_names(shape, self.code.shape[1], drivers, rough=rough)),
            rough,
            shape.trends(rough=rough),
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
            nothing.astype(np.float32) if price is None else price.count,
            price is not None,
            fixed(drivers.place),
            fixed(drivers.flags),
            fixed(drivers.code),
            fixed(drivers.until),
            fixed(drivers.coming),
            fixed(drivers.promotion),
            fixed(drivers.promoted),
            fixed(drivers.planned),
            fixed(drivers.price_known),
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
        if not (rough and self.added):
            return found
        return np.column_stack([found, *(one[rows, columns] for one in self.added)])

    def names(self, *, rough: bool) -> list[str]:
        """[F] what each feature is."""
        shape = self.shape.seen(rough=rough)
        own = _names(shape, self.code.shape[1], self.drivers, rough=rough)
        return own + self.added_names if rough else own


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


def _names(shape: Shape, groups: int, drivers: Drivers, *, rough: bool) -> list[str]:
    trends = ["short trend"] if shape.trends(rough=rough) else []
    names = ["log level", "step", "age"]
    names += [f"mean of {window}" for window in shape.windows]
    names += [f"lag {lag}" for lag in shape.lags]
    names += [f"same season, {cycles} cycles" for cycles in shape.cycles]
    names += ["a year ago"]
    names += [
        f"group {number}: {what}"
        for number in range(groups)
        for what in (*trends, "middle trend", "year trend", "a year ago", "cycle")
    ]
    names += ["cycle", "day of month", "day of year"]
    names += ["event", "periods to event", "next event", *drivers.flag_names]
    names += ["promotion", "price of a year", "price lately", "log price"]
    if rough:
        names += [f"share sold of {window}" for window in shape.group[:3]] + ["since last sale"]
    return names
