"""What orders sample paths: normal scores, lent by past errors or their own luck. Compiled."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Rows = NDArray[np.int64]
Keys = NDArray[np.uint64]

APART: Final = np.float32(2e-3)  # of a uniform draw: a path drawn twice is not twice the same
BELOW_ZERO: Final = np.uint32(1 << 31)
NUMBER: Final = np.uint64((1 << 32) - 1)


@njit(cache=True, nogil=True)
def keys_of_paths(
    bank: Scores,  # [m, K, H] of lenders at origins
    lender: Rows,  # [P] −1: none, its luck is its own
    origin: Rows,  # [P]
    shocks: Scores,  # [K, H] of the site; [0, H]: none
    load: Any,  # f32 that a shock of 1 moves the score by
    alone: Scores,  # [A, H] of the paths without a lender, in their order
    noise: Scores,  # [P, H] uniform
) -> Keys:
    """[H, P] a key for each path at each step, which ascends with its score and ends with its
    number: whole numbers are sorted in a third of the time that an `argsort` of scores takes."""
    paths, horizon = noise.shape
    scores = np.empty((horizon, paths), np.float32)
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
            scores[step, path] = score + APART * noise[path, step]
        if who < 0:
            own += 1
    bits = scores.view(np.uint32)  # IEEE 754: they ascend with the score, if turned where below 0
    found = np.empty((horizon, paths), np.uint64)
    for step in range(horizon):
        for path in range(paths):
            bit = bits[step, path]
            turned = ~bit if bit & BELOW_ZERO else bit | BELOW_ZERO
            found[step, path] = np.uint64(turned) << np.uint64(32) | np.uint64(path)
    return found


def paths_of(keys: Keys) -> Rows:
    """[H, P] the paths that the keys end with."""
    return (keys & NUMBER).view(np.int64)
