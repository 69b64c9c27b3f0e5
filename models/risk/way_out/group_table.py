"""The table of groups: a row an action, with its words and the customer orders it concerns."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.attention import Attention
from models.quantities import Language
from models.risk.way_out.customers import Promise, promises_json
from models.risk.way_out.group_words import Words
from models.risk.way_out.groups import Group
from models.risk.way_out.whatif import WhatIf

LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")
COLUMNS: Final[Mapping[str, str]] = {
    "group": "int64",
    **dict.fromkeys(("code", "source", "orders", "buyer", "attention"), "object"),
    "rank": "int64",
    "act_by": "object",
    "in_time": "bool",
    **dict.fromkeys(("series", "out", "sites"), "int64"),
    **dict.fromkeys(("ruptures_avoided", "units_saved", "loss_avoided", "loss"), "float64"),
    **dict.fromkeys(("uom", "currency"), "object"),
    "cost": "float64",
    **dict.fromkeys(("first_lines", "at_sites", "why_fr", "why_en"), "object"),
    **dict.fromkeys(("headline_fr", "headline_en", "message_fr", "message_en"), "object"),
    "customer_orders": "object",
}
"""Of the table of groups, and their types."""


def group_numbers(groups: Sequence[Group], count: int) -> pd.Series:
    """[n] the number of each series' group, blank where it has none."""
    numbers = pd.Series([pd.NA] * count, dtype="Int64")
    for number, one in enumerate(groups, start=1):
        numbers.iloc[[member.row for member in one.members]] = number
    return numbers


def groups_table(
    base: WhatIf,
    groups: Sequence[Group],
    out: NDArray[np.bool_],
    hit: Mapping[int, Sequence[Promise]],
) -> pd.DataFrame:
    """A row a group, in order; `attention` tells whether a buyer's budget of actions reaches it.

    `hit`: by row, the customer orders that its stockout hits.
    """
    taken: dict[str, int] = {}
    callers = _callers(base, groups)
    rows = []
    for number, one in enumerate(groups, start=1):
        where = Attention.UNAVOIDABLE if one.missed else Attention.WATCH
        rank = 0
        if one.repairs and not one.pays:
            where = Attention.ACCEPTED
        elif one.repairs:
            rank = taken[one.buyer] = taken.get(one.buyer, 0) + 1
            within = rank <= base.options.daily_budget
            where = Attention.TODAY if within else Attention.LEFT_OUT
        promises = [promise for member in one.members for promise in hit.get(member.row, ())]
        promises.sort(key=lambda promise: (promise.due_on or dt.date.min, promise.order_id))
        asked = Words(base, one, where).orders
        also = {who for code in asked for who in callers.get((one.source, code), set())}
        words = Words(base, one, where, promises, sorted(also - {one.buyer, ""}))
        rows.append(_row(words, number, rank, out))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict(COLUMNS))


def _callers(base: WhatIf, groups: Sequence[Group]) -> dict[tuple[str, str], set[str]]:
    """By supplier and order, the buyers whose actions call for it."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in groups:
        if one.repairs and one.pays:
            for code in Words(base, one, Attention.TODAY).orders:
                found.setdefault((one.source, code), set()).add(one.buyer)
    return found


def _row(words: Words, number: int, rank: int, out: NDArray[np.bool_]) -> dict[str, Any]:
    one = words.group
    sites = sorted({member.site for member in one.members})
    return {
        "group": number,
        "code": one.code,
        "source": one.source,
        "orders": ", ".join(words.orders),
        "buyer": one.buyer,
        "attention": words.attention.value,
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
        "uom": words.uom,
        "currency": one.currency,
        "cost": one.cost,
        "first_lines": ", ".join(words.first_lines),
        "at_sites": json.dumps(sites, ensure_ascii=False),
        **{f"why_{language}": words.why(language) for language in LANGUAGES},
        **{f"headline_{language}": words.headline(language) for language in LANGUAGES},
        **{f"message_{language}": words.message(language) for language in LANGUAGES},
        "customer_orders": promises_json(words.base, words.promises),
    }
