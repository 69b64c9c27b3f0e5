"""What can still be done about a series that may run out, until when, at what cost, to what effect.

Every option is a change of the series' inputs (a `Variant`). Its effect is what it spares of what
would be short otherwise: with the orders of a policy, where one is known, else with none. So that
reruns differ by the option alone, both go along the same paths with the weights of the publication.
`residual_probability` is that of a publication made with the option in the book, the usual orders
included.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Days, Frequency, to_period
from models.lead_time import LONGEST_DAYS, Rows
from models.lots import lots_in
from models.quantities import Language, quantity, written
from models.risk.way_out.variants import NewLine, Variant
from models.risk.way_out.whatif import WhatIf
from models.terms import NEVER

TOO_LATE: Final = "too_late"
LOOK_AHEAD_DAYS: Final = 60  # for the next order day: longer than any summer closure
MOST_ORDER_DAYS: Final = 5
"""Order days looked at: waiting longer than that is looked at again tomorrow."""
NOTICE_DAYS: Final = 2
"""From a call to the earliest arrival of what it moves: loading and a night's drive. An assumption,
stated in the documents."""
FASTEST: Final = 0.1
"""An order cannot be made faster than the fastest tenth of that source's past orders."""
TRANSFER_DAYS: Final = 3
"""From a site that never shipped to another: picked, driven, shelved. An assumption, likewise."""
WORTH_A_DRIVE: Final = 0.25  # of what is short, below which no other site is asked
MOST_LINES: Final = 3  # open lines of a series that a call may move
MOST_GIVERS: Final = 2  # other sites asked
NOTHING_TO_GIVE: Final = 0.5
"""Chance that the site that ships has nothing left on the eve of a day, from which it is not asked
to ship on that day."""

SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "order": {
        "fr": "commander {quantity}{at} au plus tard le {by}",
        "en": "order {quantity}{at} by {by}",
    },
    "transfer": {
        "fr": "demander {quantity} au site {source} au plus tard le {by}",
        "en": "ask site {source} for {quantity} by {by}",
    },
    "expedite": {
        "fr": "appeler {source} au plus tard le {by} : la commande {order_id} ({quantity}) "
        "est nécessaire pour le {arrives}",
        "en": "call {source} by {by}: order {order_id} ({quantity}) is needed by {arrives}",
    },
    "count": {
        "fr": "compter le stock réel au plus tard le {by} ({quantity} au stock enregistré)",
        "en": "count the shelf by {by} ({quantity} on record)",
    },
    "substitute": {
        "fr": "proposer {item} à la place ({quantity} en stock)",
        "en": "offer {item} instead ({quantity} on hand)",
    },
    "accept": {"fr": "accepter le risque", "en": "accept the risk"},
}
AT: Final[Mapping[str, str]] = {"fr": " chez {}", "en": " from {}"}
AT_SITE: Final[Mapping[str, str]] = {"fr": "pour {site}, {action}", "en": "for {site}, {action}"}
SUPPLIER: Final[Mapping[str, str]] = {"fr": "le fournisseur", "en": "the supplier"}


@dataclass(frozen=True)
class Option:
    """One thing that can be done, and what is known of its effect. Currency is the item's."""

    code: str  # order, transfer, expedite, count, substitute, accept
    units: float = 0.0
    by: dt.date | None = None  # the last day, with the cut-off time where the source has one
    cutoff_time: str = ""
    source: str = ""  # supplier or site; of a count, the site itself
    order_id: str = ""
    item: str = ""  # another sku
    arrives_on: dt.date | None = None  # asked for, or expected (median)
    earlier_days: int = 0
    units_saved: float = 0.0  # within the main horizon, against doing nothing
    loss_avoided: float = np.nan  # currency
    cost: float = np.nan  # currency; NaN: not costed
    fixed_cost: float = 0.0  # of it, what an order, a call or a transfer costs once for all lines
    residual_probability: float = np.nan
    regret: float = np.nan  # loss avoided, less what a day later would avoid (the next order day)
    in_time: bool = False  # it spares at least half of what would be lost
    at_site: str = ""  # where it is done, if not at the series' own: at the site that ships to it

    @property
    def deadline(self) -> str:
        """ISO date, or date and time local to the site; "" where there is none."""
        return f"{self.by.isoformat()} {self.cutoff_time}".strip() if self.by else ""

    @property
    def pays(self) -> bool:
        """Whether it is known to save more than it costs, or not known to cost more."""
        return not self.cost >= self.loss_avoided

    @property
    def key(self) -> tuple[str, str, str]:
        """Whom it asks for what."""
        return self.code, self.source, self.order_id

    def sentence(self, language: Language, uom: str = "") -> str:
        """`uom`: the unit of measure of the item that it moves."""
        by = "" if self.by is None else written(self.by, language)
        named = self.source or SUPPLIER[language]
        text = SENTENCES[self.code][language].format(
            quantity=quantity(self.units, uom, language),
            at=AT[language].format(self.source) if self.source else "",
            source=named,
            order_id=self.order_id,
            item=self.item,
            arrives="" if self.arrives_on is None else written(self.arrives_on, language),
            by=f"{by} {self.cutoff_time}".strip(),
        )
        if not self.at_site:
            return text
        return AT_SITE[language].format(site=self.at_site, action=text)


@dataclass(frozen=True)
class Draft:
    """An option whose effect is not known yet: the change it makes, now and if a day is lost.

    `ways`: for an order, one for each order day (`days`); else one. `later`: the change a day
    later, where that is not the next way. `until`: inside a week or a month, of which the
    projection knows no days, an order is to come before the stockout. `giver`: what the site that
    ships it is left with.
    """

    option: Option
    ways: tuple[Variant, ...]
    days: tuple[dt.date, ...] = ()
    until: dt.date = dt.date.max  # last order day, whatever the reruns say
    later: Variant | None = None
    giver: Variant | None = None
    free_units: float = 0.0  # that the giver, or a substitute, can do without


@dataclass(frozen=True)
class Need:
    """One series at risk whose stock is known."""

    row: int
    today: dt.date  # the first day after the origin
    stockout_on: dt.date  # median
    lead_days: float  # median; NaN: nobody knows who delivers
    units: float  # that should be on order besides; 0: none
    by_site: bool  # the source is a site
    short: float  # units expected to be short within the main horizon if nothing is done
    orders_itself: bool = False  # a policy orders by what the record says
    givers: Sequence[tuple[int, float]] = ()  # rows of the same item with units to spare
    substitutes: Sequence[tuple[str, float]] = ()  # other items here, with units to spare


def drafts(need: Need, base: WhatIf) -> list[Draft]:
    """Everything that can be done but to accept."""
    found = [*_orders(need, base), *_calls(need, base), *_transfers(need, base)]
    found += _counts(need, base)
    for sku, units in need.substitutes:
        option = Option("substitute", units, item=sku)
        found.append(Draft(option, (), free_units=units))
    return found


def _orders(need: Need, base: WhatIf) -> list[Draft]:
    terms, row = base.structure.supply.terms, need.row
    if np.isnan(need.lead_days) or need.units <= 0:
        return []
    span = max(base.main * round(base.panel.frequency.days), 1)
    days = terms.order_days_from(row, need.today, span)[: MOST_ORDER_DAYS + 1]
    if not len(days):
        days = terms.order_days_from(row, need.today, LOOK_AHEAD_DAYS)[:1]
    units = need.units
    if need.by_site:
        days = days[can_give(base, row, days)]
        units = _given(base, need, days)
    if not len(days) or units <= 0:
        return []
    source = str(terms.source[row])
    master = terms.master_days[row]
    stated = terms.group[row] == 0 and np.isfinite(master)
    wait = np.timedelta64(round(min(master, LONGEST_DAYS)), "D") if stated else None
    ways = [
        Variant(
            row,
            extra=(
                NewLine(
                    units,
                    day,
                    NEVER if wait is None else day + wait,
                    supplier="" if need.by_site else source,
                    source_site=source if need.by_site else "",
                ),
            ),
        )
        for day in days
    ]
    option = Option(
        "transfer" if need.by_site else "order",
        units,
        cutoff_time=str(terms.cutoff_time[row]),
        source=source,
    )
    until = dt.date.max
    if base.panel.frequency is not Frequency.DAY:
        until = need.stockout_on - dt.timedelta(days=int(np.ceil(need.lead_days)))
    return [Draft(option, tuple(ways), tuple(day.astype(object) for day in days), until)]


def can_give(base: WhatIf, row: int, days: Days) -> NDArray[np.bool_]:
    """[d] whether the site that ships to a series is expected to have anything left when each day
    (period) begins; where no site ships, or its stock is unknown, it is."""
    giver = int(base.structure.supply.sources.of_series[row])
    if giver < 0:
        return np.ones(len(days), dtype=bool)
    out = np.append(float(base.sellable[giver] <= 0), base.outlook.means["out"][giver])
    return np.asarray(~(out[_eves(base, days, len(out))] >= NOTHING_TO_GIVE))


def _eves(base: WhatIf, days: Days, known: int) -> Rows:
    """[d] the close before each day (period): 0 is that of the origin, at most the last `known`."""
    asked = to_period(days, base.panel.frequency) - base.panel.origin - 1
    return np.minimum(asked, known - 1)


def _given(base: WhatIf, need: Need, days: Days) -> float:
    """Units to ask of the site that ships to a series: no more than it is expected to have on the
    first of the days, in whole packs; what it has is unknown: all that is wanted; 0: nothing."""
    supply = base.structure.supply
    giver = int(supply.sources.of_series[need.row])
    if giver < 0 or not len(days):
        return need.units
    at_close = base.outlook.means["on_hand"][giver] - supply.blocked[giver]
    has = np.append(base.sellable[giver], at_close)
    most = has[_eves(base, days[:1], len(has))][0]
    if not most < need.units:
        return need.units
    pack = supply.policies.pack[need.row] or 1.0
    units = float(lots_in(most, pack))
    return units if units >= max(supply.policies.least_order[need.row], pack) else 0.0


def _calls(need: Need, base: WhatIf) -> list[Draft]:
    """To bring what is on order by the eve of the stockout, or as soon as can be, on a day on which
    goods come in."""
    terms = base.structure.supply.terms
    sku = base.code_of[need.row][1]
    found = []
    for line in base.lines_of(need.row)[:MOST_LINES]:
        days = base.days_to_ask(need.row, line.source)
        first = days.first(need.today)
        soonest = first + dt.timedelta(days=NOTICE_DAYS)
        group = base.lead_times.group_of([line.source], [sku])[0]
        fastest = int((base.lead_times.total[group] > 1.0 - FASTEST).sum())
        possible = max(soonest, line.ordered_on + dt.timedelta(days=fastest))
        receiving = base.days_to_receive(need.row, line.source)
        wanted = receiving.last(need.stockout_on - dt.timedelta(days=1))
        if wanted < possible:
            wanted = receiving.first(possible)
        promised = line.promised_on
        if promised is None or need.today <= promised <= wanted:
            continue
        option = Option(
            "expedite",
            line.units,
            by=max(days.last(wanted - dt.timedelta(days=NOTICE_DAYS)), first),
            cutoff_time=str(terms.cutoff_time[need.row]),
            source=line.source,
            order_id=line.order_id,
            arrives_on=wanted,
            earlier_days=max((promised - wanted).days, 0),
        )
        on, then = (np.datetime64(wanted) + np.timedelta64(k, "D") for k in (0, 1))
        now, later = (Variant(need.row, promised=((line.place, day),)) for day in (on, then))
        found.append(Draft(option, (now,), later=later))
    return found


def _counts(need: Need, base: WhatIf) -> list[Draft]:
    """To look what is on the shelf. It brings nothing itself: a policy orders sooner once the
    record is right, in the period after the count; without a policy nobody does."""
    on_record = float(base.structure.supply.on_hand[need.row])
    if not need.orders_itself or on_record <= 0:
        return []
    site = base.code_of[need.row][0]
    by = base.days_to_ask(need.row, site).first(need.today)
    after = np.datetime64(by, "D") + np.arange(1, 3)
    known = to_period(after, base.panel.frequency) - base.panel.origin - 1
    now, later = (Variant(need.row, counted=period) for period in known.tolist())
    option = Option("count", on_record, by=by, source=site)
    return [Draft(option, (now,), later=later)]


def _transfers(need: Need, base: WhatIf) -> list[Draft]:
    sku = base.code_of[need.row][1]
    found = []
    for giver, spare in need.givers[:MOST_GIVERS]:
        units = float(np.floor(min(spare, np.ceil(need.short))))
        if units < max(1.0, WORTH_A_DRIVE * need.short):
            continue
        site = base.code_of[giver][0]
        group = base.lead_times.group_of([site], [sku])[0]
        days = int((base.lead_times.total[group] > 0.5).sum()) if group else TRANSFER_DAYS
        open_days, receiving = (
            base.days_to_ask(need.row, site),
            base.days_to_receive(need.row, site),
        )
        latest = open_days.last(receiving.last(need.stockout_on) - dt.timedelta(days=days))
        leaves = max(latest, open_days.first(need.today))
        arrives = receiving.first(leaves + dt.timedelta(days=days))
        now, later = (
            Variant(
                need.row,
                extra=(
                    NewLine(
                        units,
                        np.datetime64(leaves) + np.timedelta64(wait, "D"),
                        np.datetime64(arrives) + np.timedelta64(wait, "D"),
                        source_site=site,
                    ),
                ),
            )
            for wait in (0, 1)
        )
        option = Option("transfer", units, by=leaves, source=site, arrives_on=arrives)
        left = Variant(giver, stock=-units)
        found.append(Draft(option, (now,), later=later, giver=left, free_units=spare))
    return found


def together(one: Variant, other: Variant) -> Variant:
    """Both changes to one series."""
    return replace(
        one,
        promised=one.promised + other.promised,
        extra=one.extra + other.extra,
        counted=other.counted if one.counted is None else one.counted,
    )


def actions_json(actions: Sequence[Option]) -> str:
    """Compact JSON for one cell."""
    rows = [_plain(one) for one in actions]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _plain(one: Option) -> dict[str, Any]:
    """What is known of it; nothing where nothing is."""
    told: dict[str, Any] = {"code": one.code}
    for name in ("order_id", "source", "item", "at_site"):
        if getattr(one, name):
            told[name] = getattr(one, name)
    told["units"] = round(one.units, 2)
    if one.by:
        told["by"] = one.deadline
    if one.arrives_on:
        told["arrives_on"] = one.arrives_on.isoformat()
    for name in ("units_saved", "loss_avoided", "cost", "residual_probability"):
        value = getattr(one, name)
        if np.isfinite(value):
            told[name] = round(value, 4 if name == "residual_probability" else 2)
    return told
