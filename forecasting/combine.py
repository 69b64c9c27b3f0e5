"""Backtest errors → weights of the candidates, per series, shrunk towards equal."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.backtest import Window

Matrix = NDArray[np.float64]

PRIOR_ORIGINS: Final = 4.0  # weight of "all candidates are equally good", origins
SHARPNESS: Final = 2.0  # weights ∝ error^-SHARPNESS


def window_errors(window: Window) -> Matrix:
    """[n, M] error of each candidate at one origin: mean (y − f)² + (Σ(y − f))² / H.

    The second part is the error of the sum, which is what an order covers.
    """
    forecast = window.states.levels[:, :, None] * window.factors[:, None, :]
    error = window.actual[:, None, :] - forecast
    count = np.sum(~np.isnan(error), axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        point = np.nansum(error**2, axis=2) / count
        total = np.nansum(error, axis=2) ** 2 / count
    return np.where(count > 0, point + total, np.nan)


def weights_of(errors: Matrix) -> Matrix:
    """[n, M] weights from errors [n, K, M]; rows sum to 1, or are NaN where nothing was tested."""
    count = np.sum(~np.isnan(errors), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.nansum(errors, axis=1) / count
        tried = count > 0
        usual = np.nansum(np.where(tried, own, 0.0), axis=1) / tried.sum(axis=1)
        shrunk = (count * own + PRIOR_ORIGINS * usual[:, None]) / (count + PRIOR_ORIGINS)
        relative = shrunk / usual[:, None]
        score = np.where(tried, np.where(usual[:, None] > 0, relative, 1.0) ** -SHARPNESS, 0.0)
        weights: Matrix = score / score.sum(axis=1, keepdims=True)
    return weights


def leave_one_out(errors: Matrix) -> Matrix:
    """[n, K, M] weights of each origin, learned on the others."""
    count = errors.shape[1]
    rest = [weights_of(np.delete(errors, number, axis=1)) for number in range(count)]
    return np.stack(rest, axis=1) if rest else errors


def combined_level(levels: Matrix, weights: Matrix) -> Matrix:
    """[n] Σ weight × level over the candidates that have both; equal weights where none is known.

    NaN where no candidate gave a level.
    """
    usable = ~np.isnan(levels)
    weight = np.where(usable, np.nan_to_num(weights), 0.0)
    none = weight.sum(axis=1) <= 0
    weight = np.where(none[:, None], usable.astype(float), weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        level: Matrix = (weight * np.nan_to_num(levels)).sum(axis=1) / weight.sum(axis=1)
    return level
