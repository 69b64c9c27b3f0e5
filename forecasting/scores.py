"""One short function a metric. Actuals first, forecasts second; NaN actuals are left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]


def rmsse(actual: ArrayLike, forecast: ArrayLike, *, scale: ArrayLike) -> Matrix:
    """Root mean squared scaled error of each row: √(mean (y − f)² / scale).

    `scale`: mean squared one-step naive error of the history, [n]. Makridakis, Spiliotis and
    Assimakopoulos (2022), "M5 accuracy competition", eq. 1.

    >>> rmsse([[2.0, 4.0]], [[1.0, 1.0]], scale=[5.0])
    array([1.])
    """
    error = np.asarray(actual, float) - np.asarray(forecast, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(error**2, axis=-1) / np.sum(~np.isnan(error), axis=-1)
        return np.sqrt(mean / np.asarray(scale, float))


def naive_scale(history: Matrix) -> Matrix:
    """[n] mean squared difference of neighbouring known periods since the first sale.

    >>> naive_scale(np.array([[np.nan, 1.0, 3.0, 3.0]]))
    array([2.])
    """
    steps = np.diff(history, axis=1)
    count = np.sum(~np.isnan(steps), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nansum(steps**2, axis=1) / count


def wape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Σ|y − f| ÷ Σ|y|. Kolassa and Schütz (2007), "Advantages of the MAD/mean ratio".

    >>> wape([2.0, 2.0], [1.0, 3.0])
    0.5
    """
    y, f = np.asarray(actual, float), np.asarray(forecast, float)
    known = ~np.isnan(y)
    total = np.abs(y[known]).sum()
    return float(np.abs(y - f)[known].sum() / total) if total > 0 else float("nan")


def bias(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Σ(f − y) ÷ Σy: above zero forecasts too much.

    >>> bias([2.0, 2.0], [1.0, 4.0])
    0.25
    """
    y, f = np.asarray(actual, float), np.asarray(forecast, float)
    known = ~np.isnan(y)
    total = y[known].sum()
    return float((f - y)[known].sum() / total) if total > 0 else float("nan")


def pinball(actual: ArrayLike, quantile: ArrayLike, *, level: float) -> float:
    """Mean of max(τ(y − q), (τ − 1)(y − q)). Koenker and Bassett (1978).

    >>> round(pinball([10.0], [8.0], level=0.9), 9)
    1.8
    """
    loss = pinball_losses(actual, quantile, level=level)
    return float(np.nanmean(loss)) if np.any(~np.isnan(loss)) else float("nan")


def pinball_losses(actual: ArrayLike, quantile: ArrayLike, *, level: float) -> Matrix:
    """The same of each value.

    >>> pinball_losses([10.0, 8.0], [8.0, 10.0], level=0.75)
    array([1.5, 0.5])
    """
    gap = np.asarray(actual, float) - np.asarray(quantile, float)
    return np.maximum(level * gap, (level - 1.0) * gap)


def value_added(ours: ArrayLike, theirs: ArrayLike) -> Matrix:
    """1 − our error ÷ theirs: above zero we are better, below we lose.

    Gilliland (2002), "Is forecasting a waste of time?", Supply Chain Management Review.

    >>> value_added([0.9, 1.1], [1.0, 1.0]).round(9)
    array([ 0.1, -0.1])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1.0 - np.asarray(ours, float) / np.asarray(theirs, float)


def moved(earlier: ArrayLike, later: ArrayLike) -> Matrix:
    """Σ|f′ − f| of each row, of two forecasts of the same periods; ÷ Σy it is the instability.

    Godahewa et al. (2025), "On forecast stability", Int. J. Forecasting 41:1539 (vertical).

    >>> moved([[2.0, 2.0]], [[3.0, 1.5]])
    array([1.5])
    """
    return np.nansum(np.abs(np.asarray(later, float) - np.asarray(earlier, float)), axis=-1)


def bounds_of_draws(draws: NDArray[np.floating], actual: Matrix) -> tuple[Matrix, Matrix]:
    """P(Y < y) and P(Y ≤ y) of draws [..., P] at actual [...]; NaN where that is unknown.

    >>> bounds_of_draws(np.array([[0.0, 1.0, 1.0, 3.0]]), np.array([1.0]))
    (array([0.25]), array([0.75]))
    """
    known = np.where(np.isnan(actual), np.nan, 1.0)
    y = actual[..., None]
    return (draws < y).mean(axis=-1) * known, (draws <= y).mean(axis=-1) * known


def chance_below(below: Matrix, upto: Matrix, *, level: float) -> Matrix:
    """P(u < level) of the randomised PIT u, uniform from P(Y < y) to P(Y ≤ y); NaN unknown.

    Its mean over the outcomes is the level itself where a forecast is calibrated, however small
    the counts. Czado, Gneiting and Held (2009), Biometrics 65, eq. 2, in closed form.

    >>> chance_below(np.array([0.0, 0.4, 0.6]), np.array([0.25, 0.6, 0.9]), level=0.5).round(9)
    array([1. , 0.5, 0. ])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(upto > below, (level - below) / (upto - below), below < level)
    return np.where(np.isnan(below), np.nan, np.clip(share, 0.0, 1.0))
