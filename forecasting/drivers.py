"""What is known beside demand, period by period: named events, promotions and prices.

Only what was truly known counts: an event with a `known_on` later than the origin is unseen there,
a price is the last one charged unless a planned price says otherwise, weather is never known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, period_end, period_start, to_period
from forecasting.panel import Panel

Plan = NDArray[np.float32]

FLAGS: Final = 4  # named events so frequent that each has a feature of its own
FREQUENT: Final = 0.05  # share of days from which a named event is one of those
CANCELLED: Final = frozenset({"cancelled", "canceled", "annulé", "annule"})
NAMED: Final = ("holiday", "other", "closure")


@dataclass(frozen=True)
class Drivers:
    """Plans for S sites and n series over T periods and `ahead` more; step 0 is the history's."""

    names: tuple[str, ...]  # of the rarer named events; code k + 1 is names[k]
    flag_names: tuple[str, ...]  # of the frequent ones
    place: NDArray[np.int64]  # [n] site row of each series
    flags: Plan  # [S, T + A, K] share of the period that a frequent event covers
    code: Plan  # [S, T + A] code of a rarer event in the period, 0 none
    until: Plan  # [S, T + A] periods to the next rarer event, at most FAR
    coming: Plan  # [S, T + A] its code
    closed: Plan  # [S, T + A] share of the period for which a closure of the site was planned
    promotion: Plan  # [n or 0, T + A] depth 0..1, mean over the period
    promoted: NDArray[np.int32]  # [n or 0, T + A] column from which that was known
    planned: Plan  # [n or 0, T + A] planned unit price; NaN none
    price_known: NDArray[np.int32]  # [n or 0, T + A]

    def of(self, rows: NDArray[np.int64]) -> Drivers:
        """The drivers of some series."""
        parts = {
            name: value[rows] if len(value := getattr(self, name)) else value
            for name in ("place", "promotion", "promoted", "planned", "price_known")
        }
        return replace(self, **parts)


FAR: Final = {Frequency.DAY: 14, Frequency.WEEK: 4, Frequency.MONTH: 2}


def drivers_of(
    panel: Panel,
    frequency: Frequency,
    start: int,
    length: int,
    ahead: int,
    *,
    country: str = "",
    names: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
) -> Drivers:
    """Drivers of `length` periods from `start` and of `ahead` more.

    `names`: the rarer and the frequent names that a training gave its codes to; None: as found.
    """
    sites, place = np.unique(panel.series["site"].to_numpy(dtype=object), return_inverse=True)
    width = length + ahead
    events = planned_events(panel)
    shop_days = [
        _named(events, frequency, ahead),
        _holidays(panel, sites, country, start=start, width=width, frequency=frequency),
    ]
    whole = pd.concat([part for part in shop_days if len(part)] or shop_days[:1])
    if names is None:
        names = _names_of(whole, frequency, length, len(sites))
    rare, frequent = names
    flags = np.zeros((len(sites), width, len(frequent)), np.float32)
    for number, name in enumerate(frequent):
        flags[:, :, number] = _covered(whole[whole["name"] == name], sites, frequency, start, width)
    code = np.zeros((len(sites), width), np.float32)
    for number, name in reversed(list(enumerate(rare))):
        covered = _covered(whole[whole["name"] == name], sites, frequency, start, width)
        code[covered > 0] = number + 1
    until, coming = _next(code, FAR[frequency])
    shut = events[(events["kind"] == "closure") & (events[["sku", "category"]] == "").all(axis=1)]
    shut = shut.assign(end=shut["end"].fillna(shut["start"]))
    depth, promoted = _by_series(panel, events, "promotion", frequency, start, width)
    planned, price_known = _by_series(panel, events, "price", frequency, start, width)
    return Drivers(
        names=rare,
        flag_names=frequent,
        place=place.astype(np.int64),
        flags=flags,
        code=code,
        until=until,
        coming=coming,
        closed=_covered(shut, sites, frequency, start, width),
        promotion=depth,
        promoted=promoted,
        planned=np.where(planned > 0, planned, np.float32(np.nan)),
        price_known=price_known,
    )


def promotions_of(panel: Panel, start: int, width: int) -> NDArray[np.float64]:
    """[n, width] depth of promotions known at the panel's origin, 0..1, the mean over each period
    from `start`; NaN where none was ever announced."""
    events = planned_events(panel)
    events = events[events["kind"] == "promotion"]
    if not len(events):
        return np.full((len(panel), width), np.nan)
    first, last = (
        period_start(start, panel.frequency),
        period_end(start + width - 1, panel.frequency),
    )
    near = (events["start"] <= last) & (events["end"].fillna(events["start"]) >= first)
    depth, _ = _by_series(panel, events[near], "promotion", panel.frequency, start, width)
    return depth.astype(np.float64) if len(depth) else np.zeros((len(panel), width))


def planned_events(panel: Panel) -> pd.DataFrame:
    """The events of a panel without those that were called off."""
    return panel.events[~panel.events["status"].str.lower().isin(CANCELLED)]


def _named(events: pd.DataFrame, frequency: Frequency, ahead: int) -> pd.DataFrame:
    """start, end, name and site of the named events of whole sites.

    Only those known at least a horizon before they begin: the others would leak into a backtest.
    """
    whole = (events[["sku", "category", "supplier"]] == "").all(axis=1)
    named = events[events["kind"].isin(NAMED) & (events["name"] != "") & whole]
    notice = np.timedelta64(int(np.ceil(ahead * frequency.days)), "D")
    late = named["known_on"].notna() & (named["known_on"] > named["start"] - notice)
    kept = named.loc[~late, ["start", "end", "name", "site"]]
    return kept.assign(end=kept["end"].fillna(kept["start"]))


def _holidays(
    panel: Panel,
    sites: NDArray[np.object_],
    country: str,
    *,
    frequency: Frequency,
    start: int,
    width: int,
) -> pd.DataFrame:
    """Public holidays of each site's country (library `holidays`), shaped like `_named`."""
    table = panel.sites.set_index("site")["country"] if len(panel.sites) else pd.Series(dtype=str)
    of_site = {site: str(table.get(site, "") or country).upper() for site in sites}
    first, last = period_start(start, frequency), period_end(start + width - 1, frequency)
    years = range(int(str(first)[:4]), int(str(last)[:4]) + 1)
    found = [
        (day, name, site)
        for code in sorted(set(of_site.values()) - {""})
        for day, name in _holidays_of(code, tuple(years))
        for site in sites
        if of_site[site] == code
    ]
    frame = pd.DataFrame(found, columns=["start", "name", "site"])
    frame["start"] = pd.to_datetime(frame["start"])
    return frame.assign(end=frame["start"])


def without_holidays(countries: Iterable[str]) -> list[str]:
    """Those whose public holidays nobody knows here, in order; blanks are none.

    >>> without_holidays(["FR", "xx", "", "CI"])
    ['XX']
    """
    import holidays

    asked = {code.upper() for code in countries} - {""}
    return sorted(asked - set(holidays.list_supported_countries()))


def _holidays_of(country: str, years: tuple[int, ...]) -> list[tuple[object, str]]:
    import holidays

    try:
        found = holidays.country_holidays(country, years=list(years))
    except NotImplementedError:  # a country that the library does not know has no holidays here
        return []
    return sorted((day, f"{country} {name}") for day, name in found.items())


def _names_of(
    events: pd.DataFrame, frequency: Frequency, length: int, sites: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the rarer events, and of the FLAGS most frequent ones."""
    if not len(events):
        return (), ()
    days = length * frequency.days
    where = np.where(events["site"] == "", sites, 1)
    spans = (events["end"] - events["start"]).dt.days + 1
    share = (spans * where).groupby(events["name"]).sum() / (days * sites)
    often = share[share >= FREQUENT].sort_values(ascending=False, kind="stable")
    frequent = tuple(sorted(often.index[:FLAGS]))
    return tuple(sorted(set(share.index) - set(often.index))), frequent


def _spans(
    events: pd.DataFrame, frequency: Frequency, start: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Event number, column and share of the period covered, for each period an event touches."""
    first = events["start"].to_numpy().astype("datetime64[D]")
    last = events["end"].fillna(events["start"]).to_numpy().astype("datetime64[D]")
    begin = np.maximum(to_period(first, frequency), start)
    finish = np.minimum(to_period(last, frequency), start + width - 1)
    count = np.maximum(finish - begin + 1, 0)
    number = np.repeat(np.arange(len(events)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    period = begin[number] + offset
    opens, closes = period_start(period, frequency), period_end(period, frequency)
    one = np.timedelta64(1, "D")
    inside = np.minimum(last[number], closes) - np.maximum(first[number], opens) + one
    return number, period - start, inside / (closes - opens + one)


def _covered(
    events: pd.DataFrame, sites: NDArray[np.object_], frequency: Frequency, start: int, width: int
) -> Plan:
    """[S, width] share of each period that the events cover, at most 1."""
    covered = np.zeros((len(sites), width), np.float32)
    number, column, share = _spans(events, frequency, start, width)
    site = pd.Index(sites).get_indexer(pd.Index(events["site"]))[number]
    everywhere = (events["site"] == "").to_numpy()[number]
    np.add.at(covered, (site[site >= 0], column[site >= 0]), share[site >= 0])
    for row in range(len(sites)) if everywhere.any() else ():
        np.add.at(covered[row], column[everywhere], share[everywhere])
    return np.minimum(covered, 1.0)


def _next(code: Plan, far: int) -> tuple[Plan, Plan]:
    """[S, T] periods until the next coded event, at most `far`, and its code (0 beyond)."""
    until, coming = np.full(code.shape, far, np.float32), np.zeros(code.shape, np.float32)
    for gap in range(far - 1, -1, -1):
        later = np.zeros_like(code)
        later[:, : max(code.shape[1] - gap, 0)] = code[:, gap:]
        until[later > 0], coming[later > 0] = gap, later[later > 0]
    return until, coming


def _by_series(
    panel: Panel, events: pd.DataFrame, kind: str, frequency: Frequency, start: int, width: int
) -> tuple[Plan, NDArray[np.int32]]:
    """[n, width] value of a kind of event by series and period, and since which column it is known.

    Where events overlap, the deepest or dearest counts. No rows where there is no such event.
    """
    wanted = events[(events["kind"] == kind) & events["value"].notna()].reset_index(drop=True)
    if not len(wanted):
        return np.zeros((0, width), np.float32), np.zeros((0, width), np.int32)
    value = np.zeros((len(panel), width), np.float32)
    known = np.zeros((len(panel), width), np.int32)
    rows, owner = _rows_of(panel, wanted)
    number, column, share = _spans(wanted, frequency, start, width)
    told = wanted["known_on"].to_numpy().astype("datetime64[D]")
    since = np.where(np.isnat(told), -1, to_period(told, frequency) - start)
    since = np.where(np.isnat(told), 0, np.clip(since + 1, 0, width)) - 1
    begin = np.searchsorted(number, np.arange(len(wanted) + 1))
    for event in np.unique(number).tolist():
        mine = rows[owner[event] : owner[event + 1]]
        part = slice(begin[event], begin[event + 1])
        amount = float(wanted["value"][event])
        shares = share[part] if kind == "promotion" else np.ones(part.stop - part.start)
        cells = np.ix_(mine, column[part])
        higher = value[cells] < amount * shares
        known[cells] = np.where(higher, since[event], known[cells])
        value[cells] = np.maximum(value[cells], amount * shares)
    return value, known


def _rows_of(panel: Panel, events: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the series that each event is about, one after another, and where each begins."""
    series = panel.series
    everything = np.arange(len(series))
    groups = {
        column: series.groupby(column, sort=False).indices
        for column in ("sku", "site", "category", "supplier")
    }
    found = []
    for event in events[["sku", "site", "category", "supplier"]].itertuples(index=False):
        named = [
            groups[column].get(code, everything[:0])
            for column, code in zip(groups, event, strict=True)
            if code != ""
        ]
        rows = min(named, key=len) if named else everything
        for other in named:
            rows = rows if other is rows else np.intersect1d(rows, other)
        found.append(rows)
    ends = np.cumsum([0, *(len(rows) for rows in found)])
    return np.concatenate(found).astype(np.int64), ends
