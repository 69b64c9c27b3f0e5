"""The record as it stood at one moment: current rows, watermarks, what changed since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, Select, func, select, true

from forecasting.record import bulk
from forecasting.record.columns import codes_in_order, one_chunk, packed, sortable, to_canonical
from forecasting.record.schema import (
    FEED_TABLES,
    batches,
    complete_stock,
    deliveries,
    rejects,
    series,
    stored_key,
    stored_names,
    touched,
)
from forecasting.tables import FEEDS, Table, feed

EPOCH: Final = dt.date(1970, 1, 1)
LINE: Final = ["order_id", "line", "sku", "site"]
ORDERS_AT_ONCE: Final = 1000  # whose codes are asked for in one query
REASONED: Final = ("column", "code", "message", "raw")  # of a reject, beside its line


class Reader:
    """Reads through one connection, and so at one moment (database.reading).

    `upto`: the last delivery that is looked at; None: all. Later ones are as if they had not come.
    """

    def __init__(self, connection: Connection, upto: int | None = None) -> None:
        self.connection = connection
        self.upto = upto

    def rows(
        self, name: str, *, since: dt.date | None = None, until: dt.date | None = None
    ) -> pa.Table:
        """The current rows of a feed, ordered by its date and its key.

        Every column of the contract, then `delivery`. Text is a dictionary in byte order ("" where
        blank), numbers float64, dates date32. `since` and `until` cut on the feed's date,
        inclusive. Raises UnknownName for a feed that is none.
        """
        contract = feed(name)
        stored = bulk.fetch(self.connection, self._query(contract, since, until))
        everything = to_canonical(contract, stored, self._series)
        current = _latest(contract, everything)
        if name == "stock":
            current = self._without_superseded(current)
        if contract.dated not in contract.key:
            current = between(contract, current, since, until)
        return in_date_order(contract, current)

    def lines_of(self, name: str, order_ids: Collection[str]) -> pd.DataFrame:
        """The current rows of a feed that belong to some orders: order_id, line, sku, site."""
        contract, codes = feed(name), sorted(order_ids)
        query = self._query(contract, None, None)
        found = [pd.DataFrame(columns=LINE, dtype=object)]
        for begin in range(0, len(codes), ORDERS_AT_ONCE):
            some = FEED_TABLES[name].c.order_id.in_(codes[begin : begin + ORDERS_AT_ONCE])
            stored = bulk.fetch(self.connection, query.where(some))
            rows = _latest(contract, to_canonical(contract, stored, self._series))
            found.append(rows.select(LINE).to_pandas().astype(object))
        return pd.concat(found, ignore_index=True)

    def complete_stock_dates(self) -> pd.DataFrame:
        """One row per site and date whose stock came as a complete snapshot: site, date, delivery.

        `delivery` is the latest such; a series that it leaves out has nothing on hand that day.
        """
        latest = func.max(complete_stock.c.delivery).label("delivery")
        query = select(complete_stock.c.site, complete_stock.c.date, latest)
        query = query.where(self._known(complete_stock.c.delivery))
        query = query.group_by(complete_stock.c.site, complete_stock.c.date)
        found = self._frame(query.order_by(complete_stock.c.date, complete_stock.c.site))
        days = found["date"].to_numpy(dtype="int64").astype("datetime64[D]")
        return found.assign(date=days.astype("datetime64[s]")).astype({"delivery": "int64"})

    def series(self) -> pd.DataFrame:
        """Every series ever named by a delivery: id, site, sku."""
        return self._series.copy()

    @cached_property
    def _series(self) -> pd.DataFrame:
        return self._frame(select(series).order_by(series.c.id))

    def watermarks(self) -> dict[str, dt.date]:
        """The latest business date of each dated feed that has rows."""
        return self._bounds(func.max)

    def first_dates(self) -> dict[str, dt.date]:
        """The earliest business date of each dated feed that has rows."""
        return self._bounds(func.min)

    def last_delivery(self) -> tuple[int, str]:
        """Number and digest of the latest delivery; (0, "") before the first."""
        query = select(deliveries.c.number, deliveries.c.digest)
        found = self.connection.execute(query.order_by(deliveries.c.number.desc()).limit(1)).first()
        return (found.number, found.digest) if found else (0, "")

    def digest_of(self, delivery: int) -> str:
        """The digest of a delivery; "" where there is none of that number."""
        query = select(deliveries.c.digest).where(deliveries.c.number == delivery)
        return self.connection.execute(query).scalar() or ""

    def months_touched(self, name: str, *, after: int) -> list[int]:
        """Months (since January 1970) of a dated feed that deliveries after that one changed."""
        query = select(touched.c.month).where(touched.c.feed == name, touched.c.delivery > after)
        return sorted(self.connection.execute(query.distinct()).scalars())

    def is_touched(self, name: str, *, after: int) -> bool:
        """Whether deliveries after that one brought rows of a feed."""
        query = select(batches.c.rows).where(
            batches.c.feed == name, batches.c.delivery > after, batches.c.rows > 0
        )
        return self.connection.execute(query.limit(1)).first() is not None

    def deliveries(self, limit: int = 50) -> pd.DataFrame:
        """The latest deliveries first; `touched` counts the months that they changed."""
        months = select(func.count()).where(touched.c.delivery == deliveries.c.number)
        query = select(deliveries, months.scalar_subquery().label("months_touched"))
        return self._frame(query.order_by(deliveries.c.number.desc()).limit(limit))

    def rejects(self, delivery: int | None = None) -> pd.DataFrame:
        """Rows set aside, with the feed and source they came in, by delivery and line; settled_by:
        the later delivery that brought the row again, blank where none did."""
        wanted = [rejects.c[name] for name in ("delivery", "line", *REASONED)]
        told = (deliveries.c.feed, deliveries.c.source, rejects.c.settled_by)
        query = select(*wanted, *told).join(deliveries)
        if delivery is not None:
            query = query.where(rejects.c.delivery == delivery)
        found = self._frame(query.order_by(rejects.c.delivery, rejects.c.position))
        return found.astype({"line": "Int64", "settled_by": "Int64"})

    def _query(self, contract: Table, since: dt.date | None, until: dt.date | None) -> Select[Any]:
        table = FEED_TABLES[contract.name]
        wanted = {*self._filled(contract), *contract.required, "series", contract.dated}
        names = [name for name in stored_names(contract) if name in wanted]
        query = select(*(table.c[name] for name in names), table.c.delivery)
        query = query.where(self._known(table.c.delivery))
        if contract.dated is None or contract.dated not in contract.key:
            return query
        date = table.c[contract.dated]
        if since is not None:
            query = query.where(date >= (since - EPOCH).days)
        if until is not None:
            query = query.where(date <= (until - EPOCH).days)
        return query

    def _filled(self, contract: Table) -> list[str]:
        found = self.connection.execute(
            select(batches.c.filled).where(
                batches.c.feed == contract.name, self._known(batches.c.delivery)
            )
        )
        return sorted({name for names in found.scalars() for name in names})

    def _without_superseded(self, stock: pa.Table) -> pa.Table:
        """Without rows that a later complete snapshot of their site and date has left out."""
        complete = self.complete_stock_dates()
        if complete.empty or not stock.num_rows:
            return stock
        latest = pd.Series(
            complete["delivery"].to_numpy(),
            index=pd.MultiIndex.from_frame(complete[["site", "date"]]),
        )
        spoken = stock.select(["site", "date"]).to_pandas(date_as_object=False)
        pairs = pd.MultiIndex.from_arrays([spoken["site"].astype(object), spoken["date"]])
        said = latest.reindex(pairs).fillna(0).to_numpy()
        return stock.filter(pa.array(stock.column("delivery").to_numpy() >= said))

    def _bounds(self, extreme: Any) -> dict[str, dt.date]:
        found = {}
        for name, contract in FEEDS.items():
            if contract.dated is None:
                continue
            table = FEED_TABLES[name]
            query = select(extreme(table.c[contract.dated]))
            query = query.where(self._known(table.c.delivery))
            if contract.dated not in contract.key:
                query = query.where(_is_current(contract, self.upto))
            day = self.connection.execute(query).scalar()
            if day is not None:
                found[name] = EPOCH + dt.timedelta(days=day)
        return found

    def _known(self, delivery: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether a row is one that is looked at."""
        return true() if self.upto is None else delivery <= self.upto

    def _frame(self, query: Select[Any]) -> pd.DataFrame:
        result = self.connection.execute(query)
        return pd.DataFrame.from_records(list(map(tuple, result)), columns=list(result.keys()))


def in_date_order(contract: Table, rows: pa.Table) -> pa.Table:
    """Rows by the feed's date, then its key; the same rows always come in the same order."""
    if not rows.num_rows:
        return rows
    order = np.argsort(packed([sortable(rows.column(name)) for name in _order(contract)]))
    return tidy(rows.take(pa.array(order)))


def between(
    contract: Table, rows: pa.Table, since: dt.date | None, until: dt.date | None
) -> pa.Table:
    """The rows dated since … until, both inclusive; all of them where the feed has no date."""
    if contract.dated is None:
        return rows
    if since is not None and not _all_dated(rows.column(contract.dated), since, dt.date.max):
        first = pa.scalar(since, pa.date32())
        rows = rows.filter(pc.greater_equal(rows.column(contract.dated), first))
    if until is not None and not _all_dated(rows.column(contract.dated), dt.date.min, until):
        last = pa.scalar(until, pa.date32())
        rows = rows.filter(pc.less_equal(rows.column(contract.dated), last))
    return rows


def _all_dated(dates: pa.ChunkedArray, since: dt.date, until: dt.date) -> bool:
    """Whether none is blank or outside: then nothing need be cut, and nothing copied."""
    if dates.null_count or not len(dates):
        return False
    seen = pc.min_max(dates).as_py()
    return bool(seen["min"] >= since and seen["max"] <= until)


def tidy(rows: pa.Table) -> pa.Table:
    """The same rows in one chunk a column, dictionaries holding what is used: equal is equal."""
    columns = [one_chunk(column) for column in rows.columns]
    in_order = [
        codes_in_order(values) if pa.types.is_dictionary(values.type) else values
        for values in columns
    ]
    return pa.table(in_order, schema=rows.schema)


def _order(contract: Table) -> list[str]:
    key = list(contract.key)
    return [contract.dated, *(n for n in key if n != contract.dated)] if contract.dated else key


def _latest(contract: Table, rows: pa.Table) -> pa.Table:
    """The row of the latest delivery of each key."""
    if not rows.num_rows:
        return rows
    keys = packed([sortable(rows.column(name)) for name in contract.key])
    order = np.lexsort((rows.column("delivery").to_numpy(), keys))
    ordered = keys[order]
    last = np.append(ordered[1:] != ordered[:-1], True)
    return rows if last.all() else rows.take(pa.array(np.sort(order[last])))


def _is_current(contract: Table, upto: int | None) -> ColumnElement[bool]:
    """No later delivery, up to that one, has a row of this key; the site of an order line is not in
    it."""
    table = FEED_TABLES[contract.name]
    later, own, other = table.alias(), series.alias(), series.alias()
    same = [later.c[name] == table.c[name] for name in stored_key(contract) if name != "series"]
    query = (
        select(later.c.delivery)
        .join(other, other.c.id == later.c.series)
        .join(own, own.c.sku == other.c.sku)
        .where(*same, own.c.id == table.c.series, later.c.delivery > table.c.delivery)
    )
    if upto is not None:
        query = query.where(later.c.delivery <= upto)
    return ~query.correlate(table).exists()
