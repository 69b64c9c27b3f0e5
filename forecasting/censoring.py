"""Is demand recovered better than left out? Sales hidden on purpose, recovered, compared.

A series' periods in stock are masked with the stockouts that another series had on the same dates,
its units thinned by the share that was empty, and what was hidden is recovered from the past. Where
a demand class has had enough trials and the recovered demand lies further from the truth than the
thinned sales, its stockouts are left as they were sold.

Distance is the squared error over dispersion × mean: models want the mean, and the absolute error
would call zero the best demand of everything that sells less than every other day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.empty_shelf import missed
from forecasting.expectation import expectation
from forecasting.segments import ADI_CUT, CV2_CUT, DemandClass

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_TRIALS: Final = 100  # periods; fewer decide nothing
MOST_SERIES: Final = 1500  # tried, drawn by whole skus: some ten thousand trials, one second
SPELL: Final = 14  # periods masked, then as many left to learn from

CLASSES: Final = (
    DemandClass.SMOOTH,
    DemandClass.ERRATIC,
    DemandClass.INTERMITTENT,
    DemandClass.LUMPY,
    DemandClass.NONE,
)


@dataclass(frozen=True)
class Trials:
    """`recover` [class, T]: false where the trials before a period speak against it; `table`: one
    row a class with stockouts tried, WAPE of sales and of demand, ratio of distances, reason."""

    recover: Mask
    table: pd.DataFrame


def no_trials(periods: int) -> Trials:
    """Nothing to try: every class is recovered."""
    nothing = np.zeros((5, len(CLASSES), periods))
    return _judged(nothing)


def drawn(skus: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Rows to try, whole skus in a random order that no data decides; skus stand together."""
    count = np.bincount(skus)
    order = np.random.default_rng(seed).permutation(len(count))
    few = order[: max(1, int(np.searchsorted(np.cumsum(count[order]), MOST_SERIES, "right")))]
    return np.flatnonzero(np.isin(skus, few))


def try_recovery(
    units: Matrix,
    empty: Matrix,
    teaches: Mask,
    skus: NDArray[np.int64],
    doubt: float,
    seed: int,
    *,
    days: bool,
) -> Trials:
    """Trials on units [b, T] with their empty shares; `teaches`: known and in stock."""
    luck = np.random.default_rng(seed)
    donor = empty[luck.permutation(len(units))]
    phase = luck.integers(0, 2 * SPELL, len(units))[:, None]
    awake = (np.arange(units.shape[1]) + phase) % (2 * SPELL) < SPELL
    masked = teaches & awake & (donor > 0)
    if not masked.any():
        return no_trials(units.shape[1])
    sold = np.where(masked, units * (1.0 - donor), units)
    told = expectation(sold, teaches & ~masked, skus, days=days)
    row, period = np.nonzero(masked & (told.mean > 0))
    mean = told.mean[row, period]
    truth, left = units[row, period], sold[row, period]
    found = left + missed(left, donor[row, period], mean, doubt)
    scale = told.dispersion[row, period] * mean
    classes = classes_so_far(sold, teaches & ~masked)[row, period]
    size = (len(CLASSES), units.shape[1])
    place = np.ravel_multi_index((classes, period), size)
    parts = (
        np.ones(len(row)),
        (truth - left) ** 2 / scale,
        (truth - found) ** 2 / scale,
        np.abs(truth - left),
        np.abs(truth - found),
        truth,
    )
    sums = [np.bincount(place, part, size[0] * size[1]).reshape(size) for part in parts]
    return _judged(np.stack(sums))


def _judged(sums: Matrix) -> Trials:
    """Of sums by class and period: trials, both distances, both absolute errors, true units."""
    count, raw, recovered = (_before(part) for part in sums[:3])
    recover = (count < LEAST_TRIALS) | (recovered <= raw)
    whole = sums.sum(axis=2)
    tried = whole[0] >= LEAST_TRIALS
    better = whole[2] <= whole[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        table = pd.DataFrame(
            {
                "segment": [one.value for one in CLASSES],
                "trials": whole[0].astype(int),
                "wape_sales": whole[3] / whole[-1],
                "wape_demand": whole[4] / whole[-1],
                "distance_ratio": whole[2] / whole[1],
                "recovered": ~tried | better,
                "reason": np.where(
                    tried,
                    np.where(better, "trials improve", "trials do not improve: as sold"),
                    "too few stockouts to try: expected value",
                ),
            }
        )
    return Trials(recover, table)


def _before(by_period: Matrix) -> Matrix:
    """Σ over the periods before each."""
    so_far = np.cumsum(by_period, axis=1)
    return so_far - by_period


def classes_so_far(units: Matrix, known: Mask) -> NDArray[np.int64]:
    """[n, T] place in CLASSES of the demand class told by the periods before each."""
    wanted = known & (units > 0)
    amount = np.where(wanted, units, 0.0)
    count, total, square = (_before(part) for part in (wanted.astype(float), amount, amount**2))
    with np.errstate(invalid="ignore", divide="ignore"):
        rare = _before(known.astype(float)) / count >= ADI_CUT
        varied = square * count / total**2 - 1.0 >= CV2_CUT
    return np.where(count == 0, len(CLASSES) - 1, 2 * rare + varied).astype(np.int64)
