"""Risk from past stockouts alone: for series whose quantity on hand nobody states.

A two-state chain, in stock and out, with monthly, weekly or daily chances to enter and leave, each
shrunk from the series to its item across the network to the network to a stated default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.lead_time import Floats

STRENGTH: Final = 20.0
"""Weight of the level above, in periods in the same state."""
DEFAULT_OUT: Final = 0.08
"""Out-of-stock rate of retail shelves, where nothing at all is known (Gruen and Corsten, 2007)."""
DEFAULT_LEAVE: Final = 1 / 3
"""Chance to be refilled in a period: an eighth of retail stockouts are open after three days."""


@dataclass(frozen=True)
class StatusChain:
    """[n] chances by period, and the chance to be out now (0 or 1 where known)."""

    enter: Floats
    leave: Floats
    out_now: Floats

    def first_out(self, horizon: int) -> Floats:
        """[n, H] chance that the first close in stockout is that of period h."""
        first = np.zeros((len(self.enter), horizon))
        # not out at any close yet, and whether the period before the first was in stock or out
        first[:, 0] = self.out_now * (1 - self.leave) + (1 - self.out_now) * self.enter
        spared = 1.0 - first[:, 0]
        for step in range(1, horizon):
            first[:, step] = spared * self.enter
            spared = spared - first[:, step]
        return first

    def out(self, horizon: int) -> Floats:
        """[n, H] chance to close each period in stockout."""
        chance = np.zeros((len(self.enter), horizon))
        now = self.out_now
        for step in range(horizon):
            now = now * (1 - self.leave) + (1 - now) * self.enter
            chance[:, step] = now
        return chance


def fit_status(out: Floats, sku: NDArray[np.object_]) -> StatusChain:
    """The chain of every series from its closes [n, T]: 1 out, 0 in stock, NaN unknown."""
    before, after = out[:, :-1], out[:, 1:]
    known = np.isfinite(before) & np.isfinite(after)
    item, _ = pd.factorize(sku)
    enter = shrunk(
        (known & (before == 0) & (after == 1)).sum(axis=1),
        (known & (before == 0)).sum(axis=1),
        item,
        DEFAULT_OUT * DEFAULT_LEAVE / (1 - DEFAULT_OUT),
    )
    leave = shrunk(
        (known & (before == 1) & (after == 0)).sum(axis=1),
        (known & (before == 1)).sum(axis=1),
        item,
        DEFAULT_LEAVE,
    )
    last = out[:, -1] if out.shape[1] else np.full(len(out), np.nan)
    return StatusChain(enter, leave, np.where(np.isnan(last), enter / (enter + leave), last))


def shrunk(
    events: NDArray[np.int64], trials: NDArray[np.int64], item: NDArray[np.int64], default: float
) -> Floats:
    """[n] events ÷ trials of series whose items are `item` [n]: each level (series, item, network,
    `default`) with STRENGTH trials of the level above."""
    network = (events.sum() + STRENGTH * default) / (trials.sum() + STRENGTH)
    of_item = (np.bincount(item, events) + STRENGTH * network) / (
        np.bincount(item, trials) + STRENGTH
    )
    return (events + STRENGTH * of_item[item]) / (trials + STRENGTH)
