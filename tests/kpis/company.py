"""Generated companies: every feed that a KPI looks at, drawn from a seed, with gaps and slips."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from forecasting.calendar import Frequency, origin_of
from forecasting.options import Options
from forecasting.panel import Panel, build_panel
from models.kpis import measured
from models.kpis.counted import Counted
from tests.forecasting.warehouse import Rows

ORIGIN = dt.date(2026, 11, 18)  # a Wednesday: neither its week nor its month is over
FIRST = dt.date(2025, 9, 10)
SITES, SKUS = ("LYON", "NANTES", "PARIS"), ("A", "B", "C", "D", "E")
SUPPLIERS = {"A": "NOVA", "B": "NOVA", "C": "KLIM", "D": "KLIM", "E": ""}
CATEGORIES = {"A": "café", "B": "thé", "C": "café", "D": "thé", "E": ""}
COSTS = {"A": 2.0, "B": 3.5, "C": 10.0, "D": np.nan, "E": 1.25}
PRICES = {"A": 3.0, "B": 5.0, "C": 16.0, "D": 4.0, "E": np.nan}
CURRENCIES = {"A": "EUR", "B": "EUR", "C": "CHF", "D": "EUR", "E": "EUR"}

Feeds = dict[str, pd.DataFrame]


def feeds(seed: int) -> Feeds:
    """Some months of three sites and five items; one site opens late, one item is discontinued."""
    rng = np.random.default_rng(seed)
    days = pd.date_range(FIRST, ORIGIN + dt.timedelta(days=20))
    pairs = [(site, sku) for site in SITES for sku in SKUS]
    sales, stock = [], []
    for site, sku in pairs:
        begun = 200 if site == "PARIS" else 0
        units = rng.poisson(3.0, len(days)).astype(float)
        on_hand = np.maximum(rng.normal(20.0, 14.0, len(days)).round(), 0.0)
        for at in range(begun, len(days)):
            row = {"date": days[at], "site": site, "sku": sku}
            price = PRICES[sku] * 0.9 if rng.random() < 0.2 else np.nan
            sales.append({**row, "units": units[at], "price": price, "kind": "customer"})
            if site == "LYON" and rng.random() < 0.1:
                sales.append({**row, "units": 2.0, "price": np.nan, "kind": "transfer"})
                sales[-1]["line_id"] = "T1"
            if rng.random() < 0.9:
                stock.append({**row, "on_hand": on_hand[at], "blocked": float(rng.random() < 0.05)})
    items = pd.DataFrame(
        [
            {
                "sku": sku,
                "category": CATEGORIES[sku],
                "supplier": SUPPLIERS[sku],
                "unit_cost": COSTS[sku],
                "unit_price": PRICES[sku],
                "currency": CURRENCIES[sku],
                "lead_time_days": 6.0 if sku != "E" else np.nan,
                "discontinued_on": days[300] if sku == "B" else pd.NaT,
            }
            for sku in SKUS
        ]
    )
    orders, receipts = _purchases(rng, days, pairs)
    return {
        "items": items,
        "sales": pd.DataFrame(sales),
        "stock": pd.DataFrame(stock),
        "orders": orders,
        "receipts": receipts,
        "customer_orders": _customer_orders(rng, days, pairs),
        "costs": _costs(rng),
        "incidents": _incidents(rng, days, pairs),
    }


def _purchases(
    rng: np.random.Generator, days: pd.DatetimeIndex, pairs: list[tuple[str, str]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    orders: list[dict[str, Any]] = []
    receipts: list[dict[str, Any]] = []
    for number in range(400):
        site, sku = pairs[rng.integers(len(pairs))]
        ordered = days[rng.integers(len(days) - 20)]
        promised = ordered + pd.Timedelta(days=int(rng.integers(2, 10)))
        fate = rng.random()
        row = {
            "order_id": f"PO-{number:03d}",
            "line": "1",
            "site": site,
            "sku": sku,
            "supplier": "" if rng.random() < 0.1 else ["NOVA", "KLIM"][number % 2],
            "source_site": "LYON" if fate > 0.93 else "",
            "units_ordered": float(rng.integers(1, 40)),
            "ordered_on": ordered,
            "promised_on": pd.NaT if fate < 0.1 else promised,
            "cancelled_on": ordered + pd.Timedelta(days=1) if 0.1 < fate < 0.15 else pd.NaT,
        }
        row["status"] = "cancelled" if pd.notna(row["cancelled_on"]) else "open"
        came = promised + pd.Timedelta(days=int(rng.integers(-2, 9)))
        if row["status"] == "open" and came <= days[-1] and rng.random() < 0.9:
            share = 0.5 if rng.random() < 0.2 else 1.0
            line = {name: row[name] for name in ("order_id", "line", "site", "sku")}
            receipts.append({**line, "received_on": came, "units": row["units_ordered"] * share})
            if share < 1 and rng.random() < 0.5:
                rest = came + pd.Timedelta(days=3)
                receipts.append({**receipts[-1], "received_on": rest})
                share = 1.0
            row["status"] = "received" if share == 1.0 else "closed"
        orders.append(row)
    return pd.DataFrame(orders), pd.DataFrame(receipts)


def _customer_orders(
    rng: np.random.Generator, days: pd.DatetimeIndex, pairs: list[tuple[str, str]]
) -> pd.DataFrame:
    rows = []
    for number in range(300):
        site, sku = pairs[rng.integers(len(pairs))]
        ordered = days[rng.integers(len(days) - 30)]
        requested = ordered + pd.Timedelta(days=int(rng.integers(1, 12)))
        units = float(rng.integers(1, 20))
        shipped = requested + pd.Timedelta(days=int(rng.integers(-3, 4)))
        row = {
            "order_id": f"SO-{number:03d}",
            "line": "1",
            "site": site,
            "sku": sku,
            "units_ordered": units,
            "ordered_on": ordered,
            "requested_on": pd.NaT if rng.random() < 0.15 else requested,
            "confirmed_on": pd.NaT if rng.random() < 0.5 else requested,
            "shipped_on": shipped if rng.random() < 0.9 else pd.NaT,
            "units_shipped": units if rng.random() < 0.8 else units - 1.0,
            "cancelled_on": ordered if rng.random() < 0.05 else pd.NaT,
        }
        if pd.isna(row["shipped_on"]):
            row["units_shipped"] = np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def _costs(rng: np.random.Generator) -> pd.DataFrame:
    """By month up to October, some by half month, in two currencies, some of one category."""
    rows = []
    for month in pd.date_range("2025-09-01", "2026-10-01", freq="MS"):
        for site in SITES:
            row = {"period_start": month, "site": site, "kind": "transport", "currency": ""}
            rows.append({**row, "amount": float(rng.integers(100, 900)), "period_end": pd.NaT})
            half = month + pd.Timedelta(days=14)
            row |= {"kind": "storage", "currency": "CHF", "category": "café"}
            rows.append({**row, "amount": float(rng.integers(10, 90)), "period_end": half})
    return pd.DataFrame(rows)


def _incidents(
    rng: np.random.Generator, days: pd.DatetimeIndex, pairs: list[tuple[str, str]]
) -> pd.DataFrame:
    rows = []
    for number in range(120):
        site, sku = pairs[rng.integers(len(pairs))]
        rows.append(
            {
                "occurred_on": days[rng.integers(len(days))],
                "site": site,
                "sku": sku if rng.random() < 0.8 else "",
                "side": ["customer", "supplier"][number % 2],
                "incident_id": f"I-{number}",
            }
        )
    return pd.DataFrame(rows)


def panel_of(told: Feeds, origin: dt.date = ORIGIN, options: Options | None = None) -> Panel:
    options = options or Options()
    return build_panel(Rows(**told), origin_of(origin, options.frequency), options)


def facts_of(told: Feeds) -> Counted:
    """What a KPI is counted from."""
    return Counted(panel_of(told), Rows(**told), Options())


def counted(
    told: Feeds, origin: dt.date = ORIGIN, frequency: Frequency = Frequency.DAY
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells and coverage."""
    options = Options(frequency=frequency)
    return measured(panel_of(told, origin, options), Rows(**told), options, _fail)


def _fail(said: str) -> None:
    raise AssertionError(said)
