"""Rolling origins: at each one the states are made anew from the past alone, as in live use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.states import States, states_at

Matrix = NDArray[np.float64]

MOST_ORIGINS: Final = 8
LEAST_HISTORY: Final = {Frequency.DAY: 56, Frequency.WEEK: 26, Frequency.MONTH: 12}
"""Periods before the first backtest origin: below, a forecast is no test of anything."""


@dataclass(frozen=True)
class Window:
    """One origin of the past: the states known then and what happened next."""

    origin: int  # period
    states: States
    factors: Matrix  # [n, H]
    actual: Matrix  # [n, H] demand; NaN unknown


def backtest_origins(
    periods: int, horizon: int, frequency: Frequency, most: int = MOST_ORIGINS
) -> list[int]:
    """Column numbers of the origins, oldest first, each followed by a whole horizon.

    >>> backtest_origins(200, 28, Frequency.DAY, 3)
    [143, 157, 171]
    """
    last = periods - 1 - horizon
    step = {Frequency.DAY: max(1, horizon // 2), Frequency.WEEK: 4, Frequency.MONTH: 1}[frequency]
    columns = [last - step * number for number in range(most)]
    return sorted(column for column in columns if column + 1 >= LEAST_HISTORY[frequency])


def backtest(
    demand: Matrix, start: int, frequency: Frequency, horizon: int, sites: NDArray[np.object_]
) -> list[Window]:
    """Windows over `demand` [n, T]; none where the history is too short for any."""
    windows = []
    for column in backtest_origins(demand.shape[1], horizon, frequency):
        states = states_at(demand[:, : column + 1], start, frequency, sites)
        windows.append(
            Window(
                origin=start + column,
                states=states,
                factors=states.factors(start + column + 1, horizon, frequency),
                actual=demand[:, column + 1 : column + 1 + horizon],
            )
        )
    return windows
