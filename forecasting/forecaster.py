"""DemandForecaster.fit(panel) → FittedDemand; FittedDemand.forecast(panel) → DemandForecast.

A forecast of days also speaks of weeks and months: whole weeks inside the daily horizon are sums
of the daily sample paths, later ones come from a weekly model of its own; months likewise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting import grain_files
from forecasting.accuracy import BacktestReport, report_of
from forecasting.backtest import Era
from forecasting.calendar import Frequency, period_end, period_start, to_period
from forecasting.engine import Keep, anew
from forecasting.errors import VigistockError
from forecasting.grain import BLENDED, FittedGrain, GrainAtOrigin, fit_grain
from forecasting.history import History, coarsen, history_of, with_drivers
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.quantiles import quantiles_of
from forecasting.scatter import Scatter
from forecasting.trial import Trial

Matrix = NDArray[np.float64]

WEEKLY_SHARE: Final = 0.3  # of the weekly grain's say in a week that the days forecast too
MOST_MOVED: Final = (0.5, 2.0)  # what that may do to a day
BLOCK: Final = 500  # series whose sample paths live in memory together
COARSER: Final = {
    Frequency.DAY: (Frequency.WEEK, Frequency.MONTH),
    Frequency.WEEK: (),
    Frequency.MONTH: (),
}
FORMAT: Final = 3  # of the bundle's files


class BadBundle(VigistockError):
    code = "bad_bundle"
    title = "A model bundle cannot be read"


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
    ) -> None:
        """`scatters`: what the paths of a grain are drawn from, if not `at`; `asked` [n]: the
        series that anybody wants to know of, None: all; `said` [n]: why `before` differs."""
        self.frequency = frequency
        self.origin = origin
        self.series = series
        self.grains = grains
        self.at = at
        self.asked = asked
        self.said = said
        self._scatters = dict(scatters or {})

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
        return self._with(grains, self._scatters)

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
        for begin in range(0, len(places), BLOCK):
            block = places[begin : begin + BLOCK]
            for grain, one in grains.items():
                skip = one.first - scatters[grain].first
                one.mean[block] = scatters[grain].expected[block, skip : skip + one.horizon]
            _fill(grains, scatters, self.frequency, block)
        grains = {grain: replace(one, mean_units=one.mean) for grain, one in grains.items()}
        made = self._with(grains, scatters)
        made.said = said
        return made

    def _with(
        self, grains: dict[Frequency, GrainForecast], scatters: Mapping[Frequency, Scatter]
    ) -> DemandForecast:
        return DemandForecast(
            self.frequency,
            self.origin,
            self.series,
            self.at,
            grains,
            scatters=scatters,
            said=self.said,
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


def _agree(own: GrainAtOrigin, weeks: GrainAtOrigin) -> None:
    """Move the days of each whole week towards the weekly grain's own forecast of it, by a share
    of WEEKLY_SHARE, and no week jumps where the days end.

    Both grains see the same demand, and their errors differ (temporal hierarchies: Athanasopoulos,
    Hyndman, Kourentzes and Petropoulos 2017, Eur. J. Operational Research 262:60). Only where both
    have global candidates that a backtest has weighed: weeks of a short history know less.
    """
    if own is weeks or not (own.proven and weeks.proven):
        return
    rows = np.isin(own.levels.method, BLENDED) & np.isin(weeks.levels.method, BLENDED)
    spans = covered_steps(own, weeks)
    for step, days in spans:
        said = own.mean[:, days].sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            moved = 1.0 + WEEKLY_SHARE * (weeks.mean[:, step] / said - 1.0)
        moved = np.clip(np.where(rows & (said > 0), moved, 1.0), *MOST_MOVED)
        own.mean[:, days] *= moved[:, None]
    for row in np.flatnonzero(rows).tolist() if spans else ():
        own.levels.reason[row] += f"; whole weeks {WEEKLY_SHARE:.2f} by the weekly forecast"


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


def _fill(
    wanted: Mapping[Frequency, GrainForecast],
    scatters: Mapping[Frequency, Scatter],
    finest: Frequency,
    rows: slice | NDArray[np.intp],
) -> None:
    """Quantiles of some series, and whatever is a sum of the finest grain, written in place."""
    drawn = {grain: scatter.of(rows) for grain, scatter in scatters.items()}
    own, every = drawn[finest], slice(None)
    for grain, result in wanted.items():
        skip = result.first - drawn[grain].first
        part = slice(skip, skip + result.horizon)
        if result.levels:
            result.quantiles[rows] = drawn[grain].quantiles(every, result.levels)[:, part]
    sums = [
        (result, step, days)
        for grain, result in wanted.items()
        if grain is not finest
        for step, days in covered_steps(own, result)
    ]
    if not sums:
        return
    daily = own.paths(every)
    for result, step, days in sums:
        total = daily[:, :, days].sum(axis=2)
        result.quantiles[rows, step] = quantiles_of(total[:, :, None], result.levels)[:, 0]
        result.mean[rows, step] = own.expected[:, days].sum(axis=1)


class DemandForecaster:
    def __init__(self, options: Options) -> None:
        self.options = options

    def fit(self, panel: Panel, keep: Keep = anew) -> FittedDemand:
        """Learn weights and error paths of every grain that the history carries.

        `keep` is asked for each grain and for the report: long parts, which may be kept."""
        grains: dict[Frequency, FittedGrain] = {}
        trials: dict[Frequency, Trial] = {}
        options = self.options
        histories = {history.frequency: history for history in _grains_of(panel, options)}
        for grain, history in histories.items():
            horizon = _steps(panel, grain, options)
            driven = with_drivers(history, panel, horizon, country=options.country)
            fit = partial(fit_grain, driven, horizon, options.seed, options.workers)
            grains[grain], trials[grain], _ = keep(f"forecasts by {grain.grain}", fit)
        own = histories[panel.frequency]
        report = keep("report", partial(report_of, panel, own, trials, histories, options))
        return FittedDemand(self.options, grains, report, trials[panel.frequency].eras)


class FittedDemand:
    """What a training learned. Files: `demand.json` and one `.npz` a grain; no pickles."""

    def __init__(
        self,
        options: Options,
        grains: dict[Frequency, FittedGrain],
        report: BacktestReport | None = None,
        eras: Sequence[Era] = (),
    ) -> None:
        self.options = options
        self.grains = grains
        self.report = report
        self._eras = eras

    def before(self, origin: int) -> FittedDemand:
        """What may speak at a period of the past, in the own grain: the boosters that the backtest
        had learned by then, none where it had not begun. Weights, spreads and error paths are those
        of the whole training. No quantiles are drawn; a bundle read from files has no past.
        """
        own = self.options.frequency
        begun = [era.pooled for era in self._eras if era.origin <= origin]
        pooled = begun[-1] if begun else None
        options = replace(self.options, quantiles=())
        return FittedDemand(options, {own: replace(self.grains[own], pooled=pooled)})

    def forecast(
        self, panel: Panel, *, paths: int | None = None, demand: Matrix | None = None
    ) -> DemandForecast:
        """Means and quantiles of every grain at the panel's origin; series may be new.

        `paths`: sample paths a series, those of the options if None; `demand` [n, T]: the latent
        demand of the panel under the same options, where it is at hand.
        """
        options = self.options if paths is None else replace(self.options, paths=paths)
        at = self._at(panel, options, _grains_of(panel, options, demand), {})
        wanted = {
            grain: _blank(draw, panel, options.forecast_horizons[grain.grain], options.quantiles)
            for grain, draw in at.items()
        }
        scatters = {grain: draw.scatter for grain, draw in at.items()}
        for begin in range(0, len(panel), BLOCK):
            rows = slice(begin, min(begin + BLOCK, len(panel)))
            _fill(wanted, scatters, panel.frequency, rows)
        wanted = {grain: replace(one, mean_units=one.mean) for grain, one in wanted.items()}
        codes = panel.series[["site", "sku"]]
        return DemandForecast(panel.frequency, panel.origin, codes, at, wanted)

    def means(
        self,
        panel: Panel,
        *,
        demand: Matrix | None = None,
        levels: Mapping[Frequency, Matrix] | None = None,
        asked: NDArray[np.bool_] | None = None,
    ) -> Matrix:
        """[n, H] what `forecast` expects in the own grain, which draws nothing. `levels`:
        `DemandForecast.levels` of the same demand under other plans, where at hand. `asked` [n]:
        NaN of all others; None: all are asked for."""
        options = self.options
        grains = _grains_of(panel, options, demand, upto=Frequency.WEEK)
        mean = self._at(panel, options, grains, levels or {}, asked)[panel.frequency].mean
        return mean if asked is None else np.where(asked[:, None], mean, np.nan)

    def _at(
        self,
        panel: Panel,
        options: Options,
        histories: Sequence[History],
        levels: Mapping[Frequency, Matrix],
        asked: NDArray[np.bool_] | None = None,
    ) -> dict[Frequency, GrainAtOrigin]:
        """The grains of these histories, the own one in agreement with the weeks."""
        at: dict[Frequency, GrainAtOrigin] = {}
        for history in histories:
            fitted = self.grains.get(history.frequency)
            if fitted is not None:
                history = with_drivers(
                    history, panel, fitted.horizon, country=options.country, names=fitted.names
                )
                at[history.frequency] = fitted.at(
                    history,
                    paths=options.paths,
                    seed=options.seed,
                    levels=levels.get(history.frequency),
                    asked=asked,
                )
        if Frequency.WEEK in at:
            _agree(at[panel.frequency], at[Frequency.WEEK])
        return at

    def to_files(self, folder: Path) -> None:
        """Write the bundle; the same parameters give the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        facts: dict[str, Any] = {"format": FORMAT, "grains": {}}
        for grain, fitted in self.grains.items():
            facts["grains"][grain.value] = grain_files.write(fitted, folder)
        facts["options"] = {
            "frequency": self.options.frequency.value,
            "quantiles": list(self.options.quantiles),
            "horizons": list(self.options.horizons),
            "forecast_horizons": dict(self.options.forecast_horizons),
            "stockout_availability": self.options.stockout_availability,
            "availability_basis": self.options.availability_basis,
            "shop_hours": list(self.options.shop_hours),
            "unmet": self.options.unmet,
            "country": self.options.country,
            "seed": self.options.seed,
            "paths": self.options.paths,
        }
        (folder / "demand.json").write_text(json.dumps(facts, indent=1, sort_keys=True))

    @classmethod
    def from_files(cls, folder: Path) -> FittedDemand:
        """Read a bundle; raises BadBundle where it is not what `to_files` writes."""
        try:
            facts = json.loads((folder / "demand.json").read_text())
            if facts["format"] != FORMAT:
                raise ValueError(f"format {facts['format']}, expected {FORMAT}")
            kept = facts["options"]
            options = Options(
                **{
                    **kept,
                    "frequency": Frequency(kept["frequency"]),
                    "quantiles": tuple(kept["quantiles"]),
                    "shop_hours": tuple(kept["shop_hours"]),
                    "horizons": tuple(kept["horizons"]),
                }
            )
            grains = {
                Frequency(value): grain_files.read(folder, Frequency(value), part)
                for value, part in facts["grains"].items()
            }
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadBundle(
                f"The demand bundle in {folder.name} cannot be read: {error}.",
                next_step="Restore it from the registry, or train again.",
                folder=str(folder),
            ) from error
        return cls(options, grains)


def _steps(panel: Panel, grain: Frequency, options: Options) -> int:
    """Periods that a grain looks ahead: a week or month may have begun before the origin, and one
    more reaches the last whole one."""
    return options.forecast_horizons[grain.grain] + (0 if grain is panel.frequency else 1)


def _grains_of(
    panel: Panel,
    options: Options,
    demand: Matrix | None = None,
    *,
    upto: Frequency = Frequency.MONTH,
) -> list[History]:
    """The own history, and the coarser ones that it carries, weeks alone where months are not
    wanted."""
    own = history_of(panel, options, demand)
    wanted = [one for one in COARSER[panel.frequency] if upto is Frequency.MONTH or one is upto]
    coarser = [coarsen(own, frequency) for frequency in wanted]
    return [own, *(history for history in coarser if history is not None)]


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


def _blank(
    draw: GrainAtOrigin, panel: Panel, horizon: int, levels: tuple[float, ...]
) -> GrainForecast:
    """A forecast of the whole periods that start after the origin, quantiles yet to be filled."""
    after = period_end(panel.origin, panel.frequency) + np.timedelta64(1, "D")
    first = int(to_period(after, draw.frequency))
    if period_start(first, draw.frequency) < after:
        first += 1
    skip = first - draw.first
    mean = draw.mean[:, skip : skip + horizon].copy()
    return GrainForecast(
        frequency=draw.frequency,
        first=first,
        mean=mean,
        quantiles=np.zeros((*mean.shape, len(levels))),
        levels=levels,
        mean_units=mean,
        method=draw.levels.method,
        reason=draw.levels.reason,
    )
