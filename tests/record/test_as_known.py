"""The record as it was after a delivery: later ones are as if they had not come."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from forecasting.record import Record
from forecasting.tables import FEEDS
from tests.record.readings_by_hand import NOON, batch_of, reading_of

FIRST, SECOND = dt.date(2026, 11, 2), dt.date(2026, 11, 3)


def test_what_came_later_is_as_if_it_had_not_come(record: Record) -> None:
    """A correction, a later date, a blank column filled, an order moved, a whole stock picture."""
    key = {"site": "LYON", "sku": "TEA"}
    order = {"order_id": "PO-1", "line": "1", "sku": "TEA", "site": "LYON", "units_ordered": 5.0}
    record.deliver(
        reading_of(
            batch_of("sales", {**key, "date": FIRST, "units": 3.0}),
            batch_of("stock", {**key, "date": FIRST, "on_hand": 9.0}),
            batch_of("orders", {**order, "ordered_on": FIRST}),
            source="first",
        ),
        received_at=NOON,
    )
    then = _everything(record)
    record.deliver(
        reading_of(
            batch_of(
                "sales",
                {**key, "date": FIRST, "units": 4.0, "price": 2.0},
                {**key, "date": SECOND, "units": 1.0, "price": 2.0},
            ),
            batch_of(
                "stock",
                {"site": "LYON", "sku": "MILK", "date": FIRST, "on_hand": 1.0},
                complete=True,
            ),
            batch_of("orders", {**order, "ordered_on": SECOND}),
            source="second",
        ),
        received_at=NOON,
    )
    now = _everything(record)
    assert _everything(record.as_known(1)) == then
    assert _everything(record.as_known(2)) == now
    assert then != now
    assert all(one.empty for one in _frames(record.as_known(0)).values())


def _frames(record: Record) -> dict[str, pd.DataFrame]:
    frames = {name: record.rows(name).to_pandas() for name in FEEDS}
    return {**frames, "complete": record.complete_stock_dates()}


def _everything(record: Record) -> dict[str, object]:
    told: dict[str, object] = {name: one.to_csv() for name, one in _frames(record).items()}
    return {**told, "last": record.watermarks(), "first": record.first_dates()}
