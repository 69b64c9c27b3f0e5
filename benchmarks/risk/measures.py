"""Measures of chances of a rare event, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.risk.task import Flags, Vector
from models.scorecard.measures import brier_skill, calibration_error

TOP_SHARE: Final = 0.05
DRAWS: Final = 1000
INTERVAL: Final = (0.025, 0.975)


def measures(event: Flags, score: Vector, base: float, *, chances: bool) -> dict[str, float]:
    """Ranks, and for chances their calibration; `base` is the training rows' event rate."""
    found = {
        "AP": float(average_precision_score(event, score)),
        "ROC": float(roc_auc_score(event, score)),
        "BSS": brier_skill(event, score, base) if chances else np.nan,
        "ECE": calibration_error(event, score) if chances else np.nan,
        "P5": top_precision(event, score),
    }
    return found


def top_precision(event: Flags, score: Vector) -> float:
    """Share of events among the highest twentieth of scores.

    >>> top_precision(np.arange(40) == 39, np.arange(40.0))
    0.5
    """
    count = int(np.ceil(TOP_SHARE * len(event)))
    return float(event[np.argsort(-score, kind="stable")[:count]].mean())


class Precision:
    """Average precision of one score under any row weights: sorted once, weighted often."""

    def __init__(self, event: Flags, score: Vector) -> None:
        self._order = np.argsort(-score, kind="stable")
        ranked = score[self._order]
        self._ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of ties
        self._event = event[self._order]

    def under(self, weights: Vector) -> float:
        """Σ (recall gained at a threshold) × (precision there)."""
        given = weights[self._order]
        every = np.cumsum(given)[self._ends]
        hits = np.cumsum(given * self._event)[self._ends]
        gained = np.diff(hits, prepend=0.0)
        precision = np.divide(hits, every, out=np.zeros(len(hits)), where=every > 0)
        return float(np.sum(gained * precision) / hits[-1]) if hits[-1] else np.nan


def interval_of_precision(
    event: Flags, sku: NDArray[np.object_], scores: list[Vector], reference: Vector
) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % of the mean average precision of `scores`, and of its gain over a reference's.

    A bootstrap of whole SKUs, the same draws for both.
    """
    own = [Precision(event, score) for score in scores]
    other = Precision(event, reference)
    values, gains = [], []
    for drawn in draws(sku, np.random.default_rng(0)):
        values.append(np.mean([one.under(drawn) for one in own]))
        gains.append(values[-1] - other.under(drawn))
    return interval(values), interval(gains)


def draws(unit: NDArray[Any], luck: np.random.Generator) -> Iterator[Vector]:
    """[n] row weights of each draw of a bootstrap of whole units (Efron 1979)."""
    code = np.unique(unit.astype(str), return_inverse=True)[1]
    count = int(code.max()) + 1
    for _ in range(DRAWS):
        yield np.bincount(luck.integers(count, size=count), minlength=count)[code].astype(float)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % of the draws lie within (percentiles)."""
    low, high = np.nanquantile(values, INTERVAL)
    return float(low), float(high)
