"""What a forecast is worth on one window. Matrices are [n, H]; NaN actuals are left out."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.demand.counts import CountForecast, SamplePaths
from forecasting.scores import (
    bias,
    bounds_of_draws,
    chance_below,
    naive_scale,
    pinball_losses,
    rmsse,
    wape,
)

Matrix = NDArray[np.float64]

M5_LEVELS: Final = (0.005, 0.025, 0.165, 0.25, 0.5, 0.75, 0.835, 0.975, 0.995)
STOCK_LEVELS: Final = (0.5, 0.8, 0.9, 0.95)
TOTAL_LEVELS: Final = (0.5, 0.9, 0.95)


def pinball_share(actual: Matrix, forecast: CountForecast, levels: tuple[float, ...]) -> float:
    """Mean over the levels of Σ pinball, ÷ Σy: .7875 for an all-zero forecast at STOCK_LEVELS."""
    lost = [
        np.nansum(pinball_losses(actual, forecast.quantile(level), level=level)) for level in levels
    ]
    return float(np.mean(lost) / np.nansum(actual))


def absolute_scale(history: Matrix) -> Matrix:
    """[n] mean absolute difference of neighbouring known periods since the first sale.

    >>> absolute_scale(np.array([[np.nan, 1.0, 3.0, 3.0]]))
    array([1.])
    """
    steps = np.abs(np.diff(history, axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nansum(steps, axis=1) / np.sum(~np.isnan(steps), axis=1)


def weighted_mean(values: Matrix, weights: Matrix) -> float:
    """Mean of the finite values by weight: a series without a scale has no say.

    >>> weighted_mean(np.array([1.0, 3.0, np.inf]), np.array([1.0, 3.0, 9.0]))
    2.5
    """
    usable = np.isfinite(values)
    if not weights[usable].any():
        return float("nan")
    return float(np.average(values[usable], weights=weights[usable]))


def spl(actual: Matrix, forecast: CountForecast, scale: Matrix) -> Matrix:
    """[n] M5's scaled pinball loss: the mean over its nine quantiles and the window, ÷ scale.

    Makridakis et al. (2022), "The M5 uncertainty competition", eq. 2.
    """
    lost = [
        np.nanmean(pinball_losses(actual, forecast.quantile(u), level=u), axis=1) for u in M5_LEVELS
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.mean(lost, axis=0) / scale


def mass_below(level: float, below: Matrix, upto: Matrix) -> float:
    """Expected share of randomised PITs under a level: the level itself when calibrated.

    >>> mass_below(0.5, np.array([0.0, 0.4, 0.6]), np.array([0.25, 0.6, 0.9]))
    0.5
    """
    return float(np.nanmean(chance_below(below, upto, level=level)))


def calibration(actual: Matrix, forecast: CountForecast) -> dict[str, float]:
    """PIT mass, and beside it the coverage of P10 to P90, closed and strict."""
    below, upto = forecast.bounds(actual)
    known = ~np.isnan(actual)
    low, high = forecast.quantile(0.1)[known], forecast.quantile(0.9)[known]
    y = actual[known]
    return {
        "PIT .1-.9": mass_below(0.9, below, upto) - mass_below(0.1, below, upto),
        "PIT <.95": mass_below(0.95, below, upto),
        "P10-P90 closed": float(np.mean((y >= low) & (y <= high))),
        "P10-P90 strict": float(np.mean((y > low) & (y < high))),
    }


def group_rmsse(
    actual: Matrix, mean: Matrix, history: Matrix, group: pd.Series, revenue: Matrix
) -> float:
    """RMSSE of the summed series of each group, weighted by its revenue as M5 does."""
    code, names = pd.factorize(group)

    def summed(matrix: Matrix) -> Matrix:
        total = np.zeros((len(names), matrix.shape[1]))
        np.add.at(total, code, np.nan_to_num(matrix))
        return total

    scale = naive_scale(_since_first(summed(history)))
    values = rmsse(summed(actual), summed(mean), scale=scale)
    return weighted_mean(values, np.bincount(code, revenue))


def _since_first(units: Matrix) -> Matrix:
    return np.where(np.cumsum(units > 0, axis=1) > 0, units, np.nan)


def totals(actual: Matrix, forecast: SamplePaths, site: pd.Series, steps: int) -> dict[str, float]:
    """PIT mass of the demand over the first `steps` periods, per series and of site sums."""
    drawn = forecast.paths[:, :, :steps].sum(axis=2, dtype=np.float64)
    truth = actual[:, :steps].sum(axis=1)
    code, names = pd.factorize(site)
    site_drawn, site_truth = np.zeros((len(names), drawn.shape[1])), np.zeros(len(names))
    np.add.at(site_drawn, code, drawn)
    np.add.at(site_truth, code, truth)
    found = {}
    for who, draws, sums in (("series", drawn, truth), ("site", site_drawn, site_truth)):
        below, upto = bounds_of_draws(draws, sums)
        for level in TOTAL_LEVELS:
            found[f"{who} {steps}: <{level:g}"] = mass_below(level, below, upto)
    return found


def retail(
    actual: Matrix,
    forecast: CountForecast,
    *,
    history: Matrix,
    revenue: Matrix,
    group: pd.Series,
) -> dict[str, float]:
    """M5's measures; `revenue` [n] of the last 28 days weighs the series."""
    each = rmsse(actual, forecast.mean, scale=naive_scale(history))
    return {
        "RMSSE": weighted_mean(each, np.ones(len(each))),
        "W12": weighted_mean(each, revenue),
        "WSPL": weighted_mean(spl(actual, forecast, absolute_scale(history)), revenue),
        "store×dept": group_rmsse(actual, forecast.mean, history, group, revenue),
        "WAPE": wape(actual, forecast.mean),
        "bias": bias(actual, forecast.mean),
        **calibration(actual, forecast),
    }


def plain(
    actual: Matrix, forecast: CountForecast, *, levels: tuple[float, ...] = STOCK_LEVELS
) -> dict[str, float]:
    """WAPE, bias, pinball ÷ Σy and calibration."""
    return {
        "WAPE": wape(actual, forecast.mean),
        "bias": bias(actual, forecast.mean),
        "pinball": pinball_share(actual, forecast, levels),
        "P90 pinball": pinball_share(actual, forecast, (0.9,)),
        **calibration(actual, forecast),
    }
