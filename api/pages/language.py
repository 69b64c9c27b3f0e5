"""French or English: which one a browser gets, the catalogues, and how each writes figures.

The words in the code are English; `locale/fr.po` has the French ones.
"""

from __future__ import annotations

import datetime as dt
import gettext
import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import pandas as pd
from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from starlette.requests import Request

from api.readable import amount, clock, day

COOKIE: Final = "vigistock_language"
LANGUAGES: Final[Mapping[str, str]] = {"fr": "Français", "en": "English"}
NOTHING: Final = "—"


def language_of(request: Request, usual: str) -> str:
    """What `?lang=` asks for, else the cookie, else the first of Accept-Language that we speak,
    else the workspace's."""
    accepted = request.headers.get("accept-language", "").split(",")
    wanted = [
        request.query_params.get("lang", ""),
        request.cookies.get(COOKIE, ""),
        *(item.split(";")[0].strip()[:2].lower() for item in accepted),
    ]
    return next((language for language in wanted if language in LANGUAGES), usual)


@lru_cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of a language; English is what the code says."""
    file = resources.files("api.pages") / "locale" / f"{language}.po"
    if not file.is_file():
        return gettext.NullTranslations()
    written, compiled = io.BytesIO(file.read_bytes()), io.BytesIO()
    write_mo(compiled, read_po(written, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def filters(language: str) -> dict[str, Callable[..., str]]:
    """How a language writes what is known; unknown is a dash."""

    def date(value: Any, pattern: str = "EEE d MMM") -> str:
        return day(value, language, near=dt.datetime.now(dt.UTC).date(), pattern=pattern) or NOTHING

    def full_date(value: Any) -> str:
        return NOTHING if _blank(value) else day(value, language, pattern="long")

    def period(label: str) -> str:
        """A day in words; a week or a month as it is."""
        try:
            return (
                full_date(dt.date.fromisoformat(label))
                if len(label) == len("2026-11-22")
                else label
            )
        except ValueError:
            return label

    def moment(value: Any) -> str:
        return NOTHING if _blank(value) else format_datetime(value, "short", locale=language)

    def hour(value: str) -> str:
        return clock(value, language)

    def number(value: Any, digits: int = 0) -> str:
        if _blank(value):
            return NOTHING
        pattern = "#,##0" if not digits else "#,##0." + "#" * digits
        return str(format_decimal(value, pattern, locale=language))

    def percent(value: Any) -> str:
        return NOTHING if _blank(value) else str(format_percent(round(value, 2), locale=language))

    def money(value: Any, currency: str) -> str:
        return amount(value, currency, language) or NOTHING

    return {
        "date": date,
        "full_date": full_date,
        "period": period,
        "moment": moment,
        "hour": hour,
        "number": number,
        "percent": percent,
        "money": money,
    }


def _blank(value: Any) -> bool:
    return value is None or bool(pd.isna(value))
