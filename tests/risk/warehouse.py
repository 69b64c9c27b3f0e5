"""A warehouse in words: shelves with their stock, demand, orders and policies → Panel and forecast.

The forecast is given, path by path, so that a test knows the truth of the demand side.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, end_date, to_period
from forecasting.demand_forecast import GrainForecast
from forecasting.draws import Draws
from forecasting.options import Options
from forecasting.panel import Panel

TODAY = dt.date(2026, 11, 22)  # a Sunday: the last day of ISO week 47


@dataclass(frozen=True)
class Order:
    """`placed`, `promised`, `received`, `cancelled`: days from the origin; None: not so."""

    units: float = 40.0
    placed: int = -10
    promised: int | None = 5
    received: int | None = None
    cancelled: int | None = None
    units_received: float | None = None
    order_id: str = "PO-1"
    supplier: str = "NOVA"
    source_site: str = ""
    status: str = "open"


@dataclass(frozen=True)
class Shelf:
    """`demand`: mean units a period, or the paths themselves [P, H]. `past_*` end at the origin."""

    on_hand: float = 20.0
    demand: float | NDArray[Any] = 2.0
    orders: tuple[Order, ...] = ()
    site: str = "S1"
    sku: str = "RETRO-CLOCK"
    blocked: float = 0.0
    reserved: float = 0.0
    past_units: tuple[float, ...] = ()
    past_on_hand: tuple[float, ...] = ()
    past_receipts: tuple[float, ...] = ()
    availability: tuple[float, ...] = ()
    booked: tuple[tuple[int | None, float], ...] = ()  # due in days, units
    stale_days: int = 0
    corrections: tuple[tuple[int, float], ...] = ()  # days from the origin, units
    lots: tuple[tuple[int | None, float], ...] = ()  # last day on sale from the origin, units
    policy: dict[str, Any] = field(default_factory=dict)
    item: dict[str, Any] = field(default_factory=dict)


def shelf(**facts: Any) -> Shelf:
    """`open_order=dict(units=40, due_in_days=5)` is short for one open order."""
    if "open_order" in facts:
        said = facts.pop("open_order")
        facts["orders"] = (
            Order(
                units=said["units"], promised=said["due_in_days"], placed=said.get("placed", -10)
            ),
        )
    return Shelf(**facts)


def refilled_as_usual(demand: float, lot: float, *, days: int = 120) -> dict[str, Any]:
    """A past in which a lot came in whenever less than four days of demand were left."""
    stock, came, level = [], [], lot
    for _ in range(days):
        received = lot if level < 4 * demand else 0.0
        level += received - demand
        stock.append(level)
        came.append(received)
    return {
        "demand": demand,
        "past_units": (demand,) * days,
        "past_on_hand": tuple(stock),
        "past_receipts": tuple(came),
    }


def delivered(
    took: int, *, promised_in: int = 7, count: int = 1, **facts: Any
) -> tuple[Order, ...]:
    """Past orders that took so many days, promised for the day `promised_in` after the order."""
    return tuple(
        Order(
            placed=-100 - number,
            promised=-100 - number + promised_in,
            received=-100 - number + took,
            order_id=f"OLD-{took}-{number}",
            status="received",
            **facts,
        )
        for number in range(count)
    )


class GivenForecast:
    """Demand paths as given: what DemandForecast offers to the risk models, and nothing else."""

    asked, said = None, None

    def __init__(self, panel: Panel, paths: NDArray[np.float32]) -> None:
        self.frequency, self.origin = panel.frequency, panel.origin
        self.series = panel.series[["site", "sku"]]
        self._paths = paths
        mean = paths.mean(axis=1, dtype=np.float64)
        self.grains = {
            panel.frequency: GrainForecast(
                frequency=panel.frequency,
                first=panel.origin + 1,
                mean=mean,
                quantiles=np.repeat(mean[:, :, None], 3, axis=2),
                levels=(0.1, 0.5, 0.9),
                mean_units=mean,
                method=["given"] * len(mean),
                reason=[""] * len(mean),
            )
        }

    def paths(self, rows: slice | NDArray[np.int64], horizon: int) -> NDArray[np.float32]:
        return self._paths[rows, :, :horizon]

    def draws(self, horizon: int) -> Draws:
        return Draws(self, horizon)


def forecast_of(
    panel: Panel, shelves: list[Shelf], *, paths: int = 200, horizon: int = 28, seed: int = 1
) -> GivenForecast:
    """Poisson paths around each shelf's demand, the same for a shelf whoever its neighbours are."""
    drawn = np.empty((len(shelves), paths, horizon), dtype=np.float32)
    for place, one in enumerate(shelves):
        if isinstance(one.demand, np.ndarray):
            drawn[place] = one.demand[np.arange(paths) % len(one.demand)]
        else:
            luck = np.random.default_rng([seed, *f"{one.site}/{one.sku}".encode()])
            drawn[place] = luck.poisson(min(one.demand, 1e9), (paths, horizon))
    return GivenForecast(panel, drawn)


def panel_of(shelves: list[Shelf], options: Options | None = None, **masters: Any) -> Panel:
    """`suppliers=[dict(supplier=…, order_days="0,3", …)]`, `events=[dict(kind=…, start=…, …)]`.

    Shelves stand in the order given.
    """
    options = options or Options()
    frequency = options.frequency
    origin = int(to_period(TODAY, frequency))
    assert end_date(origin, frequency) == TODAY or frequency is not Frequency.DAY
    today = pd.Timestamp(end_date(origin, frequency))
    width = max(
        30, *(len(one.past_units) for one in shelves), *(len(o.availability) for o in shelves)
    )
    blank = np.full((len(shelves), width), np.nan)
    units, on_hand, receipts = blank.copy(), blank.copy(), blank.copy()
    availability, blocked = blank.copy(), blank.copy()
    for row, one in enumerate(shelves):
        mean = one.demand if isinstance(one.demand, int | float) else float(np.mean(one.demand))
        _end_with(units[row], one.past_units or (mean,) * width)
        _end_with(on_hand[row], one.past_on_hand or (np.nan,))
        on_hand[row, -1 - min(one.stale_days, width - 1)] = one.on_hand
        _end_with(receipts[row], one.past_receipts or (0.0,) * width)
        _end_with(availability[row], one.availability or (np.nan,))
        blocked[row, ~np.isnan(on_hand[row])] = 0.0
        blocked[row, -1] = one.blocked
    stock = pd.DataFrame(
        {
            "on_hand": [one.on_hand for one in shelves],
            "blocked": [one.blocked for one in shelves],
            "reserved": [one.reserved for one in shelves],
            "sellable": [one.on_hand - one.blocked for one in shelves],
            "stock_on": pd.Series(
                [
                    pd.NaT if np.isnan(one.on_hand) else today - dt.timedelta(days=one.stale_days)
                    for one in shelves
                ],
                dtype="datetime64[s]",
            ),
            "rolled": False,
            "stale_days": [float(one.stale_days) for one in shelves],
            "rebuilt_periods": 0,
            "pictures_checked": 0,
            "pictures_off": 0,
        }
    )
    history = _orders(shelves, today)
    return Panel(
        frequency=frequency,
        origin=origin,
        start=origin - width + 1,
        series=_series(shelves, options),
        units=units,
        price=blank,
        on_hand=on_hand,
        rebuilt=np.zeros(on_hand.shape, dtype=bool),
        blocked=blocked,
        availability=availability,
        receipts=receipts,
        stock=stock,
        lots=_dated(shelves, "lots", "expires_on", "units", today),
        corrections=_dated(shelves, "corrections", "date", "units", today),
        orders=history[history["units_open"] > 0].reset_index(drop=True),
        order_history=history,
        customer_orders=_dated(shelves, "booked", "due_on", "units_open", today).assign(
            order_id=lambda lines: [f"CC-{number}" for number in range(1, len(lines) + 1)],
            customer="Hôpital Nord",
        ),
        policies=_policies(shelves),
        suppliers=_suppliers(masters.get("suppliers", [])),
        sites=pd.DataFrame({"site": sorted({one.site for one in shelves}), "region": ""}),
        events=_events(masters.get("events", [])),
        watermarks={"sales": TODAY},
    )


def _end_with(row: NDArray[np.float64], values: tuple[float, ...]) -> None:
    kept = values[-len(row) :]
    row[len(row) - len(kept) :] = kept


def _series(shelves: list[Shelf], options: Options) -> pd.DataFrame:
    rows = [
        {
            "site": one.site,
            "sku": one.sku,
            "category": "CLOCKS",
            "supplier": "NOVA",
            "buyer": "",
            "description": "",
            "unit_cost": np.nan,
            "unit_price": np.nan,
            "currency": options.currency,
            "stockout_cost": np.nan,
            "uom": "",
            "pack_size": np.nan,
            "minimum_order": np.nan,
            "master_lead_time_days": np.nan,
            "introduced_on": pd.NaT,
            "discontinued_on": pd.NaT,
            "replaces": "",
            "in_assortment": True,
            "mode": "stocked",
            "passed_on": 0.0,
            **one.item,
        }
        for one in shelves
    ]
    dates = {"introduced_on": "datetime64[s]", "discontinued_on": "datetime64[s]"}
    return pd.DataFrame(rows).astype(dates)


def _orders(shelves: list[Shelf], today: pd.Timestamp) -> pd.DataFrame:
    def day(offset: int | None) -> Any:
        return pd.NaT if offset is None else today + dt.timedelta(days=offset)

    columns = [
        *("order_id", "line", "site", "sku", "supplier", "source_site", "units_ordered"),
        *("ordered_on", "promised_on", "received_on", "last_received_on", "units_received"),
        *("status", "units_open", "cancelled_on"),
        "series",
    ]
    rows = []
    for row, one in enumerate(shelves):
        for line, order in enumerate(one.orders):
            came = order.received is not None
            got = order.units if order.units_received is None else order.units_received
            rows.append(
                (
                    *(order.order_id, str(line), one.site, one.sku),
                    *(order.supplier, order.source_site, order.units),
                    *(day(order.placed), day(order.promised)),
                    *(day(order.received), day(order.received)),
                    *(got if came else 0.0, order.status),
                    *(0.0 if came or order.cancelled is not None else order.units,),
                    *(day(order.cancelled), row),
                )
            )
    numbers = dict.fromkeys(("units_ordered", "units_received", "units_open"), "float64")
    days = ("ordered_on", "promised_on", "received_on", "last_received_on", "cancelled_on")
    dates = dict.fromkeys(days, "datetime64[s]")
    return pd.DataFrame(rows, columns=columns).astype({**numbers, **dates, "series": "int64"})


def _dated(
    shelves: list[Shelf], what: str, date: str, units: str, today: pd.Timestamp
) -> pd.DataFrame:
    """A row for each (day from today or None, units) that the shelves have of `what`."""
    rows = [
        (row, pd.NaT if day is None else today + dt.timedelta(days=day), number)
        for row, one in enumerate(shelves)
        for day, number in getattr(one, what)
    ]
    frame = pd.DataFrame(rows, columns=["series", date, units])
    return frame.astype({"series": "int64", date: "datetime64[s]", units: "float64"})


def _policies(shelves: list[Shelf]) -> pd.DataFrame:
    names = ("safety_stock", "reorder_point", "order_up_to", "review_days")
    rows = [
        {"site": one.site, "sku": one.sku, "source": one.policy.get("source", "")}
        | {name: float(one.policy.get(name, np.nan)) for name in names}
        for one in shelves
    ]
    return pd.DataFrame(rows)


def _suppliers(rows: list[dict[str, Any]]) -> pd.DataFrame:
    blank = {
        "supplier": "",
        "site": "",
        "order_days": "",
        "cutoff_time": "",
        "receiving_days": "",
        "lead_time_days": np.nan,
        "minimum_order_value": np.nan,
        "minimum_order_units": np.nan,
        "currency": "",
        "closures": "",
    }
    frame = pd.DataFrame([{**blank, **row} for row in rows], columns=list(blank))
    numbers = ("lead_time_days", "minimum_order_value", "minimum_order_units")
    return frame.astype(dict.fromkeys(numbers, "float64"))


def _events(rows: list[dict[str, Any]]) -> pd.DataFrame:
    texts = dict.fromkeys(("kind", "site", "sku", "category", "supplier", "status"), "")
    blank = {"end": pd.NaT, "known_on": pd.NaT, "value": np.nan, **texts}
    frame = pd.DataFrame([{**blank, **row} for row in rows], columns=["start", *blank])
    days = dict.fromkeys(("start", "end", "known_on"), "datetime64[s]")
    return frame.astype({**days, "value": "float64"})
