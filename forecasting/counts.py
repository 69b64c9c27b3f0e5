"""Counts of a negative binomial: where an outcome falls, and what stands at given normal scores.

Mean f and variance f + φ f², by recurrence; large means by the gamma of Wilson and Hilferty (1931).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

EXACT_BELOW: Final = (
    300.0  # mean in quanta; above, a gamma by Wilson and Hilferty (1931) is as good
)
LEAST_BALANCE: Final = 0.5  # bounds of what moves the paths' average to the forecast: beyond,
MOST_BALANCE: Final = 2.0  # the forecast itself is in doubt
MOST_COUNT: Final = 4095.0


@njit(cache=True)
def _normal_cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


@njit(cache=True, inline="always")
def _mass_of_none(mean: float, phi: float) -> float:
    """P(N = 0)."""
    return math.exp(-math.log1p(phi * mean) / phi) if phi > 1e-9 else math.exp(-mean)


@njit(cache=True, inline="always")
def _next_mass(mass: float, k: float, mean: float, phi: float) -> float:
    """P(N = k + 1) from P(N = k)."""
    return mass * (mean * (1.0 + phi * k) / ((k + 1.0) * (1.0 + phi * mean)))


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
    mass = _mass_of_none(mean, dispersion)
    below, upto, k = 0.0, mass, 0.0
    while k < count and upto < 1.0 - 1e-12:
        mass = _next_mass(mass, k, mean, dispersion)
        below = upto
        upto += mass
        k += 1.0
    if k < count:
        return 1.0, 1.0
    return below, min(upto, 1.0)


@njit(cache=True)
def pit_bounds(actual: Matrix, mean: Matrix, dispersion: Matrix) -> tuple[Matrix, Matrix]:
    """[n, H] P(N < y) and P(N ≤ y) of actual counts y: the randomised PIT lies evenly between them;
    NaN where the actual is unknown.

    `mean`, `actual`: quanta [n, H]; `dispersion`: [n].
    """
    rows, horizon = actual.shape
    low = np.full((rows, horizon), np.nan)
    high = np.full((rows, horizon), np.nan)
    for row in range(rows):
        for step in range(horizon):
            if not (math.isnan(actual[row, step]) or math.isnan(mean[row, step])):
                low[row, step], high[row, step] = _count_score_bounds(
                    np.rint(actual[row, step]), mean[row, step], dispersion[row]
                )
    return low, high


@njit(cache=True, nogil=True, error_model="numpy")
def crps(actual: Matrix, mean: Matrix, tried: Matrix) -> tuple[Matrix, Matrix]:
    """[n, G] Σ over known periods of Σ_k (P(N ≤ k) − 1{y ≤ k})² for each φ > 0 tried [G], and [n]
    how many periods have a forecast above 0.

    `actual`, `mean`: quanta [n, H], NaN unknown. Means above EXACT_BELOW are counted in larger
    quanta: there φ alone makes the spread.
    """
    rows, horizon = actual.shape
    out = np.zeros((rows, len(tried)))
    periods = np.zeros(rows)
    inverse = 1.0 / np.arange(1.0, MOST_COUNT + 2.0)
    for row in range(rows):
        for step in range(horizon):
            f, y = mean[row, step], np.rint(actual[row, step])
            if math.isnan(y) or not f > 0.0:
                continue
            if f > EXACT_BELOW:
                f, y = EXACT_BELOW, np.rint(y * EXACT_BELOW / f)
            periods[row] += 1.0
            for place in range(len(tried)):
                out[row, place] += _crps_at(f, y, tried[place], inverse)
    return out, periods


@njit(cache=True, error_model="numpy")
def _crps_at(f: float, y: float, phi: float, inverse: Matrix) -> float:
    """Of one mean and outcome; `inverse` [MOST_COUNT + 1]: 1 / (k + 1), for a division in each step
    of `_next_mass` would take most of the time."""
    mass = _mass_of_none(f, phi)
    base = 1.0 + phi * f
    first, slope = f / base, f * phi / base
    sold = int(min(y, MOST_COUNT + 1.0))
    upto, lost, k = mass, 0.0, 0
    while k < sold:
        lost += upto**2
        mass *= (first + slope * k) * inverse[k]
        upto += mass
        k += 1
    while upto < 0.999 and k <= MOST_COUNT:  # what is left would add a thousandth squared
        lost += (1.0 - upto) ** 2
        mass *= (first + slope * k) * inverse[k]
        upto += mass
        k += 1
    return lost


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
    mass = _mass_of_none(mean, phi)
    upto, k = mass, 0.0
    for path in range(count):
        while upto < u[path] and k < MOST_COUNT and upto < 1.0 - 1e-9:
            mass = _next_mass(mass, k, mean, phi)
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


@njit(cache=True, nogil=True)
def counts_at(z: Matrix, mean: Matrix, dispersion: Matrix) -> Matrix:
    """[b, H, P] counts, ascending, at ascending normal scores `z` [b, P] of means [b, H] in quanta
    and φ [b]; their average is the mean."""
    rows, horizon = mean.shape
    paths = z.shape[1]
    counts = np.empty((rows, horizon, paths))
    u = np.empty(paths)
    for row in range(rows):
        for path in range(paths):
            u[path] = _normal_cdf(z[row, path])
        for step in range(horizon):
            _balanced_counts(mean[row, step], dispersion[row], z[row], u, counts[row, step])
    return counts


@njit(cache=True, nogil=True)
def drawn(  # type: ignore[no-untyped-def]
    z,  # f64[P] ascending normal scores
    u,  # f64[P] Φ of them
    mean,  # f64[H] quanta
    moved,  # f64[H] what the mean is moved to; f64[0]: it stays
    dispersion,  # φ
    quantum,
    order,  # i64[H, P] paths, the lowest first
    units,  # out f32[P, H]
):
    """Counts of one series, as `counts_at`, each put on the path that stands at its rank."""
    counts = np.empty(len(z))
    there = np.empty(len(z))
    for step in range(len(mean)):
        _balanced_counts(mean[step], dispersion, z, u, counts)
        if len(moved):
            _balanced_counts(moved[step], dispersion, z, u, there)
            raised = moved[step] >= mean[step]
            for rank in range(len(z)):
                higher = there[rank] > counts[rank]
                counts[rank] = there[rank] if higher == raised else counts[rank]
        for rank in range(len(z)):
            units[order[step, rank], step] = counts[rank] * quantum


@njit(cache=True)
def normal_cdf(z: Matrix) -> Matrix:
    """Φ of each."""
    found = np.empty_like(z)
    for place in range(z.size):
        found.flat[place] = _normal_cdf(z.flat[place])
    return found


def places_of(levels: Sequence[float], paths: int) -> NDArray[np.int64]:
    """[Q] rank of the least value that a share of the paths does not pass."""
    exact = np.ceil(np.round(np.asarray(levels) * paths, 6)).astype(np.int64) - 1
    return np.clip(exact, 0, paths - 1)
