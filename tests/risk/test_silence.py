"""Suppliers from whom nothing comes any more, as the panel of a company tells."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd

from models.risk.way_out.silence import QUIET_DAYS, silences
from tests.forecasting.warehouse import Rows, days_of
from tests.forecasting.warehouse import panel_of as panel_from
from tests.risk.warehouse import TODAY, panel_of, shelf

DAY = dt.timedelta(days=1)


def dates(days: list[dt.date | None]) -> pd.Series:
    return pd.Series(pd.to_datetime(pd.Series(days, dtype=object))).astype("datetime64[s]")


def told(promised: list[dt.date | None], received: list[dt.date]) -> dict[str, tuple[object, ...]]:
    """Of one supplier: the promises of its open orders, and the days on which something came."""
    panel = panel_of([shelf()])
    orders = pd.DataFrame(
        {"supplier": "NOVA", "order_id": [f"PO-{n}" for n in range(len(promised))]}
    ).assign(promised_on=dates(promised))
    history = pd.DataFrame({"supplier": ["NOVA"] * len(received)}).assign(
        last_received_on=dates([*received])
    )
    found = silences(replace(panel, orders=orders, order_history=history))
    return {name: (one.since, one.overdue, one.oldest) for name, one in found.items()}


def test_nothing_came_for_long_while_orders_are_overdue() -> None:
    last, first = TODAY - QUIET_DAYS * DAY, TODAY - 9 * DAY
    assert told([first, TODAY - DAY, TODAY], [last, last - DAY]) == {"NOVA": (last, 2, first)}


def test_one_order_a_recent_receipt_or_none_ever_is_no_silence() -> None:
    late, last = [TODAY - 9 * DAY, TODAY - DAY], TODAY - QUIET_DAYS * DAY
    assert told(late[:1], [last]) == {}
    assert told(late, [last + DAY]) == {}
    assert told(late, []) == {}


def test_the_rest_of_an_order_that_came_lately_is_no_silence() -> None:
    """Its first part came long ago."""
    line = {"site": "LYON", "sku": "CAFE", "supplier": "NOVA", "units_ordered": 50.0}
    line |= {"ordered_on": TODAY - 60 * DAY, "promised_on": TODAY - 9 * DAY, "status": "open"}
    orders = [line | {"order_id": f"PO-{number}"} for number in range(3)]
    came = [
        {"order_id": "PO-0", "received_on": TODAY - ago * DAY, "units": 25.0} for ago in (40, 3)
    ]
    sales = days_of([1.0] * 80)
    assert not silences(panel_from(Rows(sales=sales, orders=orders, receipts=came)))
    since = silences(panel_from(Rows(sales=sales, orders=orders, receipts=came[:1])))["NOVA"].since
    assert since == TODAY - 40 * DAY


def test_no_order_and_no_promise() -> None:
    """A company whose ERP sends no orders, or none with a day."""
    assert told([], []) == {}
    assert told([None, None], [TODAY - QUIET_DAYS * DAY]) == {}
