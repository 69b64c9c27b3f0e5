"""Quantiles of sample paths, and how they are called."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecasting.counts import places_of

Matrix = NDArray[np.float64]


def quantiles_of(paths: NDArray[np.float32], levels: tuple[float, ...]) -> Matrix:
    """[b, H, Q] of paths [b, P, H]: the least value that a share τ of the paths does not pass."""
    ordered = np.sort(paths, axis=1)
    places = places_of(levels, paths.shape[1])
    return np.moveaxis(ordered[:, places, :], 1, 2).astype(np.float64)


def quantile_name(level: float) -> str:
    """
    >>> quantile_name(0.025), quantile_name(0.9)
    ('q025', 'q900')
    """
    return f"q{level * 1000:03.0f}"
