"""How a cost grows with the number of series: a line, and the power that it grows with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Growth:
    """cost = `fixed` + `each` × series, by least squares of the relative errors; `r2` of that line;
    `power`: the slope of log cost over log series (1: linear, below: fixed costs weigh)."""

    fixed: float
    each: float
    r2: float
    power: float

    def __str__(self) -> str:
        return (
            f"{self.fixed:.1f} s + {1000 * self.each:.2f} ms a series, R² {self.r2:.4f}; "
            f"grows with the power {self.power:.2f}"
        )


def growth(series: Sequence[int], cost: Sequence[float]) -> Growth:
    """Fits at least two sizes; with two the line goes through both.

    Relative errors, for a line that only meets the largest size would say nothing of the others.

    >>> found = growth([1000, 4000, 10000], [3.0, 9.0, 21.0])
    >>> round(found.fixed, 6), round(found.each, 6), round(found.r2, 6)
    (1.0, 0.002, 1.0)
    """
    sizes, costs = np.asarray(series, dtype=float), np.asarray(cost, dtype=float)
    lines = np.stack([np.ones_like(sizes), sizes], axis=1)
    (fixed, each), *_ = np.linalg.lstsq(lines / costs[:, None], np.ones_like(costs), rcond=None)
    missed = costs - lines @ np.array([fixed, each])
    spread = ((costs - costs.mean()) ** 2).sum()
    r2 = 1.0 - (missed**2).sum() / spread if spread > 0 else 1.0
    power = np.polyfit(np.log(sizes), np.log(costs), 1)[0]
    return Growth(float(fixed), float(each), float(r2), float(power))
