"""The tables of the record, made from the contracts of the feeds: one SQL table a feed.

`metadata` is the one MetaData of the house: the upper floors declare their own tables on it.

How a row is kept:
- Append-only. The primary key is the feed's key and `delivery`; the current row of a key is the
  one of its latest delivery. Nothing is updated, nothing deleted.
- Site and sku, where a feed always has both, are one integer, `series`. Codes live outside.
- A date is the number of days since 1970-01-01, the same on every database; a blank date in a key
  is `NO_DAY`. Blank text is '', a blank number NULL.
- Rows hold no foreign keys: one function writes them (`Record.deliver`), in the transaction that
  writes what they point to, and a check for each of a million rows costs more than the insert.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.types import JSON

from forecasting import tables as contracts
from forecasting.tables import Kind

NO_DAY: Final = -719_162
"""0001-01-01: stands for a blank date in a key, before any business date."""

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An instant: aware going in, UTC coming out, on databases without time zones too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; instants are UTC")
        value = value.astimezone(dt.UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


CODE: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared byte by byte, on both databases, whatever the server's language."""

deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("feed", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("read", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("units_read", Double),
    Column("units_accepted", Double),
    Column("units_rejected", Double),
    Column("units_duplicates", Double),
    Column("notes", JSON, nullable=False),
    UniqueConstraint("digest"),
)

batches: Final = Table(
    "batches",
    metadata,
    Column("delivery", Integer, ForeignKey("deliveries.number"), primary_key=True),
    Column("batch", Integer, primary_key=True),
    Column("feed", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("filled", JSON, nullable=False),  # the columns with a value in at least one row
    Index(None, "feed"),
)

touched: Final = Table(
    "touched",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("delivery", Integer, ForeignKey("deliveries.number"), primary_key=True),
    Column("month", Integer, primary_key=True),  # since January 1970
    Column("rows", Integer, nullable=False),  # 0: a row was corrected away into another month
)

rejects: Final = Table(
    "rejects",
    metadata,
    Column("delivery", Integer, ForeignKey("deliveries.number"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("line", Integer),
    Column("column", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("key", Text, nullable=False, server_default=""),  # JSON: what of it could be read
    Column("settled_by", Integer),  # the later delivery that brought the row again
)

series: Final = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("site", CODE, nullable=False),
    Column("sku", CODE, nullable=False),
    UniqueConstraint("site", "sku"),
)

complete_stock: Final = Table(
    "complete_stock",
    metadata,
    Column("site", CODE, primary_key=True),
    Column("date", Integer, primary_key=True),
    Column("delivery", Integer, ForeignKey("deliveries.number"), primary_key=True),
)


def stored_names(feed: contracts.Table) -> list[str]:
    """The feed's columns as stored: `series` for site and sku where every row has both."""
    if not feed.by_series:
        return feed.names
    return ["series", *(name for name in feed.names if name not in ("site", "sku"))]


def stored_key(feed: contracts.Table) -> list[str]:
    """The key as stored; a date in it comes first, so that a day's delivery appends."""
    names = list(feed.key)
    if feed.by_series:
        names = ["series" if name == "sku" else name for name in names if name != "site"]
    return sorted(names, key=lambda name: name != feed.dated)


def _stored(feed: contracts.Table, name: str) -> Column[Any]:
    keyed = name in stored_key(feed)
    if name == "series":
        return Column(name, Integer, primary_key=True)
    column = feed.by_name[name]
    if column.kind is Kind.NUMBER:
        return Column(name, Double, nullable=not column.required)
    if column.kind is Kind.DATE:
        return Column(
            name,
            Integer,
            primary_key=keyed,
            nullable=not (column.required or keyed),
            server_default=str(NO_DAY) if keyed and not column.required else None,
        )
    blank = None if column.required else ""
    return Column(name, CODE, primary_key=keyed, nullable=False, server_default=blank)


def _table(feed: contracts.Table) -> Table:
    key = stored_key(feed)
    rest = [name for name in stored_names(feed) if name not in key]
    return Table(
        feed.name,
        metadata,
        *(_stored(feed, name) for name in key),
        Column("delivery", Integer, primary_key=True),
        *(_stored(feed, name) for name in rest),
        sqlite_with_rowid=False,
    )


FEED_TABLES: Final[dict[str, Table]] = {
    name: _table(feed) for name, feed in contracts.FEEDS.items()
}
