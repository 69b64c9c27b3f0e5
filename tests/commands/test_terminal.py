"""Where the lines of a terminal may end."""

from __future__ import annotations

import re

import pytest
from rich.table import Table

from api.commands.terminal import Terminal

SENTENCE = "Appeler\u00a0: lun. 23 nov., 11\u202fh\u00a0; 12\u202f500\u00a0€ de perte évités\u00a0!"
PIECES = SENTENCE.split(" ")


@pytest.fixture(params=[20, 28, 35])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", str(request.param))
    return Terminal()


def _in_a_table(text: str) -> Table:
    table = Table(box=None, expand=True, padding=0)
    table.add_column(text, overflow="fold")
    table.add_row(f"[bold]{text}[/]")
    return table


@pytest.mark.parametrize("shown", [str, _in_a_table], ids=["a line", "a cell and its heading"])
def test_no_line_ends_at_a_no_break_space(
    terminal: Terminal, shown: type[str], capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.print(shown(SENTENCE))
    lines = [line.rstrip(" ") for line in capsys.readouterr().out.splitlines()]
    assert len(lines) > 1
    assert max(map(len, lines)) <= terminal.width
    times = 1 if shown is str else 2
    assert re.findall("[^ ]+", " ".join(lines)) == times * PIECES


def test_what_is_too_long_for_a_line_is_still_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    Terminal().print("12\u202f500\u202f000\u00a0€\u00a0évités")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 10
    assert "".join(lines) == "12\u202f500\u202f000\u00a0€\u00a0évités"
