"""The actions of the day above the list: one call, order or transfer with all that it repairs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from api.pages.board import Question, board_of
from api.planner_groups import worded
from api.served import Served
from models.attention import Attention

DONE_BY: Final = {
    "order": "ordered",
    "expedite": "expedited",
    "transfer": "transferred",
    "substitute": "substituted",
    "count": "counted",
}
"""What is recorded of warnings once the action of their group is done."""


def actions_of(
    served: Served, language: str, question: Question, done: frozenset[int] = frozenset()
) -> dict[str, list[dict[str, Any]]]:
    """By attention, in the publication's order; of a buyer and a site where they are asked for.
    Empty where the publication groups nothing, or the list is narrowed by anything else. `done`:
    warnings of which somebody recorded an action."""
    found: dict[str, list[dict[str, Any]]] = {name.value: [] for name in Attention}
    if not served.reader.has_groups or question.is_narrow_beyond_actions:
        return found
    members = board_of(served).members
    for row in served.group_rows(np.ones(served.groups.num_rows, dtype=bool)):
        is_asked = (
            (not question.buyer or row["buyer"] == question.buyer)
            and (not question.site or question.site in row["at_sites"])
            and (not question.group or row["group"] == question.group)
        )
        if is_asked:
            warnings = members.get(row["group"], [])
            found[row["attention"]].append(
                _worded(served, row, language)
                | {"warnings": len(warnings), "done": len(done.intersection(warnings))}
            )
    return found


def _worded(served: Served, row: dict[str, Any], language: str) -> dict[str, Any]:
    origin = served.provenance["origin_end"]
    kept = ("group", "buyer", "series", "out", "sites", "loss_avoided", "loss", "cost", "currency")
    return {
        **{name: row[name] for name in (*kept, "ruptures_avoided", "in_time")},
        **worded(row, language, origin),
        "message": row[f"message_{language}"] or "",
        "done_by": DONE_BY.get(row["code"], "")
        if row["rank"]
        else "",  # not what is not to be done
        "customer_orders": row["customer_orders"],
    }
