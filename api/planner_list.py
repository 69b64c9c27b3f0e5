"""The planner's short list: what is out, then what will run out, in the words of a language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from babel.dates import format_date
from babel.numbers import (
    format_compact_currency,
    format_currency,
    format_decimal,
    format_percent,
)

from models.publication import PublicationReader
from models.publication.contracts import SERIES

OUT: Final = "out"
TOO_LATE: Final = "too_late"

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "when": "Rupture",
        "what": "Site · article",
        "chance": "Risque",
        "why": "Pourquoi",
        "action": "Que faire",
        "value": "Enjeu",
        "out": "en rupture",
        "back": "retour {day}",
        "too_late": "trop tard pour l’éviter",
        "before": "avant {deadline}",
        "nothing_known": "—",
        "title": "Les ruptures qui viennent",
        "counts": "{out} séries déjà en rupture ({out_shown} montrées), {warned} alertes "
        "({warned_shown} montrées)",
        "from_publication": "Publication {publication}, données jusqu’à {origin}, "
        "calculée le {created} UTC",
        "calm": "Rien à signaler : aucune rupture, aucune alerte.",
        "worst": "À traiter d’abord",
        "about": "Ce qui va manquer, quand, pourquoi, et ce qu’on peut encore faire.",
        "nothing": "Aucune publication pour l’instant.",
        "operations": "Opérations de l’API",
        "other_language": "English",
    },
    "en": {
        "when": "Stockout",
        "what": "Site · item",
        "chance": "Risk",
        "why": "Why",
        "action": "What to do",
        "value": "At stake",
        "out": "out of stock",
        "back": "back {day}",
        "too_late": "too late to avoid it",
        "before": "by {deadline}",
        "nothing_known": "—",
        "title": "What will run out",
        "counts": "{out} series out already ({out_shown} shown), {warned} warnings "
        "({warned_shown} shown)",
        "from_publication": "Publication {publication}, data up to {origin}, "
        "computed {created} UTC",
        "calm": "Nothing to report: no stockout, no warning.",
        "worst": "To treat first",
        "about": "What will run out, when, why, and what can still be done.",
        "nothing": "No publication yet.",
        "operations": "Operations of the API",
        "other_language": "Français",
    },
}


@dataclass(frozen=True)
class Line:
    """One series as a planner reads it."""

    warning: int | None
    site: str
    sku: str
    description: str
    is_out: bool
    when: str
    back: str
    chance: str
    cause: str
    action: str
    value: str


@dataclass(frozen=True)
class Listed:
    """The lines, their rows as published, and how many there are in all."""

    rows: pd.DataFrame
    lines: list[Line]
    out: int
    out_shown: int
    warned: int
    warned_shown: int


def planner_list(
    reader: PublicationReader,
    language: str,
    *,
    limit: int,
    site: str | None = None,
    min_probability: float | None = None,
) -> Listed:
    """What is out first, then warnings, each by value at risk, then probability.

    What is out takes half of the lines at most where there are warnings for the rest.
    `min_probability` lists every series at or above it instead of the announced ones.
    """
    table = reader.warnings(site=site, every_series=True)
    table = table.sort_values(
        ["value_at_risk", "probability", "site", "sku"],
        ascending=[False, False, True, True],
        na_position="last",
        kind="stable",
    )
    is_out = (table["state"] == OUT).to_numpy()
    if min_probability is None:
        is_warned = table["warning"].notna().to_numpy() & ~is_out
    else:
        is_warned = (table["probability"] >= min_probability).to_numpy() & ~is_out
    out, warned = table[is_out], table[is_warned]
    out_shown = min(len(out), max(limit // 2, limit - len(warned)))
    warned_shown = min(len(warned), limit - out_shown)
    rows = pd.concat([out.head(out_shown), warned.head(warned_shown)], ignore_index=True)
    descriptions = _descriptions(reader, rows)
    lines = [
        _line(row, description, language)
        for (_, row), description in zip(rows.iterrows(), descriptions, strict=True)
    ]
    return Listed(rows, lines, len(out), out_shown, len(warned), warned_shown)


def _descriptions(reader: PublicationReader, rows: pd.DataFrame) -> list[str]:
    master = reader.part(SERIES)
    if "description" not in master.column_names:
        return [""] * len(rows)
    places = [reader.row(site, sku) for site, sku in zip(rows["site"], rows["sku"], strict=True)]
    return [str(master.column("description")[place].as_py() or "") for place in places]


def _line(row: pd.Series, description: str, language: str) -> Line:
    words = WORDS[language]
    is_out = row["state"] == OUT
    back = _day(row["back_on"], language)
    return Line(
        warning=None if pd.isna(row["warning"]) else int(row["warning"]),
        site=row["site"],
        sku=row["sku"],
        description=description,
        is_out=is_out,
        when=words["out"] if is_out else _day(row["stockout_on"], language) or "—",
        back=words["back"].format(day=back) if is_out and back else "",
        chance="" if is_out else format_percent(round(row["probability"], 2), locale=language),
        cause=sentence(row, "cause", language),
        action=_action(row, language),
        value=_value(row, language),
    )


def sentence(row: pd.Series, name: str, language: str) -> str:
    """The sentence that the publication holds; blank where nothing is known."""
    text = str(row.get(f"{name}_{language}") or "")
    return text[:1].upper() + text[1:]


def _action(row: pd.Series, language: str) -> str:
    """The recommended action; its sentence names the deadline."""
    words = WORDS[language]
    text = sentence(row, "action", language)
    if row["act_by"] == TOO_LATE and row["state"] != OUT:
        text = f"{words['too_late'].capitalize()}. {text}".strip()
    return text or words["nothing_known"]


def _day(value: Any, language: str) -> str:
    if value is None or pd.isna(value):
        return ""
    day = value if isinstance(value, dt.date) else pd.Timestamp(value).date()
    return format_date(day, "EEE d MMM", locale=language)


def _value(row: pd.Series, language: str) -> str:
    amount = row["value_at_risk"]
    if amount is None or pd.isna(amount):
        return WORDS[language]["nothing_known"]
    if not row["currency"]:
        return str(format_decimal(round(amount), locale=language))
    currency = row["currency"]
    if amount < 1_000:
        return str(format_currency(amount, currency, "#,##0 ¤", language, currency_digits=False))
    digits = 1 if amount < 10_000 else 0
    return str(format_compact_currency(amount, currency, locale=language, fraction_digits=digits))
