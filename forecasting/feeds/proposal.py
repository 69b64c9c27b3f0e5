"""A profile proposed for a file that no profile fits: guesses written down, with their evidence.

A proposal is a text for a person to read, correct and pass with `--profile`. Nothing is read by it
unasked, and what could mean two things is left out of it with both meanings beside.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from forecasting.errors import UnknownName, VigistockError
from forecasting.feeds.files import read_raw, unzipped
from forecasting.feeds.headers import header_meanings, plain_header
from forecasting.feeds.profile import CONTRACTS, Profile, load_profile, parse_profile, profile_names
from forecasting.feeds.raw import RawTable
from forecasting.feeds.reading import Reading, read
from forecasting.feeds.sniffing import (
    Guess,
    Layout,
    dates_of,
    encoding_of,
    layout_of,
    marks_of,
)
from forecasting.tables import Kind, Table

USUAL: Final[Mapping[str, str]] = {
    "date": "day, datum, fecha, posting date, document date, transaction date",
    "site": "store, shop, branch, location, warehouse, plant, werk, lager, filiale, entrepot",
    "sku": "item, item number, item no, product, material, artikel, artikelnummer, ref",
    "units": "qty, quantity, sold, menge, anzahl, cantidad, qte",
    "on_hand": "qty, quantity, stock, inventory, bestand, lagerbestand, existencias, qte",
    "units_ordered": "qty, quantity, ordered, menge, bestellmenge, qte",
    "order_id": "order, order number, order no, po, po number, bestellung, bestellnummer, pedido",
    "ordered_on": "order date, bestelldatum, fecha de pedido",
}
"""Words that often mean a column; a resemblance to them is a doubt like any other."""
ALIKE: Final = 0.75  # of two headers: one may be meant as the other
MOST_TEXTS: Final = 20_000  # of a column, looked at


@dataclass
class Proposal:
    """`toml` and what it rests on. `doubts` must be settled by a person before it is used.

    `reading`: what the file gives by it; None where it is still refused, and `problem` says why.
    """

    feed: str
    toml: str = ""
    evidence: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    reading: Reading | None = None
    problem: str = ""


def propose(data: bytes, feed: str, name: str) -> Proposal:
    """Raises UnknownName for a feed that does not exist; DeliveryRefused where this is no table."""
    if feed not in CONTRACTS:
        raise UnknownName("feed", feed, CONTRACTS)
    table = CONTRACTS[feed]
    made = Proposal(feed)
    known = {plain for profile in _shipped() for plain in _meanings(table, profile)}
    data, name = unzipped(data, name)
    lines: list[str] = []
    layout = _layout(data, name, known, made, lines)
    base, columns = _meaning(layout.header, table, made)
    if base != "generic":
        lines.insert(0, f"extends = {_quoted(base)}")
    texts = {
        header: list(dict.fromkeys(row[place].strip() for row in layout.rows if place < len(row)))
        for place, header in enumerate(layout.header)
    }
    _by_values(columns, texts, table, made)
    lines += _marks(_of_kind(columns, texts, table, Kind.NUMBER), made)
    lines += _dates(_of_kind(columns, texts, table, Kind.DATE), made)
    lines += _named(columns, base, table, made)
    made.toml = "\n".join(
        [
            f"# Proposed for {feed} from {Path(name).name}: read it, then use it.",
            *_told(made),
            *lines,
            "",
        ]
    )
    try:
        made.reading = read(data, feed, parse_profile(made.toml, name="proposed"), name=name)
    except VigistockError as error:
        made.problem = str(error)
    return made


def _shipped() -> list[Profile]:
    """`generic` first: where two fit as well, the plainer one."""
    return sorted(map(load_profile, profile_names()), key=lambda one: one.name != "generic")


def _meanings(table: Table, profile: Profile) -> Mapping[str, list[str]]:
    return header_meanings(table, profile.rules(table.name).columns)


def _layout(data: bytes, name: str, known: set[str], made: Proposal, lines: list[str]) -> Layout:
    """The file as a header and rows of text; encoding and separator are guessed for CSV only."""
    found: list[str] = []

    def choose(headers: Sequence[str]) -> Mapping[str, Kind]:
        found.extend(headers)
        return dict.fromkeys(headers, Kind.TEXT)

    if Path(name).suffix.lower() in (".xlsx", ".parquet", ".json", ".ndjson", ".jsonl"):
        raw = read_raw(data, name, load_profile("generic"), choose, None)
        return Layout(Guess("", ""), 1, found, _texts(raw, found))
    encoding = encoding_of(data)
    _note(made, "encoding", encoding)
    lines.append(f"encoding = {_quoted(encoding.value)}")
    text = data.decode(encoding.value, "replace").removeprefix("\ufeff")
    layout = layout_of(text, known)
    _note(made, "separator", layout.separator)
    lines.append(f"separator = {_quoted(layout.separator.value)}")
    if layout.line > 1:
        lines.append(f"header_line = {layout.line}")
        made.evidence.append(f"header_line = {layout.line}: the first line with known headers")
    return layout


def _texts(raw: RawTable, headers: Sequence[str]) -> list[list[str]]:
    """Rows of text, as many as there are different values in the longest column."""
    count = min(len(raw.line), MOST_TEXTS)
    return [[raw.columns[header].show(row) for header in headers] for row in range(count)]


def _meaning(headers: Sequence[str], table: Table, made: Proposal) -> tuple[str, dict[str, str]]:
    """The profile that knows most of the headers; canonical column -> header, by all profiles."""
    scored = []
    for profile in _shipped():
        meanings = _meanings(table, profile)
        columns: dict[str, str] = {}
        for header in headers:
            for name in meanings.get(plain_header(header), [])[:1]:
                columns.setdefault(name, header)
        scored.append((len(columns), profile.name, columns))
    count, base, columns = max(scored, key=lambda one: one[0])  # of equal ones the first
    made.evidence.append(f"headers: {base!r} knows {count} of {len(headers)}")
    for _, other, theirs in scored:
        for name, header in theirs.items():
            if name not in columns and header not in columns.values():
                columns[name] = header
                made.evidence.append(f"{name} = {header!r}: profile {other!r} calls it so")
    unknown = [
        one for one in headers if plain_header(one) not in _meanings(table, load_profile(base))
    ]
    _resembling(unknown, columns, table, made)
    return base, columns


def _resembling(
    headers: Sequence[str], columns: dict[str, str], table: Table, made: Proposal
) -> None:
    """Headers that nobody knows and that look like a known one: a guess, said to be one."""
    words = {
        plain: names[0]
        for profile in _shipped()
        for plain, names in _meanings(table, profile).items()
        if names[0] not in columns
    }
    words |= {
        word: name
        for name, usual in USUAL.items()
        for word in usual.split(", ")
        if name in table.by_name and name not in columns
    }
    for header in headers:
        if header in columns.values():
            continue
        plain = plain_header(header)
        close = get_close_matches(plain, words, n=1, cutoff=ALIKE)
        inside = [word for word in words if word in plain.split() or plain in word.split()]
        for word in close or inside[:1]:
            name = words[word]
            if name not in columns:
                columns[name] = header
                why = "a usual word for it" if word == plain else f"it resembles {word!r}"
                made.doubts.append(f"{name} = {header!r}: only because {why}")


def _by_values(
    columns: dict[str, str], texts: Mapping[str, list[str]], table: Table, made: Proposal
) -> None:
    """Required dates and numbers without a header: the one column whose values are such."""
    for kind, looks in ((Kind.DATE, _are_dates), (Kind.NUMBER, _are_numbers)):
        missing = [name for name in table.required if table.by_name[name].kind is kind]
        missing = [name for name in missing if name not in columns]
        free = [header for header in texts if header not in columns.values()]
        fitting = [header for header in free if any(texts[header]) and looks(texts[header])]
        if len(missing) == len(fitting) == 1:
            columns[missing[0]] = fitting[0]
            made.doubts.append(
                f"{missing[0]} = {fitting[0]!r}: only because it is the one other column of {kind}s"
            )


def _are_dates(texts: list[str]) -> bool:
    return not any(not guess.value for guess in dates_of(texts[:100])[1])


def _are_numbers(texts: list[str]) -> bool:
    return not _are_dates(texts) and marks_of(texts[:100]).all_read


def _of_kind(
    columns: Mapping[str, str], texts: Mapping[str, list[str]], table: Table, kind: Kind
) -> list[str]:
    found = [columns[one.name] for one in table.columns if one.name in columns and one.kind is kind]
    return [text for header in found for text in texts.get(header, ())[:MOST_TEXTS]]


def _marks(texts: Sequence[str], made: Proposal) -> list[str]:
    if not texts:
        return []
    marks = marks_of(texts)
    _note(made, "decimal", marks.guess)
    lines = [f"decimal = {_quoted(marks.decimal)}", f"thousands = {_quoted(marks.thousands)}"]
    if marks.trailing_minus:
        made.evidence.append("trailing_minus: some numbers end with a minus")
        lines.append("trailing_minus = true")
    return lines


def _dates(texts: Sequence[str], made: Proposal) -> list[str]:
    """`dates`; where two orders of day and month fit, neither is chosen."""
    if not any(texts):
        return []
    formats, guesses = dates_of(texts)
    for guess in guesses:
        if guess.value and guess.doubt:
            made.doubts.append(f"dates: {guess.value} reads {guess.evidence}, but {guess.doubt}")
        else:
            _note(made, "dates", guess)
    unsure = [guess for guess in guesses if guess.value and guess.doubt]
    if not unsure:
        return [f"dates = {_quoted(formats)}"] if formats else []
    lines = ["# Keep the one of these lines that is right; until then no such date is read."]
    for guess in unsure:
        other = guess.doubt.split(" reads")[0]
        lines += [f"# dates = {_quoted([guess.value])}", f"# dates = {_quoted([other])}"]
    return [*lines, 'dates = ["YYYY-MM-DD"]']


def _named(columns: Mapping[str, str], base: str, table: Table, made: Proposal) -> list[str]:
    """Names that the base does not know, and what nothing was found for."""
    meanings = _meanings(table, load_profile(base))
    own = load_profile(base).rules(table.name).columns
    new = {
        name: [header, *own.get(name, [])]
        for name, header in columns.items()
        if name not in meanings.get(plain_header(header), [])
    }
    lines = [f"{name} = {_quoted(headers)}" for name, headers in new.items()]
    rules = load_profile(base).rules(table.name)
    for name in table.required:
        if name not in {*columns, *rules.constants, *rules.from_name}:
            lines.append(f'# {name} = ["…"]   # required: no header was found for it')
            made.doubts.append(
                f"{name}: no header was found; name it, or give all rows one under"
                f" [feeds.{table.name}.constants]"
            )
    return ["", f"[feeds.{table.name}.columns]", *lines] if lines else []


def _note(made: Proposal, key: str, guess: Guess) -> None:
    if guess.value:
        made.evidence.append(f"{key} = {guess.value!r}: {guess.evidence}")
    if guess.doubt:
        made.doubts.append(f"{key}: {guess.doubt}")


def _told(made: Proposal) -> Iterable[str]:
    """Evidence and doubts as comments of the TOML."""
    yield from (f"#   {_one_line(text)}" for text in made.evidence)
    if made.doubts:
        yield "# In doubt:"
        yield from (f"#   {_one_line(text)}" for text in made.doubts)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _quoted(value: str | list[str]) -> str:
    """A TOML string, or a list of them; JSON's way of quoting is one of TOML's."""
    return json.dumps(value, ensure_ascii=False)
