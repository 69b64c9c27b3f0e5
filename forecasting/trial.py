"""A backtest as evidence: what the blend would have said at each origin, and what came.

Every forecast here was combined with weights learned on the other origins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.backtest import Era, Window, backtest, reach_of
from forecasting.blend import bands_of, blended, products, shrunk, simplex_weights, usual
from forecasting.candidates.pooled import POOLED, PooledModels
from forecasting.candidates.registry import names
from forecasting.combine import combined_level, leave_one_out, weights_of, window_errors
from forecasting.dispersion import TRIED, losses_of, volume_class
from forecasting.history import History
from forecasting.recalibration import CENTRES, scale_at, scales_of
from forecasting.states import RECENT, SHORT

Matrix = NDArray[np.float64]

MEMBERS: Final = ("local", *POOLED)
SPARSE_VARIANCE: Final = 1e-6  # units²: the scale of a series that never changes


@dataclass(frozen=True)
class Trial:
    """K origins and n series; `forecasts` and what they are made of are held out."""

    windows: list[Window]
    forecasts: Matrix  # [n, K, H] of the blend
    weights: Matrix  # [n, M] of the local candidates, from all origins; NaN: nothing was tested
    blend: Matrix  # [n, B, m] of local and global members, from all origins
    usual_blend: Matrix  # [B, m] of all series together
    scales: Matrix  # [B, V] of the blend, by band and volume class
    losses: Matrix  # [n, K, G] Σ CRPS of the forecasts at each φ tried; 0 where history is thin
    periods: Matrix  # [n, K] in those sums
    lends: NDArray[np.bool_]  # [n] false for series too thin or too odd to teach others
    pooled: PooledModels | None
    eras: list[Era]
    reach: int  # periods of the horizon that were tried
    fresh: float = 1.0  # share of the windows' periods that are not in another window too


def try_out(history: History, horizon: int, *, seed: int, workers: int = 1) -> Trial:
    """Backtest a history and learn weights from it."""
    past = backtest(history, horizon, seed=seed, workers=workers)
    windows, pooled = past.windows, past.pooled
    count = len(history.series)
    if not windows:
        return _untried(count, horizon, pooled)
    errors = np.stack([window_errors(window) for window in windows], axis=1)
    held_out = leave_one_out(errors)
    members = [_members(window, held_out[:, k]) for k, window in enumerate(windows)]
    lends = windows[-1].states.wanted > 0
    for window in windows:
        lends = lends & (window.states.clipped == 0)
    recent = history.demand[:, -RECENT[history.frequency] :]
    known = np.maximum(np.sum(~np.isnan(recent), axis=1), 1)
    mean = np.nansum(recent, axis=1) / known
    scale = np.nansum((recent - mean[:, None]) ** 2, axis=1) / known + SPARSE_VARIANCE
    product = np.stack(
        [products(w.actual[:, None, :] - m, scale) for w, m in zip(windows, members, strict=True)],
        axis=1,
    )
    segments = volume_class(mean / windows[-1].states.quantum)
    bands = bands_of(horizon)
    reach = reach_of(history.demand.shape[1], horizon, history.frequency)
    span = windows[-1].origin - windows[0].origin + reach
    fresh = min(1.0, span / (len(windows) * reach))
    forecasts = np.empty((count, len(windows), horizon))
    for k in range(len(windows)):
        rest = shrunk(np.delete(product, k, axis=1), segments, lends, fresh=fresh)
        forecasts[:, k] = blended(members[k], simplex_weights(rest, fresh=fresh), bands)
    scales = np.ones((len(bands), len(CENTRES)))
    if pooled is not None:  # without global candidates every series stands alone: so it stays
        forecasts, scales = _recalibrated(windows, forecasts, lends, fresh)
    losses, periods = _losses(windows, forecasts, SHORT[history.frequency])
    return Trial(
        windows=windows,
        forecasts=forecasts,
        scales=scales,
        losses=losses,
        periods=periods,
        weights=weights_of(errors),
        blend=simplex_weights(shrunk(product, segments, lends, fresh=fresh), fresh=fresh),
        usual_blend=simplex_weights(usual(product, lends), fresh=fresh),
        lends=lends,
        pooled=pooled,
        eras=past.eras,
        reach=reach,
        fresh=fresh,
    )


def _recalibrated(
    windows: list[Window], forecasts: Matrix, lends: NDArray[np.bool_], fresh: float
) -> tuple[Matrix, Matrix]:
    """The forecasts [n, K, H], each scaled by what the other origins teach, and the scales [B, V]
    that all of them do."""
    actual = np.stack([window.actual for window in windows], axis=1)
    quantum = np.stack([window.states.quantum for window in windows], axis=1)
    known = ~np.isnan(actual)
    counted = [np.where(known, part / quantum[:, :, None], 0.0) for part in (forecasts, actual)]
    volume = forecasts.mean(axis=2) / quantum
    bands = bands_of(forecasts.shape[2])
    tried = [band for band in bands if known[:, :, band].any()] or bands[:1]
    sums = [[part[:, :, band].sum(axis=2) for part in counted] for band in tried]

    def learned(origins: NDArray[np.bool_]) -> Matrix:
        here = volume[:, origins]
        found = [
            scales_of(said[:, origins], demand[:, origins], here, lends, fresh=fresh)
            for said, demand in sums
        ]
        found += found[-1:] * (len(bands) - len(tried))  # beyond the reach as at its end
        return np.stack(found)

    out = forecasts.copy()
    every = np.arange(len(windows))
    for k in every.tolist():
        out[:, k] *= scale_at(learned(every != k), volume[:, k], bands)
    return out, learned(every >= 0)


def _losses(windows: list[Window], forecasts: Matrix, least_known: int) -> tuple[Matrix, Matrix]:
    """[n, K, G] and [n, K]: what each origin says of the dispersion, in quanta."""
    losses = np.zeros((*forecasts.shape[:2], len(TRIED)))
    periods = np.zeros(forecasts.shape[:2])
    for k, window in enumerate(windows):
        quantum = window.states.quantum[:, None]
        found, known = losses_of(window.actual / quantum, forecasts[:, k] / quantum)
        told = window.states.known >= least_known
        losses[told, k], periods[told, k] = found[told], known[told]
    return losses, periods


def _members(window: Window, weights: Matrix) -> Matrix:
    """[n, m, H] the local combination by given weights, and the global candidates."""
    level = combined_level(window.states.levels, weights)
    level = np.nan_to_num(np.where(np.isnan(level), window.states.mean, level))
    return members_of(level[:, None] * window.factors, window.factors, window.pooled)


def members_of(local: Matrix, factors: Matrix, pooled: NDArray[np.floating]) -> Matrix:
    """[n, m, H]: the global candidates forecast nothing on days on which the site is closed."""
    opened = np.where(factors > 0, 1.0, 0.0)
    return np.concatenate([local[:, None, :], pooled * opened[:, None, :]], axis=1)


def _untried(count: int, horizon: int, pooled: PooledModels | None) -> Trial:
    bands = len(bands_of(horizon))
    return Trial(
        windows=[],
        forecasts=np.empty((count, 0, horizon)),
        weights=np.full((count, len(names())), np.nan),
        blend=np.full((count, bands, len(MEMBERS)), np.nan),
        usual_blend=np.full((bands, len(MEMBERS)), np.nan),
        scales=np.ones((bands, len(CENTRES))),
        losses=np.zeros((count, 0, len(TRIED))),
        periods=np.zeros((count, 0)),
        lends=np.ones(count, dtype=bool),
        pooled=pooled,
        eras=[],
        reach=horizon,
    )
