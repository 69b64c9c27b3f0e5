"""How early a rupture was told. Strict: only a warning still alive on the eve of it counts."""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.risk.simulator.demand import Whole
from benchmarks.risk.simulator.suppliers import Flags, Real

SEEN_DAYS: Final = 7  # of publications before a rupture that is judged
FIRST_RUPTURE: Final = 1  # days in stock before it, at least


def threshold_at(event: Flags, score: Real, precision: float) -> float:
    """The lowest score from which warnings are right this often; inf: none is.

    >>> event = np.array([True, False, True, False, False])
    >>> threshold_at(event, np.array([0.9, 0.8, 0.7, 0.6, 0.5]), 0.5)
    0.6
    """
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    right = np.cumsum(event[order]) / np.arange(1, len(order) + 1)
    ends = np.append(ranked[1:] != ranked[:-1], True)
    enough = np.flatnonzero(ends & (right >= precision))
    return float(ranked[enough[-1]]) if len(enough) else np.inf


def ruptures(out: Flags, first: int, last: int, *, after: int = FIRST_RUPTURE) -> Whole:
    """[k, 2] row and day of each first day out from `first` to `last`, after `after` days in."""
    found = out[:, first : last + 1].copy()
    for before in range(1, after + 1):
        found &= ~out[:, first - before : last + 1 - before]
    row, day = np.nonzero(found)
    return np.stack([row, day + first], axis=1)


def lead_days(warned: Flags, origins: Whole, broken: Whole) -> Whole:
    """[k] days from the first publication of the warning that is alive on the eve; 0: none is.

    `warned` [n, D] at each publication, as of the close of `origins` [D]; `broken`: see `ruptures`.

    >>> warned = np.array([[True, False, True, True]])
    >>> origins = np.array([10, 12, 14, 16])
    >>> lead_days(warned, origins, np.array([[0, 17], [0, 16], [0, 14]]))
    array([3, 2, 0])
    """
    since = np.zeros(warned.shape, np.int64)  # the day from which each warning has been alive
    for place, origin in enumerate(origins):
        begun = since[:, place - 1] if place else np.zeros(len(warned), np.int64)
        alive = warned[:, place - 1] if place else np.zeros(len(warned), bool)
        since[:, place] = np.where(alive, begun, origin)
    row, day = broken.T
    eve = np.searchsorted(origins, day) - 1
    told = (eve >= 0) & warned[row, eve]
    return np.where(told, day - since[row, eve], 0)
