"""Dates, amounts and counts as a planner reads them, in French or English."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from babel import Locale
from babel.dates import format_date
from babel.numbers import (
    format_compact_currency,
    format_currency,
    format_decimal,
)

NEAR_DAYS: Final = 180  # a date further from the origin is shown with its year
WRITTEN: Final[Mapping[str, re.Pattern[str]]] = {
    "fr": re.compile(r"(?<![\w/-])\d\d/\d\d/\d{4}(?: \d\d:\d\d)?(?![\w/-])"),
    "en": re.compile(r"(?<![\w/-])\d{4}-\d\d-\d\d(?: \d\d:\d\d)?(?![\w/-])"),
}
"""Dates as the sentences of a publication hold them."""
FIRST: Final = re.compile(r"(?<!\S)1(?= [^\W\d])")
PATTERNS: Final = {"fr": "%d/%m/%Y", "en": "%Y-%m-%d"}


MONEY: Final = {"fr": "#,##0\xa0¤", "en": "¤#,##0"}


def day(
    value: Any, language: str, *, near: dt.date | None = None, pattern: str = "EEE d MMM"
) -> str:
    """A date as `pattern` says; its year only where it is far from `near`. Blank stays blank.

    >>> day(dt.date(2026, 11, 23), "en"), day(None, "en")
    ('Mon 23 Nov', '')
    >>> day(dt.date(2025, 1, 3), "fr", near=dt.date(2026, 11, 22)), day(dt.date(2026, 12, 1), "fr")
    ('ven. 3 janv. 2025', 'mar. 1er déc.')
    """
    if value is None or pd.isna(value):
        return ""
    date = pd.Timestamp(value).date()
    is_far = near is not None and abs((date - near).days) > NEAR_DAYS
    text = format_date(date, f"{pattern} y" if is_far else pattern, locale=language)
    return with_ordinal(text, language)


def with_ordinal(date: str, language: str) -> str:
    """A date in words, the first of a month as the French write it.

    >>> with_ordinal("1 novembre 2026", "fr"), with_ordinal("21 nov. 2026", "fr")
    ('1er novembre 2026', '21 nov. 2026')
    """
    return FIRST.sub("1er", date) if language == "fr" else date


def written(value: dt.date, language: str) -> str:
    """A date in figures.

    >>> written(dt.date(2026, 11, 3), "fr"), written(dt.date(2026, 11, 3), "en")
    ('03/11/2026', '2026-11-03')
    """
    return value.strftime(PATTERNS[language])


def with_readable_dates(text: str, language: str, origin: dt.date) -> str:
    """A sentence with its dates, and hours where it has them, as `day` writes them.

    >>> with_readable_dates("order 8 units by 2026-11-23 11:00", "en", dt.date(2026, 11, 22))
    'order 8 units by Mon 23 Nov, 11:00'
    >>> with_readable_dates("commander 8 unités avant le 23/11/2026 11:00", "fr",
    ...     dt.date(2026, 11, 22)).replace(chr(160), " ")
    'commander 8 unités avant le lun. 23 nov., 11 h'
    """

    def readable(found: re.Match[str]) -> str:
        date, _, hour = found[0].partition(" ")
        try:
            parsed = dt.datetime.strptime(date, PATTERNS[language]).date()
        except ValueError:  # a code that only looks like a date
            return found[0]
        return day(parsed, language, near=origin) + (f", {clock(hour, language)}" if hour else "")

    return WRITTEN[language].sub(readable, text)


def clock(text: str, language: str) -> str:
    """`11:00`; in French `11 h`, `11 h 30`."""
    if language != "fr":
        return text
    hours, minutes = text.split(":")
    return f"{int(hours)}\xa0h" + (f"\xa0{minutes}" if minutes != "00" else "")


def amount(value: Any, currency: str, language: str) -> str:
    """Money to the precision that a decision needs; blank stays blank."""
    if value is None or pd.isna(value):
        return ""
    if not currency:
        return str(format_decimal(round(value), locale=language))
    if value < 1_000:
        return str(
            format_currency(value, currency, MONEY[language], language, currency_digits=False)
        )
    digits = 1 if value < 10_000 else 0
    return str(format_compact_currency(value, currency, locale=language, fraction_digits=digits))


def punctuated(text: str, language: str) -> str:
    """In French, the space that no line ends at before the signs that have one.

    >>> punctuated("commande en retard; rien reçu : appeler", "fr").replace(chr(160), "~")
    'commande en retard~; rien reçu~: appeler'
    """
    return re.sub(r" ?; | (?=[:!?»])", _before_sign, text) if language == "fr" else text


def _before_sign(found: re.Match[str]) -> str:
    return "\xa0; " if ";" in found[0] else "\xa0"


def capitalised(text: str) -> str:
    """
    >>> capitalised("order PO-1 is late"), capitalised("")
    ('Order PO-1 is late', '')
    """
    return text[:1].upper() + text[1:]


NOUNS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "fr": {
        "days": {"one": "{n} jour", "other": "{n} jours"},
        "publications": {"one": "{n} publication", "other": "{n} publications"},
        "series": {"one": "{n} référence", "other": "{n} références"},
        "sites": {"one": "{n} site", "other": "{n} sites"},
        "units": {"one": "{n} unité", "other": "{n} unités"},
    },
    "en": {
        "days": {"one": "{n} day", "other": "{n} days"},
        "publications": {"one": "{n} publication", "other": "{n} publications"},
        "series": {"other": "{n} series"},
        "sites": {"one": "{n} site", "other": "{n} sites"},
        "units": {"one": "{n} unit", "other": "{n} units"},
    },
}
"""What is counted in more than one place, by language, for `counted`."""


def counted(number: float, forms: Mapping[str, str], language: str) -> str:
    """`forms`: CLDR's plural category -> the words, with `{n}` for the number.

    >>> forms = {"one": "{n} alerte", "other": "{n} alertes"}
    >>> counted(0, forms, "fr"), counted(2, forms, "fr")
    ('0 alerte', '2 alertes')
    """
    form = forms.get(Locale(language).plural_form(number), forms["other"])
    return form.format(n=format_decimal(number, locale=language))
