"""A dated feed a quarter at a time: the rows of five years of daily sales never lie in memory.

A window holds whole periods, so that what a period adds up to is added within one window, in the
order in which the rows come.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecasting.calendar import Frequency, end_date, period_start

MONTHS: Final = 3
"""A window of days is a calendar quarter, cut where the files of a snapshot are: 2.8 M rows for
30,000 series."""
PERIODS: Final = {Frequency.WEEK: 13, Frequency.MONTH: MONTHS}

MOST_ROWS: Final = 500_000
MOST_CELLS: Final = 4_000_000
"""Of neighbouring windows that are read as one: a small company's years are, which spares the cost
of each window."""

LEFT_OUT: Final = frozenset({"site", "sku", "uom", "line_id", "promotion", "delivery"})
"""Columns that no history is made of."""


class RowSource(Protocol):
    """Where rows come from: the record or its snapshot."""

    def rows(
        self, feed: str, *, since: dt.date | None = None, until: dt.date | None = None
    ) -> pa.Table: ...

    def complete_stock_dates(self) -> pd.DataFrame: ...

    def watermarks(self) -> dict[str, dt.date]: ...


@dataclass(frozen=True)
class Window:
    """Rows of the periods `first` … `last`, each with `row`, its series' place in the panel."""

    first: int
    last: int
    rows: pd.DataFrame


@dataclass(frozen=True)
class Survey:
    """What a feed holds up to an origin: its series, and where its rows lie.

    `first` and `last` date the rows that are recent enough for a history; None: there are none.
    """

    feed: str
    frequency: Frequency
    pairs: pd.DataFrame  # site, sku, those with older rows only too
    first: dt.date | None
    last: dt.date | None
    filled: tuple[tuple[int, int, int], ...]  # first and last period, rows: windows with any

    def windows(self, source: RowSource, index: pd.MultiIndex) -> Iterator[Window]:
        """The rows of the feed, window by window; `index`: site and sku of every series."""
        places = _Places(index)
        for first, last in _together(self.filled, len(index)):
            since, until = _dates(first, last, self.frequency)
            rows = source.rows(self.feed, since=since, until=until)
            yield Window(first, last, places.located(rows))


def survey(source: RowSource, feed: str, frequency: Frequency, oldest: int, origin: int) -> Survey:
    """Looks once at all rows up to an origin; a history begins in period `oldest` or later."""
    before = end_date(oldest - 1, frequency)
    pairs = [_pairs(source.rows(feed, until=before))]
    filled = []
    found: list[dt.date] = []
    for first, last in windows_of(frequency, oldest, origin):
        since, until = _dates(first, last, frequency)
        rows = source.rows(feed, since=since, until=until)
        if len(rows):
            filled.append((first, last, len(rows)))
            pairs.append(_pairs(rows))
            found += pc.min_max(rows.column("date")).as_py().values()
    known = pd.concat([some for some in pairs if len(some)] or pairs[:1])
    return Survey(
        feed=feed,
        frequency=frequency,
        pairs=known.drop_duplicates(ignore_index=True),
        first=min(found, default=None),
        last=max(found, default=None),
        filled=tuple(filled),
    )


def windows_of(frequency: Frequency, first: int, last: int) -> list[tuple[int, int]]:
    """First and last period of each window.

    >>> [str(period_start(begin, "D")) for begin, _ in windows_of(Frequency.DAY, 19_000, 19_200)]
    ['2022-01-08', '2022-04-01', '2022-07-01']
    """
    if frequency is Frequency.DAY:
        months = period_start([first, last], frequency).astype("datetime64[M]").astype(np.int64)
        quarters = np.arange(months[0] - months[0] % MONTHS, months[1] + 1, MONTHS)
        begins = period_start(quarters, Frequency.MONTH).astype(np.int64)
    else:
        begins = np.arange(first, last + 1, PERIODS[frequency])
    begins = np.maximum(begins, first)
    return list(zip(begins.tolist(), [*(begins[1:] - 1).tolist(), last], strict=True))


def _together(filled: Iterable[tuple[int, int, int]], series: int) -> list[tuple[int, int]]:
    """First and last period of what is read at once: see `MOST_ROWS`."""
    found: list[tuple[int, int, int]] = []
    for first, last, rows in filled:
        begin, _, held = found[-1] if found else (first, last, MOST_ROWS)
        if held + rows <= MOST_ROWS and (last - begin + 1) * series <= MOST_CELLS:
            found[-1] = (begin, last, held + rows)
        else:
            found.append((first, last, rows))
    return [(first, last) for first, last, _ in found]


def _dates(first: int, last: int, frequency: Frequency) -> tuple[dt.date, dt.date]:
    return end_date(first - 1, frequency) + dt.timedelta(days=1), end_date(last, frequency)


def _pairs(rows: pa.Table) -> pd.DataFrame:
    """The distinct site and sku codes of a table."""
    pairs = rows.select(["site", "sku"]).group_by(["site", "sku"]).aggregate([])
    return pairs.to_pandas().astype(object)


class _Places:
    """From the codes of a row to its series' place in the panel."""

    def __init__(self, index: pd.MultiIndex) -> None:
        self._levels = index.levels
        self._width = len(index.levels[1])
        wanted = index.codes[0].astype(np.int64) * self._width + index.codes[1]
        self._order = np.argsort(wanted)
        self._ordered = wanted[self._order]

    def located(self, rows: pa.Table) -> pd.DataFrame:
        """Rows as a frame with `row` for codes, and the columns that a history is made of."""
        codes = []
        for name, level in zip(("site", "sku"), self._levels, strict=True):
            column = rows.column(name).combine_chunks()
            if not pa.types.is_dictionary(column.type):
                column = column.dictionary_encode()
            if isinstance(column, pa.ChunkedArray):
                column = column.unify_dictionaries().combine_chunks()
            names = level.get_indexer(pd.Index(column.dictionary.to_pylist(), dtype=object))
            codes.append(names[column.indices.to_numpy()] if len(rows) else np.zeros(0, np.int64))
        pairs = codes[0].astype(np.int64) * self._width + codes[1]
        place = self._order[np.searchsorted(self._ordered, pairs)] if len(pairs) else pairs
        kept = [name for name in rows.column_names if name not in LEFT_OUT]
        frame = rows.select(kept).to_pandas(date_as_object=False)
        frame.insert(0, "row", place)
        return frame
