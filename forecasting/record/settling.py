"""Which rows that were set aside came again since: a later delivery settles them.

A reject is settled by the first later delivery of its feed that holds its key; where a part of the
key was what could not be read, by the same line of a file of the same name whose other parts of the
key are the same and whose dates are of the same days: the next day's file corrects nothing.
What neither tells stays open: it may be no row at all (a line of totals).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, bindparam, select, update

from forecasting.feeds.faults import Code
from forecasting.feeds.profile import CONTRACTS
from forecasting.feeds.raw import FILE_LINE
from forecasting.feeds.reject_keys import BETWEEN, as_texts
from forecasting.record.schema import deliveries, rejects
from forecasting.tables import Kind, Table

if TYPE_CHECKING:
    from forecasting.feeds.reading import Reading

MOST: Final = 20_000  # open rejects of a feed that a delivery looks for, the latest first


@dataclass(frozen=True)
class Open:
    """A reject that nothing has settled yet."""

    delivery: int
    position: int
    line: int | None
    source: str
    key: Mapping[str, str]
    is_whole: bool  # every part of the key that must be there could be read


def settle(connection: Connection, reading: Reading, delivery: int) -> None:
    """Marks the rejects that this delivery settles."""
    waiting = list(_waiting(connection, reading.feed, delivery))
    if not waiting:
        return
    source = PurePath(reading.source).name
    found = {
        (one.delivery, one.position)
        for batch in reading.batches
        for one in _settled(waiting, CONTRACTS[reading.feed], batch.rows, source)
    }
    if found:
        marked = update(rejects).where(
            rejects.c.delivery == bindparam("of"), rejects.c.position == bindparam("at")
        )
        rows = [{"of": of, "at": at, "settled_by": delivery} for of, at in sorted(found)]
        connection.execute(marked, rows)


def _waiting(connection: Connection, feed: str, delivery: int) -> Iterator[Open]:
    names = ("delivery", "position", "line", "column", "code", "key")
    query = select(*(rejects.c[name] for name in names), deliveries.c.source).join(deliveries)
    query = query.where(deliveries.c.feed == feed, rejects.c.delivery < delivery)
    query = query.where(rejects.c.settled_by.is_(None), rejects.c.key != "")
    query = query.order_by(rejects.c.delivery.desc(), rejects.c.position).limit(MOST)
    contract = CONTRACTS[feed]
    for row in connection.execute(query):
        key = json.loads(row.key)
        yield Open(
            row.delivery,
            row.position,
            row.line,
            PurePath(row.source).name,
            key,
            _is_whole(contract, key, row.column, row.code),
        )


def _is_whole(contract: Table, key: Mapping[str, str], column: str, code: str) -> bool:
    is_read = column not in contract.key or code == Code.CONFLICT
    needed = [key.get(name, "") for name in contract.key if name in contract.required]
    return is_read and all(needed) and not any(_is_span(contract, *part) for part in key.items())


def _is_span(contract: Table, name: str, said: str) -> bool:
    return contract.by_name[name].kind is Kind.DATE and BETWEEN in said


def _agrees(contract: Table, name: str, said: str, came: str) -> bool:
    """Whether a value is the one that a reject has, or of the days that it can be of."""
    if not _is_span(contract, name, said):
        return said == came
    first, _, last = said.partition(BETWEEN)
    return first <= came <= last


def _settled(waiting: list[Open], contract: Table, rows: pa.Table, source: str) -> Iterator[Open]:
    whole = [one for one in waiting if one.is_whole]
    by_line: dict[int, list[Open]] = {}
    for one in waiting:
        if not one.is_whole and one.source == source and one.line is not None:
            by_line.setdefault(one.line, []).append(one)
    names = [name for name in contract.key if name in rows.column_names]
    lines = pa.array(list(by_line), pa.int64())
    at_lines = rows.filter(pc.is_in(rows.column(FILE_LINE), lines))
    for row in _as_keys(at_lines, [*names, FILE_LINE]):
        for one in by_line[int(row[FILE_LINE])]:
            if all(_agrees(contract, *part, row.get(part[0], "")) for part in one.key.items()):
                yield one
    near = _as_keys(_near(rows, whole), names)
    came = {tuple(row.get(name, "") for name in names) for row in near}
    for one in whole:
        if tuple(one.key.get(name, "") for name in names) in came:
            yield one


def _near(rows: pa.Table, whole: list[Open]) -> pa.Table:
    """The few rows that can hold one of these keys: millions need not be looked at one by one."""
    for name in ("sku", "order_id"):
        if name in rows.column_names and all(name in one.key for one in whole):
            values = pa.array(sorted({one.key[name] for one in whole}), pa.string())
            column = pc.cast(rows.column(name), pa.string())
            rows = rows.filter(pc.is_in(column, values))
    return rows


def _as_keys(rows: pa.Table, names: list[str]) -> Iterator[dict[str, str]]:
    for row in rows.select(names).to_pylist():
        yield as_texts(row)
