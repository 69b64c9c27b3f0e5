"""KPIs as a person reads them: values, and what cannot be computed, in French or English."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from api.readable import amount, day

UNITS: Final[Mapping[str, Mapping[str, str]]] = {
    "days": {"fr": "{n} j", "en": "{n} d"},
    "per_year": {"fr": "{n} fois par an", "en": "{n} times a year"},
    "per_thousand": {"fr": "{n} ‰", "en": "{n} ‰"},
}
WHY: Final[Mapping[str, Mapping[str, str]]] = {
    "feed_absent": {
        "fr": "non calculable : flux « {feed} » absent",
        "en": "cannot be computed: there is no feed “{feed}”",
    },
    "column_absent": {
        "fr": "non calculable : « {column} » manque dans le flux « {feed} »",
        "en": "cannot be computed: “{column}” is missing in the feed “{feed}”",
    },
    "feed_silent": {
        "fr": "non calculable : flux « {feed} » absent depuis le {day}",
        "en": "cannot be computed: no feed “{feed}” since {day}",
    },
    "not_yet": {
        "fr": "non calculable : le flux « {feed} » commence plus tard",
        "en": "cannot be computed: the feed “{feed}” begins later",
    },
    "nothing_counted": {
        "fr": "non calculable : rien à compter dans la période",
        "en": "cannot be computed: nothing to count in the period",
    },
}


def spaced(text: str, language: str) -> str:
    """A sentence whose signs stay with their words, as French writes them.

    >>> spaced("flux « costs » absent : depuis", "fr").split(" ")
    ['flux', '«\xa0costs\xa0»', 'absent\xa0:', 'depuis']
    """
    if language != "fr":
        return text
    return re.sub(r"(?<=«) | (?=[:;?!»])", "\xa0", text)


def value_of(value: Any, unit: str, currency: str, language: str) -> str:
    """A figure with its unit; blank where it is unknown.

    >>> value_of(0.9347, "share", "", "en"), value_of(20.44, "days", "EUR", "fr")
    ('93.5%', '20,4 j')
    >>> value_of(0.137, "money_per_unit", "EUR", "en"), value_of(None, "share", "", "en")
    ('€0.137', '')
    """
    if value is None or pd.isna(value):
        return ""
    if unit == "share":
        return str(
            format_percent(value, "#,##0.0\xa0%" if language == "fr" else "#,##0.0%", language)
        )
    if unit == "money":
        return amount(value, currency, language)
    if unit == "money_per_unit":
        pattern = "#,##0.000\xa0¤" if language == "fr" else "¤#,##0.000"
        return str(format_currency(value, currency, pattern, language, currency_digits=False))
    return UNITS[unit][language].format(n=format_decimal(round(value, 1), locale=language))


def why_not(figure: Mapping[str, Any], language: str) -> str:
    """Why a figure has no value; blank where it has one.

    >>> since = dt.date(2026, 3, 3)
    >>> why_not({"missing": "feed_silent", "missing_feed": "costs", "missing_since": since}, "en")
    'cannot be computed: no feed “costs” since March 3, 2026'
    """
    code = str(figure["missing"])
    if not code:
        return ""
    feed, _, column = str(figure["missing_feed"]).partition(".")
    if column:
        code = "column_absent"
    since = figure["missing_since"]
    told = {"feed": feed, "column": column, "day": day(since, language, pattern="long")}
    return spaced(WHY[code][language].format(**told), language)


def period_of(period: str, start: dt.date, language: str) -> str:
    """`octobre 2026`, `2026-W47` as it is.

    >>> period_of("2026-10", dt.date(2026, 10, 1), "fr")
    'octobre 2026'
    """
    return period if "W" in period else str(format_date(start, "MMMM y", locale=language))
