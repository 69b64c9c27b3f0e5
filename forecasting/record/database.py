"""The one place that knows how SQLite and PostgreSQL are opened, read at one moment and written.

SQLite: WAL with full sync (a commit survives a power cut), foreign keys on, and writers that take
their lock at once and wait at most `BUSY_SECONDS` for it. Readers never wait for writers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError

from forecasting.errors import BadSetting, Refused

BUSY_SECONDS: Final = 60
"""Ten times the longest transaction that a delivery of a million rows needs."""

WRITES: Final = "vigistock_writes"
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",  # KiB
)


def connect(url: str, *, schema: str = "") -> Engine:
    """An engine on a SQLite file or a PostgreSQL database; `schema` is for PostgreSQL only."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url)
    if parsed.get_backend_name() != "postgresql":
        raise BadSetting(
            "database", parsed.render_as_string(), "a sqlite:/// or postgresql:// URL", "the URL"
        )
    options = [str(parsed.query.get("options", "")), f"-c lock_timeout={BUSY_SECONDS}s"]
    options += ["-c timezone=UTC", f"-c search_path={schema}" if schema else ""]
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        connect_args={"options": " ".join(options)},
        pool_pre_ping=True,
        hide_parameters=True,  # an error in a log shows no row
    )


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not at the first INSERT
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it was at one moment, whatever is committed since."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine, *, alone: str = "") -> Iterator[Connection]:
    """One transaction, committed at the end of the block, rolled back if it raises.

    On SQLite there is one writer at a time; on PostgreSQL writers that name the same table in
    `alone` follow each other, while readers go on. Raises Refused after `BUSY_SECONDS` of waiting.
    """
    with engine.connect() as connection:
        connection = connection.execution_options(**{WRITES: True})
        try:
            transaction = connection.begin()
            if alone and engine.dialect.name == "postgresql":
                connection.execute(text(f'LOCK TABLE "{alone}" IN SHARE ROW EXCLUSIVE MODE'))
        except OperationalError as error:
            if _is_busy(error):
                raise Refused(
                    f"Another process has been writing to the record for {BUSY_SECONDS} s.",
                    next_step="Try again when it is done.",
                ) from error
            raise
        with transaction:
            yield connection


def _is_busy(error: OperationalError) -> bool:
    return any(words in str(error.orig) for words in ("database is locked", "lock timeout"))
