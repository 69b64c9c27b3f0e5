"""The README's tour, run once for all tests that look at what it leaves behind."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner

from api.commands import app
from tests.docs.generated import DOCS, REPOSITORY


@dataclass
class Tour:
    """What the commands of the README said, and where they worked."""

    folder: Path
    workspace: Path
    said: dict[str, str] = field(default_factory=dict)  # command line -> output
    served: list[Any] = field(default_factory=list)  # applications that `serve` started


def shell_lines(page: str) -> list[str]:
    """Lines of the page's shell blocks, comments cut off."""
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    joined = "".join(blocks).replace("\\\n", " ")
    lines = (line.split(" #")[0].strip() for line in joined.splitlines())
    return [line for line in lines if line]


def tour_of(page: str) -> tuple[dict[str, str], list[list[str]]]:
    """The variables that the page exports, and its `vigistock …` lines as words."""
    lines = [shlex.split(line) for line in shell_lines(page)]
    exported = [word for words in lines if words[0] == "export" for word in words[1:]]
    return (
        dict(pair.split("=", 1) for pair in exported),
        [words[1:] for words in lines if words[0] == "vigistock"],
    )


@pytest.fixture(scope="session")
def readme() -> str:
    return (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def tour(readme: str, tmp_path_factory: pytest.TempPathFactory) -> Tour:
    """Every `vigistock` line of the README, in its order, in one folder; each must succeed."""
    folder = tmp_path_factory.mktemp("tour")
    shutil.copytree(DOCS / "tour", folder / "docs" / "tour")
    variables, commands = tour_of(readme)
    tour = Tour(folder, folder / variables["VIGISTOCK_WORKSPACE"])

    def run_server(server: uvicorn.Server, sockets: Any = None) -> None:
        server.config.load()
        tour.served.append(server.config.loaded_app)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(uvicorn.Server, "run", run_server)
        for name, value in {**variables, "NO_COLOR": "1", "COLUMNS": "100"}.items():
            patch.setenv(name, value)
        for words in commands:
            free = ["--port", str(free_port())] if words[0] == "serve" else []
            answer = CliRunner().invoke(app, [*words, *free])
            line = " ".join(words)
            assert answer.exit_code == 0, f"README: vigistock {line}\n{answer.output}"
            tour.said[line] = answer.stdout
    return tour


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
