"""Shelves → the base of a scenario, and what was published of it, without a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecasting.demand import Corrections
from forecasting.demand_forecast import DemandForecast
from forecasting.dispersion import VOLUMES
from forecasting.distribution import GRID, ErrorPaths
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.scatter import Scatter, keys_of, sites_of
from models.lead_time import fit_lead_times
from models.risk import assess
from models.scenarios.base import Base
from models.scenarios.declaration import scenario_of
from models.scenarios.run import Result, Said, matrices, run_scenario
from tests.risk.warehouse import Shelf, panel_of

OPTIONS = Options(paths=60)
HORIZON = 28


def base_of(*shelves: Shelf, options: Options = OPTIONS, **masters: Any) -> Base:
    """Negative binomial demand around each shelf's mean, from a bank that knows no errors."""
    panel = panel_of(list(shelves), options, **masters)
    mean = np.array([[float(np.mean(one.demand))] * HORIZON for one in shelves])
    codes = panel.series[["site", "sku"]]
    volumes = len(VOLUMES) + 1
    none, nobody = np.zeros((0, 0, HORIZON), np.float32), np.zeros((0, 0), np.int64)
    scatter = Scatter(
        frequency=options.frequency,
        first=panel.origin + 1,
        keys=keys_of(codes),
        sites=sites_of(codes),
        mean=mean,
        dispersion=np.full(len(shelves), 0.4),
        quantum=np.ones(len(shelves)),
        errors=ErrorPaths(none, nobody, np.zeros((volumes, len(GRID))), options.frequency),
        count=OPTIONS.paths,
        seed=1,
    )
    none = Corrections(np.zeros(0, np.int64), np.zeros(0))
    return Base(panel, DemandForecast.kept(scatter, codes, HORIZON), none)


def said_of(base: Base) -> Said:
    """As a publication says it."""
    lead_times = fit_lead_times(base.panel, OPTIONS)
    found = assess(base.panel, base.forecast, lead_times, OPTIONS)
    return Said(found.warnings, matrices(found.projection, len(base.panel)))


def what_if(base: Base, *changes: dict[str, Any], learned: Any = None, **how: Any) -> Result:
    """`learned`: what the demand model makes of promotions, a factor; None: nothing."""

    def uplift(_: Panel, rows: Any) -> Any:
        told = np.where(rows[:, None], 0.0 if learned is None else learned, np.nan)
        return None if learned is None else np.tile(told, HORIZON)

    scenario = scenario_of({"changes": list(changes)})
    return run_scenario(scenario, base, said_of(base), OPTIONS, None, uplift, **how)


def row(result: Result, site: str = "S1", sku: str = "RETRO-CLOCK") -> pd.Series:
    table = result.series
    return table[(table["site"] == site) & (table["sku"] == sku)].iloc[0]
