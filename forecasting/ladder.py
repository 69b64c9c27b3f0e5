"""Always an answer, always labelled: the level of every series, by what its history allows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.candidates.registry import names
from forecasting.combine import combined_level
from forecasting.states import SHORT, States

Matrix = NDArray[np.float64]


class Method(StrEnum):
    COMBINATION = "combination"
    EQUAL_MEAN = "equal mean"
    MEAN = "mean"
    PROFILE = "category profile"
    ZERO = "zero"


@dataclass(frozen=True)
class Levels:
    """[n] level a period, seasonally adjusted, and who says so."""

    level: Matrix
    method: list[str]
    reason: list[str]


def climb(states: States, weights: Matrix, series: pd.DataFrame, frequency: Frequency) -> Levels:
    """The first rung that holds, for each series; the level is always finite and never negative."""
    blended = combined_level(states.levels, weights)
    tested: NDArray[np.bool_] = np.any(np.isfinite(weights), axis=1)
    profile, source = _profiles(states, series, frequency)
    shares = _shares(states.levels, weights)
    level = np.zeros(len(series))
    method: list[str] = []
    reason: list[str] = []
    for row in range(len(series)):
        known = int(states.known[row])
        if known == 0:
            found = np.isfinite(profile[row])
            level[row] = profile[row] if found else 0.0
            method.append(Method.PROFILE if found else Method.ZERO)
            reason.append(f"no history; mean of {source[row]}" if found else "no history")
        elif states.wanted[row] == 0:
            method.append(Method.MEAN)
            reason.append(f"no demand in {known} known periods")
        elif known < SHORT[frequency] or not np.isfinite(blended[row]):
            level[row] = states.mean[row]
            method.append(Method.MEAN)
            reason.append(f"the mean of {known} known period(s)")
        else:
            level[row] = blended[row]
            method.append(Method.COMBINATION if tested[row] else Method.EQUAL_MEAN)
            reason.append(
                shares[row]
                if tested[row]
                else f"{known} known periods: too few to test the candidates"
            )
        if states.clipped[row]:
            reason[-1] += f"; {states.clipped[row]} outlier(s) cut"
        if states.quantum[row] > 1:
            reason[-1] += f"; sold in multiples of {states.quantum[row]:g}"
    bad = ~np.isfinite(level)
    level[bad] = 0.0
    for row in np.flatnonzero(bad).tolist():
        method[row], reason[row] = Method.ZERO, "no finite level"
    return Levels(np.maximum(level, 0.0), [str(name) for name in method], reason)


def _shares(levels: Matrix, weights: Matrix) -> list[str]:
    """[n] the candidates with the most say, at most three."""
    weight = np.where(np.isnan(levels), 0.0, np.nan_to_num(weights))
    total = weight.sum(axis=1, keepdims=True)
    share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    order = np.argsort(-share, axis=1, kind="stable")[:, :3]
    most, known = np.take_along_axis(share, order, axis=1), names()
    return [
        ", ".join(
            f"{known[place]} {part:.2f}" for place, part in zip(row, parts, strict=True) if part > 0
        )
        for row, parts in zip(order.tolist(), most.tolist(), strict=True)
    ]


def _profiles(
    states: States, series: pd.DataFrame, frequency: Frequency
) -> tuple[Matrix, list[str]]:
    """[n] level of the like of a series and who they are: category at the site, else same sku."""
    table = series[["site", "sku", "category"]].reset_index(drop=True)
    taught = (states.known >= SHORT[frequency]) & np.isfinite(states.mean)
    taught &= states.clipped == 0
    table["mean"] = np.where(taught, states.mean, np.nan)
    named = table["category"] != ""
    by_category = table.groupby(["site", "category"])["mean"].transform("median").where(named)
    by_sku = table.groupby("sku")["mean"].transform("median")
    profile = by_category.fillna(by_sku)
    source = np.where(by_category.notna(), "its category at the site", "its sku at other sites")
    return profile.to_numpy(float), source.tolist()
