"""Point forecast → sample paths: a count distribution driven by pooled backtest error paths.

Each past forecast is turned into its randomised probability integral transform (PIT) under a
negative binomial of mean f and variance f + φ f² (Czado, Gneiting and Held 2009, "Predictive model
assessment for count data", Biometrics 65, eq. 2), kept as a normal score, those of a path drawn
together (`forecasting.latent_scores`). A sample path takes the order of a whole path of scores from
one past origin of a series of like volume (the Schaake shuffle of Clark et al. 2004, J.
Hydrometeorology 5:243) and maps it back through its own negative binomial. So errors keep their
order in time, path i shares its origin with path i of every other series, and what went wrong at
its site then with those of the site (sums keep their spread), and pooled scores that are not
standard normal repair what the negative binomial gets wrong. The series' own errors have their say
in its dispersion φ.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from forecasting.calendar import Frequency
from forecasting.compiled import fixed
from forecasting.counts import counts_at, drawn, normal_cdf, places_of
from forecasting.dispersion import VOLUMES, volume_class
from forecasting.path_scores import keys_of_paths, paths_of
from forecasting.shocks import LOADS, SiteShocks

Matrix = NDArray[np.float64]
Scores = NDArray[np.float32]

MOST_SCORE: Final = 6.0  # a normal score beyond is one event in a thousand million
COMMON_SHARE: Final = {Frequency.DAY: 0.1, Frequency.WEEK: 0.35, Frequency.MONTH: 0.3}
"""Of the variance of scores, what a whole path has in common, where nothing is known: .05 to .14 by
day, .34 to .36 by week and .29 to .35 by month on three companies' backtests."""

PATHS_PRIOR: Final = 24.0  # past paths that weigh as much as the plain count model
BEND_PRIOR: Final = 100.0  # past paths that weigh as much as no bend
LEAST_LENDERS: Final = 20  # below, like volumes lend too
MOST_LENDERS: Final = 1_000  # of a volume class; more would only fill the disk
GRID: Final = np.linspace(-2.0, 2.0, 17)
"""Normal scores at which the bend is kept; beyond, that of the ends: what is rarer than one in
forty comes from a few series' accidents, and would lift the tail, and so lower the body, of all."""


def series_key(site: str, sku: str) -> int:
    """A stable number of a series, so that its luck depends on nothing else in the panel."""
    return zlib.crc32(f"{site}\x1f{sku}".encode("utf-8", "surrogatepass"))


class ErrorPaths:
    """The bank of backtest error paths: normal scores [m, K, H] of m lenders.

    `scores` holds NaN for a path that is not known whole; `volumes` [m, K] is the class by which a
    lender is found, that of what was forecast at the origin: who had fallen asleep by then lends to
    those who have now; `bend` [V, G] what pooled scores differ from a normal at GRID, by class.
    `shocks` are what sites have in common, and in none of the scores; None: nothing.
    """

    def __init__(
        self,
        scores: Scores,
        volumes: NDArray[np.int64],
        bend: Matrix,
        frequency: Frequency,
        shocks: SiteShocks | None = None,
    ) -> None:
        self.common_share = COMMON_SHARE[frequency]
        self.scores, self.volumes, self.bend, self.shocks = scores, volumes, bend, shocks
        self.whole: NDArray[np.bool_] = np.all(np.isfinite(scores), axis=2)  # [m, K]
        self._pools: dict[int, list[NDArray[np.int64]]] = {}
        self._flat: dict[int, tuple[NDArray[np.int64], ...]] = {}

    @classmethod
    def of(
        cls,
        scores: Scores,
        volumes: NDArray[np.int64],
        sites: NDArray[np.int64],
        frequency: Frequency,
    ) -> ErrorPaths:
        """The bank of lenders' scores [m, K, H] and volume classes [m, K], at most MOST_LENDERS of
        a usual class; `sites` [m]: the site_key of each."""
        usual = np.median(volumes, axis=1).astype(np.int64) if volumes.size else np.zeros(0)
        kept = [
            rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_LENDERS)).astype(np.int64)]
            for volume in range(len(VOLUMES) + 1)
            if len(rows := np.flatnonzero(usual == volume))
        ]
        chosen = np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.int64)
        bend = _bend(scores, volumes)
        shocks, apart = SiteShocks.apart(scores, volumes, sites)
        return cls(apart[chosen], volumes[chosen], bend, frequency, shocks)

    def to_arrays(self) -> dict[str, Any]:
        """What `from_arrays` reads, for a file without pickles."""
        arrays = {"scores": self.scores, "volumes": self.volumes, "bend": self.bend}
        if self.shocks is None:
            return arrays
        return {**arrays, "shock_sites": self.shocks.sites, "shock": self.shocks.shock}

    @classmethod
    def from_arrays(cls, kept: Mapping[str, Any], frequency: Frequency) -> ErrorPaths:
        """Raises KeyError; an earlier version's bank has no shocks, or one class a lender."""
        shocks = SiteShocks(kept["shock_sites"], kept["shock"]) if "shock" in kept else None
        scores, volumes = kept["scores"], kept["volumes"]
        if volumes.ndim == 1:
            volumes = np.repeat(volumes[:, None], scores.shape[1], axis=1)
        return cls(scores, volumes, kept["bend"], frequency, shocks)

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
                    near = here[distance[here, number] <= reach]
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

    def order(
        self, volume: int, key: int, site: int, *, paths: int, seed: int
    ) -> NDArray[np.int64]:
        """[H, paths] the paths at each step, the lowest first, for one series of a site.

        A handful of past paths says little: where there are few, a share of the order comes from
        the count model alone, with the share of the whole that errors usually have in common.
        """
        luck = np.random.Generator(np.random.Philox(key=[seed, key]))
        pick, trust = luck.random(paths), luck.random(paths)
        flat, begin, size = self._lenders(volume)
        origin = np.arange(paths) % max(self.origins, 1)
        trusted = trust < len(flat) / (len(flat) + PATHS_PRIOR)
        lender = np.full(paths, -1)
        if len(flat):
            trusted &= size[origin] > 0
            place = begin[origin] + (pick * size[origin]).astype(np.int64)
            lender[trusted] = flat[place[trusted]]
        alone = np.empty((0, self.horizon), np.float32)
        if count := int((lender < 0).sum()):
            shared = luck.standard_normal((count, 1)) * math.sqrt(self.common_share)
            apart = luck.standard_normal((count, self.horizon)) * math.sqrt(1.0 - self.common_share)
            alone = (shared + apart).astype(np.float32)
        noise = luck.random((paths, self.horizon), dtype=np.float32)
        shocks = np.empty((0, self.horizon), np.float32)
        if self.shocks is not None:
            shocks = self.shocks.of_site(site)
        load = np.float32(LOADS[volume])
        keys = keys_of_paths(fixed(self.scores), lender, origin, shocks, load, alone, noise)
        keys.sort(axis=1)
        return paths_of(keys)

    def paths(
        self,
        keys: Sequence[int],
        sites: Sequence[int],
        *,
        mean: Matrix,
        dispersion: Matrix,
        quantum: Matrix,
        count: int,
        seed: int,
        horizon: int,
        moved: Matrix | None = None,
    ) -> NDArray[np.float32]:
        """[b, count, horizon] demand, units, of series with mean [b, H] in quanta, φ [b] and
        quantum [b]; the same key, site (its site_key) and seed, the same paths.

        `moved` [b, H] is the mean that each period is moved to; everything else stays, the order of
        the paths too: no path of a raised period is lower than before, none of a lowered one
        higher.
        """
        volumes = volume_class(mean.mean(axis=1))
        z = self.values(np.arange(len(VOLUMES) + 1), count)
        u = normal_cdf(z)
        mean = mean[:, :horizon]
        to = np.empty((len(keys), 0)) if moved is None else moved[:, :horizon]
        units = np.empty((len(keys), count, horizon), np.float32)
        for row, (key, site) in enumerate(zip(keys, sites, strict=True)):
            volume = int(volumes[row])
            order = self.order(volume, key, site, paths=count, seed=seed)
            around = mean[row], to[row], dispersion[row], quantum[row]
            drawn(z[volume], u[volume], *around, order, units[row])
        return units

    def quantiles(
        self,
        levels: Sequence[float],
        *,
        mean: Matrix,
        dispersion: Matrix,
        quantum: Matrix,
        count: int,
        moved: Matrix | None = None,
    ) -> Matrix:
        """[b, H, Q] of such paths at each step, units: no path need be drawn for them."""
        counts = self._counts(volume_class(mean.mean(axis=1)), mean, dispersion, count, moved)
        found: Matrix = counts[:, :, places_of(levels, count)] * quantum[:, None, None]
        return found

    def _counts(
        self,
        volumes: NDArray[np.int64],
        mean: Matrix,
        dispersion: Matrix,
        count: int,
        moved: Matrix | None,
    ) -> Matrix:
        """[b, H, count] ascending, quanta."""
        values = self.values(volumes, count)
        counts = counts_at(values, mean, dispersion)
        if moved is None:
            return counts
        raised = (moved >= mean)[:, :, None]
        there = counts_at(values, moved, dispersion)
        return np.where(raised, np.maximum(there, counts), np.minimum(there, counts))

    def _lenders(self, volume: int) -> tuple[NDArray[np.int64], ...]:
        """The lenders of all origins, one after another; where those of each begin; how many."""
        if volume not in self._flat:
            pools = self.pools(volume)
            size = np.array([len(pool) for pool in pools], dtype=np.int64)
            flat = np.concatenate(pools) if pools else np.zeros(0, np.int64)
            self._flat[volume] = flat, np.cumsum(size) - size, size
        return self._flat[volume]


def _bend(scores: Scores, volumes: NDArray[np.int64]) -> Matrix:
    """[V, G] quantiles of the pooled scores [m, K, H] less those of a normal, at GRID, by volume
    class [m, K]; classes are shrunk to the whole, the whole to none."""
    whole: NDArray[np.bool_] = np.all(np.isfinite(scores), axis=2)

    def bent(paths: NDArray[np.bool_], usual: Matrix) -> Matrix:
        mine = scores[paths & whole]
        if not len(mine):
            return usual
        found = np.quantile(mine.ravel(), ndtr(GRID)) - GRID
        trust = len(mine) / (len(mine) + BEND_PRIOR)
        mixed: Matrix = trust * found + (1.0 - trust) * usual
        return mixed

    usual = bent(np.ones(whole.shape, dtype=bool), np.zeros(len(GRID)))
    return np.stack([bent(volumes == volume, usual) for volume in range(len(VOLUMES) + 1)])


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
