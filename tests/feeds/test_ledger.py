"""A stock ledger becomes five feeds."""

from __future__ import annotations

import datetime as dt

import pytest

from forecasting.errors import MissingColumns
from tests.feeds.exports import assert_balanced, faults, read_text, rows

HEAD = "period,site,sku,opening,received,issued,adjusted,closing,ordered\n"
END = dt.date(2024, 2, 29)


def test_one_row_becomes_sales_stock_movements_orders_and_receipts() -> None:
    reading = read_text(HEAD + "2024-02,S,A,10,5,7,-1,7,20\n", "ledger", "stock-ledger")
    same = {"site": "S", "sku": "A", "file_line": 2}
    assert {batch.feed: batch.rows.to_pylist() for batch in reading.batches} == {
        "sales": [{**same, "date": END, "units": 7, "kind": "consumption"}],
        "stock": [{**same, "date": END, "on_hand": 7}],
        "movements": [
            {**same, "date": END, "units": 5, "kind": "receipt"},
            {**same, "date": END, "units": -1, "kind": "adjustment"},
        ],
        "orders": [
            {
                **same,
                "ordered_on": END,
                "units_ordered": 20,
                "status": "requested",
                "order_id": "REQ-2024-02-S-A",
            }
        ],
        "receipts": [{**same, "received_on": END, "units": 5, "order_id": "RCV-2024-02-S-A"}],
    }
    assert not any(batch.complete for batch in reading.batches)
    assert reading.units_accepted == 7
    assert len(reading.notes) == 1


def test_nothing_asked_or_received_makes_no_order_and_no_receipt() -> None:
    body = HEAD + "2024-02-10,S,A,10,0,0,0,10,\n2024-03,S,A,10,,0,,10,0\n"
    reading = read_text(body, "ledger", "stock-ledger")
    counts = {batch.feed: batch.rows.num_rows for batch in reading.batches}
    assert counts == {"sales": 2, "stock": 2, "movements": 0, "orders": 0, "receipts": 0}
    assert rows(reading, "sales")[0]["date"] == END


def test_a_month_without_receipt_or_request_can_take_back_an_earlier_one() -> None:
    reading = read_text(HEAD + "2024-02,S,A,10,0,7,,3,0\n", "ledger", "stock-ledger")
    same = {"site": "S", "sku": "A", "file_line": 2}
    assert {batch.feed: batch.none.to_pylist() for batch in reading.batches if batch.none} == {
        "movements": [
            {**same, "date": END, "units": 0, "kind": "receipt"},
            {**same, "date": END, "units": 0, "kind": "adjustment"},
        ],
        "orders": [
            {
                **same,
                "ordered_on": END,
                "units_ordered": 0,
                "status": "requested",
                "order_id": "REQ-2024-02-S-A",
            }
        ],
        "receipts": [{**same, "received_on": END, "units": 0, "order_id": "RCV-2024-02-S-A"}],
    }


def test_rows_that_do_not_balance_are_kept_and_named() -> None:
    body = HEAD + "2024-02,S,A,10,5,7,0,7,\n2024-02,S,B,10,0,3,0,7,\n"
    reading = read_text(body, "ledger", "stock-ledger")
    assert reading.accepted == 2
    assert "is not closing in 1 row(s) (kept as they are; lines 2)" in reading.notes[-1]


def test_year_and_month_and_short_ledgers() -> None:
    body = "year,month,item,facility,issued,closing\n2024,2,A,S,1,2\n2024,13,A,S,1,2\n"
    body += "2024,2.5,A,S,1,2\n2024,,A,S,1,2\n"
    reading = read_text(body, "ledger", "stock-ledger")
    assert [batch.feed for batch in reading.batches] == ["sales", "stock"]
    assert rows(reading)[0]["date"] == END
    assert [(line, code) for line, _, code in faults(reading)] == [
        (3, "out_of_bounds"),
        (4, "blank"),
        (5, "blank"),
    ]
    assert_balanced(reading)


def test_one_month_twice_is_a_duplicate_or_a_conflict() -> None:
    body = HEAD + "2024-02,S,A,1,0,0,0,1,\n2024-02-01,S,A,1,0,0,0,1,\n"
    body += "2024-02,S,B,1,0,0,0,1,\n2024-02,S,B,1,0,1,0,0,\n"
    reading = read_text(body, "ledger", "stock-ledger")
    assert [code for _, _, code in faults(reading)] == ["conflicting_key"] * 2
    assert_balanced(reading)


def test_a_ledger_without_months_is_refused() -> None:
    with pytest.raises(MissingColumns, match="period"):
        read_text("site,sku,issued,closing,year\nS,A,1,1,2024\n", "ledger", "stock-ledger")
