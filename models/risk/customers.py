"""Customer orders that a stockout hits: whom to tell, of what, and when the goods are back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Days, end_date
from models.risk.whatif import WhatIf

MOST: Final = 200  # orders told of one group; the page and a cell stay readable


@dataclass(frozen=True)
class Promise:
    """An open line of a customer's order that the shelf is not expected to serve on time."""

    order_id: str
    customer: str
    row: int  # of the series
    units: float
    due_on: dt.date | None  # None: as soon as possible
    back_on: dt.date | None  # of the series, where it is out; None: not known

    def plain(self, code: tuple[str, str]) -> dict[str, Any]:
        """What is known of it."""
        told = {
            "order_id": self.order_id,
            "customer": self.customer,
            "site": code[0],
            "sku": code[1],
            "units": round(self.units, 2),
            "due_on": self.due_on and self.due_on.isoformat(),
            "back_on": self.back_on and self.back_on.isoformat(),
        }
        return {name: value for name, value in told.items() if value not in ("", None)}


def promises_hit(
    base: WhatIf, out: NDArray[np.bool_], stockout_on: Days, back_on: Days
) -> Mapping[int, list[Promise]]:
    """By row of the series, the first due first: lines due within the main horizon, of a series
    that is out those due before it is back, of another those due after its expected stockout.

    `stockout_on`, `back_on` [n]; NaT: none, not known.
    """
    panel = base.panel
    last = np.datetime64(end_date(panel.origin + base.main, panel.frequency), "D")
    found: dict[int, list[Promise]] = {}
    lines = panel.customer_orders.sort_values(["due_on", "order_id"], na_position="first")
    due_on = lines["due_on"].to_numpy().astype("datetime64[D]")
    who = lines["customer"].fillna("")
    columns = (lines["order_id"], who, lines["series"], lines["units_open"], due_on)
    for order_id, customer, row, units, due in zip(*columns, strict=True):
        asked_now = bool(np.isnat(due))
        if not asked_now and due > last:
            continue
        if out[row]:
            hit = asked_now or np.isnat(back_on[row]) or due < back_on[row]
        else:
            hit = not asked_now and not np.isnat(stockout_on[row]) and due >= stockout_on[row]
        if hit:
            promise = Promise(
                str(order_id), str(customer), int(row), float(units), _day(due), _day(back_on[row])
            )
            found.setdefault(int(row), []).append(promise)
    return found


def _day(value: np.datetime64) -> dt.date | None:
    day: dt.date | None = value.astype(object)  # None: NaT
    return day


def promises_json(base: WhatIf, promises: Sequence[Promise]) -> str:
    """Compact JSON for one cell, the first MOST of them; "" where there are none."""
    rows = [one.plain(base.code_of[one.row]) for one in promises[:MOST]]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")) if rows else ""
