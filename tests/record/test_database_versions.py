"""A database is made, migrated, backed up or refused when it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from api import database
from forecasting.errors import BadSetting, Refused
from forecasting.record import Record
from forecasting.record import database as engines
from tests.record.readings_by_hand import NOON, batch_of, reading_of, sale


@pytest.fixture(autouse=True)
def migrated_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "upgrade", database.upgrade.__wrapped__)


def set_version(url: str, version: str) -> None:
    engine = engines.connect(url)
    with engines.writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    engine.dispose()


def test_migrations_make_the_tables_that_the_code_declares(database_url: str) -> None:
    database.upgrade(database_url)

    engine = engines.connect(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, database.all_tables()) == []
    engine.dispose()


def test_migrations_and_create_all_make_the_same_keys(database_url: str, tmp_path: Path) -> None:
    """What Alembic does not compare: primary keys, and defaults."""
    database.upgrade(database_url)
    migrated = engines.connect(database_url)
    declared = engines.connect(f"sqlite:///{tmp_path / 'declared.db'}")
    database.all_tables().create_all(declared)
    for table in database.all_tables().tables:
        keys = [_key(engine, table) for engine in (migrated, declared)]
        assert keys[0] == keys[1], table
        blanks = [_columns_with_default(engine, table) for engine in (migrated, declared)]
        assert blanks[0] == blanks[1], table
    migrated.dispose()
    declared.dispose()


def _key(engine: Engine, table: str) -> list[str]:
    return inspect(engine).get_pk_constraint(table)["constrained_columns"]


def _columns_with_default(engine: Engine, table: str) -> set[str]:
    serial = "nextval("
    return {
        column["name"]
        for column in inspect(engine).get_columns(table)
        if column["default"] is not None and serial not in column["default"]
    }


def test_a_fresh_database_is_made_and_works(database_url: str) -> None:
    assert database.version(database_url) == ""
    assert database.upgrade(database_url) == database.newest()
    assert database.version(database_url) == database.newest()
    assert database.upgrade(database_url) == database.newest()

    record = Record.open(database_url)
    record.deliver(reading_of(batch_of("sales", sale("03-01", "TEA", 1))), received_at=NOON)
    assert record.rows("sales").num_rows == 1
    record.close()


def test_asking_the_version_of_no_file_makes_none(tmp_path: Path) -> None:
    assert database.version(f"sqlite:///{tmp_path / 'none.db'}") == ""
    assert list(tmp_path.iterdir()) == []


def test_a_newer_database_is_refused_and_left_alone(database_url: str) -> None:
    database.upgrade(database_url)
    set_version(database_url, "9999")

    with pytest.raises(Refused, match="version 9999; this Vigistock knows up to"):
        database.upgrade(database_url)
    assert database.version(database_url) == "9999"


def test_two_that_open_an_older_file_at_once_keep_it_as_it_was(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.upgrade(sqlite_url)
    before = database.version(sqlite_url)
    folder = with_one_more_migration(tmp_path, "op.execute('CREATE TABLE added (one INTEGER)')")
    monkeypatch.setattr(database, "MIGRATIONS", folder)
    copy = database.copy_sqlite
    other = Thread(target=database.upgrade, args=(sqlite_url,))

    def interrupted(source: Path, target: Path) -> None:
        monkeypatch.setattr(database, "copy_sqlite", copy)
        other.start()
        other.join(1.0)  # done by then, if nothing keeps it from it
        copy(source, target)

    monkeypatch.setattr(database, "copy_sqlite", interrupted)
    assert database.upgrade(sqlite_url) == "9000"
    other.join()
    assert database.version(sqlite_url) == "9000"
    assert database.version(f"sqlite:///{tmp_path / f'record.db.bak-{before}'}") == before


def test_an_older_sqlite_file_is_copied_before_it_is_migrated(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.upgrade(sqlite_url)
    record = Record.open(sqlite_url)
    record.deliver(reading_of(batch_of("sales", sale("03-01", "TEA", 1))), received_at=NOON)
    folder = with_one_more_migration(tmp_path, "op.execute('CREATE TABLE added (one INTEGER)')")
    monkeypatch.setattr(database, "MIGRATIONS", folder)

    before = database.version(sqlite_url)  # while the record is open, its rows still in the WAL
    assert database.upgrade(sqlite_url) == "9000"
    record.close()

    backup = tmp_path / f"record.db.bak-{before}"
    with sqlite3.connect(backup) as old:
        assert old.execute("SELECT count(*) FROM sales").fetchone() == (1,)
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == (before,)
        tables = {name for (name,) in old.execute("SELECT name FROM sqlite_master")}
    old.close()
    assert "added" not in tables
    assert database.version(sqlite_url) == "9000"


def test_a_migration_that_fails_changes_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.upgrade(database_url)
    before = database.version(database_url)
    half = (
        "op.execute('CREATE TABLE half (one INTEGER)'); op.execute('SELECT nothing FROM nowhere')"
    )
    monkeypatch.setattr(database, "MIGRATIONS", with_one_more_migration(tmp_path, half))

    with pytest.raises(Exception, match="nowhere"):
        database.upgrade(database_url)

    assert database.version(database_url) == before
    engine = engines.connect(database_url)
    assert not inspect(engine).has_table("half")
    engine.dispose()


def with_one_more_migration(tmp_path: Path, does: str) -> Path:
    """A copy of the migrations and, after the newest, one that `does` something."""
    copy = tmp_path / "migrations"
    (copy / "versions").mkdir(parents=True)
    for path in database.MIGRATIONS.glob("*.*"):
        (copy / path.name).write_text(path.read_text())
    for path in (database.MIGRATIONS / "versions").glob("*.py"):
        (copy / "versions" / path.name).write_text(path.read_text())
    (copy / "versions" / "9000_more.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision = '9000', {database.newest()!r}\n"
        f"def upgrade():\n    {does}\n"
    )
    return copy


def test_a_schema_of_its_own_is_made_on_postgresql(postgres_url: str) -> None:
    database.upgrade(postgres_url, schema="vigistock_own")
    try:
        record = Record.open(postgres_url, schema="vigistock_own")
        record.deliver(reading_of(batch_of("sales", sale("03-01", "TEA", 1))), received_at=NOON)
        tables = inspect(record.engine).get_table_names(schema="vigistock_own")
        assert {"sales", "deliveries", "alembic_version"} <= set(tables)
        assert record.rows("sales").num_rows == 1
        record.close()
        assert database.version(postgres_url) == ""
    finally:
        engine = engines.connect(postgres_url)
        with engines.writing(engine) as connection:
            connection.execute(text("DROP SCHEMA vigistock_own CASCADE"))
        engine.dispose()


def test_another_kind_of_database_is_named() -> None:
    with pytest.raises(BadSetting, match="must be a sqlite:/// or postgresql:// URL"):
        Record.open("mysql://somewhere/db")
