"""Measures of chances of an event; `event` is 1 or 0, `chance` 0..1."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.lead_time import Floats

BINS: Final = 10


def brier_skill(event: ArrayLike, chance: ArrayLike, base: float) -> float:
    """1 − Σ(p − y)² ÷ Σ(base − y)² (Brier 1950; Murphy 1973): 0 is the base rate, 1 is certainty.

    >>> brier_skill(np.array([True, False]), np.array([1.0, 0.5]), 0.5)
    0.5
    """
    came, said = np.asarray(event, np.float64), np.asarray(chance, np.float64)
    worst = float(np.sum((base - came) ** 2))
    return 1.0 - float(np.sum((said - came) ** 2)) / worst if worst > 0 else np.nan


def reliability(event: ArrayLike, chance: ArrayLike) -> pd.DataFrame:
    """Ten bins of equally many rows, by chance: `rows`, `chance` (mean said), `rate` (of events).

    >>> reliability([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.9])["rate"].tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    came, said = np.asarray(event, np.float64), np.asarray(chance, np.float64)
    bins = np.array_split(np.argsort(said, kind="stable"), BINS)
    rows = [(len(rows), said[rows].mean(), came[rows].mean()) for rows in bins if len(rows)]
    return pd.DataFrame(rows, columns=["rows", "chance", "rate"])


def calibration_error(event: ArrayLike, chance: ArrayLike) -> float:
    """ECE: mean |rate of events − mean chance| over those bins, weighted by their rows.

    >>> calibration_error(np.array([False] * 10 + [True] * 10), np.repeat([0.25, 0.75], 10))
    0.25
    """
    bins = reliability(event, chance)
    gaps = bins["rows"] * (bins["rate"] - bins["chance"]).abs()
    return float(gaps.sum() / bins["rows"].sum()) if len(bins) else np.nan


def average_precision(event: ArrayLike, score: ArrayLike) -> float:
    """Σ (recall gained at a threshold) × (precision there); NaN without an event."""
    from sklearn.metrics import average_precision_score

    came = np.asarray(event, np.float64) == 1.0
    return float(average_precision_score(came, np.asarray(score))) if came.any() else np.nan


def hits_of_top(event: ArrayLike, score: ArrayLike, count: int) -> float:
    """Events among the `count` highest scores; of a draw at the edge, those expected.

    >>> hits_of_top([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1], 2)
    1.5
    """
    came, ranked = np.asarray(event, np.float64), np.asarray(score, np.float64)
    count = min(count, len(ranked))
    if count == 0:
        return 0.0
    edge = np.sort(ranked)[-count]
    above, at = ranked > edge, ranked == edge
    return float(came[above].sum() + (count - above.sum()) * came[at].mean())


def measures_of(event: Floats, chance: Floats) -> dict[str, float]:
    """Of the rows whose event is known: `judged`, `rate`, `average_precision`, `brier_skill`
    against that very rate, `ece`."""
    known: NDArray[np.bool_] = np.isfinite(event)
    came, said = event[known], chance[known]
    rate = float(came.mean()) if len(came) else np.nan
    return {
        "judged": int(known.sum()),
        "rate": rate,
        "average_precision": average_precision(came, said),
        "brier_skill": brier_skill(came, said, rate),
        "ece": calibration_error(came, said),
    }
