"""A million rows of sales from a file to a commit: read, checked, kept.

    python -m benchmarks.ingest [--rows 1000000] [--url URL]

Prints the seconds of reading (the feed reader, with every check) and of the record's transaction,
for CSV and for Parquet, and of reading all current rows back and making the snapshot. Exits with 1
where a promise breaks: 30 s from CSV, 6 s from Parquet, for a million rows.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from forecasting.feeds import load_profile, read
from forecasting.record import Record
from forecasting.snapshot import refresh

PROMISED_SECONDS: Final = {"csv": 30.0, "parquet": 6.0}  # for a million rows
SITES: Final = 10
SKUS: Final = 274


def sales(rows: int, *, seed: int) -> pa.Table:
    """Days of Poisson sales of 2,740 series with a price."""
    chance = np.random.default_rng(seed)
    series = np.arange(rows) % (SITES * SKUS)
    days = np.datetime64("2025-01-01") + np.arange(rows) // (SITES * SKUS)
    sites = pa.array([f"SITE-{n}" for n in range(SITES)])
    skus = pa.array([f"{n:06d}" for n in range(SKUS)])
    return pa.table(
        {
            "date": pa.array(days),
            "site": sites.take(pa.array(series // SKUS)),
            "sku": skus.take(pa.array(series % SKUS)),
            "units": pa.array(chance.poisson(3.0, rows).astype(float)),
            "price": pa.array(np.round(chance.uniform(1, 50, rows), 2)),
        }
    )


@contextmanager
def timed(what: str, spent: list[float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    spent.append(time.perf_counter() - started)
    print(f"  {what}: {spent[-1]:.2f} s", flush=True)


def ingest(record: Record, path: Path) -> float:
    """Seconds from the file to the receipt."""
    spent: list[float] = []
    print(f"{path.suffix[1:]} ({path.stat().st_size / 1e6:.0f} MB)")
    with timed("read and checked", spent):
        reading = read(path, "sales", load_profile("generic"))
    with timed("committed", spent):
        receipt = record.deliver(reading, received_at=dt.datetime.now(dt.UTC))
    print(f"  {receipt.accepted:,} of {receipt.read:,} rows accepted in {sum(spent):.2f} s")
    return sum(spent)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--url", help="an empty database; default: SQLite in a temporary folder")
    asked = parser.parse_args()
    broken = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record = Record.open(asked.url or f"sqlite:///{folder / 'record.db'}")
        record.create()
        for number, kind in enumerate(PROMISED_SECONDS):
            path = folder / f"sales.{kind}"
            writer = pa.csv.write_csv if kind == "csv" else pa.parquet.write_table
            writer(sales(asked.rows, seed=number), path)
            seconds = ingest(record, path)
            broken += seconds > PROMISED_SECONDS[kind] * asked.rows / 1e6
        print(f"both, the second correcting the first ({2 * asked.rows:,} rows kept)")
        with timed("current rows read back", []):
            current = record.rows("sales").num_rows
        with timed("snapshot made", []):
            snapshot = refresh(record, folder / "snapshot")
        with timed("snapshot read back", []):
            broken += snapshot.rows("sales").num_rows != current
        record.close()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
