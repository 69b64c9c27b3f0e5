"""Sample paths of past origins as a forecast then would have drawn them, the origin itself apart.

The mean is the trial's held-out one; dispersion and error paths are made anew from the *other*
origins alone, so that no outcome of an origin shapes the spread that it is judged by. What remains:
the blend that made those others' errors had seen it, and origins closer than a horizon share
periods. `vigistock evaluate` learns from nothing and has neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.backtest import Window
from forecasting.errors_made import errors_made
from forecasting.history import History
from forecasting.scatter import keys_of, sites_of
from forecasting.trial import Trial

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]

PATHS: Final = 200  # of a series at an origin: the 0.995 quantile is the last but one
MOST_DRAWN: Final = 500  # series, evenly spread; twice as many cost a seventh of a training
BLOCK: Final = 250  # series whose paths live in memory together


def even_choice(count: int, most: int = MOST_DRAWN) -> Rows:
    """The series that are drawn and teach each other: all, or an even choice.

    >>> even_choice(6, most=3).tolist()
    [0, 2, 5]
    """
    return np.linspace(0, count - 1, min(count, most)).astype(np.int64)


def held_out_paths(
    history: History, trial: Trial, number: int, *, seed: int
) -> Iterator[tuple[Rows, NDArray[np.float32]]]:
    """Rows [b] and their sample paths [b, PATHS, H], units, at origin `number` of a trial."""
    chosen = even_choice(len(history.series))
    some = replace(history, series=history.series.iloc[chosen].reset_index(drop=True))
    made = errors_made(some, _others(trial, chosen, number), seed)
    states = trial.windows[number].states
    quantum = states.quantum[chosen]
    mean = trial.forecasts[chosen, number] / quantum[:, None]
    horizon = mean.shape[1]
    dispersion = made.dispersion.at(
        np.arange(len(chosen)),
        recent=states.dispersion[chosen],
        mean=mean.mean(axis=1),
    )
    keys = keys_of(some.series)
    sites = sites_of(some.series)
    for begin in range(0, len(chosen), BLOCK):
        part = slice(begin, min(begin + BLOCK, len(chosen)))
        paths = made.bank.paths(
            keys[part],
            sites[part],
            mean=mean[part],
            dispersion=dispersion[part],
            quantum=quantum[part],
            count=PATHS,
            seed=seed,
            horizon=horizon,
        )
        yield chosen[part], paths


def _others(trial: Trial, rows: Rows, number: int) -> Trial:
    """The trial of some series without one origin."""

    def of_rows(window: Window) -> Window:
        states = replace(
            window.states,
            quantum=window.states.quantum[rows],
            known=window.states.known[rows],
            dispersion=window.states.dispersion[rows],
        )
        return replace(window, states=states, actual=window.actual[rows])

    return replace(
        trial,
        windows=[of_rows(one) for k, one in enumerate(trial.windows) if k != number],
        forecasts=np.delete(trial.forecasts[rows], number, axis=1),
        losses=np.delete(trial.losses[rows], number, axis=1),
        periods=np.delete(trial.periods[rows], number, axis=1),
        lends=trial.lends[rows],
    )
