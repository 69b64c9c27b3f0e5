"""`vigistock serve` as a process of its own, started and stopped as an administrator would."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.api.keyed import bearer, key
from tests.api.published import publish, workspace_in
from tests.commands.conftest import Vigistock

REPOSITORY = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Service:
    """A running `vigistock serve`, and what it said when it has ended."""

    process: subprocess.Popen[str]
    port: int
    out: str = ""
    err: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def first_answer(self) -> httpx.Response:
        for _ in range(600):
            assert self.process.poll() is None, self.process.communicate()
            try:
                return httpx.get(f"{self.url}/v1/warnings", timeout=5)
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"{self.url} never answered")

    def stop(self, how: signal.Signals) -> int:
        """Its exit code."""
        self.process.send_signal(how)
        self.out, self.err = self.process.communicate(timeout=30)
        return int(self.process.returncode)

    def requests(self) -> list[dict[str, object]]:
        """The lines of the log that tell of one each; every line is JSON."""
        lines = [json.loads(line) for line in self.err.splitlines()]
        return [line for line in lines if line["logger"] == "vigistock.access"]


@contextmanager
def started(folder: Path, *arguments: str, **environment: str) -> Iterator[Service]:
    port = free_port()
    program = "from api.commands import main; main()"
    words = ["--workspace", str(folder), "serve", "--port", str(port), *arguments]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **environment},
    )
    try:
        yield Service(process, port)
    finally:
        process.kill()
        process.communicate(timeout=60)


@pytest.mark.parametrize(
    ("stop", "workers"),
    [(signal.SIGTERM, 1), (signal.SIGINT, 2)],
    ids=["terminate", "Ctrl-C on two workers"],
)
def test_it_serves_says_that_it_is_open_and_stops_gracefully(
    folder: Path, stop: signal.Signals, workers: int
) -> None:
    publish(workspace_in(folder))
    with started(folder, "--workers", str(workers)) as service:
        assert service.first_answer().json()["count"] == 3
        code = service.stop(stop)
    assert f"{service.url}/" in service.out
    assert "no API key" in service.out
    assert "Traceback" not in service.err
    assert code in (0, 130, -stop)
    told = {(line["route"], line["status"], line["key"]) for line in service.requests()}
    assert told == {("/v1/warnings", 200, "")}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_loses_no_request(folder: Path, workers: int) -> None:
    """Not ready within a second of SIGTERM, answers until the end of the drain, then the exit."""
    publish(workspace_in(folder))
    # thousands of lines would fill the pipe that nobody reads before the end, and stop the service
    quiet = {"VIGISTOCK_DRAIN_SECONDS": "2", "VIGISTOCK_ACCESS_LOG": "false"}
    with started(folder, "--workers", str(workers), **quiet) as service:
        service.first_answer()
        lost: list[str] = []
        answered: list[int] = []
        halfway = [half_a_request(service.port) for _ in range(4)]
        ended = threading.Event()

        def ask() -> None:
            with httpx.Client(base_url=service.url, timeout=10) as client:
                while not ended.is_set():
                    try:
                        answered.append(client.get("/v1/warnings").status_code)
                    except httpx.ConnectError:
                        return  # refused before it was taken: another instance has it
                    except httpx.TransportError as error:
                        lost.append(repr(error))
                        return

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        service.process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        while httpx.get(f"{service.url}/health/ready").status_code != 503:
            assert time.monotonic() - told < 1, "ready for more than a second"
        assert service.process.poll() is None
        assert all(finish(door).startswith(b"HTTP/1.1 200") for door in halfway)
        service.out, service.err = service.process.communicate(timeout=30)
        assert 1.5 < time.monotonic() - told < 15
        ended.set()
        for thread in threads:
            thread.join()
    assert set(answered) == {200}, service.err[-3000:]
    assert not [error for error in lost if "complete message" in error], "half an answer"
    assert "Traceback" not in service.err


def half_a_request(port: int) -> socket.socket:
    """A request under way: the service has read a part of it."""
    door = socket.create_connection(("127.0.0.1", port))
    door.sendall(b"GET /v1/warnings HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    return door


def finish(door: socket.socket) -> bytes:
    with door:
        door.settimeout(10)
        door.sendall(b"Connection: close\r\n\r\n")
        return b"".join(iter(lambda: door.recv(65536), b""))


def test_with_keys_any_address_is_served_to_those_who_have_one(folder: Path) -> None:
    workspace = workspace_in(folder)
    publish(workspace)
    text = key(workspace, "admin")
    with started(folder, "--host", "0.0.0.0", "--workers", "2") as service:
        assert service.first_answer().status_code == 401
        with httpx.Client(base_url=service.url, headers=bearer(text), timeout=30) as client:
            statuses = []
            for _ in range(20):  # each on a connection of its own, so that both workers answer
                headers = {"Connection": "close"}
                statuses.append(client.get("/v1/warnings", headers=headers).status_code)
            assert statuses == [200] * 20
            total = 'vigistock_requests_total{method="GET",route="/v1/warnings",status="200"} 20.0'
            for _ in range(50):  # an answer is counted when its last byte has gone
                metrics = client.get("/metrics").text
                if total in metrics:
                    break
                time.sleep(0.1)
            assert total in metrics, "the sum of both workers"
            assert "vigistock_publication 1.0" in metrics
            assert client.get("/metrics", headers=bearer("x")).status_code == 401
        service.stop(signal.SIGTERM)
    assert "1 API key can be used" in service.out
    secret = text.split("_", 2)[2]  # may hold the same sign itself
    assert secret not in service.out + service.err
    assert {line["key"] for line in service.requests()} == {"", text.split("_")[1]}


def test_workers_end_with_a_supervisor_that_was_killed(folder: Path) -> None:
    publish(workspace_in(folder))
    with started(folder, "--workers", "2") as service:
        assert service.first_answer().status_code == 200
        service.process.kill()
        service.process.communicate(timeout=30)  # the workers hold these pipes while they live
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{service.url}/health/live", timeout=5)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::", "erp.example.com"])
def test_without_keys_only_this_machine_is_served(ready: Vigistock, host: str) -> None:
    answer = ready("serve", "--host", host)
    assert answer.code == 4
    assert host in answer.err
    assert "API key" in answer.err


def test_a_key_that_opens_nothing_is_as_good_as_none(ready: Vigistock) -> None:
    prefix = ready("keys", "create", "--scope", "planner", "--json").json["prefix"]
    assert ready("keys", "revoke", prefix).code == 0
    answer = ready("serve", "--host", "0.0.0.0")
    assert (answer.code, "no API key can be used" in " ".join(answer.err.split())) == (4, True)


def test_a_taken_port_is_named(ready: Vigistock) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        answer = ready("serve", "--port", one.getsockname()[1])
    assert answer.code == 1
    assert "--port" in answer.err
