"""A real MLflow store for each test; a small warehouse by month, trained once for all to copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecasting.calendar import Frequency
from forecasting.options import Options
from models.pipelines.train import train
from models.workspace import Workspace
from tests.models.test_pipelines import ITEMS, OCTOBER, deliver, opened
from tests.once import copy_of, once

MONTHLY = Options(frequency=Frequency.MONTH, paths=50)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """34 months of four items at two sites after their first training; nobody changes it."""

    def make(folder: Path) -> None:
        workspace = Workspace(folder, MONTHLY)
        with opened(workspace) as record:
            deliver(record, 0, 34, ITEMS)
        train(workspace, OCTOBER)

    return Workspace(once(tmp_path_factory, "trained", make), MONTHLY)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A monthly workspace on SQLite, its record without tables yet."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return Workspace(folder, MONTHLY)


@pytest.fixture
def trained(trained_once: Workspace, tmp_path: Path) -> Workspace:
    return copy_of(trained_once, tmp_path / "trained")
