"""What a forecast says: every grain at one origin, and the sample paths of the own one.

A forecast of days also speaks of weeks and months: whole weeks inside the daily horizon are sums
of the daily sample paths, later ones come from a weekly model of its own; months likewise. Nothing
here knows how a forecast is fitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, period_end, period_start, to_period
from forecasting.draws import Draws
from forecasting.engine import in_threads
from forecasting.quantiles import quantiles_of
from forecasting.scatter import Scatter

if TYPE_CHECKING:
    from forecasting.grain import GrainAtOrigin

Matrix = NDArray[np.float64]

BLOCK: Final = 500  # series whose sample paths live in memory together
COARSER: Final = {
    Frequency.DAY: (Frequency.WEEK, Frequency.MONTH),
    Frequency.WEEK: (),
    Frequency.MONTH: (),
}


class Steps(Protocol):
    """Periods ahead of a grain."""

    @property
    def frequency(self) -> Frequency: ...
    @property
    def first(self) -> int: ...
    @property
    def horizon(self) -> int: ...


@dataclass(frozen=True)
class GrainForecast:
    """One grain: step h of a matrix is period `first` + h."""

    frequency: Frequency
    first: int
    mean: Matrix  # [n, H] demand, units a period
    quantiles: Matrix  # [n, H, Q]
    levels: tuple[float, ...]  # [Q]
    mean_units: Matrix  # [n, H] what will sell, stock allowing; = mean until stock is projected
    method: list[str]
    reason: list[str]
    before: Matrix | None = None  # [n, H] the mean without what people know better; None: nothing

    @property
    def horizon(self) -> int:
        return self.mean.shape[1]


class DemandForecast:
    """All grains at one origin, and sample paths of the workspace's own grain on demand."""

    def __init__(
        self,
        frequency: Frequency,
        origin: int,
        series: pd.DataFrame,
        at: dict[Frequency, GrainAtOrigin],
        grains: dict[Frequency, GrainForecast],
        *,
        scatters: Mapping[Frequency, Scatter] | None = None,
        asked: NDArray[np.bool_] | None = None,
        said: Sequence[str] | None = None,
        draws: Draws | None = None,
    ) -> None:
        """`scatters`: what the paths of a grain are drawn from, if not `at`; `asked` [n]: the
        series that anybody wants to know of, None: all; `said` [n]: why `before` differs; `draws`:
        of the own grain, where some were made already."""
        self.frequency = frequency
        self.origin = origin
        self.series = series
        self.grains = grains
        self.at = at
        self.asked = asked
        self.said = said
        self._scatters = dict(scatters or {})
        self._draws = draws

    @property
    def mean(self) -> Matrix:
        """[n, H] demand of the own grain."""
        return self.scatter.expected

    @property
    def horizon(self) -> int:
        return self.scatter.horizon

    @property
    def scatter(self) -> Scatter:
        """What the paths of the own grain are drawn from."""
        return self.scatter_of(self.frequency)

    @property
    def levels(self) -> dict[Frequency, Matrix]:
        """[n, M] what each local candidate says of the history alone, by grain; empty where the
        forecast is kept without."""
        return {grain: one.states.levels for grain, one in self.at.items()}

    def scatter_of(self, grain: Frequency) -> Scatter:
        """What the paths of a grain are drawn from; its periods may begin before the origin's
        end."""
        return self._scatters.get(grain) or self.at[grain].scatter

    def paths(self, rows: slice | NDArray[np.intp], horizon: int) -> NDArray[np.float32]:
        """[b, P, horizon] demand, units, own grain; same series and seed, same paths."""
        return self.scatter.paths(rows, horizon)

    def draws(self, horizon: int) -> Draws:
        """The paths of the own grain over so many periods, drawn once for all who ask for them."""
        if self._draws is None or self._draws.horizon != horizon:
            self._draws = Draws(self.scatter, horizon)
        return self._draws

    def grain_paths(self, grain: Frequency, rows: slice) -> NDArray[np.float32]:
        """[b, P, H] the sample paths that the quantiles of a grain were read from."""
        own = self.scatter
        return _drawn(own, self.scatter_of(grain), self.grains[grain], rows, own.paths(rows))

    def with_units(self, mean_units: Matrix) -> DemandForecast:
        """The same forecast with what will sell [n, h ≤ H] in the own grain, and in sums of it."""
        own = self.grains[self.frequency]
        units = own.mean.copy()
        units[:, : mean_units.shape[1]] = mean_units
        grains = dict(self.grains)
        grains[self.frequency] = replace(own, mean_units=units)
        for frequency in COARSER[self.frequency]:
            if frequency in grains:
                coarse = grains[frequency]
                summed = coarse.mean.copy()
                for step, days in covered_steps(own, coarse):
                    summed[:, step] = units[:, days].sum(axis=1)
                grains[frequency] = replace(coarse, mean_units=summed)
        return self._with(grains, self._scatters, self._draws)

    def overridden(
        self, means: Mapping[Frequency, Matrix], rows: NDArray[np.bool_], said: Sequence[str]
    ) -> DemandForecast:
        """The same where people know better of the series `rows` [n]: so much is wanted of them.

        `means`: by grain [n, H], over the periods of `scatter_of`; weeks and months within reach of
        the own grain stay the sums of it. `said` [n]: in words, beside the reason.
        """
        scatters = {grain: self.scatter_of(grain).moved_to(mean) for grain, mean in means.items()}
        grains = {
            grain: replace(
                one, mean=one.mean.copy(), quantiles=one.quantiles.copy(), before=one.mean
            )
            for grain, one in self.grains.items()
        }
        places = np.flatnonzero(rows)
        for grain, one in grains.items():
            skip = one.first - scatters[grain].first
            one.mean[places] = scatters[grain].expected[places, skip : skip + one.horizon]
        draws = fill(grains, scatters, self.frequency, places)
        grains = {grain: replace(one, mean_units=one.mean) for grain, one in grains.items()}
        made = self._with(grains, scatters, draws)
        made.said = said
        return made

    def _with(
        self,
        grains: dict[Frequency, GrainForecast],
        scatters: Mapping[Frequency, Scatter],
        draws: Draws | None = None,
    ) -> DemandForecast:
        return DemandForecast(
            self.frequency,
            self.origin,
            self.series,
            self.at,
            grains,
            scatters=scatters,
            said=self.said,
            draws=draws,
        )

    @classmethod
    def kept(cls, scatter: Scatter, series: pd.DataFrame, horizon: int) -> DemandForecast:
        """Of the own grain alone, from what its paths are drawn from: no quantiles, no reasons."""
        mean = scatter.expected[:, :horizon]
        own = GrainForecast(
            frequency=scatter.frequency,
            first=scatter.first,
            mean=mean,
            quantiles=np.zeros((*mean.shape, 0)),
            levels=(),
            mean_units=mean,
            method=[""] * len(mean),
            reason=[""] * len(mean),
        )
        grains = {scatter.frequency: own}
        scatters = {scatter.frequency: scatter}
        return cls(scatter.frequency, scatter.first - 1, series, {}, grains, scatters=scatters)

    def moved(self, factor: Matrix, asked: NDArray[np.bool_]) -> DemandForecast:
        """The own grain where its demand is `factor` [n, H] times as much, for those who ask about
        the series `asked` [n] alone."""
        own = self.grains[self.frequency]
        mean = own.mean * factor[:, : own.horizon]
        return DemandForecast(
            self.frequency,
            self.origin,
            self.series,
            {},
            {self.frequency: replace(own, mean=mean, mean_units=mean)},
            scatters={self.frequency: self.scatter.times(factor)},
            asked=asked,
        )


def covered_steps(own: Steps, coarse: Steps) -> list[tuple[int, slice]]:
    """Steps of a coarser grain that lie whole inside the own one, and the own steps they sum."""
    found = []
    for step in range(coarse.horizon):
        start, end = (
            bound(coarse.first + step, coarse.frequency) for bound in (period_start, period_end)
        )
        first = int(to_period(start, own.frequency)) - own.first
        last = int(to_period(end, own.frequency)) - own.first
        if first >= 0 and last < own.horizon:
            found.append((step, slice(first, last + 1)))
    return found


def fill(
    wanted: Mapping[Frequency, GrainForecast],
    scatters: Mapping[Frequency, Scatter],
    finest: Frequency,
    places: NDArray[np.int64],
) -> Draws:
    """Quantiles of the series at `places` [k], and whatever is a sum of the finest grain, written
    in place; gives what was drawn for it."""
    own = scatters[finest]
    draws = Draws(own, own.horizon)

    def some(begin: int, end: int) -> None:
        rows = places[begin:end]
        for grain, result in wanted.items():
            if result.levels:
                skip = result.first - scatters[grain].first
                quantiles = scatters[grain].of(rows).quantiles(slice(None), result.levels)
                result.quantiles[rows] = quantiles[:, skip : skip + result.horizon]

    in_threads(some, len(places), most=BLOCK)
    sums = [
        (result, step, days)
        for grain, result in wanted.items()
        if grain is not finest
        for step, days in covered_steps(own, result)
    ]
    for result, step, days in sums:
        result.mean[places, step] = own.expected[places, days].sum(axis=1)
    blocks = (places[begin : begin + BLOCK] for begin in range(0, len(places), BLOCK))
    for rows, daily in draws.ahead(blocks if sums else ()):
        for result, step, days in sums:
            total = daily[:, :, days].sum(axis=2)
            result.quantiles[rows, step] = quantiles_of(total[:, :, None], result.levels)[:, 0]
    return draws


def _drawn(
    own: Scatter,
    draw: Scatter,
    wanted: GrainForecast,
    rows: slice,
    daily: NDArray[np.float32],
) -> NDArray[np.float32]:
    """[b, P, H] of a grain's whole periods: sums of the own paths `daily` where they reach."""
    skip = wanted.first - draw.first
    drawn = daily if draw is own else draw.paths(rows)
    drawn = drawn[:, :, skip : skip + wanted.horizon].copy()
    if draw is not own:
        for step, days in covered_steps(own, wanted):
            drawn[:, :, step] = daily[:, :, days].sum(axis=2)
    return drawn
