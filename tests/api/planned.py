"""A scenario's results made by hand, kept as `vigistock scenario run` keeps them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from forecasting.record.database import connect
from models.scenarios.declaration import scenario_of
from models.scenarios.mitigation import mitigations
from models.scenarios.plans import Plan, keep_plan
from models.scenarios.run import Result
from models.scenarios.totals import grouped, totals
from models.workspace import Workspace
from tests.api.keyed import NOW
from tests.api.published import SERIES


def kept_scenario(
    workspace: Workspace,
    *changes: Mapping[str, Any],
    name: str = "",
    sites: Collection[str] = (),
    currency: str = "EUR",
) -> Plan:
    """A plan on publication 1 in which every series breaks; `sites`: those of these alone."""
    rows = SERIES[SERIES["site"].isin(list(sites))] if sites else SERIES
    table = rows[["site", "sku", "category", "supplier"]].reset_index(drop=True)
    table = table.assign(description="", buyer="", source="", currency=currency)
    table = table.assign(verdict="broken", counts=True, out=False)
    for run, chance, day, units in (
        ("base", 0.2, None, 1.0),
        ("scenario", 0.9, "2026-11-27", 5.0),
    ):
        table[f"probability_{run}"] = table[f"p_no_order_{run}"] = chance
        table[f"breaks_on_{run}"] = np.datetime64(day or "NaT", "s")
        table[f"units_short_{run}"], table[f"value_{run}"] = units, 3.0 * units
    table = table.assign(units_short_added=4.0, value_added=12.0)
    table = table.assign(units_turned_away=0.0, value_turned_away=0.0)
    stopped = dict.fromkeys(table["supplier"], dt.date(2026, 11, 23))
    result = Result(
        series=table,
        groups=grouped(table),
        actions=mitigations(table, [""] * len(table), stopped),
        totals=totals(table),
        notes=("goes_on",),
        until=dt.date(2026, 12, 20),
    )
    engine = connect(workspace.database_url)
    try:
        scenario = scenario_of({"name": name, "changes": changes})
        return keep_plan(engine, workspace.scenarios, scenario, 1, result, who="", created_at=NOW)
    finally:
        engine.dispose()
