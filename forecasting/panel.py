"""Record → dense histories of every series, as of an origin. Backtest and live share this one cut.

Everything dated after the origin is invisible here, but for what was known in advance (planned
events, promises). A matrix has one row a series and one column a period; NaN means unknown, which
is never zero: a period counts as zero sales only where the site is known to have reported.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Final, cast

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.calendar import Frequency, end_date, origin_of, period_start, to_period
from forecasting.errors import NotReady
from forecasting.histories import BLOCK, Grid, Matrix, receipt_history, sales_history
from forecasting.masters import (
    begun_or_planned,
    frame_of,
    in_calendar_days,
    in_force,
    lead_time_days_of,
    of_usual_supplier,
    valid_on,
    with_masters,
)
from forecasting.options import Options
from forecasting.order_book import booked_as_of, lines_as_of, receipts_of
from forecasting.rebuilt import Bookings, Rebuilt, rebuild
from forecasting.shelves import (
    NO_DAY,
    complete_days,
    last_pictured,
    lots_of,
    rolled_forward,
    shelf_history,
    since_picture,
    with_latest,
)
from forecasting.tables import FEEDS
from forecasting.windows import RowSource, Survey, survey

MOST_PERIODS: Final = {Frequency.DAY: 3653, Frequency.WEEK: 522, Frequency.MONTH: 240}
"""Ten years of days or weeks, twenty of months: one row dated 1900 must not cost a hundred years of
zeros for every series. What is older is in the record, and no model looks so far back."""

LONELY_DAYS: Final = (31, 366)  # looked back from a date: mostly a month is enough
USUAL_WEEKS: Final = 4
UNFINISHED: Final = 0.5  # of what a weekday usually sells, below which today is not over
WORDS_ALONE: Final = ["uom", "last_received_on"]  # in sentences, and in no figure


@dataclass(frozen=True)
class Panel:
    """All series as of `origin`. Shapes: n series, T = origin − start + 1 periods."""

    frequency: Frequency
    origin: int
    start: int
    series: pd.DataFrame  # n rows ordered by site, sku: codes and masters as of the origin
    units: Matrix  # [n, T] sold or issued; NaN unknown
    price: Matrix  # [n, T] currency per unit
    on_hand: Matrix  # [n, T] at close, by pictures or rebuilt
    rebuilt: NDArray[np.bool_]  # [n, T] where on_hand is walked back from a later picture
    blocked: Matrix  # [n, T] at close
    availability: Matrix  # [n, T] share of the period in stock
    receipts: Matrix  # [n, T] units that came in
    stock: pd.DataFrame  # n rows: what is on the shelf at the origin
    lots: pd.DataFrame  # sellable units by lot of series with dated ones: series, expires_on, units
    corrections: pd.DataFrame  # counts and adjustments booked: series, date, units
    orders: pd.DataFrame  # lines open at the origin
    order_history: pd.DataFrame  # every line placed up to the origin, of its usual supplier
    customer_orders: pd.DataFrame  # booked lines open at the origin
    policies: pd.DataFrame  # n rows
    suppliers: pd.DataFrame
    sites: pd.DataFrame
    events: pd.DataFrame
    watermarks: dict[str, dt.date]

    def __len__(self) -> int:
        return len(self.series)

    @property
    def origin_date(self) -> dt.date:
        return end_date(self.origin, self.frequency)

    def pictured(self) -> Panel:
        """The panel with the stock that pictures show, and none that was rebuilt."""
        if not self.rebuilt.any():
            return self
        on_hand = np.where(self.rebuilt, np.nan, self.on_hand)
        return replace(self, on_hand=on_hand, rebuilt=np.zeros_like(self.rebuilt))

    @cached_property
    def digest(self) -> str:
        """sha256 of everything above that a figure can come from: the data hash of a training."""
        sha = hashlib.sha256()
        for part in fields(self):
            sha.update(part.name.encode())
            value = getattr(self, part.name)
            if isinstance(value, np.ndarray):
                sha.update(repr(value.shape).encode())
                for begin in range(0, len(value), BLOCK):  # a matrix of NaN is never laid out whole
                    sha.update(np.ascontiguousarray(value[begin : begin + BLOCK]).data)
            elif isinstance(value, pd.DataFrame):
                value = value.drop(columns=WORDS_ALONE, errors="ignore")
                sha.update(",".join(value.columns).encode())
                if len(value):
                    hashed = pd.util.hash_pandas_object(value.astype(str), index=False)
                    sha.update(hashed.to_numpy().tobytes())
            else:
                sha.update(repr(value).encode())
        return sha.hexdigest()


def default_origin(source: RowSource, options: Options, today: dt.date | None = None) -> int:
    """The last complete period of the sales (else of the stock); raises NotReady without either.

    A month or week whose rows all carry the first day of their period counts as complete, unless
    `today` lies in it: what came of it so far is less than it will be. So is a day of the sales, if
    it is `today` and has less than half of what its weekday usually sells. A date
    that stands alone, more than a year after all others, is a slip of the pen and is passed over,
    and so are the few rows dated after `today` (None: nothing is): at most half of what usually
    comes by then, so that a company whose whole days lie ahead of the clock, as in a replay, has
    its own origin.
    """
    marks = source.watermarks()
    feed = "sales" if "sales" in marks else "stock"
    mark = marks.get(feed)
    last = _last_date(source, feed, mark)
    if last is not None and today is not None and last > today:
        now = _last_date(source, feed, _latest(source, feed, today))
        while now is not None and last > now and not _goes_on(source, feed, now, last):
            last = _latest(source, feed, last - dt.timedelta(days=1)) or now
        last = None if now is None else last
    if last is None:
        raise NotReady(
            "There are no sales and no stock yet."
            if mark is None
            else f"All {feed} are dated after today, {today}.",
            next_step="Load some: vigistock ingest sales FILE.",
        )
    frequency = options.frequency
    period = int(to_period(last, frequency))
    if frequency is not Frequency.DAY and period_start(period, frequency) == np.datetime64(last):
        since = last - dt.timedelta(days=400)
        dates = np.unique(source.rows(feed, since=since, until=last).column("date"))
        if (period_start(to_period(dates, frequency), frequency) == dates).all():
            runs = today is not None and last <= today < end_date(period, frequency)
            return period - 1 if runs else period
    if frequency is Frequency.DAY and last == today and _comes_in(source, feed, last):
        return period - 1
    return origin_of(last, frequency)


def _last_date(source: RowSource, feed: str, last: dt.date | None) -> dt.date | None:
    """The latest date of a feed that has another within the year before it, or is the only one."""
    while last is not None:
        before = _latest(source, feed, last - dt.timedelta(days=1))
        if before is None or (last - before).days <= LONELY_DAYS[-1]:
            return last
        last = before
    return None


def _goes_on(source: RowSource, feed: str, now: dt.date, last: dt.date) -> bool:
    """Whether more than half as many rows lie between two dates, the second included, as in as many
    days up to the first."""
    tomorrow = now + dt.timedelta(days=1)
    ahead = source.rows(feed, since=tomorrow, until=last).num_rows
    usual = source.rows(feed, since=tomorrow - (last - now), until=now).num_rows
    return 2 * ahead > usual


def _comes_in(source: RowSource, feed: str, day: dt.date) -> bool:
    """Whether a day of the sales has less than half of what was sold on the same weekday of the
    weeks before, median; never where two of these are not known."""
    if feed != "sales":
        return False
    before = [
        _sold_on(source, day - dt.timedelta(weeks=back)) for back in range(1, USUAL_WEEKS + 1)
    ]
    usual = [units for units in before if units > 0]
    return len(usual) > 1 and _sold_on(source, day) < UNFINISHED * float(np.median(usual))


def _sold_on(source: RowSource, day: dt.date) -> float:
    units = source.rows("sales", since=day, until=day).column("units").to_numpy()
    return float(np.maximum(units, 0.0).sum())


def _latest(source: RowSource, feed: str, until: dt.date) -> dt.date | None:
    """The latest date of a feed up to a day; None without any."""
    for days in (*LONELY_DAYS, None):
        since = None if days is None else until - dt.timedelta(days=days - 1)
        dates = source.rows(feed, since=since, until=until).column("date")
        if len(dates):
            return cast("dt.date", pc.max(dates).as_py())
    return None


def build_panel(source: RowSource, origin: int, options: Options) -> Panel:
    """The panel of a source as of the end of period `origin`.

    Raises NotReady where nothing is dated up to the origin.
    """
    frequency = options.frequency
    day = end_date(origin, frequency)
    frames = {
        feed: frame_of(source.rows(feed), feed)
        for feed in ("items", "sites", "suppliers", "policies", "assortment")
    }
    dated = {
        feed: frame_of(source.rows(feed, until=day), feed)
        for feed in ("orders", "customer_orders", "movements")
    }
    oldest = origin + 1 - MOST_PERIODS[frequency]
    sales, stock = (survey(source, feed, frequency, oldest, origin) for feed in ("sales", "stock"))
    events = _events_as_of(frame_of(source.rows("events"), "events"), day)

    items = valid_on(frames["items"], day, key=["sku"])
    policies = valid_on(frames["policies"], day, key=["site", "sku"])
    offered = in_force(frames["assortment"], day)
    begun = frames["assortment"][~(frames["assortment"]["from"] > pd.Timestamp(day))]
    named = (begun, policies, *dated.values())
    series = _series_of([sales.pairs, stock.pairs] + [frame[["site", "sku"]] for frame in named])
    if not len(series):
        raise NotReady(
            f"Nothing is dated up to {day}.",
            next_step="Choose a later --as-of, or load earlier data.",
        )
    index = pd.MultiIndex.from_frame(series)
    moved = dated["movements"][dated["movements"]["date"] >= period_start(oldest, frequency)]
    moved = moved.assign(row=index.get_indexer(pd.MultiIndex.from_frame(moved[["site", "sku"]])))

    first = [date for date in (sales.first, stock.first) if date is not None]
    first += [moved["date"].min().date()] if len(moved) else []
    start = min(int(to_period(min(first), frequency)), origin) if first else origin
    grid = Grid(frequency, start, (len(series), origin - start + 1))
    sites = series["site"].to_numpy()
    told, site_of = complete_days(source.complete_stock_dates(), grid, sites, day)
    pictures: list[pd.DataFrame] = []
    bookings = Bookings.of(grid, told, site_of)
    unread = np.full(len(series), NO_DAY)
    shelf = bookings.dating(with_latest(stock.windows(source, index), pictures, unread))
    on_hand, blocked, availability = shelf_history(shelf, grid, told, site_of)
    pictured = last_pictured(pictures, told.max(axis=1)[site_of], unread, day)
    since: list[pd.DataFrame] = []
    sold = bookings.noting(since_picture(sales.windows(source, index), pictured["stock_on"], since))
    units, price, passed_on = sales_history(sold, grid, sites, on_hand)

    suppliers = in_calendar_days(frames["suppliers"])
    places = pd.Index([*frames["sites"]["site"], *series["site"]]).unique()
    dated["orders"] = of_usual_supplier(dated["orders"], items, policies, places)
    master_days = lead_time_days_of(dated["orders"], items, suppliers)
    every_receipt = frame_of(source.rows("receipts"), "receipts")
    dated["receipts"] = every_receipt[every_receipt["received_on"] <= pd.Timestamp(day)]
    receipts = receipts_of(every_receipt, dated["orders"], day)
    history = lines_as_of(dated["orders"], receipts, master_days, day)
    came = receipts[receipts["received_on"] <= pd.Timestamp(day)].reset_index(drop=True)
    history["series"] = index.get_indexer(pd.MultiIndex.from_frame(history[["site", "sku"]]))
    came = came.assign(row=index.get_indexer(pd.MultiIndex.from_frame(came[["site", "sku"]])))
    inward = receipt_history(came, moved, grid)
    past = rebuild(on_hand, units, bookings, came, moved, sites)
    booked = booked_as_of(dated["customer_orders"], day)
    booked["series"] = index.get_indexer(pd.MultiIndex.from_frame(booked[["site", "sku"]]))

    moved_yet = np.flatnonzero(
        [((u > 0) | (o > 0)).any() for u, o in zip(units, on_hand, strict=True)]
    )
    declared = begun_or_planned(frames["assortment"], series.iloc[moved_yet], day)

    return Panel(
        frequency=frequency,
        origin=origin,
        start=start,
        series=with_masters(series, items, offered, declared, options).assign(passed_on=passed_on),
        units=units,
        price=price,
        on_hand=past.on_hand,
        rebuilt=past.rebuilt,
        blocked=blocked,
        availability=availability,
        receipts=inward,
        stock=_with_rebuilt(rolled_forward(pictured, since, came, moved), past),
        lots=lots_of(pictures, pictured, day),
        corrections=_corrections(moved),
        orders=history[history["units_open"] > 0].reset_index(drop=True),
        order_history=history,
        customer_orders=booked[booked["series"] >= 0].reset_index(drop=True),
        policies=series.merge(policies, on=["site", "sku"], how="left").assign(
            source=lambda frame: frame["source"].fillna("")
        ),
        suppliers=suppliers,
        sites=valid_on(frames["sites"], day, key=["site"]),
        events=events,
        watermarks=_watermarks([sales, stock], dated),
    )


def _with_rebuilt(stock: pd.DataFrame, past: Rebuilt) -> pd.DataFrame:
    """The stock at the origin, and how its past was rebuilt: periods, and pictures that a later one
    does not lead back to, of those that could be checked."""
    count = len(stock)
    off = np.bincount(past.differences["series"].to_numpy(dtype=np.int64), minlength=count)
    return stock.assign(
        rebuilt_periods=past.rebuilt.sum(axis=1),
        pictures_checked=past.checked,
        pictures_off=off.astype(np.int64),
    )


def _corrections(moved: pd.DataFrame) -> pd.DataFrame:
    """What counts and adjustments added to the record of each series, or took away."""
    booked = moved[moved["kind"].isin(["count", "adjustment"])]
    rows = booked[["row", "date", "units"]].rename(columns={"row": "series"})
    return rows.astype({"series": "int64"}).reset_index(drop=True)


def _series_of(parts: list[pd.DataFrame]) -> pd.DataFrame:
    pairs = pd.concat([part.astype(object) for part in parts if len(part)] or parts[:1])
    pairs = pairs.drop_duplicates().sort_values(["site", "sku"], kind="stable")
    return pairs.reset_index(drop=True)


def _watermarks(surveys: list[Survey], frames: dict[str, pd.DataFrame]) -> dict[str, dt.date]:
    """The latest business date of each feed among its rows up to the origin."""
    marks = {one.feed: one.last for one in surveys if one.last is not None}
    for name, frame in frames.items():
        if len(frame):
            marks[name] = frame[FEEDS[name].dated or "date"].max().date()
    return dict(sorted(marks.items()))


def _events_as_of(events: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Events that had begun, or were known, on a day; weather is never known in advance."""
    moment = pd.Timestamp(day)
    begun = events["start"] <= moment
    planned = events["known_on"].isna() & (events["kind"] != "weather")
    return events[begun | planned | (events["known_on"] <= moment)].reset_index(drop=True)
