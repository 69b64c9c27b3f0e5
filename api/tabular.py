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

Quote = Callable[[str], str]


def write_csv(table: pa.Table, out: BinaryIO) -> None:
    out.writelines(csv_pieces(table))


def write_ndjson(table: pa.Table, out: BinaryIO) -> None:
    for lines in _objects(table):
        out.write(_joined(lines, "\n"))
        out.write(b"\n")


def write_json(table: pa.Table, out: BinaryIO) -> None:
    """One array of objects."""
    before = b"[\n"
    for lines in _objects(table):
        out.write(before)
        out.write(_joined(lines, ",\n"))
        before = b",\n"
    out.write(b"\n]\n" if table.num_rows else b"[]\n")


def write_parquet(table: pa.Table, out: BinaryIO) -> None:
    schema = _plain_schema(table.schema)
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in table.to_batches(max_chunksize=BATCH_ROWS * 16):
            columns = [
                _blank(column.cast(field.type))
                for column, field in zip(batch.columns, schema, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


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
    yield (",".join(map(_csv_word, table.column_names)) + "\n").encode()
    for cells in _cells(table, lambda word: _csv_word(defused(word))):
        lines = pc.binary_join_element_wise(
            *cells, ",", null_handling="replace", null_replacement=""
        )
        yield _joined(lines, "\n") + b"\n"


def _objects(table: pa.Table) -> Iterator[pa.Array]:
    """Each row as a JSON object, a batch at a time."""
    keys = [orjson.dumps(name).decode() + ":" for name in table.column_names]
    before = ["{" + keys[0], *("," + key for key in keys[1:])] if keys else []
    for cells in _cells(table, _json_word):
        quoted = [
            pc.binary_join_element_wise('"', cell, '"', "")
            if pa.types.is_date(field.type)
            else cell
            for cell, field in zip(cells, table.schema, strict=True)
        ]
        pieces = [piece for pair in zip(before, quoted, strict=True) for piece in pair]
        yield pc.binary_join_element_wise(
            *pieces, "}", "", null_handling="replace", null_replacement="null"
        )


def _joined(lines: pa.Array, between: str) -> bytes:
    """All lines as one text."""
    together = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    return pc.binary_join(together, between)[0].as_buffer().to_pybytes()


def _cells(table: pa.Table, quote: Quote) -> Iterator[list[pa.Array]]:
    """Every column as text, a batch at a time; text is quoted word by word, not cell by cell."""
    table = table.combine_chunks()
    if not table.num_rows:
        return
    columns = [_text_of(column.chunk(0), quote) for column in table.columns]
    for begin in range(0, table.num_rows, BATCH_ROWS):
        length = min(BATCH_ROWS, table.num_rows - begin)
        yield [column(begin, length) for column in columns]


def _text_of(array: pa.Array, quote: Quote) -> Callable[[int, int], pa.Array]:
    """Gives the text of a run of cells."""
    if pa.types.is_dictionary(array.type) and len(array.dictionary) > len(array):
        array = array.cast(pa.string())  # fewer cells than words
    if pa.types.is_string(array.type):
        array = array.dictionary_encode()
    if not pa.types.is_dictionary(array.type):
        return lambda begin, length: _blank(array.slice(begin, length)).cast(pa.string())
    words = pa.array(map(quote, array.dictionary.to_pylist()), pa.string())
    return lambda begin, length: words.take(array.slice(begin, length).indices)


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """Dictionaries as text: a reader should not have to know how a part is stored."""
    return pa.schema(
        [
            pa.field(field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type)
            for field in schema
        ]
    )


def _blank(column: pa.Array) -> pa.Array:
    """Numbers that are none as null."""
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))


def _json_word(word: str) -> str:
    return orjson.dumps(word).decode()


def _csv_word(word: str) -> str:
    if not any(sign in word for sign in ',"\r\n'):
        return word
    return '"' + word.replace('"', '""') + '"'
