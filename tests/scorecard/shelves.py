"""What became of a shelf after a warning: rows of the feeds, the truth they tell, what was said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecasting.calendar import Frequency, origin_of
from forecasting.options import Options
from forecasting.panel import build_panel
from models.scorecard import Said, Truth, truth_of
from tests.forecasting.warehouse import Rows

ORIGIN = dt.date(2026, 10, 18)
PAST = 40  # days of calm before it
MAIN = 10


def day(after: int) -> dt.date:
    """Days after the origin."""
    return ORIGIN + dt.timedelta(days=after)


@dataclass(frozen=True)
class Shelf:
    """`sold`, `held`: units sold and on hand at close of each day after the origin; None: unknown.

    `orders`: placed, promised, received (days after the origin; None: never), units.
    """

    sold: Sequence[float | None]
    held: Sequence[float | None]
    stock: float | None = 10.0  # on hand at the origin
    orders: Sequence[dict[str, Any]] = ()
    moves: Sequence[dict[str, Any]] = field(default_factory=tuple)
    sku: str = "CLOCK"


def order(placed: int, received: int | None, units: float = 40.0, **more: Any) -> dict[str, Any]:
    """`promised`, `moved` (the newer promise, and the day on which it was told)."""
    return {"placed": placed, "received": received, "units": units, **more}


def truth(*shelves: Shelf, until: int | None = None, **options: Any) -> Truth:
    """As of `until` days after the origin (default: the longest of `held`), site LYON."""
    last = max(len(one.held) for one in shelves) if until is None else until
    rows = _rows(shelves)
    chosen = Options(**options)
    panel = build_panel(rows, origin_of(day(last), Frequency.DAY), chosen)
    return truth_of(rows, panel, chosen, origin_of(day(-PAST), Frequency.DAY))


def said(
    *shelves: Shelf,
    after: int = 0,
    announced: Sequence[str] | None = None,
    state: str = "none",
    probability: float = 0.5,
    high: float = 3.0,
    **more: Any,
) -> Said:
    """One publication with its origin so many days after ORIGIN; `announced`: skus (default all);
    `high`: the P90 of each day's demand."""
    skus = [one.sku for one in shelves]
    named = set(skus if announced is None else announced)
    rows = pd.DataFrame({"site": "LYON", "sku": skus, "probability": probability, **more})
    rows.insert(2, "state", ["new" if sku in named else state for sku in skus])
    origin = origin_of(day(after), Frequency.DAY)
    return Said(after + 100, origin, MAIN, rows, lambda: np.full((len(skus), 28), high))


def _rows(shelves: Sequence[Shelf]) -> Rows:
    sales, stock, orders, receipts, movements = [], [], [], [], []
    for one in shelves:
        key = {"site": "LYON", "sku": one.sku}
        for after in range(-PAST, 1):
            sales.append(key | {"date": day(after), "units": 2.0})
            if one.stock is not None:
                stock.append(key | {"date": day(after), "on_hand": one.stock})
        for after, (units, on_hand) in enumerate(zip(one.sold, one.held, strict=True), start=1):
            if units is not None:
                sales.append(key | {"date": day(after), "units": units})
            if on_hand is not None:
                stock.append(key | {"date": day(after), "on_hand": on_hand})
        for number, line in enumerate(one.orders):
            name = key | {"order_id": f"PO-{one.sku}-{number}", "line": "1"}
            came = line["received"]
            promised, moved = line.get("promised"), line.get("moved")
            orders.append(
                name
                | {"units_ordered": line["units"], "ordered_on": day(line["placed"])}
                | {"promised_on": None if promised is None else day(promised)}
                | {"expected_on": None if moved is None else day(moved[0])}
                | {"promise_known_on": None if moved is None else day(moved[1])}
                | {"status": "open" if came is None else "received", "supplier": "NOVA"}
            )
            if came is not None:
                came_units = line.get("came", line["units"])
                receipts.append(name | {"received_on": day(came), "units": came_units})
        movements += [key | move | {"date": day(move["date"])} for move in one.moves]
    feeds = {"sales": sales, "stock": stock, "orders": orders, "receipts": receipts}
    feeds["movements"] = movements
    return Rows(**{feed: rows for feed, rows in feeds.items() if rows})
