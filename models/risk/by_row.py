"""Numbers of each of n series from its own row, or from the rows of a group; NaN is not known."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.lead_time import Floats, Rows

MOST_PERIODS: Final = 1000.0
"""Cover of what nobody uses."""


def sums(row: Rows, values: Floats, count: int) -> Floats:
    """[count] of the values of each row."""
    return np.bincount(row, values, minlength=count).astype(np.float64)


def since(event: NDArray[np.bool_]) -> Floats:
    """[n] log(1 + periods since an event [n, T]); NaN: never."""
    width = event.shape[1]
    back = event[:, ::-1].argmax(axis=1) if width else np.zeros(len(event))
    return np.where(event.any(axis=1), np.log1p(back), np.nan)


def mean(values: Floats, least: int = 1) -> Floats:
    """[n] of the known; NaN where fewer than `least` are."""
    known = (~np.isnan(values)).sum(axis=1)
    total = np.nansum(values, axis=1)
    return np.divide(total, known, out=np.full(len(values), np.nan), where=known >= max(least, 1))


def spread(values: Floats) -> Floats:
    """[n] standard deviation of the known."""
    return np.sqrt(mean((values - mean(values)[:, None]) ** 2))


def cover(units: Floats, rate: Floats) -> Floats:
    """[n] log(1 + periods of cover)."""
    periods = np.divide(
        np.maximum(units, 0.0), rate, out=np.full(len(units), MOST_PERIODS), where=rate > 0
    )
    return np.where(np.isnan(units), np.nan, np.log1p(np.minimum(periods, MOST_PERIODS)))


def ratio(top: Floats, bottom: Floats) -> Floats:
    """NaN where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)


def trend(now: Floats, before: Floats) -> Floats:
    """log of a ratio of quantities, even where one is nothing."""
    return np.log((np.maximum(now, 0.0) + 0.5) / (np.maximum(before, 0.0) + 0.5))


def others(values: Floats, group: Rows) -> Floats:
    """[n] mean of the others of one's group (−1: none); NaN where no other is known."""
    known = np.isfinite(values) & (group >= 0)
    place = np.maximum(group, 0)
    size = int(group.max(initial=0)) + 1
    value = np.where(known, values, 0.0)
    total = np.bincount(place, value, minlength=size)[place] - value
    number = np.bincount(place, known, minlength=size)[place] - known
    return np.divide(
        total, number, out=np.full(len(values), np.nan), where=(number > 0) & (group >= 0)
    )
