"""Delimited text to a raw table: every field as text, every row with its exact line.

Arrow cuts the files whose quotes, if any, enclose whole fields of one line (nearly all exports);
the others, with quotes or line breaks inside quoted texts, go to Python's csv, which is slower and
knows on which line a record began.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from forecasting.errors import DeliveryRefused
from forecasting.feeds.cells import TEXTS, Cells, from_texts
from forecasting.feeds.faults import Code, no_rejects, reject_frame
from forecasting.feeds.raw import Choose, RawTable, refuse_giant

CHUNK_ROWS: Final = 50_000  # rows of Python objects held at once
COMMON_SEPARATORS: Final = ",;\t|"
LONGEST_LINE: Final = 1 << 20  # bytes: Arrow's block, which a row must fit into


def read_csv(text: bytes, source: str, separator: str, choose: Choose, most_cells: int) -> RawTable:
    """`text` is UTF-8 without byte order mark. Raises DeliveryRefused, naming the line."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = _Lines(text, separator)
    if lines.plain:
        return _read_plain(lines, text, source, separator, choose, most_cells)
    return _read_quoted(text.decode(), source, separator, choose, most_cells)


def _read_plain(
    lines: _Lines, text: bytes, source: str, separator: str, choose: Choose, most_cells: int
) -> RawTable:
    if lines.length.max() > LONGEST_LINE:
        raise DeliveryRefused(
            source,
            f"this line has {lines.length.max():,} bytes",
            next_step="Line ends are missing, or the file is no table: export it again.",
            line=int(lines.length.argmax()) + 1,
        )
    filled = np.flatnonzero(lines.length > 0)
    try:
        headers = next(csv.reader([lines.text(int(filled[0]))], delimiter=separator))
    except csv.Error as error:  # a field without an end
        raise DeliveryRefused(
            source,
            f"the header cannot be cut ({error})",
            next_step="Export it again.",
            line=int(filled[0]) + 1,
        ) from None
    _refuse_wrong_separator(headers, source, separator, int(filled[0]) + 1)
    kinds = choose(headers)
    rows = filled[1:]
    refuse_giant(source, len(rows), len(headers), most_cells)
    fields = lines.separators[rows] + 1
    empty = (lines.length[rows] == fields - 1) & (len(headers) > 1)  # separators only
    cut = fields == len(headers)
    columns = _cut(text[lines.start[rows[0]] :] if len(rows) else b"", headers, kinds, separator)
    keep = ~empty[cut]
    short = rows[~cut & ~empty]
    broken = reject_frame(
        short + 1,
        "",
        Code.FIELD_COUNT,
        [_field_count(int(n), len(headers)) for n in fields[~cut & ~empty]],
        [lines.text(int(row)) for row in short],
    )
    kept = rows[cut & ~empty]
    return RawTable(
        columns if keep.all() else {name: cells.keep(keep) for name, cells in columns.items()},
        kept + 1,
        lambda wanted: [lines.text(int(kept[row])) for row in wanted],
        broken,
        _empty_note(int(empty.sum())),
    )


def _field_count(found: int, expected: int) -> str:
    return f"{found} field(s) where the header has {expected}"


def _empty_note(count: int) -> tuple[str, ...]:
    return (f"{count} row(s) with separators only were skipped",) if count else ()


class _Lines:
    """Where the lines of a text start, how long they are (bytes) and how they are cut.

    `plain`: each quote of the file opens or closes a whole field of one line, or there is none,
    so that lines are records. `separators` counts those outside quotes, where the file is plain.
    """

    def __init__(self, text: bytes, separator: str) -> None:
        self._text = text
        seen = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(seen == ord("\n"))
        if not len(ends) or ends[-1] != len(text) - 1:
            ends = np.append(ends, len(text))
        self.start: NDArray[np.int64] = np.concatenate([[0], ends[:-1] + 1])
        self.length: NDArray[np.int64] = ends - self.start
        cuts = seen == ord(separator)
        self.plain = True
        if b'"' in text:
            quotes = seen == ord('"')
            inside = np.bitwise_xor.accumulate(quotes)
            edges = cuts | (seen == ord("\n"))
            before, after = np.append(True, edges[:-1]), np.append(edges[1:], True)
            opens, closes = quotes & inside, quotes & ~inside
            self.plain = not (
                (opens & ~before).any() or (closes & ~after).any() or inside[ends - 1].any()
            )
            cuts &= ~inside
        self.separators: NDArray[np.int64] = np.diff(
            np.searchsorted(np.flatnonzero(cuts), np.append(self.start, len(text)))
        )

    def text(self, line: int) -> str:
        start = int(self.start[line])
        return self._text[start : start + int(self.length[line])].decode()


def _cut(
    body: bytes, headers: list[str], kinds: Mapping[str, object], separator: str
) -> dict[str, Cells]:
    """Rows with as many fields as the header; Arrow skips the others."""
    names = [str(number) for number in range(len(headers))]  # headers may repeat
    wanted = {str(headers.index(header)): header for header in kinds}
    if not body:
        return {header: from_texts(pa.array([], TEXTS)) for header in kinds}
    table = pyarrow.csv.read_csv(
        pa.py_buffer(body),
        read_options=pyarrow.csv.ReadOptions(column_names=names),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator,
            quote_char='"' if b'"' in body else False,
            double_quote=False,
            invalid_row_handler=lambda _: "skip",
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, TEXTS),
            include_columns=list(wanted) or names[:1],
            strings_can_be_null=False,
        ),
    )
    return {header: from_texts(table.column(name)) for name, header in wanted.items()}


def _read_quoted(
    text: str, source: str, separator: str, choose: Choose, most_cells: int
) -> RawTable:
    records = _records(text, source, separator)
    begun = next((record for record in records if record[2]), None)
    if begun is None:
        raise DeliveryRefused(
            source,
            "no line of it can be cut into fields",
            next_step='Write a quote inside a quoted text twice ("").',
        )
    first, _, headers, _ = begun
    _refuse_wrong_separator(headers, source, separator, first)
    kinds = choose(headers)
    places = {header: headers.index(header) for header in kinds}
    width = len(headers)
    refuse_giant(source, text.count("\n"), width, most_cells)
    chunks: dict[str, list[pa.Array]] = {header: [] for header in kinds}
    starts: list[int] = []
    ends: list[int] = []
    broken: list[tuple[int, int, Code, str]] = []
    empty = 0
    while chunk := list(islice(records, CHUNK_ROWS)):
        rows = []
        for start, end, fields, problem in chunk:
            if problem:
                broken.append((start, end, Code.QUOTES, problem))
            elif not any(fields):
                empty += bool(fields)
            elif len(fields) != width:
                broken.append((start, end, Code.FIELD_COUNT, _field_count(len(fields), width)))
            else:
                starts.append(start)
                ends.append(end)
                rows.append(fields)
        columns = list(zip(*rows, strict=True))
        for header, place in places.items():
            values = columns[place] if columns else []
            chunks[header].append(pa.array(values, pa.string()).dictionary_encode())
    lines = _PhysicalLines(text)
    return RawTable(
        {header: from_texts(pa.chunked_array(chunks[header], TEXTS)) for header in kinds},
        np.array(starts, dtype=np.int64),
        lambda wanted: lines.text([(starts[row], ends[row]) for row in wanted]),
        pd.concat(
            [
                no_rejects(),
                *(
                    reject_frame([start], "", code, [problem], lines.text([(start, end)]))
                    for start, end, code, problem in broken
                ),
            ],
            ignore_index=True,
        )
        if broken
        else no_rejects(),
        _empty_note(empty),
    )


def _records(text: str, source: str, separator: str) -> Iterator[tuple[int, int, list[str], str]]:
    """First line, last line, fields, and what is wrong, of each record; blank lines have none.

    Text after a closing quote spoils its row. Where that row runs over several lines, a quote
    was left open somewhere and nothing after it can be trusted: the file is refused.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if reader.line_num > start or "unexpected end" in str(error):
                raise DeliveryRefused(
                    source,
                    "a quote opened in this row is not closed, or text follows a closing quote",
                    next_step='Close the quote; write a quote inside a quoted text twice ("").',
                    line=start,
                ) from None
            yield start, start, [], f"badly quoted ({error})"
            continue
        yield start, reader.line_num, fields, ""


class _PhysicalLines:
    """The lines of a text, cut when the first reject asks for them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: list[str] = []

    def text(self, spans: list[tuple[int, int]]) -> list[str]:
        """From a first to a last line, from 1, both included."""
        if not self._lines and spans:
            self._lines = list(io.StringIO(self._text, newline=""))
        return ["".join(self._lines[start - 1 : end]).rstrip("\r\n") for start, end in spans]


def _refuse_wrong_separator(headers: list[str], source: str, separator: str, line: int) -> None:
    if len(headers) > 1:
        return
    others = [other for other in COMMON_SEPARATORS if other != separator and other in headers[0]]
    if others:
        raise DeliveryRefused(
            source,
            f"the header is one column when cut at {separator!r}; it looks cut at {others[0]!r}",
            next_step="Choose the profile that fits (generic-fr uses ;) or set its `separator`.",
            line=line,
        )
