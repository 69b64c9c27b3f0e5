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
from forecasting.distribution import counts_at, dispersion_of, series_key, volume_class
from forecasting.errors_made import errors_made
from forecasting.grain import BALANCE, QUARTERS
from forecasting.history import History
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
    volume, horizon = mean.mean(axis=1), mean.shape[1]
    usual = states.dispersion[chosen]
    dispersion = dispersion_of(made.excess, made.square, usual, volume, horizon)
    classes = volume_class(volume)
    codes = some.series[["site", "sku"]].to_numpy()
    for begin in range(0, len(chosen), BLOCK):
        part = np.arange(begin, min(begin + BLOCK, len(chosen)))
        scores = np.empty((len(part), PATHS, horizon), np.float32)
        for place, row in enumerate(part):
            key = series_key(*codes[row])
            scores[place] = made.bank.draw(int(classes[row]), key, PATHS, seed)
        yield chosen[part], _balanced(scores, mean[part], dispersion[part], quantum[part])


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
        lends=trial.lends[rows],
    )


def _balanced(
    scores: NDArray[np.float32], mean: Matrix, dispersion: Matrix, quantum: Matrix
) -> NDArray[np.float32]:
    """Paths whose quarters average to the forecast, as `GrainAtOrigin.paths` makes them."""
    first = counts_at(scores, mean, dispersion, quantum)
    moved = mean.copy()
    for part in np.array_split(np.arange(mean.shape[1]), QUARTERS):
        drawn = first[:, :, part].sum(axis=2).mean(axis=1)
        wanted = mean[:, part].sum(axis=1) * quantum
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(drawn > 0, wanted / drawn, 1.0)
        moved[:, part] *= np.clip(ratio, *BALANCE)[:, None]
    return counts_at(scores, moved, dispersion, quantum)
