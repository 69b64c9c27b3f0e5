"""A run as the files that its ERP would send: the record only, nothing of the shelf."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.risk.simulator.demand import Whole
from benchmarks.risk.simulator.operations import Run
from benchmarks.risk.simulator.suppliers import NEVER, RECEIVING, SUPPLIERS, Suppliers
from benchmarks.risk.simulator.world import World

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MARGIN: Final = 0.3  # of the price


def write_feeds(world: World, folder: Path) -> dict[str, Path]:
    """The files by feed, in an order in which they can be taken in."""
    files = {}
    for feed, frame in feeds_of(world).items():
        if len(frame):
            files[feed] = folder / f"{feed}.parquet"
            frame.to_parquet(files[feed], index=False)
    return files


def feeds_of(world: World) -> dict[str, pd.DataFrame]:
    run, suppliers = world.run, world.suppliers
    codes = suppliers.codes[suppliers.of_series]
    return {
        "items": _items(run, world.planners.habits.pack, codes),
        "suppliers": _suppliers(run, suppliers),
        "events": run.demand.events,
        "policies": _policies(world, codes),
        "sales": _by_day(run, "units", run.sold, run.sold > 0),
        "stock": _by_day(run, "on_hand", run.recorded, run.stocked),
        "movements": _by_day(run, "units", run.counted, run.counted != 0).assign(kind="count"),
        "orders": _orders(run, codes),
        "receipts": _receipts(run),
    }


def _dates(run: Run, day: Whole) -> pd.Series:
    """Beyond the end: blank."""
    last = len(run.demand.dates) - 1
    found = run.demand.dates[np.minimum(day, last)].astype("datetime64[s]")
    return pd.Series(found).where(day <= last).dt.date


def _by_day(run: Run, name: str, values: Whole, chosen: Whole) -> pd.DataFrame:
    row, day = np.nonzero(chosen)
    frame = run.demand.series[["site", "sku"]].iloc[row].reset_index(drop=True)
    frame.insert(0, "date", run.demand.dates[day].astype("datetime64[ms]"))
    return frame.assign(**{name: values[chosen].astype(float)})


def _items(run: Run, pack: Whole, codes: Whole) -> pd.DataFrame:
    frame = run.demand.series[["sku", "category", "unit_price"]].assign(
        supplier=codes, pack_size=pack.astype(float)
    )
    frame = frame.drop_duplicates("sku")
    return frame.assign(unit_cost=(frame["unit_price"] * (1 - MARGIN)).round(2))


def _suppliers(run: Run, suppliers: Suppliers) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "supplier": suppliers.codes,
            "order_days": [_names(days) for days in suppliers.order_days],
            "receiving_days": _names(RECEIVING),
            "lead_time_days": suppliers.quoted_days.astype(float),
            "lead_time_basis": "calendar",
            "closures": [_ranges(run.demand.dates[shut]) for shut in suppliers.closed],
        }
    )


def _names(days: tuple[int, ...]) -> str:
    return ",".join(WEEKDAYS[day] for day in days)


def _ranges(days: Whole) -> str:
    """Runs of days as first/last, separated by ;"""
    if not len(days):
        return ""
    breaks = np.flatnonzero(np.diff(days).astype(int) > 1) + 1
    return ";".join(f"{part[0]}/{part[-1]}" for part in np.split(days, breaks))


def _policies(world: World, codes: Whole) -> pd.DataFrame:
    """Levels, or for days of cover the safety stock; each row holds from its day on."""
    run, suppliers = world.run, world.suppliers
    told = world.planners.masters()
    row = told["row"].to_numpy()
    frame = run.demand.series[["site", "sku"]].iloc[row].reset_index(drop=True)
    review = suppliers.review_days[suppliers.of_series[row]]
    return frame.assign(
        source=codes[row],
        safety_stock=told["safety_stock"],
        reorder_point=told["reorder_point"],
        order_up_to=told["order_up_to"],
        review_days=review.astype(float),
        valid_from=_dates(run, told["day"].to_numpy()),
    )


def _orders(run: Run, codes: Whole) -> pd.DataFrame:
    """One order a route and day; a new promise is expected_on, dated by promise_known_on."""
    lines = run.lines
    row, last = lines["row"].to_numpy(), len(run.demand.dates) - 1
    order = lines["day"].to_numpy() * SUPPLIERS * 1_000 + lines["route"].to_numpy()
    cancelled, ended = lines["cancelled"].to_numpy(), lines["ended"].to_numpy()
    received = run.receipts.groupby("line")["units"].sum().reindex(range(len(lines)), fill_value=0)
    short = received.to_numpy() < lines["units"].to_numpy()
    over = ended <= last
    kinds = [cancelled <= last, over & short, over]
    status = np.select(kinds, ["cancelled", "closed", "received"], "open")
    told = lines["told_on"].to_numpy()
    revised = (told <= np.minimum(last, ended)) & (cancelled == NEVER)
    promise = run.demand.dates[0] + lines["promised"].to_numpy()
    anew = run.demand.dates[0] + np.where(revised, lines["told"].to_numpy(), 0)
    frame = run.demand.series[["site", "sku"]].iloc[row].reset_index(drop=True)
    return frame.assign(
        order_id=[f"P{one}" for one in order],
        line=(lines.groupby(["day", "route"]).cumcount() + 1).astype(str),
        supplier=codes[row],
        units_ordered=lines["units"].astype(float),
        ordered_on=_dates(run, lines["day"].to_numpy()),
        promised_on=pd.Series(promise.astype("datetime64[s]")).dt.date,
        expected_on=pd.Series(anew.astype("datetime64[s]")).where(revised).dt.date,
        promise_known_on=_dates(run, np.where(revised, told, NEVER)),
        cancelled_on=_dates(run, cancelled),
        status=status,
    )


def _receipts(run: Run) -> pd.DataFrame:
    came = run.receipts[run.receipts["units"] > 0]
    lines = run.lines.iloc[came["line"]]
    order = lines["day"].to_numpy() * SUPPLIERS * 1_000 + lines["route"].to_numpy()
    number = (run.lines.groupby(["day", "route"]).cumcount() + 1).to_numpy()[came["line"]]
    places = run.demand.series[["site", "sku"]].iloc[lines["row"]].reset_index(drop=True)
    return places.assign(
        order_id=[f"P{one}" for one in order],
        line=number.astype(str),
        received_on=_dates(run, came["day"].to_numpy()),
        units=came["units"].to_numpy(float),
    )
