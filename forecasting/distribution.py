"""Point forecast → sample paths: a count distribution driven by pooled backtest error paths.

Each past forecast is turned into its randomised probability integral transform (PIT) under a
negative binomial of mean f and variance f + φ f² (Czado, Gneiting and Held 2009, "Predictive model
assessment for count data", Biometrics 65, eq. 2), kept as a normal score. A sample path takes the
order of a whole path of scores from one past origin of a series of like volume (the Schaake shuffle
of Clark et al. 2004, J. Hydrometeorology 5:243) and maps it back through its own negative binomial.
So errors keep their order in time, path i shares its origin with path i of every other series (sums
keep their spread), and pooled scores that are not standard normal repair what the negative binomial
gets wrong. The series' own errors have their say in its dispersion φ.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

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

PATHS_PRIOR: Final = 24.0  # past paths that weigh as much as the plain count model
BEND_PRIOR: Final = 100.0  # past paths that weigh as much as no bend
USUAL_PRIOR: Final = 5.0  # horizons that the usual dispersion weighs against a series' own errors
POOLED_SHARE: Final = 0.7  # of the usual dispersion that like series' errors say, not recent demand
MOST_DISPERSION: Final = 50.0
LEAST_LENDERS: Final = 20  # below, like volumes lend too
MOST_LENDERS: Final = 1_000  # of a volume class; more would only fill the disk
GRID: Final = np.linspace(-3.0, 3.0, 25)  # normal scores at which the bend is kept
VOLUMES: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 32.0)
"""Mean demand a period, quanta, between the volume classes: the luck of small counts hides what
their errors have in common, so that a path is lent only to series of like volume."""


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
    """The bank of backtest error paths: normal scores [m, K, H] of m lenders.

    `scores` holds NaN for a path that is not known whole; `volumes` [m] is the class by which a
    lender is found; `bend` [V, G] what pooled scores differ from a normal at GRID, by class.
    """

    def __init__(
        self, scores: Scores, volumes: NDArray[np.int64], bend: Matrix, frequency: Frequency
    ) -> None:
        self.common_share = COMMON_SHARE[frequency]
        self.scores, self.volumes, self.bend = scores, volumes, bend
        self.whole: NDArray[np.bool_] = np.all(np.isfinite(scores), axis=2)  # [m, K]
        self._pools: dict[int, list[NDArray[np.int64]]] = {}

    @classmethod
    def of(cls, scores: Scores, volumes: NDArray[np.int64], frequency: Frequency) -> ErrorPaths:
        """The bank of lenders' scores [m, K, H], at most MOST_LENDERS of a class."""
        kept = [
            rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_LENDERS)).astype(np.int64)]
            for volume in range(len(VOLUMES) + 1)
            if len(rows := np.flatnonzero(volumes == volume))
        ]
        chosen = np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.int64)
        bend = _bend(scores, volumes)
        return cls(scores[chosen], volumes[chosen], bend, frequency)

    @property
    def origins(self) -> int:
        return self.scores.shape[1]

    @property
    def horizon(self) -> int:
        return self.scores.shape[2]

    def pools(self, volume: int) -> list[NDArray[np.int64]]:
        """Lenders at each origin: of the class, or of the nearest classes where those are few."""
        if volume not in self._pools:
            distance = np.abs(self.volumes - volume)
            found = []
            for number in range(self.origins):
                here = np.flatnonzero(self.whole[:, number])
                near = here
                for reach in range(len(VOLUMES) + 1):
                    near = here[distance[here] <= reach]
                    if len(near) >= LEAST_LENDERS:
                        break
                found.append(near)
            self._pools[volume] = found
        return self._pools[volume]

    def draw(self, volume: int, key: int, paths: int, seed: int) -> Scores:
        """[paths, H] scores for one series of a volume class.

        A handful of past paths has no tails: where there are few, a share of the paths comes from
        the count model alone, with the share of the whole that errors usually have in common. The
        drawn scores give the order of the paths at each step; their values are those of a normal,
        bent as pooled scores are, so that a few hundred draws add no noise to the quantiles.
        """
        luck = np.random.Generator(np.random.Philox(key=[seed, key]))
        pick, trust = luck.random(paths), luck.random(paths)
        out = np.empty((paths, self.horizon), np.float32)
        missing = np.ones(paths, dtype=bool)
        if self.origins:
            pools = self.pools(volume)
            origin = np.arange(paths) % self.origins
            known = sum(len(pool) for pool in pools)
            trusted = trust < known / (known + PATHS_PRIOR)
            for number, pool in enumerate(pools):
                chosen = (origin == number) & trusted
                if len(pool):
                    lenders = pool[(pick[chosen] * len(pool)).astype(np.int64)]
                    out[chosen] = self.scores[lenders, number]
                    missing[chosen] = False
        if missing.any():
            count = int(missing.sum())
            shared = luck.standard_normal((count, 1)) * math.sqrt(self.common_share)
            alone = luck.standard_normal((count, self.horizon)) * math.sqrt(1.0 - self.common_share)
            out[missing] = shared + alone
        out += 1e-3 * luck.standard_normal(out.shape)  # a path drawn twice is not twice the same
        z = ndtri((np.arange(paths) + 0.5) / paths)
        values = (z + np.interp(z, GRID, self.bend[volume])).astype(np.float32)
        order = np.argsort(out, axis=0)
        np.put_along_axis(out, order, np.broadcast_to(values[:, None], out.shape), axis=0)
        return out


def _bend(scores: Scores, volumes: NDArray[np.int64]) -> Matrix:
    """[V, G] quantiles of the pooled scores less those of a normal, at GRID; classes are shrunk to
    the whole, the whole to none."""
    whole: NDArray[np.bool_] = np.all(np.isfinite(scores), axis=2)

    def bent(rows: NDArray[np.bool_], usual: Matrix) -> Matrix:
        mine = scores[rows][whole[rows]]
        if not len(mine):
            return usual
        found = np.quantile(mine.ravel(), ndtr(GRID)) - GRID
        trust = len(mine) / (len(mine) + BEND_PRIOR)
        mixed: Matrix = trust * found + (1.0 - trust) * usual
        return mixed

    usual = bent(np.ones(len(scores), dtype=bool), np.zeros(len(GRID)))
    return np.stack([bent(volumes == volume, usual) for volume in range(len(VOLUMES) + 1)])


def volume_class(mean: Matrix) -> NDArray[np.int64]:
    """[n] class of a mean demand a period, in quanta."""
    return np.digitize(mean, VOLUMES).astype(np.int64)


@dataclass(frozen=True)
class Dispersion:
    """φ of var = m + φ m² by moments of n series' backtest errors, in quanta.

    Of its own errors, shrunk to a usual one: of errors of the same demand class and volume, and of
    recent demand around its trailing level.
    """

    excess: Matrix  # [n] Σ (y − f)² − f
    square: Matrix  # [n] Σ f²
    of_class: Mapping[str, Matrix]  # [V] pooled φ by volume class; NaN where nothing was tested

    def at(
        self,
        rows: NDArray[np.int64],
        *,
        recent: Matrix,
        classes: NDArray[np.object_],
        mean: Matrix,
        horizon: int,
    ) -> Matrix:
        """[k] φ of the series at `rows`, -1 where the backtest did not know one.

        `recent` [k]: φ around the trailing level; `mean` [k] of the forecast, quanta a period.
        """
        volumes = volume_class(mean)
        nothing = np.full(len(VOLUMES) + 1, np.nan)
        pooled = np.array(
            [
                self.of_class.get(kind, nothing)[volume]
                for kind, volume in zip(classes, volumes, strict=True)
            ]
        )
        mixed = POOLED_SHARE * pooled + (1.0 - POOLED_SHARE) * recent
        usual = np.where(np.isnan(mixed), recent, mixed)
        met = rows >= 0
        excess, square = (np.where(met, part[rows], 0.0) for part in (self.excess, self.square))
        return dispersion_of(excess, square, usual, mean, horizon)

    @classmethod
    def of(
        cls,
        excess: Matrix,
        square: Matrix,
        *,
        classes: NDArray[np.object_],
        mean: Matrix,
        lends: NDArray[np.bool_],
    ) -> Dispersion:
        """From sums by series [n]; only lenders teach others."""
        volumes = volume_class(mean)
        of_class = {}
        for kind in sorted(set(classes.tolist())):
            here = (classes == kind) & lends
            sums = [
                np.bincount(volumes[here], part[here], minlength=len(VOLUMES) + 1)
                for part in (excess, square)
            ]
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.where(sums[1] > 0, sums[0] / sums[1], np.nan)
            of_class[kind] = np.clip(ratio, 0.0, MOST_DISPERSION)
        return cls(excess, square, of_class)


def dispersion_of(
    excess: Matrix, square: Matrix, usual: Matrix, mean: Matrix, horizon: int
) -> Matrix:
    """[n] φ by moments of backtest errors (Σ (y − f)² − f over Σ f²), shrunk to a usual one that
    weighs USUAL_PRIOR horizons of the mean forecast."""
    prior = USUAL_PRIOR * horizon * mean**2
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (excess + prior * usual) / (square + prior)
    return np.clip(np.where(np.isfinite(found), found, usual), 0.0, MOST_DISPERSION)


def fill_gaps(scores: Matrix, *, least_known: float = 0.7) -> Scores:
    """Score paths [n, H], closed days filled by the path's mean; NaN where too little is known."""
    known = ~np.isnan(scores)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(scores, axis=1) / count
    filled = np.where(known, scores, mean[:, None])
    filled[count < least_known * scores.shape[1]] = np.nan
    return np.clip(filled, -MOST_SCORE, MOST_SCORE).astype(np.float32)
