"""Sample paths of past origins as a forecast then would have drawn them, the origin itself apart.

The held-out mean of the trial, the dispersion and the bank of error paths of the *other* origins:
no error of the judged origin shapes the spread that it is judged by. Origins closer than a horizon
share periods, so that neighbours still lend a little of what they judge; `vigistock evaluate`
learns from nothing at origins a whole horizon apart and has no such neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.distribution import ErrorPaths, counts_at, series_key, volume_class
from forecasting.errors_made import Errors
from forecasting.grain import BALANCE, QUARTERS
from forecasting.history import History
from forecasting.trial import Trial

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]

PATHS: Final = 200  # of a series at an origin: the 0.995 quantile is the last but one
MOST_DRAWN: Final = 1_000  # series, evenly spread; a quantile of the whole needs no more
MOST_TEACHERS: Final = 4_000  # series whose scores make the held-out bank
BLOCK: Final = 250  # series whose paths live in memory together


def drawn_rows(count: int, most: int = MOST_DRAWN) -> Rows:
    """The series that are drawn: all, or an even choice.

    >>> drawn_rows(6, most=3).tolist()
    [0, 2, 5]
    """
    return np.linspace(0, count - 1, min(count, most)).astype(np.int64)


def held_out_paths(
    history: History, trial: Trial, errors: Errors, number: int, *, seed: int
) -> Iterator[tuple[Rows, NDArray[np.float32]]]:
    """Rows [b] and their sample paths [b, PATHS, H], units, at origin `number` of a trial."""
    window = trial.windows[number]
    bank = _bank_of_others(history, trial, errors, number)
    chosen = drawn_rows(len(history.series))
    codes = history.series[["site", "sku"]].to_numpy()
    for begin in range(0, len(chosen), BLOCK):
        rows = chosen[begin : begin + BLOCK]
        quantum = window.states.quantum[rows]
        mean = trial.forecasts[rows, number] / quantum[:, None]
        volumes = volume_class(mean.mean(axis=1))
        scores = np.empty((len(rows), PATHS, mean.shape[1]), np.float32)
        for place, row in enumerate(rows):
            key = series_key(*codes[row])
            scores[place] = bank.draw(int(volumes[place]), key, PATHS, seed)
        dispersion = errors.dispersion[rows, number]
        yield rows, _balanced(scores, mean, dispersion, quantum)


def _bank_of_others(history: History, trial: Trial, errors: Errors, number: int) -> ErrorPaths:
    teachers = np.flatnonzero(trial.lends)
    teachers = teachers[drawn_rows(len(teachers), MOST_TEACHERS)]
    others = np.delete(errors.scores[teachers], number, axis=1)
    return ErrorPaths.of(others, errors.volumes[teachers], history.frequency)


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
