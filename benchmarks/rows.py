"""Rows of feeds in memory, from Arrow tables: a source that a panel is built from, no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecasting.tables import FEEDS, Kind

ARROW: Final = {Kind.NUMBER: pa.float64(), Kind.DATE: pa.date32()}
PLANS: Final = ("events",)
"""Feeds whose rows may be dated ahead of the day on which they are known; the panel sorts them."""


class TableRows:
    """One table a feed, with canonical columns; a feed that is not given is empty.

    `complete`: site and date of complete stock snapshots.
    """

    def __init__(
        self, tables: Mapping[str, pa.Table], *, complete: pd.DataFrame | None = None
    ) -> None:
        self._tables = dict(tables)
        none = pd.DataFrame({"site": [], "date": pd.to_datetime([])})
        self._complete = none if complete is None else complete

    def rows(
        self, feed: str, *, since: dt.date | None = None, until: dt.date | None = None
    ) -> pa.Table:
        rows = self._tables.get(feed)
        if rows is None:
            return _empty(feed)
        dated = FEEDS[feed].dated
        if dated and since is not None:
            rows = rows.filter(pc.field(dated) >= pa.scalar(since))
        if dated and until is not None:
            rows = rows.filter(pc.field(dated) <= pa.scalar(until))
        return rows

    def complete_stock_dates(self) -> pd.DataFrame:
        return self._complete

    def watermarks(self) -> dict[str, dt.date]:
        dated = {feed: FEEDS[feed].dated for feed, rows in self._tables.items() if len(rows)}
        return {
            feed: pc.max(self._tables[feed].column(name)).as_py()
            for feed, name in dated.items()
            if name
        }

    def known_on(self, day: dt.date) -> TableRows:
        """The source as it was at the end of a day: nothing dated later is in it, plans apart."""
        known = {
            feed: rows if feed in PLANS else self.rows(feed, until=day)
            for feed, rows in self._tables.items()
        }
        return TableRows(
            known, complete=self._complete[self._complete["date"] <= pd.Timestamp(day)]
        )


def _empty(feed: str) -> pa.Table:
    text = pa.dictionary(pa.int32(), pa.string())
    schema = [(column.name, ARROW.get(column.kind, text)) for column in FEEDS[feed].columns]
    return pa.schema(schema).empty_table()
