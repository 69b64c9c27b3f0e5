"""What lay on each shelf: by period from the pictures of the stock, and at the origin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import to_period
from forecasting.histories import Grid, Matrix, receipts_in
from forecasting.tables import UNIT_DECIMALS
from forecasting.windows import Window

NO_DAY: Final = int(np.iinfo(np.int64).min)  # NaT as a number


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
    shelf: Iterable[Window],
    grid: Grid,
    told: NDArray[np.int64],
    site_of: NDArray[np.int64],
) -> tuple[Matrix, Matrix, Matrix]:
    """Closing on_hand and blocked, and mean availability, by period.

    A period shows its last picture. Where a later complete snapshot of the site leaves out a series
    that was seen before, its on_hand is 0 (some systems delete empty rows). A row without on_hand
    leaves it unknown: the series is there. `told`, `site_of`: see `complete_days`.
    """
    on_hand, blocked, availability = grid.unknown(), grid.unknown(), grid.unknown()
    seen = np.zeros(grid.shape, dtype=bool)
    absent = np.zeros(grid.shape, dtype=bool)
    spoken = bool((told != NO_DAY).any())
    if spoken:
        for block in grid.blocks():
            absent[block] = told[site_of[block]] > NO_DAY
    for window in shelf:
        place, part = grid.within(window)
        rows = window.rows
        if "availability" in rows and rows["availability"].notna().any():
            if not availability.flags.writeable:
                availability = grid.no_means()
            availability[:, place] = _mean_availability(rows, part)
        pictures = rows[rows["on_hand"].notna()] if "on_hand" in rows else rows.iloc[:0]
        last = _last_days(pictures, part)
        if spoken:
            there = last if len(pictures) == len(rows) else _last_days(rows, part)
            absent[:, place] = told[:, place][site_of] > there
        if not len(pictures):
            continue
        closing = pictures[_days(pictures) == last.ravel()[part.flat(pictures)]]
        seen[:, place] = here = last != NO_DAY
        on_hand = _writable(on_hand)
        on_hand[:, place] = np.where(here, part.sum_of(closing, "on_hand"), np.nan)
        if "blocked" in closing:
            blocked = _writable(blocked)
            held = closing.assign(blocked=closing["blocked"].fillna(0.0))
            blocked[:, place] = np.where(here, part.sum_of(held, "blocked"), np.nan)
    if spoken and on_hand.flags.writeable:
        for block in grid.blocks():
            before = np.logical_or.accumulate(seen[block], axis=1)
            on_hand[block][absent[block] & before] = 0.0
    return on_hand, blocked, availability


def _days(rows: pd.DataFrame) -> NDArray[np.int64]:
    return rows["date"].to_numpy().astype("datetime64[D]").astype(np.int64)


def _last_days(pictures: pd.DataFrame, grid: Grid) -> NDArray[np.int64]:
    """[n, T] the day of the last picture of each period; NO_DAY where there is none."""
    last = np.full(grid.shape, NO_DAY)
    np.maximum.at(last.ravel(), grid.flat(pictures), _days(pictures))
    return last


def _writable(matrix: Matrix) -> Matrix:
    """The matrix, or where it takes no memory yet, one that does."""
    return matrix if matrix.flags.writeable else np.full(matrix.shape, np.nan)


def _mean_availability(rows: pd.DataFrame, grid: Grid) -> Matrix:
    stated = rows[rows["availability"].notna()]
    count = grid.total(grid.flat(stated), np.ones(len(stated)))
    with np.errstate(invalid="ignore"):
        return np.asarray(grid.sum_of(stated, "availability") / count)


def with_latest(
    windows: Iterable[Window], latest: list[pd.DataFrame], unread: NDArray[np.int64]
) -> Iterator[Window]:
    """The same windows; `latest` ends as one frame, the newest pictures with units of each series,
    in the order in which they came, and `unread` [n] as the last day with a row without units."""
    for window in windows:
        rows = window.rows
        if "on_hand" in rows:
            stated = rows["on_hand"].notna()
            known = pd.concat([*latest, rows[stated]], ignore_index=True)
            newest = known.groupby("row")["date"].transform("max")
            latest[:] = [known[known["date"] == newest]]
            others = rows[~stated]
            np.maximum.at(unread, others["row"].to_numpy(dtype=np.int64), _days(others))
        yield window


def since_picture(
    windows: Iterable[Window], stock_on: pd.Series, later: list[pd.DataFrame]
) -> Iterator[Window]:
    """The same windows; `later` gathers what was sold after each series' own day `stock_on`."""
    pictured = stock_on.to_numpy()
    for window in windows:
        rows = window.rows
        after = rows["date"].to_numpy() > pictured[rows["row"].to_numpy()]
        if after.any():
            later.append(rows.loc[after, ["row", "date", "units"]])
        yield window


def last_pictured(
    pictures: list[pd.DataFrame],
    told: NDArray[np.int64],
    unread: NDArray[np.int64],
    day: dt.date,
) -> pd.DataFrame:
    """What lay on each shelf at its last picture, a row a series.

    `pictures`, `unread`: see `with_latest`. `told` [n]: the day of the last complete
    snapshot of the series' site, NO_DAY where none. sellable = on_hand − blocked − expired;
    `stale_days`: age of the picture, days.
    """
    blank = pd.Series(np.nan, index=range(len(told)))
    now = pd.DataFrame(dict.fromkeys(("on_hand", "blocked", "reserved", "sellable"), blank))
    now["stock_on"] = pd.Series(pd.NaT, index=now.index, dtype="datetime64[s]")
    now["rolled"] = False
    now["stale_days"] = np.nan
    if not any(len(part) for part in pictures):
        return now
    last = pd.concat(pictures, ignore_index=True)
    for name in ("blocked", "reserved"):
        last[name] = last[name].fillna(0.0) if name in last else 0.0
    expires = last["expires_on"] if "expires_on" in last else pd.Series(pd.NaT, index=last.index)
    expired = expires < pd.Timestamp(day)
    last["sellable"] = (last["on_hand"] - last["blocked"]).where(~expired, 0.0)
    summed = last.groupby("row")[["on_hand", "blocked", "reserved", "sellable"]].sum()
    now.loc[summed.index, summed.columns] = summed
    now["stock_on"] = last.groupby("row")["date"].max().astype("datetime64[s]")

    # absent from a later complete snapshot: the shelf was empty that day
    told_on = pd.Series(told.astype("datetime64[D]").astype("datetime64[s]"))
    emptied = (now["stock_on"] < told_on) & (unread < told)
    now.loc[emptied, ["on_hand", "blocked", "reserved", "sellable"]] = 0.0
    now["stock_on"] = now["stock_on"].where(~emptied, told_on)
    age = (pd.Timestamp(day) - now["stock_on"]).dt.days
    now["stale_days"] = age.astype("float64")
    return now


def lots_of(pictures: list[pd.DataFrame], now: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Sellable units by lot where the standing pictures (`now`: see `last_pictured`) date some.

    Columns series, expires_on (last day on sale; NaT: it keeps), units. What has expired is left
    out, what was sold since the picture is not.
    """
    last = pd.concat(pictures, ignore_index=True) if pictures else pd.DataFrame()
    if "expires_on" not in last or not last["expires_on"].notna().any():
        blank = pd.DataFrame({"series": [], "expires_on": [], "units": []})
        return blank.astype({"series": "int64", "expires_on": "datetime64[s]"})
    blocked = last["blocked"].fillna(0.0) if "blocked" in last else 0.0
    lots = pd.DataFrame(
        {
            "series": last["row"].astype("int64"),
            "expires_on": last["expires_on"].astype("datetime64[s]"),
            "units": (last["on_hand"] - blocked).clip(lower=0.0),
        }
    )
    standing = last["date"].to_numpy() == now["stock_on"].to_numpy()[lots["series"]]
    dated = lots.groupby("series")["expires_on"].transform("count") > 0
    kept = standing & dated & ~(lots["expires_on"] < pd.Timestamp(day))
    return lots[kept].reset_index(drop=True)


def rolled_forward(
    now: pd.DataFrame, sold: list[pd.DataFrame], came: pd.DataFrame, moved: pd.DataFrame
) -> pd.DataFrame:
    """`last_pictured`, with what was sold (see `since_picture`) and came in since: `rolled`."""
    now = now.copy()
    since = now["stock_on"]
    if not since.notna().any():
        return now
    change = pd.Series(0.0, index=now.index)
    inward = receipts_in(came, moved)
    inward = inward[inward["date"] > since.reindex(inward["row"]).to_numpy()]
    for rows, sign in ((sold, -1.0), ([inward], 1.0)):
        if rows:
            later = pd.concat(rows, ignore_index=True)
            change = change.add(sign * later.groupby("row")["units"].sum(), fill_value=0.0)
    rolled = now["on_hand"].notna() & (now["stale_days"] > 0) & (change != 0)
    now["rolled"] = rolled
    for name in ("on_hand", "sellable"):
        # what sold beyond the picture came from a receipt that nobody booked: empty, no less
        floor = now.loc[rolled, name].clip(upper=0.0)
        rest = (now.loc[rolled, name] + change[rolled]).round(UNIT_DECIMALS)
        now.loc[rolled, name] = rest.clip(lower=floor)
    return now
