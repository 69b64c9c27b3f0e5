"""DemandForecaster.fit(panel) → FittedDemand; FittedDemand.forecast(panel) → DemandForecast.

A forecast of days also speaks of weeks and months: whole weeks inside the daily horizon are sums
of the daily sample paths, later ones come from a weekly model of its own; months likewise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecasting import grain_files
from forecasting.accuracy import BacktestReport, report_of
from forecasting.backtest import Era
from forecasting.calendar import Frequency, period_end, period_start, to_period
from forecasting.demand_forecast import (
    COARSER,
    DemandForecast,
    GrainForecast,
    covered_steps,
    fill,
)
from forecasting.engine import Keep, anew
from forecasting.errors import VigistockError
from forecasting.grain import BLENDED, FittedGrain, GrainAtOrigin, fit_grain
from forecasting.history import History, coarsen, history_of, with_drivers
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.trial import Trial

Matrix = NDArray[np.float64]

WEEKLY_SHARE: Final = 0.3  # of the weekly grain's say in a week that the days forecast too
MOST_MOVED: Final = (0.5, 2.0)  # what that may do to a day
FORMAT: Final = 3  # of the bundle's files


class BadBundle(VigistockError):
    code = "bad_bundle"
    title = "A model bundle cannot be read"


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
        draws = fill(wanted, scatters, panel.frequency, np.arange(len(panel)))
        wanted = {grain: replace(one, mean_units=one.mean) for grain, one in wanted.items()}
        codes = panel.series[["site", "sku"]]
        return DemandForecast(panel.frequency, panel.origin, codes, at, wanted, draws=draws)

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
