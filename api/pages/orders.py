"""`/orders`: what to order in the next two weeks, order by order, for a buyer to read and print."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

import pandas as pd
from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from api.dependencies import InPublications
from api.pages.frame import InFrame, freshness_of
from api.pages.paged import pages_of
from api.planner_list import master_of
from api.served import Served
from models.publication import NotSaid
from models.quantities import sign_of

router = APIRouter(include_in_schema=False)

ORDERS: Final = 50  # of a page
FACETS: Final = ("supplier", "source_site", "buyer", "site")
HEAD: Final = (
    *("proposal", "order_on", "cutoff_time", "supplier", "source_site", "buyer", "site"),
    *("currency", "order_value", "order_units", "minimum_value", "minimum_units"),
    *("minimum_reached", "silent_since"),
)
LINE: Final = (
    *("sku", "description", "units", "unit", "packs", "value", "reason", "expected_on"),
    *("position_then", "days_of_cover_then", "excess_units"),
)
Value = Annotated[str, Query(max_length=200)]


@router.get("/orders")
async def orders(
    request: Request,
    frame: InFrame,
    publications: InPublications,
    supplier: Value = "",
    source_site: Value = "",
    buyer: Value = "",
    site: Value = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    served = await publications.current()
    asked = {"supplier": supplier, "source_site": source_site, "buyer": buyer, "site": site}
    try:
        lines = await to_thread.run_sync(_lines, served)
    except NotSaid:  # made by a version that proposed nothing
        lines = None
    narrow = {name: value for name, value in asked.items() if value}
    found = _narrowed(lines, narrow)
    numbers = found["proposal"].unique()
    shown = found[found["proposal"].isin(numbers[(page - 1) * ORDERS : page * ORDERS])]
    measures = [sign_of(uom) for uom in master_of(served.reader, shown, "uom")]
    return frame.page(
        "orders.html",
        title=frame._("Supplier orders"),
        freshness=freshness_of(served),
        known=lines is not None,
        asked=asked,
        narrow=narrow,
        facets={} if lines is None else {name: _values(lines[name]) for name in FACETS},
        days=days_of(shown.assign(unit=measures)),
        totals=totals_of(found),
        pages=pages_of(request, page, len(numbers), ORDERS),
        csv=f"/v1/proposals?{urlencode(narrow)}",
        file=f"proposals_{served.number}.csv",
    )


def _lines(served: Served) -> pd.DataFrame:
    frame = served.proposals.to_pandas()
    text = {
        name: object for name, kind in frame.dtypes.items() if isinstance(kind, pd.CategoricalDtype)
    }
    if "silent_since" not in frame:  # made by a version that did not say so
        frame["silent_since"] = pd.NaT
    return frame.astype(text)


def _narrowed(lines: pd.DataFrame | None, narrow: dict[str, str]) -> pd.DataFrame:
    if lines is None:
        return pd.DataFrame(columns=[*HEAD, *LINE, "excess_value"])
    for name, value in narrow.items():
        lines = lines[lines[name] == value]
    return lines


def _values(column: pd.Series) -> list[str]:
    return sorted(set(column) - {""})


def totals_of(lines: pd.DataFrame) -> list[dict[str, Any]]:
    """What each supplier, or site that ships, gets to do: orders and their value, the largest
    first."""
    keys = ["supplier", "source_site", "currency"]
    grouped = lines.groupby(keys, sort=False, observed=True)
    totals = grouped.agg(orders=("proposal", "nunique"), value=("value", "sum")).reset_index()
    ordered = totals.sort_values("value", ascending=False, kind="stable")
    return [{str(name): value for name, value in row.items()} for row in ordered.to_dict("records")]


def days_of(lines: pd.DataFrame) -> list[dict[str, Any]]:
    """By order day, the orders of that day, each with its lines; sums in the order's currency."""
    days: list[dict[str, Any]] = []
    for _, rows in lines.groupby("proposal", sort=False):
        order = {name: rows[name].iloc[0] for name in HEAD}
        order["silent_since"] = order["silent_since"] if pd.notna(order["silent_since"]) else None
        order["excess_value"] = float(rows["excess_value"].sum())
        order["lines"] = rows[list(LINE)].to_dict("records")
        if not days or days[-1]["day"] != order["order_on"]:
            days.append({"day": order["order_on"], "orders": []})
        days[-1]["orders"].append(order)
    return days
