"""Series that are repaired where they draw from: what is to be done is done at the source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.risk.way_out.choice import IN_TIME, Chosen
from models.risk.way_out.groups import Group, Member
from models.risk.way_out.reruns import rerun
from models.risk.way_out.variants import Variant
from models.risk.way_out.whatif import WhatIf


def with_source_actions(
    base: WhatIf, chosen: Sequence[Chosen], groups: Sequence[Group], *, whole: bool
) -> list[Chosen]:
    """The same, where members of a group that another row's action repairs recommend that action.

    Its effect is the one on the series itself; `residual_probability` that of a publication made
    with the action in the book. What the series could do itself stays told behind it. Costs are
    told once, at the source. Without `whole` no `residual_probability` is asked.
    """
    by_row = {one.row: one for one in chosen}
    repaired = [
        member for group in groups for member in group.members if member.acting != member.row
    ]
    residual = {}
    if whole:
        residual = _residual(base, [(one, by_row[one.acting]) for one in repaired])
    for member in repaired:
        own, chief = by_row[member.row], by_row[member.acting]
        if chief.is_accepted:
            by_row[member.row] = own.accepted()
            continue
        saved, lost = member.effect.saved, member.effect.lost
        first = replace(
            chief.options[0],
            at_site=base.code_of[chief.row][0],
            units_saved=saved.units,
            loss_avoided=saved.value,
            cost=np.nan,
            regret=np.nan,
            residual_probability=residual.get(member.row, np.nan),
            in_time=saved.measure >= IN_TIME * lost.measure,
        )
        options = [first, *own.options]
        by_row[member.row] = replace(own, options=options, recommended=1, act_by=chief.act_by)
    return [by_row[one.row] for one in chosen]


def _residual(base: WhatIf, repaired: Sequence[tuple[Member, Chosen]]) -> dict[int, float]:
    """By row, its chance of a stockout once the change at its source is made."""
    variants: list[Variant] = []
    place_of: dict[int, int] = {}
    rows: dict[int, int] = {}
    for member, chief in repaired:
        if chief.row not in place_of:
            place_of[chief.row] = len(variants)
            variants.append(chief.way or Variant(chief.row))
        rows[member.row] = len(variants)
        variants.append(Variant(member.row, source=place_of[chief.row]))
    asked = np.zeros(len(variants), dtype=bool)
    asked[list(rows.values())] = True
    chance = rerun(base, variants, chance=asked).chance
    return {row: float(chance[place]) for row, place in rows.items()}
