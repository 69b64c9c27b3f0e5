"""Data that speaks the warehouse: rows of feeds held in memory, as the record would give them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from forecasting.calendar import Frequency, origin_of
from forecasting.options import Options
from forecasting.panel import Panel, build_panel
from forecasting.tables import FEEDS, Kind

ARROW = {Kind.NUMBER: pa.float64(), Kind.DATE: pa.date32()}
LAST = dt.date(2026, 11, 22)  # a Sunday


class Rows:
    """A source of rows like the record, from one frame or list of dicts a feed."""

    def __init__(self, *, complete: pd.DataFrame | None = None, **feeds: Any) -> None:
        self.feeds = {feed: pd.DataFrame(rows) for feed, rows in feeds.items()}
        self.complete = complete

    def rows(
        self, feed: str, *, since: dt.date | None = None, until: dt.date | None = None
    ) -> pa.Table:
        frame = self.feeds.get(feed, pd.DataFrame())
        table = FEEDS[feed]
        if table.dated and len(frame):
            dates = pd.to_datetime(frame[table.dated])
            frame = frame[dates <= pd.Timestamp(until or dt.date(2200, 1, 1))]
            dates = pd.to_datetime(frame[table.dated])
            frame = frame[dates >= pd.Timestamp(since or dt.date(1900, 1, 1))]
        columns = {}
        for column in table.columns:
            kind = ARROW.get(column.kind, pa.string())
            if column.name in frame:
                values = frame[column.name]
                if column.kind is Kind.DATE:
                    values = pd.to_datetime(values).dt.date
                filled = values.astype(object).where(values.notna(), None)
                columns[column.name] = pa.array(filled.tolist(), kind)
            else:
                columns[column.name] = pa.nulls(len(frame), kind)
            if kind == pa.string():
                text = columns[column.name].fill_null("")
                columns[column.name] = text.dictionary_encode()
        return pa.table(columns)

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
