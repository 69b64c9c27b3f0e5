"""What can be done about a scenario: the actions that its own run proposes for what it breaks.

What a stopped supplier would have to deliver is not proposed; how much is to be found elsewhere,
and until when, is.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

HELPED: Final = ("broken", "sooner", "worse")
KEYS: Final = ("action", "source", "order_id", "sku", "by", "currency")


def mitigations(
    table: pd.DataFrame, actions: Sequence[str], stopped: Mapping[str, dt.date]
) -> pd.DataFrame:
    """Actions of the series that a scenario makes worse, alike ones together, ranked by the value
    that the scenario adds to the series they help, then by units.

    `table`: models.scenarios.comparison.compared; `actions`: the compact JSON of each of its rows;
    `stopped`: suppliers and the first day on which they neither deliver nor take orders.
    """
    found: list[dict[str, Any]] = []
    rows: list[Any] = table.to_dict("records")
    for row, told in zip(rows, actions, strict=True):
        if row["verdict"] in HELPED:
            proposed = json.loads(told or "[]")
            possible = [one for one in proposed if _is_possible(one, row, stopped)]
            found += [_line(one, row) for one in possible or [_found_elsewhere(row)]]
    lines = pd.DataFrame(found, columns=[*KEYS, "units", "site", "value"])
    groups = lines.groupby(list(KEYS), sort=True)
    merged = groups.agg(
        units=("units", "sum"),
        series=("site", "size"),
        sites=("site", _joined),
        value=("value", "sum"),
    ).reset_index()
    order = ["value", "units", *KEYS]
    ranked = merged.sort_values(order, ascending=[False, False, *[True] * len(KEYS)])
    return ranked.reset_index(drop=True)


def _is_possible(
    action: Mapping[str, Any], row: Mapping[str, Any], stopped: Mapping[str, dt.date]
) -> bool:
    """Ordering from a supplier that stops ends the day before, calling it about an order too."""
    source = action.get("source") or row["supplier"]
    by = str(action.get("by") or "")[:10]
    return source not in stopped or "" < by < stopped[source].isoformat()


def _found_elsewhere(row: Mapping[str, Any]) -> dict[str, Any]:
    due = row["breaks_on_scenario"]
    by = "" if pd.isna(due) else due.date().isoformat()
    return {"code": "find", "units": max(row["units_short_added"], 0.0), "by": by}


def _line(action: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "action": action["code"],
        "source": action.get("source") or "",
        "order_id": action.get("order_id") or "",
        "sku": row["sku"],
        "by": str(action.get("by") or ""),
        "currency": row["currency"],
        "units": float(action.get("units") or 0.0),
        "site": row["site"],
        "value": row["value_added"] if row["counts"] else 0.0,
    }


def _joined(sites: pd.Series) -> str:
    return ", ".join(sorted(set(sites)))
