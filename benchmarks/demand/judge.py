"""Scores of every method on one window of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.demand import scores
from benchmarks.demand.counts import CountForecast, NegativeBinomial, SamplePaths
from benchmarks.demand.tasks import Task
from forecasting.scores import bias, wape

TOTALS: Final[Mapping[str, tuple[int, ...]]] = {
    "m5": (7, 14, 28),
    "m5-weekly": (13,),
    "carparts": (12,),
    "freshretail": (),
    "usaid": (3,),
}
"""Sums over the first periods of a window whose calibration is scored, from sample paths."""

REVENUE_DAYS: Final = 28  # M5 weighs a series by what it earned in these


def judged_rows(task: Task, origin: int) -> NDArray[np.bool_]:
    """[n] series that are known to have sold by the origin, and of which some truth is known."""
    sold = (~np.isnan(task.history(origin))).any(axis=1)
    return sold & (~np.isnan(task.ahead(task.units, origin))).any(axis=1)


def rows_of(forecast: CountForecast, rows: NDArray[np.bool_]) -> CountForecast:
    if isinstance(forecast, NegativeBinomial):
        return NegativeBinomial(forecast.mean[rows], forecast.dispersion[rows])
    assert isinstance(forecast, SamplePaths)
    return SamplePaths(
        forecast.mean[rows],
        forecast.quantiles[rows],
        forecast.levels,
        forecast.paths[rows],
        None if forecast.sold is None else forecast.sold[rows],
    )


def judge(data: str, task: Task, origin: int, forecast: CountForecast) -> dict[str, float]:
    """The measures of a task; the demand totals too, where the forecast has paths."""
    rows = judged_rows(task, origin)
    kept = rows_of(forecast, rows)
    actual = task.ahead(task.units, origin)[rows]
    found = _JUDGES.get(data, _plain)(task, origin, rows, kept, actual)
    if isinstance(kept, SamplePaths):
        for steps in TOTALS[data]:
            found |= scores.totals(actual, kept, task.series["site"][rows], steps)
    return found


Judge = Callable[
    [Task, int, NDArray[np.bool_], CountForecast, NDArray[np.float64]], dict[str, float]
]


def _retail(
    task: Task,
    origin: int,
    rows: NDArray[np.bool_],
    forecast: CountForecast,
    actual: NDArray[np.float64],
) -> dict[str, float]:
    assert task.price is not None
    history = task.history(origin)
    paid = np.nan_to_num(history * task.price[:, : history.shape[1]])
    return scores.retail(
        actual,
        forecast,
        history=history[rows],
        revenue=paid[rows, -REVENUE_DAYS:].sum(axis=1),
        group=task.series["group"][rows],
    )


def _plain(
    task: Task,
    origin: int,
    rows: NDArray[np.bool_],
    forecast: CountForecast,
    actual: NDArray[np.float64],
) -> dict[str, float]:
    return scores.plain(actual, forecast)


def _stocked(
    task: Task,
    origin: int,
    rows: NDArray[np.bool_],
    forecast: CountForecast,
    actual: NDArray[np.float64],
) -> dict[str, float]:
    """All issues, and beside them those of months that closed with stock: the rest are capped."""
    open_shelf = _open_shelf(task, origin, rows, actual)
    return {
        **scores.plain(actual, forecast),
        "WAPE in stock": wape(open_shelf, forecast.mean),
        "pinball in stock": scores.pinball_share(open_shelf, forecast, scores.STOCK_LEVELS),
    }


def _in_stock_alone(
    task: Task,
    origin: int,
    rows: NDArray[np.bool_],
    forecast: CountForecast,
    actual: NDArray[np.float64],
) -> dict[str, float]:
    """Days that were in stock throughout: a forecast of nothing must not win by an empty shelf.

    Days in stock are the quiet ones, so that a forecast of demand lies above them. Like for like is
    what will sell: the product's `mean_units`, and the peers' forecasts, which see sales alone.
    """
    open_shelf = _open_shelf(task, origin, rows, actual)
    told = forecast.sold if isinstance(forecast, SamplePaths) else None
    sold = forecast.mean if told is None else told
    return {
        **scores.plain(open_shelf, forecast),
        "sold WAPE": wape(open_shelf, sold),
        "sold bias": bias(open_shelf, sold),
    }


def _open_shelf(
    task: Task, origin: int, rows: NDArray[np.bool_], actual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Actuals [n, H] of periods in stock, NaN elsewhere."""
    return np.where(task.ahead(task.in_stock, origin)[rows], actual, np.nan)


_JUDGES: Final[Mapping[str, Judge]] = {
    "m5": _retail,
    "usaid": _stocked,
    "freshretail": _in_stock_alone,
}
