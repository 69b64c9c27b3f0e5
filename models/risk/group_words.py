"""A group of warnings in words: its headline, and a message ready to send."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from models.attention import Attention
from models.risk.causes import Language, plural, written
from models.risk.customers import Promise
from models.risk.groups import Group, Member
from models.risk.whatif import WhatIf

FIRST_LINES: Final = 3  # "if only three lines come, these"
ONE_ORDER: Final = 0.8
"""Of what a call to a supplier saves, from which one order is named alone."""
QUIET_DAYS: Final = 14  # without a receipt, from which a supplier's silence is told
MOST_LINES: Final = 30  # of a message: a longer one is an attachment

HEADLINES: Final[Mapping[str, Mapping[str, str]]] = {
    "expedite": {
        "fr": "Appeler {source} avant le {by} : {orders} à recevoir {arrives}",
        "en": "Call {source} by {by}: {orders} to arrive {arrives}",
    },
    "order": {
        "fr": "Commander {count} article{s} chez {source} avant le {by}",
        "en": "Order {count} item{s} from {source} by {by}",
    },
    "transfer": {
        "fr": "Demander {count} transfert{s} au site {source} avant le {by}",
        "en": "Ask site {source} for {count} transfer{s} by {by}",
    },
    "count": {
        "fr": "Compter le stock réel de {count} article{s} au site {source} avant le {by}",
        "en": "Count the shelves of {count} item{s} at {source} by {by}",
    },
    "substitute": {
        "fr": "Proposer des articles de remplacement ({count})",
        "en": "Offer replacement items ({count})",
    },
    "none": {
        "fr": "Prévenir les clients : rien de connu n’évite plus ces ruptures ({count})",
        "en": "Tell the customers: nothing known avoids these stockouts any more ({count})",
    },
    "nothing_missed": {
        "fr": "Rien à faire aujourd’hui : ce qui est en route suffit, ou personne n’en manque "
        "({count})",
        "en": "Nothing to do today: what is on its way is enough, or no one misses it ({count})",
    },
}
ACCEPTED: Final[Mapping[str, str]] = {
    "fr": "Accepter le risque, l’éviter coûterait {cost} {currency} pour {saved} : {headline}",
    "en": "Accept the risk, avoiding it would cost {cost} {currency} to save {saved}: {headline}",
}
ARRIVES: Final[Mapping[str, Mapping[str, str]]] = {
    "earlier": {
        "fr": "{days} jour{s} plus tôt, le {day}",
        "en": "{days} day{s} earlier, on {day}",
    },
    "late": {"fr": "au plus tard le {day}", "en": "by {day} at the latest"},
}
LATE: Final[Mapping[str, str]] = {
    "fr": "{count} commande{s} en retard, la plus ancienne promise le {promised_on}",
    "en": "{count} order{s} overdue, the oldest promised for {promised_on}",
}
NOTHING_SINCE: Final[Mapping[str, str]] = {
    "fr": "; rien reçu de {source} depuis le {day}",
    "en": "; nothing received from {source} since {day}",
}
EMPTIES: Final[Mapping[str, str]] = {
    "fr": "; {site} en manque et vide {count} série{s} d’autres sites",
    "en": "; {site} is short of it and empties {count} series of other sites",
}
REPAIRS: Final[Mapping[str, str]] = {
    "fr": "; si trois lignes seulement peuvent venir : {lines} ({share} % de l’effet)",
    "en": "; if only three lines can come: {lines} ({share}% of the effect)",
}
MESSAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "expedite": {
        "fr": "Bonjour,\n\nNous avons besoin des lignes suivantes de {orders} :\n{lines}\n\n"
        "{first}Merci de nous confirmer la date de livraison avant le {by}.",
        "en": "Hello,\n\nWe need the following lines of {orders}:\n{lines}\n\n"
        "{first}Please confirm the delivery date by {by}.",
    },
    "order": {
        "fr": "Bonjour,\n\nVeuillez enregistrer la commande suivante :\n{lines}\n\n"
        "Merci de nous confirmer la date de livraison avant le {by}.",
        "en": "Hello,\n\nPlease book the following order:\n{lines}\n\n"
        "Please confirm the delivery date by {by}.",
    },
    "transfer": {
        "fr": "Bonjour,\n\nMerci d’expédier :\n{lines}\n\nDépart souhaité avant le {by}.",
        "en": "Hello,\n\nPlease ship:\n{lines}\n\nTo leave by {by}.",
    },
    "count": {
        "fr": "Bonjour,\n\nIl y a peut-être moins en stock que ce qui est enregistré. Merci de "
        "compter et de corriger avant le {by} :\n{lines}",
        "en": "Hello,\n\nThere may be less on the shelf than on record. Please count and correct "
        "by {by}:\n{lines}",
    },
}
TO_TELL: Final[Mapping[str, str]] = {
    "fr": "Bonjour,\n\nCes commandes de clients ne pourront pas être servies à temps, merci de "
    "les prévenir :\n{lines}",
    "en": "Hello,\n\nThese customers' orders will not be served on time, please tell them:\n"
    "{lines}",
}
PROMISES: Final[Mapping[str, str]] = {
    "fr": "- {customer}{order_id} · {sku} {description} : {units} unités{due}{back}",
    "en": "- {customer}{order_id} · {sku} {description}: {units} units{due}{back}",
}
DUE: Final[Mapping[str, str]] = {"fr": ", promises le {day}", "en": ", promised for {day}"}
BACK: Final[Mapping[str, str]] = {
    "fr": " ; de retour vers le {day}",
    "en": "; back around {day}",
}
FIRST: Final[Mapping[str, str]] = {
    "fr": "Si tout ne peut pas partir, commencez par {lines}.\n",
    "en": "If not everything can leave, please start with {lines}.\n",
}
LINES: Final[Mapping[str, Mapping[str, str]]] = {
    "expedite": {
        "fr": "- {order_id} · {sku} {description} : {units} unités, pour le {arrives}",
        "en": "- {order_id} · {sku} {description}: {units} units, by {arrives}",
    },
    "order": {
        "fr": "- {sku} {description} : {units} unités, pour {site}",
        "en": "- {sku} {description}: {units} units, for {site}",
    },
    "transfer": {
        "fr": "- {sku} {description} : {units} unités, vers {site}",
        "en": "- {sku} {description}: {units} units, to {site}",
    },
    "count": {
        "fr": "- {sku} {description} : {units} unités enregistrées",
        "en": "- {sku} {description}: {units} units on record",
    },
}
MORE: Final[Mapping[str, str]] = {
    "fr": "- … et {count} autres lignes",
    "en": "- … and {count} more lines",
}


@dataclass(frozen=True)
class Words:
    """Of one group; dates as in the sentences of causes and options."""

    base: WhatIf
    group: Group
    attention: Attention
    promises: Sequence[Promise] = ()  # customer orders that its stockouts hit, the first due first

    @cached_property
    def lines(self) -> list[Member]:
        """Members with an action of their own, what their action saves most first."""
        saved = self._saved
        return sorted(self.group.acting, key=lambda one: (-saved[one.row], one.row))

    @cached_property
    def _saved(self) -> dict[int, float]:
        """By acting row: for itself and those that draw from it."""
        found = dict.fromkeys((one.row for one in self.group.acting), 0.0)
        for one in self.group.members:
            found[one.acting] = found.get(one.acting, 0.0) + one.effect.saved.measure
        return found

    @cached_property
    def orders(self) -> list[str]:
        """Those that are asked for, what they save most first; one alone where it is nearly all."""
        by_order: dict[str, float] = {}
        for one in self.lines:
            if one.option and one.option.order_id:
                code = one.option.order_id
                by_order[code] = by_order.get(code, 0.0) + self._saved[one.row]
        ranked = sorted(by_order, key=lambda code: (-by_order[code], code))
        return ranked

    @cached_property
    def main_orders(self) -> list[str]:
        """The first order alone, where it is nearly all; else the first three."""
        share = sum(
            self._saved[one.row]
            for one in self.lines
            if one.option and self.orders and one.option.order_id == self.orders[0]
        )
        whole = sum(self._saved.values())
        return self.orders[:1] if share >= ONE_ORDER * whole else self.orders[:3]

    @property
    def first_lines(self) -> list[str]:
        """Items, where fewer lines than all repair most of it."""
        return list(self._items)[:FIRST_LINES] if len(self._items) > FIRST_LINES else []

    @cached_property
    def _items(self) -> dict[str, float]:
        """What each item's lines save, at whatever sites, the most first."""
        found: dict[str, float] = {}
        for one in self.lines:
            sku = self.base.code_of[one.row][1]
            found[sku] = found.get(sku, 0.0) + self._saved[one.row]
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    @property
    def _share_of_first(self) -> int:
        whole = sum(self._saved.values())
        first = sum(list(self._items.values())[:FIRST_LINES])
        return round(100 * first / whole) if whole > 0 else 0

    def headline(self, language: Language) -> str:
        group = self.group
        count = len(self.lines) or len(group.members)
        code = "nothing_missed" if group.code == "none" and not group.missed else group.code
        text = HEADLINES[code][language].format(
            source=group.source,
            by=self._by(language),
            count=count,
            s=plural(count),
            orders=", ".join(self.main_orders),
            arrives=self._arrives(language),
        )
        if group.code == "expedite" and self.first_lines:
            lines = ", ".join(self.first_lines)
            text += REPAIRS[language].format(lines=lines, share=self._share_of_first)
        if self.attention is Attention.ACCEPTED:
            text = ACCEPTED[language].format(
                cost=written(float(round(group.cost)), language),
                saved=written(float(round(group.saved.value)), language),
                currency=group.currency,
                headline=text[:1].lower() + text[1:],
            )
        return text

    def why(self, language: Language) -> str:
        """The orders that are late and how long nothing came, else the first cause of the worst
        series; and which other sites it empties."""
        text = self._late(language)
        worst = self.lines or sorted(self.group.members, key=lambda one: -one.effect.lost.measure)
        if not text and worst and worst[0].cause is not None:
            text = worst[0].cause.sentence(language)
        code_of = self.base.code_of
        emptied = Counter(code_of[one.acting][0] for one in self.group.members if not one.acts)
        for site, count in emptied.most_common(1):
            text += EMPTIES[language].format(site=site, count=count, s=plural(count))
        return text

    def _late(self, language: Language) -> str:
        """ "" where none of the group's orders is."""
        base, source = self.base, self.group.source
        today = base.panel.origin_date
        found = {
            line.order_id: line.promised_on
            for one in self.lines
            for line in base.lines_of(one.row)
            if line.source == source and line.promised_on and line.promised_on < today
        }
        if not found or self.group.code != "expedite":
            return ""
        text = LATE[language].format(
            count=len(found),
            s=plural(len(found)),
            promised_on=written(min(found.values()), language),
        )
        came = base.last_receipt.get(source)
        if len(found) > 1 and came is not None and (today - came).days >= QUIET_DAYS:
            text += NOTHING_SINCE[language].format(source=source, day=written(came, language))
        return text

    def message(self, language: Language) -> str:
        """ "" where there is nobody to write to."""
        group = self.group
        if self.attention in (Attention.UNAVOIDABLE, Attention.ACCEPTED):
            return self._to_tell(language)
        if group.code not in MESSAGES:
            return ""
        shown = [self._line(one, language) for one in self.lines[:MOST_LINES]]
        if len(self.lines) > MOST_LINES:
            shown.append(MORE[language].format(count=len(self.lines) - MOST_LINES))
        first = ""
        if self.first_lines:
            first = FIRST[language].format(lines=", ".join(self.first_lines))
        return MESSAGES[group.code][language].format(
            orders=", ".join(self.orders),
            lines="\n".join(shown),
            first=first,
            by=self._by(language),
        )

    def _to_tell(self, language: Language) -> str:
        """To those who speak to the customers."""
        if not self.promises:
            return ""
        shown = [self._promise(one, language) for one in self.promises[:MOST_LINES]]
        if len(self.promises) > MOST_LINES:
            shown.append(MORE[language].format(count=len(self.promises) - MOST_LINES))
        return TO_TELL[language].format(lines="\n".join(shown))

    def _promise(self, one: Promise, language: Language) -> str:
        return PROMISES[language].format(
            customer=f"{one.customer}, " if one.customer else "",
            order_id=one.order_id,
            sku=self.base.code_of[one.row][1],
            description=self.base.panel.series["description"].iat[one.row],
            units=written(one.units, language),
            due=DUE[language].format(day=written(one.due_on, language)) if one.due_on else "",
            back=BACK[language].format(day=written(one.back_on, language)) if one.back_on else "",
        )

    def _line(self, one: Member, language: Language) -> str:
        option = one.option
        assert option is not None
        site, sku = self.base.code_of[one.row]
        text = LINES[self.group.code][language].format(
            order_id=option.order_id,
            sku=sku,
            description=self.base.panel.series["description"].iat[one.row],
            units=written(option.units, language),
            site=site,
            arrives="" if option.arrives_on is None else written(option.arrives_on, language),
        )
        return text

    def _by(self, language: Language) -> str:
        day = self.group.by
        if day is None:
            return ""
        return f"{written(day, language)} {self.group.cutoff_time}".strip()

    def _arrives(self, language: Language) -> str:
        """When the first orders are needed, and how much earlier than promised, most often."""
        options = [
            one.option
            for one in self.lines
            if one.option and one.option.order_id in self.main_orders and one.option.arrives_on
        ]
        if not options:
            return ""
        due = [option for option in options if option.in_time] or options  # as the deadline
        day = min(option.arrives_on or dt.date.max for option in due)
        days = int(np.median([option.earlier_days for option in options]))
        kind = "earlier" if min(option.earlier_days for option in options) > 0 else "late"
        return ARRIVES[kind][language].format(day=written(day, language), days=days, s=plural(days))
