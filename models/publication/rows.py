"""Rows of a mapped table as plain values, some at a time: what single reads are answered from.

Arrow makes a Python value of each cell by way of a scalar, which costs milliseconds a series. Here
each column is opened once as NumPy sees it (no copy where nothing is null) and sliced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Rows = slice | NDArray[np.intp]  # a contiguous run, or row numbers
Values = Iterable[Any]


class PlainRows:
    """A table, answered from as dictionaries; NaN and null are both None-like (NaN in numbers).

    `nested`: columns that stand in one inner object of this name at the end of each row.

    >>> rows = PlainRows(pa.table({"sku": ["A", "B"], "q100": [1.0, 2.0]}), "quantiles", ["q100"])
    >>> rows.records(slice(1, 2))
    [{'sku': 'B', 'quantiles': {'q100': 2.0}}]
    """

    def __init__(self, table: pa.Table, name: str = "", nested: Sequence[str] = ()) -> None:
        self._name = name
        self._outer = {one: _opened(table.column(one)) for one in table.column_names}
        self._inner = {one: self._outer.pop(one) for one in nested}

    def records(self, rows: Rows) -> list[dict[str, Any]]:
        found = _zipped(self._outer, rows)
        if self._inner:
            for row, inner in zip(found, _zipped(self._inner, rows), strict=True):
                row[self._name] = inner
        return found


def _zipped(columns: dict[str, Callable[[Rows], Values]], rows: Rows) -> list[dict[str, Any]]:
    names = tuple(columns)
    values = zip(*[column(rows) for column in columns.values()], strict=True)
    return [dict(zip(names, row, strict=True)) for row in values]


def _opened(column: pa.ChunkedArray) -> Callable[[Rows], Values]:
    """Gives the plain values of some rows of a column."""
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # no chunk at all
        array = pa.array([], column.type)
    if array.null_count:
        is_number = pa.types.is_floating(array.type)
        return lambda rows: _plain(_cut(array, rows), is_number)
    if pa.types.is_dictionary(array.type):
        codes, words = array.indices.to_numpy(zero_copy_only=False), array.dictionary.to_pylist()
        return lambda rows: [words[code] for code in codes[rows].tolist()]
    if pa.types.is_string(array.type):
        return lambda rows: _cut(array, rows).to_pylist()
    values = array.to_numpy(zero_copy_only=False)
    return lambda rows: values[rows].tolist()


def _cut(array: pa.Array, rows: Rows) -> pa.Array:
    if isinstance(rows, slice):
        return array.slice(rows.start, rows.stop - rows.start)
    return array.take(pa.array(rows))


def _plain(array: pa.Array, is_number: bool) -> list[Any]:
    """Numbers by way of NumPy, null as NaN; the rest cell by cell, null as None."""
    return array.to_numpy(zero_copy_only=False).tolist() if is_number else array.to_pylist()
