"""What the series of one site were wrong about together, beyond what all sites were.

A shock δ of a site's demand (a wet week, a road closed) moves a series of mean m by δ m, so its
normal score by δ m ÷ √(m + φ m²): little where counts are small, and their own luck is large. δ is
the weighted least squares of the scores on that load, less the same of all sites; what it holds of
single series' luck is known from how they scatter around it, and taken out of its spread (random
effects by moments: DerSimonian and Laird 1986, Controlled Clinical Trials 7:177).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.recalibration import CENTRES

Matrix = NDArray[np.float64]
Scores = NDArray[np.float32]

TYPICAL: Final = 0.4  # φ of daily retail, in the load of a shock
LOADS: Final = np.sqrt(np.exp(CENTRES) / (1.0 + TYPICAL * np.exp(CENTRES)))
"""[V] normal score that a shock of 1 moves a series of each volume class by."""

LEAST: Final = 1e-9  # weight that is divided by


def site_key(site: str) -> int:
    """A stable number of a site."""
    return zlib.crc32(site.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class SiteShocks:
    """Of S sites at K origins, over H steps."""

    sites: NDArray[np.int64]  # [S] site_key, ascending
    shock: Scores  # [S, K, H] δ, with the spread that shocks have; 0 where nobody is known

    def of_site(self, site: int) -> Scores:
        """[K, H] of one site; one that the backtest did not know is taken for one that it knew."""
        place = int(np.searchsorted(self.sites, site))
        if place == len(self.sites) or self.sites[place] != site:
            place = site % len(self.sites)
        return self.shock[place]

    @classmethod
    def apart(
        cls, scores: Scores, volumes: NDArray[np.int64], sites: NDArray[np.int64]
    ) -> tuple[SiteShocks | None, Scores]:
        """The shocks in scores [n, K, H] of series of some volume classes [n, K] and sites [n], and
        the scores without them; None, and the scores as they are, where sites have none."""
        names, place = np.unique(sites, return_inverse=True)
        load = LOADS[volumes]
        whole: NDArray[np.bool_] = np.all(np.isfinite(scores), axis=2)
        weight = np.zeros((len(names), scores.shape[1]))
        np.add.at(weight, place, load**2 * whole)
        total = np.zeros((len(names), *scores.shape[1:]))
        np.add.at(total, place, np.where(whole[:, :, None], load[:, :, None] * scores, 0.0))
        of_all = total.sum(axis=0) / np.maximum(weight.sum(axis=0), LEAST)[:, None]
        of_site = total / np.maximum(weight, LEAST)[:, :, None]
        shock = np.where((weight > 0)[:, :, None], of_site - of_all, 0.0)
        # the mean of a whole path tells shock from luck: that is what sums over days are made of
        left = np.where(whole, scores.mean(axis=2) - load * of_site.mean(axis=2)[place], 0)
        chance = np.square(left).sum() / max(int(whole.sum() - (weight > 0).sum()), 1)
        variance = _variance(shock.mean(axis=2), weight, chance)
        if variance <= 0.0:
            return None, scores
        told = variance / (variance + chance / np.maximum(weight, LEAST))[:, :, None]
        best = (told * shock)[place] * load[:, :, None]
        kept = (np.sqrt(told) * shock).astype(np.float32)
        return cls(names, kept), (scores - best).astype(np.float32)


def _variance(shock: Matrix, weight: Matrix, chance: float) -> float:
    """Of the shocks behind their estimates [S, K], each of which luck moves by chance ÷ weight:
    what they scatter beyond that, by the moments of each origin, added up."""
    known, every = weight > 0, np.maximum(weight.sum(axis=0), LEAST)
    by_luck = chance * np.maximum(known.sum(axis=0) - 1, 0).sum()
    reach = (every - (weight**2).sum(axis=0) / every).sum()
    return float(((weight * shock**2).sum() - by_luck) / max(reach, LEAST))
