"""Which option is recommended: the effects of all of them, weighed in currency where it is known.

What would be lost if nothing were done is what is lost as it is, where a policy orders by itself
or deliveries go on as usual: an option is worth what it adds to that. Else nobody orders unless
told to.

An option is in time if it spares at least half of what would be lost if nothing were done; the
deadline is the last day on which it still is (DESIGN, act_by). Recommended is what spares most, its
cost deducted, among those in time; where none is, what spares most, and it is too late to avoid it.
A second one follows where both together spare a tenth more of the loss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.attention import LIKELY
from models.lead_time import Floats
from models.risk.way_out.causes import Cause, Situation
from models.risk.way_out.options import TOO_LATE, Draft, Option, together
from models.risk.way_out.reruns import Reruns, rerun
from models.risk.way_out.variants import Variant
from models.risk.way_out.whatif import WhatIf

IN_TIME: Final = 0.5  # of what would be lost, that an option spares while it is in time
WORTH: Final = 0.02  # of it, below which an option is none
LEAST_UNITS: Final = 0.5
"""Saved, below which an action is none, unless it is worth what it costs, or where no setting says
that the setting `least_saving`: a few minutes of a buyer."""
REPAIRS: Final = 0.1  # of it, below which an option is told but never recommended
SECOND: Final = 0.1  # of it, that a second action spares besides
BREAKS_FROM: Final = 0.25
"""Chance to run out itself from which a site is not asked for a transfer: it would be warned of."""
BREAKS_BY: Final = 0.02  # … unless the transfer moved it by no more than this
YEAR_DAYS: Final = 365.0


@dataclass(frozen=True)
class Weighing:
    """Places of reruns: of the series itself, and of those that draw from it."""

    own: int
    drawing: list[int]


@dataclass
class Questions:
    """Variants to be rerun, each once. `begin`: the place of the first; `before`: places of those
    that were asked already."""

    begin: int = 0
    before: Mapping[Variant, int] = field(default_factory=dict)
    variants: list[Variant] = field(default_factory=list)
    number: dict[Variant, int] = field(default_factory=dict)

    def ask(self, one: Variant) -> int:
        """Its place."""
        known = self.before.get(one)
        return self.begin + self._here(one) if known is None else known

    def weigh(self, one: Variant, drawing: Sequence[int]) -> Weighing:
        """`drawing`: rows that draw from the series."""
        if not drawing:
            return Weighing(self.ask(one), [])
        source = self._here(one)  # who is drawn from is rerun together with those who draw
        return Weighing(
            self.begin + source, [self.ask(Variant(row, source=source)) for row in drawing]
        )

    def _here(self, one: Variant) -> int:
        if one not in self.number:
            self.number[one] = len(self.variants)
            self.variants.append(one)
        return self.number[one]

    def has(self, one: Variant) -> bool:
        return one in self.number

    def place(self, one: Variant) -> int:
        return self.begin + self.number[one]


@dataclass
class Asked:
    """One series at risk, and the places of its reruns."""

    row: int
    now: Situation
    refilled: bool  # by a policy or by habit, whether or not this is read
    candidates: list[tuple[Cause, Variant]]  # causes that may weigh, and the series without them
    drafts: list[Draft]
    drawing: Sequence[int] = ()  # rows that draw from it
    as_it_is: int = -1
    nothing_done: Weighing = field(init=False)
    causes: list[tuple[Cause, int]] = field(default_factory=list)
    ways: list[Weighing | None] = field(default_factory=list)  # of each draft, done at once
    giver: dict[int, tuple[int, int]] = field(default_factory=dict)  # by draft: as it is, and after

    def offers(self, code: str) -> bool:
        """Whether there is an option of this code."""
        return any(draft.option.code == code for draft in self.drafts)

    def leave_out(self, code: str) -> None:
        """Without the options of this code, none of which was asked yet."""
        self.drafts = [draft for draft in self.drafts if draft.option.code != code]

    def usual(self, way: Variant) -> Variant:
        """A change, and besides it what would be ordered anyway."""
        return replace(way, orders_again=self.refilled)


@dataclass(frozen=True)
class Stakes:
    """What a unit short of each series is worth [n], and what nobody here consumes."""

    loss: Floats  # currency; NaN unknown
    consumed: Floats  # share that is not passed on to other sites
    chance: Floats  # of a stockout, as published
    unit_cost: Floats
    out: NDArray[np.bool_]
    least_saving: Floats  # currency, see `is_trifle`
    currency: NDArray[np.object_]


@dataclass(frozen=True)
class Amount:
    """Of units that customers miss, and their value."""

    units: float
    value: float  # currency; NaN unknown
    by_units: bool = False  # of series on which nothing is known to be earned

    @property
    def measure(self) -> float:
        return self.units if self.by_units else self.value

    def less(self, other: Amount) -> Amount:
        """Without the other, as far as its value is known."""
        value = self.value - (0.0 if math.isnan(other.value) else other.value)
        return replace(self, units=self.units - other.units, value=value)


def is_trifle(saved: Amount, cost: float, least_saving: float) -> bool:
    """Whether what an action saves in all is next to nothing. `cost`: currency; NaN unknown: then
    the least saving, in the same currency, takes its place."""
    least = least_saving if np.isnan(cost) else cost
    return saved.units < LEAST_UNITS and not saved.value >= least


@dataclass(frozen=True)
class Effect:
    """Of the first recommended action, on one series."""

    row: int
    lost: Amount  # within the main horizon if nothing is done
    saved: Amount
    ruptures: float  # expected stockouts avoided, 0 … 1
    missed: bool  # out, or likely to be as published: customers are to miss something

    @property
    def repairs(self) -> bool:
        """Whether it spares enough of what would be lost here."""
        return self.saved.measure >= REPAIRS * self.lost.measure > 0


@dataclass(frozen=True)
class Chosen:
    """Of one series: the options, the recommended ones first; how many are; and the deadline."""

    row: int
    options: list[Option]
    recommended: int
    nothing_done: Amount  # lost within the main horizon, those who draw from it included
    act_by: str
    effects: list[Effect]  # the series itself, and those that draw from it
    least_saving: float  # currency, see `is_trifle`
    way: Variant | None = None  # the change that the first recommended one makes

    @property
    def actions(self) -> list[Option]:
        return self.options[: self.recommended]

    @property
    def pays(self) -> bool:
        """Whether what is recommended is worth doing: not known to cost more than it saves, and not
        next to nothing."""
        if not self.recommended:
            return True
        first, by_units = self.options[0], self.nothing_done.by_units
        saved = Amount(first.units_saved, first.loss_avoided, by_units)
        dear = not by_units and not first.pays  # units and money are never compared
        return not dear and not is_trifle(saved, first.cost, self.least_saving)

    @property
    def is_accepted(self) -> bool:
        return bool(self.recommended) and self.options[0].code == "accept"

    def accepted(self) -> Chosen:
        """The risk is taken; what was weighed stays told behind it."""
        accept, others = self.options[-1], self.options[:-1]
        return replace(self, options=[accept, *others], recommended=1, act_by="")


@dataclass(frozen=True)
class Weighed:
    """An option with its effect when done at once."""

    option: Option
    weighing: Weighing | None
    way: Variant | None  # the change, usual orders included; None: nothing to rerun
    giver: Variant | None
    spare: float  # units that the giver can do without
    net: float  # measure; in currency, cost deducted

    def repairs(self, lost: Amount) -> bool:
        """Whether it spares enough of what would be lost to be recommended."""
        option = self.option
        saved = replace(lost, units=option.units_saved, value=option.loss_avoided)
        return saved.measure >= REPAIRS * lost.measure

    def is_left(self, given: Mapping[int, float]) -> bool:
        """Whether the giver still has the units, after those `given` by row."""
        if self.giver is None:
            return True
        return given.get(self.giver.row, 0.0) + self.option.units <= self.spare


@dataclass(frozen=True)
class Choice:
    """The reruns behind the choice, by place; `ratio` by series: of published to rerun units.

    Without `whole` what an option leaves to the learned model, and what a lost day costs, are not
    asked: no choice hangs on them.
    """

    base: WhatIf
    variants: Sequence[Variant]
    reruns: Reruns
    short: Floats  # units, as published
    ratio: Floats
    stakes: Stakes
    whole: bool = True

    def made(self, asked: Sequence[Asked]) -> list[Chosen]:
        """One for each series, in their order."""
        whole, following = self._with_following(asked)
        weighed = [whole._weighed(one, then) for one, then in zip(asked, following, strict=True)]
        again, givers = Questions(), set()
        for one, found in zip(asked, weighed, strict=True):
            for other in found:
                if self.whole and other.way is not None:
                    again.ask(other.way)
                if other.giver is not None:
                    givers.add(again.ask(other.giver))
            pair = self._pair(one, found)
            if pair is not None:
                again.ask(one.usual(pair))
                if self.whole:
                    again.ask(pair)
        chance = np.full(len(again.variants), self.whole)
        chance[list(givers)] = True
        reruns = rerun(self.base, again.variants, chance=chance)
        given: dict[int, float] = {}
        # who gains most is served first by a site that can spare units but once
        order = sorted(range(len(asked)), key=lambda k: -weighed[k][0].net if weighed[k] else 0.0)
        made = {k: self._decided(asked[k], weighed[k], again, reruns, given) for k in order}
        return [made[k] for k in range(len(asked))]

    def _with_following(
        self, asked: Sequence[Asked]
    ) -> tuple[Choice, list[dict[int, list[Weighing]]]]:
        """What a lost day changes is asked of those options alone that are worth it: by draft the
        later order days, or the same a day later; and the choice with their reruns."""
        questions = Questions(begin=len(self.variants))
        found = []
        for one in asked:
            lost, then = self._lost(one.nothing_done), {}
            for number, draft in enumerate(one.drafts):
                if _is_worth(self._saved(one, number, lost), lost):  # whatever a giver misses
                    if draft.giver is not None:
                        left = Variant(draft.giver.row), draft.giver
                        one.giver[number] = questions.ask(left[0]), questions.ask(left[1])
                    later = [draft.later] if self.whole and draft.later else []
                    ways = draft.ways[1:] if draft.days else later
                    then[number] = [questions.weigh(one.usual(way), one.drawing) for way in ways]
            found.append(then)
        more = questions.variants
        short = rerun(self.base, more, chance=np.zeros(len(more), dtype=bool)).units_short
        rows = np.array([one.row for one in more], dtype=np.int64)
        short = np.concatenate([self.short, short * self.ratio[rows]])
        return replace(self, variants=[*self.variants, *more], short=short), found

    def _saved(self, one: Asked, number: int, lost: Amount) -> Amount:
        """Of a draft, done at once."""
        way, giver = one.ways[number], one.giver.get(number)
        if way is None:
            units = min(one.drafts[number].free_units, float(self.short[one.nothing_done.own]))
            return self._amount([one.row], np.array([units]))
        saved = lost.less(self._lost(way))
        return saved if giver is None else saved.less(self._taken(one.row, *giver))

    def _lost(self, weighing: Weighing) -> Amount:
        places = [weighing.own, *weighing.drawing]
        rows = [self.variants[place].row for place in places]
        return self._amount(rows, self.short[places])

    def _amount(self, rows: Sequence[int], short: Floats) -> Amount:
        if len(rows) == 1:
            return self._amount_of(rows[0], float(short[0]))
        unit_loss = self.stakes.loss[rows]
        known = np.isfinite(unit_loss)
        value = float(np.nansum(unit_loss * short)) if known.any() else np.nan
        units = float((self.stakes.consumed[rows] * short).sum())
        return Amount(units, value, by_units=not (unit_loss > 0).any())

    def _amount_of(self, row: int, short: float) -> Amount:
        """Of one series."""
        unit_loss = float(self.stakes.loss[row])
        value = unit_loss * short if math.isfinite(unit_loss) else np.nan
        return Amount(float(self.stakes.consumed[row]) * short, value, by_units=not unit_loss > 0)

    def _weighed(self, one: Asked, following: Mapping[int, list[Weighing]]) -> list[Weighed]:
        """The options that are worth it, the best first. `following`: by draft, what is left if a
        day is lost, and for an order the days after it."""
        lost = self._lost(one.nothing_done)
        found = []
        for number, then in following.items():
            draft, way, giver = one.drafts[number], one.ways[number], one.giver.get(number)
            option, first = draft.option, self._saved(one, number, lost)
            if not _is_worth(first, lost):
                continue
            next_day = first
            if draft.days:
                taken = Amount(0.0, 0.0) if giver is None else self._taken(one.row, *giver)
                saved = [first, *(lost.less(self._lost(day)).less(taken) for day in then)]
                days = draft.days[: _last_in_time(saved, lost) + 1]
                by = max((day for day in days if day <= draft.until), default=days[0])
                option = replace(option, by=by)
                next_day = saved[1] if len(saved) > 1 else Amount(0.0, 0.0)
            elif then:
                next_day = lost.less(self._lost(then[0]))
            fixed, of_line = self._costs(one, option, None if way is None else way.own)
            costs = [cost for cost in (fixed, of_line) if math.isfinite(cost)]
            cost = sum(costs) if costs else np.nan
            option = replace(
                option,
                units_saved=first.units,
                loss_avoided=first.value,
                cost=cost,
                fixed_cost=fixed if math.isfinite(fixed) else 0.0,
                regret=max(first.measure - next_day.measure, 0.0),
                in_time=first.measure >= IN_TIME * lost.measure,
            )
            net = first.measure
            if not first.by_units:  # units and money are never added
                net -= cost if costs else 0.0
            found.append(
                Weighed(
                    option,
                    way,
                    draft.ways[0] if draft.ways else None,
                    draft.giver,
                    draft.free_units,
                    net,
                )
            )
        return sorted(found, key=lambda other: (not other.option.in_time, -other.net))

    def _taken(self, row: int, before: int, after: int) -> Amount:
        """What the giver misses for the sake of a series; of unknown value there: as it is here."""
        giver = self.variants[after].row
        more = np.array([max(self.short[after] - self.short[before], 0.0)])
        taken = self._amount([giver], more)
        if np.isfinite(taken.value):
            return taken
        return replace(taken, value=self._amount([row], more).value)

    def _pair(self, one: Asked, found: Sequence[Weighed]) -> Variant | None:
        """The two best together, where the first leaves enough for a second of another kind."""
        if one.nothing_done.drawing or len(found) < 2:
            return None
        first, second = found[:2]
        if first.way is None or second.way is None or first.option.key == second.option.key:
            return None
        lost = self._lost(one.nothing_done).measure
        return together(first.way, second.way) if lost - first.net >= SECOND * lost else None

    def _effects(self, one: Asked, first: Weighed | None) -> list[Effect]:
        """Of what is done first, on the series and on those that draw from it; what a giver misses,
        and what a substitute serves, counts where it is asked for."""
        nothing = one.nothing_done
        done = None if first is None else first.weighing
        found = []
        for before, after in zip(
            [nothing.own, *nothing.drawing],
            [nothing.own, *nothing.drawing] if done is None else [done.own, *done.drawing],
            strict=True,
        ):
            row = self.variants[before].row
            lost, left = (self._amount([row], self.short[[k]]) for k in (before, after))
            fails = self.reruns.fails
            ruptures = max(float(fails[before] - fails[after]), 0.0)
            likely = self.stakes.out[row] or self.stakes.chance[row] >= LIKELY
            missed = lost.units > 0 and bool(likely)
            found.append(Effect(row, lost, lost.less(left), ruptures, missed))
        if first is not None:
            own = replace(
                found[0].saved, units=first.option.units_saved, value=first.option.loss_avoided
            )
            for other in found[1:]:
                own = own.less(other.saved)
            found[0] = replace(found[0], saved=own)
        return found

    def _costs(self, one: Asked, option: Option, place: int | None) -> tuple[float, float]:
        """Currency of the item, by the workspace's settings: once for all lines, and of each: the
        count of a shelf, or holding what comes early; NaN where they do not say."""
        said = self.base.options
        if option.code == "substitute":
            return 0.0, 0.0
        stated = {
            "expedite": said.expedite_cost,
            "transfer": said.transfer_cost,
            "order": said.order_cost,
            "count": said.count_cost,
        }[option.code]
        currency = str(self.stakes.currency[one.row])
        fixed = np.nan if stated is None else said.told_in(currency, stated)
        if option.code == "count":
            return np.nan, fixed
        if option.code != "order" or said.holding_rate is None or place is None:
            return fixed, np.nan
        days = self.base.main * self.base.panel.frequency.days
        held = max(self.reruns.held[place] - self.reruns.held[one.nothing_done.own], 0.0)
        return fixed, held * self.stakes.unit_cost[one.row] * said.holding_rate * days / YEAR_DAYS

    def _decided(
        self,
        one: Asked,
        weighed: list[Weighed],
        again: Questions,
        reruns: Reruns,
        given: dict[int, float],
    ) -> Chosen:
        """`given`: units that each row gives away by what was decided before; added to."""
        lost = self._lost(one.nothing_done)
        kept = []
        for other in weighed:
            if not other.is_left(given):
                continue
            if other.giver is not None:
                left = reruns.chance[again.place(other.giver)]
                if left >= max(BREAKS_FROM, self.stakes.chance[other.giver.row] + BREAKS_BY):
                    continue
            residual = self.stakes.chance[one.row]
            if self.whole and other.way is not None:
                residual = reruns.chance[again.place(other.way)]
            kept.append(
                replace(other, option=replace(other.option, residual_probability=float(residual)))
            )
        accept = Option("accept", residual_probability=float(self.stakes.chance[one.row]))
        accept = replace(accept, loss_avoided=0.0 * lost.value, cost=0.0)
        options = [other.option for other in kept]
        first = kept[0] if kept and kept[0].repairs(lost) else None
        recommended = 0 if first is None else 1
        pair = self._pair(one, kept)
        if recommended and pair is not None and again.has(one.usual(pair)):
            place = again.place(one.usual(pair))
            both = lost.less(
                self._amount([one.row], reruns.units_short[[place]] * self.ratio[one.row])
            )
            more = both.less(Amount(options[0].units_saved, options[0].loss_avoided))
            if more.measure >= SECOND * lost.measure:
                second = replace(
                    options[1],
                    units_saved=more.units,
                    loss_avoided=more.value,
                    residual_probability=(
                        float(reruns.chance[again.place(pair)]) if self.whole else np.nan
                    ),
                )
                options[1] = second
                recommended = 2
        act_by = ""
        if recommended:
            act_by = options[0].deadline if options[0].in_time else TOO_LATE
        for other in kept[:recommended]:
            if other.giver is not None:
                given[other.giver.row] = given.get(other.giver.row, 0.0) + other.option.units
        effects = self._effects(one, first)
        way = None if first is None else first.way
        least = float(self.stakes.least_saving[one.row])
        return Chosen(one.row, [*options, accept], recommended, lost, act_by, effects, least, way)


def _is_worth(saved: Amount, lost: Amount) -> bool:
    """Whether an option is one: it spares some of what would be lost."""
    return lost.measure > 0 and not saved.measure < WORTH * lost.measure


def _last_in_time(saved: Sequence[Amount], lost: Amount) -> int:
    """The last way that spares at least half of the loss; the first where none does."""
    in_time = [k for k, one in enumerate(saved) if one.measure >= IN_TIME * lost.measure]
    return in_time[-1] if in_time else 0
