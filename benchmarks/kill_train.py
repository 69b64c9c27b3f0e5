"""Kills (-9) trainings at random moments: the champion stays, the next one resumes, same numbers.

    python -m benchmarks.kill_train [--times 30] [--items 30] [--days 420]

A champion is trained and published. Then, again and again, a challenger with another seed begins,
is killed, and the next training is let come to its end: its files must have the digest of one that
nobody disturbed, and the champion must be the same, whole and served, after every kill.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from api.demo import build_company
from api.workspaces import init_workspace, open_workspace
from forecasting.feeds import load_profile, read
from forecasting.record import Record
from models import bundles
from models.ledger import DEMAND, RISK, Ledger
from models.pipelines.train import train
from models.publication import current
from models.workspace import Workspace

KEPT = "kept from the training that was broken off"


@dataclass
class Tally:
    """What came of the kills."""

    kills: int = 0  # that hit a training under way
    late: int = 0  # it had ended before
    resumed: int = 0  # trainings that found finished parts
    parts: int = 0  # that they found
    champions_changed: int = 0
    numbers_changed: int = 0
    refused: list[str] = field(default_factory=list)  # next trainings that failed

    def __str__(self) -> str:
        return (
            f"{self.kills} kills of a training under way ({self.late} came late): champion changed "
            f"{self.champions_changed} times, numbers {self.numbers_changed} times; "
            f"{self.resumed} trainings resumed with {self.parts} parts, {len(self.refused)} failed"
        )

    @property
    def is_good(self) -> bool:
        return not (self.champions_changed or self.numbers_changed or self.refused)


def challenger(workspace: Workspace) -> Workspace:
    return replace(workspace, options=replace(workspace.options, seed=9))


def child(folder: Path) -> None:
    """The training that may be killed; says what it found and made."""
    steps: list[str] = []
    outcome = train(challenger(open_workspace(folder)), hold=True, progress=steps.append)
    kept = sum(KEPT in step for step in steps)
    print(json.dumps({"version": outcome.demand_version, "kept": kept}))


def begin(folder: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "benchmarks.kill_train", "--train", str(folder)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def prepared(folder: Path, items: int, days: int) -> Workspace:
    """A small company with a champion that is published."""
    demo = build_company(folder / "exports", sites=2, items=items, days=days)
    workspace = init_workspace(folder / "workspace", frequency="D", database=None)
    with Record.open(workspace.database_url) as record:
        for feed, path, profile in demo.files:
            reading = read(path, feed, load_profile(profile))
            record.deliver(reading, received_at=dt.datetime.now(dt.UTC))
    train(workspace)
    return workspace


def digests(record: Record, version: int) -> tuple[str, ...]:
    ledger = Ledger(record.engine)
    made = [ledger.version(name, version) for name in (DEMAND, RISK)]
    return (*(one.digest for one in made), made[0].evidence_digest, repr(made[0].metrics))


def in_service(workspace: Workspace, record: Record) -> tuple[object, ...]:
    """The champions, whole, and what is served."""
    ledger = Ledger(record.engine)
    refs = [ledger.champion(name).ref for name in (DEMAND, RISK)]
    for ref in refs:
        bundles.kept(ref, workspace.bundles)
    return (*refs, current(record.engine).number)


def kill_trainers(workspace: Workspace, times: int, *, seed: int = 1) -> Tally:
    chance, tally = random.Random(seed), Tally()
    with Record.open(workspace.database_url) as record:
        before = in_service(workspace, record)
        begun = time.monotonic()
        undisturbed = begin(workspace.folder)
        said, trouble = undisturbed.communicate()
        if undisturbed.returncode:
            raise SystemExit(trouble)
        longest = time.monotonic() - begun
        wanted = digests(record, json.loads(said)["version"])
        for number in range(1, times + 1):
            process = begin(workspace.folder)
            try:
                process.wait(chance.uniform(0.0, longest))
                tally.late += 1
            except subprocess.TimeoutExpired:
                process.kill()
                tally.kills += 1
            process.communicate()
            tally.champions_changed += in_service(workspace, record) != before
            process = begin(workspace.folder)
            said, trouble = process.communicate()
            if process.returncode:
                tally.refused.append(trouble)
                continue
            told = json.loads(said)
            tally.resumed += told["kept"] > 0
            tally.parts += told["kept"]
            tally.numbers_changed += digests(record, told["version"]) != wanted
            tally.champions_changed += in_service(workspace, record) != before
            print(f"{number}: {tally}", file=sys.stderr, flush=True)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--items", type=int, default=30)
    parser.add_argument("--days", type=int, default=420)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.train:
        child(asked.train)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        workspace = prepared(Path(folder), asked.items, asked.days)
        tally = kill_trainers(workspace, asked.times)
    print(tally)
    for trouble in tally.refused:
        print(trouble, file=sys.stderr)
    return 0 if tally.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
