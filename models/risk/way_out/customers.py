"""Customer orders that a stockout hits: whom to tell, of what, and when the goods are back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Days, to_period
from models.attention import LIKELY
from models.risk.way_out.whatif import WhatIf

MOST: Final = 200  # orders told of one group; the page and a cell stay readable
MAY_BE_LATE: Final = 0.25  # chance from which an order is told at all


@dataclass(frozen=True)
class Promise:
    """An open line of a customer's order that the shelf may not serve on time."""

    order_id: str
    customer: str
    row: int  # of the series
    units: float
    due_on: dt.date | None  # None: as soon as possible
    back_on: dt.date | None  # of the series, where it is out; None: not known
    chance: float  # that the shelf is empty at the close of the period in which it is due

    @property
    def is_likely_late(self) -> bool:
        return self.chance >= LIKELY

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
            "chance": round(self.chance, 2),
        }
        return {name: value for name, value in told.items() if value not in ("", None)}


def promises_hit(
    base: WhatIf, out: NDArray[np.bool_], back_on: Days
) -> Mapping[int, list[Promise]]:
    """By row of the series, the first due first: lines due within the main horizon that are late
    with a chance of MAY_BE_LATE at least, by the paths of the day on which they are due. What a
    series that is out owes at once is late until it is back; what was due before surely is.

    `back_on` [n]; NaT: not known.
    """
    found: dict[int, list[Promise]] = {}
    for row, lines in base.booked.items():
        for order_id, customer, units, due_on in lines:
            chance = _chance(base, row, due_on, is_out=bool(out[row]))
            if chance >= MAY_BE_LATE:
                promise = Promise(
                    order_id, customer, row, units, due_on, _day(back_on[row]), chance
                )
                found.setdefault(row, []).append(promise)
    return found


def _chance(base: WhatIf, row: int, due: dt.date | None, *, is_out: bool) -> float:
    """That a line is late; 0 for what the shelf can serve today."""
    panel = base.panel
    if due is None or due <= panel.origin_date:
        return float(is_out)
    period = int(to_period(due, panel.frequency)) - panel.origin - 1
    return float(base.outlook.means["out"][row, max(period, 0)])


def _day(value: np.datetime64) -> dt.date | None:
    day: dt.date | None = value.astype(object)  # None: NaT
    return day


def promises_json(base: WhatIf, promises: Sequence[Promise]) -> str:
    """Compact JSON for one cell, the first MOST of them; "" where there are none."""
    rows = [one.plain(base.code_of[one.row]) for one in promises[:MOST]]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")) if rows else ""
