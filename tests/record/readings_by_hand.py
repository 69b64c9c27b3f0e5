"""Readings without a file: the rows of a test as the feed reader would hand them over."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from forecasting.feeds.reading import Batch, Reading
from forecasting.tables import FEEDS, Kind

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
TEXT = pa.dictionary(pa.int32(), pa.string())
ARROW = {Kind.NUMBER: pa.float64(), Kind.DATE: pa.date32()}
REJECTS = ["line", "column", "code", "message", "raw"]  # with no key: of no row in particular


def day(text: str) -> dt.date:
    """`03-07` is the 7th of March 2026."""
    return dt.date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


def rows_of(feed: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The columns that any of the rows has; blanks as the contract wants them."""
    contract = FEEDS[feed]
    names = [name for name in contract.names if any(name in row for row in rows)]
    columns = {}
    for name in names or contract.required:
        kind = contract.by_name[name].kind
        values = [row.get(name) for row in rows]
        if kind is Kind.DATE:
            values = [day(value) if isinstance(value, str) else value for value in values]
        elif kind is not Kind.NUMBER:
            values = [value or "" for value in values]
        columns[name] = pa.array(values, ARROW.get(kind, pa.string()))
        if kind not in ARROW:
            columns[name] = columns[name].dictionary_encode().cast(TEXT)
    columns["file_line"] = pa.array(range(2, 2 + len(rows)), pa.int64())
    return pa.table(columns)


def batch_of(feed: str, *rows: Mapping[str, Any], complete: bool = False) -> Batch:
    return Batch(feed, rows_of(feed, rows), complete)


def reading_of(
    *batches: Batch, source: str = "", rejects: Sequence[Sequence[Any]] = (), duplicates: int = 0
) -> Reading:
    """A reading whose digest is that of its source name, or of its rows where it has none."""
    accepted = sum(batch.rows.num_rows for batch in batches)
    told = repr([(batch.feed, batch.rows.to_pylist()) for batch in batches])
    units = None
    if all("units" in batch.rows.column_names for batch in batches):
        units = float(sum(sum(batch.rows.column("units").to_pylist()) for batch in batches))
    return Reading(
        source=source or "by hand",
        feed=batches[0].feed,
        profile="generic",
        digest=hashlib.sha256((source or told).encode()).hexdigest(),
        read=accepted + len(rejects) + duplicates,
        accepted=accepted,
        rejected=len(rejects),
        duplicates=duplicates,
        units_read=units,
        units_accepted=units,
        units_rejected=None if units is None else 0.0,
        units_duplicates=None if units is None else 0.0,
        batches=batches,
        rejects=pd.DataFrame(list(rejects), columns=REJECTS),
        notes=("by hand",),
    )


def sale(date: str, sku: str, units: float, *, site: str = "LYON", **more: Any) -> dict[str, Any]:
    return {"date": date, "site": site, "sku": sku, "units": units, **more}


def shelf(date: str, sku: str, on_hand: float, *, site: str = "LYON") -> dict[str, Any]:
    return {"date": date, "site": site, "sku": sku, "on_hand": on_hand}


def order(order_id: str, ordered_on: str, units: float, **more: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "site": "LYON",
        "sku": "TEA",
        "units_ordered": units,
        "ordered_on": ordered_on,
        **more,
    }
