"""Brings an older database up to date, and refuses a newer one.

Migrations are the numbered files of `api/migrations/versions`. A SQLite file is copied to
`<file>.bak-<version>` before it is migrated; a PostgreSQL database is the administrator's to back
up. A migration is one transaction: it happens whole or not at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, MetaData, func, inspect, make_url, select, text
from sqlalchemy.schema import CreateSchema

from forecasting.errors import Refused
from forecasting.record import database

MIGRATIONS: Final = Path(__file__).parent / "migrations"
LOCK: Final = 7_220_460  # any number of our own: one migration at a time on a PostgreSQL database


def newest() -> str:
    """The version that this code works with.

    >>> newest() >= "0001"
    True
    """
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def version(url: str, *, schema: str = "") -> str:
    """The version of a database; "" where it has none of our tables yet."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return ""
    engine = database.connect(url, schema=schema)
    try:
        with database.reading(engine) as connection:
            return _version(connection)
    finally:
        engine.dispose()


def upgrade(url: str, *, schema: str = "") -> str:
    """Brings a database to `newest()`, from nothing or from any older version, and returns that.

    Raises Refused for a database that a newer Vigistock has migrated.
    """
    current = version(url, schema=schema)
    if current == newest():
        return current
    _refuse_newer(current, url)
    path = sqlite_path(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    if path is None and schema:
        with _alone(url, schema) as connection:
            connection.execute(CreateSchema(schema, if_not_exists=True))
    with _alone(url, schema) as connection:
        current = _version(connection)  # another process may have been quicker
        if path is not None and current not in ("", newest()):
            _back_up(path, path.with_name(f"{path.name}.bak-{current}"))
        _migrate(connection)
    return newest()


def all_tables() -> MetaData:
    """The MetaData of the house with the tables of every floor declared on it."""
    import api.tables  # noqa: F401
    import models.tables  # noqa: F401
    from forecasting.record.schema import metadata

    return metadata


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _refuse_newer(current: str, url: str) -> None:
    if current > newest():
        shown = make_url(url).render_as_string()
        raise Refused(
            f"The database {shown} has version {current}; this Vigistock knows up to {newest()}.",
            next_step="Install the newer Vigistock, or restore a backup made before it.",
            version=current,
            newest=newest(),
        )


@contextmanager
def _alone(url: str, schema: str) -> Iterator[Connection]:
    """One transaction that no other migration of this database runs beside."""
    engine = database.connect(url, schema=schema)
    try:
        with database.writing(engine) as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            yield connection
    finally:
        engine.dispose()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")


def _back_up(source: Path, target: Path) -> None:
    """A consistent copy, even while others write; an earlier backup of this version stays."""
    if target.exists():
        return
    unfinished = target.with_name(f"{target.name}.unfinished")
    copy_sqlite(source, unfinished)
    unfinished.replace(target)


def copy_sqlite(source: Path, target: Path) -> None:
    """The file as it is at one moment, commits in its WAL included; writers go on meanwhile."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; None for any other database."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None
