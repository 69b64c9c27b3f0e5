"""What the product is told on a morning: the company's exports as of the evening before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from api.demo import happenings, masters
from api.demo.coding import Coding
from api.demo.company import NEVER, Company
from api.demo.demand import KNOWN_BEFORE_DAYS, Demand
from api.demo.operations import Ledger
from benchmarks.risk.triggers import table_of
from benchmarks.rows import TableRows
from forecasting.options import Options
from forecasting.panel import Panel, build_panel

WEEKDAYS: Final = {name: str(number) for number, name in enumerate(masters.WEEKDAY_NAMES)}


@dataclass(frozen=True)
class Seen:
    """`orders`: the simulation's number of each document that the exports name."""

    rows: TableRows
    panel: Panel
    orders: dict[str, int]


def seen(company: Company, demand: Demand, ledger: Ledger, day: int, options: Options) -> Seen:
    """At the opening of a day; nothing that happened or was announced later is in it."""
    then = replace(company, days=day)  # its exports end the evening before
    orders = happenings.orders(then, ledger)
    frames = {
        "items": _begun(masters.items(then, demand), then),
        "sites": masters.sites(company),
        "suppliers": masters.suppliers(then).replace(WEEKDAYS, regex=True),
        "assortment": _begun(masters.assortment(then), then),
        "policies": _begun(masters.policies(then, ledger), then),
        "events": _open_ended(masters.events(then, demand), then),
        "sales": happenings.sales(then, demand, ledger),
        "stock": happenings.stock(then, ledger),
        "orders": orders,
        "receipts": happenings.receipts(then, ledger),
        "customer_orders": happenings.customer_orders(then, demand, ledger),
    }
    rows = TableRows({feed: table_of(feed, frame) for feed, frame in frames.items() if len(frame)})
    origin = int(company.dates[then.end].astype("datetime64[D]").astype(np.int64))
    placed = ledger.orders.loc[ledger.orders["ordered"] <= then.end, "order"]
    numbers = dict(zip(orders["order_id"], placed.tolist(), strict=True))
    return Seen(rows, build_panel(rows, origin, options), numbers)


def _begun(frame: pd.DataFrame, then: Company) -> pd.DataFrame:
    """Without series whose launch nobody knows of yet."""
    known = then.first[0] <= then.end + KNOWN_BEFORE_DAYS
    skus = Coding(then).skus[known]
    return frame[frame["sku"].isin(skus)].reset_index(drop=True)


def _open_ended(events: pd.DataFrame, then: Company) -> pd.DataFrame:
    """A price holds without end until the next one is announced."""
    reach = Coding(then).date(then.end + masters.PRICE_KNOWN_DAYS)
    later = (events["kind"] == "price") & (events["end"] > reach)
    last = Coding(then).date(min(len(then.dates) - 1, NEVER))
    return events.assign(end=events["end"].mask(later, last))
