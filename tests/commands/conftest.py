"""`vigistock …` in this process, as Typer runs it, on a workspace of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from api.commands import app
from tests.api.published import workspace_in


class Answer:
    """Exit code and streams of one invocation."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> dict:  # type: ignore[type-arg]
        """The one object on standard output; anything beside it is a failure."""
        return orjson.loads(self.out)


Vigistock = Callable[..., Answer]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "w"


@pytest.fixture
def vigistock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Vigistock:
    monkeypatch.setenv("VIGISTOCK_WORKSPACE", str(folder))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object, input: str | None = None) -> Answer:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=input)
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def ready(vigistock: Vigistock, folder: Path) -> Vigistock:
    """On a workspace as `init` makes it."""
    workspace_in(folder)
    return vigistock
