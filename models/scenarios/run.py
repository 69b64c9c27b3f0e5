"""Base and declaration → what a scenario changes. Pure: inputs in, tables out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import end_date
from forecasting.options import Options
from models.lead_time import fit_lead_times
from models.risk import assess
from models.risk.hazard import RuptureHazard
from models.scenarios.base import Base
from models.scenarios.comparison import compared, run_of
from models.scenarios.declaration import Scenario
from models.scenarios.effects import Uplift, sources, suppose
from models.scenarios.mitigation import MOST_WEIGHED, MOST_WEIGHED_NOTE, mitigations, to_weigh
from models.scenarios.totals import grouped, totals
from models.sources import feeding_sites

Floats = NDArray[np.float64]
PROJECTED = ("p_first", "p_first_no_order", "units_short_mean")


@dataclass(frozen=True)
class Said:
    """What a publication says of its n series, in the panel's order."""

    warnings: pd.DataFrame  # state, unit_loss, value_basis, currency, actions
    projection: dict[str, Floats]  # PROJECTED -> [n, H]


@dataclass(frozen=True)
class Result:
    """What a scenario changes: tables, and the whole in a few figures."""

    series: pd.DataFrame  # models.scenarios.comparison.compared, of the series it concerns
    groups: pd.DataFrame  # models.scenarios.comparison.grouped
    actions: pd.DataFrame  # models.scenarios.mitigation.mitigations
    totals: dict[str, Any]
    notes: tuple[str, ...]
    until: dt.date  # the last day that it sees


def run_scenario(
    scenario: Scenario,
    base: Base,
    said: Said,
    options: Options,
    hazard: RuptureHazard | None,
    uplift: Uplift,
    *,
    every_series: bool = False,
    most_weighed: int = MOST_WEIGHED,
) -> Result:
    """Run what publishing runs on the inputs that a scenario changes, and compare.

    `options`: those that the publication was made under; `every_series`: a row for those that
    nothing concerns too, computed anew; `most_weighed`: series whose actions are weighed
    (models.scenarios.mitigation.to_weigh), beyond which a note says so.
    """
    panel, forecast = base.panel, base.forecast
    lead_times = fit_lead_times(panel, options)
    now = suppose(scenario, panel, forecast.mean, lead_times, uplift)
    rows = np.ones(len(panel), dtype=bool) if every_series else now.touched
    reach = min(max(options.risk_horizons), forecast.grains[panel.frequency].horizon)
    before = run_of(
        said.warnings.loc[rows], _of(said.projection, rows), panel, reach, options.unmet
    )
    away = np.zeros(len(panel))
    if now.turned_away is not None:
        away = (forecast.mean * now.turned_away)[:, :reach].sum(axis=1)
    weighed = np.ones(len(panel), dtype=bool)

    def against_base(warnings: pd.DataFrame, made: Mapping[str, Floats]) -> pd.DataFrame:
        return compared(
            panel.series.loc[rows],
            warnings,
            before,
            run_of(warnings, _of(made, rows), panel, reach, options.unmet),
            source=feeding_sites(panel)[rows],
            counts=~sources(panel)[rows],
            turned_away=away[rows],
            unmet=options.unmet,
        )

    def to_be_weighed(warnings: pd.DataFrame, projection: pd.DataFrame) -> NDArray[np.bool_]:
        table = against_base(warnings.loc[rows], matrices(projection, len(panel)))
        weighed[rows] = to_weigh(table, most_weighed)
        return weighed

    warnings, made = said.warnings.loc[rows], said.projection
    if rows.any():
        found = assess(
            now.panel,
            forecast.moved(now.factor, rows),
            now.lead_times,
            options,
            hazard,
            way_out="actions",
            asked=to_be_weighed,
        )
        warnings, made = found.warnings.loc[rows], matrices(found.projection, len(panel))
    table = against_base(warnings, made)
    return Result(
        series=table,
        groups=grouped(table),
        actions=mitigations(
            table,
            list(warnings["actions"].astype(str)),
            now.stopped,
            panel.series.loc[rows, "pack_size"].tolist(),
            panel.series.loc[rows, "minimum_order"].tolist(),
        ),
        totals=totals(table),
        notes=now.notes if weighed.all() else (*now.notes, MOST_WEIGHED_NOTE),
        until=end_date(panel.origin + reach, panel.frequency),
    )


def _of(projection: Mapping[str, Floats], rows: NDArray[np.bool_]) -> dict[str, Floats]:
    return {name: projection[name][rows] for name in PROJECTED}


def matrices(projection: pd.DataFrame, count: int) -> dict[str, Floats]:
    return {
        name: projection[name].to_numpy(dtype=np.float64).reshape(count, -1) for name in PROJECTED
    }
