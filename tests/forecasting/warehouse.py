"""Data that speaks the warehouse: rows of feeds held in memory, as the record would give them."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.rows import ARROW, TableRows
from forecasting.calendar import Frequency, origin_of
from forecasting.options import Options
from forecasting.panel import Panel, build_panel
from forecasting.tables import FEEDS, Kind

LAST = dt.date(2026, 11, 22)  # a Sunday


class Rows:
    """A source of rows like the record, from one frame or list of dicts a feed, read once."""

    def __init__(self, *, complete: pd.DataFrame | None = None, **feeds: Any) -> None:
        self.feeds = {feed: pd.DataFrame(rows) for feed, rows in feeds.items()}
        self.complete = complete

    @cached_property
    def _tables(self) -> TableRows:
        return TableRows({feed: _table_of(feed, frame) for feed, frame in self.feeds.items()})

    def rows(
        self, feed: str, *, since: dt.date | None = None, until: dt.date | None = None
    ) -> pa.Table:
        return self._tables.rows(feed, since=since, until=until)

    def complete_stock_dates(self) -> pd.DataFrame:
        empty = pd.DataFrame({"site": [], "date": pd.to_datetime([])})
        return empty if self.complete is None else self.complete

    def watermarks(self) -> dict[str, dt.date]:
        marks = {}
        for feed, frame in self.feeds.items():
            dated = FEEDS[feed].dated
            if dated and len(frame):
                marks[feed] = pd.to_datetime(frame[dated]).max().date()
        return marks


def _table_of(feed: str, frame: pd.DataFrame) -> pa.Table:
    """Canonical columns; rows without the date that the feed goes by are left out."""
    table = FEEDS[feed]
    if table.dated and len(frame):
        frame = frame[frame[table.dated].notna()]
    columns = {}
    for column in table.columns:
        kind = ARROW.get(column.kind, pa.string())
        if column.name not in frame:
            found = pa.nulls(len(frame), kind)
        elif column.kind is Kind.NUMBER:
            found = pa.array(frame[column.name].astype(float), kind, from_pandas=True)
        elif column.kind is Kind.DATE:
            found = pa.array(pd.to_datetime(frame[column.name]).dt.normalize()).cast(kind)
        else:
            found = pa.array(frame[column.name], kind, from_pandas=True)
        if kind == pa.string():
            found = found.fill_null("").dictionary_encode()
        columns[column.name] = found
    return pa.table(columns)


def days_of(units: Any, *, site: str = "LYON", sku: str = "CAFE", last: dt.date = LAST) -> Any:
    """Sales rows of one series, a value a day ending on `last`; NaN leaves the day out."""
    values = np.asarray(units, dtype=float)
    dates = pd.date_range(end=last, periods=len(values))
    frame = pd.DataFrame({"date": dates.date, "site": site, "sku": sku, "units": values})
    return frame[frame["units"].notna()].reset_index(drop=True)


def panel_of(
    rows: Rows, *, as_of: dt.date = LAST, frequency: Frequency = Frequency.DAY, **options: Any
) -> Panel:
    chosen = Options(frequency=frequency, **options)
    return build_panel(rows, origin_of(as_of, frequency), chosen)
