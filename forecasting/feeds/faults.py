"""Why a row was set aside: one reason a row, the first one found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST_SHOWN: Final = 60  # characters of a value in a message; `raw` keeps the whole row


class Code(StrEnum):
    """The reasons. They are part of the interface: later versions only add."""

    FIELD_COUNT = "wrong_field_count"  # more or fewer fields than the header
    QUOTES = "bad_quotes"  # text after a closing quote
    JSON = "bad_json"  # a line that is no JSON object
    NOT_AN_ITEM = "not_an_item"  # the profile excludes this code (postage, fees …)
    EXCLUDED = "excluded"  # the profile leaves such rows out (cancelled, another location …)
    HEADER = "repeated_header"  # the header again, as reports print it on every page
    NO_MATCH = "no_match"  # the text that a code is cut out of is not as the profile says
    BLANK = "blank"  # a required value is missing
    NUMBER = "not_a_number"  # not a number as the profile writes them; NaN and infinity too
    DATE = "not_a_date"  # not a date in the declared formats, or no such day
    AMBIGUOUS = "ambiguous_date"  # the column mixes orders of day and month; this date fits both
    FUTURE = "in_the_future"  # what has happened cannot be dated long after today
    CHOICE = "not_a_choice"  # not one of the column's words
    TIME = "not_a_time"  # not HH:MM
    WEEKDAYS = "not_weekdays"  # not names of weekdays
    TEXT = "bad_text"  # control characters, too long a code, a date where a code belongs
    BOUNDS = "out_of_bounds"  # beyond what the column may hold
    UNKNOWN_UOM = "unknown_uom"  # a unit of measure that the profile does not convert
    MIXED_UOM = "mixed_uom"  # one series in several units of measure, which would add up
    CONFLICT = "conflicting_key"  # the same key twice in one file with other values


def shown(value: object) -> str:
    """A value as messages quote it.

    >>> shown("A" * 100) == "'" + "A" * 59 + "…'"
    True
    """
    text = str(value)
    return f"'{text}'" if len(text) <= MOST_SHOWN else f"'{text[: MOST_SHOWN - 1]}…'"


class Faults:
    """Collects the first fault of each of `count` rows."""

    def __init__(self, count: int) -> None:
        self.bad: NDArray[np.bool_] = np.zeros(count, dtype=bool)
        self._rows: list[NDArray[np.int64]] = []
        self._found: list[tuple[str, Code, list[str]]] = []

    def add(
        self, column: str, code: Code, where: NDArray[np.bool_], message: Callable[[int], str]
    ) -> None:
        """Marks the rows `where`; rows already marked keep their first reason."""
        rows = np.flatnonzero(where & ~self.bad)
        if len(rows):
            self.bad[rows] = True
            self._rows.append(rows)
            self._found.append((column, code, [message(int(row)) for row in rows]))

    def where(self, wanted: Callable[[str, Code], bool]) -> NDArray[np.bool_]:
        """The rows whose reason, by column and code, is a wanted one."""
        found = np.zeros(len(self.bad), dtype=bool)
        for rows, (column, code, _) in zip(self._rows, self._found, strict=True):
            found[rows] = wanted(column, code)
        return found

    def frame(
        self,
        lines: NDArray[np.int64],
        raw: Callable[[NDArray[np.int64]], Sequence[str]],
        keys: Callable[[NDArray[np.int64]], Sequence[str]],
    ) -> pd.DataFrame:
        """One row a reject: line, column, code, message, raw, key."""
        frames = [
            reject_frame(lines[rows], column, code, messages, raw(rows), keys(rows))
            for rows, (column, code, messages) in zip(self._rows, self._found, strict=True)
        ]
        return pd.concat([no_rejects(), *frames], ignore_index=True) if frames else no_rejects()


def reject_frame(
    lines: Sequence[int] | NDArray[np.int64],
    column: str,
    code: Code,
    messages: Sequence[str],
    raw: Sequence[str],
    keys: Sequence[str] | None = None,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "line": np.asarray(lines, dtype=np.int64),
            "column": column,
            "code": str(code),
            "message": list(messages),
            "raw": list(raw),
            "key": list(keys) if keys is not None else "",
        }
    )


def no_rejects() -> pd.DataFrame:
    return reject_frame([], "", Code.BLANK, [], [])
