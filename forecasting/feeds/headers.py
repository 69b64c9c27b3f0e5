"""Which header of a file is which canonical column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from forecasting.errors import DeliveryRefused, MissingColumns, did_you_mean
from forecasting.tables import Table


def plain_header(text: str) -> str:
    """Headers compare without case, accents, and the difference of space, - and _.

    >>> plain_header(" Quantité_vendue "), plain_header("quantite vendue")
    ('quantite vendue', 'quantite vendue')
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.split(r"[\s_\-]+", bare)).strip()


def header_meanings(table: Table, aliases: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Plain header -> the canonical columns that it may mean: one, or the profile is ambiguous."""
    meanings: dict[str, list[str]] = {}
    for column in table.columns:
        for plain in {
            plain_header(alias) for alias in (*aliases.get(column.name, ()), column.name)
        }:
            meanings.setdefault(plain, []).append(column.name)
    return meanings


def match_headers(
    headers: Sequence[str],
    table: Table,
    aliases: Mapping[str, Sequence[str]],
    constants: Iterable[str],
    source: str,
) -> dict[str, str]:
    """Canonical column -> header. Raises DeliveryRefused (ambiguous) or MissingColumns.

    `constants`: columns that need no header.
    """
    meaning = {plain: names[0] for plain, names in header_meanings(table, aliases).items()}
    found: dict[str, str] = {}
    seen: set[str] = set()
    for header in headers:
        plain = plain_header(header)
        if plain and header in seen:
            raise _repeated(source, f"the header names {header!r} more than once")
        seen.add(header)
        name = meaning.get(plain)
        if name is not None and name in found:
            raise _repeated(source, f"headers {found[name]!r} and {header!r} both mean {name}")
        if name is not None:
            found[name] = header
    known = {*found, *constants}
    missing = [name for name in table.required if name not in known]
    if missing:
        raise MissingColumns(table.name, missing, list(headers), source=source)
    if table.one_of and not known.intersection(table.one_of):
        one_of = [" or ".join(table.one_of)]
        raise MissingColumns(table.name, one_of, list(headers), source=source)
    return found


def unused_note(
    headers: Sequence[str], used: Mapping[str, str], table: Table, filters: Iterable[str] = ()
) -> tuple[str, ...]:
    """Names the columns that nothing was made of, with a suggestion where one is close."""
    free = [name for name in table.names if name not in used]
    known = {*used.values(), *filters}
    unused = [header for header in headers if header.strip() and header not in known]
    if not unused:
        return ()
    listed = ", ".join(f"{name}{did_you_mean(plain_header(name), free)}" for name in unused)
    return (f"columns not used: {listed}",)


def _repeated(source: str, problem: str) -> DeliveryRefused:
    return DeliveryRefused(
        source,
        problem,
        next_step="Keep one of them, or name the one that counts in a profile.",
    )
