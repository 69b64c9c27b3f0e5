"""The morning list of one buyer as an e-mail: plain text and HTML, in French or English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, PackageLoader, select_autoescape

from api.planner_groups import WORDS as ACTION_WORDS
from api.planner_groups import Grouped, grouped
from api.planner_list import WORDS as LIST_WORDS
from api.planner_list import Listed, buyers_of, planner_list, source_of
from api.readable import amount, clock, counted, day
from forecasting.errors import UnknownName
from models.publication import NotSaid, PublicationReader

_templates: Final = Environment(
    loader=PackageLoader("api.messages"),
    autoescape=select_autoescape(["html"]),
    trim_blocks=True,
    lstrip_blocks=True,
)

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "subject": "Vigistock, {day} : {counts}",
        "hello": "Bonjour {buyer},",
        "everybody": "Bonjour,",
        "list": "Référence par référence",
        "calm": "Rien à signaler : aucune rupture, aucune alerte.",
        "orders": "Commandes à passer le {day}",
        "until": "avant {time}",
        "transfer": "transfert depuis {site}",
        "short": "minimum {minimum} non atteint",
        "silent": "n’a rien livré depuis le {day}",
        "risk": "risque {chance}",
        "value": "enjeu {value}",
        "reply": "Message automatique. La liste complète : vigistock warnings.",
    },
    "en": {
        "subject": "Vigistock, {day}: {counts}",
        "hello": "Good morning {buyer},",
        "everybody": "Good morning,",
        "list": "Series by series",
        "calm": "Nothing to report: no stockout, no warning.",
        "orders": "Orders to place on {day}",
        "until": "before {time}",
        "transfer": "transfer from {site}",
        "short": "minimum {minimum} not reached",
        "silent": "has delivered nothing since {day}",
        "risk": "risk {chance}",
        "value": "at stake {value}",
        "reply": "Sent automatically. The whole list: vigistock warnings.",
    },
}
LINES: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {"one": "{n} ligne", "other": "{n} lignes"},
    "en": {"one": "{n} line", "other": "{n} lines"},
}
NO_BUYERS: Final = (
    "No item of this publication names a buyer: fill the column buyer of the feed items, then "
    "publish again."
)


@dataclass(frozen=True)
class Order:
    """One order to place, as a buyer reads it."""

    source: str
    site: str
    until: str
    lines: str
    value: str
    note: str  # a minimum that is not reached, a supplier that does not deliver


@dataclass(frozen=True)
class Digest:
    """What one buyer is told of one publication."""

    buyer: str  # blank: items without one
    language: str
    subject: str
    listed: Listed
    actions: Grouped
    orders: list[Order]
    order_day: str
    made: dict[str, Any]  # provenance

    @property
    def is_empty(self) -> bool:
        """Nothing to treat, nothing to order."""
        return not (self.listed.lines or self.orders or self.actions.today)

    @property
    def text(self) -> str:
        return self._rendered("digest.txt")

    @property
    def html(self) -> str:
        return self._rendered("digest.html")

    def _rendered(self, template: str) -> str:
        words, list_words = WORDS[self.language], LIST_WORDS[self.language]
        hello = words["hello"].format(buyer=self.buyer) if self.buyer else words["everybody"]
        return _templates.get_template(template).render(
            digest=self,
            words=words,
            list_words=list_words,
            action_words=ACTION_WORDS[self.language],
            messages=self.actions.messages,
            hello=hello,
            counts=self.listed.counts(self.language),
            orders_title=words["orders"].format(day=self.order_day),
            source=source_of(self.made, self.language),
        )


def digests_of(
    reader: PublicationReader, language: str, *, limit: int, buyer: str | None = None
) -> list[Digest]:
    """One for each buyer who has anything to do, by name; `limit`: lines of each list.

    `buyer`: of this one alone, also if there is nothing. Raises UnknownName.
    """
    known = sorted(buyers_of(reader).unique())
    if buyer is None:
        made = [_digest(reader, language, name, limit) for name in known]
        return [one for one in made if not one.is_empty]
    if buyer not in known:
        raise UnknownName("buyer", buyer, filter(None, known), none_known=NO_BUYERS)
    return [_digest(reader, language, buyer, limit)]


def _digest(reader: PublicationReader, language: str, buyer: str, limit: int) -> Digest:
    today = reader.provenance["origin_end"] + dt.timedelta(days=1)
    listed = planner_list(reader, language, limit=limit, buyer=buyer)
    readable = day(today, language, pattern="EEEE d MMMM")
    words = WORDS[language]
    return Digest(
        buyer=buyer,
        language=language,
        subject=words["subject"].format(day=readable, counts=listed.counts(language)),
        listed=listed,
        actions=grouped(reader, language, limit=limit, buyer=buyer),
        orders=_orders(reader, language, buyer, today),
        order_day=readable,
        made=reader.provenance,
    )


def _orders(reader: PublicationReader, language: str, buyer: str, today: dt.date) -> list[Order]:
    """The orders of the day; none where the publication proposes none yet."""
    try:
        lines = reader.proposals().to_pandas()
    except NotSaid:
        return []
    mine = lines[(lines["order_on"] == today) & (lines["buyer"].astype(str) == buyer)]
    return [_order(order, language) for _, order in mine.groupby("proposal", sort=True)]


def _order(lines: pd.DataFrame, language: str) -> Order:
    words, first = WORDS[language], lines.iloc[0]
    sends = str(first["source_site"])
    note = ""
    if pd.notna(first["minimum_reached"]) and not first["minimum_reached"]:
        minimum = amount(first["minimum_value"], str(first["currency"]), language)
        note = words["short"].format(minimum=minimum or f"{first['minimum_units']:g}")
    if pd.notna(first.get("silent_since")):  # absent in publications made before
        silent = words["silent"].format(day=day(first["silent_since"], language, pattern="d MMM"))
        note = " · ".join(part for part in (note, silent) if part)
    time = str(first["cutoff_time"])
    return Order(
        source=words["transfer"].format(site=sends) if sends else str(first["supplier"]),
        site=str(first["site"]),
        until=words["until"].format(time=clock(time, language)) if time else "",
        lines=counted(len(lines), LINES[language], language),
        value=amount(first["order_value"], str(first["currency"]), language),
        note=note,
    )
