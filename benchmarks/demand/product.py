"""Vigistock's own forecast of a task, as of an origin, in a process of its own."""

from __future__ import annotations

import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.demand.counts import SamplePaths
from benchmarks.demand.scores import M5_LEVELS, STOCK_LEVELS
from benchmarks.demand.tasks import Task
from benchmarks.demand.usage import Usage, cpu_seconds, peak_mib
from benchmarks.rows import TableRows
from forecasting.calendar import Frequency, end_date, period_end
from forecasting.demand_forecast import BLOCK, DemandForecast
from forecasting.forecaster import DemandForecaster
from forecasting.options import QUANTILES, Options
from forecasting.panel import Panel, build_panel
from models.lead_time import fit_lead_times
from models.risk import assess

LEVELS = tuple(sorted({*QUANTILES, *M5_LEVELS, *STOCK_LEVELS}))


@dataclass(frozen=True)
class Outcome:
    """The forecast of the panel's series, and what fitting and forecasting cost."""

    series: pd.DataFrame
    forecast: SamplePaths
    fit: Usage
    cast: Usage


def options_of(frequency: Frequency, seed: int, **settings: Any) -> Options:
    """The defaults of a new workspace, with the quantiles that are scored and a task's settings."""
    return Options(frequency=frequency, quantiles=LEVELS, country="", seed=seed, **settings)


def panel_at(task: Task, origin: int, options: Options) -> Panel:
    """The panel from rows that end at the origin: nothing later is even in memory."""
    known = task.rows.known_on(end_date(origin, task.frequency))
    return build_panel(known, origin, options)


def forecast_panel(
    panel: Panel, options: Options, horizon: int, *, with_sold: bool = False
) -> Outcome:
    """Fit and forecast, timed; the paths that are scored are drawn after the clock stopped, and
    what will sell is asked of the structural risk alone, where `with_sold`."""
    begun = cpu_seconds()
    fitted = DemandForecaster(options).fit(panel)
    learned = cpu_seconds()
    forecast = fitted.forecast(panel)
    cost = Usage(cpu_seconds() - learned, peak_mib())
    own = forecast.grains[panel.frequency]
    starts = range(0, len(panel), BLOCK)
    paths = [forecast.paths(slice(at, min(at + BLOCK, len(panel))), horizon) for at in starts]
    return Outcome(
        series=forecast.series,
        forecast=SamplePaths(
            mean=own.mean[:, :horizon],
            quantiles=own.quantiles[:, :horizon],
            levels=own.levels,
            paths=np.concatenate(paths),
            sold=_sold(panel, forecast, options)[:, :horizon] if with_sold else None,
        ),
        fit=Usage(learned - begun, peak_mib()),
        cast=cost,
    )


def _sold(panel: Panel, forecast: DemandForecast, options: Options) -> NDArray[np.float64]:
    """[n, H] `mean_units` as a publication without a learned risk has them."""
    return assess(panel, forecast, fit_lead_times(panel, options), options, None).mean_units


def warm_up(frequency: Frequency) -> None:
    """Import and compile on three made-up series."""
    import pyarrow as pa

    warnings.simplefilter("ignore")
    last = 20_000 if frequency is Frequency.DAY else 600
    periods = np.arange(last - 400 if frequency is Frequency.DAY else last - 60, last + 1)
    dates = period_end(periods, frequency)
    units = np.random.default_rng(1).poisson(2.0, (3, len(dates))).astype(float)
    rows = {
        "date": pa.array(np.tile(dates, 3)).cast(pa.date32()),
        "site": pa.array(["A"] * units.size).dictionary_encode(),
        "sku": pa.array(np.repeat(["1", "2", "3"], len(dates)).tolist()).dictionary_encode(),
        "units": units.ravel(),
    }
    options = options_of(frequency, 1)
    panel = build_panel(TableRows({"sales": pa.table(rows)}), last, options)
    forecast_panel(panel, options, 3)


def warm_up_for(task: Task) -> partial[None]:
    return partial(warm_up, task.frequency)


def run_product(task: Task, origin: int, seed: int, pool: ProcessPoolExecutor) -> Outcome:
    options = options_of(task.frequency, seed, **task.settings)
    panel = panel_at(task, origin, options)
    stocked = task.in_stock.size > 0
    work = pool.submit(forecast_panel, panel, options, task.horizon, with_sold=stocked)
    return work.result()


def aligned(outcome: Outcome, series: pd.DataFrame, judged: NDArray[np.bool_]) -> SamplePaths:
    """The forecast in the order of a task's series, 0 for those that had not moved by the origin.

    Raises KeyError where one that is judged has no forecast.
    """
    own = pd.MultiIndex.from_frame(outcome.series[["site", "sku"]])
    place = own.get_indexer(pd.MultiIndex.from_frame(series[["site", "sku"]]))
    if (absent := judged & (place < 0)).any():
        such = series[absent].head(5).to_dict("records")
        raise KeyError(f"no forecast of {int(absent.sum())} series that have sold, such as {such}")

    def placed(values: NDArray[Any]) -> NDArray[Any]:
        rows = values[place]
        rows[place < 0] = 0
        return rows

    forecast = outcome.forecast
    return SamplePaths(
        placed(forecast.mean),
        placed(forecast.quantiles),
        forecast.levels,
        placed(forecast.paths),
        None if forecast.sold is None else placed(forecast.sold),
    )
