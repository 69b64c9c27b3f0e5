"""What a forecast must beat: repeating the last season, and the plain mean. Both are [n, H]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency

Matrix = NDArray[np.float64]


def seasonal_naive(past: Matrix, horizon: int, frequency: Frequency) -> Matrix:
    """The same season of the last whole cycle; the last value where the past is shorter."""
    season = frequency.season if past.shape[1] >= frequency.season else 1
    last = past[:, -season:]
    return np.nan_to_num(last[:, np.arange(horizon) % season])


def plain_mean(mean: Matrix, horizon: int) -> Matrix:
    """The mean [n] of recent known demand, as `States.mean`, whatever the period."""
    return np.repeat(np.nan_to_num(mean)[:, None], horizon, axis=1)
