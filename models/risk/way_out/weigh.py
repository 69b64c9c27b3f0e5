"""What to do for the series at risk: what each cause and each option weighs, and what is chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from forecasting.engine import copies_for, in_copies
from models.lead_time import Floats, Rows
from models.lots import in_lots, lots_in
from models.risk.shortage import Shortage
from models.risk.way_out.causes import COUNT_FROM, Cause, Line, Situation, first_cause, shared
from models.risk.way_out.choice import Asked, Choice, Chosen, Questions, Stakes
from models.risk.way_out.counterfactuals import counterfactuals
from models.risk.way_out.groups import SOURCE_SHORT, Group, grouped, helps
from models.risk.way_out.options import Need, drafts
from models.risk.way_out.reruns import Reruns, rerun
from models.risk.way_out.spare import Others
from models.risk.way_out.upstream import with_source_actions
from models.risk.way_out.variants import Variant
from models.risk.way_out.whatif import WhatIf

ACT_FROM: Final = 0.1
"""Chance within the main horizon below which options stay blank."""
SURELY_LESS: Final = 0.18
"""Part of what is short that a cause spares, below which its share is never COUNT_FROM: where the
usual swings are too small to be named they are added to it, up to `causes.LEAST_SHARE`."""
PHANTOM: Final = "phantom_stock"
LEAST_APART: Final = 200  # series for each core, below which another process saves nothing


@dataclass(frozen=True)
class Weighed:
    """Of the series that were asked about."""

    chosen: list[Chosen]
    causes: Mapping[int, Sequence[Cause]]  # by row
    groups: list[Group]  # of those on the list


def weighed(base: WhatIf, shortage: Shortage, rows: Rows, *, whole: bool) -> Weighed:
    """Causes and actions of the series `rows`, whose stock is known; those on the list are grouped.

    Without `whole` the actions alone are told, and what they do not hang on is left out: causes,
    what a day costs, and the chance that the learned model gives what is left.
    """
    on_list = set(np.flatnonzero(shortage.listed).tolist()) & set(rows.tolist())
    of_row: dict[int, Chosen] = {}
    causes: dict[int, list[Cause]] = {}
    jobs = [
        partial(_chosen, base, shortage, part, on_list, whole=whole) for part in _apart(base, rows)
    ]
    for some, why in in_copies(jobs):
        of_row |= {one.row: one for one in some}
        causes |= why
    found = [of_row[row] for row in rows.tolist()]
    groups = grouped(base, found, causes, sorted(on_list), shortage.currency)
    found = with_source_actions(base, _only_what_pays(found, groups), groups, whole=whole)
    return Weighed(found, causes, groups)


def _apart(base: WhatIf, rows: Rows) -> list[Rows]:
    """The rows in parts, one a core, that hang on each other in nothing that is chosen: goods move
    between series of one item alone."""
    parts = copies_for(len(rows), LEAST_APART)
    if parts < 2:
        return [rows]
    item = pd.factorize(base.panel.series["sku"].iloc[rows])[0]
    return [rows[item % parts == part] for part in range(parts)]


def _chosen(
    base: WhatIf, shortage: Shortage, rows: Rows, on_list: set[int], *, whole: bool
) -> tuple[list[Chosen], dict[int, list[Cause]]]:
    """What is chosen for each row before groups are looked at, and the causes by row."""
    asked = _asked(base, shortage, rows)
    told = _Answers(base)
    told.to(_as_they_are(told.more(), asked, whole=whole))
    unsure = [] if whole else [one for one in asked if _may_be_phantom(one, told.reruns)]
    told.to(_all_causes(told.more(), unsure))
    ratio = np.ones(len(base.panel))
    for one in asked:
        units = float(told.reruns.units_short[one.as_it_is])
        ratio[one.row] = min(shortage.units_short[one.row] / units, 1.0) if units > 0 else 1.0
    causes = _causes(asked if whole else unsure, told.reruns, ratio)
    for one in asked:
        named = causes.get(one.row, ())
        if sum(cause.share for cause in named if cause.code == PHANTOM) < COUNT_FROM:
            one.leave_out("count")
    told.to(_ways(told.more(), asked))
    of_row = np.array([one.row for one in told.variants], dtype=np.int64)
    found = Choice(
        base,
        told.variants,
        told.reruns,
        told.reruns.units_short * ratio[of_row],
        ratio,
        _stakes(base, shortage),
        whole=whole,
    ).made(asked)
    if not whole:
        unsure = _may_be_repaired_at_source(base, asked, found, causes, on_list)
        told.to(_all_causes(told.more(), unsure))
        causes |= _causes(unsure, told.reruns, ratio)
    return found, causes


class _Answers:
    """Variants asked so far, and what their reruns say."""

    def __init__(self, base: WhatIf) -> None:
        self._base = base
        self.variants: list[Variant] = []
        self._places: dict[Variant, int] = {}  # of those that stand by themselves
        self.reruns = rerun(base, [], chance=np.zeros(0, dtype=bool))

    def more(self) -> Questions:
        """To be asked behind these."""
        return Questions(begin=len(self.variants), before=dict(self._places))

    def to(self, questions: Questions) -> None:
        """Rerun what is asked."""
        fresh = questions.variants
        found = rerun(self._base, fresh, chance=np.zeros(len(fresh), dtype=bool))
        self.reruns = self.reruns.followed_by(found)
        self.variants += fresh
        self._places |= {
            one: questions.begin + place
            for one, place in questions.number.items()
            if one.source is None
        }


def _as_they_are(questions: Questions, asked: Sequence[Asked], *, whole: bool) -> Questions:
    """Each series as it is, and without its causes: all of them, else a wrong record alone, on
    which a count hangs."""
    for one in asked:
        one.as_it_is = questions.ask(Variant(one.row))
        one.causes = [
            (cause, questions.ask(variant))
            for cause, variant in one.candidates
            if whole or (cause.code == PHANTOM and one.offers("count"))
        ]
    return questions


def _may_be_phantom(one: Asked, reruns: Reruns) -> bool:
    """Whether a wrong record, the only cause asked for, may explain enough of what is short."""
    now = float(reruns.units_short[one.as_it_is])
    spared = max((now - float(reruns.units_short[place]) for _, place in one.causes), default=0.0)
    return spared > 0 and spared >= SURELY_LESS * now


def _may_be_repaired_at_source(
    base: WhatIf,
    asked: Sequence[Asked],
    chosen: Sequence[Chosen],
    causes: Mapping[int, Sequence[Cause]],
    on_list: set[int],
) -> list[Asked]:
    """The series whose first cause tells whether the site that ships there acts for them, as far
    as it is not known yet."""
    of_row = {one.row: one for one in chosen}
    givers = base.structure.supply.sources.of_series
    return [
        one
        for one in asked
        if one.row in on_list
        and one.row not in causes
        and of_row[one.row].actions
        and int(givers[one.row]) in on_list
        and helps(of_row, int(givers[one.row]), one.row)
        and any(cause.code == SOURCE_SHORT for cause, _ in one.candidates)
    ]


def _all_causes(questions: Questions, unsure: Sequence[Asked]) -> Questions:
    """Each series without each of its causes."""
    for one in unsure:
        one.causes = [(cause, questions.ask(variant)) for cause, variant in one.candidates]
    return questions


def _causes(asked: Sequence[Asked], reruns: Reruns, ratio: Floats) -> dict[int, list[Cause]]:
    """By row, of series whose causes were all asked for."""
    found = {}
    for one in asked:
        now, share = reruns.units_short[one.as_it_is], ratio[one.row]
        spared = [
            (cause, max(now * share - reruns.units_short[place] * share, 0.0))
            for cause, place in one.causes
        ]
        found[one.row] = shared(float(now * share), spared) or [first_cause(one.now)]
    return found


def _ways(questions: Questions, asked: Sequence[Asked]) -> Questions:
    """If nothing is done, and each option done at once."""
    for one in asked:
        nothing = Variant(one.row, orders_again=one.refilled)
        one.nothing_done = questions.weigh(nothing, one.drawing)
        for draft in one.drafts:
            first = draft.ways[:1]
            one.ways += [questions.weigh(one.usual(way), one.drawing) for way in first] or [None]
    return questions


def _stakes(base: WhatIf, shortage: Shortage) -> Stakes:
    series, least = base.panel.series, base.options.least_saving_in
    return Stakes(
        loss=shortage.loss,
        consumed=1.0 - series["passed_on"].to_numpy(dtype=np.float64),
        chance=shortage.probability,
        unit_cost=series["unit_cost"].to_numpy(dtype=np.float64),
        out=shortage.out,
        least_saving=np.array([least(one) for one in shortage.currency]),
        currency=shortage.currency,
    )


def _asked(base: WhatIf, shortage: Shortage, rows: Rows) -> list[Asked]:
    """The series at risk, what may be their causes, and what can be done; nothing is rerun yet."""
    panel, supply = base.panel, base.structure.supply
    terms, lead_times = supply.terms, base.lead_times
    lead_days = base.lead_days
    basis = lead_times.basis(terms.group, terms.master_days)
    sites = set(panel.series["site"])
    drawn_by = _drawn_by(base, rows)
    others = Others.of(base, shortage)
    to_act = (shortage.probability >= ACT_FROM) | shortage.out
    orders_itself = np.isfinite(supply.policies.reorder_point).tolist()
    asked = []
    for row in rows.tolist():
        now = situation(base, shortage, row)
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
            refilled=orders_itself[row] or now.by_habit,
            candidates=counterfactuals(now, base, row, missing, lead_days[row]),
            drafts=drafts(need, base) if to_act[row] else [],
            drawing=drawn_by.get(row, []),
        )
        asked.append(one)
    return asked


def _drawn_by(base: WhatIf, at_risk: Rows) -> dict[int, list[int]]:
    """Rows at risk that draw from each row at risk."""
    supply = base.structure.supply
    givers = supply.sources.of_series[at_risk]
    found: dict[int, list[int]] = {}
    for row, giver in zip(at_risk.tolist(), givers.tolist(), strict=True):
        if giver >= 0 and supply.sources.place_of(np.array([giver]), np.array([row]))[0] >= 0:
            found.setdefault(giver, []).append(row)
    return found


def situation(base: WhatIf, shortage: Shortage, row: int) -> Situation:
    """What is known of one series at the origin."""
    panel, supply = base.panel, base.structure.supply
    closes = shortage.closes[row]
    usual = panel.units[row, -8 * base.main :]
    # an empty shelf sells less than is wanted: such days are no measure of the usual demand
    usual = usual[np.isfinite(usual) & (closes[-len(usual) :] != 1.0)]
    return Situation(
        today=panel.origin_date,
        stockout_on=_date(shortage.stockout_on[row]),
        on_hand=base.on_hand[row],
        sellable=base.sellable[row],
        stock_on=base.stock_on[row],
        stale=bool(shortage.stale[row]),
        lines=[(line.order_id, line.units, line.promised_on) for line in base.lines_of(row)],
        reorder_point=float(supply.policies.reorder_point[row])
        if supply.policies.stated[row]
        else np.nan,
        lead_demand=float(shortage.daily_demand[row] * base.lead_days[row]),
        demand=float(shortage.demand[row]),
        forecast=float(shortage.daily_demand[row] * base.main * panel.frequency.days),
        usual_demand=float(usual.mean() * base.main) if len(usual) else np.nan,
        by_habit=bool(supply.habits.usage[row] > 0),
        closes_out=int(np.count_nonzero(closes == 1.0)),
        closes_known=int(np.count_nonzero(np.isfinite(closes))),
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
    on_hand = np.nan_to_num(supply.on_hand[row]) - base.spoils[row]
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
    units = in_lots(missing, pack, policies.least_order[row])
    if position + units > most:
        units = lots_in(most - position, pack)
    return float(units) if units >= max(policies.least_order[row], pack) else 0.0


def _sold_before_the_end(base: WhatIf, shortage: Shortage, row: int) -> float:
    """Units wanted until the item is discontinued; without end where nobody says."""
    end = base.ends_on[row]
    if end is None:
        return np.inf
    days = (end - base.panel.origin_date).days
    return float(np.ceil(shortage.daily_demand[row] * max(days, 0)))


def _can_order(base: WhatIf, row: int, basis: str) -> bool:
    """A source is named, or a lead time was learned or stated."""
    return bool(base.structure.supply.terms.source[row] != "" or basis != "default")


def _date(day: np.datetime64) -> dt.date | None:
    found: dt.date | None = day.astype("datetime64[D]").astype(object)
    return found


def _only_what_pays(found: Sequence[Chosen], groups: Sequence[Group]) -> list[Chosen]:
    """The risk is taken where avoiding it costs more than it saves: together with all that the same
    order, call or transfer repairs, or alone where the series is on nobody's list."""
    pays: dict[int, bool] = {}
    for group in groups:
        pays |= dict.fromkeys((member.row for member in group.acting), group.pays)
    return [one if pays.get(one.row, one.pays) else one.accepted() for one in found]
