"""Rows of the feeds → matrices, one row a series and one column a period; NaN means unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, to_period
from forecasting.windows import Window

Matrix = NDArray[np.float64]

TRANSFER: Final = "transfer"  # of a row of sales: to another site of the company
NOT_DEMAND: Final = ("scrap",)  # rows of sales that nobody wanted
BLOCK: Final = 1000  # series whose masks live in memory together: 2 MB each for five years of days
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

    def sum_of(self, rows: pd.DataFrame, name: str) -> Matrix:
        """A column of rows added up by series and period."""
        return self.total(self.flat(rows), rows[name].to_numpy(dtype=np.float64))

    def seen(self, flat: NDArray[np.int64]) -> NDArray[np.bool_]:
        mask = np.zeros(self.shape[0] * self.shape[1], dtype=bool)
        mask[flat] = True
        return mask.reshape(self.shape)

    def within(self, window: Window) -> tuple[slice, Grid]:
        """The columns of a window, and the grid that they are."""
        begin = max(window.first, self.start)
        width = window.last - begin + 1
        place = slice(begin - self.start, begin - self.start + width)
        return place, Grid(self.frequency, begin, (self.shape[0], width))

    def blocks(self) -> Iterator[slice]:
        """The rows in blocks: what is worked out on the way fits beside the matrix."""
        count = self.shape[0]
        for begin in range(0, count, BLOCK):
            yield slice(begin, min(begin + BLOCK, count))

    def unknown(self) -> Matrix:
        """A matrix of NaN that takes no memory."""
        return np.broadcast_to(np.nan, self.shape)

    def no_means(self) -> Matrix:
        """The means of nothing: NaN with the very bits of a division, for the hash of the data."""
        means = np.zeros(self.shape)
        with np.errstate(invalid="ignore"):
            return np.divide(means, 0.0, out=means)


def sales_history(
    sold: Iterable[Window], grid: Grid, sites: NDArray[np.object_], on_hand: Matrix
) -> tuple[Matrix, Matrix, Matrix]:
    """Units and prices by period, and [n] the share of the last year's units that were passed on to
    other sites: nobody's consumption yet.

    Zero where the site reported in that period (a sale or a stock picture of any item) since the
    series' first sale; explicit zeros before it are "not yet sold" and unknown, unless the series
    never sold at all: then they, or its periods with stock on the shelf, are zero.
    """
    units = np.zeros(grid.shape)
    stated = np.zeros(grid.shape, dtype=bool)
    price = grid.unknown()
    passed_on = np.zeros(grid.shape[0])
    year = max(grid.shape[1] - round(365 / grid.frequency.days), 0)
    for window in sold:
        place, part = grid.within(window)
        rows = window.rows
        if "kind" in rows:
            rows = rows[~rows["kind"].isin(NOT_DEMAND)]
            moved = part.sum_of(rows[rows["kind"] == TRANSFER], "units")
            passed_on += moved[:, max(year - place.start, 0) :].sum(axis=1)
        units[:, place] = part.sum_of(rows, "units")
        stated[:, place] = part.seen(part.flat(rows))
        if "price" in rows and rows["price"].notna().any():
            if not price.flags.writeable:
                price = grid.no_means()
            price[:, place] = _mean_price(rows, part)
    _forget_unreported(units, stated, grid, sites, on_hand)
    all_units = np.nansum(units[:, year:], axis=1)
    share = np.divide(passed_on, all_units, out=np.zeros(len(units)), where=all_units > 0)
    return units, price, np.clip(share, 0.0, 1.0)


def _mean_price(rows: pd.DataFrame, grid: Grid) -> Matrix:
    """Of a unit sold; NaN where none was."""
    priced = rows[rows["price"].notna() & (rows["units"] > 0)]
    weight = priced["units"].to_numpy(dtype=np.float64)
    flat = grid.flat(priced)
    amount = grid.total(flat, weight * priced["price"].to_numpy(dtype=np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(amount / grid.total(flat, weight))


def _forget_unreported(
    units: Matrix,
    stated: NDArray[np.bool_],
    grid: Grid,
    sites: NDArray[np.object_],
    on_hand: Matrix,
) -> None:
    """Makes unknown, in place, what was not reported or not yet sold: see `sales_history`."""
    site_codes, site_of = np.unique(sites, return_inverse=True)
    reported = np.zeros((len(site_codes), grid.shape[1]), dtype=bool)
    for block in grid.blocks():
        told = stated[block] | ~np.isnan(on_hand[block])
        for site in np.unique(site_of[block]):
            reported[site] |= told[site_of[block] == site].any(axis=0)
    columns = np.arange(grid.shape[1])
    for block in grid.blocks():
        moved = stated[block] & (units[block] != 0)
        sold = moved.any(axis=1)
        begun = np.where(sold, moved.argmax(axis=1), grid.shape[1])
        on_shelf = np.logical_or.accumulate(on_hand[block] > 0, axis=1)
        idle = ~sold[:, None] & (stated[block] | on_shelf)
        known = reported[site_of[block]] & ((columns >= begun[:, None]) | idle)
        units[block][~known] = np.nan


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
