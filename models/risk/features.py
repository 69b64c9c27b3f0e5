"""What was known of every series at an origin, as numbers that compare across items and companies.

Quantities are told in periods of usage, rates as shares, distances in periods; NaN where a feed is
silent. Nothing here looks past the panel's origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecasting.calendar import Frequency, period_end, to_period
from forecasting.panel import Panel
from models.lead_time import Floats
from models.risk import by_row
from models.risk.by_row import MOST_PERIODS
from models.risk.cut_short import cut_short_features
from models.risk.month_by_month import month_features

SPANS: Final = {
    Frequency.DAY: (7, 28, 91),
    Frequency.WEEK: (4, 13, 52),
    Frequency.MONTH: (3, 6, 12),
}
"""Periods looked back: a moment, a season, a year or what a planner remembers of it."""
NEWS: Final = {Frequency.DAY: 3, Frequency.WEEK: 1, Frequency.MONTH: 1}
"""Periods that are news: who ran out and what came in lately, across the network."""
LARGEST: Final = 1e6  # of any feature: what an odd record makes infinite is only very large
FEWEST_DAYS: Final = 2  # of a weekday, before it has a habit of its own

MONOTONE: Final = {
    **dict.fromkeys(
        [
            *("cover_short", "cover_mid", "cover_long", "cover_forecast", "cover_less_lead"),
            *("stock_step", "stock_to_usual", "stock_least", "position", "above_reorder"),
            *("ordered", "balance", "item_cover"),
        ],
        -1,
    ),
    "structural": 1,
    "structural_all": 1,
}
"""More on the shelf, or on its way, never raises the chance; a higher structural one never lowers
it."""


@dataclass(frozen=True)
class Known:
    """What the projection and the record say of n series, beside their panel."""

    closes: Floats  # [n, T] 1 out, 0 in stock, NaN unknown
    sellable: Floats  # [n] units at the origin; NaN unknown
    first: Floats  # [n, H] chance of a first stockout in each period; NaN where not projected
    demand: Floats  # [n, H] units expected; NaN where not forecast
    arrivals: Floats  # [n, H] units expected of what is ordered; NaN likewise
    reorder_point: Floats  # [n] units; NaN: no policy
    lead_periods: Floats  # [n] median lead time; NaN unknown
    promotion: Floats  # [n, 1 + H] depth planned for the origin's period and those after; NaN where
    # stock is projected: there the demand along the paths is that of the promotion


def series_features(panel: Panel, known: Known) -> pd.DataFrame:
    """[n, F] of each series at the origin."""
    short, mid, long = SPANS[panel.frequency]
    found = _record(panel, known.closes, (short, mid, long))
    usage = _usages(panel)
    found |= cut_short_features(panel, known.closes, short, mid)
    found |= _usage(panel.units, usage, long)
    found |= _shelf(panel, known, usage, mid)
    with np.errstate(invalid="ignore"):
        found["price_to_usual"] = by_row.ratio(
            panel.price[:, -1], by_row.mean(panel.price[:, -long:])
        )
    found |= _inward(panel.receipts, usage["long"], (short, long))
    found |= _order_book(panel, known, usage["long"])
    found |= _asked(panel, usage["long"], short)
    found |= _network(panel, found)
    found |= _item_wide(panel, known)
    found |= month_features(panel, usage["long"], found["cover_mid"], found["out_long"])
    return pd.DataFrame(found).clip(-LARGEST, LARGEST)


def with_other_supply(told: pd.DataFrame, panel: Panel, known: Known) -> pd.DataFrame:
    """[k, F] the features `told` of k series whose own stock and open orders are now those of
    `panel`: what the network looks like stays."""
    usage = _usages(panel)
    changed = _shelf(panel, known, usage, SPANS[panel.frequency][1])
    changed |= _order_book(panel, known, usage["long"])
    return told.reset_index(drop=True).assign(
        **{name: np.clip(values, -LARGEST, LARGEST) for name, values in changed.items()}
    )


def _usages(panel: Panel) -> dict[str, Floats]:
    """[n] mean units of a period over each span."""
    names = zip(("short", "mid", "long"), SPANS[panel.frequency], strict=True)
    return {name: by_row.mean(panel.units[:, -span:]) for name, span in names}


def _record(panel: Panel, closes: Floats, spans: tuple[int, int, int]) -> dict[str, Floats]:
    """Stockouts so far."""
    short, mid, long = spans
    out = closes[:, -1] if closes.shape[1] else np.full(len(closes), np.nan)
    entered = np.full(closes.shape, np.nan)
    entered[:, 1:] = np.where(
        (closes[:, :-1] == 0) & ~np.isnan(closes[:, 1:]), closes[:, 1:], np.nan
    )
    open_share = panel.availability
    found = {
        "out": out,
        "state_since": by_row.since(closes != out[:, None]),
        "out_since": by_row.since(closes == 1.0),
        "enter_mid": by_row.mean(entered[:, -mid:]),
        "enter_long": by_row.mean(entered[:, -long:]),
    }
    for name, span in (("short", short), ("mid", mid), ("long", long)):
        found[f"out_{name}"] = by_row.mean(closes[:, -span:])
    found["entered_lately"] = by_row.mean(entered[:, -NEWS[panel.frequency] :])
    found["open"] = open_share[:, -1]
    found["open_before"] = open_share[:, -2] if open_share.shape[1] > 1 else np.nan * out
    for name, span in (("short", short), ("mid", mid)):
        found[f"open_{name}"] = by_row.mean(open_share[:, -span:])
    return found


def _usage(units: Floats, usage: dict[str, Floats], long: int) -> dict[str, Floats]:
    recent = units[:, -long:]
    silent = by_row.since(units > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "usage_log": np.log1p(usage["long"]),
            "usage_trend_short": by_row.trend(usage["short"], usage["long"]),
            "usage_trend_mid": by_row.trend(usage["mid"], usage["long"]),
            "usage_last": by_row.ratio(units[:, -1], usage["long"]),
            "usage_cv": by_row.ratio(by_row.spread(recent), usage["long"]),
            "silent": silent,
            "silence": np.expm1(silent) * usage["long"],
            "usage_none": by_row.mean(np.where(np.isnan(recent), np.nan, recent <= 0)),
            "age": np.log1p((~np.isnan(units)).sum(axis=1).astype(np.float64)),
        }


def _shelf(panel: Panel, known: Known, usage: dict[str, Floats], mid: int) -> dict[str, Floats]:
    stock = panel.on_hand - np.nan_to_num(panel.blocked)
    now = known.sellable
    before = stock[:, -2] if stock.shape[1] > 1 else np.full(len(stock), np.nan)
    least = np.where(np.isnan(stock), np.inf, stock)[:, -mid:].min(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {
            "stock_log": np.log1p(np.maximum(now, 0.0)),
            "stock_step": by_row.trend(now, before),
            "stock_to_usual": by_row.trend(now, by_row.mean(stock[:, -mid:])),
            "stock_least": np.minimum(by_row.ratio(least, usage["long"]), MOST_PERIODS),
            "stock_age": panel.stock["stale_days"].to_numpy(np.float64) / panel.frequency.days,
        }
        for name, rate in usage.items():
            found[f"cover_{name}"] = by_row.cover(now, rate)
        ahead = known.demand[:, :mid].mean(axis=1)
        found["cover_forecast"] = by_row.cover(now, ahead)
        found["forecast_trend"] = by_row.trend(ahead, usage["long"])
    return found


def _inward(receipts: Floats, usage: Floats, spans: tuple[int, int]) -> dict[str, Floats]:
    came = receipts > 0
    short, long = spans
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(came, receipts, np.nan)[:, -long:]
        return {
            "receipt_since": by_row.since(came),
            "receipt_last": by_row.ratio(receipts[:, -1], usage),
            "receipt_short": by_row.ratio(by_row.mean(receipts[:, -short:]), usage),
            "receipt_long": by_row.ratio(by_row.mean(receipts[:, -long:]), usage),
            "receipt_often": by_row.mean(np.where(np.isnan(receipts), np.nan, came)[:, -long:]),
            "receipt_size": by_row.ratio(by_row.mean(size), usage),
        }


def _order_book(panel: Panel, known: Known, usage: Floats) -> dict[str, Floats]:
    count = len(panel)
    lines = panel.orders[panel.orders["status"] != "requested"]
    row = lines["series"].to_numpy(np.int64)
    units = lines["units_open"].to_numpy(np.float64)
    today = period_end(panel.origin, panel.frequency).astype("datetime64[D]")
    promised = lines["promised_on"].to_numpy().astype("datetime64[D]")
    wait = (
        np.where(np.isnat(promised), np.nan, (promised - today).astype(np.int64))
        / panel.frequency.days
    )
    age = (today - lines["ordered_on"].to_numpy().astype("datetime64[D]")).astype(np.float64)
    age /= panel.frequency.days
    open_units = by_row.sums(row, units, count)
    late_units = by_row.sums(row, units * (wait < 0), count)
    next_due, latest, oldest = (np.full(count, np.nan) for _ in range(3))
    np.fmin.at(next_due, row, np.where(wait >= 0, wait, np.nan))
    np.fmax.at(latest, row, -wait)
    np.fmax.at(oldest, row, age)
    owed = by_row.sums(
        panel.customer_orders["series"].to_numpy(np.int64),
        panel.customer_orders["units_open"].to_numpy(np.float64),
        count,
    )
    position = known.sellable + open_units - owed
    rate = np.where(usage > 0, usage, known.demand.mean(axis=1))
    return {
        "ordered": by_row.ratio(open_units, rate),
        "overdue": by_row.ratio(late_units, rate),
        "next_due": next_due,
        "latest": latest,
        "order_age": oldest,
        "lines": np.bincount(row, minlength=count).astype(np.float64),
        "owed": by_row.ratio(owed, rate),
        "position": by_row.cover(position, rate),
        "above_reorder": by_row.ratio(position - known.reorder_point, rate),
        "lead": known.lead_periods,
        "cover_less_lead": by_row.cover(known.sellable, rate) - known.lead_periods,
    }


def _asked(panel: Panel, usage: Floats, short: int) -> dict[str, Floats]:
    """Wishes: lines requested, of which nobody said that they will come."""
    lines = panel.order_history[panel.order_history["status"] == "requested"]
    period = to_period(lines["ordered_on"].to_numpy(), panel.frequency)
    back = panel.origin - period
    row, units = lines["series"].to_numpy(np.int64), lines["units_ordered"].to_numpy(np.float64)
    since = np.full(len(panel), np.nan)
    np.fmin.at(since, row, np.log1p(back))
    last, lately = (by_row.sums(row, units * (back < span), len(panel)) for span in (1, short))
    told = np.isfinite(since)
    return {
        "asked_since": since,
        "asked_last": np.where(told, by_row.ratio(last, usage), np.nan),
        "asked_short": np.where(told, by_row.ratio(lately / short, usage), np.nan),
    }


def _network(panel: Panel, found: dict[str, Floats]) -> dict[str, Floats]:
    """The same item at other sites, all of them and those of its region; the other items of the
    site, of the supplier, of the category, and of this in the region; the region's shelves, which
    share its shocks."""
    made = {}
    region = (
        panel.series["site"].map(panel.sites.set_index("site")["region"]).fillna("").astype(str)
    )
    own, kind = panel.series["sku"], panel.series["category"]
    near = {
        "near": (region + "\x1f" + own).where(region != "", ""),
        "near_category": (region + "\x1f" + kind).where((region != "") & (kind != ""), ""),
        "region": region,
    }
    for name in ("sku", "near", "site", "supplier", "category", "near_category", "region"):
        codes = (near[name] if name in near else panel.series[name]).to_numpy(dtype=object)
        group = pd.factorize(codes)[0]
        group = np.where(codes == "", -1, group)
        if name in near:
            for feature in ("open_short", "open_mid"):
                made[f"{name}_{feature}"] = by_row.others(found[feature], group)
        if name in ("sku", "near", "category"):
            made[f"{name}_whole"] = by_row.others(found["whole"], group)
        if name == "near":
            made["near_last_to_mean"] = by_row.others(found["last_to_mean"], group)
        if name in ("near_category", "region"):
            made[f"{name}_open"] = by_row.others(found["open"], group)
            continue
        for feature in (
            "out",
            "entered_lately",
            "out_mid",
            "cover_long",
            "stock_step",
            "open",
            "usage_trend_short",
        ):
            made[f"{name}_{feature}"] = by_row.others(found[feature], group)
        if name in ("sku", "site"):
            for feature in ("receipt_last", "receipt_short"):
                made[f"{name}_{feature}"] = by_row.others(np.minimum(found[feature], 10.0), group)
        if name == "supplier":
            made["supplier_overdue"] = by_row.others(np.minimum(found["overdue"], 10.0), group)
    return made


def _item_wide(panel: Panel, known: Known) -> dict[str, Floats]:
    """The item across the network as one shelf: how it stands, and where it is heading."""
    item = pd.factorize(panel.series["sku"])[0]
    size = int(item.max(initial=-1)) + 1
    stock = panel.on_hand - np.nan_to_num(panel.blocked)

    def total(values: Floats) -> Floats:
        return by_row.sums(item, np.nan_to_num(values), size)[item]

    def at(matrix: Floats, back: int) -> Floats:
        width = matrix.shape[1]
        return matrix[:, width - back] if width >= back else np.full(len(matrix), np.nan)

    short, mid, long = SPANS[panel.frequency]
    rate = total(by_row.mean(panel.units[:, -long:]))
    made = {"item_cover": by_row.cover(total(at(stock, 1)), rate)}
    for name, back in (("short", short), ("mid", mid)):
        made[f"item_cover_step_{name}"] = made["item_cover"] - by_row.cover(
            total(at(stock, 1 + back)), rate
        )
        made[f"item_received_{name}"] = by_row.ratio(
            total(panel.receipts[:, -back:].sum(axis=1)) / back, rate
        )
    shares = {}
    for back in (1, 2, 1 + short):
        known_at = at(known.closes, back)
        count = total((~np.isnan(known_at)).astype(float))
        shares[back] = by_row.ratio(total(known_at), count)
    made["item_out_step"] = shares[1] - shares[2]
    made["item_out_step_short"] = shares[1] - shares[1 + short]
    made["item_usage_last"] = by_row.ratio(total(at(panel.units, 1)), rate)
    return made


def period_features(panel: Panel, known: Known, begin: int, end: int) -> pd.DataFrame:
    """[n, G] of the periods begin + 1 … end after the origin (`begin` = 0: from the next one on).

    No weekday and no month as such: a few dozen origins hold each so seldom that trees learn the
    shocks of those days by heart. Seasons come by the forecast, weekdays by the series' own.
    """
    count = len(panel)
    reached = np.cumsum(known.first, axis=1)
    before = reached[:, begin - 1] if begin else np.zeros(count)
    hazard = np.clip((reached[:, end - 1] - before) / np.maximum(1.0 - before, 1e-9), 0.0, 1.0)
    hazard = np.where(np.isnan(reached[:, end - 1]), np.nan, hazard)
    made = {
        "begin": np.full(count, float(begin)),
        "length": np.full(count, float(end - begin)),
        "structural": hazard,
        "structural_all": reached[:, end - 1],
    }
    balance = (
        known.sellable + known.arrivals[:, :end].sum(axis=1) - known.demand[:, :end].sum(axis=1)
    )
    rate = known.demand[:, :end].mean(axis=1)
    made["balance"] = np.clip(by_row.ratio(balance, rate), -MOST_PERIODS, MOST_PERIODS)
    with np.errstate(invalid="ignore", divide="ignore"):
        made["demand_step"] = by_row.trend(
            known.demand[:, begin:end].mean(axis=1), known.demand.mean(axis=1)
        )
    depth = known.promotion[:, 1 + begin : 1 + end].mean(axis=1)
    made["promotion"] = depth
    made["promotion_step"] = depth - known.promotion[:, 0]
    if panel.frequency is Frequency.DAY:
        made["out_weekday"], made["open_weekday"] = (
            _same_weekday(matrix, end) for matrix in (known.closes, panel.availability)
        )
    return pd.DataFrame(made).clip(-LARGEST, LARGEST)


def _same_weekday(values: Floats, ahead: int, weeks: int = 4) -> Floats:
    """[n] mean over the last `weeks` days of the weekday that lies `ahead` days after the last."""
    first = (ahead - 1) % 7 - 7
    places = [first - 7 * week for week in range(weeks) if 7 * week - first <= values.shape[1]]
    return (
        by_row.mean(values[:, places], least=FEWEST_DAYS)
        if places
        else np.full(len(values), np.nan)
    )
