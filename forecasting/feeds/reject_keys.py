"""The key of a row that was set aside, as far as it could be read: what tells its correction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.tables import Kind, Table

BETWEEN: Final = "/"  # of a date that could not be read: the first and last of its file, ISO 8601


class RejectKeys:
    """By place of the row in its file: the columns of the key that have a value there, as JSON."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._told: dict[int, str] = {}

    def add(self, rows: pa.Table, spans: Mapping[str, str], places: NDArray[np.int64]) -> None:
        """`rows`: only those set aside, at these places of the file; `spans`: see `spans_of`."""
        names = [name for name in self._table.key if name in rows.column_names]
        for place, row in zip(places.tolist(), rows.select(names).to_pylist(), strict=True):
            known = as_texts(row)
            self._told[place] = json.dumps({**spans, **known}, ensure_ascii=False) if known else ""

    def of(self, places: NDArray[np.int64]) -> list[str]:
        return [self._told.get(place, "") for place in places.tolist()]


def spans_of(table: Table, rows: pa.Table) -> dict[str, str]:
    """Between which days the required dates of a key lie in a file: `2026-11-01/2026-11-30`."""
    found = {}
    for name in filter(table.required.__contains__, table.key):
        if name in rows.column_names and table.by_name[name].kind is Kind.DATE:
            ends = pc.min_max(rows.column(name)).as_py()
            if ends["min"] is not None:
                found[name] = f"{ends['min']}{BETWEEN}{ends['max']}"
    return found


def as_texts(row: Mapping[str, Any]) -> dict[str, str]:
    """
    >>> as_texts({"date": dt.date(2026, 11, 2), "site": "LYON", "line_id": "", "units": None})
    {'date': '2026-11-02', 'site': 'LYON'}
    """
    return {
        name: value.isoformat() if isinstance(value, dt.date) else str(value)
        for name, value in row.items()
        if value not in (None, "")
    }
