"""Point forecast → sample paths: a count distribution driven by pooled backtest error paths.

Each past forecast is turned into its randomised probability integral transform (PIT) under a
negative binomial of mean f and variance f + φ f² (Czado, Gneiting and Held 2009, "Predictive model
assessment for count data", Biometrics 65, eq. 2), kept as a normal score. A sample path takes a
whole path of scores from one past origin, of the series itself or of another of its segment, and
maps it back through its own negative binomial. So errors keep their order in time, path i shares
its origin with path i of every other series (sums keep their spread), and pooled scores that are
not standard normal repair what the negative binomial gets wrong.
"""

from __future__ import annotations

import math
import zlib
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from forecasting.calendar import Frequency

Matrix = NDArray[np.float64]
Scores = NDArray[np.float32]

EXACT_BELOW: Final = (
    300.0  # mean in quanta; above, a gamma by Wilson and Hilferty (1931) is as good
)
MOST_SCORE: Final = 6.0  # a normal score beyond is one event in a thousand million
COMMON_SHARE: Final = {Frequency.DAY: 0.1, Frequency.WEEK: 0.35, Frequency.MONTH: 0.3}
"""Of the variance of scores, what a whole path has in common, where nothing is known: .05 to .14 by
day, .34 to .36 by week and .29 to .35 by month on three companies' backtests."""

OWN_PRIOR: Final = 8.0  # origins of its own that weigh as much as the segment
PATHS_PRIOR: Final = 24.0  # past paths of a segment that weigh as much as the plain count model


@njit(cache=True)
def _normal_cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


@njit(cache=True)
def _gamma_value(score: float, mean: float, dispersion: float) -> float:
    c = dispersion + 1.0 / mean
    root = 1.0 - c / 9.0 + score * math.sqrt(c) / 3.0
    return mean * root**3 if root > 0.0 else 0.0


@njit(cache=True)
def _count_score_bounds(count: float, mean: float, dispersion: float) -> tuple[float, float]:
    """P(N < count) and P(N ≤ count) of the negative binomial."""
    if mean <= 0.0:
        return (0.0, 1.0) if count <= 0.0 else (1.0, 1.0)
    if mean > EXACT_BELOW:
        c = dispersion + 1.0 / mean
        below = -40.0
        if count > 0.5:
            below = (((count - 0.5) / mean) ** (1.0 / 3.0) - 1.0 + c / 9.0) * 3.0 / math.sqrt(c)
        upto = (((count + 0.5) / mean) ** (1.0 / 3.0) - 1.0 + c / 9.0) * 3.0 / math.sqrt(c)
        return _normal_cdf(below), _normal_cdf(upto)
    if dispersion > 1e-9:
        mass = math.exp(-math.log1p(dispersion * mean) / dispersion)
    else:
        mass = math.exp(-mean)
    below, upto, k = 0.0, mass, 0.0
    while k < count and upto < 1.0 - 1e-12:
        mass *= mean * (1.0 + dispersion * k) / ((k + 1.0) * (1.0 + dispersion * mean))
        below = upto
        upto += mass
        k += 1.0
    if k < count:
        return 1.0, 1.0
    return below, min(upto, 1.0)


@njit(cache=True)
def pit(actual: Matrix, mean: Matrix, dispersion: Matrix, luck: Matrix) -> Matrix:
    """[n, H] randomised PIT in (0, 1) of actual counts; NaN where the actual is unknown.

    `mean`, `actual`: quanta [n, H]; `dispersion`: [n]; `luck`: uniform [n, H], the randomisation.
    """
    rows, horizon = actual.shape
    u = np.full((rows, horizon), np.nan)
    for row in range(rows):
        for step in range(horizon):
            if not (math.isnan(actual[row, step]) or math.isnan(mean[row, step])):
                low, high = _count_score_bounds(
                    np.rint(actual[row, step]), mean[row, step], dispersion[row]
                )
                u[row, step] = low + luck[row, step] * (high - low)
    return u


@njit(cache=True)
def counts_at(
    scores: Scores, mean: Matrix, dispersion: Matrix, quantum: Matrix
) -> NDArray[np.float32]:
    """[b, P, H] demand, units, at normal scores [b, P, H] of means [b, H] in quanta."""
    rows, paths, horizon = scores.shape
    units = np.zeros((rows, paths, horizon), np.float32)
    ladder = np.empty(4096)
    for row in range(rows):
        phi = dispersion[row]
        for step in range(horizon):
            m = mean[row, step]
            if not m > 0.0:
                continue
            if m > EXACT_BELOW:
                for path in range(paths):
                    value = _gamma_value(scores[row, path, step], m, phi)
                    units[row, path, step] = np.rint(value) * quantum[row]
                continue
            mass = math.exp(-math.log1p(phi * m) / phi) if phi > 1e-9 else math.exp(-m)
            total, top = mass, 0
            ladder[0] = total
            while total < 1.0 - 1e-7 and top < 4095:
                mass *= m * (1.0 + phi * top) / ((top + 1.0) * (1.0 + phi * m))
                total += mass
                top += 1
                ladder[top] = total
            for path in range(paths):
                u = _normal_cdf(scores[row, path, step])
                count = np.searchsorted(ladder[: top + 1], u)
                units[row, path, step] = min(count, top) * quantum[row]
    return units


def series_key(site: str, sku: str) -> int:
    """A stable number of a series, so that its luck depends on nothing else in the panel."""
    return zlib.crc32(f"{site}\x1f{sku}".encode("utf-8", "surrogatepass"))


class ErrorPaths:
    """The bank of backtest error paths: normal scores [n, K, H] and who may lend them.

    `scores` holds NaN for a path that is not known whole. `segments` [n] names the pool of each
    series; `lends` [n] is false for series too thin or too odd to teach others.
    """

    def __init__(
        self,
        scores: Scores,
        segments: NDArray[np.object_],
        lends: NDArray[np.bool_],
        frequency: Frequency,
    ) -> None:
        self.common_share = COMMON_SHARE[frequency]
        self.scores = scores
        self.segments = segments
        self.lends = lends
        self.whole: NDArray[np.bool_] = np.all(np.isfinite(scores), axis=2)  # [n, K]
        self._pools: dict[tuple[str, int], NDArray[np.int64]] = {}
        for number in range(scores.shape[1]):
            lenders = self.whole[:, number] & lends
            self._pools["", number] = np.flatnonzero(lenders)
            for segment in set(segments.tolist()):
                members = np.flatnonzero(lenders & (segments == segment))
                self._pools[segment, number] = members if len(members) >= 5 else np.zeros(0, int)

    @property
    def origins(self) -> int:
        return self.scores.shape[1]

    @property
    def horizon(self) -> int:
        return self.scores.shape[2]

    def pool(self, segment: str, number: int) -> NDArray[np.int64]:
        """Rows that lend their path of origin `number`; all lenders where a segment has few."""
        members = self._pools.get((segment, number))
        return members if members is not None and len(members) else self._pools["", number]

    def draw(self, row: int | None, segment: str, key: int, paths: int, seed: int) -> Scores:
        """[paths, H] scores for one series; `row` is its own place in the bank, if it has one.

        A handful of past paths has no tails: where a segment has few, a share of the paths comes
        from the count model alone, with the share of the whole that errors usually have in common.
        """
        luck = np.random.Generator(np.random.Philox(key=[seed, key]))
        own_luck, pick, trust = luck.random(paths), luck.random(paths), luck.random(paths)
        out = np.empty((paths, self.horizon), np.float32)
        missing = np.ones(paths, dtype=bool)
        if self.origins:
            origin = np.arange(paths) % self.origins
            known = sum(len(self.pool(segment, number)) for number in range(self.origins))
            trusted = trust < known / (known + PATHS_PRIOR)
            mine = int(self.whole[row].sum()) if row is not None else 0
            own = own_luck < mine / (mine + OWN_PRIOR)
            for number in range(self.origins):
                here = (origin == number) & trusted
                if row is not None and self.whole[row, number]:
                    chosen = here & own
                    out[chosen] = self.scores[row, number]
                    missing[chosen] = False
                pool = self.pool(segment, number)
                chosen = here & missing
                if len(pool):
                    lenders = pool[(pick[chosen] * len(pool)).astype(np.int64)]
                    out[chosen] = self.scores[lenders, number]
                    missing[chosen] = False
        if missing.any():
            count = int(missing.sum())
            shared = luck.standard_normal((count, 1)) * math.sqrt(self.common_share)
            alone = luck.standard_normal((count, self.horizon)) * math.sqrt(1.0 - self.common_share)
            out[missing] = shared + alone
        return out


def fill_gaps(scores: Matrix, *, least_known: float = 0.7) -> Scores:
    """Score paths [n, H], closed days filled by the path's mean; NaN where too little is known."""
    known = ~np.isnan(scores)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(scores, axis=1) / count
    filled = np.where(known, scores, mean[:, None])
    filled[count < least_known * scores.shape[1]] = np.nan
    return np.clip(filled, -MOST_SCORE, MOST_SCORE).astype(np.float32)
