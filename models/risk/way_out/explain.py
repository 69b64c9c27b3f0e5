"""Causes, options, deadlines and actions of the series at risk, as codes and as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.risk.shortage import Shortage
from models.risk.way_out.causes import Cause, causes_json, first_cause
from models.risk.way_out.choice import Chosen
from models.risk.way_out.customers import promises_hit
from models.risk.way_out.group_table import LANGUAGES, group_numbers, groups_table
from models.risk.way_out.no_action import WHY, why_nothing
from models.risk.way_out.option_table import option_rows
from models.risk.way_out.options import actions_json
from models.risk.way_out.weigh import situation, weighed
from models.risk.way_out.whatif import WhatIf

EXPLAIN_FROM: Final = 0.05
"""Chance within the main horizon below which causes stay blank: nobody asks."""
SECOND_CAUSE: Final = 0.25  # share from which a second cause is put into words
CELLS: Final = ("causes", "cause_fr", "cause_en", "act_by", "actions", "action_fr", "action_en")


@dataclass(frozen=True)
class Explained:
    """`cells`: n rows, "" where not at risk; `options`: a row an option, by series, the recommended
    first."""

    cells: pd.DataFrame
    options: pd.DataFrame
    groups: pd.DataFrame  # a row a group of warnings, the most expected loss avoided first


def explained(base: WhatIf, shortage: Shortage) -> Explained:
    """Why and what to do for each series at risk; the rest blank. `listed` series are grouped."""
    panel = base.panel
    cells = {name: [""] * len(panel) for name in CELLS}
    at_risk, told = _at_risk(shortage), _weighable(base, shortage)
    for row in np.flatnonzero(at_risk & ~told).tolist():
        _say_causes(cells, base, row, [first_cause(situation(base, shortage, row))])
    made = weighed(base, shortage, np.flatnonzero(told), whole=True)
    found, groups = made.chosen, made.groups
    for row, causes in made.causes.items():
        _say_causes(cells, base, row, causes)
    for told_of in found:
        _say_actions(cells, base, told_of)
        if all(action.code != "count" for action in told_of.actions):
            _say_causes(cells, base, told_of.row, made.causes[told_of.row], count=True)
        if shortage.listed[told_of.row] and not told_of.actions:
            for language in LANGUAGES:
                cells[f"action_{language}"][told_of.row] = why_nothing(base, told_of, language)
    for row in np.flatnonzero(shortage.listed & at_risk & ~told).tolist():
        for language in LANGUAGES:
            cells[f"action_{language}"][row] = WHY["not_weighed"][language]
    hit = promises_hit(base, shortage.out, shortage.back_on)
    table = pd.DataFrame(cells, dtype=object)
    table["group"] = group_numbers(groups, len(panel))
    return Explained(
        table,
        option_rows(base, found, shortage.currency),
        groups_table(base, groups, shortage.out, hit),
    )


def acted_on(base: WhatIf, shortage: Shortage, asked: NDArray[np.bool_]) -> Explained:
    """The cell `actions` of `explained` alone, of the series `asked` for [n]: what to do, of whom
    and until when; everything else blank."""
    blank = explained(base, shortage.of_nobody())
    actions = [""] * len(base.panel)
    rows = np.flatnonzero(_weighable(base, shortage) & asked)
    for one in weighed(base, shortage, rows, whole=False).chosen:
        actions[one.row] = actions_json(one.actions) if one.actions else ""
    return replace(blank, cells=blank.cells.assign(actions=pd.Series(actions, dtype=object)))


def _at_risk(shortage: Shortage) -> NDArray[np.bool_]:
    return np.asarray((shortage.probability >= EXPLAIN_FROM) | shortage.out, dtype=bool)


def _weighable(base: WhatIf, shortage: Shortage) -> NDArray[np.bool_]:
    """[n] at risk, with a stock that can be projected under other inputs."""
    standing = base.structure.standing
    return _at_risk(shortage) & standing.quantity & ~standing.idle & base.projected


def _say_causes(
    cells: dict[str, list[str]],
    base: WhatIf,
    row: int,
    causes: Sequence[Cause],
    *,
    count: bool = False,
) -> None:
    """The first cause in words, the second where it weighs, and before them that data are old.

    `count`: where the record itself is the first cause, that the shelf is to be counted.
    """
    cells["causes"][row] = causes_json(causes)
    said = [causes[0], *(one for one in causes[1:2] if one.share >= SECOND_CAUSE)]
    said = [one for one in said if one.code != "usual_swings"] or said[:1]
    said = [one for one in causes if one.code == "stale_data"] + [
        one for one in said if one.code != "stale_data"
    ]
    uom = base.uom_of[base.code_of[row][1]]
    for language in LANGUAGES:
        words = [one.sentence(language, uom) for one in said]
        if count and said[0] is causes[0]:
            words[0] = said[0].asking_for_a_count(language, uom)
        cells[f"cause_{language}"][row] = "; ".join(words)


def _say_actions(cells: dict[str, list[str]], base: WhatIf, one: Chosen) -> None:
    cells["act_by"][one.row] = one.act_by
    cells["actions"][one.row] = actions_json(one.actions) if one.actions else ""
    for language in LANGUAGES:
        said = [
            action.sentence(language, base.uom_of[action.item or base.code_of[one.row][1]])
            for action in one.actions
        ]
        cells[f"action_{language}"][one.row] = "; ".join(said)
