"""Were people right? The forecasts that they moved beside those of the model alone. Pure.

Forecast value added (Gilliland 2008, Foresight 11): what a step of the process does to the error,
against what it was given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from forecasting.calendar import to_period

if TYPE_CHECKING:
    from models.scorecard import Truth

_JUDGED: Final = ["override", "site", "sku", "period_start", "before", "after"]


def value_added(figures: Iterable[pd.DataFrame], truth: Truth) -> dict[str, Any] | None:
    """Errors with and without overrides, over every forecast of a period that has come since.

    `figures`: the part `overridden` of each publication (models.overrides.effects.COLUMNS). WAPE is
    the sum of errors over the sum of demand; `value_added` the share of the model's error that
    people took away, below 0 where they added some. None where nothing can be judged yet.
    """
    grain = truth.panel.frequency.grain
    parts = [one[(one["kind"] == "demand") & (one["grain"] == grain)] for one in figures]
    parts = [one[_JUDGED] for one in parts if len(one)]
    if not parts:
        return None
    rows = pd.concat(parts, ignore_index=True)
    step = to_period(rows["period_start"].to_numpy(), truth.panel.frequency) - truth.panel.start
    series = truth.places(rows)
    known = (series >= 0) & (step >= 0) & (step < truth.demand.shape[1])
    actual = np.full(len(rows), np.nan)
    actual[known] = truth.demand[series[known], step[known]]
    rows, actual = rows[np.isfinite(actual)], actual[np.isfinite(actual)]
    if not len(rows):
        return None
    model, people = (
        float(np.abs(rows[name].to_numpy(np.float64) - actual).sum())
        for name in ("before", "after")
    )
    total = float(actual.sum())
    numbers = {one for told in rows["override"] for one in str(told).split(", ")}
    return {
        "overrides": len(numbers),
        "series": len(rows[["site", "sku"]].drop_duplicates()),
        "figures": len(rows),
        "wape_model": model / total if total > 0 else None,
        "wape": people / total if total > 0 else None,
        "value_added": 1.0 - people / model if model > 0 else None,
    }
