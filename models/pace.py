"""How fast each supplier delivers lately, beside its own record: a ratio of hazards, at most 1.

On each day of the last weeks every promised order had a chance to come, as its supplier's record of
lateness says; their sum is how many were to come. The ratio of those that came to it has a gamma
prior around 1, as if PRIOR_ORDERS more had come when due: the posterior mean of a frailty that a
supplier's orders share (Clayton 1978, Biometrika 65:141). Lines of one order travel together and
count as one. Orders without a promise tell nothing: a promise knows of closures and holidays.

A supplier in trouble stays so for weeks, and its long record hides it. One that is fast for some
weeks is not taken for faster than its record: goods need their time.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

RECENT_DAYS: Final = 35
"""Five weeks: some orders of a supplier who is ordered from weekly, and still the present."""
PRIOR_ORDERS: Final = 5.0
"""Weight of the record: where five orders were to come and none did, the pace is a half."""


def pace_of(
    survival: Floats,
    group: Rows,
    since: Rows,
    until: Rows,
    came: NDArray[np.bool_],
    weight: Floats,
) -> Floats:
    """[G] pace by group of k lines; 1 where nothing was to come, or as much came.

    `survival` [G, D]: chance of not having come at the end of each day; `since`, `until` [k]: the
    days of it between which a line was waited for, the first exclusive; `came`: on the last of
    them; `weight`: of an order, shared by its lines.

    >>> halves = 0.5 ** np.arange(1.0, 21.0)[None].repeat(2, axis=0)
    >>> line = (np.array([at]) for at in (0, -1, 9, False, 1.0))  # ten days, and it has not come
    >>> pace_of(halves, *line)  # 5 ÷ (5 + 10 × ½)
    array([0.5, 1. ])
    """
    before = np.pad(survival[:, :-1], ((0, 0), (1, 0)), constant_values=1.0)
    left = np.divide(survival, before, out=np.zeros_like(before), where=before > 1e-12)
    reached = np.pad(np.cumsum(1.0 - left, axis=1), ((0, 0), (1, 0)))
    begin, end = (np.clip(day + 1, 0, survival.shape[1]) for day in (since, until))
    count = len(survival)
    due = np.bincount(group, weight * (reached[group, end] - reached[group, begin]), count)
    arrived = np.bincount(group, weight * came, count)
    return np.minimum((PRIOR_ORDERS + arrived) / (PRIOR_ORDERS + due), 1.0)
