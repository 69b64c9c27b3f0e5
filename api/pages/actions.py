"""The actions of the day above the list: one call, order or transfer with all that it repairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from api.pages.board import Question
from api.planner_groups import is_missed, worded
from api.served import Served
from models.attention import Attention


def actions_of(
    served: Served, language: str, question: Question
) -> dict[str, list[dict[str, Any]]]:
    """By attention, in the publication's order; of a buyer and a site where they are asked for.
    Empty where the publication groups nothing, or the list is narrowed by anything else."""
    found: dict[str, list[dict[str, Any]]] = {name.value: [] for name in Attention}
    if not served.reader.has_groups or question.is_narrow_beyond_actions:
        return found
    for row in served.group_rows(np.ones(served.groups.num_rows, dtype=bool)):
        is_asked = (
            (not question.buyer or row["buyer"] == question.buyer)
            and (not question.site or question.site in row["at_sites"])
            and (not question.group or row["group"] == question.group)
        )
        if row["attention"] == Attention.UNAVOIDABLE and not is_missed(row["loss"]):
            continue
        if is_asked:
            found[row["attention"]].append(_worded(served, row, language))
    return found


def _worded(served: Served, row: dict[str, Any], language: str) -> dict[str, Any]:
    origin = served.provenance["origin_end"]
    kept = ("group", "buyer", "series", "out", "sites", "loss_avoided", "loss", "currency")
    return {
        **{name: row[name] for name in (*kept, "ruptures_avoided", "in_time")},
        **worded(row, language, origin),
        "message": row[f"message_{language}"] or "",
    }
