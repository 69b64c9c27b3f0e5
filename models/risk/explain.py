"""Causes, options, deadlines and actions of the series at risk, as codes and as words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Days
from models.lead_time import Floats, Rows
from models.risk.causes import (
    COUNT_FROM,
    Cause,
    Line,
    Situation,
    causes_json,
    first_cause,
    shared,
)
from models.risk.choice import Asked, Choice, Chosen, Questions, Stakes
from models.risk.counterfactuals import counterfactuals
from models.risk.customers import promises_hit
from models.risk.group_table import LANGUAGES, group_numbers, groups_table
from models.risk.groups import Group, grouped
from models.risk.no_action import WHY, why_nothing
from models.risk.option_table import option_rows
from models.risk.options import Need, actions_json, drafts
from models.risk.spare import Others
from models.risk.upstream import with_source_actions
from models.risk.variants import Variant
from models.risk.whatif import WhatIf

EXPLAIN_FROM: Final = 0.05
"""Chance within the main horizon below which causes stay blank: nobody asks."""
ACT_FROM: Final = 0.1
"""… and below which options do."""
SECOND_CAUSE: Final = 0.25  # share from which a second cause is put into words
CELLS: Final = ("causes", "cause_fr", "cause_en", "act_by", "actions", "action_fr", "action_en")


@dataclass(frozen=True)
class Shortage:
    """What the projection says of n series, as far as causes and options need it."""

    stockout_on: Days  # [n] median; NaT: none
    back_on: Days  # [n] of those that are out; NaT: not known
    probability: Floats  # 0 of series that nobody stocks
    out: NDArray[np.bool_]
    stale: NDArray[np.bool_]
    closes: Floats  # [n, T]
    demand: Floats  # units over the main horizon
    daily_demand: Floats  # units
    units_short: Floats  # expected within the main horizon
    spare: Floats  # units that nine paths in ten leave on the shelf throughout; 0: none
    loss: Floats  # currency a unit not served; NaN unknown
    currency: NDArray[np.object_]
    listed: NDArray[np.bool_]  # on the planner's list: announced, or out

    def of_nobody(self) -> Shortage:
        """The same without any series at risk."""
        nobody = np.zeros(len(self.out), dtype=bool)
        return replace(self, probability=np.zeros(len(nobody)), out=nobody, listed=nobody)


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
    at_risk = (shortage.probability >= EXPLAIN_FROM) | shortage.out
    standing = base.structure.standing
    told = at_risk & standing.quantity & ~standing.idle & base.projected
    for row in np.flatnonzero(at_risk & ~told).tolist():
        _say_causes(cells, row, [first_cause(_situation(base, shortage, row))])
    asked, variants = _asked(base, shortage, np.flatnonzero(told))
    none = np.zeros(len(variants), dtype=bool)
    reruns = base.rerun(variants, chance=none)
    rows = np.array([one.row for one in variants], dtype=np.int64)
    as_is = {one.row: reruns.units_short[one.as_it_is] for one in asked}
    ratio = np.ones(len(panel))
    for row, units in as_is.items():
        ratio[row] = min(shortage.units_short[row] / units, 1.0) if units > 0 else 1.0
    short = reruns.units_short * ratio[rows]
    told_causes: dict[int, list[Cause]] = {}
    for one in asked:
        spared = [
            (cause, max(short[one.as_it_is] - short[place], 0.0)) for cause, place in one.causes
        ]
        causes = shared(float(short[one.as_it_is]), spared) or [first_cause(one.now)]
        told_causes[one.row] = causes
        if sum(cause.share for cause in causes if cause.code == "phantom_stock") < COUNT_FROM:
            one.leave_out("count")
        _say_causes(cells, one.row, causes)
    stakes = Stakes(
        loss=shortage.loss,
        consumed=1.0 - panel.series["passed_on"].to_numpy(dtype=np.float64),
        chance=shortage.probability,
        unit_cost=panel.series["unit_cost"].to_numpy(dtype=np.float64),
        out=shortage.out,
        least_saving=np.array([base.options.least_saving_in(one) for one in shortage.currency]),
    )
    found = Choice(base, variants, reruns, short, ratio, stakes).made(asked)
    listed = np.flatnonzero(shortage.listed).tolist()
    groups = grouped(base, found, told_causes, listed, shortage.currency)
    found = with_source_actions(base, _only_what_pays(found, groups), groups)
    for told_of in found:
        _say_actions(cells, told_of)
        if all(action.code != "count" for action in told_of.actions):
            _say_causes(cells, told_of.row, told_causes[told_of.row], count=True)
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
        option_rows(panel, found, shortage.currency),
        groups_table(base, groups, shortage.out, hit),
    )


def _only_what_pays(found: Sequence[Chosen], groups: Sequence[Group]) -> list[Chosen]:
    """The risk is taken where avoiding it costs more than it saves: together with all that the same
    order, call or transfer repairs, or alone where the series is on nobody's list."""
    of_group = {member.row: one for one in groups for member in one.acting}
    return [one if of_group.get(one.row, one).pays else one.accepted() for one in found]


def _asked(base: WhatIf, shortage: Shortage, rows: Rows) -> tuple[list[Asked], list[Variant]]:
    """The series at risk, and all that is to be rerun for them."""
    panel, supply = base.panel, base.structure.supply
    terms, lead_times = supply.terms, base.lead_times
    lead_days = base.lead_days
    basis = lead_times.basis(terms.group, terms.master_days)
    sites = set(panel.series["site"])
    drawn_by = _drawn_by(base, rows)
    others = Others.of(base, shortage)
    questions = Questions()
    ask = questions.ask
    to_act = (shortage.probability >= ACT_FROM) | shortage.out
    orders_itself = np.isfinite(supply.policies.reorder_point).tolist()
    asked = []
    for row in rows.tolist():
        now, drawing = _situation(base, shortage, row), drawn_by.get(row, [])
        missing = _units_to_order(base, shortage, row, now.lines, lead_days[row])
        can_order = _can_order(base, row, basis[row])
        need = Need(
            row=row,
            today=panel.origin_date + dt.timedelta(days=1),
            stockout_on=now.stockout_on or panel.origin_date,
            lead_days=lead_days[row] if can_order else np.nan,
            units=missing,
            by_site=terms.source[row] in sites,
            short=_short_if_nothing(base, shortage, row),
            orders_itself=orders_itself[row],
            givers=others.givers(row),
            substitutes=others.substitutes(row),
        )
        one = Asked(
            row=row,
            now=now,
            as_it_is=ask(Variant(row)),
            orders_itself=orders_itself[row],
            nothing_done=questions.weigh(Variant(row, orders_again=orders_itself[row]), drawing),
            causes=[
                (cause, ask(variant))
                for cause, variant in counterfactuals(now, base, row, missing, lead_days[row])
            ],
            drafts=drafts(need, base) if to_act[row] else [],
            drawing=drawing,
        )
        for draft in one.drafts:
            first = draft.ways[:1]
            one.ways += [questions.weigh(one.usual(way), drawing) for way in first] or [None]
            giver = draft.giver
            one.giver.append(None if giver is None else (ask(Variant(giver.row)), ask(giver)))
        asked.append(one)
    return asked, questions.variants


def _drawn_by(base: WhatIf, at_risk: Rows) -> dict[int, list[int]]:
    """Rows at risk that draw from each row at risk."""
    supply = base.structure.supply
    givers = supply.sources.of_series[at_risk]
    found: dict[int, list[int]] = {}
    for row, giver in zip(at_risk.tolist(), givers.tolist(), strict=True):
        if giver >= 0 and supply.sources.place_of(np.array([giver]), np.array([row]))[0] >= 0:
            found.setdefault(giver, []).append(row)
    return found


def _say_causes(
    cells: dict[str, list[str]], row: int, causes: Sequence[Cause], *, count: bool = False
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
    for language in LANGUAGES:
        words = [one.sentence(language) for one in said]
        if count and said[0] is causes[0]:
            words[0] = said[0].asking_for_a_count(language)
        cells[f"cause_{language}"][row] = "; ".join(words)


def _say_actions(cells: dict[str, list[str]], one: Chosen) -> None:
    cells["act_by"][one.row] = one.act_by
    cells["actions"][one.row] = actions_json(one.actions) if one.actions else ""
    for language in LANGUAGES:
        said = [action.sentence(language) for action in one.actions]
        cells[f"action_{language}"][one.row] = "; ".join(said)


def _situation(base: WhatIf, shortage: Shortage, row: int) -> Situation:
    panel, supply = base.panel, base.structure.supply
    stock = panel.stock
    closes = shortage.closes[row]
    usual = panel.units[row, -8 * base.main :]
    # an empty shelf sells less than is wanted: such days are no measure of the usual demand
    usual = usual[np.isfinite(usual) & (closes[-len(usual) :] != 1.0)]
    return Situation(
        today=panel.origin_date,
        stockout_on=_date(shortage.stockout_on[row]),
        on_hand=float(stock["on_hand"].to_numpy()[row]),
        sellable=float(stock["sellable"].to_numpy()[row]),
        stock_on=_date(stock["stock_on"].iat[row]),
        stale=bool(shortage.stale[row]),
        lines=[(line.order_id, line.units, line.promised_on) for line in base.lines_of(row)],
        reorder_point=float(supply.policies.reorder_point[row]),
        lead_demand=float(shortage.daily_demand[row] * base.lead_days[row]),
        demand=float(shortage.demand[row]),
        usual_demand=float(usual.mean() * base.main) if len(usual) else np.nan,
        by_habit=bool(supply.habits.usage[row] > 0),
        closes_out=int(np.nansum(closes)),
        closes_known=int(np.isfinite(closes).sum()),
    )


def _short_if_nothing(base: WhatIf, shortage: Shortage, row: int) -> float:
    """Units that stock and open orders do not cover of the main horizon's demand, at least those
    expected to be short as it is."""
    supply = base.structure.supply
    sellable = supply.on_hand[row] - supply.blocked[row]
    coming = sum(line.units for line in base.lines_of(row))
    missing = shortage.demand[row] - max(sellable, 0.0) - coming
    return float(max(missing, shortage.units_short[row], 0.0))


def _units_to_order(
    base: WhatIf, shortage: Shortage, row: int, lines: Sequence[Line], lead_days: float
) -> float:
    """Up to the policy's level; without one, for lead time and main horizon. Whole packs; nothing
    that would not sell before the item is discontinued."""
    supply = base.structure.supply
    on_hand = np.nan_to_num(supply.on_hand[row]) - base.spoils(row)
    position = on_hand + sum(units for _, units, _ in lines)
    policies = supply.policies
    level = policies.order_up_to[row]
    if np.isnan(level):
        level = shortage.demand[row] + shortage.daily_demand[row] * lead_days
    most = _sold_before_the_end(base, shortage, row)
    missing = min(level, most) - position
    if missing <= 0:
        return 0.0
    pack = policies.pack[row] or 1.0
    units = np.ceil(max(missing, policies.least_order[row]) / pack - 1e-9) * pack
    if position + units > most:
        units = np.floor((most - position) / pack) * pack
    return float(units) if units >= max(policies.least_order[row], pack) else 0.0


def _sold_before_the_end(base: WhatIf, shortage: Shortage, row: int) -> float:
    """Units wanted until the item is discontinued; without end where nobody says."""
    end = _date(base.panel.series["discontinued_on"].iat[row])
    if end is None:
        return np.inf
    days = (end - base.panel.origin_date).days
    return float(np.ceil(shortage.daily_demand[row] * max(days, 0)))


def _can_order(base: WhatIf, row: int, basis: str) -> bool:
    """A source is named, or a lead time was learned or stated."""
    return bool(base.structure.supply.terms.source[row] != "" or basis != "default")


def _date(value: object) -> dt.date | None:
    stamp = pd.Timestamp(value)  # type: ignore[arg-type]
    return None if pd.isna(stamp) else stamp.date()
