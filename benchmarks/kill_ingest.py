"""Kills (-9) a process that delivers, at random moments, and counts what is lost or half there.

    python -m benchmarks.kill_ingest [--times 50] [--url URL]

A child delivers sales and stock again and again and tells the digest of each delivery that the
record has acknowledged. After each kill the record must hold every acknowledged delivery and none
in part; a reader that looks on meanwhile must never see a part either. The control writes the same
rows without a transaction: it leaves halves, which proves that the kills hit.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import multiprocessing
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import create_engine, func, select

from forecasting.feeds.reading import Batch, Reading
from forecasting.record import Record
from forecasting.record.delivery import keep, prepare
from forecasting.record.schema import FEED_TABLES, deliveries

SKUS: Final = 25
DAYS: Final = 40
ROWS: Final = SKUS * DAYS  # of each of two feeds, in every delivery
LONGEST_SECONDS: Final = 0.4  # from the first acknowledgement to the kill


@dataclass
class Tally:
    """What came of the kills."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0  # acknowledged and not there, whole
    halves: int = 0  # there in part after a kill
    looks: int = 0
    halves_seen: int = 0  # looks that found a part while the child was writing
    waits: list[float] = field(default_factory=list)  # seconds, of each delivery

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.acknowledged} deliveries acknowledged: {self.lost} lost, "
            f"{self.halves} halves left; {self.looks} looks meanwhile, {self.halves_seen} saw a "
            f"half; longest delivery {max(self.waits, default=0.0):.2f} s"
        )


def reading(writer: str, number: int) -> Reading:
    """Delivery `number` of a writer: the same keys as ever, units and stock all `number`."""
    sales = pa.table(
        {
            "date": pa.array(np.repeat(np.datetime64("2026-01-01") + np.arange(DAYS), SKUS)),
            "site": pa.array([writer] * ROWS).dictionary_encode(),
            "sku": pa.array([f"SKU-{n % SKUS}" for n in range(ROWS)]).dictionary_encode(),
            "units": pa.array(np.full(ROWS, float(number))),
        }
    )
    stock = sales.rename_columns(["date", "site", "sku", "on_hand"])
    return Reading(
        source=f"{writer}-{number}.csv",
        feed="sales",
        profile="generic",
        digest=hashlib.sha256(f"{writer} {number}".encode()).hexdigest(),
        read=2 * ROWS,
        accepted=2 * ROWS,
        rejected=0,
        duplicates=0,
        units_read=None,
        units_accepted=None,
        units_rejected=None,
        units_duplicates=None,
        batches=(Batch("sales", sales, False), Batch("stock", stock, True)),
        rejects=pd.DataFrame(columns=["line", "column", "code", "message", "raw"]),
        notes=(),
    )


def write(url: str, writer: str, times: int, safe: Connection, *, careless: bool = False) -> None:
    """The child: delivers, and sends digest and seconds of what it was told is safe."""
    record = Record.open(url)
    for number in range(times):
        given = reading(writer, number)
        started = time.perf_counter()
        if careless:
            _deliver_without_transaction(url, given)
        else:
            record.deliver(given, received_at=dt.datetime.now(dt.UTC))
        safe.send((given.digest, time.perf_counter() - started))
    safe.close()


def _deliver_without_transaction(url: str, given: Reading) -> None:
    """The control: the very same statements, each committed by itself."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA synchronous = OFF")  # else 2,000 syncs a delivery
        keep(connection, given, prepare(given), dt.datetime.now(dt.UTC))
    engine.dispose()


class Writer:
    """A child process of `write`."""

    def __init__(self, url: str, name: str, *, times: int = 1000, careless: bool = False) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(
            ["forecasting.feeds", "forecasting.record"]
        )  # starts at once
        self._safe, childs_end = context.Pipe(duplex=False)
        self._process = context.Process(
            target=write, args=(url, name, times, childs_end), kwargs={"careless": careless}
        )
        self._process.start()
        childs_end.close()
        self._first = self._safe.recv()

    def kill(self) -> None:
        self._process.kill()

    def safe(self) -> dict[str, float]:
        """Digest and seconds of every delivery acknowledged until the process ended."""
        found = [self._first]
        try:
            while True:
                found.append(self._safe.recv())
        except EOFError:  # the end, or a message that the kill has cut
            self._process.join()
        self._safe.close()
        return dict(found)


def halves(record: Record, after: int = 0) -> set[int]:
    """Deliveries after a number of which some rows are there and some are not, at one moment."""
    with record.reading() as reader:
        numbers = select(deliveries.c.number).where(deliveries.c.number > after)
        known = set(reader.connection.execute(numbers).scalars())
        found = set()
        for name in ("sales", "stock"):
            delivery = FEED_TABLES[name].c.delivery
            query = select(delivery, func.count()).where(delivery > after).group_by(delivery)
            counts = {row[0]: row[1] for row in reader.connection.execute(query)}
            found |= {number for number in known | set(counts) if counts.get(number) != ROWS}
    return found


def kill_writers(url: str, times: int, *, careless: bool = False, seed: int = 1) -> Tally:
    """Starts and kills a writer `times` times on one record, looking on meanwhile."""
    chance, tally, record = random.Random(seed), Tally(), Record.open(url)
    safe: dict[str, float] = {}
    for kill in range(times):
        checked = record.deliveries(1)["number"].max() if safe else 0
        child = Writer(url, f"writer-{kill}", careless=careless)
        until = time.perf_counter() + chance.uniform(0.0, LONGEST_SECONDS)
        while time.perf_counter() < until:
            tally.looks += 1
            tally.halves_seen += bool(halves(record, after=int(checked)))
            time.sleep(min(0.01, max(0.0, until - time.perf_counter())))
        child.kill()
        safe |= child.safe()
    broken = halves(record)
    there = record.deliveries(10**9).set_index("digest")["number"]
    tally.kills, tally.acknowledged = times, len(safe)
    tally.lost = sum(digest not in there or there[digest] in broken for digest in safe)
    tally.halves, tally.waits = len(broken), list(safe.values())
    record.close()
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--url", help="an empty database; default: SQLite in a temporary folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tallies = []
        for name, careless in (("record", False), ("control", True)):
            url = asked.url or f"sqlite:///{folder}/{name}.db"
            if asked.url and careless:
                break  # the control would leave its halves in a database that is not ours
            record = Record.open(url)
            record.create()
            record.close()
            tallies.append(kill_writers(url, asked.times, careless=careless))
            print(f"{name}: {tallies[-1]}", flush=True)
    kept = tallies[0]
    failed = kept.lost or kept.halves or kept.halves_seen
    unproved = len(tallies) > 1 and not tallies[1].halves
    return 1 if failed or unproved else 0


if __name__ == "__main__":
    sys.exit(main())
