"""Past stock where no picture shows it, walked backwards from the next picture by what was booked.

    close(t − 1) = close(t) − came in(t) + left(t) ± corrected(t)

Only where every booking is known: a period that the site did not report, or that lies before its
first receipt or movement, is unknown, and so is all that lies before it up to the picture before.
Where the walk meets a picture it must agree with it; if not, a booking is missing between the two:
the difference is told, and nothing between them is rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, to_period
from forecasting.histories import INWARD, NOT_DEMAND, Grid, Matrix, receipts_in
from forecasting.tables import UNIT_DECIMALS
from forecasting.windows import Window

Flags = NDArray[np.bool_]
Days = NDArray[np.int64]

AGREES: Final = 0.5  # units: half of the smallest thing that can be missing
SOLD: Final = ("issue", "return")  # movements that sales rows tell too
NO_DAY: Final = int(np.iinfo(np.int64).min)


@dataclass
class Bookings:
    """What the sales rows say besides units of demand; filled while they pass by, see `noting`.

    `last` [n, T]: day of each period's picture (NO_DAY: none), where periods are longer than days.
    """

    grid: Grid
    last: Days | None = None
    sold: Flags = field(init=False)  # [n] series with any sales row
    scrapped: list[pd.DataFrame] = field(default_factory=list)  # row, date, units: no demand
    told: set[tuple[str, int]] = field(default_factory=set)  # (kind, row) that sales rows speak of
    late: Matrix | None = None  # [n, T] units that left after the picture of their period

    def __post_init__(self) -> None:
        self.sold = np.zeros(self.grid.shape[0], dtype=bool)

    @classmethod
    def of(cls, grid: Grid, told: Days, site_of: NDArray[np.int64]) -> Bookings:
        """`told`, `site_of`: see `forecasting.shelves.complete_days`."""
        if grid.frequency is Frequency.DAY:
            return cls(grid)
        return cls(grid, last=told[site_of])

    def dating(self, shelf: Iterable[Window]) -> Iterator[Window]:
        """The same windows of stock; notes the day of each period's picture."""
        for window in shelf:
            if self.last is not None and "on_hand" in window.rows:
                rows = window.rows[window.rows["on_hand"].notna()]
                np.maximum.at(self.last.ravel(), self.grid.flat(rows), _days(rows))
            yield window

    def noting(self, sales: Iterable[Window]) -> Iterator[Window]:
        """The same windows of sales; notes what `units` will not hold."""
        for window in sales:
            rows = window.rows
            self.sold[rows["row"].to_numpy(dtype=np.int64)] = True
            if "kind" in rows:
                scrap = rows[rows["kind"].isin(NOT_DEMAND)]
                if len(scrap):
                    self.scrapped.append(scrap[["row", "date", "units"]])
                other = rows[rows["kind"].isin([*NOT_DEMAND, "transfer"])]
                pairs = other[["kind", "row"]].astype(object).drop_duplicates()
                self.told.update(pairs.itertuples(index=False, name=None))
                rows = rows[~rows["kind"].isin(NOT_DEMAND)]
            if self.last is not None and len(rows):
                after = self.after_picture(rows)
                if len(after):
                    if self.late is None:
                        self.late = np.zeros(self.grid.shape)
                    np.add.at(self.late.ravel(), self.grid.flat(after), after["units"].to_numpy())
            yield window

    def after_picture(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows dated after the picture of their own period."""
        if self.last is None:
            return rows.iloc[:0]
        day = self.last.ravel()[self.grid.flat(rows)]
        return rows[(day != NO_DAY) & (_days(rows) > day)]

    def others(self, came: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
        """row, date, units (signed): all that moved the stock but sales rows of demand."""
        kind = moved["kind"].astype(str)
        kept = moved[~kind.isin(INWARD)]
        kept = kept[kept["row"] >= 0]
        words, rows = kept["kind"].astype(str).to_numpy(), kept["row"].to_numpy(dtype=np.int64)
        twice = np.isin(words, SOLD) & self.sold[rows]
        for word, same in (("scrap", "scrap"), ("transfer_out", "transfer")):
            told = np.array(sorted(row for one, row in self.told if one == same), dtype=np.int64)
            twice |= (words == word) & np.isin(rows, told)
        parts = [
            receipts_in(came, moved),
            kept.loc[~twice, ["row", "date", "units"]],
            *(scrap.assign(units=-scrap["units"]) for scrap in self.scrapped),
        ]
        filled = [part[["row", "date", "units"]] for part in parts if len(part)]
        booked = pd.concat(filled or parts[:1], ignore_index=True)
        period = to_period(booked["date"].to_numpy(), self.grid.frequency) - self.grid.start
        return booked[(period >= 0) & (period < self.grid.shape[1])].reset_index(drop=True)


@dataclass(frozen=True)
class Rebuilt:
    """`on_hand` [n, T] with what could be rebuilt; `rebuilt` [n, T] marks it.

    `differences`: series, period, counted, rebuilt (units): pictures that the bookings up to the
    next one do not explain. `checked` [n]: pictures that a later one was walked back to.
    """

    on_hand: Matrix
    rebuilt: Flags
    differences: pd.DataFrame
    checked: NDArray[np.int64]


def rebuild(
    on_hand: Matrix,
    units: Matrix,
    bookings: Bookings,
    came: pd.DataFrame,
    moved: pd.DataFrame,
    sites: NDArray[np.object_],
) -> Rebuilt:
    """See the module. `came`: receipts (row, received_on, units); `moved`: movements (row, …).

    All inputs are as of the origin, so nothing after it is looked at. `on_hand` is filled in place:
    a second one would need 0.5 GB for 30,000 series of five years.
    """
    grid = bookings.grid
    codes, site_of = np.unique(sites, return_inverse=True)
    begun = _books_begun(came, moved, grid, site_of, len(codes))
    none = np.zeros(grid.shape[0], dtype=np.int64)
    if not on_hand.flags.writeable or (begun >= grid.shape[1]).all():
        return Rebuilt(on_hand, np.broadcast_to(np.False_, grid.shape), _no_differences(), none)
    others = bookings.others(came, moved).sort_values("row", kind="stable")
    late = bookings.after_picture(others)
    reported = _reported(on_hand, units, grid, site_of, len(codes))
    reported &= np.arange(grid.shape[1]) >= begun[:, None]
    marks = np.zeros(grid.shape, dtype=bool)
    parts, checked = [], none
    for block in grid.blocks():
        after = _total(late, block, grid)
        if bookings.late is not None:
            after -= bookings.late[block]
        flow = _total(others, block, grid) - np.nan_to_num(units[block])
        flow[~reported[site_of[block]]] = np.nan
        back, met = _walk(on_hand[block], flow, after)
        known = ~np.isnan(on_hand[block])
        wrong = known & (np.abs(met - on_hand[block]) > AGREES)
        marks[block] = ~known & ~np.isnan(back) & ~_follows(wrong, known)
        checked[block] = (known & ~np.isnan(met)).sum(axis=1)
        row, place = np.nonzero(wrong)
        found = {"series": row + block.start, "period": place + grid.start}
        amounts = {"counted": on_hand[block][row, place], "rebuilt": met[row, place]}
        parts.append(pd.DataFrame(found | amounts))
        on_hand[block][marks[block]] = back[marks[block]]
    differences = pd.concat([_no_differences(), *(p for p in parts if len(p))], ignore_index=True)
    return Rebuilt(on_hand, marks, differences.astype(_no_differences().dtypes), checked)


def _walk(on_hand: Matrix, flow: Matrix, after: Matrix) -> tuple[Matrix, Matrix]:
    """[b, T] closes by the walk where there is no picture, and what it says at each picture."""
    shown, moved, since = (np.ascontiguousarray(m.T) for m in (on_hand, flow, after))  # by period
    known = ~np.isnan(shown)
    told = np.empty_like(shown)
    close = np.full(len(on_hand), np.nan)
    for t in range(len(shown) - 1, -1, -1):
        here = known[t]
        told[t] = np.where(here, close - since[t], close)
        end = np.where(here, shown[t] + since[t], close)
        close = np.round(end - moved[t], UNIT_DECIMALS) + 0.0
        close[close < -AGREES] = np.nan  # less than nothing: a booking is missing
    here = known.T
    return np.where(here, np.nan, told.T), np.where(here, told.T, np.nan)


def _follows(wrong: Flags, known: Flags) -> Flags:
    """[b, T] whether the last picture before is one that the bookings do not explain."""
    place = np.where(known, np.arange(known.shape[1]), -1)
    before = np.maximum.accumulate(place, axis=1)
    found: Flags = np.take_along_axis(wrong, np.maximum(before, 0), axis=1) & (before >= 0)
    return found


def _books_begun(
    came: pd.DataFrame, moved: pd.DataFrame, grid: Grid, site_of: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """[S] the first period whose receipts and movements are known whole; T where there are none."""
    begun = np.full(count, np.iinfo(np.int64).max)
    for rows, name in ((came, "received_on"), (moved, "date")):
        rows = rows[rows["row"] >= 0]
        period = to_period(rows[name].to_numpy(), grid.frequency) - grid.start
        np.minimum.at(begun, site_of[rows["row"].to_numpy(dtype=np.int64)], period)
    whole = 0 if grid.frequency is Frequency.DAY else 1  # the first booking opens no whole week
    return np.clip(np.minimum(begun, grid.shape[1]) + whole, 0, grid.shape[1])


def _reported(
    on_hand: Matrix, units: Matrix, grid: Grid, site_of: NDArray[np.int64], count: int
) -> Flags:
    """[S, T] whether a site told anything of a period: a sale or a picture of any item."""
    found = np.zeros((count, grid.shape[1]), dtype=bool)
    for block in grid.blocks():
        told = ~np.isnan(units[block]) | ~np.isnan(on_hand[block])
        for site in np.unique(site_of[block]):
            found[site] |= told[site_of[block] == site].any(axis=0)
    return found


def _total(rows: pd.DataFrame, block: slice, grid: Grid) -> Matrix:
    """[b, T] units of the rows of a block; `rows` are ordered by `row`."""
    places = rows["row"].to_numpy(dtype=np.int64)
    mine = rows.iloc[slice(*np.searchsorted(places, [block.start, block.stop]))]
    part = Grid(grid.frequency, grid.start, (block.stop - block.start, grid.shape[1]))
    return part.sum_of(mine.assign(row=mine["row"] - block.start), "units")


def _days(rows: pd.DataFrame) -> Days:
    return rows["date"].to_numpy().astype("datetime64[D]").astype(np.int64)


def _no_differences() -> pd.DataFrame:
    kinds = {"series": "int64", "period": "int64", "counted": "float64", "rebuilt": "float64"}
    return pd.DataFrame({name: [] for name in kinds}).astype(kinds)
