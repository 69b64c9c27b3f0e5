"""A complete snapshot of the stock, some of whose rows cannot be read."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from forecasting.feeds import Reading, read
from forecasting.feeds.profile import parse_profile
from tests.feeds.exports import assert_balanced, faults

DAY = dt.date(2026, 11, 22)
WHOLE = """
repeated = "reject"
[feeds.stock]
complete = true
[feeds.stock.exclude]
site = ["TRANSIT"]
[feeds.stock.leave_out]
"uom" = ["none"]
"""
HEAD = "date,site,sku,lot,on_hand,uom\n"


def picture(body: str, rules: str = WHOLE) -> Reading:
    profile = parse_profile(rules, name="whole")
    return read((HEAD + body).encode(), "stock", profile, name="stock.csv")


def unread(reading: Reading) -> list[Any]:
    (batch,) = reading.batches
    return [] if batch.unread is None else [tuple(row.values()) for row in batch.unread.to_pylist()]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("2026-11-22,S,B,,1O,", "not_a_number"),
        ("2026-11-22,S,B,,,", "blank"),
        ("2026-11-22,S,B,,1e300,", "out_of_bounds"),
        ("2026-11-22,S,B,,1,\n2026-11-22,S,B,,2,", "conflicting_key"),
    ],
)
def test_an_item_whose_quantity_cannot_be_read_is_not_absent(line: str, code: str) -> None:
    reading = picture(f"2026-11-22,S,A,,5,\n{line}\n")
    assert_balanced(reading)
    assert {found for _, _, found in faults(reading)} == {code}
    assert unread(reading) == [(DAY, "S", "B")]
    assert "1 item(s) of this complete snapshot could not be read" in reading.notes[-1]
    (batch,) = reading.batches
    assert batch.rows.num_rows == reading.accepted == 1
    kept = batch.kept.select(["sku", "on_hand"]).to_pylist()
    assert kept == [{"sku": "A", "on_hand": 5.0}, {"sku": "B", "on_hand": None}]


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-22,TRANSIT,B,,x,",  # excluded by its site
        "2026-11-22,S,B,,x,none",  # left out by another column
        "2026-11-22,S,,,7,",  # a total: no item
        "2026-11-22,LYON,B,,x,",  # the one row of its site, of which nothing is told then
        "2026-11-22,S,A,L-2,x,",  # another lot of an item that is there
    ],
)
def test_what_is_no_shelf_or_told_otherwise_is_not_kept(line: str) -> None:
    reading = picture(f"2026-11-22,S,A,L-1,5,\n{line}\n")
    assert reading.rejected == 1
    assert unread(reading) == []


def test_a_partial_picture_says_nothing_of_what_it_cannot_read() -> None:
    reading = picture("2026-11-22,S,A,,5,\n2026-11-22,S,B,,x,\n", 'about = "partial"')
    assert unread(reading) == []
