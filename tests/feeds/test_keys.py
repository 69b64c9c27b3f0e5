"""The same key twice in one file."""

from __future__ import annotations

import pytest

from forecasting.feeds import read
from forecasting.feeds.profile import parse_profile
from tests.feeds.exports import assert_balanced, faults, read_text, rows

HEAD = "date,site,sku,units,price,line_id,kind,uom\n"


def test_sales_of_one_key_add_up_and_price_is_their_weighted_mean() -> None:
    reading = read_text(
        "date,site,sku,units,price\n"
        "2026-01-05,S,A,3,10\n2026-01-05,S,B,1,1\n2026-01-05,S,A,1,20\n2026-01-05,S,A,1,20\n"
        "2026-01-05,S,A,-1,\n"
    )
    assert [(r["sku"], r["units"], r["price"], r["file_line"]) for r in rows(reading)] == [
        ("A", 4.0, 14.0, 2),
        ("B", 1.0, 1.0, 3),
    ]
    assert (reading.read, reading.accepted, reading.duplicates) == (5, 5, 0)
    assert reading.units_accepted == 5
    assert "3 row(s) were added" in reading.notes[0]
    assert_balanced(reading)


def test_a_sale_and_its_return_leave_a_price_between_the_two() -> None:
    body = "date,site,sku,units,price\n2026-01-05,S,A,1,10\n2026-01-05,S,A,-1,12\n"
    (row,) = rows(read_text(body))
    assert (row["units"], row["price"]) == (0.0, 11.0)


def test_prices_without_units_still_have_a_mean() -> None:
    body = "date,site,sku,units,price\n2026-01-05,S,A,0,10\n2026-01-05,S,A,0,12\n"
    assert rows(read_text(body))[0]["price"] == 11.0


def test_the_same_line_twice_is_a_duplicate() -> None:
    line = "2026-01-05,S,A,3,10,L1,,\n"
    reading = read_text(HEAD + line + line + "2026-01-05,S,A,3,10,L2,,\n")
    assert [r["line_id"] for r in rows(reading)] == ["L1", "L2"]
    assert (reading.accepted, reading.duplicates, reading.units_duplicates) == (2, 1, 3)
    assert_balanced(reading)


def test_transfers_and_scrap_never_add_to_sales() -> None:
    lines = "2026-01-05,S,A,3,,,customer,\n2026-01-05,S,A,5,,,transfer,\n2026-01-05,S,A,1,,,,\n"
    found = rows(read_text(HEAD + lines))
    assert [(r["line_id"], r["units"]) for r in found] == [("", 4.0), ("transfer", 5.0)]


def test_a_series_in_two_measures_is_set_aside_whole_and_others_stay() -> None:
    body = "2026-01-05,S,A,3,,,,box\n2026-01-06,S,A,5,,,,piece\n2026-01-05,S,B,1,,,,box\n"
    reading = read_text(HEAD + body)
    assert faults(reading) == [(2, "uom", "mixed_uom"), (3, "uom", "mixed_uom")]
    assert_balanced(reading)


def test_other_feeds_reject_a_conflict_and_count_duplicates() -> None:
    body = "date,site,sku,on_hand\n"
    body += "2026-01-05,S,A,1\n2026-01-05,S,A,1\n2026-01-05,S,B,1\n2026-01-05,S,C,1\n"
    body += "2026-01-05,S,B,2\n2026-01-05,S,B,2\n"
    reading = read_text(body, "stock")
    assert [r["sku"] for r in rows(reading)] == ["A", "C"]
    assert faults(reading) == [
        (4, "date, site, sku", "conflicting_key"),
        (6, "date, site, sku", "conflicting_key"),
    ]
    assert (reading.duplicates, reading.units_rejected, reading.units_duplicates) == (2, 3, 3)
    assert_balanced(reading)


def test_lots_lines_and_dates_are_part_of_the_key() -> None:
    stock = "date,site,sku,lot,on_hand\n2026-01-05,S,A,L1,1\n2026-01-05,S,A,L2,2\n"
    assert read_text(stock, "stock").accepted == 2
    receipts = "order_id,received_on,units,line\nP,2026-01-05,1,1\nP,2026-01-05,1,2\n"
    reading = read_text(receipts, "receipts")
    assert [(r["line"], r["file_line"]) for r in rows(reading)] == [("1", 2), ("2", 3)]


@pytest.mark.parametrize("blank", ["", "2026-01-01"])
def test_a_blank_date_is_a_key_like_another(blank: str) -> None:
    body = f"sku,valid_from,unit_cost\nA,{blank},1\nA,{blank},2\nA,2026-02-01,3\n"
    reading = read_text(body, "items")
    assert [r["unit_cost"] for r in rows(reading)] == [3]


def test_movements_of_a_profile_that_sums() -> None:
    profile = parse_profile('[feeds.movements]\nrepeated = "sum"', name="mine")
    body = "date,site,sku,units,kind\n2026-01-05,S,A,2,receipt\n2026-01-05,S,A,2,receipt\n"
    reading = read(body.encode(), "movements", profile, name="x.csv")
    assert [r["units"] for r in rows(reading)] == [4]
    assert reading.accepted == 2
