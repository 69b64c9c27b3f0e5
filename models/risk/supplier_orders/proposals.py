"""The orders of the next two weeks (two periods at least), whole, by source, site, buyer and day.

The plan walks along the expected path, by day: arrivals, what expires, demand, as
models.projection does by sample path; what an earlier day proposes is on order for the later ones.
On each order day of the source (order days, closures: models.terms) a line is due:

- by a policy, at its reviews, where the position (on hand + on order − backlog) is at or below the
  reorder point: up to its level (`below_reorder_point`);
- without one, where the position would not last until an order of the *following* order day has
  come, with the lead time that nine orders in ten keep and the demand that is exceeded once in ten
  times: to that, and a usual order more (`cover_too_short`; see `order_needs`).
- by either, where the list of the morning advises an order at the usual source and the plan has
  none by its last day in time: what is advised, on that day (`advised`).

Units are whole packs (whole units where none is stated), at least the item's minimum. Nothing is
ordered that comes after `discontinued_on`, or that would not be wanted before it. An order is for
one delivery address; a supplier's minimum holds for each, and is filled up with the items of the
same supplier, site and buyer that would need an order next (`fill_up`), none beyond FILL_UP_DAYS of
demand above its level. Where that does not reach it, nothing is filled up, and the order says so.
Another site as source sends a transfer; it states no minimum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.demand_forecast import GrainForecast
from forecasting.options import Options
from forecasting.panel import Panel
from models.lead_time import LONGEST_DAYS, Floats, LeadTimes, Rows
from models.lots import in_lots, lots_in
from models.projection import Supply
from models.risk.structure import standing_of
from models.risk.supplier_orders.advice import Advised
from models.risk.supplier_orders.expected_path import ExpectedPath
from models.risk.supplier_orders.filling import Items, Minimum, filled
from models.risk.supplier_orders.order_needs import LOOK_AHEAD_DAYS, Calendar, Expected, Levels
from models.risk.supplier_orders.proposal_lines import (
    ADVISED,
    BELOW,
    TOO_SHORT,
    Address,
    Order,
    Place,
    lines_of,
    table_of_lines,
)
from models.risk.way_out.silence import Silence, silences
from models.sources import rows_of
from models.terms import receiving_days, terms_by_route

FILL_UP_DAYS: Final = 28.0
"""Of demand above its level that an order may hold of an item to reach a supplier's minimum: four
weeks of stock more cost little, a year's costs more than the freight."""


def proposals(
    panel: Panel,
    supply: Supply,
    forecast: GrainForecast,
    lead_times: LeadTimes,
    options: Options,
    advice: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Lines of whole orders, in the columns of COLUMNS, by order day, source, site and buyer.

    `advice`: what the list of the morning advises to order, see `advice.advice_of`; None: nothing.
    `forecast`: demand in the panel's own grain, over the horizon of `supply`. Series without a
    known stock, without a source, outside the assortment or bought to order have no line.
    """
    calendar = Calendar.of(panel, supply)
    expected = Expected.of(panel, forecast, supply.booked)
    levels = Levels.of(panel, supply, lead_times, expected, calendar)
    plan = Plan.of(panel, supply, lead_times, options, calendar, expected)
    path = ExpectedPath.of(supply, expected, calendar, options)
    advised = Advised.of(panel, supply, calendar, advice)
    by_itself = np.where(levels.planned, BELOW, TOO_SHORT)
    ordered = np.zeros(len(panel), dtype=bool)  # by the plan itself
    lines: list[dict[str, Any]] = []
    for day in range(len(calendar.days)):
        path.receive(day)
        trigger, up_to = levels.on(day)
        need = plan.needs(day, path.position, trigger, up_to, levels.planned)
        due = np.where(need > 0, by_itself, ADVISED)
        ordered |= need > 0
        need = np.maximum(need, np.where(plan.open & ~ordered, advised.on(day), 0.0))
        for order in plan.orders(day, need, path.position, trigger, up_to):
            arrives = plan.arrives(day, order.rows)
            lines += plan.lines(day, order, arrives, path, due)
            path.order(order.rows, order.units, arrives)
        path.sell(day)
    return table_of_lines(lines)


@dataclass(frozen=True)
class Plan:
    """What an order must keep to."""

    panel: Panel
    supply: Supply
    calendar: Calendar
    expected: Expected
    open: NDArray[np.bool_]  # [n] series that may be ordered at all
    address: list[Address]  # [n]
    by_site: NDArray[np.bool_]  # [n] the source is a site
    giver: Rows  # [n] the series of the same sku there; −1: none
    pack: Floats  # [n] above 0
    cost: Floats  # [n] NaN unknown
    median_days: Rows  # [n]
    receiving: dict[
        tuple[str, str], NDArray[np.bool_]
    ]  # by site and source: days of the plan and on
    last_day: Floats  # [n] days from the origin to the last day on sale; inf: no end known
    minima: dict[tuple[str, str], tuple[Minimum, str]]  # by site and source, with its currency
    silent: Mapping[str, Silence]  # by supplier, of those from whom nothing comes
    members: dict[Address, Rows]

    @classmethod
    def of(
        cls,
        panel: Panel,
        supply: Supply,
        lead_times: LeadTimes,
        options: Options,
        calendar: Calendar,
        expected: Expected,
    ) -> Plan:
        series, terms = panel.series, supply.terms
        standing = standing_of(panel, supply, options)
        may = standing.quantity & ~standing.idle & (terms.source != "")
        routes = list(zip(series["site"][may], terms.source[may], strict=True))
        median = lead_times.median_days(terms.group, terms.master_days).astype(np.int64)
        reach = calendar.days[0] + np.arange(
            len(calendar.days) + min(int(median.max(initial=0)), LONGEST_DAYS) + LOOK_AHEAD_DAYS
        )
        ends = (series["discontinued_on"].to_numpy("datetime64[D]") - calendar.days[0]) + 1
        codes = (series[name] for name in ("site", "buyer", "currency"))
        address = list(zip(terms.source, *codes, strict=True))
        members: dict[Address, list[int]] = {}
        for row in np.flatnonzero(may).tolist():
            members.setdefault(address[row], []).append(row)
        return cls(
            panel=panel,
            supply=supply,
            calendar=calendar,
            expected=expected,
            open=may,
            address=address,
            by_site=np.isin(terms.source.astype(str), series["site"].unique().astype(str)),
            giver=rows_of(panel, terms.source, series["sku"]),
            pack=np.where(supply.policies.pack > 0, supply.policies.pack, 1.0),
            cost=series["unit_cost"].to_numpy(dtype=np.float64),
            median_days=median,
            receiving=receiving_days(panel, routes, reach),
            last_day=np.where(np.isnat(ends), np.inf, ends.astype(np.float64)),
            minima={
                route: _minimum_of(row) for route, row in terms_by_route(panel, routes).items()
            },
            silent=silences(panel),
            members={key: np.array(rows, dtype=np.int64) for key, rows in members.items()},
        )

    def arrives(self, day: int, rows: Rows) -> Rows:
        """Days of the plan on which half of the orders of a day have come, once both are open."""
        found = np.empty(len(rows), dtype=np.int64)
        for place, row in enumerate(rows.tolist()):
            source, site = self.address[row][:2]
            open_days = self.receiving[site, source]
            soonest = day + self.median_days[row]
            later = np.flatnonzero(open_days[soonest:])
            found[place] = soonest + (later[0] if len(later) else 0)
        return found

    def room(self, day: int, rows: Rows, position: Floats) -> Floats:
        """Units that will still be wanted before the item is discontinued: not those that come too
        late for it, and not what is there already."""
        last = self.last_day[rows]
        room = np.full(len(rows), np.inf)
        ending = np.flatnonzero(np.isfinite(last))
        if len(ending):
            ends, mine = last[ending], rows[ending]
            wanted = self._wanted(mine, np.full(len(mine), float(day)), ends) - position[mine]
            after = self._wanted(mine, self.arrives(day, mine).astype(np.float64), ends)
            room[ending] = np.maximum(np.minimum(wanted, after), 0.0)
        return room

    def _wanted(self, rows: Rows, since: Floats, until: Floats) -> Floats:
        days = np.zeros((2, len(self.panel)))
        days[0, rows], days[1, rows] = np.minimum(since, until), until
        return (self.expected.until(days[1]) - self.expected.until(days[0]))[rows]

    def needs(
        self,
        day: int,
        position: Floats,
        trigger: Floats,
        up_to: Floats,
        planned: NDArray[np.bool_],
    ) -> Floats:
        """[n] units that each series needs ordered on a day; before packs and minima."""
        with np.errstate(invalid="ignore"):
            due = np.where(planned, position <= trigger, position < trigger)
            due &= (position < up_to) & self.open & self.calendar.review[:, day]
        return np.where(due, up_to - position, 0.0)

    def orders(
        self, day: int, need: Floats, position: Floats, trigger: Floats, up_to: Floats
    ) -> Iterator[Order]:
        due = np.flatnonzero(need > 0)
        units = self._whole(due, need[due], self.room(day, due, position))
        due, units = due[units > 0], units[units > 0]
        places: dict[Address, list[int]] = {}
        for place, row in enumerate(due.tolist()):
            places.setdefault(self.address[row], []).append(place)
        for address, mine in sorted(places.items()):
            rows = due[mine]
            minimum = self._minimum(address)
            order = Order(address, rows, units[mine], self._needed(rows, need[rows]), minimum)
            value = float(order.units @ self.cost[rows])
            if minimum.reached(value, float(order.units.sum())) is False:
                order = self._filled(day, order, position, trigger, up_to)
            yield order

    def _whole(self, rows: Rows, units: Floats, room: Floats) -> Floats:
        """Packs that hold the units and the item's minimum; 0 where these have no room."""
        pack, least = self.pack[rows], self.supply.policies.least_order[rows]
        whole = in_lots(units, pack, least)
        fits = np.where(np.isfinite(room), lots_in(room, pack), np.inf)
        whole = np.minimum(whole, fits)
        return np.where(whole >= least, whole, 0.0)

    def _needed(self, rows: Rows, need: Floats) -> Floats:
        """In whole units, or packs smaller than one: what rounding up adds is nobody's excess."""
        least = np.minimum(self.pack[rows], 1.0)
        return np.asarray(in_lots(need, least))

    def _minimum(self, address: Address) -> Minimum:
        source, site, _, currency = address
        minimum, own = self.minima[site, source]
        return minimum if own in ("", currency) else Minimum(units=minimum.units)

    def lines(
        self,
        day: int,
        order: Order,
        arrives: Rows,
        path: ExpectedPath,
        due: NDArray[Any],
    ) -> list[dict[str, Any]]:
        rows, series, terms = order.rows, self.panel.series, self.supply.terms
        silent = self.silent.get(order.address[0])
        place = Place(
            order_on=self.calendar.days[day],
            expected_on=self.calendar.days[0] + arrives,
            cutoff_time=terms.cutoff_time[rows],
            by_site=bool(self.by_site[rows[0]]),
            sku=series["sku"].to_numpy(dtype=object)[rows],
            description=series["description"].to_numpy(dtype=object)[rows],
            pack=self.supply.policies.pack[rows],
            cost=self.cost[rows],
            due=due[rows],
            position=path.position[rows],
            rate=self.expected.rate[rows],
            source_stock=np.append(path.free, np.nan)[self.giver[rows]],
            silent_since=np.datetime64("NaT" if silent is None else silent.since, "D"),
        )
        return lines_of(order, place)

    def _filled(
        self, day: int, order: Order, position: Floats, trigger: Floats, up_to: Floats
    ) -> Order:
        """The order filled up to its minimum; as it was where that cannot be reached."""
        rate = self.expected.rate
        rows = self.members[order.address]
        rows = rows[self.calendar.may_order[rows, day] & (rate[rows] > 0)]
        rows = np.union1d(rows, order.rows)
        place = np.searchsorted(rows, order.rows)
        units, needed = np.zeros(len(rows)), np.zeros(len(rows))
        units[place], needed[place] = order.units, order.needed
        daily = np.maximum(rate[rows], 1e-9)
        limit = np.maximum(up_to[rows] - position[rows], 0.0) + FILL_UP_DAYS * rate[rows]
        items = Items(
            days_left=(position[rows] + units - trigger[rows]) / daily,
            rate=daily,
            pack=self.pack[rows],
            least=self.supply.policies.least_order[rows],
            most=np.minimum(limit, self.room(day, rows, position)),
            cost=np.nan_to_num(self.cost[rows]),
        )
        full = filled(units, items, order.minimum)
        if full is None:
            return order
        kept = full > 0
        return Order(order.address, rows[kept], full[kept], needed[kept], order.minimum)


def _minimum_of(row: Any) -> tuple[Minimum, str]:
    if row is None:
        return Minimum(), ""
    return Minimum(float(row.minimum_order_value), float(row.minimum_order_units)), row.currency
