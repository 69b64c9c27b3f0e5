"""A published company, its two buyers, and the settings of a workspace that may speak."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.workspace import Workspace
from tests.api.published import publish, workspace_in
from tests.commands.conftest import Vigistock, vigistock

__all__ = ["Vigistock", "vigistock"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the workspace that `vigistock` works in."""
    return tmp_path / "w"


@pytest.fixture
def company(folder: Path) -> Workspace:
    """C. Morel buys coffee (two warnings), A. Benali tea (one series out)."""
    workspace = workspace_in(folder)
    publish(workspace)
    return workspace


@pytest.fixture
def say(company: Workspace) -> Callable[..., None]:
    """Adds lines to the workspace's settings."""

    def add(**settings: Any) -> None:
        with (company.folder / "vigistock.toml").open("a", encoding="utf-8") as file:
            for key, value in settings.items():
                text = "true" if value is True else value if key == "mail_to" else repr(value)
                file.write(f"{key} = {text}\n")

    return add
