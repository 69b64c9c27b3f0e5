"""What forecasts of like volume have been wrong by, taken out of the next ones.

Members are weighted by squared error, which forgives a mean that is too low where demand is small:
sleepers wake up more often than their last weeks say, and the later the more of them. So each
volume class and band of the horizon is scaled by Σ demand ÷ Σ forecast of the backtest (the
multiplicative bias of Winkler and Makridakis 1983, J. R. Stat. Soc. A 146:150), shrunk by the noise
that its jackknife over the origins (Tukey 1958) finds: the positive part of 1 − noise ÷ effect²
(James and Stein 1961).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.dispersion import VOLUMES, volume_class

Matrix = NDArray[np.float64]

CENTRES: Final = np.log(
    [VOLUMES[0] / 2, *np.sqrt(np.multiply(VOLUMES[:-1], VOLUMES[1:])), VOLUMES[-1] * 2]
)
"""[V] logarithm of the mean demand at which a class's scale holds; between them it is a line."""

LEAST_ORIGINS: Final = 3.0  # with windows of their own; below, a jackknife says nothing
BOUNDS: Final = (0.5, 2.0)  # beyond, the forecasts themselves are in doubt


def scales_of(
    forecast: Matrix,
    demand: Matrix,
    volume: Matrix,
    lends: NDArray[np.bool_],
    *,
    fresh: float = 1.0,
) -> Matrix:
    """[V] scale of each volume class in a band, 1 where nothing can be believed.

    `forecast`, `demand` [n, K]: sums over the band's known periods at K origins; `volume` [n, K]:
    mean forecast a period, quanta; only the series that lend [n] teach. `fresh`: the share of the
    windows' periods that are not in another window too: overlapping windows agree by themselves.
    """
    origins = forecast.shape[1]
    scales = np.ones(len(CENTRES))
    if origins * fresh < LEAST_ORIGINS:
        return scales
    classes = volume_class(volume)
    for number in range(len(scales)):
        here = (classes == number) & lends[:, None]
        wanted, said = (np.where(here, part, 0.0).sum(axis=0) for part in (demand, forecast))
        without = np.column_stack([wanted.sum() - wanted, said.sum() - said])
        if (without <= 0).any():
            continue
        ratio = wanted.sum() / said.sum()
        left_out = without[:, 0] / without[:, 1]
        noise = (origins - 1) / origins * np.sum((left_out - left_out.mean()) ** 2) / fresh
        trust = max(0.0, 1.0 - noise / (ratio - 1.0) ** 2) if ratio != 1.0 else 0.0
        scales[number] = np.clip(1.0 + trust * (ratio - 1.0), *BOUNDS)
    return scales


def scale_at(scales: Matrix, volume: Matrix, bands: Sequence[slice]) -> Matrix:
    """[n, H] what forecasts of some mean volume [n], quanta a period, are multiplied by: `scales`
    [B, V] hold in the middle of each band; between them it is a line."""
    place = np.log(np.maximum(volume, 1e-6))
    by_band = np.stack([np.interp(place, CENTRES, np.log(scale)) for scale in scales], axis=1)
    middles = [(part.start + part.stop - 1) / 2 for part in bands]
    steps = np.arange(bands[-1].stop)
    share = np.stack([np.interp(steps, middles, one) for one in np.eye(len(bands))])
    found: Matrix = np.exp(np.einsum("nb,bh->nh", by_band, share))
    return found
