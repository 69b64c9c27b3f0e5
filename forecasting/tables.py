"""The contracts of the feeds, read like a data sheet: grain, then each column.

`read_*` (forecasting.feeds) is lenient: good rows and reasoned rejects. `check_table` here is
strict: it raises. Names are canonical; profiles translate an ERP's own names to these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from forecasting.errors import BadValues, MissingColumns, UnknownName

MOST_UNITS: Final = 1e15  # beyond this a float no longer counts single units; such a row is a fault
UNIT_DECIMALS: Final = 6  # of units added up: what is left of 0.3 − 0.1 − 0.2 is nothing


class Kind(StrEnum):
    """How a column's text is read."""

    TEXT = "text"
    NUMBER = "number"  # finite float64
    DATE = "date"  # business date of the site
    CHOICE = "choice"  # one of `choices`
    WEEKDAYS = "weekdays"  # "Mon,Thu" -> "0,3"; Monday 0
    TIME = "time"  # HH:MM, 24 h
    DATES = "dates"  # closures: "2026-12-24/2027-01-02;2026-08-15"


@dataclass(frozen=True)
class Column:
    """One column: `required` means present and not blank in every row."""

    name: str
    kind: Kind
    about: str
    required: bool = False
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One feed. `key`: the columns that name a row; the same key in a later delivery corrects it.

    `dated`: the business date that "as of" cuts on, where the feed has one.
    `one_of`: at least one of these optional columns must be present and filled.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    dated: str | None = None
    one_of: tuple[str, ...] = ()
    by_name: Mapping[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]

    @property
    def by_series(self) -> bool:
        """Rows that always belong to one site and sku."""
        return {"site", "sku"} <= set(self.required)


def _text(name: str, about: str, *, required: bool = False) -> Column:
    return Column(name, Kind.TEXT, about, required)


def _number(
    name: str,
    about: str,
    *,
    required: bool = False,
    least: float | None = -MOST_UNITS,
    most: float | None = MOST_UNITS,
) -> Column:
    return Column(name, Kind.NUMBER, about, required, least, most)


def _amount(name: str, about: str, *, required: bool = False) -> Column:
    return _number(name, about, required=required, least=0.0)


def _date(name: str, about: str, *, required: bool = False) -> Column:
    return Column(name, Kind.DATE, about, required)


def _choice(name: str, about: str, choices: tuple[str, ...], *, required: bool = False) -> Column:
    return Column(name, Kind.CHOICE, about, required, choices=choices)


_SITE = _text("site", "code of the site", required=True)
_SKU = _text("sku", "code of the item", required=True)
_UOM = _text("uom", "unit of measure; blank: the item's own")
_VALID_FROM = _date("valid_from", "first day the row holds; blank: always")

ITEMS: Final = Table(
    "items",
    "one row per sku (and valid_from)",
    (
        _SKU,
        _text("description", "what a person calls it"),
        _text("category", "one level of the assortment"),
        _text("supplier", "code of the usual supplier"),
        _text("buyer", "who orders it"),
        _amount("unit_cost", "purchase cost, currency per unit"),
        _amount("unit_price", "selling price, currency per unit"),
        _text("currency", "ISO 4217"),
        _amount("stockout_cost", "loss for a unit not served, currency per unit"),
        _UOM,
        _number("pack_size", "units in one pack", least=1e-9),
        _amount("minimum_order", "least units in one order"),
        _amount("lead_time_days", "calendar days from order to receipt, by the master"),
        _amount("shelf_life_days", "days from receipt to expiry"),
        _date("introduced_on", "first day on sale"),
        _date("discontinued_on", "last day on sale"),
        _text("replaces", "sku that this one follows"),
        _VALID_FROM,
    ),
    key=("sku", "valid_from"),
)

SITES: Final = Table(
    "sites",
    "one row per site",
    (
        _SITE,
        _text("name", "what a person calls it"),
        _text("region", "region"),
        _text("country", "ISO 3166-1 alpha-2, for holidays"),
        _text("kind", "store, warehouse, hospital …"),
        _number("latitude", "degrees", least=-90, most=90),
        _number("longitude", "degrees", least=-180, most=180),
        _date("opened_on", "first day open"),
        _text("like_site", "site whose profile a new site starts from"),
        _text("timezone", "IANA name"),
    ),
    key=("site",),
)

SUPPLIERS: Final = Table(
    "suppliers",
    "one row per supplier",
    (
        _text("supplier", "code of the supplier", required=True),
        _text("name", "what a person calls it"),
        _text("site", "the one site these terms hold for; blank: all"),
        Column("order_days", Kind.WEEKDAYS, "weekdays on which orders are taken; blank: all"),
        Column("cutoff_time", Kind.TIME, "last time of an order day, local to the site"),
        Column("receiving_days", Kind.WEEKDAYS, "weekdays on which goods are received; blank: all"),
        _amount("lead_time_days", "days from order to receipt, by contract"),
        _choice("lead_time_basis", "what those days are", ("calendar", "working")),
        _amount("minimum_order_value", "least value of one order, currency"),
        _amount("minimum_order_units", "least units of one order"),
        _text("currency", "ISO 4217"),
        Column("closures", Kind.DATES, "days or ranges (a/b) closed, separated by ;"),
    ),
    key=("supplier", "site"),
)

ASSORTMENT: Final = Table(
    "assortment",
    "one row per site, sku and first day; outside it, zero stock is no stockout",
    (
        _SITE,
        _SKU,
        _date("from", "first day; blank: always"),
        _date("to", "last day, inclusive; blank: open"),
        _choice("mode", "how the item is offered", ("stocked", "to_order", "dropship")),
    ),
    key=("site", "sku", "from"),
)

POLICIES: Final = Table(
    "policies",
    "one row per site and sku (and valid_from)",
    (
        _SITE,
        _SKU,
        _text("source", "code of a supplier or a site that replenishes it"),
        _amount("safety_stock", "units"),
        _number("reorder_point", "units of position (on_hand + on_order − backlog)"),
        _number("order_up_to", "units of position"),
        _number("review_days", "days between reviews", least=1),
        _number("service_target", "0..1", least=0, most=1),
        _choice("service_kind", "what the target counts", ("fill", "cycle")),
        _VALID_FROM,
    ),
    key=("site", "sku", "valid_from"),
)

SALES: Final = Table(
    "sales",
    "one row per date, site, sku (and line_id); returns are negative and stay as they came",
    (
        _date("date", "business date of the sale or issue", required=True),
        _SITE,
        _SKU,
        _number("units", "units sold or issued; negative: returned", required=True),
        _text("line_id", "line of the receipt or invoice"),
        _amount("price", "currency per unit"),
        _number("promotion", "depth 0..1", least=0, most=1),
        _choice("kind", "who took it", ("customer", "consumption", "transfer", "scrap")),
        _UOM,
    ),
    key=("date", "site", "sku", "line_id"),
    dated="date",
)

STOCK: Final = Table(
    "stock",
    "one row per date, site, sku (and lot): the picture at the close of the date",
    (
        _date("date", "business date whose close is pictured", required=True),
        _SITE,
        _SKU,
        _number("on_hand", "physical units; may be negative in a faulty record"),
        _number("availability", "share of selling time with stock", least=0, most=1),
        _amount("reserved", "units promised"),
        _amount("blocked", "units not sellable (quality, quarantine)"),
        _amount("consignment", "units owned by the supplier"),
        _text("lot", "batch"),
        _date("expires_on", "last day the lot may be sold"),
        _UOM,
    ),
    key=("date", "site", "sku", "lot"),
    dated="date",
    one_of=("on_hand", "availability"),
)

MOVEMENTS: Final = Table(
    "movements",
    "one row per booking",
    (
        _date("date", "business date", required=True),
        _SITE,
        _SKU,
        _number("units", "signed: + into the stock, − out of it", required=True),
        _choice(
            "kind",
            "why the stock moved",
            (
                "receipt",
                "issue",
                "transfer_in",
                "transfer_out",
                "adjustment",
                "count",
                "return",
                "scrap",
            ),
            required=True,
        ),
        _text("reference", "document"),
    ),
    key=("date", "site", "sku", "kind", "reference"),
    dated="date",
)

ORDERS: Final = Table(
    "orders",
    "one row per order line, to a supplier or a transfer from a site",
    (
        _text("order_id", "order", required=True),
        _SITE,
        _SKU,
        _amount("units_ordered", "units", required=True),
        _date("ordered_on", "day placed", required=True),
        _text("line", "line of the order"),
        _text("supplier", "who delivers; blank: who usually does"),
        _text("source_site", "site that sends, for a transfer"),
        _date("requested_on", "day asked for"),
        _date("promised_on", "day first promised"),
        _date("expected_on", "day expected now"),
        _date("promise_known_on", "day on which that promise was made"),
        _date("received_on", "day received, where there is one receipt"),
        _amount("units_received", "units received so far"),
        _date("cancelled_on", "day cancelled"),
        _choice("status", "state today", ("requested", "open", "received", "cancelled", "closed")),
    ),
    key=("order_id", "line", "sku"),
    dated="ordered_on",
)

RECEIPTS: Final = Table(
    "receipts",
    "one row per receipt of an order line; several a line",
    (
        _text("order_id", "order", required=True),
        _date("received_on", "day received", required=True),
        _number("units", "units received; negative: sent back", required=True),
        _text("line", "line of the order"),
        _text("site", "where it came in"),
        _text("sku", "what came in"),
    ),
    key=("order_id", "line", "sku", "received_on"),
    dated="received_on",
)

CUSTOMER_ORDERS: Final = Table(
    "customer_orders",
    "one row per customer order line; open lines are known demand",
    (
        _text("order_id", "order", required=True),
        _SITE,
        _SKU,
        _amount("units_ordered", "units", required=True),
        _date("ordered_on", "day placed", required=True),
        _text("line", "line of the order"),
        _text("customer", "who ordered"),
        _date("requested_on", "day asked for"),
        _date("confirmed_on", "day promised to the customer"),
        _date("shipped_on", "day shipped"),
        _amount("units_shipped", "units shipped so far"),
        _date("cancelled_on", "day cancelled"),
        _text("priority", "rank"),
    ),
    key=("order_id", "line", "sku"),
    dated="ordered_on",
)

EVENTS: Final = Table(
    "events",
    "one row per event; a row after the origin counts only if known_on is not after it",
    (
        _date("start", "first day", required=True),
        _choice(
            "kind",
            "what happens",
            ("promotion", "price", "holiday", "weather", "closure", "supplier_closure", "other"),
            required=True,
        ),
        _date("end", "last day, inclusive; blank: start"),
        _text("name", "name"),
        _text("site", "blank: all"),
        _text("sku", "blank: all"),
        _text("category", "blank: all"),
        _text("supplier", "blank: all"),
        _number("value", "price: unit price; promotion: depth 0..1"),
        _amount("units", "planned units"),
        _text("status", "planned, confirmed …"),
        _date("known_on", "day it became known; blank: in advance (weather: never)"),
    ),
    key=("kind", "name", "start", "site", "sku", "category"),
    dated="start",
)

COSTS: Final = Table(
    "costs",
    "one row per amount: a period, a site and a kind of logistics cost",
    (
        _date("period_start", "first day that the amount pays for", required=True),
        _SITE,
        _text(
            "kind",
            "transport, storage, handling, packaging … in the company's words",
            required=True,
        ),
        _number("amount", "currency; negative: credited", required=True),
        _date("period_end", "last day, inclusive; blank: the end of that month"),
        _text("currency", "ISO 4217; blank: the workspace's"),
        _text("category", "category that it was spent on; blank: all"),
        _text("supplier", "supplier whose goods it was spent on; blank: all"),
    ),
    key=("period_start", "site", "kind", "currency", "category", "supplier"),
    dated="period_start",
)

INCIDENTS: Final = Table(
    "incidents",
    "one row per incident: a complaint of a customer, or a fault of a supplier",
    (
        _date("occurred_on", "business date", required=True),
        _SITE,
        _choice("side", "whose order went wrong", ("customer", "supplier"), required=True),
        _text("incident_id", "document"),
        _text("kind", "damaged, wrong item, wrong quantity … in the company's words"),
        _text("order_id", "order"),
        _text("line", "line of the order"),
        _text("sku", "code of the item"),
        _text("supplier", "who delivered"),
        _amount("units", "units concerned"),
    ),
    key=("occurred_on", "site", "side", "incident_id", "kind", "order_id", "line", "sku"),
    dated="occurred_on",
)

FEEDS: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        ITEMS,
        SITES,
        SUPPLIERS,
        ASSORTMENT,
        POLICIES,
        SALES,
        STOCK,
        MOVEMENTS,
        ORDERS,
        RECEIPTS,
        CUSTOMER_ORDERS,
        EVENTS,
        COSTS,
        INCIDENTS,
    )
}


def feed(name: str) -> Table:
    """The contract of a feed; raises UnknownName with a suggestion."""
    try:
        return FEEDS[name]
    except KeyError:
        raise UnknownName("feed", name, FEEDS) from None


def check_table(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The frame, unchanged, if it keeps the contract; raises MissingColumns or BadValues.

    Blank optional text is "", blank optional numbers NaN, blank optional dates NaT.
    """
    missing = [name for name in table.required if name not in frame.columns]
    if missing:
        raise MissingColumns(table.name, missing, list(frame.columns))
    for column in table.columns:
        if column.name in frame.columns:
            _check_column(frame[column.name], column, table.name)
    return frame


def _check_column(values: pd.Series, column: Column, table: str) -> None:
    def refuse(rule: str, bad: pd.Series) -> None:
        if bad.any():
            raise BadValues(table, column.name, rule, values[bad].tolist())

    blank = values.isna() | (values.astype("string") == "").fillna(False).astype(bool)
    if column.required:
        refuse("filled", blank)
    filled = ~blank
    if column.kind is Kind.NUMBER:
        numbers = pd.to_numeric(values, errors="coerce")
        refuse("finite numbers", filled & ~np.isfinite(numbers.fillna(np.inf)))
        if column.least is not None:
            refuse(f"at least {column.least:g}", filled & (numbers < column.least))
        if column.most is not None:
            refuse(f"at most {column.most:g}", filled & (numbers > column.most))
    elif column.kind is Kind.DATE:
        refuse("dates", filled & pd.to_datetime(values, errors="coerce").isna())
    elif column.kind is Kind.CHOICE:
        refuse(f"one of {', '.join(column.choices)}", filled & ~values.isin(column.choices))
