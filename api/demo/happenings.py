"""What happened up to the end, as the ERP exports it: the columns of forecasting/tables.py."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from api.demo.catalogue import CUSTOMERS
from api.demo.coding import Coding, Objects
from api.demo.company import NEVER, Company, Whole
from api.demo.demand import Demand
from api.demo.operations import Ledger
from api.demo.order_book import TRANSFER
from forecasting.calendar import weekday

DAILY_STOCK_DAYS: Final = 380  # a year to learn from; before that, the picture of each Sunday
PROFESSIONAL_DISCOUNT: Final = 0.1


def sales(company: Company, demand: Demand, ledger: Ledger) -> pd.DataFrame:
    """Sales, returns (negative, a line of their own) and, at the warehouse, transfers to stores.

    A site that reports a day has a row that day, if only a zero.
    """
    days = slice(0, company.days)
    sent = ledger.given[days].copy()
    sent[:, 0] = ledger.transferred[days]
    frame = pd.concat(
        [
            _cells(ledger.sold[days], kind="customer", line_id=""),
            _cells(-ledger.returned[days], kind="customer", line_id="R1"),
            _cells(sent, kind="transfer", line_id="T1"),
            _silent_days(company, ledger),
        ],
        ignore_index=True,
    ).sort_values(["day", "s", "k", "line_id"], ignore_index=True)
    day, s, k = (frame[name].to_numpy() for name in ("day", "s", "k"))
    depth = np.where(s == 0, PROFESSIONAL_DISCOUNT, demand.depth[day, k])
    paid = ((frame["kind"] == "customer") & (frame["units"] != 0)).to_numpy()
    coding = Coding(company)
    return pd.DataFrame(
        {
            "date": coding.dates(day),
            **coding.named(s, k),
            "units": frame["units"],
            "line_id": frame["line_id"],
            "price": np.where(paid, np.round(demand.price[day, k] * (1.0 - depth), 2), np.nan),
            "promotion": np.where(paid & (s > 0), depth, np.nan),
            "kind": frame["kind"],
        }
    )


def stock(company: Company, ledger: Ledger) -> pd.DataFrame:
    """The record at close, on Sundays and on every day of the last months."""
    day = np.arange(company.days)
    sunday = weekday(company.dates[: company.days]) == 6
    pictured = np.flatnonzero((day > company.end - DAILY_STOCK_DAYS) | sunday)
    on_hand = ledger.on_hand[pictured]
    shown = company.in_assortment()[pictured] | (on_hand != 0)
    at, s, k = np.nonzero(shown)
    coding = Coding(company)
    return pd.DataFrame(
        {
            "date": coding.dates(pictured[at]),
            **coding.named(s, k),
            "on_hand": on_hand[shown],
            "blocked": np.where(s == 0, ledger.blocked[pictured[at], k], 0),
            "reserved": np.where(s == 0, ledger.reserved[pictured[at], k], 0),
        }
    )


def orders(company: Company, ledger: Ledger) -> pd.DataFrame:
    """Order lines as they look at the end; `expected_on` is overwritten by the receipt."""
    lines = ledger.orders[ledger.orders["ordered"] <= company.end]
    receipts = ledger.receipts[ledger.receipts["day"] <= company.end].groupby(["order", "line"])
    came = receipts.agg(units=("units", "sum"), day=("day", "max"), count=("day", "size"))
    came = came.reindex(pd.MultiIndex.from_frame(lines[["order", "line"]]))
    received = came["units"].fillna(0).to_numpy(np.int64)
    last = came["day"].fillna(NEVER).to_numpy(np.int64)
    once = (came["count"] == 1).to_numpy()
    column = {name: lines[name].to_numpy() for name in lines}
    whole = received >= column["units"]
    closed = (column["closed"] <= company.end) & ~whole
    codes = np.array([*(supplier.code for supplier in company.suppliers), ""], object)
    giver = TRANSFER - column["supplier"]
    by_site = giver >= 0
    coding = Coding(company)
    return pd.DataFrame(
        {
            "order_id": _order_ids(ledger)[column["order"]],
            "line": column["line"].astype(str),
            **coding.named(column["site"], column["k"]),
            "supplier": codes[np.maximum(column["supplier"], TRANSFER)],
            "source_site": np.where(by_site, coding.sites[np.where(by_site, giver, 0)], ""),
            "units_ordered": column["units"],
            "ordered_on": coding.dates(column["ordered"]),
            "promised_on": coding.dates(column["promised"]),
            "expected_on": coding.dates(np.where(whole, last, column["promised"])),
            "promise_known_on": coding.dates(column["ordered"]),
            "received_on": coding.dates(np.where(once & (whole | closed), last, NEVER)),
            "units_received": received,
            "cancelled_on": coding.dates(np.where(closed, column["closed"], NEVER)),
            "status": np.select([whole, closed], ["received", "closed"], "open"),
        }
    )


def receipts(company: Company, ledger: Ledger) -> pd.DataFrame:
    rows = ledger.receipts[ledger.receipts["day"] <= company.end]
    coding = Coding(company)
    return pd.DataFrame(
        {
            "order_id": _order_ids(ledger)[rows["order"].to_numpy()],
            "line": rows["line"].astype(str).to_numpy(),
            **coding.named(rows["site"].to_numpy(), rows["k"].to_numpy()),
            "received_on": coding.dates(rows["day"].to_numpy()),
            "units": rows["units"].to_numpy(),
        }
    )


def customer_orders(company: Company, demand: Demand, ledger: Ledger) -> pd.DataFrame:
    """Lines of professional customers; the ones ordered by the end and due later are open."""
    lines = demand.professional[demand.professional["ordered"] <= company.end]
    happened = ledger.shipments[ledger.shipments["day"] <= company.end]
    sent = happened[happened["units"] > 0].groupby("row")
    given_up = happened[happened["units"] == 0].groupby("row")["day"].max()
    given_up_on = given_up.reindex(lines.index, fill_value=NEVER).to_numpy()
    cancelled = np.minimum(lines["cancelled"].to_numpy(), given_up_on)
    coding = Coding(company)
    return pd.DataFrame(
        {
            "order_id": [f"CC-{order:05d}" for order in lines["order"]],
            "line": lines["line"].astype(str),
            "site": company.sites[0].code,
            "sku": coding.skus[lines["k"]],
            "customer": np.array(CUSTOMERS, object)[lines["customer"]],
            "units_ordered": lines["units"],
            "ordered_on": coding.dates(lines["ordered"].to_numpy()),
            "requested_on": coding.dates(lines["requested"].to_numpy()),
            "confirmed_on": coding.dates(lines["requested"].to_numpy()),
            "shipped_on": coding.dates(
                sent["day"].max().reindex(lines.index, fill_value=NEVER).to_numpy()
            ),
            "units_shipped": sent["units"].sum().reindex(lines.index, fill_value=0),
            "cancelled_on": coding.dates(np.where(cancelled <= company.end, cancelled, NEVER)),
        }
    )


def _silent_days(company: Company, ledger: Ledger) -> pd.DataFrame:
    """A zero for each site and day that reported and moved nothing, weekly rests included."""
    days = slice(0, company.days)
    begun = np.arange(company.days)[:, None] >= np.maximum(company.first.min(axis=1), 0)
    moves = (ledger.sold[days] + ledger.returned[days]).sum(axis=2)
    moves[:, 0] += ledger.transferred[days].sum(axis=1)
    day, s = np.nonzero(begun & ~company.closed[days] & (moves == 0))
    k = company.in_assortment()[day, s].argmax(axis=1)
    row = {"day": day, "s": s, "k": k, "units": 0, "kind": "customer", "line_id": ""}
    return pd.DataFrame(row)


def _cells(units: Whole, *, kind: str, line_id: str) -> pd.DataFrame:
    """One row for each cell of a [D, S, K] array that is not zero."""
    day, s, k = np.nonzero(units)
    columns = {"day": day, "s": s, "k": k, "units": units[day, s, k]}
    return pd.DataFrame({**columns, "kind": kind, "line_id": line_id})


def _order_ids(ledger: Ledger) -> Objects:
    """[orders + 1] document numbers: purchase orders and transfers each count by themselves."""
    transfer = ledger.orders.groupby("order")["supplier"].first().to_numpy() < 0
    number = np.where(transfer, transfer.cumsum(), (~transfer).cumsum())
    names = [f"TR-{n:06d}" if t else f"PO-{n:04d}" for n, t in zip(number, transfer, strict=True)]
    return np.array(["", *names], object)
