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
from collections.abc import Mapping, Sequence
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
LEAST_BALANCE: Final = 0.5  # bounds of what moves the paths' average to the forecast: beyond,
MOST_BALANCE: Final = 2.0  # the forecast itself is in doubt
MOST_COUNT: Final = 4095.0
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
def _ordered_counts(mean: float, phi: float, z: Matrix, u: Matrix, out: Matrix) -> float:
    """Fill `out` [P] with the counts at ascending normal scores z, u = Φ(z); returns their mean."""
    count = len(z)
    total = 0.0
    if not mean > 0.0:
        out[:] = 0.0
        return 0.0
    if mean > EXACT_BELOW:
        for path in range(count):
            out[path] = np.rint(_gamma_value(z[path], mean, phi))
            total += out[path]
        return total / count
    mass = math.exp(-math.log1p(phi * mean) / phi) if phi > 1e-9 else math.exp(-mean)
    upto, k = mass, 0.0
    for path in range(count):
        while upto < u[path] and k < MOST_COUNT and upto < 1.0 - 1e-9:
            mass *= mean * (1.0 + phi * k) / ((k + 1.0) * (1.0 + phi * mean))
            upto += mass
            k += 1.0
        out[path] = k
        total += k
    return total / count


@njit(cache=True)
def _balanced_counts(mean, phi, z, u, out):  # type: ignore[no-untyped-def]
    """The same, their average moved to the mean: bent scores would carry their lenders' bias."""
    drawn = _ordered_counts(mean, phi, z, u, out)
    if drawn > 0.0:
        ratio = min(max(mean / drawn, LEAST_BALANCE), MOST_BALANCE)
        _ordered_counts(mean * ratio, phi, z, u, out)


@njit(cache=True)
def count_paths(
    ranks: NDArray[np.int16],
    z: Matrix,
    mean: Matrix,
    dispersion: Matrix,
    quantum: Matrix,
) -> NDArray[np.float32]:
    """[b, P, H] demand, units: path p of a series takes the count of rank `ranks` [b, P, H].

    `z` [b, P]: ascending normal scores; `mean` [b, H]: quanta.
    """
    rows, paths, horizon = ranks.shape
    units = np.zeros((rows, paths, horizon), np.float32)
    ordered, u = np.empty(paths), np.empty(paths)
    for row in range(rows):
        for path in range(paths):
            u[path] = _normal_cdf(z[row, path])
        for step in range(horizon):
            _balanced_counts(mean[row, step], dispersion[row], z[row], u, ordered)
            for path in range(paths):
                units[row, path, step] = ordered[ranks[row, path, step]] * quantum[row]
    return units


@njit(cache=True)
def count_quantiles(
    places: NDArray[np.int64],
    z: Matrix,
    mean: Matrix,
    dispersion: Matrix,
    quantum: Matrix,
) -> Matrix:
    """[b, H, Q] the counts of ranks `places` [Q] of the paths of `count_paths` at each step."""
    rows, horizon = mean.shape
    paths = z.shape[1]
    found = np.zeros((rows, horizon, len(places)))
    ordered, u = np.empty(paths), np.empty(paths)
    for row in range(rows):
        for path in range(paths):
            u[path] = _normal_cdf(z[row, path])
        for step in range(horizon):
            _balanced_counts(mean[row, step], dispersion[row], z[row], u, ordered)
            for number in range(len(places)):
                found[row, step, number] = ordered[places[number]] * quantum[row]
    return found


def places_of(levels: Sequence[float], paths: int) -> NDArray[np.int64]:
    """[Q] rank of the least value that a share of the paths does not pass."""
    exact = np.ceil(np.round(np.asarray(levels) * paths, 6)).astype(np.int64) - 1
    return np.clip(exact, 0, paths - 1)


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
        self._flat: dict[int, tuple[NDArray[np.int64], ...]] = {}

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

    def values(self, volumes: NDArray[np.int64], paths: int) -> Matrix:
        """[b, paths] ascending normal scores of the paths of series of some volume classes: those
        of a normal, bent as pooled scores are, so that a few hundred draws add no noise."""
        z = ndtri((np.arange(paths) + 0.5) / paths)
        table = np.stack([z + np.interp(z, GRID, bend) for bend in self.bend])
        bent: Matrix = np.maximum.accumulate(table, axis=1)[volumes]
        return bent

    def ranks(self, volume: int, key: int, paths: int, seed: int) -> NDArray[np.int16]:
        """[paths, H] order of the paths at each step, 0 the lowest, for one series.

        A handful of past paths says little: where there are few, a share of the order comes from
        the count model alone, with the share of the whole that errors usually have in common.
        """
        luck = np.random.Generator(np.random.Philox(key=[seed, key]))
        pick, trust = luck.random(paths), luck.random(paths)
        flat, begin, size = self._lenders(volume)
        origin = np.arange(paths) % max(self.origins, 1)
        trusted = trust < len(flat) / (len(flat) + PATHS_PRIOR)
        out = np.empty((paths, self.horizon), np.float32)
        if len(flat):
            trusted &= size[origin] > 0
            place = begin[origin] + (pick * size[origin]).astype(np.int64)
            chosen = origin[trusted]
            out[trusted] = self.scores[flat[place[trusted]], chosen]
        else:
            trusted[:] = False
        if not trusted.all():
            count = int((~trusted).sum())
            shared = luck.standard_normal((count, 1)) * math.sqrt(self.common_share)
            alone = luck.standard_normal((count, self.horizon)) * math.sqrt(1.0 - self.common_share)
            out[~trusted] = shared + alone
        # a path drawn twice is not twice the same
        out += 2e-3 * luck.random(out.shape, dtype=np.float32)
        order = np.argsort(out, axis=0)
        ranks = np.empty(out.shape, np.int16)
        steps = np.arange(paths, dtype=np.int16)[:, None]
        np.put_along_axis(ranks, order, np.broadcast_to(steps, out.shape), axis=0)
        return ranks

    def paths(
        self,
        keys: Sequence[int],
        *,
        mean: Matrix,
        dispersion: Matrix,
        quantum: Matrix,
        count: int,
        seed: int,
        horizon: int,
    ) -> NDArray[np.float32]:
        """[b, count, horizon] demand, units, of series with mean [b, H] in quanta, φ [b] and
        quantum [b]; the same key and seed, the same paths."""
        volumes = volume_class(mean.mean(axis=1))
        ranks = np.empty((len(keys), count, self.horizon), np.int16)
        for row, key in enumerate(keys):
            ranks[row] = self.ranks(int(volumes[row]), key, count, seed)
        return count_paths(
            ranks[:, :, :horizon],
            self.values(volumes, count),
            mean[:, :horizon],
            dispersion,
            quantum,
        )

    def _lenders(self, volume: int) -> tuple[NDArray[np.int64], ...]:
        """The lenders of all origins, one after another; where those of each begin; how many."""
        if volume not in self._flat:
            pools = self.pools(volume)
            size = np.array([len(pool) for pool in pools], dtype=np.int64)
            flat = np.concatenate(pools) if pools else np.zeros(0, np.int64)
            self._flat[volume] = flat, np.cumsum(size) - size, size
        return self._flat[volume]


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


def fill_gaps(scores: Matrix, *, reach: int, least_known: float = 0.7) -> Scores:
    """Score paths [n, H], closed days filled by the path's mean; NaN where too little of the first
    `reach` periods is known."""
    known = ~np.isnan(scores)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(scores, axis=1) / count
    filled = np.where(known, scores, mean[:, None])
    filled[count < least_known * reach] = np.nan
    return np.clip(filled, -MOST_SCORE, MOST_SCORE).astype(np.float32)
