"""A group of warnings in words: its headline, and a message ready to send."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from models.attention import Attention
from models.quantities import Language, plural, quantity, written
from models.risk.way_out.customers import Promise
from models.risk.way_out.group_phrases import (
    ACCEPTED,
    ACCEPTED_TRIFLE,
    ALSO,
    ARRIVES,
    ASK_WHEN,
    BACK,
    DUE,
    EMPTIES,
    FIRST,
    HEADLINES,
    HELLO,
    LATE,
    LINES,
    MAY_BE_LATE,
    MESSAGES,
    MORE,
    NO_OTHER,
    ONE_LINE,
    OTHER_ITEM,
    OTHER_SOURCE,
    OVERDUE,
    OVERDUE_LINE,
    PROMISES,
    REPAIRS,
    RISK,
    SEVERAL_LATE,
    SILENT,
    TO_TELL,
)
from models.risk.way_out.groups import Group, Member
from models.risk.way_out.silence import Silence
from models.risk.way_out.whatif import WhatIf

FIRST_LINES: Final = 3  # "if only three lines come, these"
ONE_ORDER: Final = 0.8
"""Of what a call to a supplier saves, from which one order is named alone."""
MOST_LINES: Final = 30  # of a message: a longer one is an attachment


@dataclass(frozen=True)
class Words:
    """Of one group; dates as in the sentences of causes and options."""

    base: WhatIf
    group: Group
    attention: Attention
    promises: Sequence[Promise] = ()  # customer orders that its stockouts hit, the first due first
    also: Sequence[str] = ()  # other buyers who need lines of the same orders

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
        """Those that are asked for, what they save most first."""
        by_order: dict[str, float] = {}
        for one in self.lines:
            if one.option and one.option.order_id:
                code = one.option.order_id
                by_order[code] = by_order.get(code, 0.0) + self._saved[one.row]
        return sorted(by_order, key=lambda code: (-by_order[code], code))

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
        """Percent, below 100: the other lines are there because they save something too."""
        whole = sum(self._saved.values())
        first = sum(list(self._items.values())[:FIRST_LINES])
        return min(round(100 * first / whole), 99) if whole > 0 else 0

    @property
    def uom(self) -> str:
        """Unit of measure that all its items share; blank where they share none."""
        shared = {self._uom(one.row) for one in self.group.members}
        return shared.pop() if len(shared) == 1 else ""

    def headline(self, language: Language) -> str:
        group = self.group
        if self.attention is Attention.WATCH:
            return HEADLINES["watch"][language].format(count=len(group.members))
        text = self._asked(language)
        if self.attention is not Attention.ACCEPTED:
            return text
        told = ACCEPTED_TRIFLE if group.is_trifle else ACCEPTED
        return told[language].format(
            cost=_rounded(group.cost, language),
            saved=_rounded(group.saved.value, language),
            currency=group.currency,
            headline=text[:1].lower() + text[1:],
        )

    def _asked(self, language: Language) -> str:
        """Who is asked for what, and until when."""
        group, silent = self.group, self._silence
        facts = {"source": group.source, "by": self._by(language)}
        if silent is not None:
            text = ASK_WHEN[language].format(
                **facts,
                day=written(silent.since, language),
                count=silent.overdue,
                s=plural(silent.overdue),
                orders=", ".join(self.main_orders),
            )
        elif len(self.lines) == 1 and group.code in ONE_LINE:
            text = ONE_LINE[group.code][language].format(**facts, **self._only_line(language))
        else:
            count = len(self.lines) or len(group.members)
            text = HEADLINES[group.code][language].format(
                **facts,
                count=count,
                s=plural(count),
                orders=", ".join(self.main_orders),
                arrives=self._arrives(language),
            )
        if group.code == "expedite" and self.first_lines:
            lines = ", ".join(self.first_lines)
            text += REPAIRS[language].format(lines=lines, share=self._share_of_first)
        return text

    def _only_line(self, language: Language) -> dict[str, str]:
        row, option = self.lines[0].row, self.lines[0].option
        assert option is not None
        return {
            "sku": self.base.code_of[row][1],
            "quantity": quantity(option.units, self._uom(row), language),
        }

    def why(self, language: Language) -> str:
        """The orders that are late, else the first cause of the worst series; and which other sites
        it empties."""
        text = self._late(language)
        worst = self.lines or sorted(self.group.members, key=lambda one: -one.effect.lost.measure)
        if not text and worst and worst[0].cause is not None:
            cause, uom = worst[0].cause, self._uom(worst[0].row)
            settled = self.group.code == "count" or self.attention is Attention.ACCEPTED
            told = cause.sentence if settled else cause.asking_for_a_count
            text = told(language, uom)
        code_of = self.base.code_of
        emptied = Counter(code_of[one.acting][0] for one in self.group.members if not one.acts)
        for site, count in emptied.most_common(1):
            text += EMPTIES[language].format(site=site, count=count, s=plural(count))
        if self.also:
            text += ALSO[language].format(buyers=", ".join(self.also))
        return text + self._other_ways(language)

    @property
    def _silence(self) -> Silence | None:
        """Of the supplier that is to be called, where nothing has come from it for long."""
        called = self.group.code == "expedite"
        return self.base.silences.get(self.group.source) if called else None

    def _other_ways(self, language: Language) -> str:
        """Who else, and what else, could serve where a supplier is silent."""
        if self._silence is None:
            return ""
        found = self.base.other_suppliers
        others = Counter(one for sku in self._items for one in found.get(sku, set()))
        others.pop(self.group.source, None)
        text = ""
        for source, count in others.most_common(1):
            text += OTHER_SOURCE[language].format(source=source, count=count)
        items = sorted({other for sku in self._items for other in self.base.declared.get(sku, [])})
        if items:
            shown = ", ".join(items[:FIRST_LINES])
            text += OTHER_ITEM[language].format(items=shown, s=plural(len(items)))
        return text or NO_OTHER[language]

    @cached_property
    def _overdue(self) -> dict[str, dt.date]:
        """The group's orders that were promised before today, and for when, the oldest first."""
        today = self.base.panel.origin_date
        found = {
            line.order_id: line.promised_on
            for one in self.lines
            for line in self.base.lines_of(one.row)
            if line.source == self.group.source and line.promised_on and line.promised_on < today
        }
        return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))

    def _late(self, language: Language) -> str:
        """ "" where none of the group's orders is."""
        found = self._overdue
        if not found or self.group.code != "expedite":
            return ""
        told = LATE if len(found) == 1 else SEVERAL_LATE
        return told[language].format(
            count=len(found),
            order_id=next(iter(found)),
            promised_on=written(min(found.values()), language),
        )

    def message(self, language: Language) -> str:
        """ "" where there is nobody to write to."""
        group = self.group
        if self.attention not in (Attention.TODAY, Attention.LEFT_OUT):
            return self._to_tell(language)
        if group.code not in MESSAGES:
            return ""
        shown = [self._line(one, language) for one in self.lines[:MOST_LINES]]
        if len(self.lines) > MOST_LINES:
            shown.append(_more(len(self.lines) - MOST_LINES, language))
        first = ""
        if self.first_lines:
            first = FIRST[language].format(lines=", ".join(self.first_lines))
        return MESSAGES[group.code][language].format(
            orders=", ".join(self.orders),
            lines="\n".join(shown),
            first=first,
            by=self._by(language),
            late=self._told_late(language),
            silent="" if self._silence is None else self._asked_when(self._silence, language),
        )

    def _told_late(self, language: Language) -> str:
        """To the supplier, by order; "" where none is late."""
        today = self.base.panel.origin_date
        lines = [
            OVERDUE_LINE[language].format(
                order_id=order_id,
                promised_on=written(day, language),
                days=(today - day).days,
                s=plural((today - day).days),
            )
            for order_id, day in self._overdue.items()
        ]
        return OVERDUE[language].format(orders="\n".join(lines)) if lines else ""

    @staticmethod
    def _asked_when(silent: Silence, language: Language) -> str:
        return SILENT[language].format(day=written(silent.since, language))

    def _to_tell(self, language: Language) -> str:
        """To those who speak to the customers: what is likely to be late, then what may be; ""
        where nothing is likely to be, and so nobody has anything to announce."""
        if not any(one.is_likely_late for one in self.promises):
            return ""
        told = []
        for sure, words in ((True, TO_TELL), (False, MAY_BE_LATE)):
            some = [one for one in self.promises if one.is_likely_late is sure]
            shown = [self._promise(one, language) for one in some[:MOST_LINES]]
            if len(some) > MOST_LINES:
                shown.append(_more(len(some) - MOST_LINES, language))
            if shown:
                told.append(words[language].format(lines="\n".join(shown)))
        return "\n\n".join([HELLO[language], *told])

    def _promise(self, one: Promise, language: Language) -> str:
        return PROMISES[language].format(
            customer=f"{one.customer}, " if one.customer else "",
            order_id=one.order_id,
            sku=self.base.code_of[one.row][1],
            description=self.base.panel.series["description"].iat[one.row],
            quantity=quantity(one.units, self._uom(one.row), language),
            due=DUE[language].format(day=written(one.due_on, language)) if one.due_on else "",
            risk=""
            if one.is_likely_late
            else RISK[language].format(chance=round(100 * one.chance)),
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
            quantity=quantity(option.units, self._uom(one.row), language),
            site=site,
            arrives="" if option.arrives_on is None else written(option.arrives_on, language),
        )
        return text

    def _uom(self, row: int) -> str:
        return self.base.uom_of[self.base.code_of[row][1]]

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


def _rounded(value: float, language: Language) -> str:
    """Whole units of a currency; "" where unknown."""
    return written(float(round(value)), language) if np.isfinite(value) else ""


def _more(lines: int, language: Language) -> str:
    return MORE[language].format(count=lines, s=plural(lines))
