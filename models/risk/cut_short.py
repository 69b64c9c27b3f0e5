"""What availability tells of a shelf beside its closes.

A period was cut short where availability is below 1. Units sold in whole periods tell what could be
sold, units sold in those cut short what there was to sell: a shelf that gets less each day than it
could sell runs out whatever the forecast. NaN where no feed states availability.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from forecasting.panel import Panel
from models.lead_time import Floats
from models.risk import by_row
from models.risk.status import DEFAULT_OUT, shrunk

LEAST_OPEN: Final = 0.1
"""Share of a period in stock below which its units say nothing of what a whole one would sell."""


STATES: Final = (0.75, 1.0)
"""Share of a period in stock from which one that was not out was cut a little, or not at all."""
SAME_PRICE: Final = 0.02  # of the price: a smaller step is none


def cut_short_features(panel: Panel, closes: Floats, short: int, mid: int) -> dict[str, Floats]:
    """[n] of each series at the origin, over the last `short` and `mid` periods; `closes` [n, T] 1
    out, 0 in stock, NaN unknown."""
    share = panel.availability[:, -mid:]
    told = np.isfinite(share)
    units = np.where(told, panel.units[:, -mid:], np.nan)
    cut = np.where(told, share < 1.0, np.nan)
    whole = by_row.mean(np.where(cut == 0.0, units, np.nan))
    usual = by_row.mean(np.where(cut == 1.0, units, np.nan))
    now, price = units[:, -1], panel.price[:, -1:]
    moved = by_row.since(np.abs(panel.price - price) > SAME_PRICE * price)
    return {
        "cut_short": by_row.mean(cut[:, -short:]),
        "cut_mid": by_row.mean(cut),
        "cut_since": by_row.since(panel.availability < 1.0),
        "cut_depth": by_row.mean(np.where(cut == 1.0, share, np.nan)),
        "open_spread": by_row.spread(share),
        "whole": 1.0 - cut[:, -1],
        "whole_log": np.log1p(np.maximum(whole, 0.0)),
        "cut_to_whole": by_row.ratio(usual, whole),
        "last_to_whole": by_row.ratio(now / np.maximum(share[:, -1], LEAST_OPEN), whole),
        "last_two_to_whole": by_row.ratio(by_row.mean(units[:, -2:]), whole),
        "last_to_cut": by_row.ratio(now, usual),
        "last_to_mean": by_row.ratio(now, by_row.mean(units)),
        "price_since": np.where(told[:, -1], moved, np.nan),
        "out_from_here": _out_from_here(panel, closes),
    }


def _out_from_here(panel: Panel, closes: Floats) -> Floats:
    """[n] how often a period as the last one was (out, cut by a lot, cut a little, whole) was
    followed by one that is out, shrunk to the item and the network; NaN where it is not told."""
    share = panel.availability
    state = np.where(closes == 1.0, 0.0, 1.0 + np.digitize(share, STATES))
    state[np.isnan(closes) | np.isnan(share)] = np.nan
    after = np.where(np.isfinite(closes[:, 1:]), state[:, :-1], np.nan)
    item = pd.factorize(panel.series["sku"])[0]
    found = np.full(len(panel), np.nan)
    for one in np.unique(state[np.isfinite(state)]):
        same = after == one
        trials, events = same.sum(axis=1), (same & (closes[:, 1:] == 1.0)).sum(axis=1)
        here = state[:, -1] == one
        found[here] = shrunk(events, trials, item, DEFAULT_OUT)[here]
    return found
