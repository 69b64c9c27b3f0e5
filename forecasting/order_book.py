"""The order book as it looked at an origin: what was open, what had come, what was promised.

Today's file knows how each order ended. Here every fact dated after the origin is unknown again:
an order received since is open, a promise made since is not the promise of that day.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
import pandas as pd

from forecasting.tables import UNIT_DECIMALS

LINE: Final = ["order_id", "line", "sku"]
ENDED: Final = ("received", "cancelled", "closed")
PROMISES: Final = ("expected_on", "promise_known_on")  # told by promised_on, as of the day
MOST_LEAD_DAYS: Final = 3650.0  # ten years: beyond, a master holds no lead time but a slip


def receipts_of(receipts: pd.DataFrame, orders: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Every receipt, those after `day` included: order_id, line, site, sku, received_on, units.

    From the receipts feed (site, sku and line filled from the order where blank, see `_with_line`),
    and from `received_on` and `units_received` of order lines that the receipts feed, up to `day`,
    does not speak of.
    """
    places = orders[[*LINE, "site"]].drop_duplicates(LINE).rename(columns={"site": "to_site"})
    named = _with_line(receipts[receipts["sku"] != ""], places, ["order_id", "sku"])
    named = named.merge(places, on=LINE, how="left")
    first_of_line = places.drop_duplicates(["order_id", "line"])
    nameless = _with_line(receipts[receipts["sku"] == ""], places, ["order_id"])
    nameless = nameless.drop(columns="sku").merge(
        first_of_line, on=["order_id", "line"], how="inner"
    )
    stated = pd.concat([named, nameless], ignore_index=True)
    stated["site"] = stated["site"].where(stated["site"] != "", stated["to_site"].fillna(""))

    spoken = pd.MultiIndex.from_frame(stated.loc[stated["received_on"] <= pd.Timestamp(day), LINE])
    alone = orders[orders["received_on"].notna()]
    alone = alone[~pd.MultiIndex.from_frame(alone[LINE]).isin(spoken)]
    single = alone.assign(units=alone["units_received"].fillna(alone["units_ordered"]))
    columns = [*LINE, "site", "received_on", "units"]
    parts = [part for part in (stated[columns], single[columns]) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else stated[columns]


def _with_line(receipts: pd.DataFrame, places: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The receipts, where only one side numbers its lines, with the line of the one that there is.

    `places`: the order lines; `by`: what a receipt tells of its line beside the number. Of several
    lines nothing tells which.
    """
    single = places.drop_duplicates(by, keep=False)[[*by, "line"]]
    line = receipts[by].merge(single, on=by, how="left")["line"].to_numpy()
    told, known = (pd.MultiIndex.from_frame(rows[[*by, "line"]]) for rows in (receipts, places))
    unnumbered = (receipts["line"] == "").to_numpy() | (line == "")
    found = ~told.isin(known) & pd.notna(line) & unnumbered
    return receipts.assign(line=np.where(found, line, receipts["line"]))


def lines_as_of(
    orders: pd.DataFrame, receipts: pd.DataFrame, lead_time_days: pd.Series, day: dt.date
) -> pd.DataFrame:
    """Order lines placed up to a day, with what was known of them that day.

    Adds: units_received (up to the day), received_on and last_received_on (first and last receipt
    up to the day, else NaT), promised_on (the promise known that day), units_open (0 where ended by
    then). What ended since has the status open and no cancelled_on.
    `receipts` comes from `receipts_of`; `lead_time_days` is aligned with `orders`.
    promise_known_on dates expected_on, or promised_on where it stands alone.
    A promise whose history is unknown is ordered_on + lead_time_days, never today's expected_on.
    An ended line without a date of its own ended with its last receipt; without any, long ago. So
    did what a line has received, where nothing says when.
    """
    moment = pd.Timestamp(day)
    lines = orders.assign(master_days=lead_time_days.to_numpy())
    lines = lines[lines["ordered_on"] <= moment].reset_index(drop=True)
    by_line = receipts[receipts["received_on"] <= moment].groupby(LINE, sort=False, observed=True)
    dates = {"came_on": ("received_on", "min"), "last_came_on": ("received_on", "max")}
    came = by_line.agg(came_units=("units", "sum"), **dates)
    last = receipts.groupby(LINE, sort=False, observed=True)["received_on"].max()
    lines = lines.join(came, on=LINE).join(last.rename("last_on"), on=LINE)
    undated = lines["units_received"].where(lines["received_on"].isna() & lines["last_on"].isna())
    units_received = lines["came_units"].round(UNIT_DECIMALS).fillna(undated).fillna(0.0)

    known = lines["promise_known_on"]
    newest = lines["expected_on"].fillna(lines["promised_on"]).where(known <= moment)
    first = lines["promised_on"].where(known.isna() | lines["expected_on"].notna())
    days = lines["master_days"].clip(upper=MOST_LEAD_DAYS).round()
    whole = days.fillna(0.0).to_numpy().astype("timedelta64[D]").astype("timedelta64[s]")
    due = (lines["ordered_on"] + whole).where(days.notna())
    promised = newest.fillna(first).fillna(due)

    status = lines["status"]
    ended_on = lines["cancelled_on"].fillna(lines[["received_on", "last_on"]].max(axis=1))
    ended = status.isin(ENDED) & (ended_on.isna() | (ended_on <= moment))
    ended |= lines["cancelled_on"] <= moment
    open_units = (lines["units_ordered"] - units_received).clip(lower=0.0)
    return lines.assign(
        units_received=units_received,
        received_on=lines["came_on"].astype("datetime64[s]"),
        last_received_on=lines["last_came_on"].astype("datetime64[s]"),
        promised_on=promised.astype("datetime64[s]"),
        cancelled_on=lines["cancelled_on"].where(lines["cancelled_on"] <= moment),
        status=status.where(ended | ~status.isin(ENDED), "open"),
        units_open=np.where(ended, 0.0, open_units),
    ).drop(columns=["came_units", "came_on", "last_came_on", "last_on", "master_days", *PROMISES])


def booked_as_of(customer_orders: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Customer order lines open at a day, with due_on (NaT: as soon as possible), units_open.

    What was shipped nobody knows when was shipped long ago.
    """
    moment = pd.Timestamp(day)
    lines = customer_orders[customer_orders["ordered_on"] <= moment]
    lines = lines[~(lines["cancelled_on"] <= moment)]
    shipped = lines["units_shipped"].fillna(lines["units_ordered"])
    undated = lines["shipped_on"].isna() & lines["units_shipped"].notna()
    sent = shipped.where(undated | (lines["shipped_on"] <= moment), 0.0)
    units_open = (lines["units_ordered"] - sent).clip(lower=0.0)
    due_on = lines["confirmed_on"].fillna(lines["requested_on"])
    booked = lines.assign(due_on=due_on, units_open=units_open)[
        ["order_id", "line", "site", "sku", "customer", "due_on", "units_open"]
    ]
    return booked[booked["units_open"] > 0].reset_index(drop=True)
