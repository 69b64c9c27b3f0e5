"""What a series sells in a period in stock, told by the past: level × weekday × sku elsewhere.

Every factor of a period comes from earlier ones, but for the last: what the same sku sold on that
very period at other sites. All are gamma-Poisson means, (Σ sold + κ·D) ÷ (Σ expected + κ·D): events
that happened over events expected, shrunk to 1 by κ events, where D is how many units make one
independent event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

MEMORY: Final = 0.92  # of the level, a period: twelve follow a trend and average a week
LONG_MEMORY: Final = 0.99  # of the level that a short or long-empty series falls back to
LEVEL_EVENTS: Final = 2.0  # κ of the long level
MOST_PRIOR: Final = 1000.0  # periods: a series that sold nothing has no events at all
WEEKDAY_MEMORY: Final = 0.95  # a week
WEEKDAY_EVENTS: Final = 40.0  # κ
ELSEWHERE_EVENTS: Final = 15.0  # κ
PRIOR_VARIATION: Final = 0.3  # φ of var = m + φ m²; retail days and months lie around it
PRIOR_PERIODS: Final = 10.0  # that this prior counts for in D …
LEFT_PERIODS: Final = 1.0  # … and in what the mean leaves unexplained
LEAST_DISPERSION: Final = 1e-6  # units: a series that always sells the same


@dataclass(frozen=True)
class Expectation:
    """`mean` [n, T] units in stock, NaN before a series was first in stock; `dispersion` [n, T]
    variance around it ÷ mean, units; `periods` [n, T] in stock that the level rests on."""

    mean: Matrix
    dispersion: Matrix
    periods: Matrix


def expectation(
    units: Matrix, teaches: Mask, skus: NDArray[np.int64], *, days: bool
) -> Expectation:
    """Of units [n, T] in the periods that teach: known, and in stock.

    `skus` [n] rising: series of one sku stand together. `days`: periods are days.
    """
    sold = np.where(teaches, units, 0.0)
    weight = teaches.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        usual = past(sold, LONG_MEMORY) / past(weight, LONG_MEMORY)
    dispersion = _dispersion(sold, usual, teaches & (usual > 0), PRIOR_PERIODS)
    mean, periods = _level(sold, weight, usual, dispersion)
    if days:
        season = _weekday(sold, mean, teaches & (mean > 0), dispersion)
        mean, periods = _level(sold, weight * season, usual, dispersion)
        mean *= season
    mean *= _elsewhere(sold, mean, teaches & (mean > 0), dispersion, skus)
    left = _dispersion(sold, mean, teaches & (mean > 0), LEFT_PERIODS)
    return Expectation(mean, left, periods)


def past(values: Matrix, memory: float) -> Matrix:
    """[n, T] Σ memory^(t−1−s) × value over the periods s before t."""
    from scipy.signal import lfilter  # takes a second to load, and only forecasts need it

    return lfilter([0.0, 1.0], [1.0, -memory], values, axis=1)


def _level(
    sold: Matrix, weight: Matrix, usual: Matrix, dispersion: Matrix
) -> tuple[Matrix, Matrix]:
    with np.errstate(invalid="ignore", divide="ignore"):
        prior = np.minimum(LEVEL_EVENTS * dispersion / usual, MOST_PRIOR)
    periods = past(weight, MEMORY) + prior
    return (past(sold, MEMORY) + prior * usual) / periods, periods


def _dispersion(sold: Matrix, mean: Matrix, known: Mask, periods: float) -> Matrix:
    """[n, T] Σ (sold − mean)² ÷ Σ mean so far, shrunk to 1 + PRIOR_VARIATION × mean."""
    level = np.nan_to_num(mean)
    square = past(np.where(known, (sold - level) ** 2, 0.0), LONG_MEMORY)
    expected = past(np.where(known, level, 0.0), LONG_MEMORY)
    prior = 1.0 + PRIOR_VARIATION * level
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = periods * level
        found = (square + weight * prior) / (expected + weight)
    return np.maximum(np.where(level > 0, found, prior), LEAST_DISPERSION)


def _weekday(sold: Matrix, level: Matrix, known: Mask, dispersion: Matrix) -> Matrix:
    """[n, T] factor of each day's weekday, from the same weekday of the weeks before."""
    rows, count = sold.shape
    weeks = -(-count // 7)

    def same_weekday(values: Matrix) -> Matrix:
        padded = np.zeros((rows, weeks * 7))
        padded[:, :count] = values
        return past(padded.reshape(rows, weeks, 7), WEEKDAY_MEMORY).reshape(rows, -1)[:, :count]

    prior = WEEKDAY_EVENTS * dispersion
    happened = same_weekday(np.where(known, sold, 0.0))
    return (happened + prior) / (same_weekday(np.where(known, level, 0.0)) + prior)


def _elsewhere(
    sold: Matrix, mean: Matrix, known: Mask, dispersion: Matrix, skus: NDArray[np.int64]
) -> Matrix:
    """[n, T] factor of each period from the other series of the same sku."""
    starts = np.flatnonzero(np.r_[True, np.diff(skus) > 0])
    if len(starts) == len(skus):
        return np.ones((1, 1))
    place = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(skus)]))

    def of_others(values: Matrix) -> Matrix:
        own = np.where(known, values, 0.0) / dispersion
        return np.add.reduceat(own, starts, axis=0)[place] - own

    prior = ELSEWHERE_EVENTS
    return (of_others(sold) + prior) / (of_others(mean) + prior)
