"""What the demand up to an origin says of each series; backtest and live share this step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.candidates import registry
from forecasting.engine import copies_for, in_copies, in_threads, stretches
from forecasting.outliers import clip_outliers
from forecasting.seasonality import season_index, season_keys, without_closed_weekdays
from forecasting.segments import demand_class

Matrix = NDArray[np.float64]

RECENT: Final = {Frequency.DAY: 364, Frequency.WEEK: 104, Frequency.MONTH: 36}
"""Periods that class, dispersion and plain mean look at: older demand is another demand."""

FEWEST_SALES: Final = 3
"""Periods with demand from which a common multiple is no luck."""
MOST_COUNTED: Final = 2.0**53  # beyond it floating point has no whole numbers to divide

SILENCE: Final = {Frequency.DAY: 90, Frequency.WEEK: 26, Frequency.MONTH: 12}
"""Unknown periods in a row after which a series starts anew: what was before is another series."""

SHORT: Final = {Frequency.DAY: 14, Frequency.WEEK: 6, Frequency.MONTH: 3}
"""Known periods below which no candidate is better than the plain mean."""

CORRECTED: Final = {Frequency.DAY: 84, Frequency.WEEK: 104, Frequency.MONTH: 36}
"""Recent periods whose sum the level, times the seasonal index, must reproduce."""

CORRECTION: Final = (0.5, 3.0)  # bounds of that repair
PRIOR_DISPERSION: Final = 0.3  # φ of var = m + φ m²; retail days and months lie around it
PRIOR_PERIODS: Final = 10.0  # weight of that prior, periods
MOST_DISPERSION: Final = 50.0
LEVEL_MEMORY: Final = 0.1  # of the trailing level that dispersion is measured around

LEAST_APART: Final = 1_000  # series for each core, below which another process saves nothing
ROWS_TOGETHER: Final = 1_024  # of a large company, so that what lies between takes little memory


@dataclass(frozen=True)
class States:
    """Aligned with the series of a panel; `levels` has one column a candidate."""

    classes: NDArray[np.object_]  # [n] demand class
    known: NDArray[np.int64]  # [n] periods with known demand
    wanted: NDArray[np.int64]  # [n] periods with any demand
    levels: Matrix  # [n, M] units a period, seasonally adjusted; NaN where not tried
    mean: Matrix  # [n] plain mean of the recent known demand; NaN without any
    index: Matrix  # [n, K] seasonal index
    dispersion: Matrix  # [n] φ of var = m + φ m², counted in quanta
    quantum: Matrix  # [n] the unit that demand is counted in
    clipped: NDArray[np.int64]  # [n] outliers cut before anything was learned

    @classmethod
    def joined(cls, parts: Sequence[States]) -> States:
        """Those of all parts, in their order."""
        if len(parts) == 1:
            return parts[0]
        names = [one.name for one in fields(cls)]
        return cls(
            **{name: np.concatenate([getattr(one, name) for one in parts]) for name in names}
        )

    def factors(self, first: int, horizon: int, frequency: Frequency) -> Matrix:
        """[n, horizon] seasonal factor of the periods from `first` on."""
        return self.index[:, season_keys(first, horizon, frequency)]


def states_at(
    demand: Matrix,
    start: int,
    frequency: Frequency,
    sites: NDArray[np.object_],
    *,
    levels: Matrix | None = None,
) -> States:
    """States at the last column of `demand` [n, T], which starts in period `start`.

    `sites` [n]: a weekday on which a whole site never sells is closed for all its series.
    `levels` [n, M]: those of the same demand, where they are at hand; no candidate is asked then.
    Else large companies are divided among copies of this process, one a core.
    """
    tame, clipped = _tame(demand, frequency)
    index = season_index(tame, start, frequency)
    if frequency is Frequency.DAY:
        index = without_closed_weekdays(index, tame, start, sites)
    keys = season_keys(start, demand.shape[1], frequency)

    def some(begin: int, end: int) -> States:
        rows = slice(begin, end)
        given = None if levels is None else levels[rows]
        return _of_rows(tame[rows], clipped[rows], index[rows], keys, frequency, given)

    apart = copies_for(len(tame), LEAST_APART) if levels is None else 1
    return States.joined(in_copies([partial(some, *part) for part in stretches(len(tame), apart)]))


def _tame(demand: Matrix, frequency: Frequency) -> tuple[Matrix, NDArray[np.int64]]:
    """What is learned from: demand after the last long silence, outliers cut, and how many."""

    def some(begin: int, end: int) -> tuple[Matrix, NDArray[np.int64]]:
        return clip_outliers(after_silence(demand[begin:end], frequency))

    tame, clipped = zip(*in_threads(some, len(demand), most=ROWS_TOGETHER), strict=True)
    return np.concatenate(tame), np.concatenate(clipped)


def _of_rows(
    tame: Matrix,
    clipped: NDArray[np.int64],
    index: Matrix,
    keys: NDArray[np.int64],
    frequency: Frequency,
    levels: Matrix | None,
) -> States:
    """Of series that say nothing of each other any more; `keys` [T]: the season of each period."""
    recent = tame[:, -RECENT[frequency] :]
    classes = demand_class(recent)
    known = ~np.isnan(tame)
    wanted = np.sum(tame > 0, axis=1)
    # a series that slept for the whole recent window keeps the class of its whole life
    asleep = (classes == "none") & (wanted > 0)
    if asleep.any():
        classes[asleep] = demand_class(tame[asleep])
    if levels is None:
        levels = np.full((len(tame), len(registry.names())), np.nan)
        for row in range(len(tame)):
            told = known[row] & (index[row, keys] > 0)
            adjusted = tame[row, told] / index[row, keys[told]]
            levels[row] = registry.levels(adjusted, classes[row], frequency)
        levels *= level_correction(recent, index[:, keys[-recent.shape[1] :]], frequency)[:, None]
    count = np.sum(~np.isnan(recent), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, np.nansum(recent, axis=1) / count, np.nan)
    mean = np.where(np.isnan(mean) & known.any(axis=1), 0.0, mean)
    quantum = _quantum(recent)
    expected = _trailing_level(recent, index[:, keys[-recent.shape[1] :]])
    return States(
        classes=classes,
        known=known.sum(axis=1),
        wanted=wanted,
        levels=levels,
        mean=mean,
        index=index,
        dispersion=_dispersion(recent / quantum[:, None], expected / quantum[:, None]),
        quantum=quantum,
        clipped=clipped,
    )


def level_correction(recent: Matrix, factors: Matrix, frequency: Frequency) -> Matrix:
    """[n] Σ demand over Σ factor × mean adjusted demand, over whole recent seasons.

    A level is a mean of demand ÷ factor, and a mean of ratios is no ratio of means: where a shrunk
    index is milder than the season, the busiest days are under-adjusted, the idle ones give zero,
    and level × factor sums to less than was wanted.
    """
    whole = CORRECTED[frequency] // frequency.season * frequency.season
    demand, factor = recent[:, -whole:], factors[:, -whole:]
    known = ~np.isnan(demand) & (factor > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        adjusted = np.where(known, demand / factor, 0.0).sum(axis=1) / known.sum(axis=1)
        given = np.where(known, factor, 0.0).sum(axis=1) * adjusted
        ratio = np.where(known, demand, 0.0).sum(axis=1) / given
    return np.clip(np.where(np.isfinite(ratio), ratio, 1.0), *CORRECTION)


def after_silence(demand: Matrix, frequency: Frequency) -> Matrix:
    """Demand with everything before the last long silence unknown.

    Only where at least SHORT known periods follow it: less would be no history at all.
    """
    known = ~np.isnan(demand)
    columns = np.arange(demand.shape[1])
    last_known = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    before = np.concatenate([np.full((len(demand), 1), -1), last_known[:, :-1]], axis=1)
    returns = known & (before >= 0) & (columns - before > SILENCE[frequency])
    following = np.cumsum(known[:, ::-1], axis=1)[:, ::-1]
    anew = returns & (following >= SHORT[frequency])
    start = np.where(anew, columns, 0).max(axis=1, initial=0)
    return np.where(columns >= start[:, None], demand, np.nan)


def _quantum(recent: Matrix) -> Matrix:
    """[n] The unit that demand is counted in. Of whole demand 1, or what each sale of at least
    FEWEST_SALES periods is a multiple of (parts sold by the pair, bottles by the case, grams); of
    other demand the smallest seen, at least a fiftieth of its mean.

    >>> _quantum(np.array([[4.0, np.nan, 6.0, 2.0], [4.0, 0.0, 6.0, 0.0], [1.0, 2.0, 4.0, 8.0]]))
    array([2., 1., 1.])
    """
    whole = np.all((recent == np.floor(recent)) | np.isnan(recent), axis=1)
    sold = recent > 0
    sales = np.sum(sold, axis=1)
    least = np.min(recent, axis=1, where=sold, initial=np.inf)
    quantum = np.ones(len(recent))
    fine = ~whole & (sales > 0)
    if fine.any():
        usual = np.mean(recent[fine], axis=1, where=sold[fine])
        quantum[fine] = np.maximum(least[fine], usual / 50.0)
    coarse = whole & (sales >= FEWEST_SALES) & (least > 1) & ~(recent > MOST_COUNTED).any(axis=1)
    if coarse.any():
        counted = np.where(sold[coarse], recent[coarse], 0.0).astype(np.int64)
        quantum[coarse] = np.gcd.reduce(counted, axis=1)
    return quantum


def _trailing_level(recent: Matrix, factors: Matrix) -> Matrix:
    """[n, R] one-step expectation of each recent period from the ones before it."""
    expected = np.full(recent.shape, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        adjusted = np.where(factors > 0, recent / factors, np.nan)
    level = np.full(len(recent), np.nan)
    for period in range(recent.shape[1]):
        expected[:, period] = level
        value = adjusted[:, period]
        first = np.isnan(level)
        step = LEVEL_MEMORY * (value - level)
        level = np.where(first, value, np.where(np.isnan(value), level, level + step))
    return expected * factors


def _dispersion(counts: Matrix, expected: Matrix) -> Matrix:
    """[n] φ by moments around the trailing level, shrunk to PRIOR_DISPERSION."""
    pairs = ~np.isnan(counts) & ~np.isnan(expected)
    m = np.where(pairs, expected, 0.0)
    excess = np.where(pairs, (counts - m) ** 2 - m, 0.0).sum(axis=1)
    square = (m**2).sum(axis=1)
    number = np.maximum(pairs.sum(axis=1), 1)
    prior = PRIOR_PERIODS * square / number
    with np.errstate(invalid="ignore", divide="ignore"):
        shrunk = (excess + prior * PRIOR_DISPERSION) / (square + prior)
    return np.clip(np.where(square > 0, shrunk, PRIOR_DISPERSION), 0.0, MOST_DISPERSION)
