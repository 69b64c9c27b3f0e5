"""What the list of the morning advises to order, as lines of the plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.panel import Panel
from models.lead_time import Floats, Rows
from models.projection import Supply
from models.risk.supplier_orders.order_needs import Calendar

ORDERS = ("order", "transfer")  # a transfer from the usual source is its order


def advice_of(warnings: pd.DataFrame, options: pd.DataFrame) -> pd.DataFrame:
    """site, sku, source, units and order_on (the last day in time) of what is recommended for the
    series on the list, of a publication's `warnings` and `options`."""
    listed = warnings.loc[warnings["state"].isin(["new", "out"]), ["site", "sku"]]
    told = options[
        options["recommended"]
        & options["code"].isin(ORDERS)
        & (options["at_site"] == "")
        & (options["act_by"] != "")
    ]
    told = told.merge(listed, on=["site", "sku"])[["site", "sku", "source", "units", "act_by"]]
    order_on = pd.to_datetime(told["act_by"].str.slice(0, 10))  # a cut-off time may follow
    return told.drop(columns="act_by").assign(order_on=order_on.astype("datetime64[s]"))


@dataclass(frozen=True)
class Advised:
    """Of n series."""

    units: Floats  # [n] 0: none
    day: Rows  # [n] of the plan, from 0; −1: none

    @classmethod
    def of(
        cls, panel: Panel, supply: Supply, calendar: Calendar, advice: pd.DataFrame | None
    ) -> Advised:
        """Only what goes to the usual source of a series, on one of its order days of the plan."""
        units, day = np.zeros(len(panel)), np.full(len(panel), -1)
        if advice is None or not len(advice):
            return cls(units, day)
        index = pd.MultiIndex.from_frame(panel.series[["site", "sku"]])
        rows = index.get_indexer(pd.MultiIndex.from_frame(advice[["site", "sku"]]))
        on = advice["order_on"].to_numpy().astype("datetime64[D]")
        days = (on - calendar.days[0]).astype(np.int64)
        usual = supply.terms.source[rows] == advice["source"].to_numpy(dtype=object)
        inside = (rows >= 0) & usual & (days >= 0) & (days < len(calendar.days))
        inside[inside] = calendar.may_order[rows[inside], days[inside]]
        units[rows[inside]], day[rows[inside]] = advice["units"].to_numpy()[inside], days[inside]
        return cls(units, day)

    def on(self, day: int) -> Floats:
        """[n] units advised on a day."""
        return np.where(self.day == day, self.units, 0.0)
