"""Demand under overrides: each sample path moves with its mean, as under a scenario.

On each day of a series one override counts: the most exact (of an item at a site before that of an
item, of a site before any other), and of equals the one said last. A week or month moves by its
days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency, labels, period_end, period_start
from forecasting.demand_forecast import DemandForecast
from forecasting.panel import Panel
from forecasting.scatter import Scatter
from models.overrides.ledger import Override

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]  # [n] which series

CODES: Final = ("site", "sku", "category", "supplier")


def concerned(override: Override, panel: Panel) -> Rows:
    """[n] the series that have all the codes of an override, an order's lines left aside."""
    rows = np.ones(len(panel), dtype=bool)
    for name in CODES:
        if code := getattr(override, name):
            rows &= (panel.series[name].astype(object) == code).to_numpy()
    return rows


def wanted_by(
    overrides: Sequence[Override], panel: Panel, forecast: DemandForecast
) -> tuple[DemandForecast, list[dict[str, Any]]]:
    """The forecast as people know it, and a row a figure that they changed; the same forecast where
    they changed none."""
    if not overrides:
        return forecast, []
    ordered = sorted(overrides, key=lambda one: (bool(one.sku), bool(one.site), one.number))
    concerns = [np.flatnonzero(concerned(one, panel)) for one in ordered]
    scatters = {grain: forecast.scatter_of(grain) for grain in forecast.grains}
    spans = {grain: _days_of(one) for grain, one in scatters.items()}
    first = min(int(opens[0]) for opens, _ in spans.values())
    last = max(int(closes[-1]) for _, closes in spans.values())
    owner = np.full((len(panel), last - first + 1), -1, dtype=np.int32)  # of each day
    for place, (one, rows) in enumerate(zip(ordered, concerns, strict=True)):
        begin, end = (int(np.datetime64(day, "D").astype(np.int64)) for day in (one.start, one.end))
        owner[rows, max(begin - first, 0) : max(end - first + 1, 0)] = place
    scale = {grain: np.ones_like(one.mean) for grain, one in scatters.items()}
    added = {grain: np.zeros_like(one.mean) for grain, one in scatters.items()}
    for place, (one, rows) in enumerate(zip(ordered, concerns, strict=True)):
        for grain, (opens, closes) in spans.items():
            mine = owner[rows, opens[0] - first : closes[-1] - first + 1] == place
            days = np.add.reduceat(mine, opens - opens[0], axis=1, dtype=np.int64)
            share = days / (closes - opens + 1)
            if one.units is None:
                scale[grain][rows] += share * ((one.factor or 0.0) - 1.0)
                continue
            each: Floats | float = 1.0
            if grain is not forecast.frequency:  # units are of a period of the finest grain
                each = (closes - opens + 1) / forecast.frequency.days
            scale[grain][rows] -= share
            added[grain][rows] += share * one.units * each
    means = {
        grain: np.maximum(one.expected * scale[grain] + added[grain], 0.0)  # no −1e-17
        for grain, one in scatters.items()
    }
    touched = _differs({grain: one.expected for grain, one in scatters.items()}, means)
    if not touched.any():
        return forecast, []
    by = [
        _numbered(ordered, owner[row]) if moves else []
        for row, moves in enumerate(touched.tolist())
    ]
    said = [", ".join(f"override {one.number}: {one.figure}" for one in mine) for mine in by]
    made = forecast.overridden(means, touched, said)
    return made, list(_figures(made, panel, by, touched))


def _numbered(ordered: Sequence[Override], owner: NDArray[np.int32]) -> list[Override]:
    """Those that count on some day of a series, in the order in which they were made."""
    mine = [ordered[place] for place in np.unique(owner).tolist() if place >= 0]
    return sorted(mine, key=lambda one: one.number)


def _days_of(scatter: Scatter) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """[H] the first and the last day of each period, as numbers."""
    periods = scatter.first + np.arange(scatter.horizon)
    opens, closes = (bound(periods, scatter.frequency) for bound in (period_start, period_end))
    return opens.astype(np.int64), closes.astype(np.int64)


def _differs(before: dict[Frequency, Floats], after: dict[Frequency, Floats]) -> Rows:
    differs = [(before[grain] != after[grain]).any(axis=1) for grain in before]
    return np.asarray(np.logical_or.reduce(differs))


def _figures(
    made: DemandForecast, panel: Panel, by: Sequence[Sequence[Override]], touched: Rows
) -> Iterable[dict[str, Any]]:
    sites, skus = (panel.series[name].tolist() for name in ("site", "sku"))
    for grain, one in made.grains.items():
        if one.before is None:
            continue
        steps = one.first + np.arange(one.horizon)
        names, starts = labels(steps, grain), period_start(steps, grain)
        for row in np.flatnonzero(touched).tolist():
            numbers = ", ".join(str(mine.number) for mine in by[row])
            for step in np.flatnonzero(one.mean[row] != one.before[row]).tolist():
                yield {
                    **{"override": numbers, "kind": "demand", "grain": grain.grain},
                    **{"site": sites[row], "sku": skus[row]},
                    **{"period": names[step], "period_start": starts[step]},
                    **{"before": one.before[row, step], "after": one.mean[row, step]},
                }
