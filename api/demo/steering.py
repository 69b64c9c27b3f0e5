"""A company in which somebody decides beside its ERP: more orders, other transfers, calls.

Whatever is asked for happens as the company's own orders do: on the order days of who sends it,
from what is there, with the luck of that day.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from api.demo.company import NEVER, Company, Whole
from api.demo.deliveries import Deliveries
from api.demo.demand import Demand
from api.demo.operations import Run
from api.demo.order_book import TRANSFER, Arrival
from api.demo.planner import Planner

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
        self._asked_gifts: dict[tuple[int, int, int], int] = {}  # giver, taker, item: units

    def order(self, item: int, units: int) -> None:
        """Units from the item's supplier, on its next order day; asked again, the last holds."""
        self._asked_orders[item] = units

    def request(self, store: int, item: int, units: int) -> None:
        """At least so many units from the warehouse, the next time that the store may ask."""
        self._asked_requests[store, item] = units

    def give(self, giver: int, taker: int, item: int, units: int) -> None:
        """Units from a store to another site, the next day on which the warehouse works."""
        self._asked_gifts[giver, taker, item] = units

    def call(self, order: int, by: int) -> bool:
        """Asks for what comes next of an order by a day; whether it will come earlier.

        Whoever sends it can or cannot, however often one calls. Nothing moves what never comes.
        """
        site, supplier, placed = self.book.placed(order)
        if self.luck.of("call", supplier, placed).random() >= self.willing:
            return False
        to = self._open_from(by, site) if supplier < 0 else self.deliveries.receive(supplier, by)
        later = [day for day in self.book.under_way(order) if to < day < NEVER]
        if later:
            self.book.move(order, min(later), to)
        return bool(later)

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

    def _order_from_suppliers(self, day: int) -> None:
        for supplier in np.unique(self.company.supplier_of[self._asked_orders > 0]).tolist():
            if self.deliveries.takes_orders(supplier, day):
                mine = (self.company.supplier_of == supplier) & (self._asked_orders > 0)
                k = np.flatnonzero(mine)
                self._place(day, supplier, k, self._asked_orders[k])
                self._asked_orders[k] = 0
        if self.orders_itself:
            super()._order_from_suppliers(day)

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
