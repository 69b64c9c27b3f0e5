"""The ERP's pull of docs/api.md, run as it stands against a service whose connections break."""

from __future__ import annotations

import http.client
import itertools
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from models.workspace import Workspace
from tests.api.published import SERIES, publish, workspace_in
from tests.api.serving import serving
from tests.api.test_forecasts import read_csv
from tests.docs.generated import DOCS

ROWS = len(SERIES) * 13


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = workspace_in(tmp_path / "w")
    publish(made, as_of="2026-11-15")
    return made


@pytest.fixture
def client(workspace: Workspace) -> Iterator[Client]:
    with serving(workspace) as client:
        yield client


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of three pieces that a client reads, the third is a broken connection."""
    told: list[int] = []
    count, read = itertools.count(1), http.client.HTTPResponse.read1

    def read1(self: http.client.HTTPResponse, most: int = -1) -> bytes:
        if next(count) % 3 == 0:
            told.append(1)
            raise ConnectionResetError
        return read(self, min(most, 500))

    monkeypatch.setattr(http.client.HTTPResponse, "read1", read1)
    return told


def program(client: Client) -> str:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    chapter = page.partition("## An ERP's weekly pull")[2]
    (text,) = re.findall(r"```python\n(.*?)```", chapter, re.DOTALL)
    address = 'SERVICE = "http://127.0.0.1:8000"'
    assert address in text
    return str(text).replace(address, f'SERVICE = "{str(client.base_url).rstrip("/")}"')


def test_it_holds_what_is_served_week_after_week(
    workspace: Workspace,
    client: Client,
    broken: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = compile(program(client), "docs/api.md", "exec")

    def run() -> dict[str, Any]:
        exec(code, {"__name__": "__main__"})
        held: dict[str, Any] = json.loads(Path("forecasts.json").read_text())
        return held

    def served(number: int) -> list[dict[str, str]]:
        address = f"/v1/forecasts?publication={number}&grain=week&quantiles=q050,q500,q950"
        return read_csv(client.get(address, headers={"Accept": "text/csv"}).text)

    assert list(run()["rows"].values()) == served(1)
    publish(workspace, as_of="2026-11-22", mean=2.5)
    deadline = time.monotonic() + 30
    while client.get("/health/ready").json()["publication"] == 1:  # it looks once a second
        assert time.monotonic() < deadline
        time.sleep(0.1)
    held = run()
    assert held["publication"] == 2
    assert sorted(held["rows"].values(), key=str) == sorted(served(2), key=str)
    assert run() == held
    assert len(broken) > 5
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"publication 1: {ROWS} rows, received whole: True",
        f"publication 2: {len(SERIES) * 14} rows, received whole: True",
    ]
    receipts = client.get("/v1/publications/2").json()["receipts"]
    assert [(one["holder"], one["changed_since"], one["matches"]) for one in receipts] == [
        ("ERP", 1, True)
    ]
