"""A million rows in, a million rows out: Arrow tables to and from SQL without a Python row.

SQLite takes plain tuples and gives them straight into NumPy records; PostgreSQL takes and gives
CSV by COPY, which Arrow writes and reads. Columns here are as stored (schema.py): int32 days and
series, float64, text as dictionaries.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection, Double, Integer, Select, Table, func, literal_column
from sqlalchemy.sql.elements import ColumnElement

ROWS_AT_ONCE: Final = 200_000
"""Bounds the Python objects alive in one insert, about 100 MB."""

NO_INTEGER: Final = -(2**31)
"""Stands for NULL while integers leave SQLite; no date or number that is stored reaches it."""

TEXT: Final = pa.dictionary(pa.int32(), pa.string())


def insert(connection: Connection, table: Table, rows: pa.Table) -> None:
    """Adds rows; columns of the table that are not among them take their defaults."""
    if connection.dialect.name == "postgresql":
        _copy_in(connection, table, rows)
    else:
        _insert_tuples(connection, table, rows)


def fetch(connection: Connection, query: Select[Any]) -> pa.Table:
    """The rows of a query of plain columns: int32, float64 and text as dictionaries."""
    if connection.dialect.name == "postgresql":
        return _copy_out(connection, query)
    return _fetch_records(connection, query)


def arrow_type(column: ColumnElement[Any]) -> pa.DataType:
    if isinstance(column.type, Integer):
        return pa.int32()
    return pa.float64() if isinstance(column.type, Double) else TEXT


def _insert_tuples(connection: Connection, table: Table, rows: pa.Table) -> None:
    names = rows.column_names
    # inline: else a key left to its default is asked back, RETURNING, at twice the time
    statement = str(table.insert().inline().compile(dialect=connection.dialect, column_keys=names))
    order = [column.name for column in table.columns if column.name in names]
    cursor = _cursor(connection)
    for start in range(0, rows.num_rows, ROWS_AT_ONCE):
        part = rows.slice(start, ROWS_AT_ONCE)
        values = (_python_values(part.column(name)) for name in order)
        cursor.executemany(statement, zip(*values, strict=True))
    cursor.close()


def _python_values(column: pa.ChunkedArray) -> list[Any]:
    """Python values of a column; a null number becomes NaN, which SQLite stores as NULL."""
    if pa.types.is_dictionary(column.type):
        words = column.combine_chunks()
        return np.array(words.dictionary.to_pylist(), dtype=object)[words.indices].tolist()
    if pa.types.is_string(column.type):
        return column.to_pylist()
    return column.to_numpy().tolist()


def _fetch_records(connection: Connection, query: Select[Any]) -> pa.Table:
    columns = list(query.selected_columns)
    types = [arrow_type(column) for column in columns]
    selected = [_never_null(c, t).label(c.name) for c, t in zip(columns, types, strict=True)]
    statement = query.with_only_columns(*selected).compile(
        dialect=connection.dialect, compile_kwargs={"literal_binds": True}
    )
    kinds = {pa.int32(): "i4", pa.float64(): "f8", TEXT: "O"}
    record = np.dtype([(c.name, kinds[t]) for c, t in zip(columns, types, strict=True)])
    cursor = _cursor(connection)
    records = np.fromiter(cursor.execute(str(statement)), dtype=record)
    cursor.close()
    return pa.table(
        {c.name: _arrow(records[c.name], t) for c, t in zip(columns, types, strict=True)}
    )


def _never_null(column: ColumnElement[Any], kind: pa.DataType) -> ColumnElement[Any]:
    if kind == TEXT:
        return column
    blank = NO_INTEGER if kind == pa.int32() else "9e999"  # SQLite's way to write infinity
    return func.ifnull(column, literal_column(str(blank)), type_=column.type)


def _arrow(values: np.ndarray[Any, Any], kind: pa.DataType) -> pa.Array:
    if kind == TEXT:
        return pa.array(values, pa.string()).dictionary_encode()
    blank = values == NO_INTEGER if kind == pa.int32() else np.isinf(values)
    return pa.array(np.ascontiguousarray(values), kind, mask=blank if blank.any() else None)


def _copy_in(connection: Connection, table: Table, rows: pa.Table) -> None:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(name) for name in rows.column_names)
    lines = io.BytesIO()
    pa.csv.write_csv(rows, lines, pa.csv.WriteOptions(include_header=False))
    statement = f"COPY {quote(table.name)} ({columns}) FROM STDIN (FORMAT csv)"
    with _cursor(connection) as cursor, cursor.copy(statement) as copy:
        copy.write(lines.getbuffer())


def _copy_out(connection: Connection, query: Select[Any]) -> pa.Table:
    columns = list(query.selected_columns)
    names = [column.name for column in columns]
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    statement = str(compiled).replace("%%", "%")  # doubled for parameters, and COPY takes none
    lines = io.BytesIO()
    with (
        _cursor(connection) as cursor,
        cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)") as copy,
    ):
        for part in copy:
            lines.write(part)
    return _read_csv(lines, names, [arrow_type(column) for column in columns])


def _read_csv(lines: io.BytesIO, names: Sequence[str], types: Sequence[pa.DataType]) -> pa.Table:
    """COPY's CSV: an unquoted nothing is NULL, a quoted one is blank text."""
    schema = pa.schema(list(zip(names, types, strict=True)))
    if not lines.tell():
        return schema.empty_table()
    lines.seek(0)
    return pa.csv.read_csv(
        lines,
        pa.csv.ReadOptions(column_names=list(names), block_size=16 << 20),
        pa.csv.ParseOptions(newlines_in_values=True),
        pa.csv.ConvertOptions(column_types=schema, null_values=[""], strings_can_be_null=False),
    )


def _cursor(connection: Connection) -> Any:
    """The driver's own cursor, inside the connection's transaction."""
    return connection.connection.cursor()
