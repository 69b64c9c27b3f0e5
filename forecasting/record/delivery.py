"""Writes one delivery inside a transaction that somebody else commits."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Column, Connection, and_, func, insert, select

from forecasting.calendar import Frequency, to_period
from forecasting.errors import DeliveryRefused, examples
from forecasting.record import bulk
from forecasting.record.columns import Integers, StoredRows, to_stored
from forecasting.record.reader import Reader
from forecasting.record.receipt import Receipt
from forecasting.record.schema import (
    FEED_TABLES,
    batches,
    complete_stock,
    deliveries,
    rejects,
    series,
    stored_key,
    touched,
)
from forecasting.tables import feed

if TYPE_CHECKING:
    from forecasting.feeds.reading import Batch, Reading

COUNTS: Final = (
    *("read", "accepted", "rejected", "duplicates"),
    *("units_read", "units_accepted", "units_rejected", "units_duplicates"),
)

ITEMS: Final = "items"
MOST_MARKS: Final = 10_000_000  # bytes that a table of marks may take beyond one a row


def prepare(reading: Reading) -> list[StoredRows]:
    """The rows of a reading as stored: all the work that needs no lock."""
    return [to_stored(feed(batch.feed), batch.kept) for batch in reading.batches]


def keep(
    connection: Connection, reading: Reading, prepared: list[StoredRows], received_at: dt.datetime
) -> Receipt:
    """Adds a reading under the next number, or finds the receipt of the same digest.

    The caller holds the lock of the deliveries, so that numbers follow the order of commits.
    """
    known = receipt_of(connection, reading.digest)
    if known is not None:
        return replace(known, repeated=True)
    reading = replace(reading, notes=(*reading.notes, *_unknown_items(connection, reading)))
    receipt = _open(connection, reading, received_at)
    _keep_rejects(connection, receipt.delivery, reading.rejects)
    for position, (batch, rows) in enumerate(zip(reading.batches, prepared, strict=True)):
        rows = _with_taken_back(connection, batch, rows)
        try:
            _keep_batch(connection, receipt.delivery, position, batch, rows)
        except connection.dialect.loaded_dbapi.IntegrityError as error:
            raise DeliveryRefused(
                reading.source,
                f"two of its {batch.feed} rows have the same {', '.join(rows.feed.key)}",
                next_step="Read it through a profile that sums them or sets one aside.",
                feed=batch.feed,
            ) from error
    from forecasting.record.settling import settle  # readers of files: not for who only asks

    settle(connection, reading, receipt.delivery)
    return receipt


def _with_taken_back(connection: Connection, batch: Batch, rows: StoredRows) -> StoredRows:
    """The rows, and of those that say that there was nothing the ones whose key is in the record.

    So a ledger sent again takes back what it said before, and the zeros of a first one are no rows.
    """
    if batch.none is None or not batch.none.num_rows:
        return rows
    contract = rows.feed
    assert contract.dated is not None
    ends = pc.min_max(batch.none.column(contract.dated)).as_py()
    known = Reader(connection).rows(batch.feed, since=ends["min"], until=ends["max"])
    key = [name for name in contract.key if name in batch.none.column_names]
    keys = (pd.MultiIndex.from_frame(one.select(key).to_pandas()) for one in (batch.none, known))
    said, before = keys
    again = batch.none.filter(pa.array(said.isin(before)))
    if not again.num_rows:
        return rows
    return to_stored(contract, pa.concat_tables([batch.kept, again], promote_options="default"))


def _unknown_items(connection: Connection, reading: Reading) -> list[str]:
    """A word on codes that no item has, where there are items. Their rows are kept like all others:
    the item belongs to them whenever it comes, and a slip of the pen is seen here first."""
    items = FEED_TABLES[ITEMS]
    if all(batch.feed == ITEMS for batch in reading.batches):
        return []
    known = set(connection.execute(select(items.c.sku).distinct()).scalars())
    if not known:
        return []
    found = {
        sku
        for batch in reading.batches
        if batch.feed != ITEMS and "sku" in batch.rows.column_names
        for sku in pc.unique(batch.rows.column("sku")).to_pylist()
        if sku and sku not in known
    }
    if not found:
        return []
    names = examples(sorted(found))
    return [f"{len(found):,} sku(s) that no item has yet, kept until it comes: {names}"]


def receipt_of(connection: Connection, digest: str) -> Receipt | None:
    """The receipt of the delivery with this digest, if there is one."""
    row = connection.execute(select(deliveries).where(deliveries.c.digest == digest)).first()
    if row is None:
        return None
    facts = dict(row._mapping)
    return Receipt(delivery=facts.pop("number"), notes=tuple(facts.pop("notes")), **facts)


def _open(connection: Connection, reading: Reading, received_at: dt.datetime) -> Receipt:
    receipt = Receipt(
        delivery=_next(connection, deliveries.c.number),
        feed=reading.feed,
        profile=reading.profile,
        source=_printable(reading.source),
        digest=reading.digest,
        received_at=received_at.astimezone(dt.UTC),
        notes=tuple(map(_printable, reading.notes)),
        **{name: getattr(reading, name) for name in COUNTS},
    )
    facts = vars(receipt) | {"number": receipt.delivery, "notes": list(receipt.notes)}
    connection.execute(insert(deliveries), {c.name: facts[c.name] for c in deliveries.columns})
    return receipt


def _keep_rejects(connection: Connection, delivery: int, found: pd.DataFrame) -> None:
    rows = [
        {
            "delivery": delivery,
            "position": position,
            "line": None if pd.isna(reject["line"]) else int(reject["line"]),
            **{name: _printable(reject[name]) for name in ("column", "code", "message", "raw")},
            "key": _printable(reject.get("key", "")),
        }
        for position, reject in enumerate(found.to_dict("records"))
    ]
    if rows:
        connection.execute(insert(rejects), rows)


def _keep_batch(
    connection: Connection, delivery: int, position: int, batch: Batch, rows: StoredRows
) -> None:
    connection.execute(
        insert(batches),
        {
            "delivery": delivery,
            "batch": position,
            "feed": batch.feed,
            "rows": batch.rows.num_rows,
            "complete": batch.complete,
            "filled": rows.filled,
        },
    )
    if not rows.filled:
        return
    numbers = _series_numbers(connection, rows.pairs) if rows.feed.by_series else np.empty(0, int)
    for part in rows.numbered(delivery, numbers, at_once=bulk.ROWS_AT_ONCE):
        bulk.insert(connection, FEED_TABLES[batch.feed], part)
    if rows.feed.dated:
        _touch(connection, delivery, rows)
    if batch.complete:
        _speak_for_sites(connection, delivery, rows)


def _series_numbers(connection: Connection, pairs: pd.DataFrame) -> Integers:
    """The series number of each pair of codes; new pairs get the next ones."""
    known = {(row.site, row.sku): row.id for row in connection.execute(select(series))}
    wanted = list(zip(pairs["site"], pairs["sku"], strict=True))
    free = _next(connection, series.c.id)
    new: list[dict[str, Any]] = []
    for site, sku in sorted({pair for pair in wanted if pair not in known}):
        known[site, sku] = free + len(new)
        new.append({"id": known[site, sku], "site": site, "sku": sku})
    if new:
        table = pa.Table.from_pylist(
            new, schema=pa.schema({"id": pa.int32(), "site": bulk.TEXT, "sku": bulk.TEXT})
        )
        bulk.insert(connection, series, table)
    return np.array([known[pair] for pair in wanted], dtype=np.int64)


def _touch(connection: Connection, delivery: int, rows: StoredRows) -> None:
    """Notes the months whose rows changed, those that a row was corrected away from included."""
    days, counts = _counted(rows.days())
    changed: dict[int, int] = {}
    for month, count in zip(_month(days).tolist(), counts.tolist(), strict=True):
        changed[month] = changed.get(month, 0) + count
    for month in _months_left(connection, delivery, rows):
        changed.setdefault(month, 0)
    connection.execute(
        insert(touched),
        [
            {"feed": rows.feed.name, "delivery": delivery, "month": month, "rows": count}
            for month, count in changed.items()
        ],
    )


def _counted(days: NDArray[np.int32]) -> tuple[Integers, Integers]:
    """The distinct days, ascending, and the rows of each; no sort of millions of them."""
    first = int(days.min())
    counts = np.bincount(days - first)
    found = np.flatnonzero(counts)
    return found + first, counts[found]


def _months_left(connection: Connection, delivery: int, rows: StoredRows) -> list[int]:
    """Months of the earlier rows of these keys, where a correction may change the date."""
    contract = rows.feed
    if contract.dated is None or contract.dated in contract.key:
        return []
    new = FEED_TABLES[contract.name]
    old = new.alias()
    same = [old.c[name] == new.c[name] for name in stored_key(contract) if name != "series"]
    query = select(old.c[contract.dated]).select_from(new).join(old, and_(*same))
    query = query.where(new.c.delivery == delivery, old.c.delivery < delivery).distinct()
    days = np.array(connection.execute(query).scalars().all(), dtype=np.int64)
    return np.unique(_month(days)).tolist()


def _speak_for_sites(connection: Connection, delivery: int, rows: StoredRows) -> None:
    """Notes the sites and dates for which a complete snapshot came; absent series are at zero."""
    codes, sites = pd.factorize(rows.pairs["site"])
    days = rows.days()
    first, width = int(days.min()), int(np.ptp(days)) + 1
    keys = codes[rows.pair] * width + (days - first)  # a site and a day each
    site, day = np.divmod(_distinct(keys, len(sites) * width), width)
    connection.execute(
        insert(complete_stock),
        [
            {"site": sites[place], "date": first + step, "delivery": delivery}
            for place, step in zip(site.tolist(), day.tolist(), strict=True)
        ],
    )


def _distinct(keys: Integers, size: int) -> Integers:
    """The distinct numbers among many from 0 to `size`, ascending."""
    if size > len(keys) + MOST_MARKS:  # dates centuries apart: fewer rows than marks
        return np.unique(keys)
    seen = np.zeros(size, dtype=bool)
    seen[keys] = True
    return np.flatnonzero(seen)


def _next(connection: Connection, column: Column[int]) -> int:
    highest = connection.execute(select(func.max(column))).scalar()
    return (highest or 0) + 1


def _month(days: Integers) -> Integers:
    return to_period(days.astype("datetime64[D]"), Frequency.MONTH)


def _printable(text: Any) -> str:
    """Text that every database takes: lone surrogates escaped, NUL shown as its symbol."""
    return str(text).encode("utf-8", "backslashreplace").decode().replace("\0", "␀")
