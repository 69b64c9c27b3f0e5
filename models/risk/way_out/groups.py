"""What explains many warnings at once, and the one action that repairs most of it.

Series on the planner's list are grouped by what is to be done: a call about an order, an order at a
supplier, a transfer from a site. A series that is short because the site that ships to it is short
belongs to that site's action: there the loss stands, here it is repaired. Each series is in one
group, so that each loss is counted once.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.risk.way_out.causes import Cause
from models.risk.way_out.choice import REPAIRS, Amount, Chosen, Effect, is_trifle
from models.risk.way_out.options import Option
from models.risk.way_out.whatif import WhatIf

SOURCE_SHORT: Final = "source_short"


@dataclass(frozen=True)
class Member:
    """A series of a group, as the group's action leaves it."""

    row: int
    site: str
    acting: int  # the row whose action repairs it: itself, or that of the site that ships to it
    option: Option | None
    effect: Effect
    cause: Cause | None  # the first

    @property
    def acts(self) -> bool:
        return self.acting == self.row


@dataclass(frozen=True)
class Group:
    """Members share an action, a buyer and a currency."""

    code: str  # expedite, order, transfer, count, substitute, none
    source: str
    buyer: str
    currency: str
    members: list[Member]
    least_saving: float  # currency, see `is_trifle`
    parts: Mapping[str, float] = field(default_factory=dict)
    """Of what a call about an order costs, by order, this group's part where others make it too."""

    @cached_property
    def acting(self) -> list[Member]:
        return [one for one in self.members if one.option is not None]

    @cached_property
    def lost(self) -> Amount:
        return _sum([one.effect.lost for one in self.members])

    @cached_property
    def saved(self) -> Amount:
        return _sum([one.effect.saved for one in self.members])

    @cached_property
    def cost(self) -> float:
        """Currency; what an order, a call or a transfer costs is paid once for all its lines, also
        where other buyers call about the order too. NaN: not costed."""
        fixed: dict[tuple[object, ...], float] = {}
        own = [np.nan]
        for one in self.acting:
            option = one.option
            if option is not None and np.isfinite(option.cost):
                where = () if option.order_id else (one.site, option.by)
                part = self.parts.get(option.order_id, 1.0)
                fixed[(*option.key, *where)] = option.fixed_cost * part
                own.append(option.cost - option.fixed_cost)
        return float(np.nansum(own) + sum(fixed.values())) if fixed else np.nan

    @cached_property
    def saved_by_order(self) -> Mapping[str, float]:
        """What the lines of each order that is called for save; of unknown value: nothing."""
        called = {one.row: one.option.order_id for one in self.acting if one.option}
        found: dict[str, float] = defaultdict(float)
        for one in self.members:
            if order_id := called.get(one.acting):
                found[order_id] += max(float(np.nan_to_num(one.effect.saved.value)), 0.0)
        return found

    @property
    def pays(self) -> bool:
        """Whether it is worth doing: not known to cost more than it saves, and not next to nothing;
        units and money are not compared."""
        dear = not self.saved.by_units and self.cost >= self.saved.value
        return not dear and not self.is_trifle

    @property
    def is_trifle(self) -> bool:
        return is_trifle(self.saved, self.cost, self.least_saving)

    @property
    def ruptures(self) -> float:
        return sum(one.effect.ruptures for one in self.members)

    @property
    def missed(self) -> bool:
        """Whether customers are likely to miss something."""
        return any(one.effect.missed for one in self.members)

    @cached_property
    def by(self) -> dt.date | None:
        """The first deadline among those that are in time, else among all."""
        options = [one.option for one in self.acting if one.option]
        days = [one.by for one in options if one.by and one.in_time]
        days = days or [one.by for one in options if one.by]
        return min(days, default=None)

    @cached_property
    def cutoff_time(self) -> str:
        """The first one known of that day; "" where none is."""
        by = self.by
        due = [one.option for one in self.acting if one.option and one.option.by == by]
        return min((option.cutoff_time for option in due if option.cutoff_time), default="")

    @property
    def in_time(self) -> bool:
        return any(one.option.in_time for one in self.acting if one.option)

    @property
    def repairs(self) -> bool:
        """Whether the action is worth a call."""
        return self.code != "none" and self.saved.measure >= REPAIRS * self.lost.measure > 0


def grouped(
    base: WhatIf,
    chosen: Sequence[Chosen],
    causes: Mapping[int, Sequence[Cause]],
    listed: Sequence[int],
    currency: NDArray[np.object_],
) -> list[Group]:
    """The groups of the `listed` rows, the most expected loss avoided first; without a known value
    by units, behind those with one.

    `causes` and `chosen` tell of at least the listed rows whose stock is known; others have no
    group.
    """
    of_row = {one.row: one for one in chosen}
    on_list = set(listed)
    buyers = base.panel.series["buyer"].to_numpy(dtype=object)
    found: dict[tuple[str, str, str, str, bool], list[Member]] = {}
    for row in listed:
        if row not in of_row:
            continue
        acting = _acting(base, row, of_row, causes, on_list)
        chief = of_row[acting]
        option = chief.actions[0] if chief.actions else None
        effects = {effect.row: effect for effect in chief.effects}
        effect = effects.get(row, of_row[row].effects[0])
        key = (
            option.code if option else "none",
            option.source if option else "",
            str(buyers[acting]),
            str(currency[acting]),
            option is None and not effect.missed,
        )
        first = next(iter(causes.get(row, ())), None)
        own = option if acting == row else None
        member = Member(row, base.code_of[row][0], acting, own, effect, first)
        found.setdefault(key, []).append(member)
    groups = [
        Group(code, source, buyer, unit, members, base.options.least_saving_in(unit))
        for (code, source, buyer, unit, _), members in found.items()
    ]
    groups = _each_call_paid_once(groups)
    return sorted(groups, key=lambda one: _worth(one, base.options.exchange_rates))


def _each_call_paid_once(groups: Sequence[Group]) -> list[Group]:
    """One call moves the lines of all buyers of an order: each bears of its cost what the lines
    save; where nothing is known to be saved, the same."""
    callers: dict[tuple[str, str, str], list[Group]] = {}
    for one in groups:
        for order_id in one.saved_by_order:
            callers.setdefault((one.source, one.currency, order_id), []).append(one)

    def part(one: Group, order_id: str) -> float:
        others = callers[one.source, one.currency, order_id]
        whole = sum(other.saved_by_order[order_id] for other in others)
        return one.saved_by_order[order_id] / whole if whole > 0 else 1 / len(others)

    return [
        replace(one, parts={order_id: part(one, order_id) for order_id in one.saved_by_order})
        for one in groups
    ]


def _acting(
    base: WhatIf,
    row: int,
    of_row: Mapping[int, Chosen],
    causes: Mapping[int, Sequence[Cause]],
    on_list: set[int],
) -> int:
    """The row whose action repairs this one: that of the site that ships to it, where it spares
    enough here, and that site is the first cause or nothing can be done here; else its own."""
    giver = int(base.structure.supply.sources.of_series[row])
    if giver not in on_list or not helps(of_row, giver, row):
        return row
    is_cause = any(one.code == SOURCE_SHORT for one in causes.get(row, ())[:1])
    return giver if is_cause or not of_row[row].actions else row


def helps(of_row: Mapping[int, Chosen], giver: int, row: int) -> bool:
    """Whether what is done at the site that ships to a series spares enough there."""
    acts = giver in of_row and bool(of_row[giver].actions)
    return acts and any(one.row == row and one.repairs for one in of_row[giver].effects)


def _worth(one: Group, rates: Mapping[str, float]) -> tuple[bool, bool, bool, float, str, str]:
    """What to sort by; amounts of other currencies at the rates of the settings."""
    saved = one.saved
    worth = saved.measure * (1.0 if saved.by_units else rates.get(one.currency, 1.0))
    return (not one.repairs, not one.pays, saved.by_units, -worth, one.code, one.source)


def _sum(amounts: Sequence[Amount]) -> Amount:
    values = [one.value for one in amounts if np.isfinite(one.value)]
    return Amount(
        units=sum(one.units for one in amounts),
        value=sum(values) if values else np.nan,
        by_units=all(one.by_units for one in amounts),
    )
