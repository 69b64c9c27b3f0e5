"""The forecast of one grain (day, week or month): fitted parameters, then means and paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.backtest import pooled_or_none
from forecasting.blend import bands_of, blended, settled
from forecasting.calendar import Frequency, period_end, period_start
from forecasting.candidates.pooled import PooledModels
from forecasting.dispersion import Dispersion
from forecasting.distribution import ErrorPaths
from forecasting.errors_made import Errors, errors_made
from forecasting.history import History
from forecasting.ladder import Levels, Method, climb
from forecasting.recalibration import scale_at
from forecasting.scatter import Scatter, keys_of, sites_of
from forecasting.states import States, states_at
from forecasting.trial import MEMBERS, Trial, members_of, try_out

Matrix = NDArray[np.float64]

BLENDED: Final = (Method.COMBINATION, Method.EQUAL_MEAN)
_WRONG: Final = {True: "were forecast too low", False: "were forecast too high"}
TOLD_SCALE: Final = 0.005  # a recalibration that shows in a figure of two digits is told


@dataclass(frozen=True)
class FittedGrain:
    """Learned at a training, kept when states roll forward. Aligned with `series` (site, sku)."""

    frequency: Frequency
    horizon: int
    series: pd.DataFrame
    weights: Matrix  # [n, M] of the local candidates; NaN where nothing could be tested
    blend: Matrix  # [n, B, m] of local and global members; NaN likewise
    usual_blend: Matrix  # [B, m] for series unknown to the training
    scales: Matrix  # [B, V] of the blend, by band and volume class
    dispersion: Dispersion
    errors: ErrorPaths
    pooled: PooledModels | None
    names: tuple[tuple[str, ...], tuple[str, ...]]  # events that the boosters know, rare, frequent

    def at(
        self,
        history: History,
        *,
        paths: int,
        seed: int,
        levels: Matrix | None = None,
        asked: NDArray[np.bool_] | None = None,
    ) -> GrainAtOrigin:
        """The forecast at the end of a history, whose series may be new or in another order.
        `levels` [n, M]: those of `forecasting.states` for the same demand, where at hand. `asked`
        [n]: of no others is the forecast the whole one; None: all."""
        known = pd.Series(
            np.arange(len(self.series)),
            index=pd.MultiIndex.from_frame(self.series[["site", "sku"]]),
        )
        pairs = pd.MultiIndex.from_frame(history.series[["site", "sku"]])
        places = known.reindex(pairs).fillna(-1).to_numpy().astype(np.int64)
        states = states_at(
            history.demand, history.start, history.frequency, history.sites, levels=levels
        )
        return GrainAtOrigin(
            self, history, states, places, path_count=paths, seed=seed, asked=asked
        )


class GrainAtOrigin:
    """Means [n, H] and sample paths [b, P, H] from the last complete period of a history on."""

    def __init__(
        self,
        fitted: FittedGrain,
        history: History,
        states: States,
        places: NDArray[np.int64],
        *,
        path_count: int,
        seed: int,
        asked: NDArray[np.bool_] | None = None,
    ) -> None:
        self.frequency = history.frequency
        self.first = history.origin + 1
        self.horizon = fitted.horizon
        self.states = states
        self._fitted, self._history, self._places = fitted, history, places
        self._paths, self._seed, self._asked = path_count, seed, asked
        self._met = places >= 0
        weights = self._kept(fitted.weights, np.nan)
        self.levels: Levels = climb(states, weights, history.series, history.frequency)
        self.mean: Matrix = self._means() * self._offered(history.series)

    @property
    def proven(self) -> bool:
        """Whether global candidates had a say, and a backtest told how much."""
        fitted = self._fitted
        return fitted.pooled is not None and bool(np.isfinite(fitted.usual_blend).all())

    def _kept(self, values: NDArray, otherwise: object) -> NDArray:
        """Values of the training's series in the order of the history's."""
        kept = np.empty((len(self._places), *values.shape[1:]))
        kept[:] = otherwise
        kept[self._met] = values[self._places[self._met]]
        return kept

    def _means(self) -> Matrix:
        """[n, H] the blend, as in the backtest: where the ladder stands on its first rungs, and for
        whatever has sold and has global candidates, since its history begins with a sale and the
        mean of few periods says little else. Else the ladder's level."""
        fitted, history = self._fitted, self._history
        factors = self.states.factors(self.first, self.horizon, self.frequency)
        local = self.levels.level[:, None] * factors
        last = history.demand.shape[1] - 1
        pooled = pooled_or_none(fitted.pooled, history, last, self.horizon, self._asked)
        members = members_of(local, factors, pooled)
        weights = self._kept(fitted.blend, fitted.usual_blend)
        there = ~np.isnan(members[:, 1, 0])
        tested = ~np.isnan(weights[:, 0, 0])
        combined = np.isin(self.levels.method, BLENDED)
        combined |= there & (self.levels.level > 0)
        bands = bands_of(self.horizon)
        mixed = blended(members, weights, bands)
        scale = scale_at(fitted.scales, mixed.mean(axis=1) / self.states.quantum, bands)
        says = settled(weights).mean(axis=1).tolist()
        for row in np.flatnonzero(combined & there).tolist():
            share = ", ".join(
                f"{name} {part:.2f}"
                for name, part in zip(MEMBERS, says[row], strict=True)
                if part >= 0.005
            )
            self.levels.method[row] = Method.COMBINATION if tested[row] else Method.EQUAL_MEAN
            self.levels.reason[row] = f"{share}; local is {self.levels.reason[row]}"
        scaled = mixed * scale
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.nan_to_num(scaled.sum(axis=1) / mixed.sum(axis=1), nan=1.0)
        for row in np.flatnonzero(combined & (np.abs(ratio - 1.0) >= TOLD_SCALE)).tolist():
            self.levels.reason[row] += (
                f"; × {ratio[row]:.2f}, as like volumes {_WRONG[ratio[row] > 1]}"
            )
        return np.where(combined[:, None], scaled, local)

    def _offered(self, series: pd.DataFrame) -> Matrix:
        """[n, H] share of each period on offer: 0 before the launch and after the end of an item,
        and while its site is closed as planned."""
        steps = np.arange(self.first, self.first + self.horizon)
        starts = period_start(steps, self.frequency)
        ends = period_end(steps, self.frequency)
        launched = series["introduced_on"].to_numpy().astype("datetime64[D]")[:, None]
        ended = series["discontinued_on"].to_numpy().astype("datetime64[D]")[:, None]
        offered = (~(ends < launched) & ~(starts > ended)).astype(np.float64)
        drivers = self._history.drivers
        if drivers is None:
            return offered
        closed = drivers.closed[drivers.place, -self.horizon :]
        return offered * (1.0 - closed)

    @cached_property
    def _dispersion(self) -> Matrix:
        """[n] φ of var = m + φ m², counted in quanta."""
        states = self.states
        return self._fitted.dispersion.at(
            self._places,
            recent=states.dispersion,
            mean=self.mean.mean(axis=1) / states.quantum,
        )

    @cached_property
    def scatter(self) -> Scatter:
        """What paths are drawn from; asked for once the means are settled."""
        return Scatter(
            frequency=self.frequency,
            first=self.first,
            keys=keys_of(self._history.series),
            sites=sites_of(self._history.series),
            mean=self.mean,
            dispersion=self._dispersion,
            quantum=self.states.quantum,
            errors=self._fitted.errors,
            count=self._paths,
            seed=self._seed,
        )

    def paths(self, rows: slice, horizon: int | None = None) -> NDArray[np.float32]:
        """[b, P, horizon] demand, units; see `Scatter.paths`."""
        return self.scatter.paths(rows, horizon)

    def quantiles(self, rows: slice, levels: Sequence[float]) -> Matrix:
        """[b, H, Q] of the paths at each step."""
        return self.scatter.quantiles(rows, levels)


def fit_grain(
    history: History, horizon: int, seed: int, workers: int = 1
) -> tuple[FittedGrain, Trial, Errors]:
    """Weights and error paths from a backtest of the history, that backtest and its errors."""
    trial = try_out(history, horizon, seed=seed, workers=workers)
    made = errors_made(history, trial, seed)
    drivers = history.drivers
    fitted = FittedGrain(
        frequency=history.frequency,
        horizon=horizon,
        series=history.series[["site", "sku"]].reset_index(drop=True),
        weights=trial.weights,
        blend=trial.blend,
        usual_blend=trial.usual_blend,
        scales=trial.scales,
        dispersion=made.dispersion,
        errors=made.bank,
        pooled=trial.pooled,
        names=((), ()) if drivers is None else (drivers.names, drivers.flag_names),
    )
    return fitted, trial, made
