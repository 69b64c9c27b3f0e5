"""What the projection says of every series, as far as causes and options need it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Days
from models.lead_time import Floats


@dataclass(frozen=True)
class Shortage:
    """Of n series."""

    stockout_on: Days  # [n] median; NaT: none
    back_on: Days  # [n] of those that are out; NaT: not known
    probability: Floats  # 0 of series that nobody stocks
    out: NDArray[np.bool_]
    stale: NDArray[np.bool_]
    closes: Floats  # [n, T]
    demand: Floats  # units over the main horizon, those booked by customers at least
    daily_demand: Floats  # units, by the forecast alone
    units_short: Floats  # expected within the main horizon
    spare: Floats  # units that nine paths in ten leave on the shelf throughout; 0: none
    loss: Floats  # currency a unit not served; NaN unknown
    currency: NDArray[np.object_]
    listed: NDArray[np.bool_]  # on the planner's list: announced, or out

    def of_nobody(self) -> Shortage:
        """The same without any series at risk."""
        nobody = np.zeros(len(self.out), dtype=bool)
        return replace(self, probability=np.zeros(len(nobody)), out=nobody, listed=nobody)
