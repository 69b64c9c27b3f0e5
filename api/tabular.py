"""An Arrow table as CSV, Parquet, NDJSON or JSON, batch by batch: sizes do not matter.

Codes are text and stay as they are; dates are plain ISO dates; what is unknown (null or NaN) is an
empty cell in CSV and null in JSON. In CSV a text that a spreadsheet would take for a formula gets
an apostrophe before it, which our own `generic` profile takes away again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecasting.feeds.formulas import defused

BATCH_ROWS: Final = 16_384  # some megabytes of text


def write_csv(table: pa.Table, out: BinaryIO) -> None:
    for piece in csv_pieces(table):
        out.write(piece)


def write_ndjson(table: pa.Table, out: BinaryIO) -> None:
    for batch in _batches(table):
        out.writelines(orjson.dumps(row) + b"\n" for row in batch.to_pylist())


def write_json(table: pa.Table, out: BinaryIO) -> None:
    """One array of objects."""
    before = b"[\n"
    for batch in _batches(table):
        for row in batch.to_pylist():
            out.write(before + orjson.dumps(row))
            before = b",\n"
    out.write(b"\n]\n" if table.num_rows else b"[]\n")


def write_parquet(table: pa.Table, out: BinaryIO) -> None:
    schema = _plain_schema(table.schema)
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in _batches(table):
            writer.write_batch(batch)


WRITERS: Final[Mapping[str, Callable[[pa.Table, BinaryIO], None]]] = {
    "csv": write_csv,
    "parquet": write_parquet,
    "ndjson": write_ndjson,
    "json": write_json,
}


def csv_pieces(table: pa.Table) -> Iterator[bytes]:
    """RFC 4180 with \\n; a cell is quoted only if it must be. Arrow's own writer quotes all text.

    >>> b"".join(csv_pieces(pa.table({"sku": ["007", "A,1"], "mean": [1.5, None]})))
    b'sku,mean\\n007,1.5\\n"A,1",\\n'
    >>> b"".join(csv_pieces(pa.table({"sku": ["-7"], "mean": [-7.0]})))
    b"sku,mean\\n'-7,-7\\n"
    """
    yield (",".join(map(_quoted, table.column_names)) + "\n").encode()
    for batch in _batches(table):
        cells = [_cells(column) for column in batch.columns]
        lines = pc.binary_join_element_wise(
            *cells, ",", null_handling="replace", null_replacement=""
        )
        yield ("\n".join(lines.to_pylist()) + "\n").encode()


def records(table: pa.Table) -> list[dict[str, object]]:
    """Rows as plain values, NaN as None."""
    return [row for batch in _batches(table) for row in batch.to_pylist()]


def _batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    schema = _plain_schema(table.schema)
    for batch in table.to_batches(max_chunksize=BATCH_ROWS):
        columns = [_blank_nan(column.cast(field.type)) for column, field in _each(batch, schema)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _each(batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[tuple[pa.Array, pa.Field]]:
    return zip(batch.columns, schema, strict=True)


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """Dictionaries as text: a reader should not have to know how a part is stored."""
    return pa.schema(
        [
            pa.field(field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type)
            for field in schema
        ]
    )


def _blank_nan(column: pa.Array) -> pa.Array:
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _cells(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return column.cast(pa.string())
    encoded = column.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    words = pa.array([_quoted(defused(text)) for text in texts], pa.string())
    return words.take(encoded.indices)


def _quoted(word: str) -> str:
    if not any(sign in word for sign in ',"\r\n'):
        return word
    return '"' + word.replace('"', '""') + '"'
