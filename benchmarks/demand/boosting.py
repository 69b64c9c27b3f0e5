"""Plain LightGBM through Nixtla's mlforecast: one global, recursive model of lags and windows."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.demand.counts import NegativeBinomial, dispersion_by_moments
from benchmarks.demand.peers import Setting

Matrix = NDArray[np.float64]

NEEDS = ("mlforecast", "lightgbm")


def missing() -> list[str]:
    """The libraries that this peer needs and that are not installed."""
    return [name for name in NEEDS if find_spec(name) is None]


def warm_up() -> None:
    wave = np.tile([3.0, 0.0, 1.0, 2.0, 0.0, 4.0, 5.0], 20)
    lightgbm(np.stack([wave, wave + 1.0]), Setting(7, 7, None))


def lightgbm(history: Matrix, setting: Setting) -> NegativeBinomial:
    """Tweedie boosting on a history [n, T]; a series shorter than the longest lag is its mean.

    Known periods count as neighbours, as they do for the other peers, and end with the history.
    Looks one, two and four seasons back, as far as the history leaves a season to learn from.
    """
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean

    season = setting.season
    back = [count for count in (1, 2, 4) if (count + 1) * season < history.shape[1]] or [1]
    learner = LGBMRegressor(
        objective="tweedie", n_estimators=300, learning_rate=0.05, num_leaves=63, verbosity=-1
    )

    def step_of_season(period: pd.Index) -> pd.Index:
        return period % season

    known = ~np.isnan(history)
    row, period = np.nonzero(known)
    step = history.shape[1] - np.cumsum(known[:, ::-1], axis=1)[:, ::-1][row, period]
    period_at = np.zeros(history.shape, dtype=np.int64)
    period_at[row, step] = period
    frame = pd.DataFrame({"unique_id": row, "ds": step, "y": history[row, period]})
    enough = frame.groupby("unique_id")["y"].transform("size") > (back[-1] + 1) * season
    model = MLForecast(
        models={"lightgbm": learner},
        freq=1,
        lags=[1, *(count * season for count in back)],
        lag_transforms={1: [RollingMean(count * season) for count in sorted({1, back[-1]})]},
        date_features=[step_of_season],
    )
    model.fit(frame[enough], static_features=[], fitted=True)
    ahead = model.predict(setting.horizon)
    inside = model.forecast_fitted_values()

    mean = np.repeat(np.nan_to_num(np.nanmean(history, axis=1))[:, None], setting.horizon, axis=1)
    mean[ahead["unique_id"], ahead["ds"] - history.shape[1]] = ahead["lightgbm"]
    fitted = np.full(history.shape, np.nan)
    series = inside["unique_id"].to_numpy()
    fitted[series, period_at[series, inside["ds"]]] = inside["lightgbm"]
    return NegativeBinomial(np.maximum(mean, 0.0), dispersion_by_moments(history, fitted))
