"""The errors of a backtest as a bank of score paths that future demand may draw from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.counts import pit_bounds
from forecasting.dispersion import Dispersion, volume_class
from forecasting.distribution import ErrorPaths, fill_gaps
from forecasting.history import History
from forecasting.latent_scores import scores_of
from forecasting.scatter import sites_of
from forecasting.states import SHORT
from forecasting.trial import Trial

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Of n series at K origins."""

    dispersion: Dispersion
    scores: NDArray[np.float32]  # [n, K, H] normal scores; NaN where a path is not known whole
    bank: ErrorPaths


def errors_made(history: History, trial: Trial, seed: int) -> Errors:
    """What the held-out forecasts of a backtest got wrong.

    The dispersion that turns an error into a score is learned on the other origins.
    """
    windows, forecasts = trial.windows, trial.forecasts
    count, origins, horizon = forecasts.shape
    low, high = np.full((2, count, origins, horizon), np.nan)
    volume = np.zeros((count, origins))
    for k, window in enumerate(windows):
        volume[:, k] = forecasts[:, k].mean(axis=1) / window.states.quantum
    rows = np.arange(count)
    for k, window in enumerate(windows):
        quantum = window.states.quantum[:, None]
        others = np.arange(origins) != k
        learned = Dispersion.of(
            trial.fresh * trial.losses[:, others].sum(axis=1),
            trial.fresh * trial.periods[:, others].sum(axis=1),
            mean=volume[:, k],
            lends=trial.lends,
        )
        phi = learned.at(rows, recent=window.states.dispersion, mean=volume[:, k])
        told = window.states.known >= SHORT[history.frequency]
        bounds = pit_bounds(window.actual / quantum, forecasts[:, k] / quantum, phi)
        low[told, k], high[told, k] = (bound[told] for bound in bounds)
    volumes = volume_class(volume)
    drawn = scores_of(low, high, volumes, seed)
    scores = np.empty(drawn.shape, np.float32)
    for k in range(origins):
        scores[:, k] = fill_gaps(drawn[:, k], reach=trial.reach)
    usual = volume.mean(axis=1) if origins else np.zeros(count)
    lends = trial.lends
    sites = np.array(sites_of(history.series), dtype=np.int64)
    bank = ErrorPaths.of(scores[lends], volumes[lends], sites[lends], history.frequency)
    dispersion = Dispersion.of(
        trial.fresh * trial.losses.sum(axis=1),
        trial.fresh * trial.periods.sum(axis=1),
        mean=usual,
        lends=lends,
    )
    return Errors(dispersion, scores, bank)
