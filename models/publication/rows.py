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
    """A table, answered from as dictionaries; unknown numbers are NaN, other unknowns None.

    `nested`: columns that stand in one inner object of this name at the end of each row.

    >>> rows = PlainRows(pa.table({"sku": ["A", "B"], "q100": [1.0, 2.0]}), "quantiles", ["q100"])
    >>> rows.records(slice(1, 2))
    [{'sku': 'B', 'quantiles': {'q100': 2.0}}]
    """

    def __init__(self, table: pa.Table, name: str = "", nested: Sequence[str] = ()) -> None:
        outer = [one for one in table.column_names if one not in nested]
        self._columns = [_opened(table.column(one)) for one in (*outer, *nested)]
        self._together = _together(outer, name, nested)

    def records(self, rows: Rows) -> list[dict[str, Any]]:
        return self._together([column(rows) for column in self._columns])


def _together(
    outer: Sequence[str], name: str, nested: Sequence[str]
) -> Callable[[list[Values]], list[dict[str, Any]]]:
    """Columns to rows, as code made for these names, the way `collections.namedtuple` does it: a
    literal dictionary is quicker than one zipped from names and values."""
    names = [*outer, *nested]
    pairs = [f"{one!r}: v{place}" for place, one in enumerate(names)]
    inner = f"{name!r}: {{{', '.join(pairs[len(outer) :])}}}" if nested else ""
    row = ", ".join([*pairs[: len(outer)], inner])
    values = "".join(f"v{place}, " for place in range(len(names)))
    made: Callable[[list[Values]], list[dict[str, Any]]] = eval(
        f"lambda columns: [{{{row}}} for {values} in zip(*columns)]"
    )
    return made


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
