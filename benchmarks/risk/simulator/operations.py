"""A day after another: goods come in, orders go out, customers buy, some of the stock goes missing.

Before the shop opens goods are booked and orders are placed on what the record says; then
customers buy what is on the shelf, and what it lacks is lost. After closing, losses that nobody
books make the shelf lower than the record, until somebody counts.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.risk.simulator.demand import Demand, Whole
from benchmarks.risk.simulator.planner import Morning, Planner
from benchmarks.risk.simulator.suppliers import NEVER, Flags, Luck

LOOK_CHANCE: Final = 0.25  # a day, that somebody counts a shelf that should sell and does not
LINES: Final = ("row", "route", "day", "units", "promised", "told_on", "told", "cancelled", "ended")
QUIET_SALES: Final = 5.0  # expected sales without one, from which that is suspicious


@dataclass(frozen=True)
class Run:
    """What happened. Arrays are [n, T]; days are numbers from 0."""

    demand: Demand
    stocked: Flags  # launched by that day
    opening: Whole  # [n] put on the shelf at the launch
    received: Whole  # units
    sold: Whole
    lost: Whole  # missing and unbooked
    counted: Whole  # booked by counts: the shelf − the record
    recorded: Whole  # stock at close, by the record
    physical: Whole  # stock at close, on the shelf
    lines: pd.DataFrame  # a row an order line: row, route, day, units, promised, told_on, told,
    # cancelled (NEVER: not), ended (NEVER: open at the end)
    receipts: pd.DataFrame  # line, day, units


class Shop:
    """The state of a run: `live` each day, then `history`."""

    def __init__(self, demand: Demand, luck: Luck, planner: Planner, opening: Whole) -> None:
        self.demand, self.luck, self.planner, self.opening = demand, luck, planner, opening
        count, days = demand.units.shape
        self.shelf, self.record, self.on_order, self.quiet = (
            np.zeros(count, np.int64) for _ in range(4)
        )
        names = ("received", "sold", "lost", "counted", "recorded", "physical")
        self.history = {name: np.zeros((count, days), np.int64) for name in names}
        self.usual = np.maximum(demand.units.mean(axis=1), 1e-9)
        self.lines: list[dict[str, Whole]] = []
        self.placed = 0
        self.due: dict[int, list[tuple[Whole, Whole, Whole, Whole]]] = defaultdict(list)
        self.cancelled: dict[int, list[tuple[Whole, Whole]]] = defaultdict(list)
        self.receipts: list[tuple[Whole, int, Whole]] = []

    def live(self, day: int) -> None:
        new = self.demand.launched == day
        self.shelf[new] = self.record[new] = self.opening[new]
        for row, units in self.cancelled.pop(day, []):
            np.add.at(self.on_order, row, -units)
        for line, row, units, landed in self.due.pop(day, []):
            self._receive(day, line, row, units, landed)
        self._order(day)
        self._sell(day)
        self._lose(day)
        self._count(day)
        self.history["recorded"][:, day] = self.record
        self.history["physical"][:, day] = self.shelf

    def _receive(self, day: int, line: Whole, row: Whole, units: Whole, landed: Whole) -> None:
        """`landed`: ordered units that are no longer expected."""
        np.add.at(self.history["received"], (row, day), units)
        np.add.at(self.shelf, row, units)
        np.add.at(self.record, row, units)
        np.add.at(self.on_order, row, -landed)
        self.receipts.append((line, day, units))

    def _order(self, day: int) -> None:
        luck = self.luck
        morning = Morning(day, self.record, self.record + self.on_order, self.history["sold"])
        wished = self.planner.wishes(morning)
        may = luck.takes[luck.route, day] & (self.demand.launched <= day)
        row = np.flatnonzero(may & (wished > 0))
        units, route = wished[row], luck.route[row]
        first = np.ceil(units * luck.share[row, day]).astype(np.int64)
        rest = units - first
        cancelled = luck.cancelled_after[row, day] + day
        arrives = luck.arrives[route, day]
        cancelled = np.where(cancelled < arrives, cancelled, NEVER)
        comes, follows = cancelled == NEVER, luck.rest_after[row, day] < NEVER
        last = np.where(follows & (rest > 0), arrives + luck.rest_after[row, day], arrives)
        line = self.placed + np.arange(len(row))
        self.placed += len(row)
        self.on_order[row] += units
        self.lines.append(
            {
                "row": row,
                "route": route,
                "day": np.full(len(row), day),
                "units": units,
                "promised": luck.promised[route, day],
                "told_on": luck.told_on[route, day],
                "told": luck.told[route, day],
                "cancelled": cancelled,
                "ended": np.where(comes, last, cancelled),
            }
        )
        landed = np.where(follows, first, units)
        self._expect(self.due, arrives, comes, line, row, first, landed)
        self._expect(self.due, last, comes & follows & (rest > 0), line, row, rest, rest)
        self._expect(self.cancelled, cancelled, ~comes, row, units)

    @staticmethod
    def _expect(calendar: dict[int, list], day: Whole, chosen: Flags, *parts: Whole) -> None:
        for one in np.unique(day[chosen]).tolist():
            here = chosen & (day == one)
            calendar[one].append(tuple(part[here] for part in parts))

    def _sell(self, day: int) -> None:
        wanted = np.where(self.demand.launched <= day, self.demand.units[:, day], 0)
        sold = np.minimum(wanted, self.shelf)
        self.history["sold"][:, day] = sold
        self.shelf -= sold
        self.record -= sold
        self.quiet = np.where(sold > 0, 0, self.quiet + 1)

    def _lose(self, day: int) -> None:
        knocked = np.floor(self.shelf * self.luck.knocked[:, day]).astype(np.int64)
        lost = np.minimum(self.luck.lost[:, day] + knocked, self.shelf)
        self.history["lost"][:, day] = lost
        self.shelf -= lost

    def _count(self, day: int) -> None:
        luck = self.luck
        turn = (day + luck.count_turn) % luck.count_every == 0
        suspicious = (self.quiet * self.usual >= QUIET_SALES) & (self.record > 0)
        counts = turn | (suspicious & (luck.looked[:, day] < LOOK_CHANCE))
        self.quiet = np.where(counts, 0, self.quiet)
        self.history["counted"][:, day] = np.where(counts, self.shelf - self.record, 0)
        self.record += self.history["counted"][:, day]

    def happened(self) -> Run:
        """All that has been lived so far."""
        lines = {name: np.concatenate([part[name] for part in self.lines]) for name in LINES}
        days = [day for _, day, _ in self.receipts]
        none = np.zeros(0, np.int64)
        receipts = {
            "line": np.concatenate([none, *(line for line, _, _ in self.receipts)]),
            "day": np.repeat(np.array(days, np.int64), [len(one) for one, _, _ in self.receipts]),
            "units": np.concatenate([none, *(units for _, _, units in self.receipts)]),
        }
        stocked = np.arange(self.demand.units.shape[1]) >= self.demand.launched[:, None]
        return Run(
            demand=self.demand,
            stocked=stocked,
            opening=self.opening,
            lines=pd.DataFrame(lines),
            receipts=pd.DataFrame(receipts),
            **self.history,
        )


def run(demand: Demand, luck: Luck, planner: Planner, opening: Whole) -> Run:
    """All days, from shelves filled with `opening` units at each launch."""
    shop = Shop(demand, luck, planner, opening)
    for day in range(demand.units.shape[1]):
        shop.live(day)
    return shop.happened()
