"""The errors of a backtest as a bank of score paths that future demand may draw from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.distribution import (
    ErrorPaths,
    dispersion_of,
    fill_gaps,
    pit,
    series_key,
    volume_class,
)
from forecasting.history import History
from forecasting.states import SHORT
from forecasting.trial import Trial

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Of n series at K origins."""

    excess: Matrix  # [n] Σ (y − f)² − f, in quanta
    square: Matrix  # [n] Σ f², in quanta
    scores: NDArray[np.float32]  # [n, K, H] normal scores; NaN where a path is not known whole
    bank: ErrorPaths


def errors_made(history: History, trial: Trial, seed: int) -> Errors:
    """What the held-out forecasts of a backtest got wrong.

    The dispersion that turns an error into a score is learned on the other origins.
    """
    windows, forecasts = trial.windows, trial.forecasts
    count, origins, horizon = forecasts.shape
    luck = _luck(history.series, origins, horizon, seed)
    scores = np.full((count, origins, horizon), np.nan, np.float32)
    excess, square = np.zeros((count, origins)), np.zeros((count, origins))
    volume = np.zeros((count, origins))
    thin = np.zeros((count, origins), dtype=bool)
    for k, window in enumerate(windows):
        quantum = window.states.quantum[:, None]
        f, y = forecasts[:, k] / quantum, window.actual / quantum
        known = ~np.isnan(y)
        excess[:, k] = np.where(known, (y - f) ** 2 - f, 0.0).sum(axis=1)
        square[:, k] = np.where(known, f**2, 0.0).sum(axis=1)
        volume[:, k] = f.mean(axis=1)
        thin[:, k] = window.states.known < SHORT[history.frequency]
    excess[thin], square[thin] = 0.0, 0.0
    for k, window in enumerate(windows):
        quantum = window.states.quantum[:, None]
        others = np.arange(origins) != k
        phi = dispersion_of(
            excess[:, others].sum(axis=1),
            square[:, others].sum(axis=1),
            window.states.dispersion,
            volume[:, k],
            horizon,
        )
        u = pit(window.actual / quantum, forecasts[:, k] / quantum, phi, luck[:, k])
        with np.errstate(invalid="ignore"):
            path = fill_gaps(ndtri(np.clip(u, 1e-9, 1.0 - 1e-9)))
        path[thin[:, k]] = np.nan
        scores[:, k] = path
    usual = volume.mean(axis=1) if origins else np.zeros(count)
    bank = ErrorPaths.of(scores[trial.lends], volume_class(usual)[trial.lends], history.frequency)
    return Errors(excess.sum(axis=1), square.sum(axis=1), scores, bank)


def _luck(series: pd.DataFrame, windows: int, horizon: int, seed: int) -> Matrix:
    """[n, K, H] the randomisation of the PIT, each series' own."""
    luck = np.empty((len(series), windows, horizon))
    for row, (site, sku) in enumerate(zip(series["site"], series["sku"], strict=True)):
        # the second word keeps this stream apart from the one that draws paths
        key = np.random.Philox(key=[seed + (1 << 32), series_key(site, sku)])
        luck[row] = np.random.Generator(key).random((windows, horizon))
    return luck
