"""A company in which somebody decides beside its ERP: more orders, other transfers, calls.

Whatever is asked for happens as the company's own orders do: on the order days of who sends it,
from what is there, with the luck of that day.
"""

from __future__ import annotations

from math import ceil
from typing import Final

import numpy as np

from api.demo.company import NEVER, Company, Flags, Whole
from api.demo.deliveries import Deliveries
from api.demo.demand import Demand
from api.demo.operations import Run
from api.demo.order_book import TRANSFER, Arrival
from api.demo.planner import Planner

FASTEST: Final = 0.5  # of the time promised from order to goods, however hard one asks
BETWEEN_STORES_DAYS: Final = 3  # from a site that ships to another by exception


class SteeredRun(Run):
    """With nothing asked, the same to the byte as one that nobody steers."""

    def __init__(
        self, company: Company, demand: Demand, planner: Planner, deliveries: Deliveries
    ) -> None:
        super().__init__(company, demand, planner, deliveries)
        self.orders_itself = True  # whether its ERP goes on ordering from suppliers
        self.willing = 0.5  # chance that whoever sends an order can send it earlier
        self._asked_orders = np.zeros(len(self.pack), np.int64)  # [K] of the item's supplier
        self._asked_requests = np.zeros_like(self.shelf)  # [S, K] of the warehouse
        self._asked_counts = np.zeros(self.shelf.shape, dtype=bool)  # [S, K]
        self._asked_gifts: dict[tuple[int, int, int], int] = {}  # giver, taker, item: units

    def order(self, item: int, units: int) -> None:
        """At least so many units from the item's supplier, on its next order day."""
        self._asked_orders[item] = units

    def request(self, store: int, item: int, units: int) -> None:
        """At least so many units from the warehouse, the next time that the store may ask."""
        self._asked_requests[store, item] = units

    def give(self, giver: int, taker: int, item: int, units: int) -> None:
        """Units from a store to another site, the next day on which the warehouse works."""
        self._asked_gifts[giver, taker, item] = units

    def count(self, site: int, item: int) -> None:
        """Somebody looks what is on a shelf, the next day on which the site is open."""
        self._asked_counts[site, item] = True

    def call(self, order: int, by: int) -> bool:
        """Asks for what comes next of an order by a day, or as soon as can be; whether it will come
        earlier.

        Whoever sends it can or cannot, however often one calls. Nothing moves what never comes.
        """
        site, supplier, placed = self.book.placed(order)
        if self.luck.of("call", supplier, placed).random() >= self.willing:
            return False
        if supplier < 0:
            to = self._open_from(max(by, placed + 1), site)
        else:
            usual = self.deliveries.promise(supplier, placed) - placed
            to = self.deliveries.receive(supplier, max(by, placed + ceil(FASTEST * usual)))
        later = [day for day in self.book.under_way(order) if to < day < NEVER]
        if later:
            self.book.move(order, min(later), to)
        return bool(later)

    def _wanted_counted(self) -> Flags:
        return self._asked_counts

    def _drift(self, day: int) -> None:
        super()._drift(day)
        self._asked_counts &= ~self.company.open[day][:, None]

    def _requests(self, day: int) -> Whole:
        may_ask = self._may_ask(day)[:, None]
        asked = np.where(may_ask, self._asked_requests, 0)
        self._asked_requests = np.where(may_ask, 0, self._asked_requests)
        return np.maximum(super()._requests(day), asked)

    def _replenish_stores(self, day: int) -> None:
        super()._replenish_stores(day)
        gifts, self._asked_gifts = self._asked_gifts, {}
        for (giver, taker, item), units in gifts.items():
            self._send(day, giver, taker, item, min(units, int(self.shelf[giver, item])))

    def _purchases(self, day: int) -> Whole:
        due = super()._purchases(day) if self.orders_itself else np.zeros_like(self.pack)
        return np.maximum(due, self._asked_orders)

    def _pressing(self) -> Flags:
        return super()._pressing() | (self._asked_orders > 0)

    def _place(self, day: int, supplier: int, k: Whole, units: Whole) -> None:
        super()._place(day, supplier, k, units)
        self._asked_orders[k] = 0

    def _send(self, day: int, giver: int, taker: int, item: int, units: int) -> None:
        if units <= 0:
            return
        due = self._open_from(day + BETWEEN_STORES_DAYS, taker)
        k, sent = np.array([item]), np.array([units])
        sender = TRANSFER - giver
        order = self.book.place(
            site=taker,
            supplier=sender,
            k=k,
            units=sent,
            ordered=day,
            promised=due,
            closed=np.array([NEVER]),
        )
        self.shelf[giver, item] -= units
        self.record[giver, item] -= units
        self.history["given"][day, giver, item] += units
        self.on_order[taker, item] += units
        line, nothing = np.ones(1, np.int64), np.zeros(1, np.int64)
        self.book.expect(due, Arrival(order, taker, sender, line, k, sent, nothing))
