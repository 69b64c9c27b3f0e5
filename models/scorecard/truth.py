"""What came: closes, demand and arrivals by series and period, and the order book of any origin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.accuracy import abc_of
from forecasting.calendar import end_date, to_period
from forecasting.histories import INWARD
from forecasting.history import History, history_of
from forecasting.masters import frame_of, lead_time_days_of, valid_on
from forecasting.options import Options
from forecasting.order_book import LINE, lines_as_of, receipts_of
from forecasting.panel import Panel
from forecasting.segments import demand_class
from forecasting.states import RECENT
from forecasting.stockout import closed_out
from forecasting.windows import RowSource
from models.lead_time import Floats, Rows
from models.scorecard.said import IN_STOCK, UNKNOWN, Said

Flags = NDArray[np.bool_]

TRANSFER: Final = "transfer_in"


@dataclass(frozen=True)
class Truth:
    """Shapes: n series and T periods of `panel`, the one as of now."""

    panel: Panel
    closes: Floats  # [n, T] 1 closed in stockout, 0 in stock, NaN unknown
    demand: Floats  # [n, T] units wanted; where the shelf was empty, recovered; NaN unknown
    segment: pd.Series  # [n] ABC by value / demand class
    arrivals: pd.DataFrame  # series, period, units, number (of the line; −1), ordered_on, transfer
    orders: pd.DataFrame  # every line, with its number
    receipts: pd.DataFrame  # forecasting.order_book.receipts_of
    master_days: pd.Series  # aligned with orders

    @property
    def last(self) -> int:
        """The last period known."""
        return self.panel.origin

    @cached_property
    def index(self) -> pd.MultiIndex:
        return pd.MultiIndex.from_frame(self.panel.series[["site", "sku"]])

    def places(self, rows: pd.DataFrame) -> Rows:
        """The row of each site and sku; −1 where it is not in the record."""
        return np.asarray(self.index.get_indexer(pd.MultiIndex.from_frame(rows[["site", "sku"]])))

    def window(self, values: Floats, origin: int, periods: int) -> Floats:
        """[n, periods] of a matrix [n, T]: the periods after an origin, NaN where not yet come."""
        begin = origin + 1 - self.panel.start
        found = np.full((len(values), periods), np.nan)
        here = values[:, max(begin, 0) : max(begin + periods, 0)]
        found[:, max(-begin, 0) : max(-begin, 0) + here.shape[1]] = here
        return found

    def sellable(self, said: Said) -> Floats:
        """[n] units at the close of an origin; where no picture shows it, what was said; NaN:
        neither."""
        place = said.origin - self.panel.start
        shown = self.panel.on_hand[:, place] - np.nan_to_num(self.panel.blocked[:, place])
        if "sellable" in said.rows:
            rows = self.places(said.rows)
            told = np.full(len(shown), np.nan)
            told[rows[rows >= 0]] = said.rows["sellable"].to_numpy(dtype=np.float64)[rows >= 0]
            shown = np.where(np.isnan(shown), told, shown)
        return shown

    @cached_property
    def promises(self) -> pd.Series:
        """By number of the line: the day promised as of now."""
        return self._lines(self.last).set_index("number")["promised_on"]

    def at_risk(self, said: Said) -> tuple[Rows, Flags]:
        """`places` of the rows of `said`, and which of them could run out: known to be in stock at
        the origin, by what was said or shown since, of series whose empty shelf is a stockout."""
        rows = self.places(said.rows)
        close = self.closes[rows, said.origin - self.panel.start]
        state = said.rows["state"]
        stocked = state.isin(IN_STOCK).to_numpy() & (close != 1.0)
        return rows, (rows >= 0) & (stocked | ((state == UNKNOWN).to_numpy() & (close == 0.0)))

    def book(self, origin: int) -> pd.DataFrame:
        """Lines open at an origin, as they looked then: number, series, order_id, units_open,
        promised_on (NaT: none)."""
        lines = self._lines(origin)
        lines = lines[(lines["units_open"] > 0) & (lines["status"] != "requested")]
        return lines.assign(series=self.places(lines)).reset_index(drop=True)

    def _lines(self, origin: int) -> pd.DataFrame:
        day = end_date(origin, self.panel.frequency)
        return lines_as_of(self.orders, self.receipts, self.master_days, day)

    def come(self, arrivals: pd.DataFrame, origin: int, periods: int) -> Floats:
        """[n, periods] units that came in after an origin, of some rows of `arrivals`."""
        step = arrivals["period"].to_numpy(dtype=np.int64) - origin - 1
        inside = (step >= 0) & (step < periods)
        came = np.zeros((len(self.panel), periods))
        places = (arrivals["series"].to_numpy(dtype=np.int64)[inside], step[inside])
        np.add.at(came, places, arrivals["units"].to_numpy(dtype=np.float64)[inside])
        return came


def truth_of(source: RowSource, panel: Panel, options: Options, since: int) -> Truth:
    """What came after period `since`, from the panel as of now and the rows it was made of.

    Stock that was rebuilt is no witness: what was said is judged by what somebody saw.
    """
    panel = panel.pictured()
    history = history_of(panel, options)
    orders, receipts, master_days = _order_book(source, panel)
    ended_on = receipts.groupby(LINE, observed=True)["received_on"].max()
    last_on = orders[LINE].join(ended_on, on=LINE)["received_on"]
    gone = orders["status"].isin(("received", "closed")) & (
        last_on <= pd.Timestamp(end_date(since, panel.frequency))
    )
    kept = ~gone.to_numpy()
    orders, master_days = orders[kept].reset_index(drop=True), master_days[kept]
    orders = orders.assign(number=np.arange(len(orders)))
    return Truth(
        panel=panel,
        closes=closed_out(panel, options),
        demand=history.demand,
        segment=_segment(panel, history),
        arrivals=_arrivals(source, panel, orders, receipts, since),
        orders=orders,
        receipts=receipts.merge(orders[LINE], on=LINE),
        master_days=master_days.reset_index(drop=True),
    )


def _order_book(source: RowSource, panel: Panel) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    day = panel.origin_date
    orders = frame_of(source.rows("orders", until=day), "orders")
    orders = orders.assign(supplier=panel.order_history["supplier"].to_numpy())
    items = valid_on(frame_of(source.rows("items"), "items"), day, key=["sku"])
    receipts = receipts_of(frame_of(source.rows("receipts", until=day), "receipts"), orders, day)
    receipts = receipts[receipts["received_on"] <= pd.Timestamp(day)]
    return orders, receipts, lead_time_days_of(orders, items, panel.suppliers)


def _arrivals(
    source: RowSource, panel: Panel, orders: pd.DataFrame, receipts: pd.DataFrame, since: int
) -> pd.DataFrame:
    """Receipts after a period with the order behind them; of series without any, the inward
    movements (`forecasting.histories.receipts_in`)."""
    index = pd.MultiIndex.from_frame(panel.series[["site", "sku"]])
    came = receipts.merge(orders[[*LINE, "number", "ordered_on"]], on=LINE, how="left")
    came = came.rename(columns={"received_on": "date"}).assign(transfer=False)
    moved = frame_of(source.rows("movements", until=panel.origin_date), "movements")
    moved = moved[moved["kind"].isin(INWARD)]
    moved = moved.assign(
        number=-1, ordered_on=np.datetime64("NaT"), transfer=moved["kind"] == TRANSFER
    )
    for frame in (came, moved):
        frame["series"] = index.get_indexer(pd.MultiIndex.from_frame(frame[["site", "sku"]]))
    moved = moved[~moved["series"].isin(came["series"])]
    found = pd.concat([_typed(came), _typed(moved)], ignore_index=True)
    found["period"] = to_period(found["date"].to_numpy(), panel.frequency)
    return found[(found["series"] >= 0) & (found["period"] > since)].reset_index(drop=True)


def _typed(arrivals: pd.DataFrame) -> pd.DataFrame:
    """A receipt whose order is not known has no line."""
    kinds = {
        "series": "int64",
        "date": "datetime64[s]",
        "units": "float64",
        "number": "int64",
        "ordered_on": "datetime64[s]",
        "transfer": "bool",
    }
    return arrivals.fillna({"number": -1})[list(kinds)].astype(kinds)


def _segment(panel: Panel, history: History) -> pd.Series:
    recent = history.demand[:, -RECENT[panel.frequency] :]
    return pd.Series(abc_of(panel, history)) + " / " + pd.Series(demand_class(recent))
