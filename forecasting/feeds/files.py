"""Bytes to a raw table: what the file is, whether it is what its name says, how it is encoded."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from forecasting.errors import DeliveryRefused
from forecasting.feeds.csv_file import read_csv
from forecasting.feeds.formulas import undone
from forecasting.feeds.profile import Profile
from forecasting.feeds.raw import MOST_CELLS, MOST_PARQUET_CELLS, Choose, RawTable
from forecasting.feeds.sniffing import encoding_of
from forecasting.feeds.typed_files import empty, read_json, read_ndjson, read_parquet, read_xlsx
from forecasting.tables import Kind

FORMS: Final = {
    ".csv": "CSV",
    ".txt": "CSV",
    ".tsv": "CSV",
    ".xlsx": "XLSX",
    ".parquet": "Parquet",
    ".json": "JSON",
    ".ndjson": "NDJSON",
    ".jsonl": "NDJSON",
}
_MAGIC: Final = (
    (b"PAR1", "Parquet"),
    (b"PK\x03\x04", "XLSX"),
    (b"\x1f\x8b", "gzip"),
    (b"\xd0\xcf\x11\xe0", "old Excel (.xls)"),
    (b"%PDF", "PDF"),
)
CUT_SHORT: Final = ("truncated data", "unexpected end of data")
"""How Python says that the bytes end before a character does."""
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
BYTES_A_FIELD: Final = 20  # of a CSV; with the most cells this bounds what a gzip may unfold to
SAMPLE_BYTES: Final = 65_536  # what the guess at an encoding looks at


def read_raw(
    data: bytes, source: str, profile: Profile, choose: Choose, most_cells: int | None
) -> RawTable:
    """The form is told by the name, or by the first bytes where there is no known ending.

    `most_cells`: None for what its form may have. Raises DeliveryRefused where the content is not
    of the form that the name promises.
    """
    most = most_cells or MOST_CELLS
    suffix = Path(source).suffix.lower()
    magic = _magic(data)
    if magic == "gzip" and suffix not in FORMS:
        data = _unzip(data, source, most)
        suffix = Path(Path(source).stem).suffix.lower()
        magic = _magic(data)
    if not data.strip():
        raise empty(source)
    form = FORMS.get(suffix) or magic or _bare_form(data)
    if (magic and magic != form) or (form in ("XLSX", "Parquet") and magic != form):
        found = magic or "text"
        raise DeliveryRefused(
            source,
            f"named as {form}, but its content is {found}",
            next_step="Rename it with its true ending, or export it again as CSV.",
            named=form,
            found=found,
        )
    if form == "Parquet":
        return read_parquet(data, source, choose, most_cells or MOST_PARQUET_CELLS)
    if form == "XLSX":
        return read_xlsx(data, source, profile.sheet, profile.header_line, choose, most)
    if form == "JSON":
        return read_json(data, source, choose, most)
    if form == "NDJSON":
        return read_ndjson(data, source, choose, most)
    if form != "CSV":
        raise DeliveryRefused(
            source, f"this is {form}", next_step="Export it as CSV, XLSX or Parquet."
        )
    text, note = _decode(data, source, profile.encoding)
    text = _from_line(text, profile.header_line)
    if not text.strip():
        raise empty(source)
    kinds: dict[str, Kind] = {}

    def chosen(headers: Sequence[str]) -> Mapping[str, Kind]:
        kinds.update(choose(headers))
        return kinds

    raw = read_csv(text, source, profile.separator, chosen, most)
    columns = dict(raw.columns)
    for header, kind in kinds.items() if profile.defused else ():
        if kind is Kind.TEXT:
            columns[header] = replace(columns[header], texts=undone(columns[header].texts))
    return replace(raw, columns=columns, notes=(*note, *raw.notes))


def unzipped(data: bytes, source: str) -> tuple[bytes, str]:
    """The content of a gzip and the name that it had before; anything else as it is."""
    if _magic(data) != "gzip":
        return data, source
    return _unzip(data, source, MOST_CELLS), str(Path(source).with_suffix(""))


def _magic(data: bytes) -> str:
    """The form that the first bytes tell, blank where none; a workbook is a ZIP of its own kind."""
    form = next((form for start, form in _MAGIC if data.startswith(start)), "")
    if form == "XLSX" and zipfile.is_zipfile(io.BytesIO(data)) and b"xl/workbook" not in data:
        return "ZIP archive"
    return form


def _from_line(text: bytes, first: int) -> bytes:
    """The text with the lines above `first` blanked, so that lines keep their numbers."""
    if first == 1:
        return text
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n", first - 1)
    return b"\n" * (first - 1) + lines[first - 1] if len(lines) == first else b""


def _bare_form(data: bytes) -> str:
    """The form of a body without a name."""
    start = data.lstrip()[:1]
    return {b"[": "JSON", b"{": "NDJSON"}.get(start, "CSV")


def _unzip(data: bytes, source: str, most_cells: int) -> bytes:
    most_bytes = most_cells * BYTES_A_FIELD
    try:
        with gzip.open(io.BytesIO(data)) as file:
            unpacked = file.read(most_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DeliveryRefused(
            source, f"damaged gzip ({error})", next_step="Send it again."
        ) from None
    if len(unpacked) > most_bytes:
        raise DeliveryRefused(
            source,
            f"unfolds to more than {most_bytes:,} bytes",
            next_step="Deliver it in parts, by month for example.",
        )
    return unpacked


def _decode(data: bytes, source: str, encoding: str) -> tuple[bytes, tuple[str, ...]]:
    """The text as UTF-8, by the declared encoding or by the file's own byte order mark."""
    note: tuple[str, ...] = ()
    for mark, own in _BOMS:
        if data.startswith(mark):
            if own != encoding:
                note = (f"the byte order mark says {own}: read so, not as {encoding}",)
            encoding = own
            data = data.removeprefix(mark) if own == "utf-8" else data
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if error.reason in CUT_SHORT and not data[: error.start].isascii():  # was well so far
            raise DeliveryRefused(
                source,
                f"ends within a character, read as {encoding}",
                next_step="Send the whole file: a copy was cut short.",
                encoding=encoding,
            ) from None
        looks = _likely_encoding(data)
        raise DeliveryRefused(
            source,
            f"byte {error.object[error.start]:#04x} is not {encoding}{looks}",
            next_step="Declare the file's `encoding` in the profile; `vigistock ingest FEED FILE "
            "--check` says how the whole file seems to be written.",
            line=data.count(b"\n", 0, error.start) + 1,
            encoding=encoding,
        ) from None
    if encoding not in ("utf-8", "utf-16") and not data.isascii() and _is_utf8(data):
        raise DeliveryRefused(
            source,
            f"declared {encoding}, but every accented letter in it is UTF-8",
            next_step='Declare encoding = "utf-8" in the profile; a push may say charset=utf-8.',
            encoding=encoding,
        )
    if "\0" in text:
        raise DeliveryRefused(
            source,
            "has NUL characters",
            next_step="Export it again; NUL marks a damaged file or another encoding.",
            line=text.count("\n", 0, text.index("\0")) + 1,
        )
    return (data if encoding == "utf-8" else text.encode()), note


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _likely_encoding(data: bytes) -> str:
    """A hint, never used to read."""
    bad = next((at for at, byte in enumerate(data) if byte > 0x7F), 0)
    sample = data[max(0, bad - SAMPLE_BYTES // 2) : bad + SAMPLE_BYTES // 2]
    guess = encoding_of(sample).value
    return "" if guess == "utf-8" else f"; it looks like {guess}"
