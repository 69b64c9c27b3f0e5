"""Kills (-9) the service while ERPs push to it, at random moments, and counts what is lost.

    python -m benchmarks.kill_push [--times 100] [--clients 4]

`vigistock serve` runs in a process group of its own; clients push small deliveries one after the
other, each under a key of its own, and note what was acknowledged. The whole group is killed, the
service started again, and what had no answer is sent again under its old key. In the end every
acknowledged delivery must be in the record with all its rows, once, and every key must answer as it
did. The control acknowledges what it has received and takes it in afterwards: it loses, which
proves that the kills hit.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import BackgroundTasks, FastAPI, Header, Request

from api.workspaces import init_workspace
from forecasting.record import Record
from models.workspace import Workspace

ROWS: Final = 50  # of a delivery
LONGEST_SECONDS: Final = 1.0  # from the first acknowledgement to the kill
PATIENCE_SECONDS: Final = 60.0
FOLDER: Final = "VIGISTOCK_WORKSPACE"


@dataclass
class Tally:
    """What came of the kills."""

    kills: int = 0
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # key -> receipt
    unanswered: int = 0  # pushes that a kill left without an answer, sent again later
    found_done: int = 0  # of which the first attempt had come through after all
    lost: int = 0  # acknowledged and not there, whole, once
    other_answers: int = 0  # keys that answered otherwise later

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {len(self.answers)} pushes acknowledged: {self.lost} lost; "
            f"{self.unanswered} cut off and sent again, {self.found_done} of them had come "
            f"through; {self.other_answers} keys answered otherwise later"
        )


def body_of(key: str) -> str:
    """Fifty rows of a site of its own: they are easy to count."""
    day = "2026-11-20"
    return "date,site,sku,units\n" + "".join(f"{day},{key},SKU-{n},{n}\n" for n in range(ROWS))


class Service:
    """One run of the service, in a process group of its own."""

    def __init__(self, command: Sequence[str], workspace: Workspace) -> None:
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            self.port = door.getsockname()[1]
        self._process = subprocess.Popen(
            [part.replace("PORT", str(self.port)) for part in command],
            env=os.environ | {FOLDER: str(workspace.folder)},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/health/live").status_code == 200:
                    return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError("the service did not start")

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def push(client: httpx.Client, key: str) -> dict[str, Any] | None:
    """The receipt; None where no answer came."""
    headers = {"Idempotency-Key": key, "Content-Type": "text/csv"}
    try:
        told = client.post("/v1/feeds/sales", content=body_of(key), headers=headers)
    except httpx.HTTPError:
        return None
    if told.status_code == 503:  # another writer had the record for too long
        return None
    assert told.status_code == 201, told.text
    receipt: dict[str, Any] = told.json()
    return receipt


def push_on(url: str, name: str, waiting: list[str], answers: dict[str, dict[str, Any]]) -> None:
    """A client: what waits from before, then new deliveries, until the service is gone."""
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
        number = 0
        while True:
            key = waiting[0] if waiting else f"{name}-{number}"
            if not waiting:
                waiting.append(key)
                number += 1
            receipt = push(client, key)
            if receipt is None:
                return
            answers[key] = receipt
            waiting.pop(0)


def stress(command: Sequence[str], workspace: Workspace, times: int, clients: int) -> Tally:
    tally, luck = Tally(), random.Random(1)
    waiting: list[list[str]] = [[] for _ in range(clients)]
    for round_number in range(times):
        service = Service(command, workspace)
        before = set(tally.answers)
        cut_off = [key for keys in waiting for key in keys]
        with Record.open(workspace.database_url) as record:
            there = set(record.series()["site"])
        tally.unanswered += len(cut_off)
        tally.found_done += sum(key in there for key in cut_off)
        crowd = [
            threading.Thread(
                target=push_on,
                args=(service.url, f"K{round_number}-{n}", waiting[n], tally.answers),
            )
            for n in range(clients)
        ]
        for one in crowd:
            one.start()
        end = time.monotonic() + PATIENCE_SECONDS
        while set(tally.answers) == before and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(luck.uniform(0.0, LONGEST_SECONDS))
        service.kill()
        tally.kills += 1
        for one in crowd:
            one.join()
    _judge(command, workspace, tally)
    return tally


def _judge(command: Sequence[str], workspace: Workspace, tally: Tally) -> None:
    service = Service(command, workspace)
    try:
        with Record.open(workspace.database_url) as record:
            sales = record.rows("sales").to_pandas()
            kept = set(record.deliveries(limit=10**6)["number"])
        rows = sales["site"].astype(str).value_counts()
        with httpx.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client:
            for key, receipt in tally.answers.items():
                whole = rows.get(key, 0) == ROWS and receipt["delivery"] in kept
                tally.lost += not whole
                if whole:
                    tally.other_answers += push(client, key) != receipt
    finally:
        service.kill()


def careless() -> FastAPI:
    """The control: acknowledges what it has received, and takes it in when there is time."""
    import datetime as dt

    from api.workspaces import folder_of, read_workspace
    from forecasting.feeds import load_profile, read

    workspace = read_workspace(folder_of(None)).workspace
    app, numbers = FastAPI(), iter(range(1, 10**9))

    def keep(body: bytes) -> None:
        with Record.open(workspace.database_url) as record:
            reading = read(body, "sales", load_profile("generic"), name="push.csv")
            record.deliver(reading, received_at=dt.datetime.now(dt.UTC))

    @app.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/feeds/sales", status_code=201)
    async def sales(
        request: Request, later: BackgroundTasks, idempotency_key: str = Header()
    ) -> dict[str, Any]:
        later.add_task(keep, await request.body())
        return {"delivery": next(numbers), "key": idempotency_key}

    return app


COMMANDS: Final = {
    "service": [
        sys.executable,
        "-c",
        "import api.commands as c; c.main()",
        "serve",
        "--port",
        "PORT",
    ],
    "control": [
        *(sys.executable, "-m", "uvicorn", "--factory", "benchmarks.kill_push:careless"),
        *("--port", "PORT", "--log-level", "critical"),
    ],
}


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_push")
    parser.add_argument("--times", type=int, default=100, help="kills")
    parser.add_argument("--clients", type=int, default=4)
    chosen = parser.parse_args(given)
    kept = True
    for name, command in COMMANDS.items():
        times = chosen.times if name == "service" else min(chosen.times, 10)
        with tempfile.TemporaryDirectory() as folder:
            workspace = init_workspace(Path(folder) / "w", frequency="D", database=None)
            tally = stress(command, workspace, times, chosen.clients)
        print(f"{name}: {tally}", flush=True)
        if name == "service":
            kept = tally.lost == 0 and tally.other_answers == 0
        elif not tally.lost:
            print("the control lost nothing: the kills prove nothing")
            kept = False
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
