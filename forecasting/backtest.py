"""Rolling origins: at each one everything is made anew from the past alone, as in live use.

Boosters are learned at the first origin of each of a few eras and forecast all origins of it: so do
champions, which are trained now and then and published every day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.candidates.pooled import PooledModels, fit_pooled
from forecasting.engine import run_all
from forecasting.history import History
from forecasting.states import States, states_at

Matrix = NDArray[np.float64]

MOST_ORIGINS: Final = 13
LEAST_HISTORY: Final = {Frequency.DAY: 28, Frequency.WEEK: 26, Frequency.MONTH: 12}
"""Periods before the first backtest origin: below, a forecast is no test of anything."""

LEAST_ORIGINS: Final = 3
LEAST_REACH: Final = {Frequency.DAY: 7, Frequency.WEEK: 4, Frequency.MONTH: 3}

STEPS: Final = {Frequency.DAY: (7, 28), Frequency.WEEK: (2, 4), Frequency.MONTH: (1, 1)}
"""Least and most periods between origins: a year of them teaches what a year is like."""

ERAS: Final = 3


@dataclass(frozen=True)
class Window:
    """One origin of the past: the states known then and what happened next."""

    origin: int  # period
    states: States
    factors: Matrix  # [n, H]
    pooled: NDArray[np.float32]  # [n, 2, H] the global candidates; NaN where there are none
    actual: Matrix  # [n, H] demand; NaN unknown, or beyond the reach of the backtest


@dataclass(frozen=True)
class Era:
    """Global candidates as they were learned at a period of the past, and used from there on."""

    origin: int  # period
    pooled: PooledModels | None


@dataclass(frozen=True)
class Backtest:
    windows: list[Window]  # oldest first; none where the history is too short for any
    pooled: PooledModels | None  # the global candidates as learned at the end of the history
    eras: list[Era]  # oldest first


def reach_of(periods: int, horizon: int, frequency: Frequency) -> int:
    """Periods that a backtest looks ahead: the horizon, or less where a short history would then
    leave fewer than LEAST_ORIGINS origins.

    >>> reach_of(400, 28, Frequency.DAY), reach_of(60, 28, Frequency.DAY)
    (28, 17)
    """
    least_step, _ = STEPS[frequency]
    room = periods - LEAST_HISTORY[frequency] - least_step * (LEAST_ORIGINS - 1)
    return min(horizon, max(room - 1, LEAST_REACH[frequency]))


def backtest_origins(periods: int, horizon: int, frequency: Frequency) -> list[int]:
    """Column numbers of the origins, oldest first, each followed by the whole reach.

    >>> backtest_origins(120, 28, Frequency.DAY)
    [28, 35, 42, 49, 56, 63, 70, 77, 84, 91]
    >>> backtest_origins(60, 28, Frequency.DAY)
    [28, 35, 42]
    """
    last = periods - 1 - reach_of(periods, horizon, frequency)
    room = last + 1 - LEAST_HISTORY[frequency]
    if room < 0:
        return []
    least, most = STEPS[frequency]
    step = min(max(room // (MOST_ORIGINS - 1), least), most)
    return [last - step * number for number in range(MOST_ORIGINS) if step * number <= room][::-1]


def eras_of(columns: list[int]) -> list[list[int]]:
    """The origins in at most ERAS groups of neighbours.

    >>> eras_of([1, 2, 3, 4])
    [[1, 2], [3], [4]]
    """
    return [part.tolist() for part in np.array_split(columns, ERAS) if len(part)]


def backtest(history: History, horizon: int, *, seed: int, workers: int = 1) -> Backtest:
    """What the past can tell of a history. The number of processes changes nothing."""
    columns = backtest_origins(history.demand.shape[1], horizon, history.frequency)
    jobs = [_EraJob(history, era, horizon, seed) for era in eras_of(columns)]
    live = _Live(history, horizon, seed)
    pooled, *found = run_all([live, *jobs], workers)
    return Backtest(
        windows=[window for _, windows in found for window in windows],
        pooled=pooled,
        eras=[era for era, _ in found],
    )


@dataclass(frozen=True)
class _Live:
    history: History
    horizon: int
    seed: int

    def __call__(self) -> PooledModels | None:
        last = self.history.demand.shape[1] - 1
        return fit_pooled(self.history, last, self.horizon, self.seed)


@dataclass(frozen=True)
class _EraJob:
    """Learn at the first of some columns and look ahead from each."""

    history: History
    columns: list[int]
    horizon: int
    seed: int

    def __call__(self) -> tuple[Era, list[Window]]:
        models = fit_pooled(self.history, self.columns[0], self.horizon, self.seed)
        begun = Era(self.history.start + self.columns[0], models)
        return begun, [self._window(column, models) for column in self.columns]

    def _window(self, column: int, models: PooledModels | None) -> Window:
        history, horizon = self.history, self.horizon
        demand, frequency = history.demand, history.frequency
        states = states_at(demand[:, : column + 1], history.start, frequency, history.sites)
        factors = states.factors(history.start + column + 1, horizon, frequency)
        pooled = pooled_or_none(models, history, column, horizon)
        actual = np.full((len(demand), horizon), np.nan)
        reach = reach_of(demand.shape[1], horizon, frequency)
        actual[:, :reach] = demand[:, column + 1 : column + 1 + reach]
        return Window(
            origin=history.start + column,
            states=states,
            factors=factors,
            pooled=pooled,
            actual=actual,
        )


def pooled_or_none(
    models: PooledModels | None, history: History, column: int, horizon: int
) -> NDArray[np.float32]:
    """[n, 2, horizon] forecasts of the global candidates, NaN where there are none."""
    if models is None:
        return np.full((len(history.demand), 2, horizon), np.nan, np.float32)
    return models.forecast(history, column, horizon).astype(np.float32)
