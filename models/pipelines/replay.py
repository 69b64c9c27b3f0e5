"""Warnings said anew at past origins, beside what an ERP would have said.

What was learned from nothing at an origin, of demand and of ruptures, is rolled forward through the
forecast horizon as `publish` would, one main horizon at a time: each period is warned of once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from forecasting.calendar import label
from forecasting.demand_forecast import DemandForecast
from forecasting.forecaster import FittedDemand
from forecasting.options import Options
from forecasting.panel import Panel, build_panel
from forecasting.snapshot import Snapshot
from models.lead_time import fit_lead_times
from models.pipelines.steps import Progress
from models.risk import assess
from models.risk.hazard import RuptureHazard
from models.scorecard import Said, said_by
from models.scorecard.rules import erp_rules
from models.scorecard.said import high_of


def said_from(
    snapshot: Snapshot,
    panel: Panel,
    fitted: FittedDemand,
    forecast: DemandForecast,
    hazard: RuptureHazard | None,
    options: Options,
    until: int,
    progress: Progress,
) -> Iterator[Said]:
    """What would have been said at the panel's origin, and every main horizon after it, as long as
    the main horizon ends within the forecast horizon and has come by period `until`."""
    main = min(options.main_horizon, forecast.horizon)
    end = min(panel.origin + forecast.horizon, until)
    for origin in range(panel.origin, end + 1 - main, main):
        progress(f"warnings as of {label(origin, options.frequency)}")
        if origin == panel.origin:
            yield said_of(panel, forecast, hazard, options)
        else:
            later = build_panel(snapshot, origin, options)
            yield said_of(later, fitted.forecast(later), hazard, options)


def said_of(
    panel: Panel, forecast: DemandForecast, hazard: RuptureHazard | None, options: Options
) -> Said:
    """What is said at the panel's origin, beside an ERP's rules."""
    lead_times = fit_lead_times(panel, options)
    warnings = assess(panel, forecast, lead_times, options, hazard, way_out="none").warnings
    mean, high = forecast.grains[panel.frequency].mean, high_of(forecast)
    said = said_by(panel.origin, panel.origin, panel.frequency, warnings, lambda: high)
    return replace(said, rows=said.rows.join(erp_rules(panel, mean, said.main)))
