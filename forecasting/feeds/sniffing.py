"""How a table seems to be written: encoding, separator, header line, date formats, decimal mark.

Guesses, each with what it rests on. Only a proposal is made of them (`proposal`), never a reading.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from charset_normalizer import from_bytes

from forecasting.errors import examples
from forecasting.feeds.dates import exchanged, parse_dates
from forecasting.feeds.headers import plain_header
from forecasting.feeds.parse import read_number

SEPARATORS: Final = (";", ",", "\t", "|")
LATIN: Final = ("cp1252", "cp1250", "cp850", "mac_roman")
OTHERS: Final = ("cp1251", "utf_16_le", "utf_16_be")
"""What exports are written in where they are not UTF-8; of equal ones the first."""
SAMPLE_LINES: Final = 2000
SAMPLE_BYTES: Final = 1 << 20
FORMATS: Final = (
    *("YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "MM-DD-YYYY"),
    *("YYYY/MM/DD", "YYYYMMDD", "DD/MM/YY", "MM/DD/YY", "DD.MM.YY", "DDMMYYYY", "DDMMYY"),
    *("D/M/YYYY", "M/D/YYYY", "D.M.YYYY", "YYYY-Www", "YYYY-MM"),
)
TIMES: Final = ("", " hh:mm:ss", "Thh:mm:ss", " hh:mm", "Thh:mm:ssZ")
MARKS: Final = ((".", ""), (",", ""), (",", " "), (".", ","), (",", "."), (".", " "), (".", "'"))
"""Decimal mark and thousands, the plainest first."""


@dataclass(frozen=True)
class Guess:
    """`value` and, in words, the evidence; `doubt`: what else it may be, blank where nothing."""

    value: str
    evidence: str
    doubt: str = ""


@dataclass(frozen=True)
class Layout:
    """Of a delimited text: `header` and `rows` are what is cut at `separator` from `line` on."""

    separator: Guess
    line: int
    header: list[str]
    rows: list[list[str]]


def encoding_of(data: bytes) -> Guess:
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return Guess(name, "the file's byte order mark")
    sample = data[:SAMPLE_BYTES]
    if data.isascii() and b"\0" not in sample:
        return Guess("utf-8", "every byte is ASCII, which all encodings share")
    try:
        data.decode("utf-8")
        if b"\0" not in sample:
            return Guess("utf-8", "every accented letter is well-formed UTF-8")
    except UnicodeDecodeError:
        pass
    found = from_bytes(sample, cp_isolation=[*LATIN, *OTHERS]).best()
    name = found.encoding if found is not None else LATIN[0]
    if name in LATIN:  # hard to tell apart by statistics of a few words
        name = max(LATIN, key=lambda one: _letters(sample.decode(one, "replace")))
    text = sample.decode(name, "replace")
    words = [word for word in re.findall(r"[^\W\d_]+", text) if not word.isascii()]
    shown = examples(word for word, _ in Counter(words).most_common(3))
    doubt = "" if name.startswith("utf") else f"not UTF-8; right only if {shown} are words of yours"
    return Guess(name, f"read so, there are words such as {shown}", doubt)


def _letters(text: str) -> int:
    """Letters beyond ASCII that stand as letters do: no capital after a small letter.

    >>> _letters("Köln"), _letters("K÷ln"), _letters("dÇpôt")
    (1, 0, 1)
    """
    pairs = zip(" " + text, text, strict=False)
    return sum(
        not letter.isascii() and letter.isalpha() and not (letter.isupper() and before.islower())
        for before, letter in pairs
    )


def layout_of(text: str, known: Iterable[str]) -> Layout:
    """Separator and header line: the cut with most known headers, then with most rows as wide.

    `known`: headers that mean something, as `plain_header` writes them.
    """
    words = set(known)
    lines = text.splitlines()[:SAMPLE_LINES]
    best: tuple[tuple[int, int, int], Layout] | None = None
    for separator in SEPARATORS:
        cut = _cut("\n".join(lines), separator)
        widths = Counter(len(row) for row in cut if any(row))
        if not widths:
            continue
        for place, row in enumerate(cut[:30]):
            filled = [cell for cell in row if cell.strip()]
            if len(filled) < 2:
                continue
            alike = sum(len(other) == len(row) for other in cut[place + 1 :] if any(other))
            named = sum(plain_header(cell) in words for cell in row)
            total = sum(1 for other in cut[place + 1 :] if any(other))
            score = (named, alike, -place)
            guess = Guess(
                separator,
                f"{alike:,} of {total:,} rows have the {len(row)} fields of line {place + 1}",
                "" if alike == total else f"{total - alike:,} row(s) have other numbers of fields",
            )
            layout = Layout(guess, place + 1, row, [r for r in cut[place + 1 :] if any(r)])
            if best is None or score > best[0]:
                best = (score, layout)
    if best is None:
        return Layout(Guess(",", "no separator was found", "the file may be no table"), 1, [], [])
    return best[1]


def _cut(text: str, separator: str) -> list[list[str]]:
    """The rows up to one that cannot be cut: a quote left open makes a field without an end."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(csv.reader(io.StringIO(text), delimiter=separator))
    return rows


def dates_of(texts: Sequence[str]) -> tuple[list[str], list[Guess]]:
    """Formats that read all texts, the fewest first found; one guess a format, with its doubt.

    Nothing for texts that no format reads.

    >>> formats, (guess,) = dates_of(["03/04/2026", "05/04/2026"])
    >>> formats, guess.doubt
    (['DD/MM/YYYY'], 'MM/DD/YYYY reads them all too')
    """
    open_ = list(dict.fromkeys(text for text in texts if text))
    formats: list[str] = []
    guesses: list[Guess] = []
    while open_:
        fits = {form: _read_by(open_, form) for form in _candidates()}
        form = max(fits, key=lambda name: len(fits[name]))
        taken = fits[form]
        if not taken:
            break
        swapped = exchanged(form)
        if swapped and swapped in formats:
            guesses.append(
                Guess("", "", f"{taken[0]!r} is a date by {form} only: the orders are mixed")
            )
            return formats, guesses
        doubt = ""
        if swapped and set(taken) <= set(fits.get(swapped, [])):
            doubt = f"{swapped} reads them all too"
        decided = next((text for text in taken if text not in fits.get(swapped, [])), "")
        why = f"{len(taken):,} different date(s), such as {taken[0]!r}"
        if swapped and decided:
            why += f"; {decided!r} cannot be {swapped}"
        formats.append(form)
        guesses.append(Guess(form, why, doubt))
        open_ = [text for text in open_ if text not in set(taken)]
        if len(formats) == 4:
            break
    if open_:
        last = f"no format reads {examples(open_)}: rejected, or name them under `blank`"
        guesses.append(Guess("", "", last))
    return formats, guesses


def _candidates() -> list[str]:
    return [form + time for time in TIMES for form in FORMATS]


def _read_by(texts: list[str], form: str) -> list[str]:
    valid = parse_dates(pa.array(texts), [form]).is_valid().to_pylist()
    return [text for text, fits in zip(texts, valid, strict=True) if fits]


@dataclass(frozen=True)
class Marks:
    decimal: str
    thousands: str
    trailing_minus: bool
    guess: Guess
    all_read: bool


def marks_of(texts: Sequence[str]) -> Marks:
    """Decimal mark, thousands and where the minus stands: the plainest that reads most texts.

    >>> found = marks_of(["1 234,50", "12,5-"])
    >>> found.decimal, found.thousands, found.trailing_minus
    (',', ' ', True)
    >>> marks_of(["1.234"]).guess.doubt
    "with decimal ',' and thousands '.' '1.234' is 1234"
    """
    words = pa.array(
        list(dict.fromkeys(text.strip() for text in texts if text.strip())), pa.string()
    )
    behind = any(word.endswith("-") for word in words.to_pylist())
    marked = [word for word in words.to_pylist() if not word.strip("+-").isdigit()]
    if not marked:
        unknown = Guess(".", "assumed", "no number here has a decimal mark: '.' is assumed")
        return Marks(".", "", behind, unknown, bool(len(words)))
    read = {marks: read_number(words, *marks, behind) for marks in MARKS}
    best = max(MARKS, key=lambda marks: len(words) - read[marks].null_count)
    values, shown = read[best].to_pylist(), words.to_pylist()
    doubts = [
        f"with decimal {marks[0]!r} and thousands {marks[1]!r} {text!r} is {other:g}"
        for marks in MARKS
        for text, value, other in zip(shown, values, read[marks].to_pylist(), strict=True)
        if read[marks].null_count == read[best].null_count and other != value
    ]
    count = len(words) - read[best].null_count
    why = f"{count:,} of {len(words):,} different numbers are read so, such as {marked[0]!r}"
    guess = Guess(best[0], why, doubts[0] if doubts else "")
    return Marks(*best, behind, guess, count == len(words))
