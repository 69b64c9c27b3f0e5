"""The columns of the exports: as docs/exports.md tells them, and as a reader gets them."""

from __future__ import annotations

import io
import re

import pandas as pd
import pyarrow as pa

from api.tabular import csv_pieces
from tests.docs.generated import DOCS


def documented_columns(what: str) -> dict[str, bool]:
    """Column of an export -> whether docs/exports.md says that it may be blank."""
    page = (DOCS / "exports.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {what}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|.*\| ([^|]+) \|$", section, re.MULTILINE)
    told: dict[str, bool] = {}
    for names, blank in rows:
        for name in re.findall(r"`(\w+)`", names):
            told[name] = blank.strip() != "never"
    return told


def as_read(table: pa.Table) -> pd.DataFrame:
    """The table as a reader of the CSV gets it: an empty cell is a blank, and nothing else is."""
    text = b"".join(csv_pieces(table))
    return pd.read_csv(io.BytesIO(text), dtype=str, keep_default_na=False, na_values=[""])
