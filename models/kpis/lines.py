"""Order lines that were due: of suppliers by their first promise, of customers by the day asked."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from forecasting.masters import lead_time_days_of
from forecasting.order_book import ENDED, LINE, MOST_LEAD_DAYS, receipts_of
from forecasting.tables import UNIT_DECIMALS
from models.kpis.facts import Facts

LATEST: Final = 120  # days; beyond, lateness is one bin


def supplier_lines(facts: Facts) -> pd.DataFrame:
    """Lines of suppliers due up to the origin: day (of the promise that was known when they were
    ordered), site, supplier, category, on_time_in_full, days_late, censored (still open).

    Due by the promise, else a master lead time after the order; lines with neither are left out
    (`left_out`, at the order's day), and so are those that came, nobody says when. Cancelled by
    then: not due. What is still open has been late at least up to the origin; what was closed short
    was late until its last receipt.
    """
    moment = pd.Timestamp(facts.day)
    orders, history = facts.rows("orders"), facts.panel.order_history
    lines = orders.assign(
        supplier=history["supplier"].to_numpy(),
        cancelled_on=history["cancelled_on"].to_numpy(),
        status=history["status"].to_numpy(),
        units_received=history["units_received"].to_numpy(),
        place=history["series"].to_numpy(np.int64),
    )
    lines = lines.assign(day=_promised(facts, lines))
    kept = (lines["source_site"] == "") & (lines["status"] != "requested")
    lines = lines[kept & (lines["units_ordered"] > 0)].reset_index(drop=True)
    lines = lines[~(lines["cancelled_on"] <= lines["day"])].reset_index(drop=True)
    lines = lines.assign(category=_codes(facts, lines)["category"])
    left_out = lines[lines["day"].isna()]
    lines = lines[lines["day"] <= moment].reset_index(drop=True)
    came = receipts_of(facts.rows("receipts"), orders, facts.day)
    came = came[came["received_on"] <= moment].merge(
        lines[[*LINE, "day", "units_ordered"]], on=LINE, how="inner"
    )
    came = came.sort_values("received_on", kind="stable")
    came["so_far"] = came.groupby(LINE, sort=False)["units"].cumsum().round(UNIT_DECIMALS)
    whole = came[came["so_far"] >= came["units_ordered"]].groupby(LINE)["received_on"].min()
    last = came.groupby(LINE)["received_on"].max()
    lines = lines.join(whole.rename("whole_on"), on=LINE).join(last.rename("last_on"), on=LINE)
    ended = lines["status"].isin(ENDED) | lines["cancelled_on"].notna()
    stopped = lines["cancelled_on"].fillna(lines["last_on"]).where(ended)
    until = lines["whole_on"].fillna(stopped).fillna(moment)
    late = (until - lines["day"]).dt.days.clip(lower=0, upper=LATEST)
    came_whole = lines["units_received"] >= lines["units_ordered"]
    undated = (came_whole | (lines["status"] == "received")) & lines["last_on"].isna()
    told = lines.assign(
        on_time_in_full=(lines["whole_on"] <= lines["day"]).astype(np.float64),
        days_late=late.astype(np.float64),
        censored=(lines["whole_on"].isna() & ~ended).astype(np.float64),
        rows=1.0,
        left_out=0.0,
    )[~undated]
    silent = dict.fromkeys(SAID, 0.0) | {"left_out": 1.0}
    parts = (
        told,
        lines[undated].assign(**silent),
        left_out.assign(day=left_out["ordered_on"], **silent),
    )
    filled = [part[[*PLACES, *SAID]] for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else told[[*PLACES, *SAID]]


PLACES: Final = ("day", "site", "supplier", "category")
SAID: Final = ("on_time_in_full", "days_late", "censored", "rows", "left_out")


def customer_lines(facts: Facts) -> pd.DataFrame:
    """Lines of customers due up to the origin, in the same columns (days_late 0): due on the day
    requested, else confirmed; with neither left out, at the order's day, and so are those that were
    shipped whole, nobody says when."""
    moment = pd.Timestamp(facts.day)
    lines = facts.customer_orders
    lines = lines[lines["units_ordered"] > 0].reset_index(drop=True)
    index = pd.MultiIndex.from_frame(facts.series[["site", "sku"]].astype(object))
    place = index.get_indexer(pd.MultiIndex.from_frame(lines[["site", "sku"]].astype(object)))
    day = lines["requested_on"].fillna(lines["confirmed_on"])
    lines = lines.assign(day=day, place=place)
    cancelled_on = lines["cancelled_on"].where(lines["cancelled_on"] <= moment)
    lines = lines[~(cancelled_on <= lines["day"].fillna(moment))].reset_index(drop=True)
    lines = lines.assign(**_codes(facts, lines))
    shipped_on = lines["shipped_on"].where(lines["shipped_on"] <= moment)
    sent = lines["units_shipped"].fillna(lines["units_ordered"])
    whole = (shipped_on <= lines["day"]) & (sent >= lines["units_ordered"])
    silent = lines["day"].isna()
    silent |= lines["shipped_on"].isna() & (lines["units_shipped"] >= lines["units_ordered"])
    told = lines.assign(
        on_time_in_full=whole.astype(np.float64),
        days_late=0.0,
        censored=0.0,
        rows=(~silent).astype(np.float64),
        left_out=silent.astype(np.float64),
        day=lines["day"].fillna(lines["ordered_on"]),
    )
    return told[told["day"] <= moment][[*PLACES, *SAID]].reset_index(drop=True)


def _promised(facts: Facts, lines: pd.DataFrame) -> pd.Series:
    """The day promised as known when the line was ordered; NaT: nobody said one."""
    known, ordered = lines["promise_known_on"], lines["ordered_on"]
    alone = lines["expected_on"].isna()
    first = lines["promised_on"].where(known.isna() | ~alone | (known <= ordered))
    then = lines["expected_on"].where(known <= ordered)
    items = facts.series.drop_duplicates("sku").rename(
        columns={"master_lead_time_days": "lead_time_days"}
    )
    days = lead_time_days_of(lines, items, facts.panel.suppliers).clip(upper=MOST_LEAD_DAYS).round()
    whole = days.fillna(0.0).to_numpy().astype("timedelta64[D]").astype("timedelta64[s]")
    return first.fillna(then).fillna((ordered + whole).where(days.notna()))


def _codes(facts: Facts, lines: pd.DataFrame) -> pd.DataFrame:
    """Usual supplier and category of the item of each line; blank where it is unknown."""
    masters = facts.series[["supplier", "category"]].astype(object)
    masters = pd.concat([masters, pd.DataFrame([{"supplier": "", "category": ""}])])
    return masters.iloc[lines["place"].to_numpy()].reset_index(drop=True)  # −1: the blank row
