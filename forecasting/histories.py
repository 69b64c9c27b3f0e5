"""Rows of the feeds → matrices, one row a series and one column a period; NaN means unknown."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, to_period

Matrix = NDArray[np.float64]

NOT_DEMAND: Final = ("scrap",)  # rows of sales that nobody wanted
NO_DAY: Final = int(np.iinfo(np.int64).min)  # NaT as a number
INWARD: Final = ("receipt", "transfer_in")  # movements that fill the shelf


@dataclass(frozen=True)
class Grid:
    """Where a row of a feed falls in a matrix."""

    frequency: Frequency
    start: int
    shape: tuple[int, int]

    def flat(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        periods = to_period(rows["date"].to_numpy(), self.frequency) - self.start
        return rows["row"].to_numpy(dtype=np.int64) * self.shape[1] + periods

    def total(self, flat: NDArray[np.int64], values: NDArray[np.float64]) -> Matrix:
        size = self.shape[0] * self.shape[1]
        return (
            np.bincount(flat, weights=values, minlength=size).astype(np.float64).reshape(self.shape)
        )

    def seen(self, flat: NDArray[np.int64]) -> NDArray[np.bool_]:
        mask = np.zeros(self.shape[0] * self.shape[1], dtype=bool)
        mask[flat] = True
        return mask.reshape(self.shape)

    def unknown(self) -> Matrix:
        """A matrix of NaN that takes no memory."""
        return np.broadcast_to(np.nan, self.shape)


def sales_history(
    sold: pd.DataFrame, grid: Grid, sites: NDArray[np.object_], on_hand: Matrix
) -> tuple[Matrix, Matrix]:
    """Units and prices by period.

    Zero where the site reported in that period (a sale or a stock picture of any item) since the
    series' first sale; explicit zeros before it are "not yet sold" and unknown, unless the series
    never sold at all: then they, or its periods with stock on the shelf, are zero.
    """
    if "kind" in sold:
        sold = sold[~sold["kind"].isin(NOT_DEMAND)]
    flat = grid.flat(sold)
    units = grid.total(flat, sold["units"].to_numpy(dtype=np.float64))
    stated = grid.seen(flat)
    stocked = ~np.isnan(on_hand)
    site_codes, site_of = np.unique(sites, return_inverse=True)
    reported = np.zeros((len(site_codes), grid.shape[1]), dtype=bool)
    np.logical_or.at(reported, site_of, stated | stocked)
    moved = stated & (units != 0)
    columns = np.arange(grid.shape[1])
    begun = np.where(moved.any(axis=1), moved.argmax(axis=1), grid.shape[1])
    on_shelf = np.nancumsum(np.nan_to_num(on_hand) > 0, axis=1) > 0
    idle = ~moved.any(axis=1)[:, None] & (stated | on_shelf)
    known = reported[site_of] & ((columns >= begun[:, None]) | idle)
    history = np.where(known, units, np.nan)

    price = grid.unknown()
    if "price" in sold and sold["price"].notna().any():
        priced = sold[sold["price"].notna() & (sold["units"] > 0)]
        weight = priced["units"].to_numpy(dtype=np.float64)
        flat = grid.flat(priced)
        amount = grid.total(flat, weight * priced["price"].to_numpy(dtype=np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):
            price = amount / grid.total(flat, weight)
    return history, price


def complete_days(
    complete: pd.DataFrame, grid: Grid, sites: NDArray[np.object_], day: dt.date
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The day of the last complete snapshot up to `day`, of each site [S] and period [S, T], and
    the site [n] of each series; NO_DAY where there is none."""
    codes, site_of = np.unique(sites, return_inverse=True)
    complete = complete[complete["date"] <= pd.Timestamp(day)]
    place = pd.Index(codes).get_indexer(pd.Index(complete["site"]))
    days = complete["date"].to_numpy().astype("datetime64[D]")
    period = to_period(days, grid.frequency) - grid.start
    inside = (place >= 0) & (period >= 0)
    told = np.full((len(codes), grid.shape[1]), NO_DAY)
    np.maximum.at(told, (place[inside], period[inside]), days[inside].astype(np.int64))
    return told, site_of


def shelf_history(
    shelf: pd.DataFrame,
    grid: Grid,
    sites: NDArray[np.object_],
    complete: pd.DataFrame,
    day: dt.date,
) -> tuple[Matrix, Matrix, Matrix]:
    """Closing on_hand and blocked, and mean availability, by period.

    A period shows its last picture. Where a later complete snapshot of the site leaves out a series
    that was seen before, its on_hand is 0 (some systems delete empty rows).
    """
    on_hand, blocked, availability = grid.unknown(), grid.unknown(), grid.unknown()
    if not len(shelf):
        return on_hand, blocked, availability
    if "availability" in shelf and shelf["availability"].notna().any():
        stated = shelf[shelf["availability"].notna()]
        flat = grid.flat(stated)
        total = grid.total(flat, stated["availability"].to_numpy(dtype=np.float64))
        count = grid.total(flat, np.ones(len(stated)))
        with np.errstate(invalid="ignore"):
            availability = total / count
    if "on_hand" in shelf and shelf["on_hand"].notna().any():
        pictures = shelf[shelf["on_hand"].notna()]
        flat = grid.flat(pictures)
        days = pictures["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
        last = np.full(grid.shape[0] * grid.shape[1], NO_DAY)
        np.maximum.at(last, flat, days)
        closing = days == last[flat]
        seen = grid.seen(flat)
        held = pictures[closing]
        on_hand = np.where(seen, grid.total(flat[closing], held["on_hand"].to_numpy(float)), np.nan)
        if "blocked" in held:
            amounts = held["blocked"].fillna(0.0).to_numpy(float)
            blocked = np.where(seen, grid.total(flat[closing], amounts), np.nan)
        if len(complete):
            told, site_of = complete_days(complete, grid, sites, day)
            absent = told[site_of] > last.reshape(grid.shape)
            on_hand[absent & (np.cumsum(seen, axis=1) > 0)] = 0.0
    return on_hand, blocked, availability


def receipts_in(came: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
    """row, date, units of what came in: the receipts, and movements for series without any."""
    bookings = moved[moved["kind"].isin(INWARD) & (moved["row"] >= 0)]
    bookings = bookings[~bookings["row"].isin(came["row"])]
    placed = came[came["row"] >= 0].rename(columns={"received_on": "date"})
    parts = [part[["row", "date", "units"]] for part in (placed, bookings)]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def receipt_history(came: pd.DataFrame, moved: pd.DataFrame, grid: Grid) -> Matrix:
    """Units received by period."""
    rows = receipts_in(came, moved)
    if not len(rows):
        return grid.unknown()
    periods = to_period(rows["date"].to_numpy(), grid.frequency) - grid.start
    rows = rows[(periods >= 0) & (periods < grid.shape[1])]
    return grid.total(grid.flat(rows), rows["units"].to_numpy(dtype=np.float64))


def stock_now(
    shelf: pd.DataFrame,
    sold: pd.DataFrame,
    came: pd.DataFrame,
    moved: pd.DataFrame,
    told: NDArray[np.int64],
    day: dt.date,
) -> pd.DataFrame:
    """What is on each shelf at the origin, from its last picture rolled forward.

    `told` [n]: the day of the last complete snapshot of the series' site, NO_DAY where none.

    sellable = on_hand − blocked − expired. `rolled`: sales and receipts since the picture were
    counted; `stale_days`: age of the picture, days.
    """
    blank = pd.Series(np.nan, index=range(len(told)))
    now = pd.DataFrame(dict.fromkeys(("on_hand", "blocked", "reserved", "sellable"), blank))
    now["stock_on"] = pd.Series(pd.NaT, index=now.index, dtype="datetime64[s]")
    now["rolled"] = False
    now["stale_days"] = np.nan
    if not len(shelf) or "on_hand" not in shelf or not shelf["on_hand"].notna().any():
        return now
    pictures = shelf[shelf["on_hand"].notna()]
    newest = pictures.groupby("row")["date"].transform("max")
    last = pictures[pictures["date"] == newest].copy()
    for name in ("blocked", "reserved"):
        last[name] = last[name].fillna(0.0) if name in last else 0.0
    expires = last["expires_on"] if "expires_on" in last else pd.Series(pd.NaT, index=last.index)
    expired = expires < pd.Timestamp(day)
    last["sellable"] = (last["on_hand"] - last["blocked"]).where(~expired, 0.0)
    summed = last.groupby("row")[["on_hand", "blocked", "reserved", "sellable"]].sum()
    now.loc[summed.index, summed.columns] = summed
    now["stock_on"] = newest.groupby(pictures["row"]).max().astype("datetime64[s]")

    # absent from a later complete snapshot: the shelf was empty that day
    told_on = pd.Series(told.astype("datetime64[D]").astype("datetime64[s]"))
    emptied = now["stock_on"] < told_on
    now.loc[emptied, ["on_hand", "blocked", "reserved", "sellable"]] = 0.0
    now["stock_on"] = now["stock_on"].where(~emptied, told_on)

    age = (pd.Timestamp(day) - now["stock_on"]).dt.days
    now["stale_days"] = age.astype("float64")
    since = now["stock_on"]
    change = pd.Series(0.0, index=now.index)
    inward = receipts_in(came, moved)
    for rows, sign in ((sold, -1.0), (inward, 1.0)):
        later = rows[rows["date"] > since.reindex(rows["row"]).to_numpy()]
        change = change.add(sign * later.groupby("row")["units"].sum(), fill_value=0.0)
    rolled = now["on_hand"].notna() & (age > 0) & (change != 0)
    now["rolled"] = rolled
    for name in ("on_hand", "sellable"):
        # what sold beyond the picture came from a receipt that nobody booked: empty, no less
        floor = now.loc[rolled, name].clip(upper=0.0)
        now.loc[rolled, name] = (now.loc[rolled, name] + change[rolled]).clip(lower=floor)
    return now
