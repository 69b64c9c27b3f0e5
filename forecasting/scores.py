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
    gap = np.asarray(actual, float) - np.asarray(quantile, float)
    loss = np.maximum(level * gap, (level - 1.0) * gap)
    return float(np.nanmean(loss)) if np.any(~np.isnan(loss)) else float("nan")
