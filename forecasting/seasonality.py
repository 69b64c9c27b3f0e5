"""Shrunk seasonal indices: weekday for days, month of the year for weeks and months.

index_k = (S_k / D + κ) / (N_k · m / D + κ): the demand of season k over what the mean m would
give, as Poisson counts with a gamma prior of mean 1, D the dispersion that turns units into
independent events. A series with little demand keeps a flat index.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency, period_start, weekday

Matrix = NDArray[np.float64]

PRIOR_EVENTS: Final = 25.0  # κ: seasons of ± 20 % are usual, and a gamma of shape 25 spreads so
LEAST_INDEX: Final = 0.05  # a season below a twentieth of the mean would blow up the level
SEASONS_USED: Final = {Frequency.DAY: 52, Frequency.WEEK: 3, Frequency.MONTH: 3}
CLOSED_AFTER: Final = 8  # weeks without any sale of the site on a weekday
WEEKS_HEARD: Final = 6  # of those in which the site must have reported something
LEAST_SEASONS: Final = {Frequency.DAY: 4, Frequency.WEEK: 2, Frequency.MONTH: 2}


def season_keys(start: int, count: int, frequency: Frequency) -> NDArray[np.int64]:
    """[count] season of each period: weekday, or month of the year (of a week: its Thursday's)."""
    first = period_start(np.arange(start, start + count), frequency)
    if frequency is Frequency.DAY:
        return weekday(first)
    middle = first + np.timedelta64(3, "D") if frequency is Frequency.WEEK else first
    return middle.astype("datetime64[M]").astype(np.int64) % 12


def season_index(demand: Matrix, start: int, frequency: Frequency) -> Matrix:
    """[n, K] index of each season, mean 1 over the whole seasons used, 1 where history is short."""
    season = frequency.season
    count = 7 if frequency is Frequency.DAY else 12
    whole = min(demand.shape[1] // season, SEASONS_USED[frequency])
    index = np.ones((len(demand), count))
    if whole < LEAST_SEASONS[frequency]:
        return index
    recent = demand[:, -whole * season :]
    keys = season_keys(start + demand.shape[1] - whole * season, whole * season, frequency)
    known = ~np.isnan(recent)
    enough = known.sum(axis=1) >= LEAST_SEASONS[frequency] * season
    filled = np.where(known, recent, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=1) / known.sum(axis=1)
        variance = (np.where(known, recent - mean[:, None], 0.0) ** 2).sum(axis=1) / known.sum(
            axis=1
        )
        events = 1.0 / np.maximum(variance / mean, 1.0)
    usable = enough & (mean > 0) & np.isfinite(events)
    for key in range(count):
        total = filled[:, keys == key].sum(axis=1)
        expected = known[:, keys == key].sum(axis=1) * mean
        shrunk = (total * events + PRIOR_EVENTS) / (expected * events + PRIOR_EVENTS)
        index[usable, key] = np.maximum(shrunk[usable], LEAST_INDEX)
    share = np.array([(keys == key).mean() for key in range(count)])
    return index / (index @ share)[:, None]


def without_closed_weekdays(
    index: Matrix, demand: Matrix, start: int, sites: NDArray[np.object_]
) -> Matrix:
    """The weekday index [n, 7] with 0 on the weekdays on which a site sold nothing of anything.

    Judged on the last CLOSED_AFTER weeks, whether the site reported nothing sold or nothing at all
    on that weekday; a site seldom heard of, or asleep, is not judged. The other days take the share
    of the closed ones, so that the mean stays 1.
    """
    weeks = demand[:, -7 * CLOSED_AFTER :]
    if weeks.shape[1] < 7 * CLOSED_AFTER:
        return index
    keys = season_keys(start + demand.shape[1] - weeks.shape[1], weeks.shape[1], Frequency.DAY)
    codes, place = np.unique(sites, return_inverse=True)
    sold = np.zeros((len(codes), 7))
    heard = np.zeros((len(codes), CLOSED_AFTER), dtype=bool)
    reported = (~np.isnan(weeks)).reshape(len(weeks), CLOSED_AFTER, 7).any(axis=2)
    np.logical_or.at(heard, place, reported)
    for key in range(7):
        np.add.at(sold[:, key], place, np.nansum(weeks[:, keys == key], axis=1))
    judged = (heard.sum(axis=1) >= WEEKS_HEARD) & (sold.sum(axis=1) > 0)
    closed = (sold == 0) & judged[:, None]
    opened: Matrix = np.where(closed[place], 0.0, index)
    return opened * 7.0 / opened.sum(axis=1, keepdims=True)
