"""A second computation of the warnings' figures in plain NumPy: no code of models/ is used.

It knows a company of shelves (tests.risk.warehouse) in which nothing is left to chance but demand
and the losses nobody booked: every line comes LATE_DAYS after its promise, every new order takes
its source's days, of each a SHARE comes. Days are counted from 0, the first after the origin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.risk.warehouse import Order, Shelf

Array = NDArray[Any]

LATE_DAYS = 9
SHARE = 0.9
MAIN = 14
A_YEAR = 0.1  # shelves that lose all they hold without anybody booking it
ONE_IN = 8  # paths that tell of such a loss


@dataclass(frozen=True)
class NewOrder:
    """Placed today."""

    units: float
    day: int  # it comes


@dataclass(frozen=True)
class Change:
    """What is otherwise; as it is where nothing is said."""

    orders: bool = True
    stock: float = 0.0
    without: tuple[str, ...] = ()  # orders that do not come
    promised: tuple[tuple[str, int], ...] = ()  # order, day that it is now asked for
    new: tuple[NewOrder, ...] = ()
    punctual: bool = False
    right: bool = False  # nothing is lost unbooked
    unbooked: bool = False  # no customer has ordered ahead
    supplied: bool = False  # its source always has stock
    source: Change | None = None  # what its source does otherwise


AS_IT_IS = Change()
NOTHING = Change(orders=False)


@dataclass(frozen=True)
class Walked:
    """Units by path and day."""

    close: Array
    unmet: Array
    arrived: Array
    wanted: Array
    alone: Array  # the close if nothing more is ordered
    blocked: float
    weights: Array

    def mean(self, values: Array) -> Array:
        """[H] over the paths."""
        return np.asarray(self.weights @ values)

    @property
    def out(self) -> Array:
        return np.asarray(self.close <= self.blocked)

    def chance(self, days: int, close: Array | None = None) -> float:
        """To close empty at least once."""
        out = self.out if close is None else close <= self.blocked
        return float(self.weights[out[:, :days].any(axis=1)].sum())

    @property
    def first_out(self) -> Array:
        """[P] day of the first stockout; NaN: none."""
        return np.where(self.out.any(axis=1), self.out.argmax(axis=1), np.nan)

    @property
    def units_short(self) -> float:
        return float(self.mean(self.unmet)[:MAIN].sum())


@dataclass(frozen=True)
class Company:
    """Shelves and the demand of each [P, H]; who ships to whom by `policy["source"]`."""

    shelves: Sequence[Shelf]
    paths: Sequence[Array]
    takes: Mapping[str, int]  # days of an order, by source
    lost_share: float
    seed: int

    @cached_property
    def row_of(self) -> dict[tuple[str, str], int]:
        return {(one.site, one.sku): row for row, one in enumerate(self.shelves)}

    def source_of(self, row: int) -> int:
        """Row of the site that ships here; −1: a supplier does."""
        one = self.shelves[row]
        return self.row_of.get((one.policy.get("source", ""), one.sku), -1)

    def takers_of(self, row: int) -> list[int]:
        """Rows of the shelves that draw from one."""
        return [one for one in range(len(self.shelves)) if self.source_of(one) == row]

    def walk(self, row: int, change: Change = AS_IT_IS) -> Walked:
        """Arrivals first, then what is late, then the day's demand; orders where the position lies
        at or below the reorder point on a working day."""
        one, demand = self.shelves[row], self.paths[row].astype(np.float64)
        count, days = demand.shape
        every = np.arange(count)
        policy = one.policy if change.orders else {}
        giver = self.source_of(row)
        dry = np.zeros((count, days), dtype=bool)
        if giver >= 0 and not change.supplied:
            theirs = change.source or AS_IT_IS
            dry = self.walk(giver, Change(**{**vars(theirs), "right": True})).out
        takes = self.takes["" if giver < 0 else one.policy["source"]]
        weights, emptied = self._losses(row, days, change.right)
        comes, lands = self._lines(one, count, days, change)
        for new in change.new:
            at = np.full(count, new.day)
            if giver >= 0:
                at = np.maximum(new.day, self._stocked(dry, max(new.day - takes, 0)) + takes)
            inside = at < days
            comes[every[inside], at[inside]] += new.units * SHARE
            lands[every[inside], at[inside]] += new.units
        booked = np.zeros(days)
        for due, units in () if change.unbooked else one.booked:
            booked[max((due or 1) - 1, 0)] += units
        stock = np.full(count, one.on_hand + change.stock)
        missing = np.where(emptied < 0, np.maximum(stock - one.blocked, 0.0), 0.0)
        stock = stock - missing
        alone, backlog, alone_backlog = stock.copy(), np.zeros(count), np.zeros(count)
        on_order = np.full(count, float(self._on_order(one, change)))
        incoming = np.zeros((count, days))
        told: dict[str, list[Array]] = {
            name: [] for name in ("close", "unmet", "arrived", "wanted", "alone")
        }
        pack = one.item.get("pack_size", 0.0)
        for day in range(days):
            on_order -= lands[:, day]
            if policy and (giver >= 0 or day % 7 < 5):  # the first day is a Monday
                position = stock + missing + comes[:, day] + on_order - backlog
                wanted_to = policy["order_up_to"]
                orders = (position <= policy["reorder_point"]) & (position < wanted_to)
                units = np.where(orders, wanted_to - position, 0.0)
                units = np.ceil(units / pack - 1e-9) * pack if pack else units
                on_order += units
                at = np.full(count, day + takes)
                if giver >= 0:
                    at = self._stocked(dry, day) + takes
                inside = orders & (at < days)
                incoming[every[inside], at[inside]] += units[inside]
            arrived = comes[:, day] + incoming[:, day]
            on_order -= incoming[:, day]
            wanted = np.maximum(demand[:, day], booked[day])
            stock, backlog, unmet = self._sold(stock + arrived, backlog, wanted, one)
            alone, alone_backlog, _ = self._sold(alone + comes[:, day], alone_backlog, wanted, one)
            gone = emptied == day
            missing = np.where(gone, np.maximum(stock - one.blocked, 0.0), missing)
            stock = np.where(gone, np.minimum(stock, one.blocked), stock)
            alone = np.where(gone, np.minimum(alone, one.blocked), alone)
            for name, value in zip(told, (stock, unmet, arrived, wanted, alone), strict=True):
                told[name].append(value)
        parts = [np.stack(values, axis=1) for values in told.values()]
        return Walked(*parts, one.blocked, weights)

    def _sold(
        self, stock: Array, backlog: Array, wanted: Array, one: Shelf
    ) -> tuple[Array, Array, Array]:
        late = np.minimum(np.maximum(stock - one.blocked, 0.0), backlog)
        free = np.maximum(stock - late - one.blocked, 0.0)
        served = np.minimum(free, wanted)
        waits = backlog - late + (wanted - served) * (1.0 - self.lost_share)
        return stock - late - served, waits, wanted - served

    @staticmethod
    def _stocked(dry: Array, day: int) -> Array:
        """[P] the first day from this one on which the source closes in stock."""
        stocked = ~dry[:, day:]
        return np.where(stocked.any(axis=1), day + stocked.argmax(axis=1), dry.shape[1])

    @staticmethod
    def _open(one: Shelf, change: Change) -> list[Order]:
        kept = [order for order in one.orders if order.received is None]
        return [order for order in kept if order.order_id not in change.without]

    def _on_order(self, one: Shelf, change: Change) -> float:
        orders = self._open(one, change)
        return sum(order.units for order in orders) + sum(new.units for new in change.new)

    def _lines(self, one: Shelf, count: int, days: int, change: Change) -> tuple[Array, Array]:
        """[P, H] units that come and lines that end."""
        comes, lands = np.zeros((count, days)), np.zeros((count, days))
        for order in self._open(one, change):
            assert order.promised is not None
            day, share = order.promised + LATE_DAYS - 1, SHARE
            for code, asked in change.promised:
                if code == order.order_id:
                    day = min(day, asked + LATE_DAYS)
            if change.punctual:
                day, share = max(order.promised - 1, 0), 1.0
            if 0 <= day < days:
                comes[:, day] += order.units * share
                lands[:, day] += order.units
        return comes, lands

    def _losses(self, row: int, days: int, right: bool) -> tuple[Array, Array]:
        """[P] weights, and the day whose close finds the shelf empty: −1 before the first, `days`
        never. One path in eight tells of a loss in its own stretch of time."""
        one, count = self.shelves[row], len(self.paths[row])
        text = "\x1f".join((str(self.seed), one.site, one.sku)).encode()
        turn = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") % count
        carriers = count // ONE_IN
        lost_by = 1.0 - np.exp(-A_YEAR / 365.25 * np.arange(days + 1))
        cuts = np.arange(carriers + 1) * (days + 1) / carriers
        reached = np.interp(cuts, np.arange(days + 2), [0.0, *lost_by])
        weights = np.full(count, (1.0 - lost_by[-1]) / (count - carriers))
        emptied = np.full(count, days)
        for number in range(carriers):
            path = (number * ONE_IN - turn) % count
            weights[path] = reached[number + 1] - reached[number]
            emptied[path] = int((cuts[number] + cuts[number + 1]) / 2) - 1
        if right:  # the weights of the publication, but no loss
            emptied = np.full(count, days)
        return weights, emptied


def weighted_quantile(values: Array, weights: Array, level: float) -> float:
    """The least value up to which lies that share of the weight; NaN last."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, level * reached[-1] * (1 - 1e-9))])
