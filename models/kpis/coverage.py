"""From when to when each feed speaks: what tells "none" from "nobody says"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.calendar import period_end, period_start
from models.kpis.cells import BLOCK
from models.kpis.counted import Counted
from models.kpis.facts import Flags

COLUMNS: Final = ("feed", "site", "first_on", "last_on")
QUIET_DAYS: Final = {"sales": 7, "stock": 7, "orders": 28, "customer_orders": 28, "incidents": 28}
"""A feed that has been quiet no longer speaks up to the origin: shops rest, stock is counted
weekly, some months nothing goes wrong. Incidents may be quiet as long as they were before. Costs
have no such days: what they pay for is dated."""


def coverage(facts: Counted) -> pd.DataFrame:
    """One row a feed and site (blank: all): first and last day that it speaks of; NaT: always. A
    feed without a row is absent. Columns (`items.unit_cost`): where one is filled;
    `sales.price` where `items.unit_price` stands in for it, too.
    """
    panel = facts.panel
    listed = facts.series["unit_price"].notna().to_numpy()
    costed = np.asarray(np.isfinite(facts.cost))
    parts = [
        _of_matrix(facts, "sales", lambda rows: np.isfinite(panel.units[rows])),
        _of_matrix(
            facts,
            "stock",
            lambda rows: np.isfinite(panel.on_hand[rows]) | np.isfinite(panel.availability[rows]),
        ),
        _of_rows(facts, "orders", panel.order_history["ordered_on"]),
        _of_rows(facts, "customer_orders", facts.customer_orders["ordered_on"]),
        _of_rows(facts, "incidents", facts.incidents["occurred_on"]),
        _of_costs(facts),
        _of_column(facts, "sales.price", facts.has_price),
        _of_column(facts, "items.unit_price", listed),
        _of_column(facts, "items.unit_cost", costed),
    ]
    dates = dict.fromkeys(("first_on", "last_on"), "datetime64[s]")
    told = [part[list(COLUMNS)].astype(dates) for part in parts if len(part)]
    if not told:
        return pd.DataFrame(columns=list(COLUMNS)).astype(dates)
    found = pd.concat(told, ignore_index=True)
    quiet = found["feed"].map({feed: _quiet(facts, feed) for feed in QUIET_DAYS}).fillna(0)
    moment = pd.Timestamp(facts.day)
    alive = found["last_on"] >= moment - pd.to_timedelta(quiet, unit="D")
    found["last_on"] = found["last_on"].where(~alive & (found["last_on"] <= moment), moment)
    return found.astype(dates)


def _quiet(facts: Counted, feed: str) -> int:
    """Days without a row after which a feed still speaks."""
    days = max(QUIET_DAYS[feed], round(facts.panel.frequency.days))
    if feed == "incidents" and len(facts.incidents) > 1:
        dates = np.sort(facts.incidents["occurred_on"].to_numpy().astype("datetime64[D]"))
        days = max(days, int(np.diff(dates).astype(np.int64).max()))
    return days


def _of_matrix(facts: Counted, feed: str, known: Callable[[slice], Flags]) -> pd.DataFrame:
    """By site, the first and last period in which something is known."""
    panel = facts.panel
    sites, site_of = np.unique(panel.series["site"].astype(str), return_inverse=True)
    told = np.zeros((len(sites), panel.origin - panel.start + 1), dtype=bool)
    for begin in range(0, len(panel), BLOCK):
        rows = slice(begin, min(begin + BLOCK, len(panel)))
        flags = known(rows)
        for site in np.unique(site_of[rows]):
            told[site] |= flags[site_of[rows] == site].any(axis=0)
    spoken = told.any(axis=1)
    first, last = told.argmax(axis=1), told.shape[1] - 1 - told[:, ::-1].argmax(axis=1)
    return pd.DataFrame(
        {
            "feed": feed,
            "site": sites[spoken].astype(object),
            "first_on": _days(period_start(panel.start + first[spoken], panel.frequency)),
            "last_on": _days(period_end(panel.start + last[spoken], panel.frequency)),
        }
    )


def _of_rows(facts: Counted, feed: str, dates: pd.Series) -> pd.DataFrame:
    """Of all sites together: one that has no row of it may have had none."""
    if dates.isna().all():
        return pd.DataFrame(columns=list(COLUMNS))
    first, last = dates.min(), dates.max()
    return pd.DataFrame([{"feed": feed, "site": "", "first_on": first, "last_on": last}])


def _of_costs(facts: Counted) -> pd.DataFrame:
    costs = facts.costs.groupby("site", as_index=False).agg(
        first_on=("period_start", "min"), last_on=("period_end", "max")
    )
    return costs.assign(feed="costs")


def _of_column(facts: Counted, name: str, filled: Flags) -> pd.DataFrame:
    sites = np.unique(facts.series["site"].to_numpy(str)[filled]).astype(object)
    moment = pd.Timestamp(facts.day)
    return pd.DataFrame({"feed": name, "site": sites, "first_on": pd.NaT, "last_on": moment})


def _days(values: np.ndarray[Any, Any]) -> pd.Series:
    return pd.Series(values.astype("datetime64[s]"))
