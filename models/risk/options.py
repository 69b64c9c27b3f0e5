"""What can still be done about a warning, and until when: order in time, else expedite, else order
what is missing now."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from forecasting.calendar import Days
from models.risk.causes import Language, written
from models.terms import Terms

TOO_LATE: Final = "too_late"
LOOK_AHEAD_DAYS: Final = 60  # for the next order day: longer than any summer closure

SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "order": {
        "fr": "commander {units} unités{source} avant le {by}",
        "en": "order {units} units{source} by {by}",
    },
    "transfer": {
        "fr": "demander {units} unités au site {code} avant le {by}",
        "en": "ask site {code} for {units} units by {by}",
    },
    "expedite": {
        "fr": "relancer la commande {order_id} ({units} unités) au plus tard le {by}",
        "en": "expedite order {order_id} ({units} units) by {by}",
    },
}
SOURCE: Final[Mapping[str, str]] = {"fr": " chez {}", "en": " from {}"}


@dataclass(frozen=True)
class Action:
    """`by`: the last day, with the cut-off time where the supplier has one."""

    code: str  # order, transfer, expedite
    units: float
    by: dt.date
    cutoff_time: str = ""
    source: str = ""
    order_id: str = ""

    @property
    def deadline(self) -> str:
        """ISO date, or date and time local to the site."""
        return f"{self.by.isoformat()} {self.cutoff_time}".strip()

    def sentence(self, language: Language) -> str:
        return SENTENCES[self.code][language].format(
            units=written(self.units, language),
            source=SOURCE[language].format(self.source) if self.source else "",
            code=self.source,
            order_id=self.order_id,
            by=f"{written(self.by, language)} {self.cutoff_time}".strip(),
        )


@dataclass(frozen=True)
class Need:
    """One series at risk."""

    row: int
    today: dt.date  # the first day after the origin
    stockout_on: dt.date  # median
    lead_days: float  # median; NaN: nobody knows who delivers, or how much is there
    units: float  # to order
    by_site: bool  # the source is a site
    lines: Sequence[tuple[str, float, dt.date | None]]  # order, units open, promised on


def act_by(need: Need, terms: Terms) -> tuple[str, list[Action]]:
    """The deadline of an order that still arrives in time for the median stockout, and the actions.

    The deadline is the last order day of the source from which half of the orders arrive before
    the stockout; `too_late` where it has passed: then what is on order is to be expedited, and what
    is missing ordered at the next order day. Where nothing is missing but an order may come late,
    the deadline is that of expediting it. "" where nothing can be proposed.
    """
    if np.isnan(need.lead_days):
        return "", []
    source = str(terms.source[need.row])
    cutoff = str(terms.cutoff_time[need.row])
    code = "transfer" if need.by_site else "order"
    last = need.stockout_on - dt.timedelta(days=int(np.ceil(need.lead_days)))
    in_time = _order_days(terms, need.row, need.today, (last - need.today).days + 1)
    if need.units > 0 and len(in_time):
        order = Action(code, need.units, in_time[-1].astype(object), cutoff, source)
        return order.deadline, [order]
    actions = _expedite(need, cutoff, source)
    if need.units <= 0:
        return (actions[0].deadline, actions) if actions else ("", [])
    following = _order_days(terms, need.row, need.today, LOOK_AHEAD_DAYS)
    if len(following):
        actions.append(Action(code, need.units, following[0].astype(object), cutoff, source))
    return TOO_LATE, actions


def actions_json(actions: Sequence[Action]) -> str:
    """Compact JSON for one cell."""
    rows = [
        {"code": one.code}
        | ({"order_id": one.order_id} if one.order_id else {})
        | ({"source": one.source} if one.source else {})
        | {"units": round(one.units, 2), "by": one.deadline}
        for one in actions
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _order_days(terms: Terms, row: int, first: dt.date, count: int) -> Days:
    days = np.datetime64(first, "D") + np.arange(max(count, 0))
    return days[terms.order_on(row, days)]


def _expedite(need: Need, cutoff: str, source: str) -> list[Action]:
    """Call about the line promised first, today."""
    if not need.lines:
        return []
    far = dt.date.max
    order_id, units, _ = min(need.lines, key=lambda line: (line[2] or far, line[0]))
    return [Action("expedite", units, need.today, cutoff, source, order_id)]
