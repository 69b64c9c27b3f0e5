"""What a profile does to the cells of a file before they are read: rows set aside, blanks filled
from above, codes cut out of display texts, dates taken from the file's name."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.errors import DeliveryRefused
from forecasting.feeds.cells import Cells, constant
from forecasting.feeds.dates import parse_dates, pattern_of
from forecasting.feeds.faults import Code, Faults, shown
from forecasting.feeds.headers import plain_header
from forecasting.feeds.profile import Rules
from forecasting.feeds.raw import RawTable
from forecasting.tables import Column, Table

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Shaped:
    """`cells` by canonical column, in the contract's order; `formats`: dates of the file's name."""

    cells: Mapping[str, Cells]
    formats: Mapping[str, str]
    notes: tuple[str, ...]


def shape(
    raw: RawTable,
    table: Table,
    used: Mapping[str, str],
    filters: Mapping[str, str],
    rules: Rules,
    source: str,
    faults: Faults,
) -> Shaped:
    """Cells of the columns that there are; rows that the profile sets aside are told to `faults`.

    `used`: canonical column -> header; `filters`: header of `leave_out` -> header of the file.
    Raises DeliveryRefused where a date should be in the file's name and is not.
    """
    count = len(raw.line)
    _repeated_headers(raw, used, faults)
    cells = {name: raw.columns[header] for name, header in used.items() if header in raw.columns}
    told = {wanted: raw.columns[header] for wanted, header in filters.items()}
    notes = _fill_down(cells, told, rules.fill_down, raw, faults)
    for name, text in rules.constants.items():
        cells.setdefault(name, constant(text, count))
    formats: dict[str, str] = {}
    for name, form in rules.from_name.items():
        if name not in used:
            formats[name] = form
            cells[name] = constant(_date_in(source, form, name), count)
            notes += (f"{name} was taken from the file's name",)
    for wanted, words in told.items():
        matching = _matching(words, rules.leave_out[wanted])
        _set_aside(words, filters[wanted], Code.EXCLUDED, matching, faults)
    for name, patterns in rules.exclude.items():
        if name in cells:
            code = Code.NOT_AN_ITEM if name == "sku" else Code.EXCLUDED
            _set_aside(cells[name], name, code, _matching(cells[name], patterns), faults)
    patterns_of = {plain_header(header): pattern for header, pattern in rules.extract.items()}
    for name, header in used.items():
        pattern = patterns_of.get(plain_header(header))
        if pattern is not None and name in cells:
            cells[name] = _extract(cells[name], table.by_name[name], pattern, faults)
    ordered = {name: cells[name] for name in table.names if name in cells}
    return Shaped(ordered, formats, notes)


def filters_of(headers: Sequence[str], rules: Rules) -> tuple[dict[str, str], tuple[str, ...]]:
    """Headers of `leave_out` as the file writes them, and notes on those that it does not have."""
    plain = {plain_header(header): header for header in headers}
    found = {name: plain_header(name) for name in rules.leave_out}
    missing = [name for name, key in found.items() if key not in plain]
    known = {name: plain[key] for name, key in found.items() if key in plain}
    if known or not missing:
        return known, ()
    listed = " or ".join(repr(name) for name in missing)
    return {}, (f"there is no column {listed}: no row was left out by it",)


def _repeated_headers(raw: RawTable, used: Mapping[str, str], faults: Faults) -> None:
    """Rows that say nothing but the header again."""
    if len(used) < 2 or not len(raw.line):
        return
    again = np.ones(len(raw.line), dtype=bool)
    for header in used.values():
        if header not in raw.columns:
            continue
        cells = raw.columns[header]
        same = pc.equal(pc.utf8_trim_whitespace(cells.texts), header.strip())
        again &= np.append(same.to_numpy(zero_copy_only=False), False)[cells.index]
        if not again.any():
            return
    faults.add("", Code.HEADER, again, lambda _: "the header again")


def _fill_down(
    cells: dict[str, Cells],
    told: dict[str, Cells],
    names: Sequence[str],
    raw: RawTable,
    faults: Faults,
) -> tuple[str, ...]:
    """Rows in which all of `names` are blank take them, and what `told` lacks, from the row above.

    Never across a row that could not be cut into fields: it may have been the one above.
    """
    names = [name for name in names if name in cells]
    count = len(raw.line)
    if not names or not count:
        return ()
    own = np.any([cells[name].filled() for name in names], axis=0) & ~faults.bad
    breaks = np.zeros(count, dtype=bool)
    if len(raw.broken):
        after = np.searchsorted(raw.line, raw.broken["line"].to_numpy())
        breaks[after[after < count]] = True
    above = np.maximum.accumulate(np.where(own | breaks, np.arange(count), 0))
    taken = ~own & own[above] & ~faults.bad
    if not taken.any():
        return ()
    for name in names:
        cells[name] = _take(cells[name], np.where(taken, above, np.arange(count)))
    for name, words in told.items():
        blank = taken & ~words.filled()
        told[name] = _take(words, np.where(blank, above, np.arange(count)))
    return (f"{int(taken.sum()):,} row(s) took {', '.join(names)} from the row above",)


def _take(cells: Cells, rows: NDArray[np.int64]) -> Cells:
    return replace(
        cells,
        index=cells.index[rows],
        typed=None if cells.typed is None else cells.typed.take(pa.array(rows)),
        odd=None if cells.odd is None else cells.odd[rows],
    )


def _matching(cells: Cells, patterns: Sequence[str]) -> Flags:
    """Rows whose text is one of `patterns`, in which * stands for anything."""
    form = re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns) or r"(?!)")
    out = [text is not None and bool(form.match(text.strip())) for text in cells.texts.to_pylist()]
    return np.array([*out, False], dtype=bool)[cells.index]


def _set_aside(cells: Cells, column: str, code: Code, rows: Flags, faults: Faults) -> None:
    faults.add(
        column, code, rows, lambda row: f"{shown(cells.show(row))} is excluded by the profile"
    )


def _extract(cells: Cells, column: Column, pattern: str, faults: Faults) -> Cells:
    """The part of each text that the pattern's one group cuts out; RE2, so in linear time."""
    texts = pc.utf8_trim_whitespace(cells.texts)
    whole = f"^(?:{pattern})$"
    fits = pc.match_substring_regex(texts, whole)
    wrong = pc.and_(pc.invert(fits), pc.not_equal(texts, "")).to_numpy(zero_copy_only=False)
    faults.add(
        column.name,
        Code.NO_MATCH,
        np.append(wrong, False)[cells.index],
        lambda row: f"{shown(cells.show(row))} is not written like {pattern}",
    )
    cut = pc.if_else(fits, pc.replace_substring_regex(texts, whole, r"\1"), texts)
    return replace(cells, texts=cut)


def _date_in(source: str, form: str, column: str) -> str:
    """The one date that a file's name holds in a format."""
    inner = re.sub(r"\?P<\w+>", "?:", pattern_of(form)[1:-1])
    name = Path(source).name
    found = dict.fromkeys(re.findall(rf"(?<!\d)({inner})(?!\d)", name))
    real = [text for text in found if parse_dates(pa.array([text]), [form])[0].is_valid]
    if len(real) != 1:
        many = f"holds several: {', '.join(real)}" if real else "holds none"
        raise DeliveryRefused(
            source,
            f"its name should hold the {column} written {form}, and {many}",
            next_step=f"Name the file like {column}-{_example(form)}.csv, or add a column"
            f" '{column}'.",
            column=column,
        )
    return real[0]


def _example(form: str) -> str:
    """
    >>> _example("YYYY-MM-DD"), _example("DDMMYY")
    ('2026-11-22', '221126')
    """
    parts = {"YYYY": "2026", "YY": "26", "MM": "11", "DD": "22", "ww": "47", "M": "11", "D": "22"}
    return re.sub("YYYY|YY|MM|DD|ww|M|D", lambda part: parts[part[0]], form)
