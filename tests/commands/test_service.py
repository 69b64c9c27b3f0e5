"""`vigistock serve` as a process of its own, started and stopped as an administrator would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.api.published import publish, workspace_in
from tests.commands.conftest import Vigistock

REPOSITORY = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answering(process: subprocess.Popen[str], url: str) -> httpx.Response:
    for _ in range(600):
        assert process.poll() is None, process.communicate()
        try:
            return httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} never answered")


@pytest.mark.parametrize(
    ("stop", "workers"),
    [(signal.SIGTERM, 1), (signal.SIGINT, 2)],
    ids=["terminate", "Ctrl-C on two workers"],
)
def test_it_serves_says_that_it_is_open_and_stops_gracefully(
    folder: Path, stop: signal.Signals, workers: int
) -> None:
    publish(workspace_in(folder))
    port = free_port()
    program = "from api.commands import main; main()"
    arguments = ["--workspace", str(folder), "serve", "--port", str(port)]
    arguments += ["--workers", str(workers)]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )
    try:
        response = answering(process, f"http://127.0.0.1:{port}/v1/warnings")
        assert response.json()["count"] == 3
        process.send_signal(stop)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert f"http://127.0.0.1:{port}/" in out
    assert "no API key" in out
    assert "Traceback" not in err
    assert process.returncode in (0, 130, -stop)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::", "erp.example.com"])
def test_without_keys_only_this_machine_is_served(ready: Vigistock, host: str) -> None:
    answer = ready("serve", "--host", host)
    assert answer.code == 4
    assert host in answer.err
    assert "API key" in answer.err


def test_a_taken_port_is_named(ready: Vigistock) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        answer = ready("serve", "--port", one.getsockname()[1])
    assert answer.code == 1
    assert "--port" in answer.err
