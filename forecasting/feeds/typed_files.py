"""Parquet, XLSX, JSON and NDJSON to a raw table: values keep the types that the file gives them."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import openpyxl
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from forecasting.errors import DeliveryRefused
from forecasting.feeds.cells import Cells, from_arrow, from_objects, is_text
from forecasting.feeds.faults import Code, no_rejects, reject_frame, shown
from forecasting.feeds.raw import Choose, RawTable, refuse_giant
from forecasting.tables import Kind

BYTES_A_CELL: Final = 20  # unpacked XML that one cell of a worksheet may need, with room to spare


def read_parquet(data: bytes, source: str, choose: Choose, most_cells: int) -> RawTable:
    """Rows are numbered from 1. Only the columns that the feed needs are read."""
    try:
        file = pyarrow.parquet.ParquetFile(pa.BufferReader(data))
        schema = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise _damaged(source, "Parquet", error) from None
    headers = list(schema.names)
    kinds = choose(headers)
    count = file.metadata.num_rows
    refuse_giant(source, count, len(kinds), most_cells)
    texts = [header for header in kinds if is_text(schema.field(header).type)]
    file = pyarrow.parquet.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
    columns: dict[str, Cells] = {}
    for header, kind in kinds.items():  # one after the other: what one needs on the way is freed
        try:
            column = file.read(columns=[header]).column(header)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(source, "Parquet", error) from None
        try:
            if header in texts:
                column.validate(full=True)  # nothing else looks whether it is UTF-8
            columns[header] = from_arrow(column, kind)
        except (ValueError, NotImplementedError) as error:
            raise DeliveryRefused(
                source,
                f"column {header!r} cannot be read as {kind}: {error}",
                next_step="Write the column with a plain type.",
                column=header,
            ) from None

    def raw(rows: NDArray[np.int64]) -> list[str]:
        return [_json(row) for row in _rows_of(file, rows, list(kinds))]

    return RawTable(columns, np.arange(1, count + 1, dtype=np.int64), raw, no_rejects())


def _rows_of(
    file: pyarrow.parquet.ParquetFile, rows: NDArray[np.int64], columns: list[str]
) -> list[dict[str, Any]]:
    """Rows by number from 0, ascending, read again from the row groups that hold them."""
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    ends = np.cumsum(sizes)
    found: list[dict[str, Any]] = []
    for group in np.unique(np.searchsorted(ends, rows, side="right")).tolist():
        begin = int(ends[group]) - sizes[group]
        mine = rows[(rows >= begin) & (rows < ends[group])] - begin
        found += file.read_row_group(group, columns=columns).take(pa.array(mine)).to_pylist()
    return found


def read_xlsx(
    data: bytes, source: str, sheet: str, header_line: int, choose: Choose, most_cells: int
) -> RawTable:
    """Rows are numbered as the sheet numbers them; formulas count with their last result.

    `header_line`: the first row of the sheet that may be the header.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        refuse_giant(source, unpacked // BYTES_A_CELL, 1, most_cells)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's remarks on styles and extensions
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            names, rows = _sheet_rows(book, source, sheet, most_cells)
    except DeliveryRefused:
        raise
    except Exception as error:  # openpyxl raises whatever its XML makes it raise
        raise _damaged(source, "XLSX", error) from None
    filled = [
        (line, row)
        for line, row in enumerate(rows, 1)
        if line >= header_line and any(cell is not None for cell in row)
    ]
    if not filled:
        raise empty(source)
    headers = ["" if cell is None else str(cell) for cell in filled[0][1]]
    records = filled[1:]
    columns = _columns(
        headers,
        choose(headers),
        [
            [row[place] if place < len(row) else None for _, row in records]
            for place in range(len(headers))
        ],
    )

    def raw(wanted: NDArray[np.int64]) -> list[str]:
        return [_json(dict(zip(headers, records[row][1], strict=False))) for row in wanted]

    others = [name for name in names[1:] if not sheet]
    notes = (f"sheet {names[0]!r} was read; not read: {', '.join(others)}",) if others else ()
    line = np.array([line for line, _ in records], dtype=np.int64)
    return RawTable(columns, line, raw, no_rejects(), notes)


def _sheet_rows(
    book: openpyxl.Workbook, source: str, sheet: str, most_cells: int
) -> tuple[list[str], list[tuple[Any, ...]]]:
    names = list(book.sheetnames)
    if sheet and sheet not in names:
        raise DeliveryRefused(
            source,
            f"there is no sheet {sheet!r}; it has {', '.join(names)}",
            next_step="Name the sheet in the profile (`sheet`).",
        )
    page = book[sheet or names[0]]
    page.reset_dimensions()  # the size that a writer claims may be wrong; read to the end
    rows: list[tuple[Any, ...]] = []
    cells = 0
    for row in page.iter_rows(values_only=True):
        cells += len(row)
        refuse_giant(source, cells, 1, most_cells)
        rows.append(row)
    return names, rows


def read_json(data: bytes, source: str, choose: Choose, most_cells: int) -> RawTable:
    """An array of objects; rows are numbered from 1."""
    try:
        records = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise DeliveryRefused(
            source, f"not valid JSON ({error.msg})", next_step="Correct it.", line=error.lineno
        ) from None
    if not isinstance(records, list):
        raise DeliveryRefused(
            source,
            "not an array of objects",
            next_step='Send [{"date": …, "site": …}, …], or NDJSON, one object a line.',
        )
    lines = np.arange(1, len(records) + 1, dtype=np.int64)
    return _from_records(records, lines, source, choose, most_cells, no_rejects())


def read_ndjson(data: bytes, source: str, choose: Choose, most_cells: int) -> RawTable:
    """One object a line; a line that is no JSON is rejected alone."""
    records, lines = [], []
    broken: list[tuple[int, str, str]] = []
    for line, text in enumerate(data.split(b"\n"), 1):
        if not text.strip():
            continue
        try:
            records.append(orjson.loads(text))
            lines.append(line)
        except orjson.JSONDecodeError as error:
            broken.append((line, f"not valid JSON ({error.msg})", text.decode(errors="replace")))
    rejects = reject_frame(
        [line for line, _, _ in broken],
        "",
        Code.JSON,
        [message for _, message, _ in broken],
        [text for _, _, text in broken],
    )
    if not records and broken:
        raise DeliveryRefused(
            source, f"{broken[0][1]}", next_step="Send one JSON object a line.", line=broken[0][0]
        )
    return _from_records(records, np.array(lines, np.int64), source, choose, most_cells, rejects)


def _from_records(
    records: Sequence[Any],
    lines: NDArray[np.int64],
    source: str,
    choose: Choose,
    most_cells: int,
    broken: pd.DataFrame,
) -> RawTable:
    is_object = np.array([isinstance(record, dict) for record in records], dtype=bool)
    if not is_object.all():
        odd = np.flatnonzero(~is_object)
        values = [_json(records[int(row)]) for row in odd]
        messages = [f"{shown(value)} is not an object" for value in values]
        found = reject_frame(lines[odd], "", Code.JSON, messages, values)
        broken = pd.concat([broken, found], ignore_index=True) if len(broken) else found
    objects = [record for record in records if isinstance(record, dict)]
    headers = list(dict.fromkeys(key for record in objects for key in record))
    kinds = choose(headers) if objects else {}
    refuse_giant(source, len(objects), len(headers), most_cells)
    values_of = [[record.get(header) for record in objects] for header in headers]

    def raw(wanted: NDArray[np.int64]) -> list[str]:
        return [_json(objects[row]) for row in wanted]

    return RawTable(_columns(headers, kinds, values_of), lines[is_object], raw, broken)


def _columns(
    headers: Sequence[str], kinds: Mapping[str, Kind], values: Sequence[Sequence[Any]]
) -> dict[str, Cells]:
    return {
        header: from_objects(values[headers.index(header)], kind) for header, kind in kinds.items()
    }


def _json(row: object) -> str:
    return json.dumps(row, ensure_ascii=False, default=str)


def empty(source: str) -> DeliveryRefused:
    return DeliveryRefused(
        source,
        "empty",
        next_step="Deliver it again; a file with a header and no rows is fine, an empty one is a "
        "fault of the export.",
    )


def _damaged(source: str, form: str, error: Exception) -> DeliveryRefused:
    return DeliveryRefused(
        source, f"cannot be read as {form} ({shown(error)})", next_step="Export it again."
    )
