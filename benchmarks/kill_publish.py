"""Kills (-9) a process that publishes, at random moments, and counts mixes, halves and losses.

    python -m benchmarks.kill_publish [--times 50] [--url URL]

A child publishes again and again: every number in every part of one publication is its stamp. It
tells the number of each publication that was acknowledged. After each kill, and by looking on
meanwhile, the current publication must be whole: the old one or the new one, one stamp in all of
its parts. The control writes the same parts in place, under the name that readers open: it shows
mixes and halves, which proves that the kills hit.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

import models.tables  # noqa: F401 - declares the tables that `Record.create` makes
from forecasting.calendar import Frequency
from forecasting.errors import NotReady, VigistockError
from forecasting.record import Record
from models.publication import (
    Damaged,
    Provenance,
    current,
    list_publications,
    open_publication,
    publish_parts,
)
from models.publication.contracts import READER_ADDS, warnings_order
from models.publication.parts import LEASE, WRITING

SERIES: Final = 400
PERIODS: Final = 28
ORIGIN: Final = 20_000  # a day of 2024
LONGEST_SECONDS: Final = 0.5  # from the child's first acknowledgement to the kill


@dataclass
class Tally:
    """What came of the kills."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0  # acknowledged and not there, whole
    mid_write: int = 0  # kills that left unfinished files behind
    mixes: int = 0  # the current publication had parts of two runs
    halves: int = 0  # … or a part that is missing, cut or not the committed one
    looks: int = 0
    orphans: int = 0  # folders without a row after one more publication

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.mid_write} of them in the middle of writing; "
            f"{self.acknowledged} publications acknowledged, {self.lost} lost; "
            f"{self.looks} looks: {self.mixes} mixes, {self.halves} halves; "
            f"{self.orphans} orphans left"
        )


def parts_of(stamp: int) -> dict[str, pa.Table]:
    """Parts as large as those of a small company, every number the stamp."""
    names = [f"SKU-{number:05d}" for number in range(SERIES)]
    short = {"site": pa.array(["MAIN"] * SERIES), "sku": pa.array(names)}
    long = {
        "site": pa.array(["MAIN"] * SERIES * PERIODS),
        "sku": pa.array(np.repeat(names, PERIODS)),
    }
    few, many = np.full(SERIES, float(stamp)), np.full(SERIES * PERIODS, float(stamp))
    numbers = set(warnings_order(["p_7d"])) - READER_ADDS - {"site", "sku", "state"}
    warned = dict.fromkeys(sorted(numbers), few) | {"state": pa.array(["new"] * SERIES)}
    return {
        "series": pa.table({**short, "unit_cost": few}),
        "history": pa.table({**long, "units": many}),
        "warnings": pa.table({**short, **warned}),
        "projection": pa.table({**long, "on_hand_mean": many}),
        "forecasts_day": pa.table({**long, "mean": many, "q500": many, "q900": many}),
    }


def provenance_of(stamp: int) -> Provenance:
    return Provenance(
        origin=ORIGIN,
        frequency=Frequency.DAY,
        demand_version=stamp,
        risk_version=stamp,
        data_digest=f"{stamp:064d}",
        data_cut={},
        options={},
        code_version="benchmark",
    )


def publish(url: str, root: Path, first: int, acknowledged: Connection, careless: bool) -> None:
    """The child: publishes stamp after stamp, and sends each number that it was given."""
    record = Record.open(url)
    for stamp in range(first, first + 10_000):
        if careless:
            _write_in_place(root / "current", stamp)
            acknowledged.send(stamp)
        else:
            now = dt.datetime.now(dt.UTC)
            made = publish_parts(
                record.engine, root, parts_of(stamp), provenance_of(stamp), created_at=now
            )
            acknowledged.send(made.number)


def _write_in_place(folder: Path, stamp: int) -> None:
    """The control: the same files, under the name that readers open."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in parts_of(stamp).items():
        with pa.ipc.new_file(str(folder / f"{name}.arrow"), table.schema) as writer:
            writer.write_table(table)
    (folder / "manifest.json").write_text(json.dumps({"stamp": stamp}))


def stamps_in(parts: dict[str, pa.Table]) -> set[float]:
    """The distinct numbers of all parts: one, if they are of one run."""
    return {
        value
        for table in parts.values()
        for column, field in zip(table.columns, table.schema, strict=True)
        if field.type == pa.float64()
        for value in np.unique(column.to_numpy()).tolist()
    }


def look(record: Record, root: Path, *, careless: bool) -> str:
    """What a reader finds now: `whole`, `mix`, `half` or `nothing` (yet)."""
    try:
        if careless:
            folder = root / "current"
            if not (folder / "manifest.json").exists():
                return "nothing"
            expected = json.loads((folder / "manifest.json").read_text())["stamp"]
            parts = {
                name: pa.ipc.open_file(str(folder / f"{name}.arrow")).read_all()
                for name in parts_of(0)
            }
        else:
            reader = open_publication(record.engine, root)
            expected = reader.publication.provenance.demand_version
            parts = {name: reader.part(name) for name in reader.publication.parts}
    except NotReady:
        return "nothing"
    except (Damaged, OSError, ValueError, pa.ArrowException):
        return "half"
    return "whole" if stamps_in(parts) == {float(expected)} else "mix"


def kill_publishers(
    url: str, root: Path, times: int, *, careless: bool = False, seed: int = 1
) -> Tally:
    """Starts and kills a publisher `times` times in one workspace, looking on meanwhile."""
    chance, tally, record = random.Random(seed), Tally(kills=times), Record.open(url)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["models.publication"])  # children start at once
    root.mkdir(parents=True, exist_ok=True)
    numbers: list[int] = []

    def see() -> None:
        tally.looks += 1
        found = look(record, root, careless=careless)
        tally.mixes += found == "mix"
        tally.halves += found == "half"

    for kill in range(times):
        receiving, sending = context.Pipe(duplex=False)
        child = context.Process(
            target=publish,
            args=(url, root, 1 + kill * 10_000, sending, careless),
            daemon=True,
        )
        child.start()
        sending.close()
        numbers.append(receiving.recv())
        until = time.perf_counter() + chance.uniform(0.0, LONGEST_SECONDS)
        while time.perf_counter() < until:
            see()
            time.sleep(min(0.01, max(0.0, until - time.perf_counter())))
        child.kill()
        child.join()
        numbers += _received(receiving)
        tally.mid_write += any(root.glob(f"*{LEASE}")) or any(root.glob(f"{WRITING}*"))
        see()
    tally.acknowledged = len(numbers)
    if not careless:
        tally.lost = _lost(record, root, numbers)
        tally.orphans = _orphans_after_one_more(record, root)
    record.close()
    return tally


def _received(receiving: Connection) -> list[int]:
    found = []
    try:
        while True:
            found.append(int(receiving.recv()))
    except (EOFError, OSError):  # the end, or a message that the kill has cut
        receiving.close()
    return found


def _lost(record: Record, root: Path, numbers: list[int]) -> int:
    """Acknowledged publications that cannot be opened, or are not whole."""
    lost = 0
    for number in numbers:
        try:
            reader = open_publication(record.engine, root, number)
        except VigistockError:
            lost += 1
            continue
        parts = {name: reader.part(name) for name in reader.publication.parts}
        lost += len(stamps_in(parts)) != 1
    return lost


def _orphans_after_one_more(record: Record, root: Path) -> int:
    now = dt.datetime.now(dt.UTC)
    publish_parts(record.engine, root, parts_of(7), provenance_of(7), created_at=now)
    committed = {made.folder for made in list_publications(record.engine)}
    assert current(record.engine).number == len(committed), "numbers are not consecutive"
    return sum(path.name not in committed for path in root.iterdir())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--url", help="an empty database; default: SQLite in a temporary folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tallies = []
        for name, careless in (("publication", False), ("control", True)):
            url = asked.url or f"sqlite:///{folder}/{name}.db"
            record = Record.open(url)
            record.create()
            record.close()
            tally = kill_publishers(url, Path(folder) / name, asked.times, careless=careless)
            tallies.append(tally)
            print(f"{name}: {tally}", flush=True)
    kept, control = tallies
    failed = kept.lost or kept.mixes or kept.halves or kept.orphans
    unproved = not (control.mixes and kept.mid_write)
    return 1 if failed or unproved else 0


if __name__ == "__main__":
    sys.exit(main())
