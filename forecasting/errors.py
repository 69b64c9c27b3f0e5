"""One root error. Errors take facts; the sentence is made from them, once, here.

Every error says what was found (at most five examples) and what to do next. HTTP statuses live in
the API's mapping and exit codes in the command line's: an error knows neither.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any, ClassVar, Final

MOST_EXAMPLES: Final = 5  # enough to see the pattern, few enough to fit a screen
MOST_COMPARED: Final = 2_000  # names that a misspelt one is compared with: more takes seconds


def examples(values: Iterable[Any]) -> str:
    """At most five values, quoted, and how many more there are.

    >>> examples(["A", "B"])
    "'A', 'B'"
    >>> examples(range(7))
    '0, 1, 2, 3, 4 and 2 more'
    """
    listed = list(values)
    text = ", ".join(repr(value) for value in listed[:MOST_EXAMPLES])
    more = len(listed) - MOST_EXAMPLES
    return f"{text} and {more} more" if more > 0 else text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion where one is close, else nothing.

    >>> did_you_mean("sku_code", ["sku", "site"])
    ''
    >>> did_you_mean("unit", ["units", "site"])
    " Did you mean 'units'?"
    """
    close = get_close_matches(word, list(known), n=1, cutoff=0.75)
    return f" Did you mean '{close[0]}'?" if close else ""


class VigistockError(Exception):
    """The root. `code` names the kind for machines, `facts` carries what was found.

    Subclasses set `code`, `title` and build `message` from their facts.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, message: str, *, next_step: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class MissingColumns(VigistockError):
    code = "missing_columns"
    title = "Columns are missing"

    def __init__(
        self, table: str, missing: Sequence[str], available: Sequence[str], *, source: str = ""
    ) -> None:
        """`source`: the file, where there is one."""
        where = f"{source}: {table}" if source else table
        pairs = ((name, get_close_matches(name, available, n=1, cutoff=0.75)) for name in missing)
        hint = "".join(f" Is '{close[0]}' meant as '{name}'?" for name, close in pairs if close)
        super().__init__(
            f"{where}: missing column(s) {examples(missing)}; found {examples(available)}.{hint}",
            next_step="Add the columns, or name them in a profile (docs/profiles.md)"
            + (f": `vigistock ingest {table} FILE --check` proposes one." if source else "."),
            table=table,
            missing=list(missing),
            available=list(available),
        )


class BadValues(VigistockError):
    """A strict check failed: rows of a table break its contract."""

    code = "bad_values"
    title = "Values break the contract"

    def __init__(self, table: str, column: str, rule: str, values: Sequence[Any]) -> None:
        super().__init__(
            f"{table}.{column}: {len(values)} value(s) are not {rule}: {examples(values)}.",
            next_step="Correct them, or read the data through a feed, which sets them aside.",
            table=table,
            column=column,
            rule=rule,
            count=len(values),
            values=list(values)[:MOST_EXAMPLES],
        )


class DeliveryRefused(VigistockError):
    """A whole file or body cannot be read as what it claims to be; nothing of it was taken."""

    code = "delivery_refused"
    title = "The delivery was refused; nothing of it was taken"

    def __init__(
        self, source: str, problem: str, *, next_step: str, line: int | None = None, **facts: Any
    ) -> None:
        where = f"{source}, line {line}" if line is not None else source
        super().__init__(
            f"{where}: {problem}.", next_step=next_step, source=source, line=line, **facts
        )


class UnknownName(VigistockError):
    """A feed, profile, setting, grain or series that is not known."""

    code = "unknown_name"
    title = "Unknown name"

    def __init__(self, what: str, name: str, known: Iterable[str], *, none_known: str = "") -> None:
        """`none_known`: the next step where nothing of the kind is known."""
        listed = sorted(islice(known, MOST_COMPARED))
        super().__init__(
            f"There is no {what} '{name}'.{did_you_mean(name, listed)}",
            next_step=f"Known: {examples(listed)}." if listed else none_known,
            what=what,
            name=name,
            known=listed[:50],
        )


class NotReady(VigistockError):
    """The thing asked for needs something that is not there yet (no data, no champion …)."""

    code = "not_ready"
    title = "Not ready"


class Refused(VigistockError):
    """A gate, a lock or a check said no. The command line exits with 4."""

    code = "refused"
    title = "Refused"


class BadSetting(VigistockError):
    code = "bad_setting"
    title = "A setting is wrong"

    def __init__(self, key: str, value: Any, rule: str, source: str) -> None:
        super().__init__(
            f"Setting '{key}' = {value!r} (from {source}) must be {rule}.",
            next_step="Correct it there; `vigistock doctor` shows where each setting comes from.",
            key=key,
            value=str(value),
            rule=rule,
            source=source,
        )


NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NoRoom(VigistockError):
    """The disk, or what a user may write on it, is full."""

    code = "no_room"
    title = "The disk is full"

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"What was to be written has no room: {getattr(error, 'orig', error)}.",
            next_step="`vigistock publications prune` makes some; then again. Nothing that was "
            "acknowledged is lost.",
        )

    @staticmethod
    def speaks_in(error: Exception) -> bool:
        """Of a file, or of SQLite, by way of SQLAlchemy too."""
        if isinstance(error, OSError):
            return error.errno in NO_ROOM
        told = getattr(error, "orig", error)
        return getattr(told, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
