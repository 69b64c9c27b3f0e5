"""Overrides as the command tells them, in French or English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from babel.numbers import format_decimal

from api.readable import written

if TYPE_CHECKING:
    from models.overrides.ledger import Override

HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "fr": ("numéro", "dit", "pour", "du", "au", "par", "parce que"),
    "en": ("number", "says", "of", "from", "until", "by", "because"),
}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "none": "Personne ne sait mieux\xa0: aucune correction n’est en cours.",
        "revoked": "annulée le {day}",
        "soon": "{day}, bientôt",
        "demand": "demande",
        "stock": "stock",
        "order": "commande",
        "on": "le {day}",
        "holds": "La correction [bold]{number}[/] ({what}) vaut jusqu’au {day}\xa0; la prochaine "
        "publication la compte.",
        "held": "La correction [bold]{number}[/] ({what}) valait déjà jusqu’au {day}\xa0; la "
        "prochaine publication la compte.",
        "gone": "La correction {number} ({what}) est annulée\xa0; la prochaine publication ne la "
        "compte plus.",
    },
    "en": {
        "none": "Nobody knows better: no override holds.",
        "revoked": "revoked {day}",
        "soon": "{day}, soon",
        "demand": "demand",
        "stock": "stock",
        "order": "order",
        "on": "on {day}",
        "holds": "Override [bold]{number}[/] ({what}) holds until {day}; the next publication "
        "counts it.",
        "held": "Override [bold]{number}[/] ({what}) held already until {day}; the next "
        "publication counts it.",
        "gone": "Override {number} ({what}) is revoked; the next publication no longer counts it.",
    },
}


def figure_of(one: Override, language: str) -> str:
    """What an override states, in short."""
    words, said = WORDS[language], []
    if one.factor is not None:
        said.append(f"× {format_decimal(one.factor, locale=language)}")
    if one.units is not None:
        said.append(f"= {format_decimal(one.units, locale=language)}")
    if one.expected_on is not None:
        said.append(words["on"].format(day=written(one.expected_on, language)))
    return f"{words[one.kind]} {', '.join(said)}"
