"""What a file's values make a person doubt: told in notes, kept as they came."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.errors import examples
from forecasting.feeds.faults import Code, Faults
from forecasting.tables import Column, Kind, Table

CODES: Final = ("site", "sku", "supplier", "source_site")  # what other feeds call the same way
HAPPENED: Final = ("date", "ordered_on", "received_on", "shipped_on", "cancelled_on", "occurred_on")
"""Dates of facts, which cannot lie ahead; promises and plans can."""
MOST_DAYS_AHEAD: Final = 31
"""A month may be dated by its last day. Beyond, a date is a slip (2062 for 2026)."""
FIRST_FACT: Final = dt.date(1970, 1, 1)  # no ERP's books begin earlier: 1900-01-01 means "never"
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
MOST_COMPARED: Final = 200_000  # distinct codes; more are no codes of sites or items
_REWRITTEN: Final = re.compile(r"\d[.,]\d+[eE]\+\d+")  # 1.23E+12, a barcode a spreadsheet rounded
_GARBLED: Final = re.compile("[ÂÃâ][\u0080-\u00bf\u0152-\u2122]|\ufffd")


def check_dates(
    columns: Mapping[str, pa.Array], today: dt.date | None, faults: Faults
) -> tuple[str, ...]:
    """Facts dated before 1970 or long after `today` are told to `faults`; notes on the near future.

    `today`: None where nobody says what day it is; then nothing is too late.
    """
    notes: list[str] = []
    first = FIRST_FACT.toordinal() - _EPOCH
    for name in HAPPENED:
        if name not in columns:
            continue
        values = columns[name]
        days = values.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
        too_old = f"is before {FIRST_FACT.year}"
        faults.add(name, Code.BOUNDS, days < first, _telling(values, too_old))
        if today is None:
            continue
        now = today.toordinal() - _EPOCH
        late = f"is more than {MOST_DAYS_AHEAD} days after {today}"
        faults.add(name, Code.FUTURE, days > now + MOST_DAYS_AHEAD, _telling(values, late))
        ahead = days[(days > now) & ~faults.bad]
        if len(ahead):
            last = dt.date.fromordinal(int(ahead.max()) + _EPOCH)
            notes.append(f"{len(ahead):,} row(s) have a {name} after {today}, up to {last}")
    return tuple(notes)


def _telling(values: pa.Array, why: str) -> Callable[[int], str]:
    return lambda row: f"{values[row].as_py()} {why}"


def doubts_of(columns: Mapping[str, pa.Array], table: Table, good: NDArray[np.bool_]) -> list[str]:
    """Notes on the rows `good`: look-alike codes, garbled texts, negative stock, over-receipts,
    events that end before they begin."""
    notes: list[str] = []
    for name, values in columns.items():
        if table.by_name.get(name, Column(name, Kind.NUMBER, "")).kind is not Kind.TEXT:
            continue
        words = _words(values, good)
        garbled = [word for word in words if _GARBLED.search(word)]
        if garbled:
            notes.append(
                f"{name}: {len(garbled):,} text(s) look decoded by the wrong encoding, such as"
                f" {examples(garbled[:3])}; kept as they are"
            )
        if name in CODES and len(words) <= MOST_COMPARED:
            notes += _codes(name, words)
    return [*notes, *_quantities(columns, good), *_spans(columns, good)]


def _words(values: pa.Array, good: NDArray[np.bool_]) -> list[str]:
    seen = np.unique(values.indices.to_numpy(zero_copy_only=False)[good])
    found: list[str] = values.dictionary.take(pa.array(seen)).to_pylist()
    return found


def _codes(name: str, words: Iterable[str]) -> Iterator[str]:
    alike: dict[str, list[str]] = {}
    rewritten = []
    for word in words:
        if word:
            alike.setdefault(_bare(word), []).append(word)
            if _REWRITTEN.fullmatch(word):
                rewritten.append(word)
    pairs = [
        " = ".join(ascii(word) for word in same[:3]) for same in alike.values() if len(same) > 1
    ]
    if pairs:
        listed = "; ".join(pairs[:3]) + (f" and {len(pairs) - 3} more" if len(pairs) > 3 else "")
        yield f"{name}: codes that look alike count as different ones: {listed}"
    if rewritten:
        yield (
            f"{name}: {len(rewritten):,} code(s) look rounded by a spreadsheet, such as"
            f" {examples(rewritten[:3])}; kept as they are"
        )


def _bare(code: str) -> str:
    """What is left of a code when case, accents' encoding, spaces and leading zeros do not count.

    >>> _bare("00Ab\\u00a01") == _bare("ab 1"), _bare("000"), _bare("e\\u0301") == _bare("é")
    (True, '0', True)
    """
    text = unicodedata.normalize("NFKC", code).casefold()
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return " ".join(text.split()).lstrip("0") or "0"


def _spans(columns: Mapping[str, pa.Array], good: NDArray[np.bool_]) -> Iterator[str]:
    if "start" in columns and "end" in columns:
        turned = pc.fill_null(pc.less(columns["end"], columns["start"]), False)
        count = np.count_nonzero(turned.to_numpy(zero_copy_only=False) & good)
        if count:
            yield f"end: {count:,} row(s) end before they begin; they count for nothing"


def _quantities(columns: Mapping[str, pa.Array], good: NDArray[np.bool_]) -> Iterator[str]:
    def amount(name: str) -> NDArray[np.float64]:
        return np.asarray(columns[name].to_numpy(zero_copy_only=False))[good]

    if "on_hand" in columns:
        negative = int((amount("on_hand") < 0).sum())
        if negative:
            yield f"{negative:,} row(s) have a negative on_hand; kept as they are"
    if {"units_ordered", "units_received"} <= columns.keys():
        over = int((amount("units_received") > amount("units_ordered")).sum())
        if over:
            yield f"{over:,} order line(s) received more than was ordered; kept as they are"
