"""Rows of a feed as they travel (codes, dates) and as they are stored (schema.py), both ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.errors import MissingColumns
from forecasting.record.bulk import TEXT
from forecasting.record.schema import NO_DAY, stored_key, stored_names
from forecasting.tables import Kind, Table

Integers = NDArray[np.int64]

ARROW: Final = {Kind.NUMBER: pa.float64(), Kind.DATE: pa.date32()}


def canonical_schema(feed: Table) -> pa.Schema:
    """How `rows` gives a feed: every column of the contract, then `delivery`."""
    columns = [(column.name, ARROW.get(column.kind, TEXT)) for column in feed.columns]
    return pa.schema([*columns, ("delivery", pa.int64())])


@dataclass(frozen=True)
class StoredRows:
    """Rows ready to be stored, but for the numbers that only the record can give.

    `pairs`: the site and sku codes found, one row each; `pair`: which of them a row belongs to
    (empty where the feed is not by series). `filled`: the columns with a value somewhere.
    """

    feed: Table
    columns: dict[str, pa.Array]
    pairs: pd.DataFrame
    pair: NDArray[np.int32]
    filled: list[str]

    def numbered(self, delivery: int, series: Integers, *, at_once: int) -> Iterator[pa.Table]:
        """The rows with their delivery and series, in the order in which they are stored, at most
        `at_once` at a time: only their places are sorted whole."""
        length = len(next(iter(self.columns.values())))
        columns = {name: values for name, values in self.columns.items() if name in self.filled}
        leading = []
        if self.feed.dated in stored_key(self.feed):
            leading.append(self.days())
        if self.feed.by_series:
            columns["series"] = pa.array(series.astype(np.int32)[self.pair])
            leading.append(columns["series"].to_numpy())
        keys = packed(leading) if leading else np.empty(0, np.int64)
        order = None if _ascends(keys) else np.argsort(keys, kind="stable")
        del keys
        rows = pa.table(columns)
        for begin in range(0, length, at_once):
            if order is None:
                part = rows.slice(begin, at_once)
            else:
                part = rows.take(pa.array(order[begin : begin + at_once]))
            numbers = pa.repeat(pa.scalar(delivery, pa.int32()), part.num_rows)
            yield part.append_column("delivery", numbers)

    def days(self) -> NDArray[np.int32]:
        assert self.feed.dated is not None
        return self.columns[self.feed.dated].to_numpy()


def to_stored(feed: Table, rows: pa.Table) -> StoredRows:
    """Canonical rows as stored; raises MissingColumns where a required column is not there. No rows
    need no columns."""
    rows = rows if rows.num_rows else canonical_schema(feed).empty_table()
    missing = [name for name in feed.required if name not in rows.column_names]
    if missing:
        raise MissingColumns(feed.name, missing, rows.column_names)
    names = [name for name in stored_names(feed) if name in rows.column_names]
    columns = {name: _stored(feed, name, rows.column(name)) for name in names}
    pairs, pair = _pairs(rows) if feed.by_series else (pd.DataFrame(), np.empty(0, np.int32))
    filled = [name for name, values in columns.items() if _has_value(values)]
    return StoredRows(feed, columns, pairs, pair, filled)


def to_canonical(feed: Table, stored: pa.Table, series: pd.DataFrame) -> pa.Table:
    """Stored rows with codes and dates; columns that were not fetched are blank.

    `series`: id, site, sku of (at least) the series among the rows.
    """
    columns: dict[str, pa.Array] = {}
    if feed.by_series:
        place = np.full(int(series["id"].max()) + 1 if len(series) else 0, -1)
        place[series["id"]] = np.arange(len(series))
        row = place[stored.column("series").to_numpy()]
        for name in ("site", "sku"):
            columns[name] = codes_in_order(_taken(series[name], row))
    schema = canonical_schema(feed)
    for field in schema:
        if field.name in columns:
            continue
        if field.name not in stored.column_names:
            columns[field.name] = _blank(field.type, stored.num_rows)
        else:
            columns[field.name] = _canonical(feed, field, one_chunk(stored.column(field.name)))
    return pa.table([columns[field.name] for field in schema], schema=schema)


def codes_in_order(words: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same text over a dictionary in byte order that holds what is used and nothing else.

    So that equal columns are equal arrays, and comparing two codes compares two texts.
    """
    indices = words.indices.to_numpy()
    used = np.bincount(indices, minlength=len(words.dictionary)) > 0
    vocabulary = words.dictionary.filter(pa.array(used))
    order = pc.sort_indices(vocabulary).to_numpy()
    if used.all() and (order == np.arange(len(order))).all():
        return words
    rank = np.empty(len(used), dtype=np.int32)
    rank[np.flatnonzero(used)[order]] = np.arange(len(order), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(rank[indices], pa.int32()), vocabulary.take(pa.array(order))
    )


def sortable(column: pa.ChunkedArray) -> Integers:
    """Integers in the order of a canonical column: dates (blank first) or ordered codes."""
    values = one_chunk(column)
    if pa.types.is_dictionary(values.type):
        return values.indices.to_numpy().astype(np.int64)
    return values.cast(pa.int32()).fill_null(NO_DAY).to_numpy().astype(np.int64)


def packed(keys: Sequence[NDArray[np.integer]]) -> Integers:
    """One integer a row that orders and tells apart rows as the keys do, the first leading.

    >>> packed([np.array([7, 7, 8]), np.array([1, 3, 2])]).tolist()
    [0, 2, 4]
    """
    result = np.zeros(len(keys[0]), dtype=np.int64)
    size = 1
    for key in keys:
        if not len(key):
            return result
        least = int(key.min())
        width = int(key.max()) - least + 1
        if size * width >= 2**62:
            result = np.unique(result, return_inverse=True)[1].astype(np.int64)
            size = int(result.max()) + 1
        result *= width
        result += key
        result -= least
        size *= width
    return result


def _stored(feed: Table, name: str, column: pa.ChunkedArray) -> pa.Array:
    kind = feed.by_name[name].kind
    values = one_chunk(column)
    if kind is Kind.NUMBER:
        return values.cast(pa.float64())
    if kind is Kind.DATE:
        days = values.cast(pa.date32()).cast(pa.int32())
        return days.fill_null(NO_DAY) if name in stored_key(feed) else days
    return _words(values)


def _words(values: pa.Array) -> pa.DictionaryArray:
    if not pa.types.is_dictionary(values.type) or values.null_count:
        values = values.cast(pa.string()).fill_null("").dictionary_encode()
    return values.cast(TEXT)


def _pairs(rows: pa.Table) -> tuple[pd.DataFrame, NDArray[np.int32]]:
    site, sku = (_words(one_chunk(rows.column(name))) for name in ("site", "sku"))
    both = site.indices.to_numpy().astype(np.int64)
    both *= len(sku.dictionary)
    both += sku.indices.to_numpy()
    pair, found = pd.factorize(both)
    pair = pair.astype(np.int32)
    sites, skus = (np.array(words.dictionary.to_pylist(), dtype=object) for words in (site, sku))
    width = max(len(skus), 1)
    return pd.DataFrame({"site": sites[found // width], "sku": skus[found % width]}), pair


def _has_value(values: pa.Array) -> bool:
    if pa.types.is_dictionary(values.type):
        return bool(pc.any(pc.not_equal(values.dictionary, "")).as_py())
    return values.null_count < len(values)


def _taken(codes: pd.Series, row: Integers) -> pa.DictionaryArray:
    words = pa.array(codes, pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(words.indices.take(pa.array(row)), words.dictionary)


def _canonical(feed: Table, field: pa.Field, values: pa.Array) -> pa.Array:
    if field.type == TEXT:
        return codes_in_order(values)
    if field.type != pa.date32():
        return values.cast(field.type)
    if field.name in stored_key(feed) and not feed.by_name[field.name].required:
        values = pc.if_else(pc.equal(values, NO_DAY), pa.scalar(None, pa.int32()), values)
    return values.cast(pa.date32())


def _blank(kind: pa.DataType, length: int) -> pa.Array:
    if kind != TEXT:
        return pa.nulls(length, kind)
    vocabulary = pa.array([""] if length else [], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), vocabulary)


def one_chunk(column: Any) -> pa.Array:
    """One array of a column, however many chunks (and dictionaries) it came in."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    if column.num_chunks == 1:
        return column.chunk(0)
    whole = column.combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def _ascends(keys: Integers) -> bool:
    return bool((keys[1:] >= keys[:-1]).all())
