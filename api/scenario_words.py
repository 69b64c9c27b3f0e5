"""A scenario and what comes of it, in the words of a planner: French or English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
from babel.numbers import format_decimal

from api.readable import NOUNS, amount, clock, counted, day, punctuated
from models.quantities import quantity, says_more
from models.scenarios.declaration import (
    Change,
    Demand,
    LeadTime,
    OrderLate,
    PromotionAdded,
    Scenario,
    SiteClosed,
    SupplierStop,
)

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "demand": "demande {percent} %{what}{when}",
        "supplier_stop": "{supplier} s’arrête {weeks}{when}",
        "order_late": "commande {order} en retard de {days} de plus",
        "orders_late": "toutes les commandes de {supplier} en retard de {days} de plus",
        "site_closed": "site {site} fermé{when}",
        "lead_time": "délais de {supplier} × {factor}",
        "promotion": "promotion de {depth} %{what}{when}",
        "nothing": "rien ne change",
        "from": " à partir du {start}",
        "until": " jusqu’au {end}",
        "between": " du {start} au {end}",
        "everything": " partout",
        "of": " ({codes})",
        "plan": "Plan {number}",
        "base": "Comparé à la publication {publication} ; vu jusqu’au {until}",
        "first": "la première {day}",
        "no_price": "Articles sans prix connu : {units}.",
        "loss": "Perte attendue sur {concerned} : {before} → {after} ({added}) ; {units}.",
        "loss_same": "Perte attendue sur {concerned} : {before}, inchangée.",
        "away": "Demande venue devant un site fermé : {units} unités{value}.",
        "calm": "Rien ne rompt et rien ne change de ce qui se voit.",
        "by_site": "Par site",
        "by_supplier": "Par fournisseur",
        "by_category": "Par famille",
        "breaks": "Ruptures de plus",
        "units": "Unités",
        "value": "Perte",
        "when": "Rupture",
        "item": "Site · article",
        "chance": "Risque",
        "what_breaks": "Ce qui rompt",
        "what_to_do": "Que faire",
        "beside": "Que faire ; à côté, la perte que le scénario ajoute là",
        "find": "Trouver {units} de {item} ailleurs{by}, pour {sites}",
        "order": "Commander {units} de {item} chez {source}{by}, pour {sites}",
        "transfer": "Demander {units} de {item} au site {source}{by}, pour {sites}",
        "expedite": "Relancer la commande {order_id} ({units} de {item}){by}, pour {sites}",
        "substitute": "Proposer {substitute} à la place de {item} ({units}){by}, pour {sites}",
        "a_substitute": "un article de remplacement",
        "before": " au plus tard le {day}",
        "promotion_model": "Effet de la promotion : celui que le modèle de demande a appris.",
        "promotion_stated": "Effet de la promotion : celui qui est déclaré ; le modèle de demande "
        "n’a rien appris de tel.",
        "depots": "Sont sommées les pertes là où l’on vend ; un dépôt à sec est montré, non "
        "compté.",
        "none": "Aucun scénario pour l’instant.",
        "compared": "Plan {a} contre plan {b}",
        "bases_differ": "Attention : ces plans partent de publications différentes ({a} et {b}).",
        "goes_on": "Ce qui est supposé continue après ce jour : la suite n’est pas vue.",
        "most_weighed": "Tant de références souffrent que les actions n’ont été pesées que pour "
        "les articles qui y perdent le plus ; pour les autres, ce qui manque est à demander à qui "
        "livre.",
    },
    "en": {
        "demand": "demand {percent}%{what}{when}",
        "supplier_stop": "{supplier} stops for {weeks}{when}",
        "order_late": "order {order} {days} later than expected",
        "orders_late": "all orders of {supplier} {days} later than expected",
        "site_closed": "site {site} closed{when}",
        "lead_time": "lead times of {supplier} × {factor}",
        "promotion": "promotion of {depth}%{what}{when}",
        "nothing": "nothing changes",
        "from": " from {start}",
        "until": " until {end}",
        "between": " from {start} to {end}",
        "everything": " everywhere",
        "of": " ({codes})",
        "plan": "Plan {number}",
        "base": "Compared with publication {publication}; seen up to {until}",
        "first": "the first on {day}",
        "no_price": "Items without a price: {units}.",
        "loss": "Expected loss over {concerned}: {before} → {after} ({added}); {units}.",
        "loss_same": "Expected loss over {concerned}: {before}, unchanged.",
        "away": "Demand that finds a site closed: {units} units{value}.",
        "calm": "Nothing breaks, and nothing changes that anybody would see.",
        "by_site": "By site",
        "by_supplier": "By supplier",
        "by_category": "By category",
        "breaks": "More stockouts",
        "units": "Units",
        "value": "Loss",
        "when": "Stockout",
        "item": "Site · item",
        "chance": "Risk",
        "what_breaks": "What breaks",
        "what_to_do": "What to do",
        "beside": "What to do; beside it, the loss that the scenario adds there",
        "find": "Find {units} of {item} elsewhere{by}, for {sites}",
        "order": "Order {units} of {item} from {source}{by}, for {sites}",
        "transfer": "Ask site {source} for {units} of {item}{by}, for {sites}",
        "expedite": "Expedite order {order_id} ({units} of {item}){by}, for {sites}",
        "substitute": "Offer {substitute} instead of {item} ({units}){by}, for {sites}",
        "a_substitute": "a declared substitute",
        "before": " by {day}",
        "promotion_model": "Effect of the promotion: what the demand model has learned.",
        "promotion_stated": "Effect of the promotion: as stated; the demand model has learned "
        "nothing of the kind.",
        "depots": "Losses are summed where goods are sold; a depot that runs dry is shown, not "
        "counted.",
        "none": "No scenario yet.",
        "compared": "Plan {a} against plan {b}",
        "bases_differ": "Mind: these plans start from different publications ({a} and {b}).",
        "goes_on": "What is supposed goes on after that day: the rest is not seen.",
        "most_weighed": "So many series suffer that actions were weighed for the items that lose "
        "the most alone; for the others, what is short is to be asked of those who deliver.",
    },
}

NAMED: Final = 3  # sites of an action; more are counted

COUNTS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "fr": {
        **NOUNS["fr"],
        "broken": {"one": "{n} référence rompt", "other": "{n} références rompent"},
        "sooner": {"one": "{n} plus tôt que prévu", "other": "{n} plus tôt que prévu"},
        "worse": {"one": "{n} aggravée", "other": "{n} aggravées"},
        "relieved": {"one": "{n} évitée", "other": "{n} évitées"},
        "better": {"one": "{n} allégée", "other": "{n} allégées"},
        "concerned": {"one": "{n} référence concernée", "other": "{n} références concernées"},
        "more": {"one": "{n} unité de plus manque", "other": "{n} unités de plus manquent"},
        "fewer": {"one": "{n} unité de moins manque", "other": "{n} unités de moins manquent"},
        "weeks": {"one": "{n} semaine", "other": "{n} semaines"},
    },
    "en": {
        **NOUNS["en"],
        "broken": {"one": "{n} series breaks", "other": "{n} series break"},
        "sooner": {"other": "{n} sooner than before"},
        "worse": {"other": "{n} worse"},
        "relieved": {"other": "{n} spared"},
        "better": {"other": "{n} better"},
        "concerned": {"one": "the {n} series concerned", "other": "the {n} series concerned"},
        "more": {"one": "{n} more unit short", "other": "{n} more units short"},
        "fewer": {"one": "{n} fewer unit short", "other": "{n} fewer units short"},
        "weeks": {"one": "{n} week", "other": "{n} weeks"},
    },
}


def described(scenario: Scenario, language: str) -> str:
    """All changes in one line."""
    changes = [_described(one, language) for one in scenario.changes]
    return punctuated("; ".join(changes), language) if changes else WORDS[language]["nothing"]


def _described(change: Change, language: str) -> str:
    words = WORDS[language]
    start, end = getattr(change, "start", None), getattr(change, "end", None)
    shown = {
        "start": day(start, language, pattern="d MMM y"),
        "end": day(end, language, pattern="d MMM y"),
    }
    span = "between" if start and end else "from" if start else "until" if end else ""
    facts: dict[str, Any] = {"when": words[span].format(**shown) if span else ""}
    match change:
        case Demand():
            facts |= {
                "percent": _decimal(change.percent, language, "+#,##0.###;-#,##0.###"),
                "what": _selection(change, language),
            }
        case PromotionAdded():
            facts |= {
                "depth": _decimal(100 * change.depth, language),
                "what": _selection(change, language),
            }
        case SupplierStop():
            facts |= {
                "supplier": change.supplier,
                "weeks": _counted("weeks", change.weeks, language),
            }
        case OrderLate():
            key = "order_late" if change.order else "orders_late"
            days = _counted("days", change.days, language)
            facts |= {"order": change.order, "supplier": change.supplier, "days": days}
            return words[key].format(**facts)
        case SiteClosed():
            facts |= {"site": change.site}
        case LeadTime():
            facts |= {"supplier": change.supplier, "factor": _decimal(change.factor, language)}
    return words[change.kind].format(**facts)


def _selection(change: Demand | PromotionAdded, language: str) -> str:
    codes = [code for code in (change.category, change.supplier, change.sku, change.site) if code]
    words = WORDS[language]
    return words["of"].format(codes=", ".join(codes)) if codes else words["everything"]


def summary(totals: Mapping[str, Any], language: str, near: dt.date) -> list[str]:
    """The whole in two or three lines."""
    words = WORDS[language]
    changed = [
        _counted(name, totals[name], language)
        for name in ("sooner", "worse", "relieved", "better")
        if totals[name]
    ]
    if not totals["broken"] and not changed:
        return [words["calm"]]
    breaks = _counted("broken", totals["broken"], language)
    if totals["first_break"]:
        first = day(dt.date.fromisoformat(totals["first_break"]), language, near=near)
        breaks += f" ({words['first'].format(day=first)})"
    return [", ".join([breaks, *changed]) + ".", *money(totals, language)]


def money(totals: Mapping[str, Any], language: str) -> list[str]:
    """What is lost in each currency, and what finds a site closed."""
    words, lines = WORDS[language], []
    for row in totals["by_currency"]:
        currency, units = row["currency"], round(row["units_short_added"])
        short = _counted("more" if units > 0 else "fewer", abs(units), language)
        if currency:
            before, after = (
                amount(row[f"value_{run}"], currency, language) for run in ("base", "scenario")
            )
            lines.append(
                words["loss" if units else "loss_same"].format(
                    concerned=_counted("concerned", totals["series"], language),
                    before=before,
                    after=after,
                    added=signed(row["value_added"], currency, language),
                    units=short,
                )
            )
        elif units:
            lines.append(words["no_price"].format(units=short))
        if row["units_turned_away"] >= 1:
            away = f", {amount(row['value_turned_away'], currency, language)}" if currency else ""
            away_units = _number(row["units_turned_away"], language)
            lines.append(words["away"].format(units=away_units, value=away))
    return lines


def signed(value: Any, currency: str, language: str) -> str:
    """An amount with its sign; blank where nothing is known, or no price."""
    if value is None or pd.isna(value) or not currency:
        return ""
    return ("−" if value < 0 else "+") + amount(abs(value), currency, language)


def signed_units(value: float, language: str) -> str:
    """A whole number with its sign.

    >>> signed_units(1379.2, "en"), signed_units(-3, "en"), signed_units(0, "en")
    ('+1,379', '−3', '+0')
    """
    return _decimal(round(value), language, "+#,##0;−#,##0")


def to_do(action: Mapping[str, Any], language: str, near: dt.date) -> str:
    """One of models.scenarios.mitigation as a sentence."""
    words = WORDS[language]
    date, _, hour = str(action["by"]).partition(" ")
    due = day(date, language, near=near) if date else ""
    facts = dict(action) | {"units": _units(action, language)}
    facts["item"] = " ".join(part for part in (action["sku"], action["description"]) if part)
    facts["substitute"] = action["item"] or words["a_substitute"]
    sites = str(action["sites"]).split(", ")
    if len(sites) > NAMED:
        facts["sites"] = _counted("sites", len(sites), language)
    when = f"{due}, {clock(hour, language)}" if hour else due
    facts["by"] = words["before"].format(day=when) if due else ""
    return words[action["action"]].format(**facts)


def _units(action: Mapping[str, Any], language: str) -> str:
    """In the item's own unit of measure, where it says more than "piece"."""
    uom = str(action["uom"])
    if says_more(uom):
        return quantity(float(action["units"]), uom, language)
    return _counted("units", round(action["units"]), language)


def at_stake(action: Mapping[str, Any], language: str) -> str:
    """The loss that the scenario adds where an action helps; blank of items without a price."""
    return signed(action["value"], action["currency"], language)


def _decimal(value: float, language: str, pattern: str = "#,##0.###") -> str:
    return str(format_decimal(value, pattern, locale=language))


def _number(value: float, language: str) -> str:
    return counted(round(value), {"other": "{n}"}, language)


def _counted(name: str, number: float, language: str) -> str:
    return counted(number, COUNTS[language][name], language)
