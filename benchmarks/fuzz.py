"""Holds the running service against its own OpenAPI document, with schemathesis and all its checks.

    python -m benchmarks.fuzz [--examples 500] [--workspace DIR]

`vigistock serve` runs on a small generated company (or on a workspace of yours: it is written to);
`schemathesis run` asks every operation, in order and out of order, with data that keep the schema
and data that do not, as `schemathesis.toml` says, from a fixed seed. One check is our own: whoever
sends something wrong gets `application/problem+json`. Exit code 1 where anything was found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import schemathesis
import sqlalchemy as sa

from api.demo import build_company
from api.jobs import FAILED, QUEUED, RUNNING
from api.tables import jobs
from api.workspaces import init_workspace, is_workspace, read_workspace
from benchmarks.kill_push import Service
from forecasting.record.database import connect, reading, writing
from models.workspace import Workspace

REPOSITORY: Final = Path(__file__).parents[1]
CONFIG: Final = REPOSITORY / "schemathesis.toml"
PROBLEM: Final = "application/problem+json"
VIGISTOCK: Final = (sys.executable, "-c", "from api.commands import main; main()")
PATIENCE_SECONDS: Final = 120.0
SERVE: Final = (*VIGISTOCK, "serve", "--port", "PORT")


@schemathesis.check
def errors_are_problems(
    _context: schemathesis.CheckContext, response: schemathesis.Response, _case: schemathesis.Case
) -> None:
    """Whatever is not answered says why, for machines."""
    media = str(response.headers.get("content-type", [""])[0]).partition(";")[0]
    if response.status_code >= 400:
        assert media == PROBLEM, f"{response.status_code} as {media!r}"


@dataclass(frozen=True)
class Found:
    """What one run told."""

    operations: int
    selected: int
    cases: int
    failures: Counter[str]  # type -> how often
    seconds: float
    accepted: int  # cases that were answered with what was asked for
    complete: bool

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> Found:
        """From schemathesis's JSON report."""
        failures: Counter[str] = Counter()
        for one in report["failures"]:
            failures[one["type"]] += one["count"]
        rates = [phase for rates in report["valid_rates"].values() for phase in rates.values()]
        return cls(
            operations=report["operations"]["tested"],
            selected=report["operations"]["selected"],
            cases=report["test_cases"]["generated"],
            failures=failures,
            seconds=report["running_time"],
            accepted=sum(phase["accepted"] for phase in rates),
            complete=report["complete"] and not report["errors"],
        )

    @property
    def is_clean(self) -> bool:
        return self.complete and not self.failures and self.operations == self.selected

    def __str__(self) -> str:
        told = dict(self.failures)
        named = {
            "server errors": told.pop("ServerError", 0),
            "undocumented statuses": told.pop("UndefinedStatusCode", 0),
            "non-problem errors": told.pop("CustomFailure", 0) + told.pop("AssertionError", 0),
            **told,
        }
        counts = ", ".join(f"{count} {name}" for name, count in named.items())
        return (
            f"{self.operations} of {self.selected} operations, {self.cases:,} cases in "
            f"{self.seconds:.0f} s, {self.accepted:,} of them answered in full: {counts}"
            + ("" if self.complete else "; the run did not finish")
        )


def small_company(folder: Path) -> Workspace:
    """Two stores and a warehouse, twelve items, half a year: taken in, learned, published."""
    workspace = init_workspace(folder / "w", frequency="D", database=None)
    files = build_company(folder / "files", days=200, sites=2, items=12)
    for file in files.files:
        _vigistock(workspace, "ingest", file.feed, str(file.path), "--profile", file.profile)
    _vigistock(workspace, "train")
    _vigistock(workspace, "scorecard")
    return workspace


def _vigistock(workspace: Workspace, *arguments: str) -> None:
    command = [*VIGISTOCK, "--workspace", str(workspace.folder), *arguments]
    subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)


def end_jobs(workspace: Workspace) -> None:
    """Jobs outlive the service: those that wait are given up, the one that runs may finish."""
    engine = connect(workspace.database_url, schema=workspace.schema)
    running = sa.select(jobs.c.id).where(jobs.c.state == RUNNING)
    with writing(engine) as connection:
        given_up = sa.update(jobs).where(jobs.c.state == QUEUED).values(state=FAILED)
        connection.execute(given_up)
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with reading(engine) as connection:
            if connection.execute(running).first() is None:
                break
        time.sleep(1)
    engine.dispose()


def fuzz(url: str, examples: int, folder: Path) -> Found:
    """Run schemathesis against a running service. `folder`: for its report and cache."""
    report = folder / "report.json"
    program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG)]
    asked = ["run", f"{url}/openapi.json", "--max-examples", str(examples)]
    told = ["--report", "json", "--report-json-path", str(report), "--no-color"]
    done = subprocess.run(
        [*program, *asked, *told, "--continue-on-failure"],
        cwd=folder,
        env=os.environ | {"SCHEMATHESIS_HOOKS": __spec__.name, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    if not report.is_file():
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    found = Found.of(json.loads(report.read_text(encoding="utf-8")))
    if not found.is_clean:
        print(done.stdout)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--examples", type=int, default=500, help="most, an operation and phase")
    parser.add_argument("--workspace", type=Path, help="default: a small generated company")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if asked.workspace and is_workspace(asked.workspace):
            workspace = read_workspace(asked.workspace).workspace
        else:
            workspace = small_company(folder)
        service = Service(SERVE, workspace)
        try:
            found = fuzz(service.url, asked.examples, folder)
        finally:
            service.kill()
            end_jobs(workspace)
    print(found)
    return 0 if found.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
