"""The actions of the day above the list: one call, order or transfer with all that it repairs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from api.pages.board import Question
from api.readable import with_readable_dates
from api.served import Served

ATTENTIONS: Final = ("today", "left_out", "unavoidable")


def actions_of(
    served: Served, language: str, question: Question
) -> dict[str, list[dict[str, Any]]]:
    """By attention, in the publication's order; of a buyer and a site where they are asked for.
    Empty where the publication groups nothing, or the list is narrowed by anything else."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ATTENTIONS}
    if not served.reader.has_groups or question.is_narrow_beyond_actions:
        return found
    for row in served.group_rows(np.ones(served.groups.num_rows, dtype=bool)):
        is_asked = (
            (not question.buyer or row["buyer"] == question.buyer)
            and (not question.site or question.site in row["at_sites"])
            and (not question.group or row["group"] == question.group)
        )
        if is_asked:
            found[row["attention"]].append(_worded(served, row, language))
    return found


def _worded(served: Served, row: dict[str, Any], language: str) -> dict[str, Any]:
    origin = served.provenance["origin_end"]
    kept = ("group", "buyer", "series", "out", "sites", "loss_avoided", "loss", "currency")
    return {
        **{name: row[name] for name in (*kept, "ruptures_avoided", "in_time")},
        "headline": with_readable_dates(row[f"headline_{language}"], language, origin),
        "why": with_readable_dates(row[f"why_{language}"] or "", language, origin),
        "message": row[f"message_{language}"] or "",
    }
