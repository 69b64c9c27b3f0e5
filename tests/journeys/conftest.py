"""One small company, built once, and trained once for all that ask what changes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from api.demo import build_company
from forecasting.feeds import load_profile, read
from forecasting.feeds.reading import Reading
from forecasting.options import Options
from models.workspace import Workspace
from tests.journeys.company import (
    Outcome,
    Rooms,
    deliver,
    feeds_of,
    outcome_of,
    readings_of,
    trained,
)
from tests.once import once

OPTIONS = Options(paths=60)


@pytest.fixture(scope="session")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    return Rooms(tmp_path_factory.mktemp("rooms"))


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Reading]:
    """A warehouse and two stores, ten items, 150 days, as its ERP exports them."""
    files = build_company(
        tmp_path_factory.mktemp("exports"),
        seed=3,
        end=dt.date(2026, 11, 22),
        days=150,
        sites=2,
        items=10,
    )
    return [read(file.path, file.feed, load_profile(file.profile)) for file in files.files]


@pytest.fixture(scope="session")
def feeds(exports: list[Reading]) -> dict[str, pa.Table]:
    return feeds_of(exports)


@pytest.fixture(scope="session")
def usual(
    tmp_path_factory: pytest.TempPathFactory, feeds: dict[str, pa.Table]
) -> tuple[Workspace, Outcome]:
    """The workspace trained on the company as it is, as of three weeks before its end; nobody
    changes it."""

    def make(folder: Path) -> None:
        workspace = Rooms(folder).furnish("usual", OPTIONS)
        deliver(workspace, readings_of(feeds))
        trained(workspace)

    workspace = Workspace(once(tmp_path_factory, "journeys", make) / "usual", OPTIONS)
    return workspace, outcome_of(workspace)
