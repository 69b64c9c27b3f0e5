"""From whom each series is refilled, with what master lead time, and when orders are placed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Days, as_days, period_end, period_start, weekday
from forecasting.drivers import planned_events
from forecasting.panel import Panel
from models.lead_time import Floats, LeadTimes, Rows, sources_of

LOOK_BACK_DAYS: Final = 91
"""A quarter of orders shows on which weekdays a site orders."""
USUAL_SHARE: Final = 0.25
"""Of the weeks with an order on a weekday, from which it is an order day."""
FEWEST_ORDERS: Final = 6
"""Order dates in the quarter below which nothing is said about weekdays."""

NEVER: Final = np.datetime64("NaT", "D")
Route = tuple[str, str]  # site, source
Way = tuple[str, str, str]  # site, source, and the item where events close it by itself, else ""
Ranges = tuple[tuple[np.datetime64, np.datetime64], ...]  # first and last days


@dataclass(frozen=True)
class Closures:
    """When sites and suppliers are closed by events; "" stands for all of them."""

    sites: dict[str, Ranges]  # whole sites only; each known site has an entry
    suppliers: dict[Way, Ranges]  # site, supplier, sku

    @classmethod
    def of(cls, panel: Panel) -> Closures:
        sites: dict[str, Ranges] = dict.fromkeys(["", *panel.series["site"]], ())
        suppliers: dict[Way, Ranges] = {}
        events = planned_events(panel)
        closing = events["kind"].isin(["closure", "supplier_closure"])
        rows: Iterable[Any] = events[closing].itertuples()
        for row in rows:
            last = row.start if pd.isna(row.end) else row.end
            span = (np.datetime64(row.start, "D"), np.datetime64(last, "D"))
            items = _items_of(row, panel.series)
            if row.kind == "supplier_closure" or row.supplier:  # who is named is who is closed
                for sku in items:
                    way = (row.site, row.supplier, sku)
                    suppliers[way] = (*suppliers.get(way, ()), span)
            elif items == [""]:
                sites[row.site] = (*sites.get(row.site, ()), span)
        return cls(sites, suppliers)

    @cached_property
    def items(self) -> set[str]:
        """Those that a supplier does not deliver for a time, beside its own closures."""
        return {sku for _, _, sku in self.suppliers} - {""}

    def way(self, site: str, source: str, sku: str) -> Way:
        return site, source, sku if sku in self.items else ""

    def of_site(self, site: str) -> Ranges:
        """() for what is no site."""
        return self.sites[""] + self.sites[site] if site in self.sites else ()

    def of_source(self, way: Way, terms: Any) -> Ranges:
        """Of who delivers to a site: by its terms, by its own events, or as a site itself."""
        stated = () if terms is None else _ranges(terms.closures)
        return stated + self.of_supplier(way) + (self.of_site(way[1]) if way[1] else ())

    def of_supplier(self, way: Way) -> Ranges:
        """By its own events, or those of all suppliers, of which a site is none."""
        site, source, sku = way
        named = (source,) if source in self.sites else (source, "")
        items = (sku, "") if sku else ("",)
        ways = product((site, ""), named, items)
        return sum((self.suppliers.get(one, ()) for one in ways), ())


def _items_of(event: Any, series: pd.DataFrame) -> list[str]:
    """The items that an event names by code or category; [""] where it is of all."""
    if event.sku == event.category == "":
        return [""]
    codes = series[["sku", "category"]].drop_duplicates()
    mine = (codes["sku"] == event.sku) | (event.sku == "")
    mine &= (codes["category"] == event.category) | (event.category == "")
    return sorted(set(codes.loc[mine, "sku"]))


@dataclass(frozen=True)
class Routes:
    """What holds on the way from any source to any site."""

    masters: dict[Route, Any]  # rows of suppliers by site and supplier; "" stands for all sites
    closures: Closures

    @classmethod
    def of(cls, panel: Panel) -> Routes:
        rows: Iterable[Any] = panel.suppliers.itertuples(index=False)
        return cls({(row.site, row.supplier): row for row in rows}, Closures.of(panel))

    def terms(self, site: str, source: str) -> Any:
        """The source's row for the site, else for all sites; None: not in the masters."""
        return self.masters.get((site, source), self.masters.get(("", source)))

    def way(self, site: str, source: str, sku: str) -> Way:
        """All that the days of an item from a source to a site depend on."""
        return self.closures.way(site, source, sku)

    def source_closed(self, way: Way) -> Ranges:
        return self.closures.of_source(way, self.terms(way[0], way[1]))

    def receiving(self, way: Way) -> tuple[tuple[int, ...], Ranges]:
        """Weekdays (none: any) on which goods can come in, and when either end is closed."""
        terms = self.terms(way[0], way[1])
        weekdays = () if terms is None else _weekdays(terms.receiving_days)
        return weekdays, self.source_closed(way) + self.closures.of_site(way[0])


@dataclass(frozen=True)
class Terms:
    """Who refills each series, n rows: a supplier or a site, its lead time and its order days."""

    source: NDArray[np.object_]
    group: Rows  # of LeadTimes
    master_days: Floats  # NaN unknown
    order_days: list[tuple[int, ...]]  # weekdays, Monday 0; empty: all
    last_order: Days  # the site's last order from that source; NaT: none
    cutoff_time: NDArray[np.object_]  # HH:MM, "" unknown
    closures: list[Ranges]  # of the source

    def order_on(self, row: int, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Whether an order may be placed on each day."""
        return _open_on(days, self.order_days[row], self.closures[row])

    def order_days_from(self, row: int, first: dt.date, count: int) -> Days:
        """Those among `count` days from the first on which an order may be placed."""
        begin = np.datetime64(first, "D")
        return _open_among(begin, max(count, 0), self.order_days[row], self.closures[row])


def no_terms(count: int) -> Terms:
    """Nobody knows who refills the series."""
    unknown = np.full(count, "", dtype=object)
    return Terms(
        source=unknown,
        group=np.zeros(count, np.int64),
        master_days=np.full(count, np.nan),
        order_days=[()] * count,
        last_order=np.full(count, NEVER),
        cutoff_time=unknown,
        closures=[()] * count,
    )


def terms_of(panel: Panel, lead_times: LeadTimes) -> Terms:
    """The policy's source, else the item's usual supplier, with its terms for that site.

    Order days that nobody declared are those on which the site has been ordering from it.
    """
    declared = panel.policies["source"].fillna("").to_numpy(dtype=object)
    usual = panel.series["supplier"].fillna("").to_numpy(dtype=object)
    source = np.where(declared != "", declared, usual)
    routes = list(zip(panel.series["site"], source, strict=True))
    on = Routes.of(panel)
    rows = [on.terms(*route) for route in routes]
    ways = [on.way(*route, sku) for route, sku in zip(routes, panel.series["sku"], strict=True)]
    closures = {way: on.source_closed(way) for way in set(ways)}
    stated = np.array([np.nan if row is None else row.lead_time_days for row in rows], dtype=float)
    item_days = panel.series["master_lead_time_days"].to_numpy(dtype=np.float64)
    latest, habit = _order_dates(panel)
    return Terms(
        source=source,
        group=lead_times.group_of(list(source), list(panel.series["sku"])),
        master_days=np.where(np.isfinite(stated), stated, item_days),
        order_days=[
            _weekdays(row.order_days)
            if row is not None and row.order_days
            else habit.get(route, ())
            for row, route in zip(rows, routes, strict=True)
        ],
        last_order=as_days(np.array([latest.get(route, NEVER) for route in routes])),
        cutoff_time=np.array(
            ["" if row is None else row.cutoff_time for row in rows], dtype=object
        ),
        closures=[closures[way] for way in ways],
    )


def review_periods(
    panel: Panel, terms: Terms, review_days: Floats, known: NDArray[np.bool_], horizon: int
) -> NDArray[np.bool_]:
    """[n, H] periods in which a review with an order day falls, where a policy is `known`.

    Every order day is a review where reviews are no further apart than order days; else they go on
    in their rhythm from the last order, each waiting for the next order day.
    """
    days, period = _days_ahead(panel, horizon)
    first = days[0]
    review = np.zeros((len(panel), horizon), dtype=bool)
    calendars: dict[object, NDArray[np.bool_]] = {}
    for row in np.flatnonzero(known).tolist():
        order_days = terms.order_days[row]
        rhythm = max(round(float(review_days[row])), 1)
        if order_days and rhythm <= longest_gap_days(order_days):
            rhythm = 1
        anchor = terms.last_order[row]
        since = 0 if np.isnat(anchor) else int((first - anchor).astype(np.int64))
        key = (rhythm, -since % rhythm, order_days, terms.closures[row])
        if key not in calendars:
            taken = np.flatnonzero(terms.order_on(row, days))
            reviewed = np.searchsorted(taken, np.arange(-since % rhythm, len(days), rhythm))
            calendars[key] = np.zeros(horizon, dtype=bool)
            calendars[key][period[taken[reviewed[reviewed < len(taken)]]]] = True
        review[row] = calendars[key]
    return review


def receiving_periods(
    panel: Panel, rows: Rows, sources: Iterable[str], horizon: int
) -> NDArray[np.bool_]:
    """[k, H] periods with a day on which goods from a source can come in for a series [k]."""
    days, period = _days_ahead(panel, horizon)
    on = Routes.of(panel)
    codes = panel.series[["site", "sku"]].iloc[rows]
    ways = [
        on.way(site, source, sku)
        for site, source, sku in zip(codes["site"], sources, codes["sku"], strict=True)
    ]
    found = {
        way: np.bincount(period, _open_on(days, *on.receiving(way)), minlength=horizon) > 0
        for way in set(ways)
    }
    return np.array([found[way] for way in ways]).reshape(len(ways), horizon)


def delivering_periods(panel: Panel, sources: Iterable[str], horizon: int) -> NDArray[np.bool_]:
    """[n, H] periods with a day on which no event closes the supplier of the series."""
    days, period = _days_ahead(panel, horizon)
    closures = Closures.of(panel)
    found = np.ones((len(panel), horizon), dtype=bool)
    if not closures.suppliers:
        return found
    codes = zip(panel.series["site"], sources, panel.series["sku"], strict=True)
    for row, way in enumerate(codes):
        if spans := closures.of_supplier(way):
            found[row] = np.bincount(period, _open_on(days, (), spans), minlength=horizon) > 0
    return found


def receiving_days(
    panel: Panel, routes: Iterable[Route], days: Days
) -> dict[Route, NDArray[np.bool_]]:
    """[D] of each route whether goods can come in on a day: a receiving day, neither end closed.
    What closes single items only is left aside."""
    on = Routes.of(panel)
    return {route: _open_on(days, *on.receiving((*route, ""))) for route in set(routes)}


def next_open(receiving: NDArray[np.bool_]) -> Rows:
    """[n, H] the first receiving period from each on; H where none is left.

    >>> next_open(np.array([[False, True, False, False]]))
    array([[1, 1, 4, 4]])
    """
    horizon = receiving.shape[1]
    places = np.where(receiving, np.arange(horizon), horizon)
    return np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]


def longest_gap_days(weekdays: tuple[int, ...]) -> int:
    """Most days from one of these weekdays to the next.

    >>> longest_gap_days((0, 3)), longest_gap_days((2,)), longest_gap_days((0, 1, 2, 3, 4))
    (4, 7, 3)
    """
    following = (*weekdays[1:], weekdays[0] + 7)
    return max(after - before for before, after in zip(weekdays, following, strict=True))


def _order_dates(panel: Panel) -> tuple[dict[Route, np.datetime64], dict[Route, tuple[int, ...]]]:
    """The last order of each route, and its usual weekdays where the last quarter shows them."""
    lines = panel.order_history
    site = panel.series["site"].to_numpy(dtype=object)[lines["series"].to_numpy(dtype=np.int64)]
    dates = pd.DataFrame(
        {"site": site, "source": sources_of(lines), "day": lines["ordered_on"].to_numpy()}
    ).drop_duplicates()
    today = pd.Timestamp(panel.origin_date)
    recent = dates[dates["day"] > today - dt.timedelta(days=LOOK_BACK_DAYS)]
    latest: dict[Route, np.datetime64] = {}
    usual: dict[Route, tuple[int, ...]] = {}
    for route, day in dates.groupby(["site", "source"])["day"].max().items():
        latest[route] = np.datetime64(day, "D")  # type: ignore[index]
    for route, days in recent.groupby(["site", "source"])["day"]:
        if len(days) >= FEWEST_ORDERS:
            weeks = np.bincount(weekday(days.to_numpy()), minlength=7)
            often = np.flatnonzero(weeks >= USUAL_SHARE * LOOK_BACK_DAYS / 7)
            usual[route] = tuple(often.tolist())  # type: ignore[index]
    return latest, usual


def _days_ahead(panel: Panel, horizon: int) -> tuple[Days, Rows]:
    """The days of the periods ahead, and the period of each, from 0."""
    first = period_start(panel.origin + 1, panel.frequency)
    last = period_end(panel.origin + horizon, panel.frequency)
    days = first + np.arange(int((last - first).astype(np.int64)) + 1)
    ends = period_end(panel.origin + np.arange(1, horizon + 1), panel.frequency)
    return days, np.searchsorted(ends, days)


@lru_cache(maxsize=1024)  # many series, few calendars
def _open_among(
    first: np.datetime64, count: int, weekdays: tuple[int, ...], closures: Ranges
) -> Days:
    days = first + np.arange(count)
    found: Days = days[_open_on(days, weekdays, closures)]
    found.flags.writeable = False
    return found


def _open_on(days: Days, weekdays: tuple[int, ...], closures: Ranges) -> NDArray[np.bool_]:
    """Whether each day is one of the weekdays (none: any) outside the closures."""
    taken = np.isin(weekday(days), weekdays) if weekdays else np.ones(len(days), dtype=bool)
    for first, last in closures:
        taken &= ~((days >= first) & (days <= last))
    return taken


def terms_by_route(panel: Panel, routes: Iterable[Route]) -> dict[Route, Any]:
    """The source's row of terms for each site, else for all sites; None: not in the masters."""
    on = Routes.of(panel)
    return {route: on.terms(*route) for route in set(routes)}


def _weekdays(text: object) -> tuple[int, ...]:
    return tuple(sorted(int(part) for part in str(text or "").split(",") if part.strip()))


def _ranges(text: object) -> Ranges:
    parts = [part.strip().split("/") for part in str(text or "").split(";") if part.strip()]
    return tuple((np.datetime64(part[0], "D"), np.datetime64(part[-1], "D")) for part in parts)
