"""How far counts scatter around a forecast: φ of var = m + φ m², from errors that were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

USUAL_PRIOR: Final = 5.0  # horizons that the usual dispersion weighs against a series' own errors
POOLED_SHARE: Final = 0.7  # of the usual dispersion that like series' errors say, not recent demand
MOST_DISPERSION: Final = 50.0
VOLUMES: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 32.0)
"""Mean demand a period, quanta, between the volume classes: the luck of small counts hides what
their errors have in common, so that a path is lent only to series of like volume."""


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
