"""Exports as a test writes them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from forecasting.feeds import Reading, load_profile, read

SHARED = Path(
    os.environ.get(
        "VIGISTOCK_SHARED_DATA", Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
    )
)
SALES = "date,site,sku,units\n"


def read_text(text: str | bytes, feed: str = "sales", profile: str = "generic") -> Reading:
    """A CSV body; text is UTF-8."""
    data = text.encode() if isinstance(text, str) else text
    return read(data, feed, load_profile(profile), name="export.csv")


def rows(reading: Reading, feed: str | None = None) -> list[dict[str, Any]]:
    batch = next(b for b in reading.batches if feed in (None, b.feed))
    return batch.rows.to_pylist()


def faults(reading: Reading) -> list[tuple[int, str, str]]:
    """line, column, code of each reject."""
    return list(reading.rejects[["line", "column", "code"]].itertuples(index=False, name=None))


def assert_balanced(reading: Reading) -> None:
    assert reading.read == reading.accepted + reading.rejected + reading.duplicates
    assert reading.rejected == len(reading.rejects)
    if reading.units_read is not None:
        parts = (reading.units_accepted, reading.units_rejected, reading.units_duplicates)
        assert reading.units_read == pytest.approx(sum(p for p in parts if p is not None))


def shared(folder: str) -> Path:
    """A folder of real data, or a loud skip."""
    found = SHARED / folder
    if not found.is_dir():
        pytest.skip(f"REAL DATA MISSING: {folder} (set VIGISTOCK_SHARED_DATA)")
    return found
