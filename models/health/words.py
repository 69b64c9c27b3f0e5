"""An alarm in a planner's words, English and French: what is odd, and where to look first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

from models.health.alarm import Alarm, Sign
from models.health.gone import FALL, FORECASTS, SINCE, STAY

FRENCH: Final[Mapping[str, str]] = {"sales": "ventes", "stock": "stock"}
FORECASTS_EN: Final = {
    STAY: ": its forecasts go on at the level of old",
    FALL: ". Each stock picture counts as a day without a sale: its forecasts fall to nothing",
}
FORECASTS_FR: Final = {
    STAY: " : les prévisions y continuent au niveau d'avant",
    FALL: ". Chaque stock transmis vaut un jour sans vente : les prévisions y tombent à zéro",
}


def english(alarm: Alarm) -> str:
    return _ENGLISH[alarm.sign](alarm)


def french(alarm: Alarm) -> str:
    return _FRENCH[alarm.sign](alarm)


def _named(alarm: Alarm, more: str) -> str:
    """`A, B and 3 more`."""
    rest = alarm.count - len(alarm.subjects)
    return ", ".join(alarm.subjects) + (f" {more.format(rest)}" if rest else "")


def _at(alarm: Alarm) -> str:
    return f" ({_named(alarm, 'and {} more')})" if alarm.subjects else ""


def _chez(alarm: Alarm) -> str:
    return f" ({_named(alarm, 'et {} de plus')})" if alarm.subjects else ""


def _percent(share: float) -> str:
    return f"{abs(share):.0%}"


def _pour_cent(share: float) -> str:
    return f"{abs(share) * 100:.0f} %"


def _change(alarm: Alarm) -> float:
    return alarm.found / alarm.usual - 1.0


def _factor(alarm: Alarm) -> str:
    return f"{alarm.found / alarm.usual:.2g}"


def _rows_en(alarm: Alarm) -> str:
    less = "fewer" if _change(alarm) < 0 else "more"
    return (
        f"{alarm.feed.capitalize()}{_at(alarm)}: {_percent(_change(alarm))} {less} items with "
        "units than usual. Check that the export was complete."
    )


def _rows_fr(alarm: Alarm) -> str:
    less = "de moins" if _change(alarm) < 0 else "de plus"
    return (
        f"{FRENCH[alarm.feed].capitalize()}{_chez(alarm)} : {_pour_cent(_change(alarm))} {less} "
        "d'articles servis que d'habitude. Vérifiez que l'export est complet."
    )


def _level_en(alarm: Alarm) -> str:
    return (
        f"{alarm.feed.capitalize()}{_at(alarm)}: total units are {_factor(alarm)} times the usual. "
        "Check the unit of the export (pieces, boxes)."
    )


def _level_fr(alarm: Alarm) -> str:
    return (
        f"{FRENCH[alarm.feed].capitalize()}{_chez(alarm)} : le total vaut "
        f"{_virgule(_factor(alarm))} fois l'habituel. Vérifiez l'unité de l'export "
        "(pièces, cartons)."
    )


def _virgule(number: str) -> str:
    return number.replace(".", ",")


def _silent_en(alarm: Alarm) -> str:
    if not alarm.subjects and not alarm.usual:
        return "Sales: none is known, so that no demand is forecast. Ingest the sales."
    if since := alarm.about.get(SINCE):
        return (
            f"Sales: none of {_named(alarm, 'and {} more')} since {since}, while stock still comes "
            "in. Ask for the sales; where a site is closed, end its assortment and its stock rows"
            f"{FORECASTS_EN.get(alarm.about.get(FORECASTS, ''), '')}."
        )
    who = f"{_named(alarm, 'and {} more')} sent no rows" if alarm.subjects else "no rows came"
    return f"{alarm.feed.capitalize()}: {who} where there usually are some. Ask for the export."


def _silent_fr(alarm: Alarm) -> str:
    if not alarm.subjects and not alarm.usual:
        return "Ventes : aucune n'est connue, aucune demande n'est donc prévue. Ingérez les ventes."
    if since := alarm.about.get(SINCE):
        day = dt.date.fromisoformat(since)
        return (
            f"Ventes : rien de {_named(alarm, 'et {} de plus')} depuis le {day:%d/%m/%Y}, alors "
            "que le stock arrive toujours. Réclamez les ventes ; si un site est fermé, mettez fin "
            "à son assortiment et à ses lignes de stock"
            f"{FORECASTS_FR.get(alarm.about.get(FORECASTS, ''), '')}."
        )
    who = f"rien de {_named(alarm, 'et {} de plus')}" if alarm.subjects else "rien n'est arrivé"
    return (
        f"{FRENCH[alarm.feed].capitalize()} : {who}, alors qu'il y en a d'habitude. "
        "Réclamez l'export."
    )


def _scale_en(alarm: Alarm) -> str:
    return (
        f"{alarm.feed.capitalize()}{_at(alarm)}: units about {_factor(alarm)} times the usual. "
        "Check whether they are counted in another unit."
    )


def _scale_fr(alarm: Alarm) -> str:
    return (
        f"{FRENCH[alarm.feed].capitalize()}{_chez(alarm)} : quantités environ "
        f"{_virgule(_factor(alarm))} fois l'habituel. Vérifiez si l'unité a changé."
    )


def _code_en(alarm: Alarm) -> str:
    return (
        f"Items re-encoded? {_named(alarm, 'and {} more')}: the first ends as the second begins. "
        "If so, say it in `items.replaces`, so that the history follows."
    )


def _code_fr(alarm: Alarm) -> str:
    return (
        f"Articles recodés ? {_named(alarm, 'et {} de plus')} : le premier s'arrête quand le "
        "second commence. Si oui, dites-le dans `items.replaces` pour que l'historique suive."
    )


def _error_en(alarm: Alarm) -> str:
    if alarm.about.get("what") == "bias":
        side = "too high" if alarm.found > 0 else "too low"
        return (
            f"Forecasts were {_percent(alarm.found)} {side} in all. "
            "Look for an event nobody announced, then train anew."
        )
    return (
        f"Forecasts missed {_percent(alarm.found)} of what sold; usually "
        f"{_percent(alarm.usual)}. Look at the sales that came in, then train anew."
    )


def _error_fr(alarm: Alarm) -> str:
    if alarm.about.get("what") == "bias":
        side = "trop hautes" if alarm.found > 0 else "trop basses"
        return (
            f"Les prévisions étaient {side} de {_pour_cent(alarm.found)} au total. "
            "Cherchez un événement non annoncé, puis relancez un entraînement."
        )
    return (
        f"L'erreur des prévisions est de {_pour_cent(alarm.found)} des ventes, contre "
        f"{_pour_cent(alarm.usual)} d'habitude. Regardez les ventes reçues, puis relancez un "
        "entraînement."
    )


def _calibration_en(alarm: Alarm) -> str:
    return (
        f"{_percent(alarm.found)} of the sales were above the 90 % quantile; usually "
        f"{_percent(alarm.usual)}. Safety stocks are too small until the next training."
    )


def _calibration_fr(alarm: Alarm) -> str:
    return (
        f"{_pour_cent(alarm.found)} des ventes ont dépassé le quantile à 90 %, contre "
        f"{_pour_cent(alarm.usual)} d'habitude. Les stocks de sécurité sont trop petits jusqu'au "
        "prochain entraînement."
    )


_ENGLISH: Final[Mapping[Sign, Callable[[Alarm], str]]] = {
    Sign.ROWS: _rows_en,
    Sign.LEVEL: _level_en,
    Sign.SILENT: _silent_en,
    Sign.SCALE: _scale_en,
    Sign.CODE: _code_en,
    Sign.ERROR: _error_en,
    Sign.CALIBRATION: _calibration_en,
}

_FRENCH: Final[Mapping[Sign, Callable[[Alarm], str]]] = {
    Sign.ROWS: _rows_fr,
    Sign.LEVEL: _level_fr,
    Sign.SILENT: _silent_fr,
    Sign.SCALE: _scale_fr,
    Sign.CODE: _code_fr,
    Sign.ERROR: _error_fr,
    Sign.CALIBRATION: _calibration_fr,
}
