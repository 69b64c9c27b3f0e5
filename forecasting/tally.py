"""Forecasts of one origin against what came, as sums for each series: sums over origins, segments
and the whole follow by adding, and every measure is made from them in one place.

Columns of the demand over a whole span of periods begin with its name: `total28_error`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.quantiles import quantile_name, quantiles_of
from forecasting.scores import bounds_of_draws, chance_below, pinball_losses, value_added

Matrix = NDArray[np.float64]
Draws = Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]]  # rows [b] and paths [b, P, H]

SUFFIXES: Final = {"product": "", "naive": "_naive", "mean": "_mean"}
COVERAGE: Final = (0.5, 0.9, 0.95)  # shares of outcomes below which the calibration is reported
INNER: Final = (0.1, 0.9)  # between them lie 80 % of the outcomes of a calibrated forecast
LEAST_KNOWN_SHARE: Final = 0.5  # of a span's periods; fewer say nothing of its total


@dataclass(frozen=True)
class Judged:
    """One origin: forecasts and what came [n, H]; an unknown actual is NaN."""

    actual: Matrix
    product: Matrix
    naive: Matrix
    mean: Matrix
    scale: Matrix  # [n] mean squared one-step naive error of the history


def levels_judged(quantiles: Sequence[float]) -> tuple[float, ...]:
    """The workspace's levels and those that the report names."""
    return tuple(sorted({*quantiles, *COVERAGE, *INNER}))


def tally(
    judged: Judged, draws: Draws, levels: tuple[float, ...], spans: Mapping[str, int]
) -> pd.DataFrame:
    """A row a series. `spans`: name -> first periods of the horizon whose demand is also summed.

    A total takes the known periods only, of the forecasts too; with less than half of them known
    it is unknown itself.
    """
    known = ~np.isnan(judged.actual)
    totals = {name: sums_of_known(judged.actual, known, steps) for name, steps in spans.items()}
    sums = _points(judged, "") | _scaled(judged)
    for name, steps in spans.items():
        parts = {kind: sums_of_known(getattr(judged, kind), known, steps) for kind in SUFFIXES}
        whole = Judged(actual=totals[name], scale=judged.scale, **parts)
        sums |= _points(whole, f"{name}_")
    for rows, paths in draws:
        found = _spread(judged.actual[rows], paths, levels, "")
        for name, steps in spans.items():
            part = (paths * known[rows][:, None, :])[:, :, :steps].sum(axis=2)[:, :, None]
            found |= _spread(totals[name][rows], part, levels, f"{name}_")
        for column, values in found.items():
            sums.setdefault(column, np.zeros(len(judged.actual)))[rows] = values
    return pd.DataFrame(sums)


def sums_of_known(matrix: Matrix, known: NDArray[np.bool_], steps: int) -> Matrix:
    """[n, 1] over the known of the first periods; NaN where too few are."""
    seen = known[:, :steps]
    total = np.where(seen, np.nan_to_num(matrix[:, :steps]), 0.0).sum(axis=1)
    enough = seen.sum(axis=1) >= LEAST_KNOWN_SHARE * seen.shape[1]
    return np.where(enough, total, np.nan)[:, None]


def _points(judged: Judged, prefix: str) -> dict[str, Matrix]:
    sums = {
        f"{prefix}known": np.sum(~np.isnan(judged.actual), axis=1).astype(float),
        f"{prefix}actual": np.nansum(judged.actual, axis=1),
    }
    for kind, suffix in SUFFIXES.items():
        error = getattr(judged, kind) - judged.actual
        sums[f"{prefix}absolute_error{suffix}"] = np.nansum(np.abs(error), axis=1)
        sums[f"{prefix}error{suffix}"] = np.nansum(error, axis=1)
    return sums


def _scaled(judged: Judged) -> dict[str, Matrix]:
    usable = np.isfinite(judged.scale) & (judged.scale > 0)
    scale = np.where(usable, judged.scale, 1.0)
    sums = {"scaled_known": np.sum(~np.isnan(judged.actual), axis=1) * usable.astype(float)}
    for kind, suffix in SUFFIXES.items():
        square = np.nansum((getattr(judged, kind) - judged.actual) ** 2, axis=1)
        sums[f"scaled_square{suffix}"] = np.where(usable, square / scale, 0.0)
    return sums


def _spread(
    actual: Matrix, paths: NDArray[np.float32], levels: tuple[float, ...], prefix: str
) -> dict[str, Matrix]:
    """Pinball loss, PIT mass below, closed and strict coverage of each level, summed by series."""
    known = ~np.isnan(actual)
    below, upto = bounds_of_draws(np.moveaxis(paths, 1, 2), actual)
    quantiles = quantiles_of(paths, levels)
    sums = {
        f"{prefix}drawn": known.sum(axis=1).astype(float),
        f"{prefix}drawn_actual": np.nansum(actual, axis=1),
    }
    for place, level in enumerate(levels):
        name, quantile = quantile_name(level), quantiles[:, :, place]
        lost = pinball_losses(actual, quantile, level=level)
        sums[f"{prefix}pinball_{name}"] = np.nansum(lost, axis=1)
        mass = chance_below(below, upto, level=level)
        sums[f"{prefix}below_{name}"] = np.nansum(mass, axis=1)
        sums[f"{prefix}closed_{name}"] = np.sum(known & (actual <= quantile), axis=1).astype(float)
        sums[f"{prefix}strict_{name}"] = np.sum(known & (actual < quantile), axis=1).astype(float)
    low, high = (quantiles[:, :, levels.index(level)] for level in INNER)
    sums[f"{prefix}closed_inner"] = np.sum((actual >= low) & (actual <= high), axis=1).astype(float)
    sums[f"{prefix}strict_inner"] = np.sum((actual > low) & (actual < high), axis=1).astype(float)
    return sums


def with_rmsse(sums: pd.DataFrame) -> pd.DataFrame:
    """The sums of each series with its RMSSE; NaN where the history has no scale."""
    found = sums.copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        for suffix in SUFFIXES.values():
            mean = sums[f"scaled_square{suffix}"].to_numpy() / sums["scaled_known"].to_numpy()
            found[f"rmsse{suffix}"] = np.sqrt(mean)
    return found


def measures(
    by_series: pd.DataFrame, levels: tuple[float, ...], spans: Iterable[str], by: Sequence[str] = ()
) -> pd.DataFrame:
    """Measures of each group, or of all in one row: RMSSE is the mean over series, WAPE, bias and
    pinball are shares of the demand, calibration is shares of the outcomes."""
    names = by_series.columns.difference([*by, "site", "sku", "abc", "demand_class"])
    keys = list(by) or np.zeros(len(by_series), dtype=int)
    groups = by_series.groupby(keys, sort=True)
    sums, means = groups[list(names)].sum(), groups[[f"rmsse{s}" for s in SUFFIXES.values()]].mean()
    total = by_series["actual"].sum()
    found: dict[str, pd.Series] = {
        "series": groups.size(),
        "share_of_demand": sums["actual"] / total if total > 0 else sums["actual"] * np.nan,
    }
    found |= {str(name): means[name] for name in means}
    found |= _measured(sums, levels, "")
    for name, theirs in (("value_added", "rmsse_naive"), ("value_added_mean", "rmsse_mean")):
        found[name] = pd.Series(value_added(means["rmsse"], means[theirs]), index=means.index)
    if "moved" in sums:
        found["instability"] = _ratio(sums["moved"], sums["moved_actual"])
    for span in spans:
        found |= _measured(sums, levels, f"{span}_")
    return pd.DataFrame(found)


def _measured(sums: pd.DataFrame, levels: tuple[float, ...], p: str) -> dict[str, pd.Series]:
    found = {}
    for suffix in SUFFIXES.values():
        found[f"{p}wape{suffix}"] = _ratio(sums[f"{p}absolute_error{suffix}"], sums[f"{p}actual"])
        if not p or not suffix:  # the bias of the others' totals tells nothing new
            found[f"{p}bias{suffix}"] = _ratio(sums[f"{p}error{suffix}"], sums[f"{p}actual"])
    if f"{p}drawn" not in sums:
        return found
    names = [quantile_name(level) for level in levels]
    lost = sums[[f"{p}pinball_{name}" for name in names]].mean(axis=1)
    found[f"{p}pinball"] = _ratio(lost, sums[f"{p}drawn_actual"])
    drawn = sums[f"{p}drawn"]
    for name in map(quantile_name, COVERAGE):
        found[f"{p}below_{name}"] = _ratio(sums[f"{p}below_{name}"], drawn)
    low, high = map(quantile_name, INNER)
    inner = f"{low}_{high}"
    mass = sums[f"{p}below_{high}"] - sums[f"{p}below_{low}"]
    found[f"{p}inside_{inner}"] = _ratio(mass, drawn)
    found[f"{p}closed_{inner}"] = _ratio(sums[f"{p}closed_inner"], drawn)
    found[f"{p}strict_{inner}"] = _ratio(sums[f"{p}strict_inner"], drawn)
    return found


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part / whole.where(whole > 0)


def by_quantile(
    by_series: pd.DataFrame, levels: tuple[float, ...], spans: Iterable[str]
) -> pd.DataFrame:
    """A row for the period and each span, and each level: pinball as a share of the demand, PIT
    mass below it (the level itself where calibrated), closed and strict coverage beside."""
    rows = []
    for of in ("period", *spans):
        prefix = "" if of == "period" else f"{of}_"
        if f"{prefix}drawn" not in by_series or not by_series[f"{prefix}drawn"].sum():
            continue
        drawn = by_series[f"{prefix}drawn"].sum()
        demand = by_series[f"{prefix}drawn_actual"].sum()
        for level in levels:
            name = quantile_name(level)
            row = {"of": of, "level": level, "outcomes": int(drawn)}
            lost = by_series[f"{prefix}pinball_{name}"].sum()
            row["pinball"] = lost / demand if demand > 0 else np.nan
            for kind in ("below", "closed", "strict"):
                row[kind] = by_series[f"{prefix}{kind}_{name}"].sum() / drawn
            rows.append(row)
    columns = ["of", "level", "outcomes", "pinball", "below", "closed", "strict"]
    return pd.DataFrame(rows, columns=columns)
