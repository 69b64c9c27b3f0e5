"""What availability tells of a shelf beside its closes.

A period was cut short where availability is below 1. Units sold in whole periods tell what could be
sold, units sold in those cut short what there was to sell: a shelf that gets less each day than it
could sell runs out whatever the forecast. NaN where no feed states availability.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from forecasting.panel import Panel
from models.lead_time import Floats
from models.risk import by_row

LEAST_OPEN: Final = 0.1
"""Share of a period in stock below which its units say nothing of what a whole one would sell."""


def cut_short_features(panel: Panel, short: int, mid: int) -> dict[str, Floats]:
    """[n] of each series at the origin, over the last `short` and `mid` periods."""
    share, units = panel.availability[:, -mid:], panel.units[:, -mid:]
    if not share.shape[1]:
        return {}
    told = np.isfinite(share)
    cut = np.where(told, share < 1.0, np.nan)
    whole = by_row.mean(np.where(cut == 0.0, units, np.nan))
    usual = by_row.mean(np.where(cut == 1.0, units, np.nan))
    now = np.where(told[:, -1], units[:, -1], np.nan)
    return {
        "cut_short": by_row.mean(cut[:, -short:]),
        "cut_mid": by_row.mean(cut),
        "open_spread": by_row.spread(share),
        "whole_log": np.log1p(np.maximum(whole, 0.0)),
        "cut_to_whole": by_row.ratio(usual, whole),
        "last_to_whole": by_row.ratio(now / np.maximum(share[:, -1], LEAST_OPEN), whole),
    }
