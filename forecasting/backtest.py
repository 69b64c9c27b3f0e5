"""Rolling origins: at each one everything is made anew from the past alone, as in live use.

Boosters are learned at the first origin of each of a few eras and forecast all origins of it, with
those of the era before: so do champions, which are trained now and then and published every day.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.candidates.pooled import BAG, LEAST_LIVE, PooledModels, fit_pooled
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

SEASONED: Final = 6_000
"""Series up to which the boosters of the era before speak too, where a member is one booster:
beyond, asking them at each origin costs more than it is worth."""


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
    length = history.demand.shape[1]
    eras = eras_of(backtest_origins(length, horizon, history.frequency))
    begins = [era[0] for era in eras]
    learning = [partial(fit_pooled, history, at, horizon, seed) for at in begins]
    least = LEAST_LIVE[history.frequency]
    learning.append(partial(fit_pooled, history, length - 1, horizon, seed, least=least))
    learned = run_all(learning, workers)
    if BAG[history.frequency] == 1 and len(history.series) <= SEASONED:
        learned = _seasoned(learned)
    *learned, live = learned
    ahead = [
        partial(_window, history, column, horizon, models)
        for era, models in zip(eras, learned, strict=True)
        for column in era
    ]
    return Backtest(
        windows=run_all(ahead, workers),
        pooled=live,
        eras=[
            Era(history.start + begin, models)
            for begin, models in zip(begins, learned, strict=True)
        ],
    )


def _seasoned(learned: list[PooledModels | None]) -> list[PooledModels | None]:
    """Candidates learned later and later, each beside the one before it.

    They saw other samples, so their mean errs less: a bag that costs no learning.
    """
    return learned[:1] + [
        newer if newer is None or older is None else newer.beside(older)
        for older, newer in pairwise(learned)
    ]


def _window(history: History, column: int, horizon: int, models: PooledModels | None) -> Window:
    demand, frequency = history.demand, history.frequency
    states = states_at(demand[:, : column + 1], history.start, frequency, history.sites)
    actual = np.full((len(demand), horizon), np.nan)
    reach = reach_of(demand.shape[1], horizon, frequency)
    actual[:, :reach] = demand[:, column + 1 : column + 1 + reach]
    return Window(
        origin=history.start + column,
        states=states,
        factors=states.factors(history.start + column + 1, horizon, frequency),
        pooled=pooled_or_none(models, history, column, horizon),
        actual=actual,
    )


def pooled_or_none(
    models: PooledModels | None,
    history: History,
    column: int,
    horizon: int,
    asked: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """[n, 2, horizon] forecasts of the global candidates, NaN where there are none; see
    `PooledModels.forecast`."""
    if models is None:
        return np.full((len(history.demand), 2, horizon), np.nan, np.float32)
    return models.forecast(history, column, horizon, asked).astype(np.float32)
