"""How good is it? The backtest of a training, scored overall, by segment and by series.

Every forecast scored here was combined with weights learned on the other origins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, label
from forecasting.errors_made import Errors
from forecasting.history import History
from forecasting.panel import Panel
from forecasting.scores import bias, naive_scale, rmsse, wape
from forecasting.segments import abc_by_value
from forecasting.trial import Trial

Matrix = NDArray[np.float64]

COVERAGE: Final = (0.5, 0.9, 0.95)  # shares of outcomes below which the calibration is reported


@dataclass(frozen=True)
class BacktestReport:
    """`metrics` has names like `day/rmsse`, `day/rmsse_naive`; tables are of the own grain."""

    metrics: dict[str, float] = field(default_factory=dict)
    by_segment: pd.DataFrame = field(default_factory=pd.DataFrame)
    by_series: pd.DataFrame = field(default_factory=pd.DataFrame)
    out_of_fold: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class _Fold:
    """Held-out forecasts of one origin beside the naive ones, and what happened: all [n, H]."""

    origin: int
    actual: Matrix
    product: Matrix
    naive: Matrix
    mean: Matrix


def _folds(trial: Trial, history: History) -> list[_Fold]:
    folds = []
    for number, window in enumerate(trial.windows):
        past = history.demand[:, : window.origin - history.start + 1]
        horizon = window.actual.shape[1]
        folds.append(
            _Fold(
                origin=window.origin,
                actual=window.actual,
                product=trial.forecasts[:, number],
                naive=_seasonal_naive(past, horizon, history.frequency),
                mean=np.repeat(np.nan_to_num(window.states.mean)[:, None], horizon, axis=1),
            )
        )
    return folds


def _seasonal_naive(past: Matrix, horizon: int, frequency: Frequency) -> Matrix:
    """[n, H] the same season of the last whole cycle; the last value where it is shorter."""
    season = frequency.season if past.shape[1] >= frequency.season else 1
    last = past[:, -season:]
    return np.nan_to_num(last[:, np.arange(horizon) % season])


def report_of(
    panel: Panel,
    own: History,
    trials: dict[Frequency, Trial],
    errors: dict[Frequency, Errors],
    histories: dict[Frequency, History],
) -> BacktestReport:
    """Scores of all grains, and the tables of the own one."""
    metrics: dict[str, float] = {}
    for grain, trial in trials.items():
        folds = _folds(trial, histories[grain])
        metrics |= {
            f"{grain.grain}/{name}": value
            for name, value in _overall(folds, histories[grain], errors[grain]).items()
        }
    folds = _folds(trials[own.frequency], own)
    if not folds:
        return BacktestReport(metrics=metrics)
    classes = trials[own.frequency].windows[-1].states.classes
    by_series = _by_series(folds, own, panel, classes)
    return BacktestReport(
        metrics=metrics,
        by_segment=_by_segment(by_series),
        by_series=by_series,
        out_of_fold=_out_of_fold(folds, own),
    )


def _overall(folds: list[_Fold], history: History, errors: Errors) -> dict[str, float]:
    found: dict[str, float] = {"origins": float(len(folds))}
    if not folds:
        return found
    scale = naive_scale(history.demand)
    actual = np.concatenate([fold.actual for fold in folds], axis=1)
    for name in ("product", "naive", "mean"):
        forecast = np.concatenate([getattr(fold, name) for fold in folds], axis=1)
        suffix = "" if name == "product" else f"_{name}"
        each = rmsse(actual, forecast, scale=scale)
        scored = each[np.isfinite(each)]
        found[f"rmsse{suffix}"] = float(scored.mean()) if len(scored) else float("nan")
        found[f"wape{suffix}"] = wape(actual, forecast)
        found[f"bias{suffix}"] = bias(actual, forecast)
    found |= {f"below_q{level * 1000:03.0f}": value for level, value in _coverage(errors.scores)}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _coverage(scores: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Share of the outcomes of later origins (randomised PIT) below each level of earlier ones."""
    found = []
    for level in COVERAGE:
        below = []
        for number in range((scores.shape[1] + 1) // 2, scores.shape[1]):
            taught = scores[:, :number]
            taught = taught[~np.isnan(taught)]
            seen = scores[:, number]
            seen = seen[~np.isnan(seen)]
            if len(taught) and len(seen):
                below.append(seen <= np.quantile(taught, level))
        if below:
            found.append((level, float(np.concatenate(below).mean())))
    return found


def _by_series(
    folds: list[_Fold], own: History, panel: Panel, classes: NDArray[np.object_]
) -> pd.DataFrame:
    actual = np.concatenate([fold.actual for fold in folds], axis=1)
    price = panel.series["unit_price"].fillna(1.0).to_numpy(float)
    year = round(365.25 / own.frequency.days)
    value = np.nansum(own.demand[:, -year:], axis=1) * price
    table = pd.DataFrame(
        {
            "site": own.series["site"],
            "sku": own.series["sku"],
            "abc": abc_by_value(value),
            "demand_class": classes,
            "actual": np.nansum(actual, axis=1),
        }
    )
    scale = naive_scale(own.demand)
    for name in ("product", "naive", "mean"):
        forecast = np.concatenate([getattr(fold, name) for fold in folds], axis=1)
        suffix = "" if name == "product" else f"_{name}"
        table[f"rmsse{suffix}"] = rmsse(actual, forecast, scale=scale)
        table[f"absolute_error{suffix}"] = np.nansum(np.abs(actual - forecast), axis=1)
        table[f"error{suffix}"] = np.nansum(forecast - actual, axis=1)
    return table


def _by_segment(by_series: pd.DataFrame) -> pd.DataFrame:
    """ABC × demand class; the segments where the seasonal naive forecast wins come first."""
    groups = by_series.groupby(["abc", "demand_class"], sort=True)
    finite = by_series.replace([np.inf, -np.inf], np.nan).groupby(["abc", "demand_class"])
    with np.errstate(invalid="ignore", divide="ignore"):
        table = pd.DataFrame(
            {
                "series": groups.size(),
                "rmsse": finite["rmsse"].mean(),
                "rmsse_naive": finite["rmsse_naive"].mean(),
                "rmsse_mean": finite["rmsse_mean"].mean(),
                "wape": groups["absolute_error"].sum() / groups["actual"].sum(),
                "bias": groups["error"].sum() / groups["actual"].sum(),
            }
        )
    table["value_added"] = 1.0 - table["rmsse"] / table["rmsse_naive"]
    return table.sort_values("value_added", na_position="last", kind="stable").reset_index()


def _out_of_fold(folds: list[_Fold], own: History) -> pd.DataFrame:
    """One row per series, origin and step: what was forecast and what happened."""
    count, horizon = folds[0].actual.shape
    frames = []
    for fold in folds:
        frame = pd.DataFrame(
            {
                "site": np.repeat(own.series["site"].to_numpy(), horizon),
                "sku": np.repeat(own.series["sku"].to_numpy(), horizon),
                "origin": label(fold.origin, own.frequency),
                "step": np.tile(np.arange(1, horizon + 1), count),
                "actual": fold.actual.ravel(),
                "forecast": fold.product.ravel(),
                "seasonal_naive": fold.naive.ravel(),
            }
        )
        frames.append(frame[frame["actual"].notna()])
    return pd.concat(frames, ignore_index=True)
