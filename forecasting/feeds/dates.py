"""Dates in declared formats, strictly: fixed widths, days that exist, nothing guessed."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_TOKENS: Final = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short>\d{2})",
    "MM": r"(?P<month>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{2})",
    "D": r"(?P<day>\d{1,2})",
    "ww": r"(?P<week>\d{2})",
    "hh": r"(?:[01]\d|2[0-3])",
    "mm": r"[0-5]\d",
    "ss": r"[0-5]\d(?:\.\d{1,9})?",
}
_TOKEN: Final = re.compile("YYYY|YY|MM|M|DD|D|ww|hh|mm|ss")
_EXCHANGED: Final = {"DD": "MM", "D": "M", "MM": "DD", "M": "D"}
CENTURY: Final = 2000  # of two-digit years: 00 is 2000, 99 is 2099
FIRST_DAY: Final = np.datetime64("1900-01-01")
LAST_DAY: Final = np.datetime64("2200-12-31")
"""Outside these years a date is a slip of the hand or a sentinel (9999-12-31), not a date."""


def pattern_of(form: str) -> str:
    """The regular expression of a format.

    >>> pattern_of("DD/MM/YYYY")
    '^(?P<day>\\\\d{2})/(?P<month>\\\\d{2})/(?P<year>\\\\d{4})$'
    """
    inside, at = "", 0
    for token in _TOKEN.finditer(form):
        inside += re.escape(form[at : token.start()]) + _TOKENS[token.group()]
        at = token.end()
    return f"^{inside}{re.escape(form[at:])}$"


def check_format(form: str) -> None:
    """Raises ValueError unless a format has one year and one month or week (at most one day)."""
    try:
        groups = re.compile(pattern_of(form)).groupindex
    except re.error:
        raise ValueError(f"date format '{form}' names a part twice") from None
    names = set(groups)
    if not (len(names & {"year", "short"}) == 1 and len(names & {"month", "week"}) == 1):
        raise ValueError(f"date format '{form}' needs YYYY and MM (or M), such as DD/MM/YYYY")
    if {"week", "day"} <= names:
        raise ValueError(f"date format '{form}' has a week and a day; a week begins on its Monday")


def exchanged(form: str) -> str:
    """The format with day and month exchanged; blank where no reader could take one for the other.

    >>> exchanged("DD/MM/YYYY"), exchanged("M/D/YYYY"), exchanged("YYYY-MM-DD")
    ('MM/DD/YYYY', 'D/M/YYYY', '')
    """
    tokens = _TOKEN.findall(form)
    both = {"DD", "D"} & set(tokens) and {"MM", "M"} & set(tokens)
    if not both or tokens[0] == "YYYY":
        return ""
    return _TOKEN.sub(lambda token: _EXCHANGED.get(token[0], token[0]), form)


def parse_dates(texts: pa.StringArray, formats: list[str]) -> pa.Array:
    """Each text as date32, by the first format it fits; null where none does or no such day.

    A format without a day gives the first of the month, one of ISO weeks their Monday; a time of
    day is checked and dropped.

    >>> parse_dates(pa.array(["2026-02-28", "2026-02-30", "26-2-1"]), ["YYYY-MM-DD"]).to_pylist()
    [datetime.date(2026, 2, 28), None, None]
    >>> parse_dates(pa.array(["2026-W53", "2025-W53"]), ["YYYY-Www"]).to_pylist()
    [datetime.date(2026, 12, 28), None]
    """
    days: NDArray[np.datetime64] = np.full(len(texts), np.datetime64("NaT", "D"))
    open_ = np.arange(len(texts))
    for form in formats:
        if not len(open_):
            break
        parts = pc.extract_regex(texts.take(pa.array(open_)), pattern_of(form))
        fits = parts.is_valid().to_numpy(zero_copy_only=False)
        days[open_[fits]] = _days(parts.filter(pa.array(fits)))
        open_ = open_[~fits]
    return pa.array(days).cast(pa.date32())


def _days(parts: pa.StructArray) -> NDArray[np.datetime64]:
    def whole(name: str) -> NDArray[np.int64]:
        if parts.type.get_field_index(name) < 0:
            return np.ones(len(parts), dtype=np.int64)
        return parts.field(name).cast(pa.int64()).to_numpy(zero_copy_only=False)

    short = parts.type.get_field_index("short") >= 0
    year = CENTURY + whole("short") if short else whole("year")
    if parts.type.get_field_index("week") >= 0:
        return _mondays(year, whole("week"))
    month, day = whole("month"), whole("day")
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    after = first + np.timedelta64(1, "M")
    length = (after.astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    exists = (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    found = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    return np.where(exists, found, np.datetime64("NaT", "D"))


def _mondays(year: NDArray[np.int64], week: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """The Monday of each ISO week; NaT for a week that its year does not have."""

    def first(of: NDArray[np.int64]) -> NDArray[np.int64]:
        """Days since 1970 of the Monday of week 1, the week of January 4."""
        fourth = (of - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) + 3
        return fourth - (fourth + 3) % 7

    monday = first(year) + 7 * (week - 1)
    exists = (week >= 1) & (monday < first(year + 1))
    return np.where(exists, monday.astype("datetime64[D]"), np.datetime64("NaT", "D"))
