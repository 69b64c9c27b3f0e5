"""Profiles: what an export calls things and how it writes them, as small TOML files.

A profile is data, never code: everything that the reader would otherwise have to guess is written
in it. docs/profiles.md explains each key; `Profile` and `Rules` are the whole syntax.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from forecasting.errors import UnknownName, VigistockError, did_you_mean
from forecasting.feeds.dates import check_format, exchanged
from forecasting.feeds.headers import header_meanings, plain_header
from forecasting.feeds.ledger import LEDGER
from forecasting.tables import FEEDS, Kind, Table

FOLDER: Final = resources.files("forecasting.feeds") / "profiles"
CONTRACTS: Final[Mapping[str, Table]] = {**FEEDS, LEDGER.name: LEDGER}
"""What a file may be read as: the feeds, and the ledger that becomes several of them."""


class BadProfile(VigistockError):
    """A profile that cannot mean anything; found before any file is opened."""

    code = "bad_profile"
    title = "The profile is wrong"

    def __init__(self, profile: str, problem: str) -> None:
        super().__init__(
            f"Profile '{profile}': {problem}.",
            next_step="Correct the profile; docs/profiles.md lists every key.",
            profile=profile,
            problem=problem,
        )


class Rules(BaseModel):
    """What holds for one feed, or, at the top of a profile, for all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, list[str]] = Field(default_factory=dict)
    """canonical column = the headers that it may have (its own name always counts)"""
    choices: dict[str, dict[str, str]] = Field(default_factory=dict)
    """column = { their word = canonical word }"""
    blank: dict[str, list[str]] = Field(default_factory=dict)
    """column = texts that mean "nothing here" """
    constants: dict[str, str] = Field(default_factory=dict)
    """column = the text that every row has where the file lacks the column"""
    exclude: dict[str, list[str]] = Field(default_factory=dict)
    """text column = values (or patterns with *) whose rows are rejected as `not_an_item`"""
    extract: dict[str, str] = Field(default_factory=dict)
    """header, of a text column = regular expression (RE2) whose one group is the value"""
    leave_out: dict[str, list[str]] = Field(default_factory=dict)
    """header, of any column = texts (or patterns with *) whose rows are rejected as `excluded`"""
    from_name: dict[str, str] = Field(default_factory=dict)
    """date column = format of the date in the file's name, where the file has no such column"""
    fill_down: list[str] = Field(default_factory=list)
    """columns whose blank cells repeat the one above, as exports of orders with their lines do"""
    uoms: dict[str, float] = Field(default_factory=dict)
    """unit of measure = how many of the item's own unit; other units are rejected"""
    repeated: Literal["sum", "reject"] | None = None
    """the same key twice in one file: units add up, or rows that differ are rejected (default)"""
    equal_rows: Literal["sum", "duplicate"] | None = None
    """fully equal rows under `sum`; if unsaid: duplicates where line_id is filled, else added"""
    complete: bool = False
    """stock: what is not in the file is not in stock"""

    def over(self, common: Rules) -> Rules:
        """These rules, completed by the common ones."""
        merged = {name: {**getattr(common, name), **getattr(self, name)} for name in _BY_COLUMN}
        for name, headers in common.columns.items():
            merged["columns"][name] = [*self.columns.get(name, []), *headers]
        for name, words in common.choices.items():
            merged["choices"][name] = {**words, **self.choices.get(name, {})}
        return self.model_copy(
            update={
                **merged,
                "fill_down": self.fill_down or common.fill_down,
                "repeated": self.repeated or common.repeated,
                "equal_rows": self.equal_rows or common.equal_rows,
                "complete": self.complete or common.complete,
            }
        )


_BY_COLUMN: Final = (
    *("columns", "choices", "blank", "constants", "exclude", "extract", "leave_out", "from_name"),
    "uoms",
)


def encoding_named(value: str) -> str:
    """As Python names it; raises ValueError for what is no encoding of text.

    >>> encoding_named("Latin-1"), encoding_named("windows-1252")
    ('iso8859-1', 'cp1252')
    """
    try:
        name = codecs.lookup(value).name
        b"a".decode(name)
    except UnicodeDecodeError:  # of text, if not of this one letter
        return name
    except LookupError:
        raise ValueError(f"encoding '{value}' is not known") from None
    return name


class Profile(Rules):
    name: str
    about: str = ""
    encoding: str = "utf-8"
    separator: str = ","
    decimal: Literal[".", ","] = "."
    thousands: str = ""
    trailing_minus: bool = False
    """12,50- is −12,50"""
    dates: list[str] = Field(default_factory=lambda: ["YYYY-MM-DD"])
    """formats, tried in order: YYYY YY MM DD ww hh mm ss; M and D allow one digit"""
    header_line: int = Field(1, ge=1, le=1000)
    """CSV and XLSX: the first line that may be the header; what stands above it is skipped"""
    defused: bool = False
    """CSV: an apostrophe before `=`, `+`, `-`, `@` in a text was put there by Vigistock's export"""
    sheet: str = ""
    """XLSX: the sheet to read; blank: the first"""
    feeds: dict[str, Rules] = Field(default_factory=dict)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        return encoding_named(value)

    @field_validator("separator")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if len(value) != 1 or not value.isascii() or value in '"\r\n':
            raise ValueError("separator must be one character, such as , or ; or \\t")
        return value

    @field_validator("thousands")
    @classmethod
    def _separates_thousands(cls, value: str) -> str:
        if value not in ("", " ", ".", ",", "'", "’", "_"):
            raise ValueError("thousands must be one of: nothing, space . , ' _")
        return value

    @field_validator("dates")
    @classmethod
    def _date_formats(cls, value: list[str]) -> list[str]:
        for pattern in value:
            check_format(pattern)
        for pattern in value:
            if exchanged(pattern) in value:
                raise ValueError(f"{pattern} and {exchanged(pattern)} cannot be told apart")
        return value

    def rules(self, feed: str) -> Rules:
        """What holds for one feed: its own rules over the common ones."""
        common = Rules(**{name: getattr(self, name) for name in Rules.model_fields})
        return self.feeds.get(feed, Rules()).over(common)

    @cached_property
    def digest(self) -> str:
        """sha256 of all that can change a reading; the name and the prose cannot.

        Defaults are left out: a key that a later version adds changes no profile without it.
        """
        meaning = self.model_dump(exclude={"name", "about"}, exclude_defaults=True)
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def profile_names() -> list[str]:
    """The profiles that come with Vigistock."""
    return sorted(
        file.name.removesuffix(".toml") for file in FOLDER.iterdir() if file.name.endswith(".toml")
    )


def load_profile(name_or_path: str | Path) -> Profile:
    """A profile by name, or from a TOML file; raises UnknownName or BadProfile.

    >>> load_profile("generic-fr").decimal
    ','
    """
    text = str(name_or_path)
    if text in profile_names():
        return parse_profile((FOLDER / f"{text}.toml").read_text("utf-8"), name=text)
    path = Path(text)
    if path.suffix != ".toml" or not path.is_file():
        raise UnknownName("profile", text, profile_names())
    try:
        return parse_profile(path.read_text("utf-8"), name=path.stem)
    except UnicodeDecodeError:
        raise BadProfile(text, "the file is not UTF-8") from None


def parse_profile(toml: str, *, name: str) -> Profile:
    """The profile that a TOML text declares; `extends` names the one it starts from."""
    try:
        declared = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise BadProfile(name, f"not valid TOML ({error})") from None
    base = declared.pop("extends", None)
    if base is not None:
        parent = load_profile(str(base)).model_dump(exclude={"name"}, exclude_unset=True)
        declared = _deep_merge(parent, declared)
    try:
        profile = Profile.model_validate({**declared, "name": name})
    except ValidationError as error:
        raise BadProfile(name, _first_problem(error)) from None
    _check_names(profile)
    return profile


def _deep_merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = _deep_merge(below, value)
        merged[key] = value
    return merged


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = [*Profile.model_fields, "extends"] if "." not in key else list(Rules.model_fields)
        return f"there is no key '{key}'{did_you_mean(key.split('.')[-1], known).rstrip('?')}"
    return f"{key}: {first['msg'].removeprefix('Value error, ')}"


def _check_names(profile: Profile) -> None:
    """Feeds, columns and choices must be names of a contract; decimal and thousands must differ."""
    if profile.decimal == profile.thousands:
        raise BadProfile(profile.name, "decimal and thousands are the same character")
    for feed in profile.feeds:
        if feed not in CONTRACTS:
            raise UnknownName("feed", feed, CONTRACTS)
    for feed, table in CONTRACTS.items():
        adds_up = "units" in table.required or table is FEEDS["stock"]
        if profile.rules(feed).repeated == "sum" and not adds_up:
            raise BadProfile(profile.name, f"feeds.{feed}: repeated = 'sum' needs units to add up")
    everywhere = {name: column for t in CONTRACTS.values() for name, column in t.by_name.items()}
    _check_rules(profile.name, "", profile, everywhere, choices_too=False)
    for feed, rules in profile.feeds.items():
        columns = dict(CONTRACTS[feed].by_name)
        _check_rules(profile.name, f"feeds.{feed}.", rules, columns, choices_too=True)
        meanings = header_meanings(CONTRACTS[feed], profile.rules(feed).columns)
        for header, names in meanings.items():
            if len(names) > 1:
                meant = " and ".join(names)
                raise BadProfile(profile.name, f"feeds.{feed}: header '{header}' means {meant}")
        for header in rules.extract:
            (name,) = meanings.get(plain_header(header), [""])
            if not name or columns[name].kind is not Kind.TEXT:
                raise BadProfile(
                    profile.name, f"feeds.{feed}.extract: no text column has the header '{header}'"
                )


def _check_pattern(profile: str, where: str, pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
        pc.match_substring_regex(pa.array([""]), f"^(?:{pattern})$")
    except (re.error, pa.ArrowInvalid) as error:
        raise BadProfile(profile, f"{where}: no regular expression ({error})") from None
    if groups != 1:
        raise BadProfile(profile, f"{where}: needs one group, such as \\[([^]]+)\\].*")


def _check_rules(
    profile: str, where: str, rules: Rules, columns: Mapping[str, Any], *, choices_too: bool
) -> None:
    for part in ("columns", "choices", "blank", "constants", "exclude", "from_name", "fill_down"):
        for name in getattr(rules, part):
            if name not in columns:
                hint = did_you_mean(name, columns).rstrip("?")
                raise BadProfile(profile, f"{where}{part}: there is no column '{name}'.{hint}")
    for name in rules.exclude:
        if columns[name].kind is not Kind.TEXT:
            raise BadProfile(profile, f"{where}exclude: '{name}' is not a text column")
    for name, pattern in rules.extract.items():
        _check_pattern(profile, f"{where}extract.{name}", pattern)
    for name, form in rules.from_name.items():
        if columns[name].kind is not Kind.DATE:
            raise BadProfile(profile, f"{where}from_name: '{name}' is not a date column")
        try:
            check_format(form)
        except ValueError as error:
            raise BadProfile(profile, f"{where}from_name.{name}: {error}") from None
    for name, factor in rules.uoms.items():
        if not 0 < factor < math.inf:
            raise BadProfile(profile, f"{where}uoms.{name}: {factor} is not a number above 0")
    if not choices_too:
        return
    for name, words in rules.choices.items():
        column = columns[name]
        wrong = [word for word in words.values() if column.choices and word not in column.choices]
        if wrong:
            known = ", ".join(column.choices)
            raise BadProfile(profile, f"{where}choices.{name}: '{wrong[0]}' is not one of {known}")
