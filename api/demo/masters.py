"""Masters and plans as the ERP exports them at the end: the columns of forecasting/tables.py."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from api.demo.coding import Coding
from api.demo.company import NEVER, Company, closures, years_of
from api.demo.demand import KNOWN_BEFORE_DAYS, UPLIFT_OF_DEPTH, Demand
from api.demo.operations import Ledger
from api.demo.planner import SERVICE_TARGET, review_days

PRICE_KNOWN_DAYS: Final = 14
CLOSURES_AHEAD_DAYS: Final = 60
FOUNDED: Final = pd.Timestamp(2015, 3, 2)
WEEKDAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EVENT_COLUMNS: Final = (
    *("start", "end", "kind", "name", "site", "sku", "category", "supplier"),
    *("value", "units", "status", "known_on"),
)


def items(company: Company, demand: Demand) -> pd.DataFrame:
    frame = company.items.copy()
    frame["unit_price"] = demand.price[company.end]
    coding = Coding(company)
    ends = company.last[0]
    announced = np.where(ends <= company.end + KNOWN_BEFORE_DAYS, ends, NEVER)
    frame["introduced_on"] = coding.dates(company.first[0])
    frame["discontinued_on"] = coding.dates(announced)
    return frame


def sites(company: Company) -> pd.DataFrame:
    coding = Coding(company)
    opened = [int(site.opened_at * company.days) for site in company.sites]
    return pd.DataFrame(
        {
            "site": coding.sites,
            "name": [site.name for site in company.sites],
            "region": [site.region for site in company.sites],
            "country": "FR",
            "kind": [site.kind for site in company.sites],
            "latitude": [site.latitude for site in company.sites],
            "longitude": [site.longitude for site in company.sites],
            "opened_on": [coding.date(day) if day else FOUNDED for day in opened],
            "like_site": [site.like_site for site in company.sites],
            "timezone": "Europe/Paris",
        }
    )


def suppliers(company: Company) -> pd.DataFrame:
    years = years_of(company.dates[: company.simulated])
    return pd.DataFrame(
        {
            "supplier": supplier.code,
            "name": supplier.name,
            "order_days": _weekdays(supplier.order_days),
            "cutoff_time": supplier.cutoff_time,
            "receiving_days": _weekdays(supplier.receiving_days),
            "lead_time_days": supplier.lead_time_days,
            "lead_time_basis": supplier.lead_time_basis,
            "minimum_order_value": supplier.minimum_order_value or np.nan,
            "currency": "EUR",
            "closures": ";".join(f"{a}/{b}" for a, b in closures(supplier, years)),
        }
        for supplier in company.suppliers
    )


def assortment(company: Company) -> pd.DataFrame:
    coding = Coding(company)
    first, last = company.first.ravel(), company.last.ravel()
    announced = np.where(last <= company.end + KNOWN_BEFORE_DAYS, last, NEVER)
    dates = {"from": coding.dates(first), "to": coding.dates(announced)}
    return pd.DataFrame({**coding.every_series(), **dates, "mode": "stocked"})


def policies(company: Company, ledger: Ledger) -> pd.DataFrame:
    coding = Coding(company)
    source = np.full(company.first.shape, company.sites[0].code, object)
    source[0] = company.items["supplier"]
    review = np.array([[review_days(site)] for site in company.sites])
    review = np.broadcast_to(review, company.first.shape).copy()
    review[0] = [review_days(company.suppliers[f]) for f in company.supplier_of]
    frames = [
        pd.DataFrame(
            {
                **coding.every_series(),
                "source": source.ravel(),
                "safety_stock": policy.safety_stock.ravel(),
                "reorder_point": policy.reorder_point.ravel(),
                "order_up_to": policy.order_up_to.ravel(),
                "review_days": review.ravel(),
                "service_target": SERVICE_TARGET,
                "service_kind": "cycle",
                "valid_from": coding.date(day),
            }
        )[company.last.ravel() >= day]
        for day, policy in ledger.policies
        if day <= company.end
    ]
    return pd.concat(frames, ignore_index=True)


def events(company: Company, demand: Demand) -> pd.DataFrame:
    """Promotions, price changes and closures, those ahead included where they are announced."""
    coding = Coding(company)
    rows = [
        *_promotions(coding, demand),
        *_price_changes(coding, demand),
        *_closures(coding),
        *_supplier_closures(company),
    ]
    frame = pd.DataFrame(rows).reindex(columns=list(EVENT_COLUMNS))
    for column in ("name", "site", "sku", "category", "supplier", "status"):
        frame[column] = frame[column].astype(object).fillna("")
    known = ~(frame["known_on"] > coding.date(company.end))
    return frame[known].sort_values(["start", "kind", "name", "sku", "site"], ignore_index=True)


def _promotions(coding: Coding, demand: Demand) -> list[dict[str, Any]]:
    expected = demand.expected.sum(axis=0)
    return [
        {
            "kind": "promotion",
            "name": row.name,
            "start": coding.date(row.first),
            "end": coding.date(row.last),
            "sku": coding.skus[row.k],
            "value": row.depth,
            "units": round(
                expected[row.k] * (1 + UPLIFT_OF_DEPTH * row.depth) * (row.last - row.first + 1)
            ),
            "status": "confirmed",
            "known_on": coding.date(row.first - KNOWN_BEFORE_DAYS),
        }
        for row in demand.promotions
    ]


def _price_changes(coding: Coding, demand: Demand) -> list[dict[str, Any]]:
    return [
        {
            "kind": "price",
            "name": "Hausse de tarif",
            "start": coding.date(row.first),
            "end": coding.date(row.last),
            "sku": coding.skus[row.k],
            "value": row.price,
            "known_on": coding.date(row.first - PRICE_KNOWN_DAYS),
        }
        for row in demand.price_changes
    ]


def _closures(coding: Coding) -> list[dict[str, Any]]:
    company = coding.company
    closed = company.closed[: company.days + CLOSURES_AHEAD_DAYS]
    return [
        {
            "kind": "closure",
            "name": "Fermeture exceptionnelle",
            "start": coding.date(day),
            "end": coding.date(day),
            "site": coding.sites[s],
        }
        for day, s in np.argwhere(closed).tolist()
    ]


def _supplier_closures(company: Company) -> list[dict[str, Any]]:
    years = years_of(company.dates[: company.simulated])
    return [
        {
            "kind": "supplier_closure",
            "name": f"Fermeture {supplier.name}",
            "start": pd.Timestamp(first),
            "end": pd.Timestamp(last),
            "supplier": supplier.code,
        }
        for supplier in company.suppliers
        for first, last in closures(supplier, years)
    ]


def _weekdays(days: tuple[int, ...]) -> str:
    return ",".join(WEEKDAY_NAMES[day] for day in days)
