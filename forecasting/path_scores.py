"""The normal scores that order sample paths: lent by past errors, or their own luck. Compiled."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Rows = NDArray[np.int64]

APART: Final = np.float32(2e-3)  # of a uniform draw: a path drawn twice is not twice the same


@njit(cache=True, nogil=True)
def scores_of_paths(
    bank: Scores,  # [m, K, H] of lenders at origins
    lender: Rows,  # [P] −1: none, its luck is its own
    origin: Rows,  # [P]
    shocks: Scores,  # [K, H] of the site; [0, H]: none
    load: Any,  # f32 that a shock of 1 moves the score by
    alone: Scores,  # [A, H] of the paths without a lender, in their order
    noise: Scores,  # [P, H] uniform
) -> Scores:
    """[H, P] scores of the paths at each step."""
    paths, horizon = noise.shape
    found = np.empty((horizon, paths), np.float32)
    own = 0
    for path in range(paths):
        who, when = lender[path], origin[path]
        for step in range(horizon):
            if who < 0:
                score = np.float32(alone[own, step])
            else:
                score = np.float32(bank[who, when, step])
                if len(shocks):
                    score += load * shocks[when, step]
            found[step, path] = score + APART * noise[path, step]
        if who < 0:
            own += 1
    return found
