"""The company day by day: receipts, sales that the shelf allows, losses, counts, orders, transfers.

Two stocks are kept. The physical one decides what can be sold; the record is what the ERP believes
and exports. They drift apart by losses nobody books and meet again when somebody counts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from api.demo.company import NEVER, Company, Flags, Reals, Whole
from api.demo.deliveries import ROUND_SHARE, Deliveries, plan_deliveries
from api.demo.demand import Demand
from api.demo.luck import Luck, Stream
from api.demo.order_book import TRANSFER, Arrival, OrderBook
from api.demo.planner import PROMOTION_TRUST, Planner, Policy, hire_planner
from forecasting.calendar import weekday

COUNT_EVERY_DAYS: Final = 98
ALERT_DAYS: Final = 10  # days without a sale, the record full and the shelf empty, until a look
LOSS_CHANCE: Final = 0.004  # a series and day
FIND_CHANCE: Final = 0.0006
RETURN_SHARE: Final = 0.006  # of what was sold RETURN_AFTER_DAYS before
RETURN_AFTER_DAYS: Final = 4
HOLD_CHANCE: Final = 0.015  # a supplier's line goes into quarantine
HOLD_DAYS: Final = 5
SHORT_COMES: Final = (0.3, 0.9)  # share of a short line that comes at first
PATIENCE_DAYS: Final = 12  # a professional customer waits so long for the rest of a line
LAUNCH_STOCK_DAYS: Final = 4  # before the first day on sale, stores
KNOWN_PROMOTION_DAYS: Final = 28


@dataclass(frozen=True)
class Ledger:
    """What happened. [D simulated days, S sites, K items] unless said otherwise; whole units."""

    demand: Whole  # wanted: customers', and at the warehouse professional orders and new requests
    sold: Whole  # to customers
    returned: Whole  # by customers, back into stock
    transferred: Whole  # [D, K] sent to stores
    given: Whole  # sent by stores to other sites, which nobody does by habit
    received: Whole
    counted: Whole  # what a count added to the record (negative: took away)
    opening: Whole  # [S, K]
    on_hand: Whole  # the record at close
    physical: Whole  # the shelf at close
    lost: Whole  # what left the shelf unbooked (negative: was found)
    blocked: Whole  # [D, K] quarantine at the warehouse
    reserved: Whole  # [D, K] professional orders booked and not yet shipped
    policies: list[tuple[int, Policy]]  # from that day on
    orders: (
        pd.DataFrame
    )  # order, line, site, k, supplier (-1: transfer), units, ordered, promised, closed
    receipts: pd.DataFrame  # order, line, site, k, units, day
    shipments: pd.DataFrame  # row of Demand.professional, day, units; units 0: given up that day


def operate(company: Company, demand: Demand) -> Ledger:
    run = Run(company, demand, hire_planner(company, demand), plan_deliveries(company))
    for day in range(company.simulated):
        run.live(day)
    return run.ledger()


class Run:
    """The state while the days go by."""

    def __init__(
        self, company: Company, demand: Demand, planner: Planner, deliveries: Deliveries
    ) -> None:
        self.company, self.demand = company, demand
        self.planner, self.deliveries = planner, deliveries
        self.luck: Luck = Stream(company.rng("operations"))
        shape = company.first.shape
        by_day = (company.simulated, *shape)
        self.pack = company.items["pack_size"].to_numpy(np.int64)
        self.minimum = company.items["minimum_order"].to_numpy(np.int64)
        self.cost = company.items["unit_cost"].to_numpy(float)
        self.weekdays = weekday(company.dates)
        self.on_sale = company.in_assortment()
        self.wanted = demand.units.copy()
        names = ("sold", "returned", "received", "given", "counted", "on_hand", "physical", "lost")
        self.history = {name: np.zeros(by_day, np.int64) for name in names}
        self.transferred, self.blocked_at, self.reserved_at = (
            np.zeros((company.simulated, shape[1]), np.int64) for _ in range(3)
        )
        self.in_stock = np.zeros(by_day, bool)
        self.mean = planner.first_guess()
        self.policies: list[tuple[int, Policy]] = [(0, planner.policy(self.mean))]
        present = company.first <= 0
        self.shelf = np.where(present, self.policies[0][1].order_up_to, 0)
        self.record = self.shelf.copy()
        self.opening = self.shelf.copy()
        self.on_order = np.zeros(shape, np.int64)
        self.owed = np.zeros(shape, np.int64)  # requested by stores and not sent
        self.blocked = np.zeros(shape[1], np.int64)
        self.reserved = np.zeros(shape[1], np.int64)
        self.silent = np.zeros(shape, np.int64)  # days without a sale
        self.count_turn = self.luck.of("counts").integers(0, COUNT_EVERY_DAYS, shape)
        self.book = OrderBook()
        self.releases: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.waiting: list[list[int]] = []  # professional lines due: row, k, units left, due
        self.shipments: list[tuple[int, int, int]] = []
        self.booked_on = demand.professional.groupby("ordered").indices
        self.due_on = demand.professional.groupby("requested").indices
        self.extra = np.vstack([np.zeros_like(demand.uplift[:1]), demand.uplift.cumsum(axis=0)])
        self.shut = np.vstack(
            [np.zeros_like(company.supplier_open[:1], int), (~company.supplier_open).cumsum(axis=0)]
        )

    def live(self, day: int) -> None:
        self._receive(day)
        self._ship_professional(day)
        self._sell(day)
        self._drift(day)
        if str(self.company.dates[day])[5:] in ("01-01", "04-01", "07-01", "10-01") and day:
            self._revise(day)
        if self.company.open[day, 0]:
            self._replenish_stores(day)
        self._order_from_suppliers(day)
        self.history["on_hand"][day] = self.record
        self.history["physical"][day] = self.shelf
        self.blocked_at[day] = self.blocked
        self.reserved_at[day] = self.reserved
        sellable = self.record.copy()
        sellable[0] -= self.blocked
        self.in_stock[day] = self.on_sale[day] & (sellable > 0)

    def ledger(self) -> Ledger:
        return Ledger(
            demand=self.wanted,
            transferred=self.transferred,
            opening=self.opening,
            blocked=self.blocked_at,
            reserved=self.reserved_at,
            policies=self.policies,
            orders=self.book.lines(),
            receipts=self.book.receipts(),
            shipments=pd.DataFrame(self.shipments, columns=["row", "day", "units"]),
            **self.history,
        )

    def _receive(self, day: int) -> None:
        for item, units in self.releases.pop(day, []):
            self.blocked[item] -= units
        for arrival in self.book.receive(day):
            site, k, came = arrival.site, arrival.k, arrival.units
            self.history["received"][day, site, k] += came
            self.shelf[site, k] += came
            self.record[site, k] += came
            self.on_order[site, k] -= came + arrival.given_up
            if arrival.supplier >= 0:
                held = self.luck.each(k, "hold", day, arrival.supplier) < HOLD_CHANCE
                for n in np.flatnonzero(held):
                    self.blocked[k[n]] += came[n]
                    self.releases[day + HOLD_DAYS].append((int(k[n]), int(came[n])))

    def _sellable(self) -> Whole:
        """[K] what the warehouse can really send."""
        return np.maximum(self.shelf[0] - self.blocked, 0)

    def _ship_professional(self, day: int) -> None:
        book = self.demand.professional
        live = book["cancelled"].to_numpy() == NEVER
        k, units = book["k"].to_numpy(), book["units"].to_numpy()
        for row in self.booked_on.get(day, ()):
            self.reserved[k[row]] += units[row] * live[row]
        for row in self.due_on.get(day, ()):
            if live[row]:
                self.wanted[day, 0, k[row]] += units[row]
                self.waiting.append([int(row), int(k[row]), int(units[row]), day])
        if not self.company.open[day, 0]:
            return
        sellable = self._sellable()
        still = []
        for row, item, left, due in self.waiting:
            sent = min(left, int(sellable[item]))
            if sent:
                sellable[item] -= sent
                self._issue(day, item, sent)
                self.shipments.append((row, day, sent))
            if left > sent and day - due < PATIENCE_DAYS:
                still.append([row, item, left - sent, due])
            elif left > sent:
                self.reserved[item] -= left - sent
                self.shipments.append((row, day, 0))
        self.waiting = still

    def _issue(self, day: int, item: int, units: int) -> None:
        self.history["sold"][day, 0, item] += units
        self.shelf[0, item] -= units
        self.record[0, item] -= units
        self.reserved[item] -= units

    def _sell(self, day: int) -> None:
        sold = np.minimum(self.wanted[day], self.shelf)
        sold[0] = 0
        before = day - RETURN_AFTER_DAYS
        returned = np.zeros_like(sold)
        if before >= 0:
            returned = self.luck.binomial(self.history["sold"][before], RETURN_SHARE, "return", day)
            returned *= self.company.open[day][:, None] & self.on_sale[day]
            returned[0] = 0
        self.history["sold"][day, 1:] = sold[1:]
        self.history["returned"][day] = returned
        self.shelf += returned - sold
        self.record += returned - sold
        self.silent = np.where(sold > 0, 0, self.silent + 1)

    def _drift(self, day: int) -> None:
        """Losses and finds that nobody books, then the counts of the day."""
        shape = self.shelf.shape
        chance = self.luck.of("loss", day).random(shape)
        size = 1 + self.luck.binomial(self.shelf, 0.15, "size", day)
        lost = np.where(chance < LOSS_CHANCE, np.minimum(size, self.shelf), 0)
        lost -= (chance > 1 - FIND_CHANCE) * self.on_sale[day]
        self.shelf -= lost
        self.history["lost"][day] = lost
        turn = (day + self.count_turn) % COUNT_EVERY_DAYS == 0
        alert = (self.silent >= ALERT_DAYS) & (self.record > 0) & (self.shelf == 0)
        counts = (turn | alert | self._wanted_counted()) & self.company.open[day][:, None]
        self.history["counted"][day] = np.where(counts, self.shelf - self.record, 0)
        self.record += self.history["counted"][day]

    def _wanted_counted(self) -> Flags:
        """[S, K] shelves that somebody asked to count, until it is done."""
        return np.zeros(self.shelf.shape, dtype=bool)

    def _revise(self, day: int) -> None:
        self.mean = self.planner.estimate(day, self.mean, self.history["sold"], self.in_stock)
        self.policies.append((day, self.planner.policy(self.mean)))

    def _target(self, day: int) -> tuple[Whole, Whole]:
        """Reorder point and order-up-to of the day, promotions and closures ahead prepared for."""
        policy = self.policies[-1][1]
        ahead = np.minimum(self.planner.cover, KNOWN_PROMOTION_DAYS)
        items = np.arange(len(self.pack))
        promoted = self.extra[day + ahead + 1, items] - self.extra[day + 1, items]
        more: Reals = PROMOTION_TRUST * promoted * policy.mean
        supplier = self.company.supplier_of
        shut = self.shut[day + self.planner.cover[0] + 1, supplier] - self.shut[day + 1, supplier]
        more[0] += shut * policy.mean[0]
        added = np.round(more).astype(np.int64)
        return policy.reorder_point + added, policy.order_up_to + added

    def _wished(self, day: int, early_days: int | Whole, late_days: int | Whole) -> Whole:
        """[S, K] units that bring each position back up, in whole packs; 0 where none are due."""
        point, up_to = self._target(day)
        position = self.record + self.on_order
        position[0] -= self._overdue()
        packs = -(-(up_to - position) // self.pack)
        selling = (self.company.first - early_days <= day) & (day < self.company.last - late_days)
        return np.where((position <= point) & selling, packs * self.pack, 0).clip(0)

    def _overdue(self) -> Whole:
        overdue = np.zeros(len(self.pack), np.int64)
        for _, item, left, _ in self.waiting:
            overdue[item] += left
        return overdue

    def _requests(self, day: int) -> Whole:
        """[S, K] units that stores ask of the warehouse today."""
        request = self._wished(day, LAUNCH_STOCK_DAYS, LAUNCH_STOCK_DAYS)
        request *= self._may_ask(day)[:, None]
        return request

    def _may_ask(self, day: int) -> Flags:
        """[S] whether it is a store's day to ask for goods."""
        today = [self.weekdays[day] in site.order_days for site in self.company.sites]
        return np.array([False, *today[1:]])

    def _replenish_stores(self, day: int) -> None:
        request = self._requests(day)
        asked = request.sum(axis=0)
        if not asked.any():
            return
        share = np.minimum(self._sellable() / np.maximum(asked, 1), 1.0)
        sent = np.floor(request * share + 1e-9).astype(np.int64)
        self.wanted[day, 0] += np.where(request > 0, (request - self.owed).clip(0), 0).sum(axis=0)
        self.owed = np.where(request > 0, request - sent, self.owed)
        self.transferred[day] = sent.sum(axis=0)
        self.shelf[0] -= sent.sum(axis=0)
        self.record[0] -= sent.sum(axis=0)
        for s in np.flatnonzero(request.any(axis=1)).tolist():
            k = np.flatnonzero(request[s])
            due = self._open_from(day + self.company.sites[s].transit_days, s)
            short = sent[s, k] < request[s, k]
            closed = np.where(short, np.where(sent[s, k] > 0, due, day), NEVER)
            order = self.book.place(
                site=s,
                supplier=TRANSFER,
                k=k,
                units=request[s, k],
                ordered=day,
                promised=due,
                closed=closed,
            )
            self.on_order[s, k] += sent[s, k]
            nothing = np.zeros_like(k)
            line = np.arange(1, len(k) + 1)
            self.book.expect(due, Arrival(order, s, TRANSFER, line, k, sent[s, k], nothing))

    def _open_from(self, day: int, site: int) -> int:
        """That day, or the next on which the site trades."""
        while not self.company.open[day, site]:
            day += 1
        return day

    def _purchases(self, day: int) -> Whole:
        """[K] units that are due at suppliers, where they take orders today."""
        ahead = self.planner.cover[0]
        wished = self._wished(day, ahead + LAUNCH_STOCK_DAYS, ahead)[0]
        return np.where(wished > 0, np.maximum(wished, self.minimum), 0)

    def _pressing(self) -> Flags:
        """[K] whether an order below its supplier's minimum is placed nevertheless."""
        return self.record[0] <= 0.5 * self.policies[-1][1].safety_stock[0]

    def _order_from_suppliers(self, day: int) -> None:
        company = self.company
        takers = [f for f in range(len(company.suppliers)) if self.deliveries.takes_orders(f, day)]
        if not takers:
            return
        wished, pressing = self._purchases(day), self._pressing()
        for f in takers:
            k = np.flatnonzero((wished > 0) & (company.supplier_of == f))
            worth = float((wished[k] * self.cost[k]).sum())
            small = worth < company.suppliers[f].minimum_order_value
            if len(k) and not (small and not pressing[k].any()):
                self._place(day, f, k, wished[k])

    def _place(self, day: int, supplier: int, k: Whole, units: Whole) -> None:
        promised = self.deliveries.promise(supplier, day)
        at = (supplier, day)
        arrival = self.deliveries.arrival(supplier, day, promised, self.luck.of("arrival", *at))
        short = self.luck.each(k, "short", *at) < self.company.suppliers[supplier].short_share
        least, most = SHORT_COMES
        part = least + (most - least) * self.luck.each(k, "part", *at)
        first = np.where(short, np.floor(units * part), units).astype(np.int64)
        follows = short & (self.luck.each(k, "follows", *at) < ROUND_SHARE)
        given_up = np.where(short & ~follows, units - first, 0)
        closed = np.where(given_up > 0, arrival, NEVER)
        order = self.book.place(
            site=0,
            supplier=supplier,
            k=k,
            units=units,
            ordered=day,
            promised=promised,
            closed=closed,
        )
        self.on_order[0, k] += units
        line = np.arange(1, len(k) + 1)
        self.book.expect(arrival, Arrival(order, 0, supplier, line, k, first, given_up))
        if follows.any() and arrival < NEVER:
            rest = self.luck.of("rest", *at)
            later = self.deliveries.arrival(supplier, arrival, arrival + 9, rest)
            left = (units - first)[follows]
            nothing = np.zeros_like(left)
            self.book.expect(
                later, Arrival(order, 0, supplier, line[follows], k[follows], left, nothing)
            )
