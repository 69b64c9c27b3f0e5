"""Masters as of an origin: the row of each code that was valid then."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from forecasting.options import Options
from forecasting.tables import FEEDS, Kind

BLANKS: Final = {Kind.NUMBER: (np.nan, "f8"), Kind.DATE: (np.datetime64("NaT"), "M8[s]")}


def frame_of(rows: pa.Table, feed: str) -> pd.DataFrame:
    """Arrow rows of a feed as a frame with every column of its contract.

    Text is "" where blank, numbers NaN, dates datetime64[s] NaT. The delivery that brought a row is
    left behind: the same data is the same frame, however it came.
    """
    kinds = {column.name: column.kind for column in FEEDS[feed].columns}
    names = [name for name in rows.column_names if name in kinds]
    return pd.DataFrame(
        {name: _values(rows, name, kinds[name]) for name in dict.fromkeys([*names, *kinds])}
    )


def _values(rows: pa.Table, name: str, kind: Kind) -> NDArray[Any]:
    """A column as `frame_of` gives it; blank where the rows have none of that name."""
    blank, dtype = BLANKS.get(kind, ("", "O"))
    if name not in rows.column_names:
        return np.full(len(rows), blank, dtype)
    column = rows.column(name)
    if dtype != "O":
        return np.asarray(column.to_numpy()).astype(dtype)
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    words = column.unify_dictionaries().combine_chunks()
    if isinstance(words, pa.ChunkedArray):  # of no chunk
        return np.full(0, blank, dtype)
    known = np.array([*words.dictionary.to_pylist(), blank], dtype)  # a code of −1 is the blank
    return known[words.indices.fill_null(-1).to_numpy()]


def valid_on(frame: pd.DataFrame, day: dt.date, *, key: list[str]) -> pd.DataFrame:
    """The latest row of each key whose `valid_from` is blank or not after `day`.

    A blank `valid_from` means always, so that a dated row, once valid, replaces it.
    """
    if "valid_from" not in frame.columns:
        return frame.drop_duplicates(key, keep="last").reset_index(drop=True)
    valid = frame[frame["valid_from"].isna() | (frame["valid_from"] <= pd.Timestamp(day))]
    ordered = valid.sort_values("valid_from", na_position="first", kind="stable")
    return ordered.drop_duplicates(key, keep="last").reset_index(drop=True)


def in_force(assortment: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Assortment rows that hold on a day, the latest `from` of each series."""
    moment = pd.Timestamp(day)
    started = assortment["from"].isna() | (assortment["from"] <= moment)
    ended = assortment["to"] < moment
    rows = assortment[started & ~ended].sort_values("from", na_position="first", kind="stable")
    return rows.drop_duplicates(["site", "sku"], keep="last").reset_index(drop=True)


def in_calendar_days(suppliers: pd.DataFrame) -> pd.DataFrame:
    """Terms whose lead time counts calendar days: five working days are a week."""
    working = suppliers["lead_time_basis"] == "working"
    days = suppliers["lead_time_days"].where(~working, suppliers["lead_time_days"] * 7 / 5)
    basis = suppliers["lead_time_basis"].where(~working, "calendar")
    return suppliers.assign(lead_time_days=days, lead_time_basis=basis)


def lead_time_days_of(
    orders: pd.DataFrame, items: pd.DataFrame, suppliers: pd.DataFrame
) -> pd.Series:
    """Master lead time of each order line, days: the supplier's terms for that site, else for all
    sites, else the item's. `suppliers` counts calendar days."""
    terms = suppliers.drop_duplicates(["supplier", "site"]).set_index(["supplier", "site"])
    stated = terms["lead_time_days"]
    here = pd.MultiIndex.from_frame(orders[["supplier", "site"]])
    anywhere = pd.MultiIndex.from_arrays([orders["supplier"], np.full(len(orders), "", object)])
    by_item = orders["sku"].map(items.set_index("sku")["lead_time_days"]).astype("float64")
    own = pd.Series(stated.reindex(here).to_numpy(np.float64), index=orders.index)
    shared = pd.Series(stated.reindex(anywhere).to_numpy(np.float64), index=orders.index)
    return own.fillna(shared).fillna(by_item)


def of_usual_supplier(
    orders: pd.DataFrame, items: pd.DataFrame, policies: pd.DataFrame, sites: pd.Index
) -> pd.DataFrame:
    """The order lines, those that name nobody as of who usually delivers: the supplier that the
    policy of the series names, else the item's. Where the policy names one of the company's
    `sites` the line stays without a name: it may be a transfer."""
    nobody = (orders["supplier"] == "") & (orders["source_site"] == "")
    pairs = pd.MultiIndex.from_frame(orders[["site", "sku"]].astype(object))
    stated = policies.set_index(["site", "sku"])["source"].reindex(pairs)
    by_item = orders["sku"].map(items.set_index("sku")["supplier"])
    declared = pd.Series(stated.to_numpy(dtype=object), index=orders.index).fillna("")
    usual = declared.where(declared != "", by_item.fillna(""))
    return orders.assign(supplier=orders["supplier"].mask(nobody & ~usual.isin(sites), usual))


def begun_or_planned(assortment: pd.DataFrame, moved: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """The assortment rows that count on a day: those begun, and for series that have not moved yet
    the planned ones. A first day still to come is no news of a series that is already sold."""
    planned = assortment["from"] > pd.Timestamp(day)
    pairs = pd.MultiIndex.from_frame(assortment[["site", "sku"]])
    return assortment[~planned | ~pairs.isin(pd.MultiIndex.from_frame(moved[["site", "sku"]]))]


def with_masters(
    series: pd.DataFrame,
    items: pd.DataFrame,
    offered: pd.DataFrame,
    declared: pd.DataFrame,
    options: Options,
) -> pd.DataFrame:
    """Codes with what the masters say of them; `in_assortment` is true where none is declared."""
    wanted = [
        "sku",
        "category",
        "supplier",
        "buyer",
        "description",
        "unit_cost",
        "unit_price",
        "currency",
        "stockout_cost",
        "uom",
        "pack_size",
        "minimum_order",
        "lead_time_days",
        "introduced_on",
        "discontinued_on",
        "replaces",
    ]
    table = series.merge(items[wanted], on="sku", how="left")
    table = table.rename(columns={"lead_time_days": "master_lead_time_days"})
    for name in ("category", "supplier", "buyer", "description", "currency", "uom", "replaces"):
        table[name] = table[name].fillna("")
    table["currency"] = table["currency"].where(table["currency"] != "", options.currency)
    pairs = pd.MultiIndex.from_frame(table[["site", "sku"]])
    now, ever = (pd.MultiIndex.from_frame(rows[["site", "sku"]]) for rows in (offered, declared))
    table["in_assortment"] = pairs.isin(now) | ~pairs.isin(ever)
    table = table.merge(offered[["site", "sku", "mode"]], on=["site", "sku"], how="left")
    table["mode"] = table["mode"].where(table["mode"].fillna("") != "", "stocked")
    return table
