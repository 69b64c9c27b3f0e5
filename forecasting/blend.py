"""Local and global forecasts → one: weights per series and horizon band, shrunk twice.

Weights minimise w'Aw over the simplex, A the mean product of two members' scaled errors (Bates and
Granger 1969, "The combination of forecasts", with all covariances). A series' own A is shrunk
towards its segment's and that towards the whole's, so that thin histories do not pick on luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

BANDS: Final = 3  # parts of a horizon with weights of their own
OWN_PRIOR: Final = 10.0  # windows that a segment's products weigh against a series' own
SEGMENT_PRIOR: Final = 200.0  # windows of any series that the whole weighs against a segment
RIDGE: Final = 0.1  # of the mean diagonal: equal weights where the evidence says nothing
MOST_PRODUCT: Final = 25.0  # a scaled squared error beyond is an accident of one series


def bands_of(horizon: int) -> list[slice]:
    """The steps of each band: the first quarter, the second quarter, the rest.

    >>> bands_of(28)
    [slice(0, 7, None), slice(7, 14, None), slice(14, 28, None)]
    """
    cuts = sorted({0, max(1, horizon // 4), max(1, horizon // 2), horizon})
    return [slice(first, last) for first, last in pairwise(cuts)]


def products(errors: Matrix, scale: Matrix) -> Matrix:
    """[n, B, m, m] mean product of two members' errors [n, m, H] ÷ scale [n], by band; NaN where
    nothing is known.

    Half of it is that of single periods, half that of the band's sum: what an order covers.
    """
    rows, members, horizon = errors.shape
    parts = bands_of(horizon)
    out = np.full((rows, len(parts), members, members), np.nan)
    for band, part in enumerate(parts):
        error = errors[:, :, part]
        known: NDArray[np.bool_] = np.all(~np.isnan(error), axis=1)
        count = known.sum(axis=1)
        filled = np.where(known[:, None, :], error, 0.0)
        single = np.einsum("nih,njh->nij", filled, filled)
        total = filled.sum(axis=2)
        both = single + total[:, :, None] * total[:, None, :]
        with np.errstate(invalid="ignore", divide="ignore"):
            out[:, band] = np.where(
                (count > 0)[:, None, None], both / (2.0 * count * scale)[:, None, None], np.nan
            )
    size = np.trace(out, axis1=2, axis2=3)[:, :, None, None] / members
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(size > MOST_PRODUCT, out * (MOST_PRODUCT / size), out)


def shrunk(
    products: Matrix,
    segments: NDArray[np.int64],
    teaches: NDArray[np.bool_],
    *,
    fresh: float = 1.0,
) -> Matrix:
    """[n, B, m, m] of products [n, K, B, m, m]: own, segment's and whole's, by what each has seen.

    NaN where nobody has seen anything. `fresh`: the share of the windows' periods that are not in
    another window too; a period seen thrice is no threefold evidence.
    """
    own_total, own_count = (fresh * part for part in _summed(products))
    lent_total = own_total * teaches[:, None, None, None]
    lent_count = own_count * teaches[:, None, None, None]
    whole = usual(products, teaches)
    out = np.full(own_total.shape, np.nan)
    for segment in set(segments.tolist()):
        rows = segments == segment
        count = lent_count[rows].sum(axis=0)
        mine = (lent_total[rows].sum(axis=0) + SEGMENT_PRIOR * whole) / (count + SEGMENT_PRIOR)
        out[rows] = (own_total[rows] + OWN_PRIOR * mine) / (own_count[rows] + OWN_PRIOR)
    return out


def usual(products: Matrix, teaches: NDArray[np.bool_]) -> Matrix:
    """[B, m, m] mean of the products [n, K, B, m, m] of the series that teach; NaN without any."""
    total, count = _summed(products[teaches])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Matrix = total.sum(axis=0) / count.sum(axis=0)
    return mean


def _summed(products: Matrix) -> tuple[Matrix, Matrix]:
    """[n, B, m, m] sums over the origins, and [n, B, 1, 1] how many are known."""
    known = ~np.isnan(products[:, :, :, 0, 0])
    total = np.where(known[..., None, None], products, 0.0).sum(axis=1)
    return total, known.sum(axis=1).astype(np.float64)[..., None, None]


def simplex_weights(products: Matrix, *, fresh: float = 1.0) -> Matrix:
    """[..., m] weights ≥ 0 with sum 1 that minimise w'Aw, for A [..., m, m]; NaN where A is.

    The less of the evidence is fresh, the nearer they are to equal.

    Every support is tried: m is small.

    >>> simplex_weights(np.array([[1.0, 0.0], [0.0, 1.0]]))
    array([0.5, 0.5])
    """
    members = products.shape[-1]
    size = np.trace(products, axis1=-2, axis2=-1) / members
    matrix = products + (RIDGE / fresh * size + 1e-12)[..., None, None] * np.eye(members)
    unknown = ~np.isfinite(matrix).all(axis=(-2, -1))
    matrix[unknown] = np.eye(members)
    best = np.full(matrix.shape[:-2], np.inf)
    weights = np.zeros(matrix.shape[:-1])
    for count in range(1, members + 1):
        for support in combinations(range(members), count):
            part = matrix[..., list(support), :][..., list(support)]
            ones = np.ones((*part.shape[:-1], 1))
            solved = np.linalg.solve(part, ones)[..., 0]
            total = solved.sum(axis=-1)
            feasible = (solved >= -1e-9).all(axis=-1) & (total > 0)
            loss = np.where(feasible, 1.0 / np.where(total > 0, total, np.nan), np.inf)
            better = loss < best
            best = np.where(better, loss, best)
            full = np.zeros_like(weights)
            full[..., list(support)] = (
                np.maximum(solved, 0.0) / np.where(total > 0, total, 1.0)[..., None]
            )
            weights = np.where(better[..., None], full, weights)
    weights[unknown] = np.nan
    return weights / weights.sum(axis=-1, keepdims=True)


def settled(weights: Matrix) -> Matrix:
    """The same weights [..., B, m] without gaps: a band that no window reached is like the one
    before it, and where nothing was tested all members are alike.

    >>> settled(np.array([[0.2, 0.8], [np.nan, np.nan]]))
    array([[0.2, 0.8],
           [0.2, 0.8]])
    """
    found = weights.copy()
    for band in range(1, found.shape[-2]):
        part = found[..., band, :]
        found[..., band, :] = np.where(np.isnan(part), found[..., band - 1, :], part)
    return np.nan_to_num(found, nan=1.0 / found.shape[-1])


def blended(members: Matrix, weights: Matrix, bands: Sequence[slice]) -> Matrix:
    """[n, H] of member forecasts [n, m, H] and weights [n, B, m], settled where they are NaN; a
    member that is not there (NaN) leaves its weight to the others, at equal parts where those have
    none."""
    out = np.empty((len(members), members.shape[2]))
    weights = settled(weights)
    for band, part in enumerate(bands):
        usable = ~np.isnan(members[:, :, part].sum(axis=2))
        weight = weights[:, band] * usable
        alike = weight.sum(axis=1) <= 0
        weight[alike] = usable[alike]
        total = weight.sum(axis=1, keepdims=True)
        weight = weight / np.where(total > 0, total, 1.0)
        out[:, part] = np.einsum("nm,nmh->nh", weight, np.nan_to_num(members[:, :, part]))
    return out
