"""Lines of proposed orders as rows of a table: what a buyer reads and an ERP imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.lead_time import Floats, Rows
from models.risk.supplier_orders.filling import Minimum

Address = tuple[str, str, str, str]  # source, site, buyer, currency

BELOW: Final = "below_reorder_point"
TOO_SHORT: Final = "cover_too_short"
ADVISED: Final = "advised"
FILL_UP: Final = "fill_up"

COVER: Final = "days_of_cover_then"
DECIMALS: Final = 4
"""Of units and money: what is expected of a day is no more exact."""
STATED: Final = frozenset({"unit_cost", "minimum_value", "minimum_units"})
"""Of the masters: told as they are stated."""

COLUMNS: Final = {
    "proposal": "int64",
    "order_on": "datetime64[s]",
    "cutoff_time": "object",
    "supplier": "object",
    "source_site": "object",
    "buyer": "object",
    "site": "object",
    "sku": "object",
    "description": "object",
    "units": "float64",
    "packs": "float64",
    "unit_cost": "float64",
    "value": "float64",
    "currency": "object",
    "reason": "object",
    "expected_on": "datetime64[s]",
    "days_of_cover_then": "float64",
    "position_then": "float64",
    "excess_units": "float64",
    "excess_value": "float64",
    "minimum_value": "float64",
    "minimum_units": "float64",
    "minimum_reached": "boolean",
    "order_value": "float64",
    "order_units": "float64",
    "source_stock": "float64",
    "silent_since": "datetime64[s]",
}
"""One row a line, in the order of the export; docs/exports.md says what each holds."""


@dataclass(frozen=True)
class Order:
    """One order of r lines."""

    address: Address
    rows: Rows  # [r] series
    units: Floats  # [r]
    needed: Floats  # [r] units that the line itself needs; 0: it fills up
    minimum: Minimum


@dataclass(frozen=True)
class Place:
    """When an order of r lines is placed, and how its series stand then, before it."""

    order_on: np.datetime64
    expected_on: NDArray[np.datetime64]  # [r]
    cutoff_time: NDArray[np.object_]  # [r]
    by_site: bool
    sku: NDArray[np.object_]  # [r]
    description: NDArray[np.object_]  # [r]
    pack: Floats  # [r] 0: none stated
    cost: Floats  # [r] NaN unknown
    due: NDArray[np.object_]  # [r] why, of a line that does not only fill up
    position: Floats  # [r] units
    rate: Floats  # [r] units a day
    source_stock: Floats  # [r] units; NaN: no site sends it
    silent_since: np.datetime64  # nothing came from the supplier since; NaT: it delivers


def lines_of(order: Order, place: Place) -> list[dict[str, Any]]:
    """One row a line: what is due before what fills up, each by its cover."""
    source, site, buyer, currency = order.address
    value, excess = order.units * place.cost, np.maximum(order.units - order.needed, 0.0)
    total_value, total_units = float(value.sum()), float(order.units.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        packs = np.where(place.pack > 0, order.units / place.pack, np.nan)
        cover = np.where(place.rate > 0, np.maximum(place.position, 0.0) / place.rate, np.nan)
    shared = {
        "order": (place.order_on, order.address),
        "order_on": place.order_on,
        "supplier": "" if place.by_site else source,
        "source_site": source if place.by_site else "",
        "buyer": buyer,
        "site": site,
        "currency": currency,
        "minimum_value": order.minimum.value,
        "minimum_units": order.minimum.units,
        "minimum_reached": order.minimum.reached(total_value, total_units),
        "order_value": total_value,
        "order_units": total_units,
        "silent_since": place.silent_since,
    }
    own = {
        "cutoff_time": place.cutoff_time,
        "sku": place.sku,
        "description": place.description,
        "units": order.units,
        "packs": packs,
        "unit_cost": place.cost,
        "value": value,
        "reason": np.where(order.needed > 0, place.due, FILL_UP),
        "expected_on": place.expected_on,
        COVER: cover,
        "position_then": place.position,
        "excess_units": excess,
        "excess_value": excess * place.cost,
        "source_stock": place.source_stock,
    }
    rows = [dict(zip(own, cells, strict=True)) for cells in zip(*own.values(), strict=True)]
    rows.sort(key=lambda row: (row["reason"] == FILL_UP, np.nan_to_num(row[COVER], nan=np.inf)))
    return [shared | row for row in rows]


def table_of_lines(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """In the columns of COLUMNS; orders are numbered as they come."""
    numbers = {key: place for place, key in enumerate(dict.fromkeys(one["order"] for one in lines))}
    rows = [line | {"proposal": numbers[line["order"]] + 1} for line in lines]
    figures = [name for name, kind in COLUMNS.items() if kind == "float64" and name not in STATED]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    return frame.round(dict.fromkeys(figures, DECIMALS))
