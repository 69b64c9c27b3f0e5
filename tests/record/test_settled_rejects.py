"""A row that was set aside is settled by the later delivery that brings it again, put right."""

from __future__ import annotations

import datetime as dt

import pytest

from forecasting.feeds import load_profile, read
from forecasting.record import Record
from tests.record.readings_by_hand import NOON

HEAD = "date,site,sku,units\n"
FIRST = (
    HEAD
    + "2026-03-01,LYON,TEA,3\n"
    + "2026-03-02,LYON,TEA,three\n"  # line 3: the key is known
    + "2026-03-32,LYON,HONEY,4\n"  # line 4: no such day, so that the key is not
    + "2026-03-03,LYON,JAM,1\n2026-03-03,LYON,JAM,2\n"  # lines 5 and 6: twice, with other values
    + "TOTAL,,,10\n"  # line 7: no row at all
)


def bring(record: Record, body: str, name: str = "sales.csv", feed: str = "sales") -> int:
    reading = read(body.encode(), feed, load_profile("generic"), name=name)
    return record.deliver(reading, received_at=NOON + dt.timedelta(minutes=1)).delivery


def open_lines(record: Record, delivery: int) -> set[int]:
    found = record.rejects(delivery)
    return set(found.loc[found["settled_by"].isna(), "line"])


@pytest.fixture
def first(record: Record) -> int:
    profile = load_profile("generic")
    reading = read(FIRST.encode(), "sales", profile, name="sales.csv")
    delivery = record.deliver(reading, received_at=NOON).delivery
    assert {3, 4, 7} <= open_lines(record, delivery)
    return delivery


def test_a_row_of_the_same_key_settles_it_in_whatever_file(record: Record, first: int) -> None:
    before = open_lines(record, first)
    bring(record, HEAD + "2026-03-05,LYON,TEA,1\n2026-03-02,LYON,JAM,1\n", "other.csv")
    assert open_lines(record, first) == before, "another day, another item"
    by = bring(record, HEAD + "2026-03-02,LYON,TEA,3\n", "corrections.csv")
    assert open_lines(record, first) == before - {3}
    assert record.rejects(first).set_index("line").loc[3, "settled_by"] == by


def test_what_came_again_is_settled_once(record: Record, first: int) -> None:
    by = bring(record, HEAD + "2026-03-02,LYON,TEA,3\n", "corrections.csv")
    bring(record, HEAD + "2026-03-02,LYON,TEA,4\n", "more.csv")
    assert record.rejects(first).set_index("line").loc[3, "settled_by"] == by


def test_a_key_that_could_not_be_read_is_known_by_its_line_in_the_same_file(
    record: Record, first: int
) -> None:
    other = FIRST.replace("2026-03-32,LYON,HONEY,4", "2026-03-02,LYON,MILK,4")
    bring(record, other)
    assert 4 in open_lines(record, first), "the line holds another item now"
    bring(record, FIRST.replace("2026-03-32", "2026-03-02"), "elsewhere.csv")
    assert 4 in open_lines(record, first), "another file"
    bring(record, FIRST.replace("2026-03-32", "2026-03-03"))
    assert 4 not in open_lines(record, first)


def test_the_file_of_the_next_day_is_no_correction_whatever_its_name(record: Record) -> None:
    monday = bring(record, HEAD + "2026-03-02,LYON,TEA,3\n02/03/2026,LYON,JAM,3\n")
    bring(record, HEAD + "2026-03-03,LYON,TEA,3\n2026-03-03,LYON,JAM,3\n")
    assert open_lines(record, monday) == {3}
    bring(record, HEAD + "2026-03-02,LYON,TEA,3\n2026-03-02,LYON,JAM,3\n")
    assert open_lines(record, monday) == set()


def test_a_row_that_is_wrong_again_and_one_that_is_none_stay_open(
    record: Record, first: int
) -> None:
    again = bring(record, FIRST.replace("three", "drei"))
    assert {3, 4, 7} <= open_lines(record, first)
    assert {3, 4, 7} <= open_lines(record, again)
    fixed = FIRST.replace("three", "3").replace("2026-03-32", "2026-03-02").replace("TOTAL", "Sum")
    bring(record, fixed)
    assert not {3, 4} & (open_lines(record, first) | open_lines(record, again))
    assert 7 in open_lines(record, first)


def test_other_feeds_and_deliveries_before_settle_nothing(record: Record) -> None:
    bring(record, HEAD + "2026-03-02,LYON,TEA,3\n", "before.csv")
    late = bring(record, HEAD + "2026-03-02,LYON,TEA,x\n", "late.csv")
    assert open_lines(record, late) == {2}
    bring(record, "date,site,sku,on_hand\n2026-03-02,LYON,TEA,3\n", "stock.csv", "stock")
    assert open_lines(record, late) == {2}


def test_masters_are_known_by_their_code(record: Record) -> None:
    first = bring(record, "sku,unit_cost\n00123,dear\n00124,2\n", "items.csv", "items")
    assert open_lines(record, first) == {2}
    bring(record, "sku,unit_cost\n00123,2.5\n", "items.csv", "items")
    assert open_lines(record, first) == set()
