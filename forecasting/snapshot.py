"""The record as hashed Parquet, a file by feed and month: what training and clusters read.

A month is written again only when a delivery has touched it. Files never change; the manifest,
replaced last, says which of them make the snapshot, so that a reader always sees a whole one, and
a crash leaves the one before.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from forecasting.calendar import Frequency, end_date, label
from forecasting.errors import NotReady
from forecasting.record.columns import canonical_schema
from forecasting.record.reader import Reader, between, tidy
from forecasting.record.store import Record
from forecasting.snapshot_files import Part, forget_all_but, read_part, write_part, write_whole
from forecasting.tables import FEEDS, Table, feed

LAYOUT: Final = 1
"""Raised when files are written in another way; a snapshot of another layout is made anew."""

MANIFEST: Final = "manifest.json"
ALL: Final = "all"  # the one part of a feed without dates
COMPLETE: Final = "complete_stock"

Parts = Mapping[str, Mapping[str, Part]]  # feed -> month (2026-11), or "all" -> part


@dataclass(frozen=True)
class Snapshot:
    """The rows as they were after delivery number `delivery`; it reads like the record."""

    folder: Path
    delivery: int
    delivery_digest: str
    parts: Parts
    bounds: Mapping[str, tuple[dt.date, dt.date]]  # feed -> first and latest business date

    @classmethod
    def open(cls, folder: Path) -> Snapshot:
        """The snapshot last written to a folder; raises NotReady where there is none."""
        found = _last_written(folder)
        if found is None:
            raise NotReady(
                f"There is no snapshot in {folder}.",
                next_step="Make one from the record: forecasting.snapshot.refresh(record, folder).",
            )
        return found

    @property
    def digest(self) -> str:
        """sha256 over the sha256 of the files: the hash of the data itself."""
        told = "".join(
            f"{name}/{month} {part.sha256}\n"
            for name, months in sorted(self.parts.items())
            for month, part in sorted(months.items())
        )
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def row_counts(self) -> dict[str, int]:
        """Rows of each feed that has any."""
        counts = {
            name: sum(part.rows for part in months.values())
            for name, months in self.parts.items()
            if name in FEEDS
        }
        return {name: count for name, count in counts.items() if count}

    def rows(
        self, name: str, *, since: dt.date | None = None, until: dt.date | None = None
    ) -> pa.Table:
        """As `Record.rows`; raises Refused where a file is not the one that was written."""
        contract = feed(name)
        first, last = since and f"{since:%Y-%m}", until and f"{until:%Y-%m}"
        tables = [
            read_part(self.folder, part)
            for month, part in sorted(self.parts[name].items())
            if month == ALL or ((not first or month >= first) and (not last or month <= last))
        ]
        if not tables:
            return canonical_schema(contract).empty_table()
        whole = pa.concat_tables(tables)
        cut = between(contract, whole, since, until)
        return cut if cut is whole and len(tables) == 1 else tidy(cut)

    def complete_stock_dates(self) -> pd.DataFrame:
        """As `Record.complete_stock_dates`."""
        frame: pd.DataFrame = read_part(self.folder, self.parts[COMPLETE][ALL]).to_pandas()
        return frame.astype({"date": "datetime64[s]"})

    def watermarks(self) -> dict[str, dt.date]:
        """As `Record.watermarks`."""
        return {name: last for name, (_, last) in self.bounds.items()}

    def first_dates(self) -> dict[str, dt.date]:
        """As `Record.first_dates`."""
        return {name: first for name, (first, _) in self.bounds.items()}


def refresh(record: Record, folder: Path) -> Snapshot:
    """The snapshot of the record as it is now, writing only what deliveries have changed since.

    A folder written from another record, or in another layout, is written anew.
    """
    with record.reading() as reader:
        last, digest = reader.last_delivery()
        before = _last_written(folder)
        if before and reader.digest_of(before.delivery) != before.delivery_digest:
            before = None
        if before and before.delivery == last:
            return before
        firsts, lasts = reader.first_dates(), reader.watermarks()
        snapshot = Snapshot(
            folder=folder,
            delivery=last,
            delivery_digest=digest,
            parts=_renewed(reader, folder, before),
            bounds={name: (firsts[name], lasts[name]) for name in lasts},
        )
    write_whole(folder / MANIFEST, json.dumps(_manifest(snapshot), indent=1).encode())
    forget_all_but(folder, _all(snapshot.parts), _all(before.parts if before else {}))
    return snapshot


def _renewed(reader: Reader, folder: Path, before: Snapshot | None) -> Parts:
    after = before.delivery if before else 0
    parts: dict[str, Mapping[str, Part]] = {}
    for name, contract in FEEDS.items():
        known = before.parts[name] if before else {}
        if contract.dated:
            parts[name] = {**known, **_months(reader, folder, contract, after)}
        elif not known or reader.is_touched(name, after=after):
            parts[name] = {ALL: write_part(folder, name, ALL, reader.rows(name))}
        else:
            parts[name] = known
    complete = pa.Table.from_pandas(reader.complete_stock_dates(), preserve_index=False)
    parts[COMPLETE] = {ALL: write_part(folder, COMPLETE, ALL, complete)}
    return parts


def _months(reader: Reader, folder: Path, contract: Table, after: int) -> dict[str, Part]:
    """The months of a feed that were touched, as they are now (without rows, perhaps)."""
    months = reader.months_touched(contract.name, after=after)
    whole = None
    if months and contract.dated not in contract.key:  # a key's date may move: read once, then cut
        whole = reader.rows(contract.name)
    written = {}
    for month in months:
        since = end_date(month - 1, Frequency.MONTH) + dt.timedelta(days=1)
        until = end_date(month, Frequency.MONTH)
        if whole is None:
            rows = reader.rows(contract.name, since=since, until=until)
        else:
            rows = tidy(between(contract, whole, since, until))
        name = label(month, Frequency.MONTH)
        written[name] = write_part(folder, contract.name, name, rows)
    return written


def _manifest(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "layout": LAYOUT,
        "delivery": snapshot.delivery,
        "delivery_digest": snapshot.delivery_digest,
        "digest": snapshot.digest,
        "bounds": {
            name: [day.isoformat() for day in days] for name, days in snapshot.bounds.items()
        },
        "parts": {
            name: {month: asdict(part) for month, part in months.items()}
            for name, months in snapshot.parts.items()
        },
    }


def _last_written(folder: Path) -> Snapshot | None:
    path = folder / MANIFEST
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    if found["layout"] != LAYOUT:
        return None
    return Snapshot(
        folder=folder,
        delivery=found["delivery"],
        delivery_digest=found["delivery_digest"],
        parts={
            name: {month: Part(**part) for month, part in found["parts"].get(name, {}).items()}
            for name in (*FEEDS, COMPLETE)  # a feed may be younger than the snapshot
        },
        bounds={
            name: (dt.date.fromisoformat(days[0]), dt.date.fromisoformat(days[1]))
            for name, days in found["bounds"].items()
        },
    )


def _all(parts: Parts) -> Iterator[Part]:
    return (part for months in parts.values() for part in months.values())
