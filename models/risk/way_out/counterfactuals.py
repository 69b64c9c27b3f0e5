"""Each input of a series' projection as it should have been, one at a time: what its cause weighs.

"Should have been" is what was promised, planned or usual: an overdue order had come, one that came
short had come whole, an order promised too late had been promised in time, demand were as usual, an
order had been placed in time, no customer had ordered ahead, the source had stock, the record were
right. All by the same paths and weights as published.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from models.risk.way_out.causes import (
    DEMAND_ABOVE,
    Cause,
    Situation,
    demand_cause,
    is_late,
    late_cause,
    not_ordered_cause,
)
from models.risk.way_out.options import LOOK_AHEAD_DAYS
from models.risk.way_out.variants import NewLine, OpenLine, Variant
from models.risk.way_out.whatif import WhatIf

LEAD_LONGER: Final = 1.25
"""Learned over stated lead time from which the master is wrong rather than round."""
BOOKED_ABOVE: Final = 1.02
"""Demand with what is booked over the forecast from which orders of customers are named."""

Weighed = tuple[Cause, Variant]


def counterfactuals(
    now: Situation, base: WhatIf, row: int, missing: float, lead_days: float
) -> list[Weighed]:
    """The causes that may weigh on a series whose stock is known, each with the rerun without it.

    `missing`: units that should be on order besides.
    """
    supply = base.structure.supply
    found: list[Weighed] = []
    if supply.unseen[row] > 0:
        found.append((Cause("stale_data", {"stock_on": now.stock_on}), Variant(row, seen=True)))
    if supply.blocked[row] > 0:
        facts = {"units": float(supply.blocked[row])}
        found.append((Cause("blocked_stock", facts), Variant(row, freed=True)))
    found += _orders(now, base, row)
    found += _came_short(base, row)
    if now.usual_demand > 0 and now.forecast > DEMAND_ABOVE * now.usual_demand:
        found.append((demand_cause(now), Variant(row, demand=now.usual_demand / now.forecast)))
    if now.demand > BOOKED_ABOVE * now.forecast:
        found.append((_booked(now, base, row), Variant(row, unbooked=True)))
    shipper = _shipper(base, row)
    if shipper:
        found.append((Cause("source_short", {"site": shipper}), Variant(row, supplied=True)))
    stated = supply.terms.master_days[row]
    if lead_days > LEAD_LONGER * stated and np.isfinite(supply.policies.reorder_point[row]):
        source = str(supply.terms.source[row])
        days = {"days": round(lead_days), "stated": round(stated)}
        longer = Cause("lead_time_longer", {"source": source, **days})
        found.append((longer, Variant(row, stated_lead=True)))
    spoiled = base.spoils[row]
    if spoiled > 0:
        found.append((Cause("expiry", {"units": spoiled}), Variant(row, keeps=True)))
    enough = now.lines and now.sellable + sum(line[1] for line in now.lines) >= now.demand
    if missing > 0 and not enough:
        found.append(_not_ordered(now, base, row, missing))
    found.append((Cause("phantom_stock"), Variant(row, right_record=True)))
    return found


def _not_ordered(now: Situation, base: WhatIf, row: int, missing: float) -> Weighed:
    """Where the position lies below the reorder point, the order had been placed on the last order
    day; else what is missing had been ordered a lead time ago."""
    cause = not_ordered_cause(now)
    terms = base.structure.supply.terms
    first = now.today - dt.timedelta(days=LOOK_AHEAD_DAYS - 1)
    days = terms.order_days_from(row, first, LOOK_AHEAD_DAYS)
    if cause.code != "below_reorder_point" or not len(days):
        return cause, Variant(row, stock=missing)
    source = str(terms.source[row])
    by_site = (source, base.code_of[row][1]) in base.row_of
    line = NewLine(
        missing,
        days[-1],
        supplier="" if by_site else source,
        source_site=source if by_site else "",
    )
    return cause, Variant(row, extra=(line,))


def _orders(now: Situation, base: WhatIf, row: int) -> list[Weighed]:
    """Those that are late, those promised too late, and the luck of the others."""
    told = base.lines_of(row)
    out_on = now.stockout_on or now.today
    late = [line for line in told if is_late(line.promised_on, now.today)]
    ahead = [line for line in told if line.promised_on and line.promised_on > now.today]
    behind = [line for line in ahead if line.promised_on and line.promised_on > out_on]
    found: list[Weighed] = []
    if late:
        found.append((late_cause(now), _had_come(row, late)))
    if behind:
        first = _soonest(behind)
        facts = {"order_id": first.order_id, "promised_on": first.promised_on}
        after = Cause("order_after_stockout", facts, is_out=now.is_out)
        found.append((after, _had_come(row, behind)))
    if len(ahead) > len(behind):
        facts = {"order_id": _soonest(ahead).order_id}
        uncertain = Cause("order_uncertain", facts, is_out=now.is_out)
        found.append((uncertain, Variant(row, punctual=True)))
    return found


def _booked(now: Situation, base: WhatIf, row: int) -> Cause:
    """The largest line that customers have ordered ahead speaks for all; what is reserved besides
    is of orders that are not told."""
    lines = base.booked.get(row, [])
    booked = float(base.structure.supply.booked[row, : base.main].sum())
    reserved = booked - sum(line.units for line in lines)
    largest = max(lines, key=lambda line: line.units, default=None)
    if largest is None or reserved > largest.units:
        return Cause("reserved_stock", {"units": reserved})
    facts: dict[str, object] = {
        "order_id": largest.order_id,
        "customer": largest.customer,
        "units": largest.units,
    }
    if largest.due_on is None or largest.due_on <= now.today:
        return Cause("customer_order_due", facts)
    return Cause("customer_order", {**facts, "due_on": largest.due_on})


def _came_short(base: WhatIf, row: int) -> list[Weighed]:
    """Had everything come of the lines that lately ended with less; the largest gap speaks."""
    short = base.came_short.get(row)
    if not short:
        return []
    order_id, came, ordered = max(short, key=lambda line: line[2] - line[1])
    cause = Cause("short_order", {"order_id": order_id, "came": came, "ordered": ordered})
    return [(cause, Variant(row, stock=sum(line[2] - line[1] for line in short)))]


def _soonest(lines: list[OpenLine]) -> OpenLine:
    return min(lines, key=lambda line: (line.promised_on or dt.date.max, line.order_id))


def _had_come(row: int, lines: list[OpenLine]) -> Variant:
    units = sum(line.units for line in lines)
    return Variant(row, without=tuple(line.place for line in lines), stock=units)


def _shipper(base: WhatIf, row: int) -> str:
    """The site whose stock limits what comes in; "" where only suppliers deliver."""
    sources, code_of = base.structure.supply.sources, base.code_of
    drawn = int(sources.of_series[row])
    givers = [drawn] if drawn >= 0 else []
    sku = code_of[row][1]
    shipping = [(line.source_site, sku) for line in base.lines_of(row)]
    givers += [base.row_of[code] for code in shipping if code in base.row_of]
    limited = [giver for giver in givers if sources.place[giver] >= 0]
    return code_of[limited[0]][0] if limited else ""
