"""What somebody said stays in the record, on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from forecasting.errors import UnknownName
from forecasting.record import Record
from models.overrides.declaration import BadOverride, override_of, settled
from models.overrides.ledger import (
    add,
    alive_at,
    ending,
    list_overrides,
    numbered,
    override,
    revoke,
)
from models.publication.lives import Stale
from models.tables import overrides

TODAY = dt.date(2026, 11, 23)
NOW = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DOUBLE = {
    **{"kind": "demand", "site": "LYON", "sku": "00123", "factor": 2.0},
    **{"end": "2026-11-29", "reason": "the promotion doubles this week"},
}
COUNT = {
    **{"kind": "stock", "site": "LYON", "sku": "00123", "units": 12.0},
    **{"end": "2026-11-30", "reason": "counted this morning"},
}
ORDER = {
    **{"kind": "order", "order": "PO-1182", "factor": 0.6, "expected_on": "2026-11-27"},
    **{"end": "2026-11-27", "reason": "Novapack told me 60 % only"},
}


def made(record: Record, values: dict[str, Any], at: dt.datetime = NOW) -> int:
    declared = settled(override_of(values), TODAY)
    return add(record.engine, declared, who="Claire", at=at)[0].number


def test_each_kind_is_kept_as_it_was_said(record: Record) -> None:
    numbers = [made(record, values) for values in (DOUBLE, COUNT, ORDER)]
    assert numbers == [1, 2, 3]
    order, count, double = list_overrides(record.engine)
    assert (double.kind, double.site, double.sku, double.factor) == ("demand", "LYON", "00123", 2.0)
    assert (double.start, double.end) == (TODAY, dt.date(2026, 11, 29))
    assert (double.who, double.at, double.reason) == ("Claire", NOW, DOUBLE["reason"])
    assert (count.units, count.factor) == (12.0, None)
    assert (order.order, order.expected_on, order.site) == ("PO-1182", dt.date(2026, 11, 27), "")
    assert (double.figure, order.figure) == ("demand × 2", "order × 0.6, on 2026-11-27")


def test_the_same_said_again_is_the_one_there_is_until_it_is_revoked(record: Record) -> None:
    assert [made(record, DOUBLE, NOW + hours * HOUR) for hours in range(3)] == [1, 1, 1]
    assert made(record, DOUBLE | {"factor": 2.5}) == 2
    revoke(record.engine, 1, who="Claire", reason="a slip", at=NOW)
    assert made(record, DOUBLE) == 3


def test_revoked_it_is_kept_with_who_and_why(record: Record) -> None:
    number = made(record, DOUBLE)
    gone = revoke(record.engine, number, who="Paul", reason="not any more", at=NOW + HOUR, seen=1)
    assert (gone.revoked_by, gone.revoked_because, gone.revision) == ("Paul", "not any more", 2)
    assert gone == override(record.engine, number)
    assert not gone.is_alive(TODAY)
    with pytest.raises(Stale):
        revoke(record.engine, number, who="Paul", reason="again", at=NOW, seen=1)
    assert revoke(record.engine, number, who="Anna", reason="again", at=NOW) == gone
    with pytest.raises(UnknownName):
        revoke(record.engine, 99, who="Paul", reason="none", at=NOW)


@pytest.mark.parametrize("change", ["UPDATE overrides SET factor = 9", "DELETE FROM overrides"])
def test_nobody_changes_what_was_said(record: Record, change: str) -> None:
    made(record, DOUBLE)
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), record.writing() as connection:
        connection.execute(sa.text(change))
    with record.writing() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(overrides)) == 1


def test_what_was_alive_at_a_moment_is_told_whatever_came_since(record: Record) -> None:
    first, second = made(record, DOUBLE), made(record, COUNT, NOW + HOUR)
    revoke(record.engine, first, who="Paul", reason="no longer", at=NOW + 2 * HOUR)
    origin = TODAY - dt.timedelta(days=1)

    def alive(moment: dt.datetime, after: dt.date = origin) -> list[int]:
        return [one.number for one in alive_at(record.engine, moment, after)]

    assert alive(NOW - HOUR) == []
    assert alive(NOW) == [first]
    assert alive(NOW + HOUR) == [first, second]
    assert alive(NOW + 3 * HOUR) == [second]
    assert alive(NOW + HOUR, dt.date(2026, 11, 29)) == [second]
    assert alive(NOW + HOUR, dt.date(2026, 11, 30)) == []
    assert [one.number for one in numbered(record.engine, [second, first])] == [first, second]


def test_it_ends_by_itself_and_is_told_before(record: Record) -> None:
    made(record, DOUBLE)
    [double] = list_overrides(record.engine)
    told = {day: bool(ending([double], day)) for day in (TODAY, *map(november, (25, 26, 29, 30)))}
    assert list(told.values()) == [False, False, True, True, False]
    assert double.is_alive(november(29))
    assert not double.is_alive(november(30))


def november(day: int) -> dt.date:
    return dt.date(2026, 11, day)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"reason": ""}, "reason"),
        ({"factor": None}, "a factor or units"),
        ({"units": 3.0}, "a factor or units"),
        ({"factor": float("nan")}, "factor"),
        ({"factor": -1.0}, "factor"),
        ({"factor": "2"}, "factor"),
        ({"site": "", "sku": ""}, "name a site"),
        ({"sku": "", "factor": None, "units": 3.0}, "name site and sku"),
        ({"end": None}, "end"),
        ({"end": 20261129}, "end"),
        ({"end": "2026-11-22"}, "before 2026-11-23"),
        ({"end": "2028-11-22"}, "more than 400 days"),
        ({"start": "2026-11-30"}, "before start"),
        ({"kind": "hope"}, "tag"),
        ({"colour": "red"}, "colour"),
        ({"site": "a\x00b"}, "control"),
        (ORDER | {"factor": None, "expected_on": None}, "state the day"),
        (ORDER | {"factor": 1.2}, "factor"),
        (ORDER | {"order": ""}, "order"),
        (COUNT | {"sku": ""}, "sku"),
        (COUNT | {"start": "2026-11-24"}, "nobody has counted yet"),
    ],
)
def test_what_makes_no_sense_is_named(wrong: dict[str, Any], fault: str) -> None:
    values = wrong if "kind" in wrong and wrong["kind"] != "hope" else DOUBLE | wrong
    with pytest.raises(BadOverride, match=fault):
        settled(override_of(values), TODAY)
