"""How far counts scatter around a forecast: φ of var = m + φ m², from errors that were made.

φ is the one whose negative binomial would have had the least continuous ranked probability score
(CRPS; Gneiting and Raftery 2007, J. Am. Stat. Assoc. 102:359, eq. 20, summed over counts). Moments
would follow the few worst days: one lost promotion then widens every day of the series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.counts import crps
from forecasting.engine import in_threads

Matrix = NDArray[np.float64]

TRIED: Final = np.array(
    [0.01, 0.03, 0.06, 0.1, 0.15, 0.22, 0.32, 0.45, 0.65, 0.9, 1.25, 1.8, 2.5, 3.5, 5.0, 8.0, 12.0]
)
"""[G] values of φ whose scores are kept; the best lies between them."""

REFERENCE: Final = 9  # the place among them that makes the scores of all series comparable
OWN_PRIOR: Final = 100.0  # periods that like series weigh against a series' own
CLASS_PRIOR: Final = 2_000.0  # periods that all series weigh against a volume class
VOLUMES: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 32.0)
"""Mean demand a period, quanta, between the volume classes: the luck of small counts hides what
their errors have in common, so that a path is lent only to series of like volume."""


def volume_class(mean: Matrix) -> NDArray[np.int64]:
    """[n] class of a mean demand a period, in quanta."""
    return np.digitize(mean, VOLUMES).astype(np.int64)


@dataclass(frozen=True)
class Dispersion:
    """What n series' backtest errors say of φ, in quanta.

    Of its own errors, shrunk to those of like volume; then the geometric mean with the φ of recent
    demand around its trailing level, which has seen what the last backtest origin has not.
    """

    losses: NDArray[
        np.float32
    ]  # [n, G] Σ CRPS at TRIED ÷ the series' mean CRPS at REFERENCE; 0 where untested
    periods: Matrix  # [n] in those sums
    usual: (
        Matrix  # [V, G] mean of the same over series of a volume class; NaN where none was tested
    )

    def at(self, rows: NDArray[np.int64], *, recent: Matrix, mean: Matrix) -> Matrix:
        """[k] φ of the series at `rows`, -1 where the backtest did not know one.

        `recent` [k]: φ around the trailing level; `mean` [k] of the forecast, quanta a period.
        """
        met = (rows >= 0)[:, None]
        own = np.where(met, self.losses[rows], 0.0) if len(self.losses) else 0.0
        told = own + OWN_PRIOR * self.usual[volume_class(mean)]
        learned = _least(told)
        floor = TRIED[0]
        mixed = np.sqrt(np.maximum(learned, floor) * np.maximum(recent, floor))
        return np.where(np.isnan(learned), recent, mixed)

    @classmethod
    def of(
        cls, losses: Matrix, periods: Matrix, *, mean: Matrix, lends: NDArray[np.bool_]
    ) -> Dispersion:
        """From sums by series, [n, G] of CRPS and [n] of periods; only lenders teach others."""
        with np.errstate(invalid="ignore", divide="ignore"):
            size = losses[:, REFERENCE] / periods
            relative = np.where((size > 0)[:, None], losses / size[:, None], 0.0)
        counted = np.where(size > 0, periods, 0.0)
        lent = lends & (counted > 0)
        usual = np.full((len(VOLUMES) + 1, len(TRIED)), np.nan)
        if lent.any():
            volumes = volume_class(mean)
            whole = relative[lent].sum(axis=0) / counted[lent].sum()
            for volume in range(len(usual)):
                here = lent & (volumes == volume)
                sums = relative[here].sum(axis=0) + CLASS_PRIOR * whole
                usual[volume] = sums / (counted[here].sum() + CLASS_PRIOR)
        return cls(relative.astype(np.float32), counted, usual)


def losses_of(actual: Matrix, mean: Matrix) -> tuple[Matrix, Matrix]:
    """[n, G] Σ CRPS over the known periods at TRIED, and [n] how many: quanta, [n, H] each."""
    found = in_threads(
        lambda begin, end: crps(actual[begin:end], mean[begin:end], TRIED), len(mean)
    )
    losses, periods = zip(*found, strict=True)
    return np.concatenate(losses), np.concatenate(periods)


def _least(losses: Matrix) -> Matrix:
    """[k] φ of the least loss [k, G], by a parabola through the best and its neighbours on the
    logarithm of φ; NaN where losses are."""
    place = np.clip(np.argmin(losses, axis=1), 1, len(TRIED) - 2)
    rows = np.arange(len(losses))
    left, best, right = (losses[rows, place + side] for side in (-1, 0, 1))
    x = np.log(TRIED)
    before, after = x[place] - x[place - 1], x[place + 1] - x[place]
    bent = before * (best - right) + after * (best - left)
    with np.errstate(invalid="ignore", divide="ignore"):
        step = 0.5 * (before**2 * (best - right) - after**2 * (best - left)) / bent
    step = np.where(bent < 0, step, np.where(left < right, before, -after))  # the least at an end
    found: Matrix = np.exp(x[place] - np.clip(step, -after, before))
    return np.where(np.isnan(best), np.nan, found)
