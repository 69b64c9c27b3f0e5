"""The real application on a small, really published company, over real HTTP requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from models.workspace import Workspace
from tests.api.published import publish, workspace_in
from tests.api.serving import serving


@pytest.fixture(scope="package")
def company(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Published once; tests of this fixture do not change it."""
    workspace = workspace_in(tmp_path_factory.mktemp("company") / "w")
    publish(workspace)
    return workspace


@pytest.fixture(scope="package")
def client(company: Workspace) -> Iterator[httpx.Client]:
    with serving(company) as client:
        yield client


@pytest.fixture
def own_workspace(tmp_path: Path) -> Workspace:
    """Initialised, nothing published."""
    return workspace_in(tmp_path / "w")
