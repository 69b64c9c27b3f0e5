"""A supplier's minimum, and the items that fill an order up to it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from models.lead_time import Floats
from models.lots import in_lots, lots_in


@dataclass(frozen=True)
class Minimum:
    """Least value (currency of the order) and least units of one order; NaN: none stated."""

    value: float = np.nan
    units: float = np.nan

    @property
    def stated(self) -> bool:
        return self.value > 0 or self.units > 0

    def missing(self, value: float, units: float) -> tuple[float, float]:
        """What an order of so much lacks to it: value and units, 0 where nothing.

        >>> Minimum(value=500.0).missing(value=420.0, units=7.0)
        (80.0, 0.0)
        """
        by_value, by_units = self.value - value, self.units - units
        return (by_value if by_value > 0 else 0.0, by_units if by_units > 0 else 0.0)

    def reached(self, value: float, units: float) -> bool | None:
        """None: nothing is stated, or it cannot be told (a NaN value)."""
        if not self.stated or (np.isnan(value) and self.value > 0):
            return None
        return self.missing(value, units) == (0.0, 0.0)


@dataclass(frozen=True)
class Items:
    """c items that may stand on one order."""

    days_left: Floats  # [c] until each needs its next order, after what is ordered already
    rate: Floats  # [c] units a day, above 0
    pack: Floats  # [c] units, above 0
    least: Floats  # [c] units of a line, 0: none
    most: Floats  # [c] units of a line: the limit of filling up
    cost: Floats  # [c] currency a unit, 0: counts for no value


def filled(units: Floats, items: Items, minimum: Minimum) -> Floats | None:
    """[c] units of each line that reach the minimum: the most urgent item gets a day's demand more
    (in whole packs), then whichever is the most urgent now. No line passes `most` by it.

    None where the minimum cannot be reached within these limits.
    """
    units = units.copy()
    packed_day = items.pack * np.maximum(np.floor(items.rate / items.pack), 1.0)
    heap = [(left, place) for place, left in enumerate(items.days_left.tolist())]
    heapq.heapify(heap)
    value, count = float(units @ items.cost), float(units.sum())
    while (missing := minimum.missing(value, count)) != (0.0, 0.0):
        if not heap:
            return None
        left, place = heapq.heappop(heap)
        pack, cost = items.pack[place], items.cost[place]
        helps = max(missing[1], missing[0] / cost if cost > 0 else 0.0)
        if not helps:
            continue
        more = min(packed_day[place], in_lots(helps, pack))
        if units[place] == 0.0:
            more = in_lots(more, pack, items.least[place])
        if units[place] + more > items.most[place] + 1e-9:
            more = lots_in(items.most[place] - units[place], pack)
            if more <= 0.0 or units[place] + more < items.least[place]:
                continue
        units[place] += more
        value += more * cost
        count += more
        heapq.heappush(heap, (left + more / items.rate[place], place))
    return units
