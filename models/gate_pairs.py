"""Two trainings made comparable: what both said of the same past, as sums by series.

Rows name a series by its row in the challenger's table; series that one of the two does not know
take no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecasting.out_of_fold import BELOW, LEVEL_COLUMNS, LEVELS
from forecasting.scores import pinball_losses
from models.evidence import YEAR, Evidence
from models.lead_time import Floats, Rows

Flags = NDArray[np.bool_]
Value = Callable[[Floats], Floats]  # weights of the series [B, n] -> the measure [B]

LEAST_ORIGINS: Final = 3  # that both have; with fewer, all that they said of the same periods
SAME: Final = 1e-4  # share by which what came may differ: two trainings may recover it differently
BINS: Final = 10


@dataclass(frozen=True)
class Pair:
    """One measure of both, as functions of the series' weights."""

    measure: str
    challenger: Value
    champion: Value
    naive: Value | None
    here: Flags  # [n] series that both measured
    events: Floats  # [n] outcomes that could tell them apart

    @classmethod
    def of_sums(
        cls,
        measure: str,
        value: Callable[[Floats], Floats],
        sums: Sequence[Floats],
        here: Flags,
        events: Floats,
    ) -> Pair:
        """`sums`: [n, k] of the challenger, the champion and, perhaps, the naive."""
        ours, theirs, *naive = (_weighted(one, value) for one in sums)
        return cls(measure, ours, theirs, naive[0] if naive else None, here, events)


@dataclass(frozen=True)
class Common:
    """The rows of both sides that speak of the same; `weight`: of a row, that each period counts
    once."""

    challenger: pd.DataFrame
    champion: pd.DataFrame
    words: str


def _weighted(sums: Floats, value: Callable[[Floats], Floats]) -> Value:
    return lambda weights: value(weights @ sums)


def _ratio(sums: Floats) -> Floats:
    """[B] the first ÷ the last; NaN where there is none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[:, :-1].sum(axis=1) / sums[:, -1])


def _by_series(rows: pd.DataFrame, count: int, *columns: ArrayLike) -> Floats:
    """[n, k] weighted sums of the columns."""
    series, weight = rows["series"].to_numpy(), rows["weight"].to_numpy()
    return np.column_stack(
        [np.bincount(series, weight * np.asarray(one, np.float64), count) for one in columns]
    )


def renamed(champion: Evidence, challenger: Evidence) -> dict[str, pd.DataFrame]:
    """The champion's tables with the challenger's rows of series."""
    keys = [pd.MultiIndex.from_frame(one.series[["site", "sku"]]) for one in (challenger, champion)]
    place = keys[0].get_indexer(keys[1])
    found = {}
    for name in ("forecasts", "decisions", "warnings", "ruptures"):
        table = getattr(champion, name)
        series = place[table["series"].to_numpy()]
        found[name] = table.assign(series=series)[series >= 0].reset_index(drop=True)
    return found


def common_rows(ours: pd.DataFrame, theirs: pd.DataFrame, *, steps: bool) -> Common:
    """Rows of the same series, origin and step; where few origins are common, of the same series
    and period (`steps`), or of the same span of origins.

    Rows whose `actual` differ say nothing: two trainings that recover demand differently are judged
    where they agree on what came.
    """
    shared = np.intersect1d(ours["origin"].unique(), theirs["origin"].unique())
    by_origin = len(shared) >= min(LEAST_ORIGINS, ours["origin"].nunique())
    if not len(ours) or not len(theirs):
        return Common(ours.iloc[:0], theirs.iloc[:0], "")
    if by_origin:
        sides = [side[side["origin"].isin(shared)] for side in (ours, theirs)]
        keys = [_key(side, side["step"] if steps else 0) for side in sides]
        words = f"{len(shared)} origins of both"
    elif steps:
        sides = [ours, theirs]
        keys = [_key(side.assign(origin=side["origin"] + side["step"]), 0) for side in sides]
        words = "the same periods, forecast from different origins"
    else:
        begin = max(side["origin"].min() for side in (ours, theirs))
        end = min(side["origin"].max() for side in (ours, theirs))
        sides = [side[side["origin"].between(begin, end)] for side in (ours, theirs)]
        keys = [side["series"].to_numpy(np.int64) for side in sides]
        return _matched(sides, keys, "the same months, from different origins", alike=False)
    return _matched(sides, keys, words, alike="actual" in ours)


def _key(rows: pd.DataFrame, step: pd.Series | int) -> Rows:
    """One number a series, origin and step."""
    series, origin = rows["series"].to_numpy(np.int64), rows["origin"].to_numpy(np.int64)
    return np.asarray((series << 36) + (origin << 10) + np.asarray(step, np.int64))


def _matched(sides: list[pd.DataFrame], keys: list[Rows], words: str, *, alike: bool) -> Common:
    both = np.intersect1d(keys[0], keys[1])
    told = []
    for rows, key in zip(sides, keys, strict=True):
        kept = np.isin(key, both)
        place = np.searchsorted(both, key[kept])
        told.append((rows[kept].reset_index(drop=True), place))
    good = np.ones(len(both), dtype=bool)
    if alike and len(both):
        came = [_first(rows["actual"].to_numpy(np.float64), place) for rows, place in told]
        good = np.abs(came[0] - came[1]) <= SAME * np.maximum(np.abs(came[0]), 1.0)
        left_out = 1.0 - good.mean()
        if left_out > 0:
            words += f" ({left_out:.1%} left out: they disagree on what came)"
    found = []
    for rows, place in told:
        once = 1.0 / np.bincount(place, minlength=len(both))[place] if alike else 1.0
        found.append(rows.assign(weight=once)[good[place]].reset_index(drop=True))
    return Common(found[0], found[1], words)


def _first(values: Floats, place: Rows) -> Floats:
    """One value of each place."""
    found = np.zeros(place.max() + 1)
    found[place] = values
    return found


def forecast_pairs(common: Common, challenger: Evidence) -> Iterator[Pair]:
    """RMSSE, pinball, bias and coverage."""
    count, scale = len(challenger.series), challenger.series["scale"].to_numpy(np.float64)
    if not len(common.challenger):
        return
    ours, theirs = common.challenger, common.champion
    events = _by_series(ours, count, ours["actual"] > 0)[:, 0]

    def scaled(rows: pd.DataFrame, column: str) -> Floats:
        square = (rows[column].to_numpy(np.float64) - rows["actual"].to_numpy(np.float64)) ** 2
        sums = _by_series(rows, count, square, np.ones(len(rows)))
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.sqrt(sums[:, 0] / sums[:, 1] / scale)
        known = np.isfinite(error)
        return np.column_stack([np.where(known, error, 0.0), known])

    sides = [scaled(ours, "forecast"), scaled(theirs, "forecast"), scaled(ours, "seasonal_naive")]
    here = (sides[0][:, 1] > 0) & (sides[1][:, 1] > 0)
    yield Pair.of_sums("RMSSE", _ratio, sides, here, events)

    def lost(rows: pd.DataFrame) -> Floats:
        actual = rows["actual"].to_numpy(np.float64)
        losses = [
            pinball_losses(actual, rows[name].to_numpy(np.float64), level=level)
            for name, level in zip(LEVEL_COLUMNS, LEVELS, strict=True)
        ]
        drawn = np.isfinite(losses[0])
        mean = np.where(drawn, np.mean(losses, axis=0), 0.0)
        return _by_series(rows, count, mean, np.where(drawn, actual, 0.0), drawn)

    told = [lost(one) for one in (ours, theirs)]
    drawn = (told[0][:, 2] > 0) & (told[1][:, 2] > 0)
    sums = [one[:, :2] for one in told]
    yield Pair.of_sums("pinball", _ratio, sums, drawn, events)

    def erred(rows: pd.DataFrame, column: str) -> Floats:
        actual = rows["actual"].to_numpy(np.float64)
        return _by_series(rows, count, rows[column].to_numpy(np.float64) - actual, actual)

    sums = [erred(ours, "forecast"), erred(theirs, "forecast"), erred(ours, "seasonal_naive")]
    yield Pair.of_sums("bias", _ratio, sums, here, events)

    def covered(rows: pd.DataFrame) -> Floats:
        below = rows[BELOW].to_numpy(np.float64)
        return _by_series(rows, count, np.nan_to_num(below), np.isfinite(below))

    sums = [covered(one) for one in (ours, theirs)]
    yield Pair.of_sums("coverage", _ratio, sums, drawn, events)


def decision_pairs(common: Common, challenger: Evidence) -> Iterator[Pair]:
    """What ordering up to a quantile of the demand of each main horizon would have cost: the loss
    of units that were missing, and the holding of those left. Of the currency of most series."""
    ours, theirs = common.challenger, common.champion
    if not len(ours):
        return
    table, facts, count = challenger.series, challenger.facts, len(challenger.series)
    loss = table["unit_loss"].to_numpy(np.float64)
    cost = table["unit_cost"].to_numpy(np.float64)
    priced = np.isfinite(loss)
    if priced.any():
        priced &= (table["currency"] == table.loc[priced, "currency"].mode().iloc[0]).to_numpy()
    else:  # nothing is known of money: units count alike
        loss, priced = np.ones(count), np.ones(count, dtype=bool)
    held = np.where(np.isfinite(cost), cost, loss) * facts.holding_rate * facts.horizon_days / YEAR
    loss, held = np.where(priced, loss, 0.0), np.where(priced, held, 0.0)

    def paid(rows: pd.DataFrame) -> Floats:
        series = rows["series"].to_numpy()
        left = rows["order_up_to"].to_numpy(np.float64) - rows["demand"].to_numpy(np.float64)
        return _by_series(
            rows,
            count,
            np.maximum(-left, 0.0) * loss[series],
            np.maximum(left, 0.0) * held[series],
            left < 0,
            np.ones(len(rows)),
        )

    sums = [paid(one) for one in (ours, theirs)]
    here = priced & (sums[0][:, 3] > 0) & (sums[1][:, 3] > 0)
    ruptures = np.maximum(sums[0][:, 2], sums[1][:, 2])
    for measure, columns in {
        "decision cost": [0, 1, 3],
        "lost by ruptures": [0, 3],
        "stock held": [1, 3],
        "ruptures": [2, 3],
    }.items():
        yield Pair.of_sums(measure, _ratio, [one[:, columns] for one in sums], here, ruptures)


def warning_pairs(common: Common, count: int) -> Iterator[Pair]:
    """Average precision and calibration."""
    ours, theirs = common.challenger, common.champion
    if not len(ours):
        return
    events = _by_series(ours, count, ours["event"])[:, 0]
    here = np.bincount(ours["series"], minlength=count) > 0
    yield Pair(
        "average precision",
        _precision(ours, "probability"),
        _precision(theirs, "probability"),
        _precision(ours, "by_cover"),
        here,
        events,
    )
    sums = [_binned(one, count) for one in (ours, theirs)]
    yield Pair.of_sums("calibration error", _gap, sums, here, events)


def lead_pairs(ours: pd.DataFrame, theirs: pd.DataFrame, count: int) -> Iterator[Pair]:
    """Days from the first warning to a rupture, of ruptures in the span that both saw."""
    if not len(ours) or not len(theirs):
        return
    begin = max(side["period"].min() for side in (ours, theirs))
    end = min(side["period"].max() for side in (ours, theirs))
    if begin > end:
        return
    sums = []
    for side in (ours, theirs):
        rows = side[side["period"].between(begin, end)].assign(weight=1.0)
        sums.append(_by_series(rows, count, rows["lead_days"], np.ones(len(rows))))
    here = (sums[0][:, 1] > 0) & (sums[1][:, 1] > 0)
    yield Pair.of_sums("lead days", _ratio, sums, here, sums[0][:, 1])


def _precision(rows: pd.DataFrame, column: str) -> Value:
    """Average precision of weighted rows: draws share one threshold, as scikit-learn has it."""
    score = rows[column].to_numpy(np.float64)
    order = np.argsort(-score, kind="stable")
    series, event = rows["series"].to_numpy()[order], rows["event"].to_numpy(np.float64)[order]
    begins = np.flatnonzero(np.append(True, np.diff(score[order]) != 0))

    def one(weights: Floats) -> float:
        weight = weights[series]
        hits = np.add.reduceat(weight * event, begins)
        named = np.cumsum(np.add.reduceat(weight, begins))
        total = hits.sum()
        if total <= 0:
            return np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = np.where(named > 0, np.cumsum(hits) / named, 0.0)
        return float(np.sum(hits * precision) / total)

    return lambda weights: np.array([one(row) for row in weights])


def _binned(rows: pd.DataFrame, count: int) -> Floats:
    """[n, BINS + 1] events less chances in bins of equally many rows, and the rows."""
    chance = rows["probability"].to_numpy(np.float64)
    rank = np.argsort(np.argsort(chance, kind="stable"), kind="stable")
    place = rank * BINS // max(len(rank), 1)
    gap = rows["event"].to_numpy(np.float64) - chance
    columns = [np.where(place == number, gap, 0.0) for number in range(BINS)]
    return _by_series(rows, count, *columns, np.ones(len(rows)))


def _gap(sums: Floats) -> Floats:
    """[B] ECE: Σ over bins |Σ events − Σ chances| ÷ rows."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(sums[:, :-1]).sum(axis=1) / sums[:, -1])
