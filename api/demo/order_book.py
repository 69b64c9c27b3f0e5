"""Orders placed, goods under way, receipts booked: plain bookkeeping, no decisions."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pandas as pd

from api.demo.company import Whole

TRANSFER = -1  # in the place of a supplier: the warehouse sends; TRANSFER − s: site s does


class Arrival(NamedTuple):
    """Lines of one order that come in on one day. Arrays are aligned."""

    order: int
    site: int
    supplier: int  # negative: a site, see TRANSFER
    line: Whole
    k: Whole
    units: Whole  # 0: nothing comes of this line
    given_up: Whole  # ordered units that will never come


class OrderBook:
    def __init__(self) -> None:
        self._under_way: dict[int, list[Arrival]] = defaultdict(list)
        self._lines: list[dict[str, Whole | int]] = []
        self._receipts: list[dict[str, Whole | int]] = []

    def place(
        self,
        *,
        site: int,
        supplier: int,
        k: Whole,
        units: Whole,
        ordered: int,
        promised: int,
        closed: Whole,
    ) -> int:
        """The number of the order. `closed`: day on which a line's rest is given up, or NEVER."""
        number = len(self._lines) + 1
        self._lines.append(
            {
                "order": number,
                "line": np.arange(1, len(k) + 1),
                "site": site,
                "k": k,
                "supplier": supplier,
                "units": units,
                "ordered": ordered,
                "promised": promised,
                "closed": closed,
            }
        )
        return number

    def expect(self, day: int, arrival: Arrival) -> None:
        self._under_way[day].append(arrival)

    def under_way(self, order: int) -> list[int]:
        """Days on which goods of an order will come."""
        return [
            day
            for day, arrivals in self._under_way.items()
            if any(one.order == order for one in arrivals)
        ]

    def move(self, order: int, day: int, to: int) -> None:
        """What would come of an order on a day comes on another, where what is missing then is
        given up; its promise says so."""
        moved = [one for one in self._under_way[day] if one.order == order]
        self._under_way[day] = [one for one in self._under_way[day] if one.order != order]
        self._under_way[to] += moved
        line = self._lines[order - 1]
        closed = np.asarray(line["closed"])
        line["closed"] = np.where(closed == day, to, closed)
        line["promised"] = to

    def placed(self, order: int) -> tuple[int, int, int]:
        """For which site it was placed, with which supplier (see TRANSFER), and on which day."""
        line = self._lines[order - 1]
        return int(line["site"]), int(line["supplier"]), int(line["ordered"])

    def receive(self, day: int) -> list[Arrival]:
        """What comes in today, booked."""
        arrivals = self._under_way.pop(day, [])
        for arrival in arrivals:
            came = arrival.units > 0
            self._receipts.append(
                {
                    "order": arrival.order,
                    "line": arrival.line[came],
                    "site": arrival.site,
                    "k": arrival.k[came],
                    "units": arrival.units[came],
                    "day": day,
                }
            )
        return arrivals

    def lines(self) -> pd.DataFrame:
        """order, line, site, k, supplier, units, ordered, promised, closed; as placed."""
        return _stack(self._lines)

    def receipts(self) -> pd.DataFrame:
        """order, line, site, k, units, day; as received."""
        return _stack(self._receipts)


def _stack(entries: list[dict[str, Whole | int]]) -> pd.DataFrame:
    size = [len(np.atleast_1d(entry["k"])) for entry in entries]
    return pd.DataFrame(
        {
            name: np.concatenate(
                [np.broadcast_to(entry[name], n) for entry, n in zip(entries, size, strict=True)]
            )
            for name in entries[0]
        }
    )
