"""Do published forecasts still hold? What was said one cycle ago is held against what came since,
and against how the same judgement ended at earlier origins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.panel import Panel
from models.health.alarm import Alarm, Sign
from models.health.inputs import CYCLE, DEVIATIONS

Matrix = NDArray[np.float64]

ORIGINS: Final = 9  # judged: the last, and eight that say what is usual
LEAST_ORIGINS: Final = 4  # before the last; below, only what is wrong by any measure is told
WORSE: Final = 1.5  # times the usual error
BIAS: Final = 0.25  # further from 0 than the usual bias, share of what sold
BIAS_ALONE: Final = 0.6  # the same where nobody knows what is usual
ABOVE: Final = 0.10  # more than usual, of the share above the 90 % quantile
ABOVE_ALONE: Final = 0.30  # that share where nobody knows what is usual
LEAST_UNITS: Final = 50.0  # sold in a cycle; below, a share says nothing


@dataclass(frozen=True)
class Promise:
    """What a publication said of the cycle after its origin: own grain, a row a series."""

    origin: int  # period
    codes: pd.MultiIndex  # site, sku
    mean_units: Matrix  # [m, H] what will sell, stock allowing
    high: Matrix  # [m, H] 90 % quantile of demand


@dataclass(frozen=True)
class _Judged:
    error: float  # Σ|said − sold| ÷ Σ sold, over the sums of each series' cycle
    bias: float  # Σ(said − sold) ÷ Σ sold
    above: float  # share of series and periods that sold more than the 90 % quantile
    sold: float  # units


def outcome_alarms(panel: Panel, promises: Sequence[Promise]) -> list[Alarm]:
    """What the last promise that is over shows; `promises`: the latest first, a cycle apart."""
    judged = [one for promise in promises if (one := _judge(panel, promise)) is not None]
    if not judged or judged[0].sold < LEAST_UNITS:
        return []
    now, before = judged[0], judged[1:ORIGINS]
    known = len(before) >= LEAST_ORIGINS
    found = []
    usual, bound = _usual([np.log(one.error) for one in before if one.error > 0], np.log(WORSE))
    if known and now.error > 0 and np.log(now.error) - usual > bound:
        found.append(Alarm(Sign.ERROR, "sales", now.error, float(np.exp(usual))))
    usual, bound = _usual([one.bias for one in before], BIAS) if known else (0.0, BIAS_ALONE)
    if not found and abs(now.bias - usual) > bound:
        found.append(Alarm(Sign.ERROR, "sales", now.bias, usual, about={"what": "bias"}))
    usual, bound = _usual([one.above for one in before], ABOVE) if known else (0.1, ABOVE_ALONE)
    if now.above - usual > bound:
        found.append(Alarm(Sign.CALIBRATION, "sales", now.above, usual))
    return found


def _usual(past: Sequence[float], least: float) -> tuple[float, float]:
    """The median, and how far from it still is chance."""
    if not past:
        return 0.0, np.inf
    middle = float(np.median(past))
    spread = 1.4826 * float(np.median(np.abs(np.asarray(past) - middle)))
    return middle, max(DEVIATIONS * spread, least)


def _judge(panel: Panel, promise: Promise) -> _Judged | None:
    """None where the cycle is not over, or nothing of it is known."""
    cycle = CYCLE[panel.frequency]
    first = promise.origin + 1 - panel.start
    if first < 0 or promise.origin + cycle > panel.origin or promise.high.shape[1] < cycle:
        return None
    rows = promise.codes.get_indexer(pd.MultiIndex.from_frame(panel.series[["site", "sku"]]))
    met = rows >= 0
    sold = np.array(panel.units[met, first : first + cycle])
    said, high = (part[rows[met], :cycle] for part in (promise.mean_units, promise.high))
    known = ~np.isnan(sold)
    total = float(np.nansum(sold))
    if total <= 0:
        return None
    error = np.where(known, said - sold, 0.0).sum(axis=1)
    return _Judged(
        error=float(np.abs(error).sum() / total),
        bias=float(error.sum() / total),
        above=float(np.sum(known & (sold > high)) / known.sum()),
        sold=total,
    )
