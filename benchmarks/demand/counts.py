"""Forecasts of counts: a mean, quantiles and where the truth fell, by formula or by sample paths.

`bounds(actual)` gives P(Y < y) and P(Y ≤ y): between them lies the randomised probability integral
transform (Czado, Gneiting and Held 2009, Biometrics 65, eq. 2), which is uniform when a forecast
is calibrated, however small the counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from forecasting.scores import bounds_of_draws

Matrix = NDArray[np.float64]


class CountForecast(Protocol):
    """What a method hands in: [n, H] matrices, units."""

    @property
    def mean(self) -> Matrix: ...

    def quantile(self, level: float) -> Matrix: ...

    def bounds(self, actual: Matrix) -> tuple[Matrix, Matrix]: ...


@dataclass(frozen=True)
class NegativeBinomial:
    """Mean f [n, H] and variance f + φ f² with φ [n] ≥ 0; Poisson where φ is 0."""

    mean: Matrix
    dispersion: Matrix

    def quantile(self, level: float) -> Matrix:
        spread, wide = self._parameters()
        found = np.where(
            wide,
            nbinom.ppf(level, 1.0 / spread, 1.0 / (1.0 + spread * self.mean)),
            poisson.ppf(level, self.mean),
        )
        return np.maximum(np.nan_to_num(found), 0.0)

    def bounds(self, actual: Matrix) -> tuple[Matrix, Matrix]:
        return self._cdf(actual - 1.0), self._cdf(actual)

    def _cdf(self, count: Matrix) -> Matrix:
        spread, wide = self._parameters()
        by_formula = np.where(
            wide,
            nbinom.cdf(count, 1.0 / spread, 1.0 / (1.0 + spread * self.mean)),
            poisson.cdf(count, self.mean),
        )
        return np.where(np.isnan(count), np.nan, by_formula)

    def _parameters(self) -> tuple[Matrix, NDArray[np.bool_]]:
        wide = np.broadcast_to(self.dispersion[:, None] > 1e-6, self.mean.shape)
        return np.maximum(self.dispersion, 1e-6)[:, None], wide


def dispersion_by_moments(history: Matrix, fitted: Matrix) -> Matrix:
    """φ [n] for which the variance f + φ f² matches the in-sample residuals; NaN is left out.

    >>> dispersion_by_moments(np.array([[4.0, 0.0]]), np.array([[2.0, 2.0]]))
    array([0.5])
    """
    known = ~(np.isnan(history) | np.isnan(fitted))
    f = np.where(known, np.maximum(fitted, 0.0), 0.0)
    squares = np.where(known, history - fitted, 0.0) ** 2
    weight = (f**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = (squares.sum(axis=1) - f.sum(axis=1)) / weight
    return np.where(weight > 0, np.maximum(excess, 0.0), 0.0)


@dataclass(frozen=True)
class SamplePaths:
    """The product's own: exported means and quantiles [n, H, Q] at `levels`; paths [n, P, H];
    `sold` [n, H]: the exported `mean_units`, what will sell of the mean, where it was asked for."""

    mean: Matrix
    quantiles: Matrix
    levels: tuple[float, ...]
    paths: NDArray[np.float32]
    sold: Matrix | None = None

    def quantile(self, level: float) -> Matrix:
        return self.quantiles[:, :, self.levels.index(level)]

    def bounds(self, actual: Matrix) -> tuple[Matrix, Matrix]:
        return bounds_of_draws(np.moveaxis(self.paths, 1, 2), actual)
