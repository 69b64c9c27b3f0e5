"""What a year was worth: empty shelves, units lost, stock, and money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from api.demo.company import Reals, Whole
from api.demo.demand import Demand
from api.demo.operations import Ledger
from benchmarks.second_year.world import Fork, Lived
from forecasting.options import Options

COSTS: Final = Options(
    country="FR",
    holding_rate=0.2,
    expedite_cost=30.0,
    transfer_cost=5.0,
    order_cost=10.0,
    count_cost=3.0,
)
"""Currency; the holding rate of unit cost a year. Assumptions, stated where the figures are."""
YEAR_DAYS: Final = 365


@dataclass(frozen=True)
class Measured:
    """A year, or what its days come to in a year; currency EUR."""

    ruptures: float  # that begin, a series on sale
    days_out: float  # at the close, a series on sale
    lost: float  # units that customers wanted and did not get
    margin_lost: float
    stock: float  # mean at unit cost
    holding: float
    spent: float  # on supplier orders, calls, transfers and counts asked for
    actions: float  # a morning
    orders: float  # at suppliers, those of the ERP included
    calls: float
    transfers: float  # asked for by the planner
    counts: float  # of shelves, likewise

    @property
    def money(self) -> float:
        return self.margin_lost + self.holding + self.spent


def measured(fork: Fork, lived: Lived) -> Measured:
    ledger, span = lived.ledger, slice(fork.day, fork.until)
    a_year = YEAR_DAYS / (fork.until - fork.day)
    physical = ledger.physical.copy()
    physical[:, 0] -= ledger.blocked
    on_sale = fork.run.on_sale[span]
    out = (physical[span] <= 0) & on_sale
    before = (physical[fork.day - 1 : fork.until - 1] <= 0) & on_sale
    shelf_years = on_sale.sum() / YEAR_DAYS
    lost = lost_units(fork.demand, ledger, fork.day, fork.until) * a_year
    items = fork.company.items
    price, cost = (items[name].to_numpy(float) for name in ("unit_price", "unit_cost"))
    worth = np.where(items["stockout_cost"].notna(), items["stockout_cost"], price - cost)
    stock = float((ledger.physical[span] * cost).sum(axis=(1, 2)).mean())
    bought = ledger.orders[ledger.orders["supplier"] >= 0]
    orders = bought.loc[bought["ordered"] >= fork.day, "order"].nunique()
    spent = _of(COSTS.order_cost) * orders
    spent += _of(COSTS.expedite_cost) * lived.taken["calls"]
    spent += _of(COSTS.transfer_cost) * lived.taken["transfers"]
    spent += _of(COSTS.count_cost) * lived.taken["counts"]
    return Measured(
        ruptures=float((out & ~before).sum() / shelf_years),
        days_out=float(out.sum() / shelf_years),
        lost=float(lost.sum()),
        margin_lost=float((lost.sum(axis=0) * worth).sum()),
        stock=stock,
        holding=stock * _of(COSTS.holding_rate),
        spent=spent * a_year,
        actions=lived.taken["actions"] / max(lived.mornings, 1),
        orders=orders * a_year,
        calls=lived.taken["calls"] * a_year,
        transfers=lived.taken["transfers"] * a_year,
        counts=lived.taken["counts"] * a_year,
    )


def lost_units(demand: Demand, ledger: Ledger, first: int, until: int) -> Reals:
    """[S, K] not sold in stores for want of stock, and given up by professional customers."""
    missed: Whole = (demand.units - ledger.sold)[first:until]
    lost = missed.sum(axis=0).astype(float)
    lost[0] = 0.0
    shipments = ledger.shipments[ledger.shipments["day"] < until]
    sent = shipments.groupby("row")["units"].sum()
    given_up = shipments.loc[(shipments["units"] == 0) & (shipments["day"] >= first), "row"]
    lines = demand.professional.loc[given_up]
    left = lines["units"] - sent.reindex(given_up, fill_value=0)
    np.add.at(lost[0], lines["k"].to_numpy(), left.to_numpy())
    return lost


def _of(cost: float | None) -> float:
    return cost or 0.0
