"""Normal scores behind counts: the dice of a whole path are thrown together.

The randomised PIT of a small count is mostly dice: none sold, where three days in four sell none,
may stand anywhere in the lower three quarters. Dice thrown anew each period hide what the periods
of a path have in common as soon as the path is lent to a series of another mean: four weeks of
nothing become four weeks with something, and sums too narrow. So the scores of a path are drawn
given all of its counts, from the simplest model in which they share anything: z = √ρ c + √(1 − ρ) e
with c of the path, e of the period and ρ of the volume class, all normal (latent normals: Albert
and Chib 1993, J. Am. Stat. Assoc. 88:669; data augmentation: Tanner and Wong 1987, ibid. 82:528; ρ
renewed in each sweep: Celeux and Diebolt 1985, Comput. Stat. Q. 2:73). Each score stays where its
count is, so that a count alone is as likely as before.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from forecasting.dispersion import VOLUMES

Matrix = NDArray[np.float64]

MOST_SWEEPS: Final = 15  # ρ starts too low and rises; that of the slowest sellers, the longest
LEAST_PATHS: Final = 20  # of a volume class; below, nothing is known of what they share
MOST_SHARE: Final = 0.9
LEAST_CHANCE: Final = 1e-9


def scores_of(low: Matrix, high: Matrix, volumes: NDArray[np.int64], seed: int) -> Matrix:
    """[n, K, H] normal scores of counts whose transforms lie between `low` and `high` [n, K, H],
    NaN where unknown; `volumes` [n, K]: the volume class of each path."""
    random = np.random.default_rng(seed)
    found = np.full(low.shape, np.nan)
    for volume in range(len(VOLUMES) + 1):
        here = volumes == volume
        below, upto = (ndtri(_inside(bound[here])) for bound in (low, high))
        found[here] = _drawn(below, upto, random)
    return found


def _drawn(below: Matrix, upto: Matrix, random: np.random.Generator) -> Matrix:
    """[p, H] scores of paths of one class between the scores `below` and `upto`."""
    count = np.sum(~np.isnan(below), axis=1, keepdims=True)
    scores, centre, share = below, np.zeros((len(below), 1)), 0.0
    for _ in range(MOST_SWEEPS):
        spread = np.sqrt(1.0 - share)
        first, last = (ndtr((bound - centre) / spread) for bound in (below, upto))
        chance = first + random.random(below.shape) * (last - first)
        scores = np.clip(centre + spread * ndtri(_inside(chance)), below, upto)
        found = _shared(scores, count)
        if found <= share:
            break
        share = found
        known = 1.0 - share + count * share
        common = np.sqrt(share) * np.nansum(scores, axis=1, keepdims=True) / known
        common += np.sqrt((1.0 - share) / known) * random.standard_normal(common.shape)
        centre = np.sqrt(share) * common
    return scores


def _shared(scores: Matrix, count: NDArray[np.int64]) -> float:
    """ρ: the mean product of two periods of a path ÷ that of a period with itself."""
    if len(scores) < LEAST_PATHS:
        return 0.0
    square = np.nansum(scores**2)
    pairs = float(np.sum(count * (count - 1)))
    if not (square > 0.0 and pairs > 0.0):
        return 0.0
    product = (np.sum(np.nansum(scores, axis=1) ** 2) - square) / pairs
    return float(np.clip(product / (square / count.sum()), 0.0, MOST_SHARE))


def _inside(chance: Matrix) -> Matrix:
    """The same where a normal quantile is finite."""
    found: Matrix = np.clip(chance, LEAST_CHANCE, 1.0 - LEAST_CHANCE)
    return found
