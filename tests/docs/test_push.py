"""The ERP's push of docs/api.md, run as it stands over a line that breaks."""

from __future__ import annotations

import itertools
import re
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from api import jobs
from forecasting.record import Record
from models.workspace import Workspace
from tests.api.published import workspace_in
from tests.api.serving import serving
from tests.docs.generated import DOCS

SALES = "date,site,sku,units\n2026-11-20,LYON,1,4\n2026-11-31,LYON,1,2\n2026-11-21,LYON,1,3\n"
STOCK = "date,site,sku,on_hand\n2026-11-21,LYON,1,40\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_in(tmp_path / "w")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every second request reaches the service, and its answer nobody."""
    cut: list[str] = []
    count, opened = itertools.count(), urllib.request.urlopen

    def urlopen(request: urllib.request.Request, **more: Any) -> Any:
        answer = opened(request, **more)
        if next(count) % 2 == 0:
            cut.append(request.full_url)
            answer.read()
            raise ConnectionResetError
        return answer

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    return cut


def program(address: str) -> str:
    chapter = (DOCS / "api.md").read_text(encoding="utf-8").partition("## An ERP's daily push")[2]
    (text, *_) = re.findall(r"```python\n(.*?)```", chapter, re.DOTALL)
    service = 'SERVICE = "http://127.0.0.1:8000"'
    assert service in text
    return str(text).replace(service, f'SERVICE = "{address}"')


def test_each_file_has_one_effect_over_a_line_that_breaks(
    workspace: Workspace,
    broken: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    started: list[int] = []
    monkeypatch.setattr(jobs, "_start", lambda _workspace, number: started.append(number))
    monkeypatch.chdir(tmp_path)
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    (outbox / "sales.csv").write_text(SALES)
    (outbox / "stock.csv").write_text(STOCK)
    with serving(workspace) as client:
        code = compile(program(str(client.base_url).rstrip("/")), "docs/api.md", "exec")
        for _ in range(2):  # whoever runs it twice changes nothing
            exec(code, {"__name__": "__main__"})
    said = capsys.readouterr().out.splitlines()
    assert said[: len(said) // 2] == [
        "sales.csv: 2 of 3 rows taken",
        "  line 3, date: '2026-11-31' is not a date written YYYY-MM-DD: there is no such day",
        "stock.csv: 1 of 1 rows taken",
        "job 1: queued",
    ]
    assert len(broken) >= 4
    assert started == [1]
    with Record.open(workspace.database_url) as record:
        assert sorted(record.deliveries()["feed"]) == ["sales", "stock"]
        assert record.rows("sales").num_rows == 2
