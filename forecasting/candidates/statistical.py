"""The door to statsforecast: levels of one series' seasonally adjusted demand. ADIDA and IMAPA
are compiled here (`aggregation`).

Every candidate is local: it sees one series only, so that no series can disturb another. What the
library raises or returns that is no finite level becomes NaN here, and the ladder takes over.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.candidates.aggregation import aggregated_levels
from forecasting.compiled import fixed
from forecasting.segments import DemandClass

LEVEL_MEMORY: Final = {Frequency.DAY: 730, Frequency.WEEK: 156, Frequency.MONTH: 60}
"""Periods of history that a level may look at: older ones cost time and say little."""

WINDOW: Final = {Frequency.DAY: 28, Frequency.WEEK: 8, Frequency.MONTH: 4}

AGGREGATED: Final = ("adida", "imapa")  # as aggregated_levels returns them
_FREQUENT: Final = ("ses", "ses_fitted", "window", "adida", "imapa")
_RARE: Final = ("sba", "tsb", "adida", "imapa", "window")

BY_CLASS: Final[Mapping[str, tuple[str, ...]]] = {
    DemandClass.SMOOTH: _FREQUENT,
    DemandClass.ERRATIC: _FREQUENT,
    DemandClass.INTERMITTENT: _RARE,
    DemandClass.LUMPY: _RARE,
    DemandClass.NONE: (),
}
"""Which candidates are worth trying on which demand class."""

CANDIDATES: Final = ("adida", "imapa", "sba", "ses", "ses_fitted", "tsb", "window")


@cache
def _models(frequency: Frequency) -> dict[str, Any]:
    from statsforecast import models

    return {
        "sba": models.CrostonSBA(),  # Syntetos and Boylan (2005)
        "ses": models.SimpleExponentialSmoothing(alpha=0.1),
        "ses_fitted": models.SimpleExponentialSmoothingOptimized(),
        "tsb": models.TSB(alpha_d=0.1, alpha_p=0.1),  # Teunter, Syntetos and Babai (2011)
        "window": models.WindowAverage(window_size=WINDOW[frequency]),
    }


def levels(
    adjusted: NDArray[np.float64], demand_class: str, frequency: Frequency
) -> NDArray[np.float64]:
    """[len(CANDIDATES)] level of each candidate of the class at the end of a series.

    `adjusted`: [t] known, seasonally adjusted demand, oldest first. NaN: not tried, or failed.
    """
    found = np.full(len(CANDIDATES), np.nan)
    history = np.ascontiguousarray(adjusted[-LEVEL_MEMORY[frequency] :], dtype=np.float64)
    if not len(history):
        return found
    tried = BY_CLASS[demand_class]
    if {*AGGREGATED} <= {*tried}:
        found[[CANDIDATES.index(name) for name in AGGREGATED]] = aggregated_levels(fixed(history))
    for name in tried:
        if name in AGGREGATED or (name == "window" and len(history) < WINDOW[frequency]):
            continue
        try:
            level = float(_models(frequency)[name].forecast(history, h=1)["mean"][0])
        except Exception:  # whatever a library does to one series, the run goes on
            continue
        found[CANDIDATES.index(name)] = level
    return np.where(np.isfinite(found), np.maximum(found, 0.0), np.nan)
