"""What a declaration changes of the inputs as of an origin: demand, orders, closures, lead times.

Nothing is recorded anew: history, stock and promises stay what they are. Orders carry how much
later they come beside the promise they have, so that the learned risk sees the same past.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, end_date, period_end, period_start
from forecasting.errors import Refused, UnknownName
from forecasting.panel import Panel
from models.lead_time import LeadTimes, sources_of
from models.scenarios.declaration import (
    Change,
    Demand,
    LeadTime,
    OrderLate,
    PromotionAdded,
    Scenario,
    SiteClosed,
    SupplierStop,
)
from models.sources import givers_of, rows_of

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]  # [n] which series

SELECTORS: Final = ("site", "category", "supplier", "sku")
FAR: Final = dt.date(9999, 12, 31)

Uplift = Callable[[Panel, Rows], Floats | None]
"""A panel with promotions added, and the series [n] that they are about → [n, H] what the demand
model makes of them there, as a factor; None where it has learned nothing of such
promotions."""


@dataclass(frozen=True)
class Supposed:
    """The inputs under a scenario, and whom they concern."""

    panel: Panel
    lead_times: LeadTimes
    factor: Floats  # [n, H] of demand
    touched: Rows  # changed themselves, or fed by a series that is
    stopped: dict[str, dt.date] = field(default_factory=dict)  # supplier -> first day
    turned_away: Floats | None = None  # [n, H] share of demand that finds its site closed
    notes: tuple[
        str, ...
    ] = ()  # what a reader must know: promotion_model, promotion_stated, goes_on


def suppose(
    scenario: Scenario,
    panel: Panel,
    mean: Floats,
    lead_times: LeadTimes,
    uplift: Uplift,
) -> Supposed:
    """The inputs of a panel whose demand is `mean` [n, H] under a scenario.

    Raises UnknownName for a code that the panel does not have.
    """
    now = Supposed(panel, lead_times, np.ones_like(mean), np.zeros(len(panel), dtype=bool))
    for change in scenario.changes:
        now = _APPLY[type(change)](now, change, uplift)
    factor = _shipped_on(now.panel, mean, now.factor)
    touched = _and_fed(now.panel, now.touched | (factor != 1.0).any(axis=1))
    return replace(now, factor=factor, touched=touched)


def _demand(now: Supposed, change: Demand, _: Uplift) -> Supposed:
    rows = selected(now.panel, change)
    share = _covered(now, change.start, change.end)
    return _with_demand(now, rows, 1.0 + share * change.percent / 100.0)


def _promotion(now: Supposed, change: PromotionAdded, uplift: Uplift) -> Supposed:
    rows = selected(now.panel, change)
    first, last = _span(now, change.start, change.end)
    codes = {name: getattr(change, name) for name in SELECTORS}
    event = {"kind": "promotion", "start": first, "end": last, "value": change.depth}
    panel = _with_event(now.panel, event | codes | {"name": "scenario"})
    learned = uplift(panel, rows)
    if learned is not None:
        return _with_demand(
            replace(now, notes=(*now.notes, "promotion_model")),
            rows,
            np.where(rows[:, None], learned, 1.0),
        )
    if change.uplift_percent is None:
        raise Refused(
            "The demand model has learned nothing of promotions like this one.",
            next_step="State how much more will be wanted: uplift_percent = 30.",
        )
    share = _covered(now, first, last)
    stated = replace(now, notes=(*now.notes, "promotion_stated"))
    return _with_demand(stated, rows, 1.0 + share * change.uplift_percent / 100.0)


def _supplier_stop(now: Supposed, change: SupplierStop, _: Uplift) -> Supposed:
    panel, supplier = now.panel, change.supplier
    rows = _supplied_by(panel, supplier)
    first = change.start or _first_day(panel)
    last = first + dt.timedelta(days=max(round(7 * change.weeks), 1) - 1)
    mine = _lines_of(panel.orders, supplier)
    until = np.where(mine, np.datetime64(first, "s") - np.timedelta64(1, "D"), np.datetime64("NaT"))
    known = panel.orders.get("comes_until", pd.Series(pd.NaT, index=panel.orders.index))
    sooner = pd.concat([known, pd.Series(until, index=panel.orders.index)], axis=1).min(axis=1)
    panel = replace(panel, orders=panel.orders.assign(comes_until=sooner.astype("datetime64[s]")))
    event = {"kind": "supplier_closure", "start": first, "end": last, "supplier": supplier}
    if last > _last_day(now):
        now = replace(now, notes=(*now.notes, "goes_on"))
    begun = min(first, now.stopped.get(supplier, FAR))
    return replace(
        now,
        panel=_with_event(panel, event | {"name": "scenario"}),
        touched=now.touched | rows,
        stopped=now.stopped | {supplier: begun},
    )


def _order_late(now: Supposed, change: OrderLate, _: Uplift) -> Supposed:
    orders = now.panel.orders
    if change.order:
        mine = (orders["order_id"] == change.order).to_numpy()
        if not mine.any():
            raise UnknownName("open order", change.order, sorted(set(orders["order_id"])))
    else:
        _supplied_by(now.panel, change.supplier)
        mine = _lines_of(orders, change.supplier)
    return _delayed(now, mine, np.full(len(orders), float(change.days)))


def _site_closed(now: Supposed, change: SiteClosed, _: Uplift) -> Supposed:
    panel = now.panel
    rows = _named(panel.series["site"], "site", change.site)
    first, last = _span(now, change.start, change.end)
    open_share = 1.0 - _covered(now, first, last)
    event = {"kind": "closure", "start": first, "end": last, "site": change.site}
    away = np.zeros_like(now.factor) if now.turned_away is None else now.turned_away
    away = np.where(rows[:, None], np.maximum(away, 1.0 - open_share), away)
    source = panel.policies["source"].fillna("").to_numpy(dtype=object)
    senders = panel.orders["source_site"].fillna("").to_numpy(dtype=object) == change.site
    fed = source == change.site
    fed[panel.orders["series"].to_numpy(dtype=np.int64)[senders]] = True
    closed = replace(
        now,
        panel=_with_event(panel, event | {"name": "scenario"}),
        touched=now.touched | rows | fed,
        turned_away=away,
    )
    return _with_demand(closed, rows, open_share)


def _lead_time(now: Supposed, change: LeadTime, _: Uplift) -> Supposed:
    panel, supplier, factor = now.panel, change.supplier, change.factor
    rows = _supplied_by(panel, supplier)
    stated = panel.series["master_lead_time_days"].where(~rows, lambda days: days * factor)
    terms = panel.suppliers
    own = (terms["supplier"] == supplier).to_numpy()
    lead = terms["lead_time_days"].where(~own, lambda days: days * factor)
    recorded = (now.lead_times.groups["source"] == supplier).any()
    mastered = np.isfinite(stated[rows].to_numpy(dtype=np.float64)).all() or lead[own].notna().any()
    stretch = recorded or not mastered
    lines = panel.orders
    mine = _lines_of(lines, supplier)
    promised = (lines["promised_on"] - lines["ordered_on"]).dt.days.to_numpy(dtype=np.float64)
    later = np.round((factor - 1.0) * np.nan_to_num(promised))
    made = replace(
        now,
        panel=replace(
            panel,
            series=panel.series.assign(master_lead_time_days=stated),
            suppliers=terms.assign(lead_time_days=lead),
        ),
        lead_times=now.lead_times.stretched(supplier, factor) if stretch else now.lead_times,
        touched=now.touched | rows,
    )
    return _delayed(made, mine, later)


_APPLY: Final[dict[type[Change], Callable[[Supposed, Any, Uplift], Supposed]]] = {
    Demand: _demand,
    PromotionAdded: _promotion,
    SupplierStop: _supplier_stop,
    OrderLate: _order_late,
    SiteClosed: _site_closed,
    LeadTime: _lead_time,
}


def selected(panel: Panel, change: Demand | PromotionAdded) -> Rows:
    """[n] the series that have all the codes a change names; UnknownName for a code of none."""
    rows = np.ones(len(panel), dtype=bool)
    for name in SELECTORS:
        if code := getattr(change, name):
            rows &= _named(panel.series[name], name, code)
    if not rows.any():
        codes = ", ".join(code for name in SELECTORS if (code := getattr(change, name)))
        raise Refused(f"No series has all of {codes}.", next_step="Name fewer of them.")
    return rows


def _named(codes: pd.Series, what: str, code: str) -> Rows:
    rows = (codes == code).to_numpy()
    if not rows.any():
        raise UnknownName(what, code, sorted(set(codes) - {""}))
    return rows


def _supplied_by(panel: Panel, supplier: str) -> Rows:
    """[n] the series that order from a supplier, or wait for a line of it."""
    declared = panel.policies["source"].fillna("").to_numpy(dtype=object)
    usual = panel.series["supplier"].fillna("").to_numpy(dtype=object)
    rows: Rows = np.where(declared != "", declared, usual) == supplier
    rows[panel.orders["series"].to_numpy(dtype=np.int64)[_lines_of(panel.orders, supplier)]] = True
    if not rows.any():
        known = {*declared, *usual} - {"", *panel.series["site"]}
        raise UnknownName("supplier", supplier, sorted(known))
    return rows


def _lines_of(lines: pd.DataFrame, supplier: str) -> Rows:
    return np.asarray(np.array(sources_of(lines), dtype=object) == supplier, dtype=bool)


def _delayed(now: Supposed, lines: Rows, days: Floats) -> Supposed:
    """Some lines of the order book come so many days later than they would have."""
    orders = now.panel.orders
    before = orders.get("delay_days", pd.Series(0.0, index=orders.index)).to_numpy(np.float64)
    touched = now.touched.copy()
    touched[orders["series"].to_numpy(dtype=np.int64)[lines]] = True
    later = orders.assign(delay_days=before + np.where(lines, days, 0.0))
    return replace(now, panel=replace(now.panel, orders=later), touched=touched)


def _with_demand(now: Supposed, rows: Rows, factor: Floats) -> Supposed:
    return replace(now, factor=np.where(rows[:, None], now.factor * factor, now.factor))


def _with_event(panel: Panel, event: dict[str, Any]) -> Panel:
    row = {
        str(name): pd.Series(
            [event.get(str(name), "" if pd.api.types.is_object_dtype(kind) else None)], dtype=kind
        )
        for name, kind in panel.events.dtypes.items()
    }
    events = pd.concat([panel.events, pd.DataFrame(row)], ignore_index=True)
    return replace(panel, events=events.astype(panel.events.dtypes))


def _first_day(panel: Panel) -> dt.date:
    return panel.origin_date + dt.timedelta(days=1)


def _last_day(now: Supposed) -> dt.date:
    return end_date(now.panel.origin + now.factor.shape[1], now.panel.frequency)


def _span(now: Supposed, start: dt.date | None, end: dt.date | None) -> tuple[dt.date, dt.date]:
    """First and last day; by default all that is forecast."""
    panel = now.panel
    last = _last_day(now)
    first = start or _first_day(panel)
    if first > last or (end and end < _first_day(panel)):
        raise Refused(
            f"{first} to {end or last} lies outside of what is forecast.",
            next_step=f"Name days from {_first_day(panel)} to {last}.",
        )
    return first, end or max(last, first)


def _covered(now: Supposed, start: dt.date | None, end: dt.date | None) -> Floats:
    """[H] share of each period that lies in the span."""
    periods = now.panel.origin + np.arange(1, now.factor.shape[1] + 1)
    return covered(periods, now.panel.frequency, *_span(now, start, end))


def covered(
    periods: NDArray[np.int64], frequency: Frequency, start: dt.date, end: dt.date
) -> Floats:
    """[H] share of the days of each period that lies between two days, both included."""
    first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
    opens, closes = (bound(periods, frequency) for bound in (period_start, period_end))
    days = (np.minimum(closes, last) - np.maximum(opens, first)).astype(np.int64) + 1
    return np.asarray(np.maximum(days, 0) / ((closes - opens).astype(np.int64) + 1.0))


def _shipped_on(panel: Panel, mean: Floats, factor: Floats) -> Floats:
    """[n, H] the factor where more wanted at a site is more shipped by the site that feeds it.

    What a source ships is part of its own demand. A source that the scenario changes itself is
    left as it says.
    """
    giver = givers_of(panel)
    factor, changed = factor.copy(), (factor != 1.0).any(axis=1)
    for _ in range(len(panel.sites) + 1):  # a chain is no longer than there are sites
        moved = np.flatnonzero((giver >= 0) & (factor != 1.0).any(axis=1))
        more = np.zeros_like(mean)
        np.add.at(more, giver[moved], mean[moved] * (factor[moved] - 1.0))
        fed = np.divide(more, mean, out=np.zeros_like(mean), where=mean > 0)
        following = np.where(changed[:, None], factor, np.maximum(1.0 + fed, 0.0))
        if np.array_equal(following, factor):
            break
        factor = following
    return factor


def _and_fed(panel: Panel, rows: Rows) -> Rows:
    """The series, and those that draw from them by policy or by an open line, on and on."""
    takers, givers = _links(panel)
    found = rows.copy()
    while True:
        fed = takers[found[givers] & ~found[takers]]
        if not len(fed):
            return found
        found[fed] = True


def _links(panel: Panel) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Who draws from whom: series numbers."""
    by_policy = givers_of(panel)
    series = panel.orders["series"].to_numpy(dtype=np.int64)
    skus: Sequence[str] = list(panel.series["sku"].iloc[series])
    sites: Iterable[str] = panel.orders["source_site"].fillna("")
    takers = np.concatenate([np.arange(len(panel)), series])
    givers = np.concatenate([by_policy, rows_of(panel, sites, skus)])
    return takers[givers >= 0], givers[givers >= 0]


def sources(panel: Panel) -> Rows:
    """[n] the series that others draw from: what runs short there is lost at those."""
    found = np.zeros(len(panel), dtype=bool)
    found[_links(panel)[1]] = True
    return found
