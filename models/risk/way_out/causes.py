"""Why a series runs out: causes as codes with facts, their shares, and sentences in both languages.

A cause's share comes from replacing one input at a time by what was planned or usual
(models.risk.way_out.counterfactuals): what is short less, of what is short.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from models.quantities import Language, plural, quantity, written

SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "stale_data": {
        "fr": "stock connu au {stock_on} seulement",
        "en": "stock known only as of {stock_on}",
    },
    "blocked_stock": {
        "fr": "{quantity} en stock, mais vente bloquée",
        "en": "{quantity} on hand but blocked",
    },
    "late_order": {
        "fr": "commande {order_id} en retard de {days} jour{s}",
        "en": "order {order_id} is {days} day{s} late",
    },
    "order_due": {
        "fr": "commande {order_id} attendue le {promised_on}, pas encore reçue",
        "en": "order {order_id} was due on {promised_on} and is not in yet",
    },
    "order_after_stockout": {
        "fr": "commande {order_id} promise le {promised_on}, après la rupture",
        "en": "order {order_id} is promised for {promised_on}, after the stockout",
    },
    "order_uncertain": {
        "fr": "la commande {order_id} peut arriver après la rupture",
        "en": "order {order_id} may come after the stockout",
    },
    "short_order": {
        "fr": "commande {order_id} livrée incomplète : {came} sur {ordered}",
        "en": "order {order_id} came short: {came} of {ordered}",
    },
    "order_too_small": {
        "fr": "{quantity} en commande, demande prévue {demand}",
        "en": "{quantity} on order, expected demand {demand}",
    },
    "demand_above_plan": {
        "fr": "demande prévue {percent} % au-dessus de l’habitude",
        "en": "expected demand {percent}% above usual",
    },
    "customer_order": {
        "fr": "{customer} attend {quantity} le {due_on} (commande {order_id})",
        "en": "{customer} expects {quantity} on {due_on} (order {order_id})",
    },
    "customer_order_due": {
        "fr": "{customer} attend déjà {quantity} (commande {order_id})",
        "en": "{customer} is waiting for {quantity} (order {order_id})",
    },
    "reserved_stock": {
        "fr": "{quantity} en réserve pour des clients",
        "en": "{quantity} reserved for customers",
    },
    "below_reorder_point": {
        "fr": "position {position} sous le point de commande {reorder_point}, rien en commande",
        "en": "stock below reorder point ({position} against {reorder_point}), nothing on order",
    },
    "reorder_point_low": {
        "fr": "point de commande {reorder_point} trop bas pour une demande de {demand} "
        "pendant le délai",
        "en": "reorder point {reorder_point} is low for a demand of {demand} over the lead time",
    },
    "above_reorder_point": {
        "fr": "position {position} encore au-dessus du point de commande {reorder_point}, "
        "rien en commande",
        "en": "stock still above reorder point ({position} against {reorder_point}), nothing on "
        "order",
    },
    "deliveries_below_demand": {
        "fr": "les livraisons habituelles ne couvrent pas la demande",
        "en": "the usual deliveries do not cover the demand",
    },
    "no_order": {"fr": "aucune commande passée", "en": "no order placed"},
    "source_short": {
        "fr": "{site}, qui livre ce site, manque de stock",
        "en": "{site}, which ships to this site, is short itself",
    },
    "lead_time_longer": {
        "fr": "{source} livre en {days} jours, la fiche dit {stated}",
        "en": "{source} takes {days} days, the master says {stated}",
    },
    "phantom_stock": {
        "fr": "le stock réel peut être inférieur au stock enregistré",
        "en": "the shelf may hold less than the record says",
    },
    "expiry": {
        "fr": "{quantity} dont la péremption précède la vente",
        "en": "{quantity} will expire before being sold",
    },
    "usual_swings": {
        "fr": "aléas habituels de la demande et des livraisons",
        "en": "the usual swings of demand and deliveries",
    },
    "stockout_record": {
        "fr": "en rupture {out} périodes sur {known}",
        "en": "out of stock in {out} of {known} periods",
    },
    "no_stock_data": {
        "fr": "stock inconnu : aucune ligne de stock reçue",
        "en": "stock unknown: no stock row received",
    },
}

OUT_ALREADY: Final[Mapping[str, Mapping[str, str]]] = {
    "order_after_stockout": {
        "fr": "commande {order_id} promise le {promised_on} seulement",
        "en": "order {order_id} is promised for {promised_on} only",
    },
    "order_uncertain": {
        "fr": "commande {order_id} pas encore reçue",
        "en": "order {order_id} is not in yet",
    },
}
"""What is said instead where nothing is left."""

A_CUSTOMER: Final[Mapping[str, str]] = {"fr": "un client", "en": "a customer"}
"""Of whom the name is not known."""

COUNT_FIRST: Final[Mapping[str, str]] = {
    "fr": "{cause} : compter d’abord le stock réel",
    "en": "{cause}: count the shelf first",
}
"""Of a record in doubt, whatever else is to be done."""
COUNT_FROM: Final = 0.25
"""Share of what will be short that a wrong record explains, from which a count is asked for."""

DEMAND_ABOVE: Final = 1.3
"""Expected over usual demand from which demand itself is named: below, it is within the noise."""


Line = tuple[str, float, dt.date | None]  # order, units open, promised on


@dataclass(frozen=True)
class Cause:
    """`share` of the warning's probability that it explains, 0..1; a first cause alone takes 1."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0
    is_out: bool = False  # said of a series that has nothing left

    def sentence(self, language: Language, uom: str = "") -> str:
        """`uom`: the item's unit of measure.

        >>> Cause("late_order", {"order_id": "PO-1182", "days": 5}).sentence("fr")
        'commande PO-1182 en retard de 5 jours'
        >>> facts = {"order_id": "C-7", "customer": "", "units": 3.0}
        >>> Cause("customer_order_due", facts).sentence("fr")
        'un client attend déjà 3 unités (commande C-7)'
        """
        shown = {name: written(value, language) for name, value in self.facts.items()}
        shown["customer"] = shown.get("customer") or A_CUSTOMER[language]
        words = OUT_ALREADY.get(self.code) if self.is_out else None
        text = (words or SENTENCES[self.code])[language]
        units = quantity(self.facts.get("units", 0), uom, language)
        return text.format(**shown, s=plural(self.facts.get("days")), quantity=units)

    def asking_for_a_count(self, language: Language, uom: str = "") -> str:
        """Its sentence; where it is the record that is in doubt, with what settles it.

        >>> Cause("phantom_stock").asking_for_a_count("en")
        'the shelf may hold less than the record says: count the shelf first'
        >>> Cause("phantom_stock", share=0.1).asking_for_a_count("en")
        'the shelf may hold less than the record says'
        """
        text = self.sentence(language, uom)
        is_doubt = self.code == "phantom_stock" and self.share >= COUNT_FROM
        return COUNT_FIRST[language].format(cause=text) if is_doubt else text


@dataclass(frozen=True)
class Situation:
    """What is known of one series at the origin. Units unless the name says otherwise."""

    today: dt.date  # the origin
    stockout_on: dt.date | None  # median
    on_hand: float  # NaN unknown
    sellable: float
    stock_on: dt.date | None
    stale: bool
    lines: Sequence[Line]
    reorder_point: float  # NaN: no policy
    lead_demand: float  # mean demand over the lead time
    demand: float  # mean over the main horizon, and what customers have booked of it at least
    forecast: float  # the same without what is booked
    usual_demand: float  # the same length at the usual rate; NaN unknown
    by_habit: bool
    closes_out: int
    closes_known: int

    @property
    def is_out(self) -> bool:
        return self.sellable <= 0


def first_cause(now: Situation) -> Cause:
    """The first of a fixed list that holds: what is wrong with the data, then with the orders, then
    with the demand, then with the policy."""
    if np.isnan(now.sellable):
        if now.closes_known:
            return Cause("stockout_record", {"out": now.closes_out, "known": now.closes_known})
        return Cause("no_stock_data")
    if now.stale:
        return Cause("stale_data", {"stock_on": now.stock_on})
    if now.sellable <= 0 < now.on_hand:
        return Cause("blocked_stock", {"units": now.on_hand - now.sellable})
    if any(is_late(line[2], now.today) for line in now.lines):
        return late_cause(now)
    if now.forecast > DEMAND_ABOVE * now.usual_demand > 0:
        return demand_cause(now)
    far = dt.date.max
    if now.lines and now.sellable + sum(line[1] for line in now.lines) >= now.demand:
        order_id, _, promised_on = min(now.lines, key=lambda line: (line[2] or far, line[0]))
        if promised_on and now.stockout_on and promised_on > now.stockout_on:
            facts = {"order_id": order_id, "promised_on": promised_on}
            return Cause("order_after_stockout", facts, is_out=now.is_out)
        return Cause("order_uncertain", {"order_id": order_id}, is_out=now.is_out)
    return not_ordered_cause(now)


def is_late(promised_on: dt.date | None, today: dt.date) -> bool:
    """Promised up to today, and not in."""
    return promised_on is not None and promised_on <= today


def late_cause(now: Situation) -> Cause:
    """The order that should have come first speaks for all that are late."""
    promised = [(day, code) for code, _, day in now.lines if day is not None and day <= now.today]
    promised_on, order_id = min(promised)
    if promised_on == now.today:
        return Cause("order_due", {"order_id": order_id, "promised_on": promised_on})
    return Cause("late_order", {"order_id": order_id, "days": (now.today - promised_on).days})


def demand_cause(now: Situation) -> Cause:
    percent = round(100 * (now.forecast / now.usual_demand - 1))
    return Cause("demand_above_plan", {"percent": percent})


def not_ordered_cause(now: Situation) -> Cause:
    """Why nothing more is on order."""
    if now.lines:
        units = sum(line[1] for line in now.lines)
        return Cause("order_too_small", {"units": units, "demand": now.demand})
    if np.isfinite(now.reorder_point):
        position = {"position": now.on_hand, "reorder_point": now.reorder_point}
        if now.on_hand <= now.reorder_point:
            return Cause("below_reorder_point", position)
        if now.lead_demand <= now.reorder_point:
            return Cause("above_reorder_point", position)
        facts = {"reorder_point": now.reorder_point, "demand": now.lead_demand}
        return Cause("reorder_point_low", facts)
    return Cause("deliveries_below_demand" if now.by_habit else "no_order")


LEAST_SHARE: Final = 0.05
"""Of a cause that is named; smaller ones are among the usual swings."""


def shared(short: float, spared: Sequence[tuple[Cause, float]]) -> list[Cause]:
    """The causes with shares that add to one, the largest first.

    `short`: units short; `spared`: what each cause's absence would spare of them, one at a time.
    Where together they would spare more, they share in proportion; what they leave is usual swings.

    >>> late, phantom = Cause("late_order"), Cause("phantom_stock")
    >>> [(one.code, one.share) for one in shared(10.0, [(late, 6.0), (phantom, 0.1)])]
    [('late_order', 0.6), ('usual_swings', 0.4)]
    >>> [(one.code, one.share) for one in shared(10.0, [(late, 9.0), (phantom, 9.0)])]
    [('late_order', 0.5), ('phantom_stock', 0.5)]
    """
    whole = max(short, sum(units for _, units in spared))
    if whole <= 0:
        return []
    named = [(one, units / whole) for one, units in spared if units / whole >= LEAST_SHARE]
    named.sort(key=lambda pair: -pair[1])
    parts = [round(share, 2) for _, share in named]
    rest = round(1.0 - sum(parts), 2)
    if rest >= LEAST_SHARE or not named:
        named.append((Cause("usual_swings"), rest))
        parts.append(rest)
    else:
        parts[0] = round(parts[0] + rest, 2)
    return [replace(one, share=part) for (one, _), part in zip(named, parts, strict=True)]


def causes_json(causes: Sequence[Cause]) -> str:
    """Compact JSON for one cell: a list of code, share and facts."""
    rows = [
        {
            "code": one.code,
            "share": one.share,
            "facts": {k: _plain(v) for k, v in one.facts.items()},
        }
        for one in causes
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return round(float(value), 2) if isinstance(value, float) else value
