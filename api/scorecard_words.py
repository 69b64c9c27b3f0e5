"""The scorecard as a person reads it on a screen, in French or English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from babel.numbers import format_decimal, format_percent

from api.pages.language import catalogue
from api.pages.phrases import miss_of
from api.readable import NOUNS, counted, punctuated, written

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "nothing_yet": "Aucune alerte ne peut encore être jugée : aucune publication n’est arrêtée "
        "avant le {until}, dernière période complète des données.",
        "all_later": "Aucune alerte ne peut être jugée : toutes les publications précédentes "
        "viennent d’une version qui avait appris de données postérieures. Publiez au fil du "
        "temps, ou voyez «\xa0vigistock evaluate\xa0».",
        "judged": "{publications} (du {first} au {last}), jugées d’après ce qui est venu jusqu’au "
        "{until} ({seconds} s).",
        "left_out": "Laissées de côté : {publications}, {why}.",
        "replaced": "remplacées par une autre du même jour",
        "learned_later": "faites par une version qui avait appris de données postérieures",
        "pruned": "qui ne sont plus gardées",
        "unreadable": "dont les fichiers manquent ou ont changé",
        "warnings": "alertes",
        "ruptured": "rupture, comme annoncé",
        "averted": "évitées par une commande passée ou avancée depuis",
        "false_alarm": "fausses alertes : rien n’a été fait, le stock a tenu",
        "not_attributable": "le stock a tenu, personne ne peut dire pourquoi",
        "open": "encore en cours",
        "closed": "de celles dont les {days} sont passés",
        "ran_out": "en rupture",
        "averted_share": "évitées",
        "at_stake": "en jeu dans celles évitées",
        "ruptures": "ruptures",
        "eve": "une alerte courait la veille",
        "for_days": "depuis {n} jours ou plus",
        "missed": "non annoncées",
        "cause_data": "les données manquaient ou étaient fausses",
        "cause_demand": "vendu plus que le P90 de la prévision",
        "cause_supplier": "une commande en retard ou incomplète",
        "cause_model": "la probabilité annoncée était trop basse",
        "short_data": "données",
        "short_demand": "demande",
        "short_supplier": "fournisseur",
        "short_model": "modèle",
        "missed_because": "non annoncées parce que",
        "ruptured_on": "rupture le",
        "place": "site · article",
        "said": "probabilité",
        "cause": "cause",
        "detail": "ce qui s’est passé",
        "earlier": "et {n} plus anciennes",
        "chance": "probabilité dite",
        "came_true": "réalisée",
        "times": "fois",
        "off_by": "écart {share} (ECE)",
        "segment": "segment",
        "period": "période",
        "g_warned": "alertes",
        "g_true": "vraies",
        "g_averted": "évitées",
        "g_false": "fausses",
        "g_unclear": "incertaines",
        "g_open": "en cours",
        "g_ruptures": "ruptures",
        "g_told": "annoncées",
        "groups": "vraies : en rupture. évitées : une commande passée ou avancée depuis est "
        "arrivée à temps, commandes de routine comprises.\nincertaines : le stock a tenu, "
        "personne ne peut dire pourquoi. annoncées : part des ruptures dont l’alerte courait "
        "la veille.",
        "named_by": "désigné par",
        "m_ran_out": "en rupture",
        "m_found": "trouvées",
        "m_ranking": "classement",
        "m_skill": "gain",
        "m_off_by": "écart",
        "methods": "Chaque méthode désigne {n} fois une référence, autant que nous : celles "
        "qu’elle classe au pire.\nen rupture : parmi les désignées. trouvées : parmi toutes les "
        "ruptures, chacune comptée à chaque publication qui pouvait la dire. classement : "
        "précision moyenne, 1 est le mieux.\ngain : 1 − score de Brier ÷ "
        "celui d’annoncer toujours le taux moyen ; 0 ne fait pas mieux.\nécart : moyenne des "
        "écarts entre la probabilité dite et ce qui est venu, sur dix classes (ECE).",
        "structural alone": "projection seule",
        "days of cover": "jours de couverture",
        "reorder point": "point de commande",
        "projected balance": "solde projeté",
        "overrides": "Corrections : {n}, {figures} jugées sur {series}",
        "error": "erreur {error}, {alone} par le modèle seul : elles {verdict}",
        "helped": "ont aidé",
        "harmed": "ont nui",
        "changed": "n’ont rien changé",
    },
    "en": {
        "nothing_yet": "No warning can be judged yet: no publication has an origin before {until}, "
        "the last complete period of the data.",
        "all_later": "No warning can be judged: every earlier publication was made by a version "
        "that had learned from later data. Publish as time passes, or see `vigistock evaluate`.",
        "judged": "{publications} ({first} to {last}), judged by what came up to {until} "
        "({seconds} s).",
        "left_out": "Left out: {publications} {why}.",
        "replaced": "replaced by a later one of the same origin",
        "learned_later": "made by a version that had learned from later data",
        "pruned": "no longer kept",
        "unreadable": "whose files are missing or changed",
        "warnings": "warnings",
        "ruptured": "ran out, as said",
        "averted": "averted by an order placed or moved up since",
        "false_alarm": "false alarm: held, and nothing was done",
        "not_attributable": "held, and nobody can say why",
        "open": "still open",
        "closed": "of those whose {days} are over",
        "ran_out": "ran out",
        "averted_share": "averted",
        "at_stake": "at stake in those averted",
        "ruptures": "ruptures",
        "eve": "a warning stood on the eve",
        "for_days": "for {n} days or more",
        "missed": "missed",
        "cause_data": "the data were missing or wrong",
        "cause_demand": "more was sold than the P90 of its forecast",
        "cause_supplier": "an order came late or short",
        "cause_model": "the chance said was too low",
        "short_data": "data",
        "short_demand": "demand",
        "short_supplier": "supplier",
        "short_model": "model",
        "missed_because": "missed because",
        "ruptured_on": "missed",
        "place": "site · sku",
        "said": "said",
        "cause": "cause",
        "detail": "what happened",
        "earlier": "and {n} earlier",
        "chance": "chance said",
        "came_true": "came true",
        "times": "times",
        "off_by": "off by {share} (ECE)",
        "segment": "segment",
        "period": "period",
        "g_warned": "warned",
        "g_true": "true",
        "g_averted": "averted",
        "g_false": "false",
        "g_unclear": "unclear",
        "g_open": "open",
        "g_ruptures": "ruptures",
        "g_told": "told",
        "groups": "true: ran out. averted: an order placed or moved up since came in time, routine "
        "ones included.\nunclear: held, and nobody can say why. told: share of the ruptures with a "
        "warning standing on the eve.",
        "named_by": "named by",
        "m_ran_out": "ran out",
        "m_found": "found",
        "m_ranking": "ranking",
        "m_skill": "skill",
        "m_off_by": "off by",
        "methods": "Each method names a series at an origin {n} times, as often as we did: what it "
        "ranks worst.\nran out: of those named. found: of all that ran out, each counted at every "
        "publication that could tell it. ranking: average precision, 1 is best.\n"
        "skill: 1 − Brier score ÷ that of always saying the mean rate; 0 is no better than that.\n"
        "off by: mean gap between the chance said and what came, in ten bins (ECE).",
        "overrides": "Overrides: {n}, {figures} of {series} judged",
        "error": "error {error}, {alone} by the model alone: they {verdict}",
        "helped": "helped",
        "harmed": "did harm",
        "changed": "changed nothing",
    },
}
COUNTS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "fr": {**NOUNS["fr"], "figures": {"one": "{n} prévision", "other": "{n} prévisions"}},
    "en": {**NOUNS["en"], "figures": {"one": "{n} forecast", "other": "{n} forecasts"}},
}
SEGMENTS: Final = ("erratic", "intermittent", "lumpy")
"""Demand classes that the catalogue names alike; `smooth` is "steady" to a person."""


class ScorecardWords:
    """How one language tells a scorecard."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, name: str, **values: Any) -> str:
        """The words of a name; a name without any stays as it is."""
        text = WORDS[self.language].get(name, name)
        return punctuated(text.format(**values) if values else text, self.language)

    def count(self, number: float, what: str) -> str:
        """
        >>> ScorecardWords("en").count(1, "days"), ScorecardWords("fr").count(2, "publications")
        ('1 day', '2 publications')
        """
        return counted(number, COUNTS[self.language][what], self.language)

    def number(self, value: float, pattern: str = "#,##0") -> str:
        """Blank where it is unknown.

        >>> ScorecardWords("fr").number(0.25, "0.000"), ScorecardWords("en").number(float("nan"))
        ('0,250', '')
        """
        if value is None or pd.isna(value):
            return ""
        return str(format_decimal(value, pattern, self.language))

    def share(self, value: float, digits: int = 0) -> str:
        """
        >>> ScorecardWords("en").share(0.254), ScorecardWords("en").share(0.254, 1)
        ('25%', '25.4%')
        >>> ScorecardWords("fr").share(0.254, 1).replace(chr(160), "~")
        '25,4~%'
        """
        if value is None or pd.isna(value):
            return ""
        sign = "\xa0%" if self.language == "fr" else "%"
        pattern = f"#,##0{'.' * (digits > 0)}{'0' * digits}{sign}"
        return str(format_percent(value, pattern, self.language))

    def day(self, value: Any) -> str:
        """A date; in French `22/11/2026`. Weeks and months stay as they are.

        >>> ScorecardWords("fr").day("2026-11-22"), ScorecardWords("fr").day("2026-W47")
        ('22/11/2026', '2026-W47')
        """
        if isinstance(value, dt.date):
            return written(value, self.language)
        is_day = len(value) == len("2026-11-22")
        return written(dt.date.fromisoformat(value), self.language) if is_day else str(value)

    def missed(self, detail: str) -> str:
        """Why a stockout was not announced, in a sentence."""
        if self.language == "en":
            return detail
        message, values = miss_of(detail)
        told = {name: self.day(one) if name == "day" else one for name, one in values.items()}
        return catalogue(self.language).gettext(message) % told

    def segment(self, name: str) -> str:
        """
        >>> ScorecardWords("en").segment("A / smooth"), ScorecardWords("fr").segment("A / lumpy")
        ('A / smooth', 'A / par à-coups')
        """
        if self.language == "en":
            return name
        translate = catalogue(self.language).gettext
        said = {one: translate(one) for one in SEGMENTS} | {"smooth": translate("steady")}
        abc, between, kind = name.partition(" / ")
        return f"{abc}{between}{said.get(kind, kind)}"
