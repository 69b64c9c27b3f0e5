"""ADIDA and IMAPA in one pass: demand summed over 1, 2 … k periods, each smoothed exponentially.

The mean of all k levels is IMAPA (Petropoulos and Kourentzes 2015, J. Operational Research Society
66:914); the last, whose spans are as long as a demand is usually waited for, is ADIDA (Nikolopoulos
et al. 2011, J. Operational Research Society 62:544). Smoothing weights as statsforecast chooses
them, to seven decimals instead of twelve; its two models do each sum and search anew. Compiled.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]

LEAST_ALPHA: Final = 0.1
MOST_ALPHA: Final = 0.3
EXACT: Final = 1e-7  # of a smoothing weight
ALIKE: Final = 1e-12  # of two sums of squares: what rounding may make of equal ones
GOLDEN: Final = (np.sqrt(5.0) - 1.0) / 2.0


@njit(cache=True, nogil=True)
def aggregated_levels(history: Vector) -> tuple[float, float]:
    """Level a period by ADIDA and by IMAPA at the end of `history` [t], oldest first, known.

    >>> aggregated_levels(np.array([0.0, 4.0, 0.0, 4.0]))  # spans of 1: 1.788; of 2: 2
    (2.0, 1.893999...)
    """
    count, waited = 0, 0
    for place in range(len(history)):
        if history[place] != 0.0:
            count += 1
            waited = place + 1
    if not count:
        return 0.0, 0.0
    longest = int(np.rint(waited / count))
    sums = np.empty(len(history))
    total, level = 0.0, 0.0
    for span in range(1, longest + 1):
        spans = len(history) // span
        place = len(history) - spans * span
        for number in range(spans):
            found = 0.0
            for _ in range(span):
                found += history[place]
                place += 1
            sums[number] = found
        level = _smoothed(sums[:spans], _best_alpha(sums[:spans]))[0] / span
        total += level
    return level, total / longest


@njit(cache=True, nogil=True)
def _smoothed(values: Vector, alpha: float) -> tuple[float, float]:
    """The last level, and the sum of squares of what each said of the next value."""
    level, squares = values[0], 0.0
    for value in values[1:]:
        error = value - level
        squares += error * error
        level = alpha * value + (1.0 - alpha) * level
    return level, squares


@njit(cache=True, nogil=True)
def _best_alpha(values: Vector) -> float:
    """Of the least squares, by golden sections; where all are as good (two values), the middle."""
    low, high = LEAST_ALPHA, MOST_ALPHA
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    of_left, of_right = _smoothed(values, left)[1], _smoothed(values, right)[1]
    while high - low >= EXACT and abs(of_left - of_right) > ALIKE * of_left:
        if of_left < of_right:
            high, right, of_right = right, left, of_left
            left = high - GOLDEN * (high - low)
            of_left = _smoothed(values, left)[1]
        else:
            low, left, of_left = left, right, of_right
            right = low + GOLDEN * (high - low)
            of_right = _smoothed(values, right)[1]
    return (low + high) / 2.0
