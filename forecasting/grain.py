"""The forecast of one grain (day, week or month): fitted parameters, then means and paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.backtest import Window, backtest
from forecasting.calendar import Frequency, period_end, period_start
from forecasting.candidates.statistical import CANDIDATES
from forecasting.combine import combined_level, leave_one_out, weights_of, window_errors
from forecasting.distribution import ErrorPaths, counts_at, fill_gaps, pit, series_key
from forecasting.history import History
from forecasting.ladder import Levels, climb
from forecasting.states import SHORT, States, states_at

Matrix = NDArray[np.float64]

BALANCE: Final = (0.5, 2.0)  # bounds of that move: beyond, the forecast itself is in doubt
QUARTERS: Final = 4  # long enough to average over, short enough to follow a drift of the errors
LENDER_DEMANDS: Final = (
    5  # periods with demand that a series must show before its errors teach others
)


@dataclass(frozen=True)
class FittedGrain:
    """Learned at a training, kept when states roll forward. Aligned with `series` (site, sku)."""

    frequency: Frequency
    horizon: int
    series: pd.DataFrame
    weights: Matrix  # [n, M]; NaN where nothing could be tested
    errors: ErrorPaths

    def at(self, history: History, *, paths: int, seed: int) -> GrainAtOrigin:
        """The forecast at the end of a history, whose series may be new or in another order."""
        known = pd.Series(
            np.arange(len(self.series)),
            index=pd.MultiIndex.from_frame(self.series[["site", "sku"]]),
        )
        pairs = pd.MultiIndex.from_frame(history.series[["site", "sku"]])
        places = known.reindex(pairs).to_numpy()
        weights = np.full((len(pairs), self.weights.shape[1]), np.nan)
        here = ~np.isnan(places)
        weights[here] = self.weights[places[here].astype(int)]
        states = states_at(history.demand, history.start, history.frequency, history.sites)
        return GrainAtOrigin(
            fitted=self,
            history=history,
            states=states,
            levels=climb(states, weights, history.series, history.frequency),
            places=places,
            path_count=paths,
            seed=seed,
        )


class GrainAtOrigin:
    """Means [n, H] and sample paths [b, P, H] from the last complete period of a history on."""

    def __init__(
        self,
        *,
        fitted: FittedGrain,
        history: History,
        states: States,
        levels: Levels,
        places: Matrix,
        path_count: int,
        seed: int,
    ) -> None:
        self.frequency = history.frequency
        self.first = history.origin + 1
        self.horizon = fitted.horizon
        self.levels = levels
        self.states = states
        self._errors, self._places = fitted.errors, places
        self._keys = [
            series_key(site, sku)
            for site, sku in zip(history.series["site"], history.series["sku"], strict=True)
        ]
        self._paths, self._seed = path_count, seed
        factors = states.factors(self.first, self.horizon, self.frequency)
        self.mean: Matrix = levels.level[:, None] * factors * self._offered(history.series)

    def _offered(self, series: pd.DataFrame) -> Matrix:
        """[n, H] 0 before the launch and after the end of an item, else 1."""
        steps = np.arange(self.first, self.first + self.horizon)
        starts = period_start(steps, self.frequency)
        ends = period_end(steps, self.frequency)
        launched = series["introduced_on"].to_numpy().astype("datetime64[D]")[:, None]
        ended = series["discontinued_on"].to_numpy().astype("datetime64[D]")[:, None]
        return (~(ends < launched) & ~(starts > ended)).astype(np.float64)

    def paths(self, rows: slice, horizon: int | None = None) -> NDArray[np.float32]:
        """[b, P, horizon] demand, units. The same series and seed give the same paths.

        Pooled errors would carry their lenders' bias: the mean that drives the paths is moved
        until the paths of each quarter of the horizon average to the forecast.
        """
        steps = self.horizon if horizon is None else min(horizon, self.horizon)
        chosen = range(*rows.indices(len(self._keys)))
        scores = np.empty((len(chosen), self._paths, self.horizon), np.float32)
        for number, row in enumerate(chosen):
            place = None if np.isnan(self._places[row]) else int(self._places[row])
            scores[number] = self._errors.draw(
                place, self.states.classes[row], self._keys[row], self._paths, self._seed
            )
        quantum, dispersion = self.states.quantum[rows], self.states.dispersion[rows]
        mean = self.mean[rows] / quantum[:, None]
        first = counts_at(scores, mean, dispersion, quantum)
        for part in np.array_split(np.arange(self.horizon), QUARTERS):
            drawn = first[:, :, part].sum(axis=2).mean(axis=1)
            wanted = self.mean[rows][:, part].sum(axis=1)
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.where(drawn > 0, wanted / drawn, 1.0)
            mean[:, part] *= np.clip(ratio, *BALANCE)[:, None]
        return counts_at(scores[:, :, :steps], mean[:, :steps], dispersion, quantum)


def fit_grain(history: History, horizon: int, seed: int) -> tuple[FittedGrain, list[Window]]:
    """Weights and error paths from a backtest of the history, and the windows they came from."""
    windows = backtest(history.demand, history.start, history.frequency, horizon, history.sites)
    count, candidates = len(history.series), len(CANDIDATES)
    errors = (
        np.stack([window_errors(window) for window in windows], axis=1)
        if windows
        else np.empty((count, 0, candidates))
    )
    scores = np.full((count, len(windows), horizon), np.nan, np.float32)
    held_out = leave_one_out(errors)
    lends = np.ones(count, dtype=bool)
    luck = _luck(history.series, len(windows), horizon, seed)
    for number, window in enumerate(windows):
        level = combined_level(window.states.levels, held_out[:, number])
        quantum = window.states.quantum[:, None]
        u = pit(
            window.actual / quantum,
            level[:, None] * window.factors / quantum,
            window.states.dispersion,
            luck[:, number],
        )
        path = fill_gaps(_normal_score(u))
        thin = window.states.known < SHORT[history.frequency]
        path[thin] = np.nan
        scores[:, number] = path
        lends &= (window.states.wanted >= LENDER_DEMANDS) | np.isnan(path).any(axis=1)
        lends &= window.states.clipped == 0
    final = states_at(history.demand, history.start, history.frequency, history.sites)
    lends &= final.clipped == 0
    weights = weights_of(errors) if windows else np.full((count, candidates), np.nan)
    return (
        FittedGrain(
            frequency=history.frequency,
            horizon=horizon,
            series=history.series[["site", "sku"]].reset_index(drop=True),
            weights=weights,
            errors=ErrorPaths(scores, final.classes, lends, history.frequency),
        ),
        windows,
    )


def _luck(series: pd.DataFrame, windows: int, horizon: int, seed: int) -> Matrix:
    """[n, K, H] the randomisation of the PIT, each series' own."""
    luck = np.empty((len(series), windows, horizon))
    for row, (site, sku) in enumerate(zip(series["site"], series["sku"], strict=True)):
        # the second word keeps this stream apart from the one that draws paths
        key = np.random.Philox(key=[seed + (1 << 32), series_key(site, sku)])
        luck[row] = np.random.Generator(key).random((windows, horizon))
    return luck


def _normal_score(u: Matrix) -> Matrix:
    with np.errstate(invalid="ignore"):
        return ndtri(np.clip(u, 1e-9, 1.0 - 1e-9))
