"""Laws of the simulated company: stock adds up, nobody sells what is not there."""

from __future__ import annotations

import numpy as np

from api.demo.company import NEVER
from api.demo.demand import Demand
from api.demo.operations import operate
from tests.demo.conftest import Played


def _issued(played: Played) -> np.ndarray:
    issued = played.ledger.sold - played.ledger.returned
    issued[:, 0] += played.ledger.transferred
    return issued


def _opening(closing: np.ndarray, first: np.ndarray) -> np.ndarray:
    return np.concatenate([first[None], closing[:-1]])


def test_the_record_balances_day_by_day(small: Played) -> None:
    ledger = small.ledger
    opening = _opening(ledger.on_hand, ledger.opening)
    assert (ledger.on_hand == opening + ledger.received - _issued(small) + ledger.counted).all()
    assert ledger.received.any()
    assert ledger.counted.any()


def test_the_shelf_balances_day_by_day_and_is_never_below_zero(small: Played) -> None:
    ledger = small.ledger
    opening = _opening(ledger.physical, ledger.opening)
    assert (ledger.physical == opening + ledger.received - _issued(small) - ledger.lost).all()
    assert ledger.physical.min() >= 0
    assert (ledger.physical != ledger.on_hand).any(), "records drift from the shelf"


def test_stores_sell_the_demand_or_what_the_shelf_holds_whichever_is_less(small: Played) -> None:
    ledger = small.ledger
    shelf = _opening(ledger.physical, ledger.opening) + ledger.received
    expected = np.minimum(ledger.demand, shelf)[:, 1:]
    assert (ledger.sold[:, 1:] == expected).all()
    assert (ledger.sold[:, 1:] < ledger.demand[:, 1:]).any(), "stockouts censor some sales"


def test_the_warehouse_sends_at_most_what_it_may(small: Played) -> None:
    ledger = small.ledger
    shelf = (_opening(ledger.physical, ledger.opening) + ledger.received)[:, 0]
    sent = ledger.sold[:, 0] + ledger.transferred
    assert (sent <= np.maximum(shelf - ledger.blocked, 0)).all()
    asked = ledger.demand[:, 0].cumsum(axis=0)
    assert (sent.cumsum(axis=0) <= asked).all(), "nothing leaves that nobody asked for"


def test_closed_sites_sell_nothing(small: Played) -> None:
    closed = ~small.company.open[: small.company.simulated]
    assert closed.any()
    assert not small.ledger.sold[closed].any()


def test_receipts_match_orders_and_what_came_in(small: Played) -> None:
    ledger = small.ledger
    keys = ["order", "line", "site", "k"]
    came = ledger.receipts.groupby(keys)["units"].sum()
    lines = ledger.orders.set_index(keys)
    assert came.index.isin(lines.index).all()
    ordered = lines["units"].reindex(came.index)
    assert (came <= ordered).all()
    assert (came < ordered).any(), "some lines arrive short"
    first = ledger.receipts.groupby(keys)["day"].min()
    assert (first > lines["ordered"].reindex(first.index)).all()
    booked = np.zeros_like(ledger.received)
    at = [ledger.receipts[name].to_numpy() for name in ("day", "site", "k")]
    np.add.at(booked, tuple(at), ledger.receipts["units"].to_numpy())
    assert (booked == ledger.received).all()


def test_transfers_come_out_of_the_warehouse(small: Played) -> None:
    ledger = small.ledger
    lines = ledger.orders[ledger.orders["supplier"] < 0]
    came = ledger.receipts[ledger.receipts["site"] > 0]["units"].sum()
    under_way = ledger.transferred[-4:].sum()
    assert ledger.transferred.sum() - under_way <= came <= ledger.transferred.sum()
    assert came < lines["units"].sum(), "stores get less than they ask when the warehouse is short"


def test_professional_lines_ship_at_most_what_was_ordered(small: Played) -> None:
    book = small.demand.professional
    shipped = small.ledger.shipments.groupby("row")["units"].sum()
    assert (shipped <= book["units"].reindex(shipped.index)).all()
    cancelled = book.index[book["cancelled"] < NEVER]
    assert not cancelled.isin(shipped.index).any()


def test_a_container_is_late_at_the_end(small: Played) -> None:
    company, ledger = small.company, small.ledger
    (sea,) = (f for f, supplier in enumerate(company.suppliers) if supplier.role == "container")
    lines = ledger.orders[ledger.orders["supplier"] == sea]
    overdue = lines[(lines["promised"] < company.end - 6) & (lines["ordered"] <= company.end)]
    received = ledger.receipts[ledger.receipts["day"] <= company.end]["order"]
    late = overdue[~overdue["order"].isin(received)]
    assert late["order"].nunique() == 1
    assert (company.end - late["promised"]).between(7, 14).all()
    assert late["order"].isin(ledger.receipts["order"]).all(), "it does arrive, after the end"


def test_one_supplier_has_stopped(small: Played) -> None:
    company, ledger = small.company, small.ledger
    (quiet,) = (f for f, supplier in enumerate(company.suppliers) if supplier.role == "stopped")
    lines = ledger.orders[ledger.orders["supplier"] == quiet]
    receipts = ledger.receipts[ledger.receipts["order"].isin(lines["order"])]
    assert receipts["day"].max() <= company.end - 21
    assert (lines["promised"] < company.end).any()
    assert not set(lines["order"][lines["promised"] > company.end - 12]) & set(receipts["order"])


def test_more_demand_never_means_more_left_on_the_shelf_of_the_first_day(small: Played) -> None:
    demand = small.demand
    more = Demand(**{**vars(demand), "units": demand.units + 3})
    crowded = operate(small.company, more)
    assert (crowded.physical[0, 1:] <= small.ledger.physical[0, 1:]).all()


def test_ruptures_look_like_retail(small: Played) -> None:
    company, ledger = small.company, small.ledger
    days = slice(0, company.days)
    sellable = ledger.on_hand[days].copy()
    sellable[:, 0] -= ledger.blocked[days]
    on_sale = company.in_assortment()[days]
    share = ((sellable <= 0) & on_sale).sum() / on_sale.sum()
    assert 0.005 < share < 0.12
