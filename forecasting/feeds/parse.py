"""Cells to values: one reader a kind of column, over the distinct texts only."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.feeds.cells import Cells
from forecasting.feeds.dates import FIRST_DAY, LAST_DAY, exchanged, parse_dates
from forecasting.feeds.faults import Code, Faults, shown
from forecasting.tables import Column, Kind

LONGEST_CODE: Final = 200  # characters; databases index codes, and no ERP has longer ones
SHEET_ERRORS: Final = ("#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!")
"""What a spreadsheet shows where a formula failed: never a code."""
SERIAL: Final = re.compile(r"[2-6]\d{4}(\.\d+)?")  # days since 1900, of the years 1954 to 2091
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Writing:
    """How one column of one profile writes its values."""

    decimal: str = "."
    thousands: str = ""
    trailing_minus: bool = False
    dates: tuple[str, ...] = ("YYYY-MM-DD",)
    blank: tuple[str, ...] = ()
    words: Mapping[str, str] | None = None  # their words -> canonical words

    @property
    def number_example(self) -> str:
        return f"1{self.thousands}234{self.decimal}5"


@dataclass(frozen=True)
class Texts:
    """Distinct texts read: `values` is null where blank or wrong; `wrong` tells which.

    `doubtful`: read, but another reading is as likely.
    """

    values: pa.Array
    wrong: NDArray[np.bool_]
    doubtful: NDArray[np.bool_] | None = None


def parse(
    cells: Cells, column: Column, writing: Writing, faults: Faults, *, code: bool
) -> pa.Array:
    """The column's values, a row each; what cannot be read is told to `faults`.

    `code`: the text names something (a site, a sku, an order), so control characters and endless
    texts are refused. Blank is "" for text and null for numbers and dates.
    """
    trimmed = pc.utf8_trim_whitespace(cells.texts)
    blank = pc.is_in(trimmed, value_set=pa.array(["", *writing.blank]))
    read = _READERS[column.kind](pc.if_else(blank, None, trimmed), column, writing)
    wrong = np.append(read.wrong, False)[cells.index]
    if column.kind is Kind.TEXT and cells.odd is not None:
        wrong |= cells.odd
    if wrong.any():
        why, rule = _rule(column, writing)
        faults.add(
            column.name,
            why,
            wrong,
            lambda row: (
                f"{shown(cells.show(row))} is not {rule}{_hint(cells.show(row), column, writing)}"
            ),
        )
    if read.doubtful is not None:
        faults.add(
            column.name,
            Code.AMBIGUOUS,
            np.append(read.doubtful, False)[cells.index],
            lambda row: (
                f"{shown(cells.show(row))} may be day or month first: other dates of the column"
                f" fit only {' or '.join(filter(None, map(exchanged, writing.dates)))}"
            ),
        )
    if column.kind is Kind.NUMBER:
        values = _numbers(cells, read.values, column, writing, wrong, faults)
    elif column.kind is Kind.DATE:
        values = _dates(cells, read.values, column, wrong, faults)
    else:
        values = _take_texts(cells, read.values)
        if column.kind is Kind.TEXT:
            _check_texts(values, column, code, faults)
    if column.required:
        faults.add(column.name, Code.BLANK, _is_blank(values) & ~wrong, lambda _: "blank")
    return values


def _is_blank(values: pa.Array) -> NDArray[np.bool_]:
    if pa.types.is_dictionary(values.type):
        empty = pc.equal(values.dictionary, "").to_numpy(zero_copy_only=False)
        return empty[values.indices.to_numpy()]
    return values.is_null().to_numpy(zero_copy_only=False)


def _take_texts(cells: Cells, values: pa.Array) -> pa.DictionaryArray:
    """Texts that became equal (by trimming, by translation) share one entry."""
    known = pc.fill_null(pa.concat_arrays([values, pa.array([""])]), "").dictionary_encode()
    index = known.indices.to_numpy()[cells.index]  # -1, no text, finds the "" put last
    return pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), known.dictionary)


def _take(cells: Cells, values: pa.Array) -> pa.Array:
    """The distinct values a row each, completed by the typed ones."""
    if not len(values):
        return cells.typed if cells.typed is not None else pa.nulls(len(cells), values.type)
    found = values.take(pa.array(cells.index, mask=cells.index < 0))
    return found if cells.typed is None else pc.coalesce(found, cells.typed)


def _numbers(
    cells: Cells,
    distinct: pa.Array,
    column: Column,
    writing: Writing,
    wrong: NDArray[np.bool_],
    faults: Faults,
) -> pa.Array:
    values = _take(cells, distinct)
    if cells.typed is not None and writing.blank:
        meant = [float(text) for text in writing.blank if re.fullmatch(r"-?\d+(\.\d+)?", text)]
        values = pc.if_else(pc.is_in(values, value_set=pa.array(meant, pa.float64())), None, values)
    number = values.to_numpy(zero_copy_only=False)  # null: NaN
    if cells.typed is not None:
        nan = pc.fill_null(pc.is_nan(values), False).to_numpy(zero_copy_only=False)
        faults.add(column.name, Code.NUMBER, nan & ~wrong, lambda _: "NaN is not a number")
    least = -np.inf if column.least is None else column.least
    most = np.inf if column.most is None else column.most
    with np.errstate(invalid="ignore"):
        outside = (number < least) | (number > most) | np.isinf(number)
    faults.add(
        column.name,
        Code.BOUNDS,
        outside,
        lambda row: f"{shown(cells.show(row))} is not between {least:g} and {most:g}",
    )
    return values


def _dates(
    cells: Cells, distinct: pa.Array, column: Column, wrong: NDArray[np.bool_], faults: Faults
) -> pa.Array:
    values = _take(cells, distinct)
    days = values.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
    outside = (days < FIRST_DAY.astype(int)) | (days > LAST_DAY.astype(int))
    faults.add(
        column.name,
        Code.BOUNDS,
        outside & ~wrong,
        lambda row: f"{shown(cells.show(row))} is not in the years 1900 to 2200",
    )
    return values


def _check_texts(values: pa.DictionaryArray, column: Column, code: bool, faults: Faults) -> None:
    pattern = "[\\x00-\\x1f\\x7f]" if code else "\\x00"
    bad = pc.match_substring_regex(values.dictionary, pattern)
    if code:
        bad = pc.or_(bad, pc.is_in(values.dictionary, value_set=pa.array(SHEET_ERRORS)))
        bad = pc.or_(bad, pc.greater(pc.utf8_length(values.dictionary), LONGEST_CODE))
    if pc.any(bad).as_py():
        faults.add(
            column.name,
            Code.TEXT,
            bad.to_numpy(zero_copy_only=False)[values.indices.to_numpy()],
            lambda row: (
                f"{shown(repr(values[row].as_py()))} is an error of a spreadsheet, or has control"
                f" characters or more than {LONGEST_CODE} characters"
            ),
        )


def _hint(text: str, column: Column, writing: Writing) -> str:
    if column.kind is Kind.DATE and any(_written_so(text.strip(), one) for one in writing.dates):
        return ": there is no such day"
    if column.kind is Kind.DATE and SERIAL.fullmatch(text.strip()):
        return "; it may be a spreadsheet's number of a day: format the cells as dates"
    return ""


def _written_so(text: str, form: str) -> bool:
    """
    >>> _written_so("31/11/2026", "DD/MM/YYYY"), _written_so("11-31", "DD/MM/YYYY")
    (True, False)
    """
    return bool(re.fullmatch(re.sub("[DMY]", "[0-9]", re.escape(form)), text))


def _rule(column: Column, writing: Writing) -> tuple[Code, str]:
    """What a text of this kind should have been."""
    match column.kind:
        case Kind.NUMBER:
            return Code.NUMBER, f"a number written like {writing.number_example}"
        case Kind.DATE:
            return Code.DATE, f"a date written {' or '.join(writing.dates)}"
        case Kind.CHOICE:
            return Code.CHOICE, f"one of {', '.join(column.choices)}"
        case Kind.TIME:
            return Code.TIME, "a time written HH:MM"
        case Kind.WEEKDAYS:
            return Code.WEEKDAYS, "weekdays written like Mon,Thu"
        case Kind.DATES:
            days = " or ".join(writing.dates)
            return Code.DATE, f"days or ranges a..b, separated by ;, days written {days}"
        case _:
            return Code.TEXT, "a text; write codes as text"


def _read_text(texts: pa.StringArray, column: Column, writing: Writing) -> Texts:
    return Texts(texts, np.zeros(len(texts), dtype=bool))


def _read_number(texts: pa.StringArray, column: Column, writing: Writing) -> Texts:
    """Digits with the declared marks, and nothing else: grouping must be in threes."""
    values = read_number(texts, writing.decimal, writing.thousands, writing.trailing_minus)
    wrong = pc.and_(texts.is_valid(), values.is_null())
    return Texts(values, wrong.to_numpy(zero_copy_only=False))


def read_number(
    texts: pa.StringArray, decimal: str, thousands: str, trailing_minus: bool
) -> pa.DoubleArray:
    """Each text as a number by the marks; null where it is not written so."""
    mark = re.escape(decimal)
    whole = r"\d+"
    if thousands:
        whole = rf"(?:\d{{1,3}}(?:{_group(thousands)}\d{{3}})+|\d+)"
    form = rf"^[+-]?(?:{whole}(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d{{1,3}})?$"
    if trailing_minus:
        texts = pc.replace_substring_regex(texts, r"^([^+-].*?)\s?-$", r"-\1")
    fits = pc.match_substring_regex(texts, form)
    if thousands:
        texts = pc.replace_substring_regex(texts, _group(thousands), "")
    if decimal != ".":
        texts = pc.replace_substring(texts, decimal, ".")
    return pc.if_else(fits, texts, None).cast(pa.float64())


def _group(thousands: str) -> str:
    """French spaces come in three widths: plain, no-break and narrow no-break."""
    return "[ \u00a0\u202f]" if thousands == " " else re.escape(thousands)


def _read_date(texts: pa.StringArray, column: Column, writing: Writing) -> Texts:
    values = parse_dates(texts, list(writing.dates))
    wrong = pc.and_(texts.is_valid(), values.is_null()).to_numpy(zero_copy_only=False)
    others = list(filter(None, map(exchanged, writing.dates)))
    if not (wrong.any() and others):
        return Texts(values, wrong)
    fits_other = parse_dates(texts, others).is_valid().to_numpy(zero_copy_only=False)
    if not (wrong & fits_other).any():
        return Texts(values, wrong)
    same = pc.equal(values, parse_dates(texts, others)).fill_null(False)
    return Texts(values, wrong, fits_other & ~wrong & ~same.to_numpy(zero_copy_only=False))


def _one_by_one(
    texts: pa.StringArray, column: Column, writing: Writing, read: Callable[[str], str | None]
) -> Texts:
    """`read` gives the canonical text, or None for a text that is wrong."""
    found = [None if text is None else read(text) for text in texts.to_pylist()]
    values = pa.array(found, pa.string())
    wrong = pc.and_(texts.is_valid(), values.is_null())
    return Texts(values, wrong.to_numpy(zero_copy_only=False))


def _read_choice(texts: pa.StringArray, column: Column, writing: Writing) -> Texts:
    words = {word: word for word in column.choices}
    words |= {word.casefold(): meant for word, meant in (writing.words or {}).items()}
    return _one_by_one(texts, column, writing, lambda text: words.get(text.casefold()))


def _read_time(texts: pa.StringArray, column: Column, writing: Writing) -> Texts:
    form = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
    return _one_by_one(texts, column, writing, lambda t: t if form.fullmatch(t) else None)


def _read_weekdays(texts: pa.StringArray, column: Column, writing: Writing) -> Texts:
    numbers = {name: day for day, name in enumerate(WEEKDAYS)}
    numbers |= {name[:3]: day for name, day in numbers.items()}
    for word, meant in (writing.words or {}).items():
        if meant.casefold() in numbers:
            numbers[word.casefold()] = numbers[meant.casefold()]
    return _one_by_one(texts, column, writing, lambda text: weekdays(text, numbers))


def weekdays(text: str, numbers: Mapping[str, int]) -> str | None:
    """Names, separated by anything but letters, or a range, as sorted numbers; Monday is 0.

    >>> weekdays("Thu, Mon", {"mon": 0, "thu": 3}), weekdays("Mon-Thu", {"mon": 0, "thu": 3})
    ('0,3', '0,1,2,3')
    """
    days: set[int] = set()
    for part in re.split(r"[\s,;/|+]+", text.casefold()):
        first, *rest = (numbers.get(name.rstrip(".")) for name in part.split("-"))
        last = rest[0] if rest else first
        if first is None or last is None or len(rest) > 1:
            return None
        days |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return ",".join(str(day) for day in sorted(days)) or None


def _read_closures(texts: pa.StringArray, column: Column, writing: Writing) -> Texts:
    return _one_by_one(texts, column, writing, lambda text: closures(text, writing.dates))


def closures(text: str, formats: tuple[str, ...]) -> str | None:
    """Days and ranges in the declared formats, as ISO.

    >>> closures("24/12/2026..02/01/2027; 15/08/2026", ("DD/MM/YYYY",))
    '2026-12-24/2027-01-02;2026-08-15'
    """
    slash = any("/" in form for form in formats)
    pieces = []
    for piece in filter(None, (part.strip() for part in re.split(r"[;|]", text))):
        ends = re.split(r"\.\." if slash else r"\.\.|/", piece)
        days: list[dt.date | None] = parse_dates(
            pa.array([end.strip() for end in ends]), list(formats)
        ).to_pylist()
        known = [day for day in days if day is not None]
        if len(known) != len(days) or len(days) > 2 or sorted(known) != known:
            return None
        pieces.append("/".join(day.isoformat() for day in known))
    return ";".join(pieces) or None


_READERS: Final[Mapping[Kind, Callable[[pa.StringArray, Column, Writing], Texts]]] = {
    Kind.TEXT: _read_text,
    Kind.NUMBER: _read_number,
    Kind.DATE: _read_date,
    Kind.CHOICE: _read_choice,
    Kind.TIME: _read_time,
    Kind.WEEKDAYS: _read_weekdays,
    Kind.DATES: _read_closures,
}
