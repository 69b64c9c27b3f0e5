"""The errors of a backtest as a bank of score paths that future demand may draw from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.counts import pit
from forecasting.dispersion import Dispersion, volume_class
from forecasting.distribution import ErrorPaths, fill_gaps, series_key
from forecasting.history import History
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
    luck = _luck(history.series, origins, horizon, seed)
    scores = np.full((count, origins, horizon), np.nan, np.float32)
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
        u = pit(window.actual / quantum, forecasts[:, k] / quantum, phi, luck[:, k])
        with np.errstate(invalid="ignore"):
            path = fill_gaps(ndtri(np.clip(u, 1e-9, 1.0 - 1e-9)), reach=trial.reach)
        path[window.states.known < SHORT[history.frequency]] = np.nan
        scores[:, k] = path
    usual = volume.mean(axis=1) if origins else np.zeros(count)
    lends, volumes = trial.lends, volume_class(volume)
    sites = np.array(sites_of(history.series), dtype=np.int64)
    bank = ErrorPaths.of(scores[lends], volumes[lends], sites[lends], history.frequency)
    dispersion = Dispersion.of(
        trial.fresh * trial.losses.sum(axis=1),
        trial.fresh * trial.periods.sum(axis=1),
        mean=usual,
        lends=lends,
    )
    return Errors(dispersion, scores, bank)


def _luck(series: pd.DataFrame, windows: int, horizon: int, seed: int) -> Matrix:
    """[n, K, H] the randomisation of the PIT, each series' own."""
    luck = np.empty((len(series), windows, horizon))
    for row, (site, sku) in enumerate(zip(series["site"], series["sku"], strict=True)):
        # the second word keeps this stream apart from the one that draws paths
        key = np.random.Philox(key=[seed + (1 << 32), series_key(site, sku)])
        luck[row] = np.random.Generator(key).random((windows, horizon))
    return luck
