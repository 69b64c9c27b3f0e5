"""Values that nobody can have meant: cut before anything is learned, kept in the record."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

OUTLIER_FACTOR: Final = 10.0  # times the 95th percentile of the demands that happened
OUTLIER_LEAST: Final = 8  # demands needed before one of them may be called an outlier


def clip_outliers(demand: Matrix) -> tuple[Matrix, NDArray[np.int64]]:
    """Demand with the impossible cut down, and how many values of each series were cut.

    A value above OUTLIER_FACTOR × the 95th percentile of the series' own other demands is cut to
    that bound; the record keeps it as it came.
    """
    wanted = np.sort(np.where(demand > 0, demand, np.nan), axis=1)
    count = np.sum(~np.isnan(wanted), axis=1)
    place = np.clip(np.floor(0.95 * (count - 2)).astype(int), 0, None)  # among all but the largest
    bound = OUTLIER_FACTOR * wanted[np.arange(len(wanted)), place] if demand.shape[1] else np.inf
    bound = np.where(count >= OUTLIER_LEAST, bound, np.inf)
    over = demand > np.broadcast_to(bound, len(demand))[:, None]
    return np.where(over, np.broadcast_to(bound, len(demand))[:, None], demand), over.sum(axis=1)
