"""One series under other inputs: the same paths, projected again, and the learned risk on top.

Causes, options and deadlines are differences between such reruns. A variant keeps the series' own
draws (demand paths, record errors, arrivals of each line), so that a difference is the change and
not luck, and the weights that the publication gave to its paths, so that more units on the shelf
never lose more. `p` of a variant comes from the learned model again, as it would in a publication
made with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, to_period
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.stockout import is_out
from models.lead_time import Floats, LeadTimes, Rows
from models.projection import (
    OpenLines,
    Projection,
    Supply,
    exact,
    open_lines,
    project,
    reweighted,
    surely_open,
    up_to,
)
from models.record_error import no_record_errors
from models.replenishment import Habits, Policies
from models.risk.features import Known, with_other_supply
from models.risk.hazard import RuptureHazard, reach_of
from models.risk.outlook import Outlook
from models.risk.structure import BLOCK, Structure
from models.sources import Sources, rows_of
from models.terms import NEVER, Terms

if TYPE_CHECKING:
    from forecasting.forecaster import DemandForecast


DAYS_OF_A_LINE: Final = ("promised_on", "ordered_on")


class OpenLine(NamedTuple):
    """One line on order, as far as people speak of it."""

    place: int  # in WhatIf.lines
    order_id: str
    units: float
    promised_on: dt.date | None
    ordered_on: dt.date
    source: str  # supplier, or the site that ships it
    source_site: str


@dataclass(frozen=True)
class NewLine:
    """An order that somebody may place: at a supplier, or at a site that ships it."""

    units: float
    ordered_on: np.datetime64
    promised_on: np.datetime64 = NEVER  # NaT: by the lead time of its source
    supplier: str = ""
    source_site: str = ""


@dataclass(frozen=True)
class Variant:
    """What is otherwise about one series; as it is where nothing is said."""

    row: int
    without: tuple[int, ...] = ()  # places in WhatIf.lines that do not come
    promised: tuple[tuple[int, np.datetime64], ...] = ()  # places, and by when they are asked for
    extra: tuple[NewLine, ...] = ()
    stock: float = 0.0  # units more on the shelf at the origin, fewer where negative
    demand: float = 1.0  # times as much
    orders_again: bool = True  # by policy or habit; False: nothing more is ordered
    right_record: bool = False  # no loss that nobody booked
    keeps: bool = False  # nothing expires
    freed: bool = False  # nothing is blocked
    punctual: bool = False  # open lines come as promised, whole
    supplied: bool = False  # its source always has stock
    seen: bool = False  # its stock picture is of today
    stated_lead: bool = False  # orders take the time that the master says
    source: int | None = None  # place of a variant among those asked: what its source is then


@dataclass(frozen=True)
class Reruns:
    """Of k variants, in the order asked."""

    units_short: Floats  # [k] expected within the main horizon
    held: Floats  # [k] mean units on the shelf over the main horizon
    fails: Floats  # [k] chance of a stockout within the main horizon, by the published weights
    chance: Floats  # [k] the same by the learned model again; NaN where not asked for


@dataclass(frozen=True)
class WhatIf:
    """A published assessment that can be asked again."""

    panel: Panel
    forecast: DemandForecast
    lead_times: LeadTimes
    options: Options
    structure: Structure
    outlook: Outlook  # as published
    learned: NDArray[np.bool_]  # [n]
    hazard: RuptureHazard | None
    features: pd.DataFrame | None  # [n, F] where the hazard is there
    known: Known | None

    @cached_property
    def lead_days(self) -> Floats:
        """[n] median days of an order from the usual source of each series."""
        terms = self.structure.supply.terms
        return self.lead_times.median_days(terms.group, terms.master_days)

    @property
    def main(self) -> int:
        return min(self.options.main_horizon, self.structure.mean.shape[1])

    @cached_property
    def last_receipt(self) -> dict[str, dt.date]:
        """The day on which something last came from each supplier that ever delivered."""
        lines = self.panel.order_history
        came = lines.groupby("supplier")["received_on"].max().dropna()
        return {str(supplier): day.date() for supplier, day in came.items()}

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The open lines that may come, sorted by series."""
        return surely_open(self.panel.orders)

    @cached_property
    def code_of(self) -> list[tuple[str, str]]:
        """Site and sku of each series."""
        series = self.panel.series
        return list(zip(series["site"], series["sku"], strict=True))

    @cached_property
    def row_of(self) -> dict[tuple[str, str], int]:
        """Of each site and sku."""
        return {code: row for row, code in enumerate(self.code_of)}

    @cached_property
    def _first_line(self) -> Rows:
        series = self.lines["series"].to_numpy(dtype=np.int64)
        return np.searchsorted(series, np.arange(len(self.panel) + 1))

    def places_of(self, row: int) -> range:
        """Of a series' open lines in `lines`."""
        return range(self._first_line[row], self._first_line[row + 1])

    @cached_property
    def _told(self) -> list[OpenLine]:
        lines = self.lines.assign(
            supplier=self.lines["supplier"].fillna(""),
            source_site=self.lines["source_site"].fillna(""),
        )
        days = [lines[name].to_numpy().astype("datetime64[D]") for name in DAYS_OF_A_LINE]
        columns = (lines[name] for name in ("order_id", "units_open", "supplier", "source_site"))
        return [
            OpenLine(place, str(code), float(units), promised, ordered, who or site, site)
            for place, (code, units, who, site, promised, ordered) in enumerate(
                zip(*columns, *(day.astype(object) for day in days), strict=True)
            )
        ]

    def lines_of(self, row: int) -> list[OpenLine]:
        """A series' open lines."""
        return self._told[self._first_line[row] : self._first_line[row + 1]]

    @cached_property
    def projected(self) -> NDArray[np.bool_]:
        """[n] series that a forecast was asked for: the others cannot be rerun."""
        asked = self.forecast.asked
        return np.ones(len(self.panel), dtype=bool) if asked is None else asked

    def rerun(self, variants: Sequence[Variant], *, chance: NDArray[np.bool_]) -> Reruns:
        """`chance` [k]: where the learned model is to be asked again, too."""
        count = len(variants)
        zero, unknown = np.zeros(count), np.full(count, np.nan)
        found = Reruns(zero, zero.copy(), zero.copy(), unknown)
        if not count:
            return found
        asked = _Asked.of(self, variants)
        rows = np.array([one.row for one in variants], dtype=np.int64)
        for part, block in self.structure.blocks:
            begin = part.start
            mine = np.flatnonzero((rows >= begin) & (rows < part.stop))
            if not len(mine):
                continue
            paths = self.forecast.paths(part, self.structure.mean.shape[1])
            weights = self._weights(part, block)
            for few in np.array_split(mine, -(-len(mine) // BLOCK)):
                asked.project_into(found, few, paths[rows[few] - begin], weights[rows[few] - begin])
            again = mine[chance[mine]]
            for few in np.array_split(again, -(-len(again) // BLOCK)) if len(again) else []:
                asked.chance_into(found, few, paths[rows[few] - begin])
        return found

    def _weights(self, part: slice, block: Projection) -> Floats:
        """[b, P] the weights that the published chances gave to the paths."""
        first = self.outlook.means["first_out"][part]
        moved = exact(reweighted(block, np.cumsum(first, axis=1)))
        return np.where(self.learned[part][:, None], moved, block.weights)


@dataclass(frozen=True)
class _Asked:
    """The variants as rows of a supply of their own, in the order asked."""

    base: WhatIf
    variants: Sequence[Variant]
    supply: Supply
    book: pd.DataFrame  # their open lines, with the number of the `variant`, sorted by it
    scale: NDArray[np.float32] = field(repr=False)  # [k] of demand

    @classmethod
    def of(cls, base: WhatIf, variants: Sequence[Variant]) -> _Asked:
        book = _book(base, variants)
        scale = np.array([one.demand for one in variants], dtype=np.float32)
        made = cls(base, variants, _supply(base, variants, book), book, scale)
        return replace(made, supply=made._with_sources())

    def project_into(
        self, found: Reruns, few: Rows, demand: NDArray[np.float32], w: Floats
    ) -> None:
        main = self.base.main
        means = self._projected(few, demand, w).means
        found.units_short[few] = means["unmet"][:, :main].sum(axis=1)
        found.held[few] = means["on_hand"][:, :main].mean(axis=1)
        found.fails[few] = up_to(means["first_out"], main)

    def chance_into(self, found: Reruns, few: Rows, demand: NDArray[np.float32]) -> None:
        """As `assess` does: by the structure, then moved by what was learned."""
        base, main = self.base, self.base.main
        block = self._projected(few, demand, None)
        found.chance[few] = up_to(block.means["first_out"], main)
        rows = np.array([self.variants[place].row for place in few], dtype=np.int64)
        learned = base.learned[rows]
        if base.hazard is None or not learned.any():
            return
        assert base.features is not None
        assert base.known is not None
        reach = reach_of(base.options)
        told, panel = base.known, self._panel(few, rows)
        quantity = np.isfinite(told.sellable[rows])[:, None]
        now = Known(
            closes=told.closes[rows],
            sellable=panel.stock["sellable"].to_numpy(dtype=np.float64),
            first=block.means["first_out"][:, :reach],
            demand=told.demand[rows],
            arrivals=np.where(quantity, block.means["arrivals"][:, :reach], np.nan),
            reorder_point=self.supply.policies.reorder_point[few],
            lead_periods=told.lead_periods[rows],
        )
        features = with_other_supply(base.features.iloc[rows], panel, now)
        first = base.hazard.chained(features, panel, now, base.options)
        found.chance[few] = np.where(learned, up_to(first, main), found.chance[few])

    def _projected(
        self, few: Rows, demand: NDArray[np.float32], weights: Floats | None
    ) -> Projection:
        """Rows of the supply that follow each other are projected together."""
        options = self.base.options
        return project(
            demand * self.scale[few][:, None, None],
            _taken(self.supply, few),
            slice(0, len(few)),
            main=self.base.main,
            lost_share=options.unmet,
            weights=weights,
        )

    def _panel(self, few: Rows, rows: Rows) -> Panel:
        """The panel of some variants, as far as the features of stock and orders look."""
        panel = self.base.panel
        more = np.array([self.variants[place].stock for place in few])
        stock = panel.stock.iloc[rows].reset_index(drop=True)
        stock = stock.assign(sellable=stock["sellable"] + more, on_hand=stock["on_hand"] + more)
        place = np.full(len(self.variants), -1)
        place[few] = np.arange(len(few))
        orders = self.book.assign(series=place[self.book["variant"].to_numpy()])
        variants = pd.DataFrame({"series": rows, "variant": np.arange(len(rows))})
        owed = panel.customer_orders.merge(variants, on="series")
        return replace(
            panel,
            series=panel.series.iloc[rows].reset_index(drop=True),
            **{
                name: getattr(panel, name)[rows]
                for name in ("units", "price", "on_hand", "rebuilt", "blocked", "availability")
            },
            receipts=panel.receipts[rows],
            stock=stock,
            orders=orders[orders["series"] >= 0].drop(columns=["variant", "place"]),
            customer_orders=owed.assign(series=owed["variant"]).drop(columns="variant"),
        )

    def _with_sources(self) -> Supply:
        """The supply in which variants that others draw from ship what they then have."""
        supply, count = self.supply, len(self.variants)
        givers = sorted({one.source for one in self.variants if one.source is not None})
        if not givers:
            return supply
        few = np.array(givers, dtype=np.int64)
        horizon = supply.booked.shape[1]
        rows = sorted({self.variants[place].row for place in givers})
        paths = {row: self.base.forecast.paths(slice(row, row + 1), horizon) for row in rows}
        demand = np.concatenate([paths[self.variants[place].row] for place in givers])
        right = replace(_taken(supply, few), errors=no_record_errors(len(few), horizon))
        block = project(
            demand * self.scale[few][:, None, None],
            right,
            slice(0, len(few)),
            main=horizon,
            lost_share=self.base.options.unmet,
        )
        blocked = np.nan_to_num(right.blocked)[:, None, None]
        dry = np.concatenate(
            [supply.sources.dry, np.packbits(is_out(block.on_hand, blocked), axis=2)]
        )
        code = {giver: count + len(supply.sources.dry) + k for k, giver in enumerate(givers)}
        given = self.base.structure.supply.sources
        of_series, lines = supply.sources.of_series.copy(), supply.lines
        line_source = lines.source.copy()
        drawn = np.array([_drawn(self.variants, one) for one in self.variants], dtype=np.int64)
        for number, one in enumerate(self.variants):
            if one.source is not None and given.of_series[one.row] == drawn[number]:
                of_series[number] = code[one.source]
        book = self.book
        from_site = rows_of(
            self.base.panel,
            book["source_site"].fillna(""),
            self.base.panel.series["sku"].iloc[book["series"].to_numpy(dtype=np.int64)],
        )
        for line in np.flatnonzero((from_site >= 0) & (from_site == drawn[lines.series])).tolist():
            giver = self.variants[lines.series[line]].source
            assert giver is not None
            line_source[line] = code[giver]
        return replace(
            supply,
            lines=replace(lines, source=line_source),
            sources=_direct(count, of_series, dry),
        )


def _book(base: WhatIf, variants: Sequence[Variant]) -> pd.DataFrame:
    """The open lines of each variant, in its order; `place` is that of a line asked for earlier."""
    places: list[int] = []
    number: list[int] = []
    promises: dict[int, np.datetime64] = {}
    extra: list[dict[str, object]] = []
    for variant, one in enumerate(variants):
        other = dict(one.promised)
        for line in base.places_of(one.row):
            if line not in one.without:
                if line in other:
                    promises[len(places)] = other[line]
                places.append(line)
                number.append(variant)
        extra += [
            {**vars(new), "variant": variant, "series": one.row, "line": f"new {k}", "place": -1}
            for k, new in enumerate(one.extra)
        ]
    book = base.lines.take(places).assign(variant=np.array(number, dtype=np.int64), place=-1)
    book = book.reset_index(drop=True)
    if promises:
        promised_on = book["promised_on"].to_numpy(copy=True)
        promised_on[list(promises)] = list(promises.values())
        book["promised_on"] = promised_on
        book.loc[list(promises), "place"] = [places[row] for row in promises]
    if extra:
        new = pd.DataFrame(extra).rename(columns={"units": "units_open"})
        new["order_id"], new["status"] = "", "open"
        for name in ("ordered_on", "promised_on"):
            new[name] = pd.Series(new[name].to_numpy()).astype(book[name].dtype)
        book = pd.concat([book, new], ignore_index=True)
    return book.sort_values("variant", kind="stable").reset_index(drop=True)


def _drawn(variants: Sequence[Variant], one: Variant) -> int:
    """Row of the panel that a variant draws from in another's state; −1: from none."""
    return -1 if one.source is None else variants[one.source].row


def _direct(count: int, of_series: Rows, dry: NDArray[np.uint8]) -> Sources:
    """Sources of `count` variants that are told by place: `count` + place in `dry`."""
    places = np.concatenate([np.full(count, -1), np.arange(len(dry))])
    return Sources(of_series, np.arange(len(places)), places, np.zeros_like(places), dry)


def _supply(base: WhatIf, variants: Sequence[Variant], book: pd.DataFrame) -> Supply:
    """[k] rows of the published supply, each changed as its variant says."""
    given, panel = base.structure.supply, base.panel
    horizon = given.booked.shape[1]
    rows = np.array([one.row for one in variants], dtype=np.int64)

    def told(name: str) -> NDArray[np.bool_]:
        return np.array([getattr(one, name) for one in variants], dtype=bool)

    again, freed, supplied = told("orders_again"), told("freed"), told("supplied")
    keeps, right = told("keeps"), told("right_record")
    variant = book["variant"].to_numpy(dtype=np.int64)
    lines = open_lines(panel, book, base.lead_times, horizon, base.options)
    lines = _no_later(lines, book, base)
    lines = _as_promised(lines, book, told("punctual")[variant], base, horizon)
    held = given.sources
    count = len(rows)

    def direct(givers: Rows, takers: Rows, free: NDArray[np.bool_]) -> Rows:
        place = held.place_of(givers, takers)
        return np.where((place >= 0) & ~free, count + place, -1)

    policies, habits, errors = given.policies, given.habits, given.errors
    ordered = np.bincount(variant, minlength=count) > 0
    by_habit = again & ~ordered
    none = no_record_errors(count, horizon)
    return Supply(
        on_hand=given.on_hand[rows] + np.array([one.stock for one in variants]),
        blocked=np.where(freed, 0.0, given.blocked[rows]),
        unseen=np.where(told("seen"), 0, given.unseen[rows]),
        booked=given.booked[rows],
        seed=given.seed[rows],
        lines=replace(
            lines,
            series=variant,
            source=direct(lines.source, rows[variant], supplied[variant]),
        ),
        policies=Policies(
            np.where(again, policies.reorder_point[rows], np.nan),
            policies.order_up_to[rows],
            policies.pack[rows],
            policies.least_order[rows],
            policies.review[rows],
            np.where(
                told("stated_lead")[:, None],
                _stated(given.terms.master_days[rows], base.panel.frequency, horizon),
                policies.lead_chance[rows],
            ),
            policies.within[rows],
        ),
        habits=Habits(
            np.where(by_habit, habits.usage[rows], 0.0),
            habits.pools[rows],
            habits.pool_from,
            habits.ratios,
            habits.cover_edges,
        ),
        expiring=np.where(keeps[:, None], 0.0, given.expiring[rows]),
        next_open=given.next_open[rows],
        errors=replace(
            errors,
            emptied=np.where(right[:, None], none.emptied, errors.emptied[rows]),
            reduced=np.where(right[:, None], none.reduced, errors.reduced[rows]),
        ),
        terms=_terms(given.terms, rows),
        sources=_direct(count, direct(held.of_series[rows], rows, supplied), held.dry),
    )


def _no_later(lines: OpenLines, book: pd.DataFrame, base: WhatIf) -> OpenLines:
    """A line that is asked for earlier does not come later than it would have."""
    asked = np.flatnonzero(book["place"].to_numpy(dtype=np.int64) >= 0)
    if not len(asked):
        return lines
    chance = lines.chance.copy()
    before = base.structure.supply.lines.chance
    chance[asked] = np.maximum(chance[asked], before[book["place"].to_numpy(np.int64)[asked]])
    return replace(lines, chance=chance)


def _stated(days: Floats, frequency: Frequency, horizon: int) -> Floats:
    """[k, H] chance that an order has come k periods on, if it takes so many days and no more."""
    last_day = np.ceil(np.arange(1, horizon + 1) * frequency.days) - 1
    return np.where(np.isnan(days)[:, None], 1.0, last_day[None, :] >= days[:, None])


def _as_promised(
    lines: OpenLines, book: pd.DataFrame, which: NDArray[np.bool_], base: WhatIf, horizon: int
) -> OpenLines:
    """Some lines come whole at the end of the period they are promised for, the next one where
    that is past; those without a promise stay as they are."""
    promised = book["promised_on"].notna().to_numpy() & which
    if not promised.any():
        return lines
    due = to_period(book["promised_on"][promised].to_numpy(), base.panel.frequency)
    step = np.maximum(due - base.panel.origin - 1, 0)
    chance, share = lines.chance.copy(), lines.share.copy()
    chance[promised] = np.arange(horizon)[None, :] >= step[:, None]
    share[promised] = 1.0
    return replace(lines, chance=chance, share=share)


def _taken(supply: Supply, few: Rows) -> Supply:
    """Some rows of a supply whose sources are told directly, in the order given."""
    lines, place = supply.lines, np.full(len(supply.on_hand), -1)
    place[few] = np.arange(len(few))
    mine = np.flatnonzero(place[lines.series] >= 0)
    mine = mine[np.argsort(place[lines.series[mine]], kind="stable")]
    policies, habits, errors = supply.policies, supply.habits, supply.errors
    return Supply(
        on_hand=supply.on_hand[few],
        blocked=supply.blocked[few],
        unseen=supply.unseen[few],
        booked=supply.booked[few],
        seed=supply.seed[few],
        lines=OpenLines(
            place[lines.series[mine]],
            *(getattr(lines, part.name)[mine] for part in fields(lines)[1:]),
        ),
        policies=Policies(*(getattr(policies, part.name)[few] for part in fields(policies))),
        habits=replace(habits, usage=habits.usage[few], pools=habits.pools[few]),
        expiring=supply.expiring[few],
        next_open=supply.next_open[few],
        errors=replace(errors, emptied=errors.emptied[few], reduced=errors.reduced[few]),
        terms=_terms(supply.terms, few),
        sources=replace(supply.sources, of_series=supply.sources.of_series[few]),
    )


def _terms(terms: Terms, rows: Rows) -> Terms:
    return Terms(
        source=terms.source[rows],
        group=terms.group[rows],
        master_days=terms.master_days[rows],
        order_days=[terms.order_days[row] for row in rows.tolist()],
        last_order=terms.last_order[rows],
        cutoff_time=terms.cutoff_time[rows],
        closures=[terms.closures[row] for row in rows.tolist()],
    )
