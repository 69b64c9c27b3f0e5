"""Figures, dates and quantities as sentences write them, in French or English."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, Literal

Language = Literal["fr", "en"]

FRENCH_MARKS: Final = str.maketrans({",": "\N{NO-BREAK SPACE}", ".": ","})
PLAIN_UNITS: Final = frozenset(
    {
        *("ea", "each", "u", "un", "unit", "units", "unite", "unites", "unité", "unités"),
        *("pc", "pcs", "pce", "piece", "pieces", "pièce", "pièces", "st", "stk"),
        *("c62", "h87", "nar"),  # UN/ECE recommendation 20
    }
)
"""Codes that say "piece" and no more: "units" is written."""
_CODES: Final = {
    **{"kgm": "kg", "grm": "g", "tne": "t", "ltr": "L", "mlt": "ml", "hlt": "hl"},
    **{"mtr": "m", "mtk": "m²", "mtq": "m³"},
}
SIGNS: Final = {sign.casefold(): sign for sign in _CODES.values()} | _CODES
"""What people write for the commonest codes of the same recommendation."""
_UNITS: Final = {"fr": "unité", "en": "unit"}
_DECIMALS: Final = 2  # to which a quantity that somebody booked is written whole
_DECIMALS_OF_MEASURES: Final = 3  # the same of what is weighed or measured


def written(value: Any, language: str, decimals: int = _DECIMALS) -> str:
    """A fact as a person reads it: dates, thousands and decimals of the language. What was booked
    to so many decimals keeps them, so that it can be checked; an estimate is rounded.

    >>> written(12345.0, "en"), written(12345.0, "fr").split(), written(2.5, "fr")
    ('12,345', ['12', '345'], '2,5')
    >>> written(12.5, "en"), written(12.5371, "en"), written(2.5371, "en")
    ('12.5', '13', '2.5')
    """
    if isinstance(value, dt.date):
        return f"{value:%d/%m/%Y}" if language == "fr" else value.isoformat()
    if isinstance(value, float):
        booked = abs(value - round(value, decimals)) <= 1e-9 * max(abs(value), 1.0)
        if booked:
            text = f"{value:,.{decimals}f}".rstrip("0").rstrip(".")
        else:
            text = f"{value:,.0f}" if abs(value) >= 10 else f"{value:.1f}"
        return text.translate(FRENCH_MARKS) if language == "fr" else text
    return str(value)


def quantity(units: float, uom: str, language: str) -> str:
    """With the item's own unit of measure where it says more than "piece".

    >>> quantity(12.5, "kg", "fr"), quantity(3.0, "PCE", "fr"), quantity(1.0, "", "en")
    ('12,5\\xa0kg', '3 unités', '1 unit')
    >>> quantity(7.0, "KGM", "en"), quantity(12.345, "KG", "en")
    ('7\\xa0kg', '12.345\\xa0kg')
    """
    if sign := sign_of(uom):
        return f"{written(units, language, _DECIMALS_OF_MEASURES)}\N{NO-BREAK SPACE}{sign}"
    return f"{written(units, language)} {_UNITS[language]}{plural_of(units, language)}"


def sign_of(uom: str) -> str:
    """How people write a unit of measure; blank where it says "piece" and no more.

    >>> sign_of("KGM"), sign_of(" palette "), sign_of("EA")
    ('kg', 'palette', '')
    """
    return SIGNS.get(uom.strip().casefold(), uom.strip()) if says_more(uom) else ""


def says_more(uom: str) -> bool:
    """Whether a unit of measure is another than the piece.

    >>> says_more("kg"), says_more("EA"), says_more(" "), says_more("")
    (True, False, False, False)
    """
    return uom.strip().casefold() not in PLAIN_UNITS | {""}


def plural(count: Any) -> str:
    """The letter that both languages add from two on."""
    return "s" if isinstance(count, int | float) and count >= 2 else ""


def plural_of(count: float, language: str) -> str:
    """The letter of a number of units: in French from two on, in English but for one.

    >>> plural_of(1.0, "en"), plural_of(1.5, "fr"), plural_of(1.5, "en"), plural_of(0, "fr")
    ('', '', 's', '')
    """
    return plural(count) if language == "fr" else "s" * (count != 1)
