"""The field's usual methods through statsforecast, each a mean of one to five members.

A member sees the known units of one series since its first sale. A method's intervals are negative
binomial around its forecast, their dispersion by moments from the in-sample residuals of the mean
of its members (of those that give fitted values at a bearable cost: ADIDA and the weekday mean do
not; the window average's are our own). Where a library fails on a series, the mean of its history
stands in, and that is counted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.demand.counts import NegativeBinomial, dispersion_by_moments
from benchmarks.demand.usage import Usage, measured, together

Matrix = NDArray[np.float64]

WINDOW: Final = 12  # periods of the window average
SEASONS_OF_MEAN: Final = 8  # the weekday mean looks back eight weeks
INDEX_PERIODS: Final = 364  # the weekday index of the cheap mean looks back a year …
INDEX_PRIOR: Final = 30.0  # … and weighs the index of all series like this many units

METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "all zero": ("zero",),
    "seasonal naive": ("seasonal naive",),
    "window average": ("window",),
    "mean of four": ("ses", "adida", "sba", "tsb"),
    "AutoETS": ("ets",),
    "COMB5": ("ses", "adida", "theta", "ets", "weekday"),
    "cheap": ("cheap",),
}
"""COMB5: SES, ADIDA, dynamic Theta, ETS, weekday mean. Cheap: SES, ADIDA and TSB on units without
their weekday index, times the index."""

PEERS: Final[Mapping[str, tuple[str, ...]]] = {
    "m5": ("seasonal naive", "mean of four", "cheap", "AutoETS", "COMB5"),
    "m5-weekly": ("seasonal naive", "mean of four", "AutoETS"),
    "carparts": ("all zero", "window average", "mean of four", "AutoETS"),
    "freshretail": ("seasonal naive", "mean of four"),
    "usaid": ("seasonal naive", "mean of four", "AutoETS"),
}


@dataclass(frozen=True)
class Setting:
    """Periods ahead, in a season, and looked back at."""

    horizon: int
    season: int
    memory: int | None


@dataclass(frozen=True)
class Member:
    """`mean` [n, H]; `fitted` [n, T], NaN where the member gives none; `failed` series."""

    mean: Matrix
    fitted: Matrix
    failed: int


@cache
def _models(season: int) -> dict[str, Any]:
    from statsforecast import models

    return {
        "seasonal naive": models.SeasonalNaive(season_length=season),
        "ses": models.SimpleExponentialSmoothingOptimized(),
        "adida": models.ADIDA(),
        "sba": models.CrostonSBA(),
        "tsb": models.TSB(alpha_d=0.1, alpha_p=0.1),
        "theta": models.DynamicOptimizedTheta(season_length=season),
        "ets": models.AutoETS(season_length=season if season <= 24 else 1),
        "weekday": models.SeasonalWindowAverage(season_length=season, window_size=SEASONS_OF_MEAN),
        "window": models.WindowAverage(window_size=WINDOW),
        "zero": models.ConstantModel(constant=0),
    }


NO_FITTED: Final = frozenset({"adida", "weekday", "window"})
"""Their fitted values cost 200 times the forecast, or the library has none."""


def warm_up() -> None:
    """Imports and compiles, so that neither counts as the cost of a method; what a library warns of
    on single series, a worker keeps to itself."""
    warnings.simplefilter("ignore")
    wave = np.tile([3.0, 0.0, 1.0, 2.0, 0.0, 4.0, 5.0], 20)[None]
    for name in {name for members in METHODS.values() for name in members}:
        member(name, wave, Setting(7, 7, None))


def member(name: str, history: Matrix, setting: Setting) -> Member:
    """One member on every series of a history [n, T]."""
    if name == "cheap":
        return _cheap(history, setting)
    model = _models(setting.season)[name]
    mean = np.zeros((len(history), setting.horizon))
    fitted = np.full(history.shape, np.nan)
    failed = 0
    for row, known in enumerate(~np.isnan(history)):
        units = history[row, known]
        if not len(units):
            continue
        mean[row] = units.mean()
        try:
            found = model.forecast(units, h=setting.horizon, fitted=name not in NO_FITTED)
            if not np.isfinite(found["mean"]).all():
                raise ValueError("a forecast that is no number")
        except Exception:  # whatever a library raises on one series is counted, the run goes on
            failed += 1
            continue
        mean[row] = found["mean"]
        if "fitted" in found:
            fitted[row, known] = found["fitted"]
        elif name == "window":
            fitted[row, known] = trailing_mean(units, WINDOW)
    return Member(np.maximum(mean, 0.0), fitted, failed)


def trailing_mean(units: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Mean of the `window` values before each; NaN where there are fewer.

    >>> trailing_mean(np.array([1.0, 3.0, 5.0]), 2)
    array([nan, nan,  2.])
    """
    found = np.full(len(units), np.nan)
    if len(units) > window:
        found[window:] = np.lib.stride_tricks.sliding_window_view(units[:-1], window).mean(axis=1)
    return found


def _cheap(history: Matrix, setting: Setting) -> Member:
    index = weekday_index(history, setting.season)
    step = (np.arange(history.shape[1]) - history.shape[1]) % setting.season
    flat = history / index[:, step]
    members = [member(name, flat, setting) for name in ("ses", "adida", "tsb")]
    ahead = np.arange(setting.horizon) % setting.season
    return Member(
        mean=np.mean([one.mean for one in members], axis=0) * index[:, ahead],
        fitted=_mean_known([one.fitted for one in members]) * index[:, step],
        failed=sum(one.failed for one in members),
    )


def weekday_index(history: Matrix, season: int) -> Matrix:
    """[n, season] factor of each step after the end of a history, shrunk to that of all series."""
    recent = history[:, -INDEX_PERIODS:]
    step = (np.arange(recent.shape[1]) - recent.shape[1]) % season
    sold = np.stack([np.nansum(recent[:, step == s], axis=1) for s in range(season)], axis=1)
    days = np.stack([np.sum(~np.isnan(recent[:, step == s]), axis=1) for s in range(season)], 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        level = sold.sum(axis=1) / days.sum(axis=1)
        pooled = sold.sum(axis=0) / (days * np.nan_to_num(level)[:, None]).sum(axis=0)
    pooled = np.where(np.isfinite(pooled), pooled, 1.0)
    expected = days * np.nan_to_num(level)[:, None]
    index = (sold + INDEX_PRIOR * pooled) / (expected + INDEX_PRIOR)
    return np.maximum(index / index.mean(axis=1, keepdims=True), 0.05)


def _mean_known(parts: Iterable[Matrix]) -> Matrix:
    """Mean of the known values of each cell; NaN where none is."""
    stack = np.stack(list(parts))
    count = np.sum(~np.isnan(stack), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nansum(stack, axis=0) / count


def run_peers(
    wanted: Iterable[str],
    history: Matrix,
    setting: Setting,
    pool: ProcessPoolExecutor,
    workers: int,
    tell: Callable[[str], None],
) -> dict[str, tuple[NegativeBinomial, Usage]]:
    """Each method's forecast and cost. A member that several methods share runs once and is
    charged to each."""
    seen = history if setting.memory is None else history[:, -setting.memory :]
    members: dict[str, tuple[Member, Usage]] = {}
    found = {}
    for method in wanted:
        for name in METHODS[method]:
            if name not in members:
                members[name] = _in_blocks(name, seen, setting, pool, workers)
                if members[name][0].failed:
                    tell(f"{name} failed on {members[name][0].failed} series: their mean instead")
        chosen = [members[name] for name in METHODS[method]]
        mean = np.mean([one.mean for one, _ in chosen], axis=0)
        fitted = _mean_known(one.fitted for one, _ in chosen)
        cost = Usage()
        for _, usage in chosen:
            cost = cost.with_next(usage)
        found[method] = (NegativeBinomial(mean, dispersion_by_moments(seen, fitted)), cost)
    return found


def _in_blocks(
    name: str, history: Matrix, setting: Setting, pool: ProcessPoolExecutor, workers: int
) -> tuple[Member, Usage]:
    running = [
        pool.submit(measured, member, name, block, setting)
        for block in np.array_split(history, workers)
    ]
    parts, usages = zip(*[one.result() for one in running], strict=True)
    whole = Member(
        mean=np.concatenate([part.mean for part in parts]),
        fitted=np.concatenate([part.fitted for part in parts]),
        failed=sum(part.failed for part in parts),
    )
    return whole, together(usages)
