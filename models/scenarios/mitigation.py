"""What can be done about a scenario: the actions that its own run proposes for what it breaks.

What a stopped supplier, or a site that runs dry itself, would have to deliver is not proposed;
where the risk is accepted, nothing is. What is short where no action is told is to be asked of the
site that ships there, else ordered from a supplier that still delivers, else found elsewhere, and
until when.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.lots import in_lots

HELPED: Final = ("broken", "sooner", "worse")
DRY: Final = ("broken", "sooner")
KEYS: Final = ("action", "source", "order_id", "sku", "item", "currency")
LATER: Final[Mapping[str, Any]] = {"item": "", "pack": 0.0, "least": 0.0}
"""What plans made before do not know."""
COUNT: Final = "count"
ACCEPT: Final = "accept"
UNDATED: Final = "~"  # behind every date, until it is shown as a blank
Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Reach:
    """Who can still deliver under the scenario."""

    stopped: Mapping[str, dt.date]  # suppliers, and the first day on which they are
    dry: frozenset[tuple[str, str]]  # site, sku

    def possible(self, action: Row, row: Row) -> bool:
        """Ordering from a supplier that stops ends the day before, calling it about an order too.
        An action may be for one of the series alone. What a count finds is no part of a plan."""
        if action["code"] == COUNT:
            return False
        source = action.get("source") or row["supplier"]
        if (source, row["sku"]) in self.dry:
            return False
        by = str(action.get("by") or "")[:10]
        return source not in self.stopped or "" < by < self.stopped[source].isoformat()


LEAST_FOUND: Final = 0.5
"""Units that a scenario makes short, below which nobody looks for any elsewhere."""


MOST_WEIGHED: Final = 4_000
"""Series whose actions are weighed, which takes as long as the rest, and nobody reads more."""
MOST_WEIGHED_NOTE: Final = "most_weighed"


def to_weigh(table: pd.DataFrame, most: int = MOST_WEIGHED) -> NDArray[np.bool_]:
    """[n] the series of a comparison whose actions are weighed: all, where a scenario makes no more
    than `most` worse; else whole items, among which goods move, up to so many series: those first
    to which it adds the most value, currency by currency in turn; without a price, units.

    `table`: models.scenarios.comparison.compared, not necessarily with all its columns.
    """
    worse = table["sku"].isin(table["sku"][table["verdict"].isin(HELPED)])
    if worse.sum() <= most:
        return np.ones(len(table), dtype=bool)
    added = ["value_added", "units_short_added"]
    by_item = table[table["counts"]].groupby(["currency", "sku"])[added].sum()
    ranked = by_item.sort_values(added, ascending=False, kind="stable")
    turn = ranked.groupby("currency").cumcount().groupby("sku").min()
    items = turn.sort_values(kind="stable").index
    series = table["sku"].value_counts()[items].cumsum()
    return table["sku"].isin(series.index[series <= most]).to_numpy()


def mitigations(
    table: pd.DataFrame,
    actions: Sequence[str],
    stopped: Mapping[str, dt.date],
    packs: Sequence[float] | None = None,
    least: Sequence[float] | None = None,
) -> pd.DataFrame:
    """A row an action and series that a scenario makes worse, with the value that it adds there.

    `table`: models.scenarios.comparison.compared; `actions`: the compact JSON of each of its rows;
    `stopped`: suppliers and the first day on which they neither deliver nor take orders; `packs`:
    units in which each is ordered, NaN or 0: any; `least`: units of its smallest order, likewise.
    """
    rows: list[Any] = table.to_dict("records")
    dry = {(row["site"], row["sku"]) for row in rows if row["verdict"] in DRY or row["out"]}
    reach = _Reach(stopped, frozenset(dry))
    fed = table[table["counts"]].groupby(["source", "sku"])["value_added"].sum().to_dict()
    found: list[dict[str, Any]] = []
    any_number = [0.0] * len(rows)
    lots = zip(packs or any_number, least or any_number, strict=True)
    for row, told, lot in zip(rows, actions, lots, strict=True):
        if row["verdict"] not in HELPED:
            continue
        possible = [one for one in json.loads(told or "[]") if reach.possible(one, row)]
        value = row["value_added"] if row["counts"] else fed.get((row["site"], row["sku"]), 0.0)
        if possible:  # what is done at the site that ships here is that site's line
            here = (one for one in possible if not one.get("at_site") and one["code"] != ACCEPT)
            found += [_line(one, row, value) for one in here]
        elif row["counts"] and row["units_short_added"] >= LEAST_FOUND:
            found.append(_line(_wanted(row, reach, *lot), row, value))
    return pd.DataFrame(found, columns=[*KEYS, "units", "pack", "least", "by", "site", "value"])


def together(lines: pd.DataFrame) -> pd.DataFrame:
    """Alike actions of several series as one, with its first deadline; ranked by the value that the
    scenario adds to the series they help, then by units. What a depot orders for several sites is
    in whole packs together, and its smallest order at least; plans made before know neither, nor
    which item is to replace another."""
    unknown = {name: blank for name, blank in LATER.items() if name not in lines}
    told = lines.assign(**unknown, series=1, by=lines["by"].replace("", UNDATED))
    groups: Any = told.groupby(list(KEYS), sort=True, as_index=False)
    merged: pd.DataFrame = groups.agg(
        {
            **{"units": "sum", "pack": "max", "least": "max", "by": "min"},
            **{"series": "sum", "site": _joined, "value": "sum"},
        }
    )
    lots = [merged["units"], merged.pop("pack"), merged.pop("least")]
    merged["units"] = [_ordered(*each) for each in zip(*lots, strict=True)]
    merged = merged.rename(columns={"site": "sites"})
    merged["by"] = merged["by"].replace(UNDATED, "")
    order = ["value", "units", *KEYS]
    ranked = merged.sort_values(order, ascending=[False, False, *[True] * len(KEYS)])
    return ranked.reset_index(drop=True)


def _wanted(row: Row, reach: _Reach, pack: float, least: float) -> dict[str, Any]:
    """What a scenario makes short: of whoever can still deliver, a supplier in whole packs, to each
    site that it delivers to. When they are to be asked is not known here; when goods found
    elsewhere are needed is."""
    units = max(row["units_short_added"], 0.0)
    site, supplier = row["source"], row["supplier"]
    if site and (site, row["sku"]) not in reach.dry:
        return {"code": "transfer", "units": units, "source": site}
    if supplier and supplier not in reach.stopped:
        ordered = units if site else _ordered(units, pack, least)
        lot = {"pack": pack, "least": least}
        return {"code": "order", "units": ordered, "source": supplier, **lot}
    due = row["breaks_on_scenario"]
    by: str = "" if pd.isna(due) else due.date().isoformat()
    return {"code": "find", "units": units, "by": by}


def _ordered(units: float, pack: float, least: float) -> float:
    """
    >>> _ordered(30.0, 12.0, 0.0), _ordered(30.0, float("nan"), 40.0), _ordered(30.0, 0.0, 0.0)
    (36.0, 40.0, 30.0)
    """
    wanted = max(units, least) if least > 0 else units
    return float(in_lots(wanted, pack)) if pack > 0 else wanted


def _line(action: Row, row: Row, value: float) -> dict[str, Any]:
    return {
        "action": action["code"],
        "source": action.get("source") or "",
        "order_id": action.get("order_id") or "",
        "sku": row["sku"],
        "item": action.get("item") or "",
        "currency": row["currency"],
        "units": float(action.get("units") or 0.0),
        "pack": float(action.get("pack") or 0.0),
        "least": float(action.get("least") or 0.0),
        "by": str(action.get("by") or ""),
        "site": row["site"],
        "value": value,
    }


def _joined(sites: pd.Series) -> str:
    return ", ".join(sorted(set(sites)))
