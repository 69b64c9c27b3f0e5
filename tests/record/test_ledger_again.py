"""A stock ledger sent again, put right: the record holds what it says now."""

from __future__ import annotations

import pytest

from forecasting.feeds import load_profile, read
from forecasting.record import Record
from tests.record.readings_by_hand import NOON, day

HEAD = "period,site,sku,opening,received,issued,adjusted,closing,ordered\n"
FIRST = "2024-02,S,A,10,5,7,-1,7,20\n2024-02,S,B,4,0,1,0,3,\n"
QUANTITY = {"movements": "units", "receipts": "units", "orders": "units_ordered"}


def bring(record: Record, body: str) -> int:
    reading = read((HEAD + body).encode(), "ledger", load_profile("stock-ledger"), name="l.csv")
    return record.deliver(reading, received_at=NOON).delivery


def told(record: Record) -> dict[str, list[float]]:
    return {name: record.rows(name).column(units).to_pylist() for name, units in QUANTITY.items()}


@pytest.fixture
def first(record: Record) -> int:
    delivery = bring(record, FIRST)
    assert told(record) == {"movements": [-1, 5], "receipts": [5], "orders": [20]}
    return delivery


@pytest.mark.parametrize("nothing", ["0", ""], ids=["zero", "blank"])
def test_what_the_month_did_not_have_is_taken_back(
    record: Record, first: int, nothing: str
) -> None:
    again = bring(record, f"2024-02,S,A,10,{nothing},7,{nothing},3,{nothing}\n")
    assert told(record) == {"movements": [0, 0], "receipts": [0], "orders": [0]}
    assert told(record.as_known(first)) == {"movements": [-1, 5], "receipts": [5], "orders": [20]}
    months = dict.fromkeys(("movements", "receipts", "orders", "sales", "stock"), 1)
    with record.reading() as reader:
        found = {name: len(reader.months_touched(name, after=first)) for name in months}
    assert found == months, "or the snapshot would keep what was taken back"
    bring(record, FIRST)
    assert record.deliveries().loc[0, "number"] == again, "these very bytes were in already"


def test_other_months_and_items_stay_and_zeros_are_no_rows(record: Record, first: int) -> None:
    bring(record, "2024-02,S,B,4,0,2,0,2,0\n2024-03,S,A,7,0,1,0,6,0\n2024-03,T,A,7,0,1,0,6,0\n")
    assert told(record) == {"movements": [-1, 5], "receipts": [5], "orders": [20]}
    assert record.watermarks()["receipts"] == day("2024-02-29")


def test_a_ledger_without_a_column_says_nothing_of_it(record: Record, first: int) -> None:
    body = "period,site,sku,issued,closing\n2024-02,S,A,7,7\n"
    reading = read(body.encode(), "ledger", load_profile("stock-ledger"), name="short.csv")
    record.deliver(reading, received_at=NOON)
    assert told(record) == {"movements": [-1, 5], "receipts": [5], "orders": [20]}
