"""A plan as plain values: what `--json` prints and the API answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from models.scenarios.mitigation import together
from models.scenarios.plans import PARTS, Plan, read_part
from models.scenarios.totals import CHANGED, grouped, side_by_side, totals

NAMED_BY: Final = ["description", "uom"]  # of an item, with its quantities
SERIOUS: Final = {verdict: place for place, verdict in enumerate((*CHANGED, "same"))}


def told(plan: Plan) -> dict[str, Any]:
    """One line of the list."""
    return {
        "scenario": plan.number,
        "name": plan.name,
        "publication": plan.publication,
        "created_at": plan.created_at,
        "changes": plan.scenario.plain()["changes"],
        "totals": dict(plan.totals),
        "notes": list(plan.notes),
        "until": plan.until,
    }


def tables_of(root: Path, plan: Plan, sites: frozenset[str] | None = None) -> dict[str, Any]:
    """PARTS of a plan; `sites`: their rows alone, summed anew."""
    tables = {name: read_part(root, plan, name) for name in PARTS}
    if sites is None:
        return tables
    series = tables["series"]
    own = series[series["site"].isin(sites)].reset_index(drop=True)
    lines = tables["actions"]
    return {
        "series": own,
        "groups": grouped(own),
        "actions": lines[lines["site"].isin(sites)].reset_index(drop=True),
    }


def detailed(
    plan: Plan, tables: dict[str, pd.DataFrame], limit: int, *, whole: bool = True
) -> dict[str, Any]:
    """A plan with the first `limit` rows of each table, the most serious first. Where not `whole`,
    only some sites are seen: totals are of these."""
    series = ranked(tables["series"])
    figures = {} if whole else {"totals": totals(series)}
    return {
        **told(plan),
        **figures,
        "series": records(series.head(limit)),
        "groups": records(tables["groups"].head(limit)),
        "actions": records(actions_of(tables, limit)),
    }


def actions_of(tables: dict[str, pd.DataFrame], limit: int) -> pd.DataFrame:
    """The first `limit` actions, with the names of their items and the units of measure of what is
    moved, which a substitute has its own of; plans made before know no units of measure."""
    first = together(tables["actions"]).head(limit)
    items = tables["series"].drop_duplicates("sku").set_index("sku").reindex(columns=NAMED_BY)
    moved = first["item"].where(first["item"] != "", first["sku"])
    names, measures = first["sku"].map(items["description"]), moved.map(items["uom"])
    told = {"description": names, "uom": measures}
    return first.assign(**{name: each.fillna("").astype(str) for name, each in told.items()})


def ranked(series: pd.DataFrame) -> pd.DataFrame:
    """What breaks first, then what comes sooner, worse …; each by the value that is added."""
    keys = series.assign(serious=series["verdict"].map(SERIOUS))
    order = ["serious", "value_added", "units_short_added", "site", "sku"]
    place = keys.sort_values(order, ascending=[True, False, False, True, True], na_position="last")
    return series.loc[place.index].reset_index(drop=True)


def compared(
    a: Plan, b: Plan, tables: tuple[pd.DataFrame, pd.DataFrame], limit: int
) -> dict[str, Any]:
    """Two plans beside each other, and the series of which they do not say the same."""
    rows = side_by_side(*tables)
    return {
        "a": told(a),
        "b": told(b),
        "same_publication": a.publication == b.publication,
        "differences": len(rows),
        "series": records(rows.head(limit)),
    }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values; a date is an ISO date, a blank stays NaN."""
    shown = table.copy()
    for name in shown.select_dtypes("datetime").columns:
        shown[name] = shown[name].dt.strftime("%Y-%m-%d")
    rows: list[Any] = shown.to_dict("records")
    return rows
