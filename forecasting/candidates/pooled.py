"""Global candidates: one booster for all series, recursive and direct.

`recursive` forecasts one period and feeds its forecast back; `direct` forecasts every step from
the origin alone. Their errors differ, so a blend beats both.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.candidates.added_features import Feature, registered
from forecasting.candidates.boosting import Bag, Booster, CountEffort, boost
from forecasting.candidates.features import SHAPES, Tables
from forecasting.candidates.sums import groups_of
from forecasting.history import History
from forecasting.outliers import clip_outliers

Matrix = NDArray[np.float64]

POOLED: Final = ("recursive", "direct")

SPAN: Final = {
    "recursive": {Frequency.DAY: 730, Frequency.WEEK: 208, Frequency.MONTH: 96},
    "direct": {Frequency.DAY: 1_300, Frequency.WEEK: 208, Frequency.MONTH: 96},
}
"""Periods of targets that a booster learns from; what is older is another trade."""

YOUNGEST: Final = {Frequency.DAY: 28, Frequency.WEEK: 8, Frequency.MONTH: 4}
"""Known periods behind a sample: below, its features are blank."""

MOST_ROWS: Final = 260_000  # samples of one bag; more cost time and teach little
MOST_SERIES: Final = 6_000  # that those samples are drawn from
LEAST_ROWS: Final = 5_000  # below, a local mean is as good, and a trial no evidence of a later one
LEAST_LIVE: Final = {Frequency.DAY: 5_000, Frequency.WEEK: 5_000, Frequency.MONTH: 2_500}
"""The same of the newest, tried or not: an own mean of few months is worth less still."""

LEAST_SERIES: Final = 60  # with demand; below, boosters know their teachers by heart

EFFORT: Final = {
    Frequency.DAY: CountEffort(rounds=130, leaves=63, rate=0.085, leaf_rows=80),
    Frequency.WEEK: CountEffort(rounds=120, leaves=31, rate=0.07, leaf_rows=60),
    Frequency.MONTH: CountEffort(rounds=120, leaves=15, rate=0.05, leaf_rows=40, power=1.3),
}

BAG: Final = {Frequency.DAY: 1, Frequency.WEEK: 1, Frequency.MONTH: 4}
"""Boosters of a member: months are few, so that one hangs on its seed, and is cheap."""

SEED_STEP: Final = 1 << 20  # between the seeds of a bag: those of users lie nearer


@dataclass(frozen=True)
class PooledModels:
    """The two members of one training."""

    recursive: Bag
    direct: Bag
    added: tuple[Feature, ...] = ()  # that the direct one knows besides

    def beside(self, older: PooledModels) -> PooledModels:
        """Both at an equal say; of the same history, so that they see the same features."""
        recursive, direct = (
            Bag(mine.boosters + theirs.boosters)
            for mine, theirs in ((self.recursive, older.recursive), (self.direct, older.direct))
        )
        return replace(self, recursive=recursive, direct=direct)

    def forecast(
        self,
        history: History,
        column: int,
        horizon: int,
        asked: NDArray[np.bool_] | None = None,
    ) -> Matrix:
        """[n, 2, horizon] mean demand after a column of the history, units a period.

        `asked` [n]: the series that anybody wants to know of, None: all. The direct member says
        NaN of the others; the recursive one follows them too, for they are part of the groups.
        """
        lookback = SHAPES[history.frequency].lookback
        tables = tables_of(history, column, lookback, spare=horizon, added=self.added)
        rows = np.arange(tables.rows)
        origin = tables.length - 1
        found = np.full((tables.rows, 2, horizon), np.nan)
        few = rows if asked is None else np.flatnonzero(asked)
        at = np.full(len(few), origin)
        level = tables.level(few, at)
        for step in range(1, horizon + 1):
            inputs = tables.inputs(few, at, np.full(len(few), step), rough=True)
            found[few, 1, step - 1] = level * np.exp(self.direct.log_ratio(inputs))
        one = np.ones(tables.rows, np.int64)
        for step in range(horizon):
            at = np.full(tables.rows, origin + step)
            inputs = tables.inputs(rows, at, one, rough=False)
            value = tables.level(rows, at) * np.exp(self.recursive.log_ratio(inputs))
            found[:, 0, step] = value
            tables.put(origin + step + 1, value)
        found[(tables.own.count[:, tables.length] < 1)] = np.nan
        return found


def fit_pooled(
    history: History, column: int, horizon: int, seed: int, *, least: int = LEAST_ROWS
) -> PooledModels | None:
    """Learn from the demand up to a column of the history; None where there is too little of it,
    fewer than `least` samples.

    Series without demand, or with outliers, teach nothing; sparse ones do: to leave them out would
    pick the steady sellers.
    """
    frequency = history.frequency
    longest = max(SPAN[name][frequency] for name in POOLED)
    demand = history.demand[:, max(0, column + 1 - longest) : column + 1]
    teaches = np.any(demand > 0, axis=1) & (clip_outliers(demand)[1] == 0)
    if teaches.sum() < LEAST_SERIES:
        return None
    models = []
    chosen = np.flatnonzero(teaches)
    if len(chosen) > MOST_SERIES:
        luck = np.random.default_rng([seed, column])
        chosen = np.sort(luck.choice(chosen, MOST_SERIES, replace=False))
    lookback, added = longest + SHAPES[frequency].lookback, registered()
    tables = tables_of(history, column, lookback, rows=chosen, added=added)
    for name in POOLED:
        seeds = [seed + number * SEED_STEP for number in range(BAG[frequency])]
        tried = [_learned(name, tables, frequency, horizon, (one, column), least) for one in seeds]
        bag = tuple(one for one in tried if one is not None)
        if len(bag) < len(seeds):
            return None
        models.append(Bag(bag))
    recursive, direct = models
    return PooledModels(recursive, direct, added)


def _learned(
    name: str,
    tables: Tables,
    frequency: Frequency,
    horizon: int,
    key: tuple[int, int],
    least: int,
) -> Booster | None:
    """One booster of a member's bag; `key`: its seed and column. None of fewer samples than the
    least."""
    seed, column = key
    luck = np.random.default_rng([seed, zlib.crc32(name.encode()), column])
    span, most = SPAN[name][frequency], MOST_ROWS // BAG[frequency]
    ahead = 1 if name == "recursive" else horizon
    rows, columns, steps = _samples(tables, span, ahead, YOUNGEST[frequency], luck, most=most)
    if len(rows) < least:
        return None
    inputs = tables.inputs(rows, columns, steps, rough=name == "direct")
    demand = tables.own.value[rows, columns + steps].astype(np.float64)
    level = tables.level(rows, columns)
    return boost(inputs, demand, level, effort=EFFORT[frequency], seed=seed)


def _samples(
    tables: Tables,
    span: int,
    horizon: int,
    youngest: int,
    luck: np.random.Generator,
    *,
    most: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows, origin columns and steps of at most `most` known targets of the last `span`."""
    begin = max(0, tables.length - span)
    known = ~np.isnan(tables.own.value[:, begin : tables.length])
    cells = np.flatnonzero(known)
    if len(cells) > most:
        cells = np.sort(luck.choice(cells, most, replace=False))
    rows, targets = np.divmod(cells, known.shape[1])
    targets += begin
    steps = luck.integers(1, horizon + 1, len(rows))
    columns = targets - steps
    old = columns - tables.first[rows] + 1 >= youngest
    return rows[old], columns[old], steps[old]


def tables_of(
    history: History,
    column: int,
    lookback: int,
    *,
    spare: int = 0,
    rows: NDArray[np.int64] | None = None,
    added: Sequence[Feature] = (),
) -> Tables:
    """The features' tables of a history, or of some rows of it, cut behind a column: nothing later
    is in them."""
    assert history.drivers is not None
    begin = max(0, column + 1 - lookback)
    part = slice(begin, column + 1)
    demand = clip_outliers(history.demand[:, part])[0]
    groups = groups_of(history.groups, demand)
    price = None if history.price is None else history.price[:, part]
    drivers = history.drivers
    if rows is not None:
        demand, drivers = demand[rows], drivers.of(rows)
        groups = replace(groups, code=groups.code[rows])
        price = None if price is None else price[rows]
    return Tables(
        demand,
        start=history.start + begin,
        frequency=history.frequency,
        groups=groups,
        drivers=drivers,
        shift=begin,
        price=price,
        spare=spare,
        added=added,
    )
