"""How good is it? The backtest of a training, scored overall, by segment, level and series.

Every forecast scored here was combined with weights learned on the other origins, and every
quantile is of sample paths drawn from the errors of the other origins (`held_out`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.baselines import plain_mean, seasonal_naive
from forecasting.calendar import Frequency
from forecasting.held_out import held_out_paths
from forecasting.history import History
from forecasting.options import Options
from forecasting.out_of_fold import Spread, decisions_of, forecasts_of
from forecasting.panel import Panel
from forecasting.scores import moved, naive_scale
from forecasting.segments import abc_by_value
from forecasting.tally import Judged, by_quantile, levels_judged, measures, tally, with_rmsse
from forecasting.trial import Trial

Matrix = NDArray[np.float64]

SEGMENT: Final = ("abc", "demand_class")
WHOLE: Final = "total"  # the span of a whole horizon


@dataclass(frozen=True)
class BacktestReport:
    """`metrics` has names like `day/rmsse`, `day/rmsse_naive`; `by_quantile` is of all grains, the
    other tables of the own one. In `by_segment` those where we lose come first; `out_of_fold` and
    `decisions` name a series by its row in `by_series`."""

    metrics: dict[str, float] = field(default_factory=dict)
    by_segment: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_series: pd.DataFrame = field(default_factory=pd.DataFrame)
    out_of_fold: pd.DataFrame = field(default_factory=pd.DataFrame)  # out_of_fold.forecasts_of
    decisions: pd.DataFrame = field(default_factory=pd.DataFrame)  # out_of_fold.decisions_of
    by_quantile: pd.DataFrame = field(default_factory=pd.DataFrame)
    scale: Matrix = field(default_factory=lambda: np.zeros(0))  # [n] of RMSSE; NaN: none


def report_of(
    panel: Panel,
    own: History,
    trials: dict[Frequency, Trial],
    histories: dict[Frequency, History],
    options: Options,
) -> BacktestReport:
    """Scores of all grains, and the tables of the own one."""
    series: dict[Frequency, pd.DataFrame] = {}
    origins = {grain: len(trial.windows) for grain, trial in trials.items()}
    spreads: dict[Frequency, list[Spread]] = {}
    folds = {grain: _folds(trial, histories[grain]) for grain, trial in trials.items()}
    for grain, judged in folds.items():
        if judged:
            spans = spans_of(grain, options, judged[0].actual.shape[1])
            spreads[grain] = [Spread.of(one, options.main_horizon) for one in judged]
            series[grain] = _by_series(
                judged, histories[grain], trials[grain], options, spans, spreads[grain]
            )
    table = pd.DataFrame()
    if own.frequency in series:
        classes = trials[own.frequency].windows[-1].states.classes
        table = pd.DataFrame({"abc": abc_of(panel, own), "demand_class": classes})
    report = summarised(series, table, options, own.frequency, origins)
    if not len(table):
        return report
    told = list(
        zip(
            [one.origin for one in trials[own.frequency].windows],
            folds[own.frequency],
            spreads[own.frequency],
            strict=True,
        )
    )
    return replace(
        report,
        scale=told[0][1].scale,
        out_of_fold=pd.concat([forecasts_of(*one) for one in told], ignore_index=True),
        decisions=pd.concat([decisions_of(*one) for one in told], ignore_index=True),
    )


def summarised(
    series: Mapping[Frequency, pd.DataFrame],
    segments: pd.DataFrame,
    options: Options,
    own: Frequency,
    origins: Mapping[Frequency, int],
) -> BacktestReport:
    """A report from the sums of each series by grain; `segments` is aligned with the own grain's
    rows. An own grain without any sums has no tables."""
    levels = levels_judged(options.quantiles)
    metrics: dict[str, float] = {}
    quantiles = []
    for grain, count in origins.items():
        metrics[f"{grain.grain}/origins"] = float(count)
        if grain not in series:
            continue
        spans = spans_in(series[grain])
        whole = measures(series[grain], levels, spans)
        found = whole.drop(columns=["series", "share_of_demand"]).iloc[0]
        for name, value in found.items():
            if np.isfinite(value):
                metrics[f"{grain.grain}/{name}"] = float(value)
        part = by_quantile(series[grain], levels, spans)
        part.insert(0, "grain", grain.grain)
        quantiles.append(part)
    if own not in series:
        return BacktestReport(metrics=metrics)
    table = pd.concat([segments.reset_index(drop=True), series[own]], axis=1)
    judged = [part for part in quantiles if len(part)] or quantiles[:1]
    first = ["site", "sku", *SEGMENT]
    table = table[[*first, *table.columns.difference(first, sort=False)]]
    return BacktestReport(
        metrics=metrics,
        by_segment=by_segment(table, levels),
        by_series=table,
        by_quantile=pd.concat(judged, ignore_index=True),
    )


def by_segment(by_series: pd.DataFrame, levels: tuple[float, ...]) -> pd.DataFrame:
    """ABC × demand class. First those where repeating the last season or the plain mean has the
    lower RMSSE, the largest loss on top; `loses_to_…` says which."""
    table = measures(by_series, levels, spans_in(by_series), by=SEGMENT).reset_index()
    beaten = {
        "loses_to_naive": table["value_added"] < 0,
        "loses_to_mean": table["value_added_mean"] < 0,
    }
    for place, (name, lost) in enumerate(beaten.items(), start=len(SEGMENT)):
        table.insert(place, name, lost)
    least = table[["value_added", "value_added_mean"]].min(axis=1)
    order = least.sort_values(na_position="last", kind="stable").index
    return table.loc[order].reset_index(drop=True)


def spans_of(grain: Frequency, options: Options, horizon: int) -> dict[str, int]:
    """Spans of periods whose total demand is scored: the risk horizons, else the whole horizon.

    >>> spans_of(Frequency.DAY, Options(), 28)
    {'total7': 7, 'total14': 14, 'total28': 28}
    >>> spans_of(Frequency.WEEK, Options(), 13)
    {'total': 13}
    """
    if grain is not options.frequency:
        return {WHOLE: horizon} if horizon > 1 else {}
    inside = [steps for steps in options.risk_horizons if 1 < steps <= horizon]
    return {f"{WHOLE}{steps}": steps for steps in sorted({*inside, horizon})}


def spans_in(by_series: pd.DataFrame) -> list[str]:
    """The spans that a table of sums speaks of."""
    names = [str(name).removesuffix("_known") for name in by_series]
    return [name for name in names if name.startswith(WHOLE) and "_" not in name]


def abc_of(panel: Panel, own: History) -> NDArray[np.object_]:
    """[n] ABC by the value of the last year's demand."""
    price = panel.series["unit_price"].fillna(1.0).to_numpy(float)
    year = round(365.25 / own.frequency.days)
    return abc_by_value(np.nansum(own.demand[:, -year:], axis=1) * price)


def _folds(trial: Trial, history: History) -> list[Judged]:
    folds = []
    scale = naive_scale(history.demand)
    for number, window in enumerate(trial.windows):
        past = history.demand[:, : window.origin - history.start + 1]
        horizon = window.actual.shape[1]
        folds.append(
            Judged(
                actual=window.actual,
                product=trial.forecasts[:, number],
                naive=seasonal_naive(past, horizon, history.frequency),
                mean=plain_mean(window.states.mean, horizon),
                scale=scale,
            )
        )
    return folds


def _by_series(
    folds: list[Judged],
    history: History,
    trial: Trial,
    options: Options,
    spans: dict[str, int],
    spreads: list[Spread],
) -> pd.DataFrame:
    levels = levels_judged(options.quantiles)
    sums = pd.DataFrame()
    for number, fold in enumerate(folds):
        drawn = held_out_paths(history, trial, number, seed=options.seed)
        draws = spreads[number].watching(drawn)
        one = tally(fold, draws, levels, spans)
        sums = one if sums.empty else sums + one
    origins = [window.origin for window in trial.windows]
    sums = with_rmsse(sums).assign(**_moved(origins, folds))
    return pd.concat([history.series[["site", "sku"]].reset_index(drop=True), sums], axis=1)


def _moved(origins: list[int], folds: list[Judged]) -> dict[str, Matrix]:
    """How far the forecast of the same period moves from one origin to the next, and the demand
    of those periods; nothing where neighbours share no period."""
    change, demand = np.zeros(len(folds[0].actual)), np.zeros(len(folds[0].actual))
    for (begin, before), (end, after) in zip(
        zip(origins, folds, strict=True), list(zip(origins, folds, strict=True))[1:], strict=False
    ):
        step = end - begin
        shared = after.actual.shape[1] - step
        if shared > 0:
            known = ~np.isnan(after.actual[:, :shared])
            first = np.where(known, before.product[:, step:], np.nan)
            change += moved(first, after.product[:, :shared])
            demand += np.nansum(after.actual[:, :shared], axis=1)
    return {"moved": change, "moved_actual": demand} if demand.any() else {}
