"""What explains many warnings at once, and the one action that repairs most of it.

Series on the planner's list are grouped by what is to be done: a call about an order, an order at a
supplier, a transfer from a site. A series that is short because the site that ships to it is short
belongs to that site's action: there the loss stands, here it is repaired. Each series is in one
group, so that each loss is counted once.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.attention import Attention
from models.risk.causes import Cause, Language
from models.risk.choice import Amount, Chosen, Effect
from models.risk.options import Option
from models.risk.whatif import WhatIf

LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")
REPAIRS: Final = 0.1
"""Of what a group would lose, below which its action repairs nothing: customers are to be told."""
COLUMNS: Final[Mapping[str, str]] = {
    "group": "int64",
    **dict.fromkeys(("code", "source", "orders", "buyer", "attention"), "object"),
    "rank": "int64",
    "act_by": "object",
    "in_time": "bool",
    **dict.fromkeys(("series", "out", "sites"), "int64"),
    **dict.fromkeys(("ruptures_avoided", "units_saved", "loss_avoided", "loss"), "float64"),
    "currency": "object",
    "cost": "float64",
    **dict.fromkeys(("first_lines", "at_sites", "why_fr", "why_en"), "object"),
    **dict.fromkeys(("headline_fr", "headline_en", "message_fr", "message_en"), "object"),
}
"""Of the table of groups, and their types."""


@dataclass(frozen=True)
class Member:
    """A series of a group, as the group's action leaves it."""

    row: int
    acts: bool  # the action is its own; else that of the site that ships to it
    option: Option | None
    effect: Effect
    cause: Cause | None  # the first


@dataclass(frozen=True)
class Group:
    """Members share an action, a buyer and a currency."""

    code: str  # expedite, order, transfer, substitute, none
    source: str
    buyer: str
    currency: str
    members: list[Member]

    @property
    def acting(self) -> list[Member]:
        return [one for one in self.members if one.option is not None]

    @property
    def lost(self) -> Amount:
        return _sum([one.effect.lost for one in self.members])

    @property
    def saved(self) -> Amount:
        return _sum([one.effect.saved for one in self.members])

    @property
    def ruptures(self) -> float:
        return sum(one.effect.ruptures for one in self.members)

    @property
    def missed(self) -> bool:
        """Whether customers are likely to miss something if nothing is done."""
        return any(one.effect.missed for one in self.members)

    @property
    def by(self) -> dt.date | None:
        """The first deadline among those that are in time, else among all."""
        options = [one.option for one in self.acting if one.option]
        days = [one.by for one in options if one.by and one.in_time]
        days = days or [one.by for one in options if one.by]
        return min(days, default=None)

    @property
    def cutoff_time(self) -> str:
        """The first one known of that day; "" where none is."""
        due = [one.option for one in self.acting if one.option and one.option.by == self.by]
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
        member = Member(row, acting == row, option if acting == row else None, effect, first)
        found.setdefault(key, []).append(member)
    groups = [
        Group(code, source, buyer, unit, members)
        for (code, source, buyer, unit, _), members in found.items()
    ]
    return sorted(groups, key=_worth)


def _acting(
    base: WhatIf,
    row: int,
    of_row: Mapping[int, Chosen],
    causes: Mapping[int, Sequence[Cause]],
    on_list: set[int],
) -> int:
    """The row whose action repairs this one: the site that ships to it, where that is the first
    cause and something can be done there; else its own."""
    giver = int(base.structure.supply.sources.of_series[row])
    told = causes.get(row, ())
    if giver not in on_list or giver not in of_row or not told or not of_row[giver].actions:
        return row
    reached = any(effect.row == row for effect in of_row[giver].effects)
    return giver if reached and told[0].code == "source_short" else row


def _worth(one: Group) -> tuple[bool, bool, float, str, str]:
    saved = one.saved
    return (not one.repairs, saved.by_units, -saved.measure, one.code, one.source)


def _sum(amounts: Sequence[Amount]) -> Amount:
    values = [one.value for one in amounts if np.isfinite(one.value)]
    return Amount(
        units=sum(one.units for one in amounts),
        value=sum(values) if values else np.nan,
        by_units=all(one.by_units for one in amounts),
    )


def group_numbers(groups: Sequence[Group], count: int) -> pd.Series:
    """[n] the number of each series' group, blank where it has none."""
    numbers = pd.Series([pd.NA] * count, dtype="Int64")
    for number, one in enumerate(groups, start=1):
        numbers.iloc[[member.row for member in one.members]] = number
    return numbers


def groups_table(
    base: WhatIf, groups: Sequence[Group], out: NDArray[np.bool_], daily_budget: int
) -> pd.DataFrame:
    """A row a group, in order; `attention` tells whether a buyer's budget of actions reaches it."""
    taken: dict[str, int] = {}
    rows = []
    for number, one in enumerate(groups, start=1):
        where = Attention.UNAVOIDABLE
        rank = 0
        if one.repairs:
            rank = taken[one.buyer] = taken.get(one.buyer, 0) + 1
            where = Attention.TODAY if rank <= daily_budget else Attention.LEFT_OUT
        rows.append(_row(base, one, number, where, rank, out))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict(COLUMNS))


def _row(
    base: WhatIf, one: Group, number: int, where: Attention, rank: int, out: NDArray[np.bool_]
) -> dict[str, Any]:
    costs = [member.option.cost for member in one.acting if member.option]
    from models.risk.group_words import Words

    words = Words(base, one)
    sites = sorted({base.code_of[member.row][0] for member in one.members})
    return {
        "group": number,
        "code": one.code,
        "source": one.source,
        "orders": ", ".join(words.orders),
        "buyer": one.buyer,
        "attention": where.value,
        "rank": rank,
        "act_by": "" if one.by is None else f"{one.by.isoformat()} {one.cutoff_time}".strip(),
        "in_time": one.in_time,
        "series": len(one.members),
        "out": sum(bool(out[member.row]) for member in one.members),
        "sites": len(sites),
        "ruptures_avoided": one.ruptures,
        "units_saved": one.saved.units,
        "loss_avoided": one.saved.value,
        "loss": one.lost.value,
        "currency": one.currency,
        "cost": float(np.sum(costs)) if costs else np.nan,
        "first_lines": ", ".join(words.first_lines),
        "at_sites": json.dumps(sites, ensure_ascii=False),
        **{f"why_{language}": words.why(language) for language in LANGUAGES},
        **{f"headline_{language}": words.headline(language) for language in LANGUAGES},
        **{f"message_{language}": words.message(language) for language in LANGUAGES},
    }
