"""A real MLflow store for each test; its tables, which take seconds, are made once a session."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forecasting.calendar import Frequency
from forecasting.options import Options
from models.workspace import Workspace


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an MLflow store with its tables and nothing in it."""
    from models.tracking import Tracking

    folder = tmp_path_factory.mktemp("mlflow")
    workspace = Workspace(folder, Options())
    with Tracking(workspace).client():
        pass
    return folder / "mlflow.db"


@pytest.fixture
def workspace(tmp_path: Path, empty_store: Path) -> Workspace:
    """A monthly workspace on SQLite, its record without tables yet."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    return Workspace(folder, Options(frequency=Frequency.MONTH, paths=50))
