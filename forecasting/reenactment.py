"""A forecast made at a past origin against what came: sample paths, quantiles and totals as they
were delivered, beside repeating the last season and the plain mean.

Nothing here learns anything: what was known at the origin is in the forecast and its panel, what
came is in the histories of a later panel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.accuracy import SEGMENT, BacktestReport, abc_of, spans_of, summarised
from forecasting.baselines import plain_mean, seasonal_naive
from forecasting.calendar import Frequency
from forecasting.demand_forecast import COARSER, DemandForecast
from forecasting.history import History, coarsen, history_of
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.scores import naive_scale
from forecasting.tally import Judged, levels_judged, tally, with_rmsse

Matrix = NDArray[np.float64]
Sums = dict[Frequency, pd.DataFrame]  # a row a series: site, sku, abc, demand_class and sums

BLOCK: Final = 250  # series whose paths live in memory together


def histories_of(panel: Panel, options: Options) -> dict[Frequency, History]:
    """Demand by every grain that the panel carries."""
    own = history_of(panel, options)
    coarser = {grain: coarsen(own, grain) for grain in COARSER[panel.frequency]}
    return {own.frequency: own} | {g: one for g, one in coarser.items() if one is not None}


def judged_by(
    came: Mapping[Frequency, History], panel: Panel, forecast: DemandForecast, options: Options
) -> Sums:
    """Sums of each grain of a forecast, over its whole periods that have come since.

    `panel`: the one that the forecast was made from. A series that appeared later has no row.
    """
    known = histories_of(panel, options)
    levels = levels_judged(options.quantiles)
    own = known[panel.frequency]
    codes = panel.series[["site", "sku"]].reset_index(drop=True)
    codes["abc"] = abc_of(panel, own)
    codes["demand_class"] = forecast.at[panel.frequency].states.classes
    found: Sums = {}
    for grain, made in forecast.grains.items():
        if grain not in came or grain not in known:
            continue
        history, truth = known[grain], came[grain]
        steps = min(made.horizon, truth.origin - made.first + 1)
        if steps < 1:
            continue
        skipped = made.first - history.origin - 1  # a week under way at the origin
        begin = made.first - truth.start
        judged = Judged(
            actual=_rows_of(truth, codes)[:, begin : begin + steps],
            product=made.mean[:, :steps],
            naive=seasonal_naive(history.demand, skipped + steps, grain)[:, skipped:],
            mean=plain_mean(forecast.at[grain].states.mean, steps),
            scale=naive_scale(history.demand),
        )
        spans = spans_of(grain, options, steps)
        sums = tally(judged, _paths(forecast, grain, steps), levels, spans)
        found[grain] = pd.concat([codes, sums], axis=1)
    return found


def _rows_of(truth: History, codes: pd.DataFrame) -> Matrix:
    """The demand [n, T] that came, in the order of the codes; NaN for a series it does not hold."""
    index = pd.MultiIndex.from_frame(truth.series[["site", "sku"]])
    places = index.get_indexer(pd.MultiIndex.from_frame(codes[["site", "sku"]]))
    return np.where(places[:, None] >= 0, truth.demand[places], np.nan)


def _paths(
    forecast: DemandForecast, grain: Frequency, steps: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    for begin in range(0, len(forecast.series), BLOCK):
        rows = np.arange(begin, min(begin + BLOCK, len(forecast.series)))
        paths = forecast.grain_paths(grain, slice(begin, begin + len(rows)))
        yield rows, paths[:, :, :steps]


def all_windows(windows: Sequence[Sums], options: Options) -> BacktestReport:
    """One report of some origins, oldest first; a series is of the segment it was in last."""
    own = options.frequency
    series: dict[Frequency, pd.DataFrame] = {}
    origins: dict[Frequency, int] = {}
    segments = pd.DataFrame()
    for grain in dict.fromkeys(grain for window in windows for grain in window):
        parts = [window[grain] for window in windows if grain in window]
        origins[grain] = len(parts)
        groups = pd.concat(parts, ignore_index=True).groupby(["site", "sku"], sort=True)
        series[grain] = with_rmsse(groups.sum(numeric_only=True)).reset_index()
        if grain is own:
            segments = groups[list(SEGMENT)].last().reset_index(drop=True)
    return summarised(series, segments, options, own, origins)
