"""The system of record: what was delivered, kept for good; one transaction a delivery."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Engine

from forecasting.record import database
from forecasting.record.delivery import keep, prepare
from forecasting.record.reader import Reader
from forecasting.record.receipt import Receipt
from forecasting.record.schema import metadata

if TYPE_CHECKING:
    from forecasting.feeds.reading import Reading


class Record:
    """Deliveries and their rows, on SQLite or PostgreSQL. Append-only; the latest delivery wins.

    `with Record.open(url) as record:` closes its connections at the end.
    """

    def __init__(self, engine: Engine, *, upto: int | None = None) -> None:
        self.engine = engine
        self.upto = upto

    def as_known(self, delivery: int) -> Record:
        """The same record as it was after a delivery: later ones are as if they had not come. For
        reading; it shares the connections of this one."""
        return Record(self.engine, upto=delivery)

    @classmethod
    def open(cls, url: str, *, schema: str = "") -> Record:
        """The record at a URL, whose tables exist (`api.database.upgrade` makes them)."""
        return cls(database.connect(url, schema=schema))

    def create(self) -> None:
        """Makes all tables that were imported so far, for tests; installations migrate."""
        with database.writing(self.engine) as connection:
            metadata.create_all(connection)

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """All that is asked of the reader comes from one moment."""
        with database.reading(self.engine) as connection:
            yield Reader(connection, self.upto)

    @contextmanager
    def writing(self, *, alone: str = "") -> Iterator[Connection]:
        """One durable transaction; see `database.writing`."""
        with database.writing(self.engine, alone=alone) as connection:
            yield connection

    def deliver(self, reading: Reading, *, received_at: dt.datetime) -> Receipt:
        """Keeps a reading, whole or not at all; a receipt means that it is safe.

        The same digest again writes nothing and gives the first receipt, `repeated`. Raises
        Refused where another writer never lets go, DeliveryRefused where two rows share a key.
        """
        prepared = prepare(reading)
        with self.writing(alone="deliveries") as connection:
            return keep(connection, reading, prepared, received_at)

    def rows(
        self, feed: str, *, since: dt.date | None = None, until: dt.date | None = None
    ) -> pa.Table:
        """See Reader.rows."""
        with self.reading() as reader:
            return reader.rows(feed, since=since, until=until)

    def complete_stock_dates(self) -> pd.DataFrame:
        """See Reader.complete_stock_dates."""
        with self.reading() as reader:
            return reader.complete_stock_dates()

    def series(self) -> pd.DataFrame:
        """See Reader.series."""
        with self.reading() as reader:
            return reader.series()

    def watermarks(self) -> dict[str, dt.date]:
        """See Reader.watermarks."""
        with self.reading() as reader:
            return reader.watermarks()

    def first_dates(self) -> dict[str, dt.date]:
        """See Reader.first_dates."""
        with self.reading() as reader:
            return reader.first_dates()

    def deliveries(self, limit: int = 50) -> pd.DataFrame:
        """See Reader.deliveries."""
        with self.reading() as reader:
            return reader.deliveries(limit)

    def rejects(self, delivery: int | None = None) -> pd.DataFrame:
        """See Reader.rejects."""
        with self.reading() as reader:
            return reader.rejects(delivery)
