"""One column as a file holds it: text where the file has text, typed values where it has types."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.tables import Kind

TEXTS: Final = pa.dictionary(pa.int32(), pa.string())
_WHOLE: Final = 2.0**53  # beyond it a float no longer holds every whole number, so no code either


@dataclass(frozen=True)
class Cells:
    """`texts[index]` is the text of a row, -1 where it has none; `typed` holds the rest.

    Repeated texts are held once, so that a million rows are parsed as a few thousand values.
    `odd` marks values that cannot be a text (a date or a list where a code belongs).
    """

    index: NDArray[np.int32]
    texts: pa.StringArray
    typed: pa.Array | None = None  # float64 or date32, null where the row has text or nothing
    odd: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.index)

    def show(self, row: int) -> str:
        """The value of a row as it was found."""
        if self.index[row] >= 0:
            return str(self.texts[int(self.index[row])].as_py())
        value = None if self.typed is None else self.typed[row].as_py()
        return "" if value is None else str(value)

    def filled(self) -> NDArray[np.bool_]:
        """Rows that hold anything but an empty text."""
        empty = pc.equal(pc.utf8_trim_whitespace(self.texts), "")
        filled = np.append(~empty.to_numpy(zero_copy_only=False), False)[self.index]
        if self.typed is not None:
            filled |= self.typed.is_valid().to_numpy(zero_copy_only=False)
        return filled

    def keep(self, rows: NDArray[np.bool_]) -> Cells:
        return Cells(
            self.index[rows],
            self.texts,
            None if self.typed is None else self.typed.filter(pa.array(rows)),
            None if self.odd is None else self.odd[rows],
        )


def constant(text: str, count: int) -> Cells:
    return Cells(np.zeros(count, dtype=np.int32), pa.array([text]))


def from_texts(column: pa.Array | pa.ChunkedArray) -> Cells:
    """Text, plain or as a dictionary; null is blank."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    elif column.type != TEXTS:
        column = column.cast(TEXTS)
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries()
        # one chunk is taken as it is, without a copy; none at all is an empty column
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.array([], TEXTS)
    index = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Cells(index.astype(np.int32, copy=False), column.dictionary)


def from_objects(values: Sequence[Any], kind: Kind) -> Cells:
    """Values of JSON or of a worksheet, each with its own type."""
    texts: list[str | None] = []
    typed: list[Any] = []
    odd = np.zeros(len(values), dtype=bool)
    for row, value in enumerate(values):
        text: str | None = None
        own: float | dt.date | None = None
        if isinstance(value, str):
            text = value
        elif isinstance(value, bool | list | dict):
            text, odd[row] = json.dumps(value, default=str), True
        elif isinstance(value, dt.datetime | dt.date):
            own = value if kind is Kind.DATE else None
            text, odd[row] = (None, False) if own else (value.isoformat(), True)
        elif isinstance(value, dt.time):
            text = value.isoformat("minutes")
        elif isinstance(value, int | float):
            own = _float(value) if kind is Kind.NUMBER else None
            text = None if own is not None else plain(value)
            odd[row] = own is None and isinstance(value, float) and abs(value) >= _WHOLE
        elif value is not None:
            text, odd[row] = str(value), True
        texts.append(text)
        typed.append(own.date() if isinstance(own, dt.datetime) else own)
    own_type = {Kind.NUMBER: pa.float64(), Kind.DATE: pa.date32()}.get(kind)
    found = from_texts(pa.array(texts, pa.string()))
    kept = pa.array(typed, own_type) if own_type is not None else None
    return Cells(found.index, found.texts, kept, odd)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf


def plain(value: float) -> str:
    """A number as its code would be written: 123.0 is 123.

    >>> plain(123.0), plain(1.5)
    ('123', '1.5')
    """
    whole = isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE
    return str(int(value)) if whole else str(value)


def is_text(type_: pa.DataType) -> bool:
    """Plain, large, or views, which some programs write."""
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(one(type_) for one in kinds)


def from_arrow(column: pa.ChunkedArray, kind: Kind) -> Cells:
    """A Parquet column; raises ValueError where the type can never be this kind."""
    type_ = column.type
    value_type = type_.value_type if pa.types.is_dictionary(type_) else type_
    if is_text(value_type):
        return from_texts(column)
    if value_type is not type_:
        return from_arrow(column.cast(value_type), kind)
    if pa.types.is_null(type_):
        return _typed(None, len(column))
    numeric = pa.types.is_integer(type_) or pa.types.is_floating(type_)
    numeric = numeric or pa.types.is_decimal(type_)
    if kind is Kind.NUMBER and numeric:
        return _typed(_whole_array(column.cast(pa.float64(), safe=False)), len(column))
    temporal = pa.types.is_date(type_) or pa.types.is_timestamp(type_)
    if kind is Kind.DATE and temporal:
        if pa.types.is_timestamp(type_) and type_.tz:
            column = pc.local_timestamp(column)
        return _typed(_whole_array(pc.cast(column, pa.date32(), safe=False)), len(column))
    if numeric:
        return _number_codes(column)
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        return from_texts(column.cast(pa.string()))
    raise ValueError(f"{type_} values")


def _typed(values: pa.Array | None, count: int) -> Cells:
    no_text = np.broadcast_to(np.int32(-1), count)  # takes no memory
    return Cells(no_text, pa.array([], pa.string()), values)


def _whole_array(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _number_codes(column: pa.ChunkedArray) -> Cells:
    """Numbers where text belongs (a code read as a number by whoever wrote the file)."""
    encoded = _whole_array(column).dictionary_encode()
    values = encoded.dictionary.to_pylist()
    codes = from_objects(values, Kind.TEXT)
    row = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    index = np.append(codes.index, np.int32(-1))[row]
    odd = np.append(codes.odd, False)[row] if codes.odd is not None else None
    return Cells(index.astype(np.int32), codes.texts, None, odd)
