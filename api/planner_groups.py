"""The planner's actions: groups of warnings that one call, order or transfer repairs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import pandas as pd

from api.readable import NOUNS, amount, capitalised, counted, punctuated, with_readable_dates
from models.attention import LIKELY, Attention
from models.publication import PublicationReader
from models.quantities import quantity, says_more

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "title": "À faire aujourd’hui",
        "what": "Que faire, et pourquoi",
        "effect": "Effet",
        "value": "Évite",
        "cost": "coûte {cost}",
        "saved": "gain de {quantity}",
        "messages": "Messages prêts à envoyer",
        "left_out": "Hors du budget de {budget} actions par approvisionneur : {actions}, {value} "
        "de perte attendue.",
        "not_costed": "Coûts non comptés : les réglages ne disent pas ce que coûte un appel, une "
        "commande, un transfert ou un comptage.",
        "unavoidable": "Inévitables, prévenir les clients : {series}{orders}.",
        "accepted": "Risques acceptés, les éviter n’en vaut pas la peine : {series}.",
        "watch": "À surveiller, rien à faire ni à annoncer aujourd’hui : {series}.",
    },
    "en": {
        "title": "To do today",
        "what": "What to do, and why",
        "effect": "Effect",
        "value": "Avoids",
        "cost": "costs {cost}",
        "saved": "{quantity} saved",
        "messages": "Messages ready to send",
        "left_out": "Beyond the budget of {budget} actions a planner: {actions}, {value} of "
        "expected loss.",
        "not_costed": "Not costed: the settings do not say what a call, an order, a transfer or a "
        "count costs.",
        "unavoidable": "Unavoidable, tell the customers: {series}{orders}.",
        "accepted": "Accepted risks, avoiding them is not worth it: {series}.",
        "watch": "To watch, nothing to do or to announce today: {series}.",
    },
}
COUNTS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "fr": {
        "series": NOUNS["fr"]["series"],
        "out": {"one": "dont {n} en rupture", "other": "dont {n} en rupture"},
        "ruptures": {"one": "≈ {n} rupture évitée", "other": "≈ {n} ruptures évitées"},
        "units": {"one": "{n} unité sauvée", "other": "{n} unités sauvées"},
        "actions": {"one": "{n} action", "other": "{n} actions"},
        "more": {
            "one": "Et {n} autre action aujourd’hui.",
            "other": "Et {n} autres actions aujourd’hui.",
        },
    },
    "en": {
        "series": NOUNS["en"]["series"],
        "out": {"other": "{n} out already"},
        "ruptures": {"one": "≈ {n} stockout avoided", "other": "≈ {n} stockouts avoided"},
        "units": {"one": "{n} unit saved", "other": "{n} units saved"},
        "actions": {"one": "{n} action", "other": "{n} actions"},
        "more": {"one": "And {n} more action today.", "other": "And {n} more actions today."},
    },
}


ORDERS_SHOWN: Final = 3  # of customers, by name; the page and the export have them all


@dataclass(frozen=True)
class GroupLine:
    """One action as a planner reads it."""

    headline: str
    why: str
    effect: list[str]  # one a line
    value: str
    buyer: str
    message: str  # blank where there is nobody to write to


@dataclass(frozen=True)
class Grouped:
    """Actions in order, and what is said of those that are not shown."""

    today: list[GroupLine]
    closing: list[str]  # sentences: what the budget left out, what nothing avoids
    more: int = 0  # of today's, beyond those given
    to_tell: list[GroupLine] = field(default_factory=list)  # of what is not done: customers' orders

    @property
    def messages(self) -> list[GroupLine]:
        """Those that have somebody to write to: suppliers and sites, then customers."""
        return [one for one in (*self.today, *self.to_tell) if one.message]


def grouped(
    reader: PublicationReader, language: str, *, limit: int, buyer: str | None = None
) -> Grouped:
    """Today's actions of one buyer, or of all; none where the publication tells of no groups."""
    if not reader.has_groups:
        return Grouped([], [])
    table = reader.groups().to_pandas()
    if buyer is not None:
        table = table[table["buyer"].astype(str) == buyer]
    origin = pd.Timestamp(reader.provenance["origin_end"]).date()
    lists = table["attention"].astype(str)
    today = table[lists == Attention.TODAY]
    lines = [group_line(row, language, origin) for row in today.head(limit).to_dict("records")]
    budget = int(reader.publication.provenance.options.get("daily_budget", 0))
    closing = _closing(table, lists, language, budget)
    undone = table[lists.isin([Attention.ACCEPTED, Attention.UNAVOIDABLE])].to_dict("records")
    to_tell = [group_line(row, language, origin) for row in undone if _likely_late(row)]
    return Grouped(lines, closing, more=len(today) - len(lines), to_tell=to_tell)


def group_line(row: Mapping[str, Any], language: str, origin: dt.date) -> GroupLine:
    forms = COUNTS[language]
    series = counted(int(row["series"]), forms["series"], language)
    if row["out"]:
        series += f", {counted(int(row['out']), forms['out'], language)}"
    effect = [series]
    ruptures = round(float(row["ruptures_avoided"]))
    if ruptures:
        effect.append(counted(ruptures, forms["ruptures"], language))
    effect.append(_saved(float(row["units_saved"]), str(row.get("uom") or ""), language))
    if cost := amount(row["cost"] or None, str(row["currency"]), language):
        effect.append(WORDS[language]["cost"].format(cost=cost))
    return GroupLine(
        **worded(row, language, origin),
        effect=effect,
        value=amount(row["loss_avoided"], str(row["currency"]), language),
        buyer=str(row["buyer"]),
        message=str(row[f"message_{language}"] or ""),
    )


def _saved(units: float, uom: str, language: str) -> str:
    """In the unit of measure that all items share, where it says more than "piece"."""
    if says_more(uom):
        return WORDS[language]["saved"].format(quantity=quantity(units, uom, language))
    return counted(round(units), COUNTS[language]["units"], language)


def worded(row: Mapping[str, Any], language: str, origin: dt.date) -> dict[str, str]:
    """Headline and why of a group, with dates as people write them."""
    return {
        name: punctuated(
            with_readable_dates(
                capitalised(str(row[f"{name}_{language}"] or "")), language, origin
            ),
            language,
        )
        for name in ("headline", "why")
    }


def _closing(table: pd.DataFrame, lists: pd.Series, language: str, budget: int) -> list[str]:
    words, forms = WORDS[language], COUNTS[language]
    said = []
    if table.loc[lists == Attention.TODAY, "cost"].isna().any():
        said.append(words["not_costed"])
    left = table[lists == Attention.LEFT_OUT]
    if len(left):
        actions = counted(len(left), forms["actions"], language)
        value = _sums(left, language)
        said.append(words["left_out"].format(budget=budget, actions=actions, value=value))
    for name in (Attention.ACCEPTED, Attention.WATCH, Attention.UNAVOIDABLE):
        some = table[lists == name]
        if len(some):
            series = counted(int(some["series"].sum()), forms["series"], language)
            orders = _named(some) if name is Attention.UNAVOIDABLE else ""
            said.append(words[name.value].format(series=series, orders=orders))
    return [punctuated(sentence, language) for sentence in said]


def _likely_late(group: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """Customers' orders that are late more likely than not; none in a publication made before they
    were told."""
    told = orjson.loads(group.get("customer_orders") or "[]")
    return [one for one in told if one.get("chance", 1.0) >= LIKELY]


def _named(groups: pd.DataFrame) -> str:
    """The first customers' orders that these groups' stockouts hit, in brackets; "" where none is
    known."""
    promises = [one for group in groups.to_dict("records") for one in _likely_late(group)]
    promises.sort(key=lambda one: one.get("due_on", ""))
    named = dict.fromkeys(
        " ".join((one.get("customer", ""), one["order_id"])).strip() for one in promises
    )
    shown = ", ".join(list(named)[:ORDERS_SHOWN])
    return f" ({shown}{', …' if len(named) > ORDERS_SHOWN else ''})" if named else ""


def _sums(rows: pd.DataFrame, language: str) -> str:
    """By currency: they are never added."""
    sums = rows.assign(currency=rows["currency"].astype(str)).groupby("currency")["loss_avoided"]
    known = sums.sum(min_count=1).dropna()
    return " + ".join(amount(value, str(unit), language) for unit, value in known.items()) or "—"
