"""What moves the learned risk: how far the log odds go when one feature is shuffled."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from models.risk.hazard import Lessons, RuptureHazard

MOST_ROWS: Final = 1_000  # evenly chosen of the lessons: a picture needs no third digit


def effects_of(hazard: RuptureHazard, lessons: Lessons, seed: int) -> pd.Series:
    """Mean |log odds − log odds with the feature shuffled over the rows|, by feature, the largest
    first (Breiman 2001, "Random forests", sec. 10, of the prediction in place of the error)."""
    count = len(lessons.event)
    rows = np.linspace(0, count - 1, min(count, MOST_ROWS)).astype(np.int64)
    table = lessons.features[list(hazard.columns)].to_numpy(np.float64)[rows]
    said = hazard.ensemble.log_odds(table)
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    found = {}
    for place, name in enumerate(hazard.columns):
        other = table.copy()
        other[:, place] = table[shuffled, place]
        found[name] = float(np.abs(hazard.ensemble.log_odds(other) - said).mean())
    return pd.Series(found).sort_values(ascending=False)
