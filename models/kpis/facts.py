"""What KPIs are counted from: the panel, and the rows up to its origin that no panel holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.calendar import period_end, to_period
from forecasting.histories import TRANSFER
from forecasting.masters import frame_of
from forecasting.stockout import is_out
from models.kpis.cells import BLOCK, Buckets, Matrix, Sums, first_day

if TYPE_CHECKING:
    from forecasting.options import Options
    from forecasting.panel import Panel
    from forecasting.windows import RowSource

Flags = NDArray[np.bool_]
YEAR_DAYS: Final = 365.25


@dataclass(frozen=True)
class Facts:
    """Nothing in it is dated after the origin of the panel."""

    panel: Panel
    source: RowSource
    options: Options
    recovered: Matrix | None = None  # [n, T] what customers wanted, where it is known already

    @cached_property
    def buckets(self) -> Buckets:
        return Buckets(self.panel.frequency, self.panel.origin)

    @property
    def day(self) -> dt.date:
        return self.panel.origin_date

    @property
    def series(self) -> pd.DataFrame:
        return self.panel.series

    @cached_property
    def first(self) -> int:
        """The first period looked at: the first that falls into a week or month told."""
        wanted = int(to_period(self.buckets.first_day, self.panel.frequency))
        return max(wanted, self.panel.start)

    @cached_property
    def told(self) -> slice:
        """Columns of the panel that are looked at."""
        return slice(self.first - self.panel.start, None)

    @cached_property
    def ends(self) -> NDArray[np.datetime64]:
        """[W] the last day of each period looked at."""
        return period_end(np.arange(self.first, self.panel.origin + 1), self.panel.frequency)

    def sums(self, make: Callable[[slice], Matrix]) -> Sums:
        """By series and bucket, of values [b, W] made for a block of series."""
        return self.buckets.sums(self.first, (len(self.panel), len(self.ends)), make)

    def rows(self, feed: str) -> pd.DataFrame:
        """Rows of a feed dated up to the origin."""
        return frame_of(self.source.rows(feed, until=self.day), feed)

    @cached_property
    def customer_orders(self) -> pd.DataFrame:
        return self.rows("customer_orders")

    @cached_property
    def costs(self) -> pd.DataFrame:
        """With a period_end and a currency in every row."""
        costs = self.rows("costs")
        month_end = costs["period_start"] + pd.offsets.MonthEnd(0)
        end = costs["period_end"].fillna(month_end.astype("datetime64[s]"))
        currency = costs["currency"].where(costs["currency"] != "", self.options.currency)
        return costs.reset_index(drop=True).assign(
            period_end=np.maximum(end, costs["period_start"]), currency=currency.astype(object)
        )

    @cached_property
    def incidents(self) -> pd.DataFrame:
        """Supplier and category by the item where the row does not say."""
        incidents = self.rows("incidents")
        items = self.series.drop_duplicates("sku").set_index("sku")
        usual = incidents["sku"].map(items["supplier"]).fillna("").astype(object)
        return incidents.assign(
            supplier=incidents["supplier"].where(incidents["supplier"] != "", usual),
            category=incidents["sku"].map(items["category"]).fillna("").astype(object),
        )

    @cached_property
    def cost(self) -> Matrix:
        """[n] unit cost; NaN unknown."""
        return self.series["unit_cost"].to_numpy(np.float64)

    @cached_property
    def demand(self) -> Matrix:
        """[n, W] what customers wanted."""
        from forecasting.demand import latent_demand  # readers of KPIs do without

        known = self.recovered
        return (latent_demand(self.panel, self.options) if known is None else known)[:, self.told]

    def units(self, rows: slice) -> Matrix:
        """[b, W] sold to customers or consumed, NaN unknown; what went to other sites of the
        company is not sold."""
        units = np.array(self.panel.units[rows, self.told])
        for row in self._sending[(self._sending >= rows.start) & (self._sending < rows.stop)]:
            units[row - rows.start] -= self._sent[int(np.searchsorted(self._sending, row))]
        return units

    def price(self, rows: slice) -> Matrix:
        """[b, W] as paid, else the item's; NaN unknown."""
        paid = self.panel.price[rows, self.told]
        listed = self.series["unit_price"].to_numpy(np.float64)[rows, None]
        return np.where(np.isnan(paid), listed, paid)

    @cached_property
    def has_price(self) -> Flags:
        """[n]"""
        found = self.series["unit_price"].notna().to_numpy()
        for begin in range(0, len(found), BLOCK):
            rows = slice(begin, min(begin + BLOCK, len(found)))
            found[rows] |= np.isfinite(self.panel.price[rows, self.told]).any(axis=1)
        return found

    def closed_out(self, rows: slice) -> Matrix:
        """[b, W] 1 closed in stockout, 0 in stock, NaN unknown or not offered from a shelf."""
        panel, told = self.panel, self.told
        on_hand, availability = panel.on_hand[rows, told], panel.availability[rows, told]
        by_quantity = is_out(on_hand, np.nan_to_num(panel.blocked[rows, told]))
        by_status = availability <= self.options.stockout_availability
        status = np.where(np.isnan(availability), np.nan, by_status)
        closed = np.where(np.isnan(on_hand), status, by_quantity)
        return np.where(self._offered(rows), closed, np.nan)

    def stock_value(self, rows: slice) -> Matrix:
        """[b, W] on hand × unit cost; NaN unknown."""
        on_hand = np.maximum(self.panel.on_hand[rows, self.told], 0.0)
        return np.asarray(on_hand * self.cost[rows, None])

    @cached_property
    def mean_stock_value(self) -> Sums:
        """Mean of the known closes of a bucket; NaN where none is."""
        total = self.sums(lambda rows: np.nan_to_num(self.stock_value(rows)))
        count = self.sums(lambda rows: np.isfinite(self.stock_value(rows)).astype(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):
            return {grain: total[grain] / count[grain] for grain in total}

    @cached_property
    def sold_cost_a_day(self) -> Sums:
        """Units sold × unit cost ÷ days known; NaN where none is."""
        days = self.panel.frequency.days
        total = self.sums(lambda rows: np.nan_to_num(self.units(rows) * self.cost[rows, None]))
        count = self.sums(lambda rows: np.isfinite(self.units(rows)).astype(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):
            return {grain: total[grain] / (count[grain] * days) for grain in total}

    def _offered(self, rows: slice) -> Flags:
        """[b, W] from a shelf, on sale, and stocked or sold before."""
        series = self.series.iloc[rows]
        first = series["introduced_on"].to_numpy().astype("datetime64[D]")[:, None]
        last = series["discontinued_on"].to_numpy().astype("datetime64[D]")[:, None]
        ends = self.ends[None, :]
        offered = (np.isnat(first) | (ends >= first)) & (np.isnat(last) | (ends <= last))
        offered &= (series["mode"] == "stocked").to_numpy()[:, None]
        declared, within = self._assortment
        for row in np.flatnonzero(declared[rows]):
            offered[row] &= within[int(np.flatnonzero(declared).searchsorted(row + rows.start))]
        on_hand, units = self.panel.on_hand[rows], self.panel.units[rows]
        seen = (on_hand > 0) | (units > 0)
        if not np.isnan(self.panel.availability[rows]).all():
            seen |= self.panel.availability[rows] > self.options.stockout_availability
        begun = np.where(seen.any(axis=1), seen.argmax(axis=1), seen.shape[1])
        return offered & (np.arange(seen.shape[1])[None, self.told] >= begun[:, None])

    @cached_property
    def _assortment(self) -> tuple[Flags, Flags]:
        """[n] whether a series is declared at all, and of those [d, W] when."""
        rows = frame_of(self.source.rows("assortment"), "assortment")
        rows = rows[~(rows["from"] > pd.Timestamp(self.day))]
        index = pd.MultiIndex.from_frame(self.series[["site", "sku"]].astype(object))
        place = index.get_indexer(pd.MultiIndex.from_frame(rows[["site", "sku"]]))
        declared = np.zeros(len(self.panel), dtype=bool)
        declared[place[place >= 0]] = True
        within = np.zeros((int(declared.sum()), len(self.ends)), dtype=bool)
        number = np.cumsum(declared) - 1
        first = rows["from"].to_numpy().astype("datetime64[D]")
        last = rows["to"].to_numpy().astype("datetime64[D]")
        for at, begin, end in zip(place, first, last, strict=True):
            if at >= 0:
                span = np.isnat(begin) | (self.ends >= begin)
                within[number[at]] |= span & (np.isnat(end) | (self.ends <= end))
        return declared, within

    @cached_property
    def _sending(self) -> NDArray[np.intp]:
        """Rows of the series that send units to other sites."""
        return np.flatnonzero(self.series["passed_on"].to_numpy(np.float64) > 0)

    @cached_property
    def _sent(self) -> Matrix:
        """[m, W] units that these sent to other sites."""
        panel = self.panel
        sent = np.zeros((len(self._sending), len(self.ends)))
        if not len(sent):
            return sent
        index = pd.MultiIndex.from_frame(
            self.series[["site", "sku"]].iloc[self._sending].astype(object)
        )
        since = pd.Timestamp(first_day(self.first, panel.frequency))
        for begin in pd.date_range(since.replace(day=1), self.day, freq="MS"):
            end = min((begin + pd.offsets.MonthEnd(0)).date(), self.day)
            rows = self.source.rows("sales", since=max(begin, since).date(), until=end)
            if "kind" not in rows.column_names:
                continue
            moved = rows.filter(pc.equal(rows["kind"].cast(pa.string()), TRANSFER))
            frame = moved.select(["date", "site", "sku", "units"]).to_pandas()
            pairs = pd.MultiIndex.from_frame(frame[["site", "sku"]].astype(object))
            place = index.get_indexer(pairs)
            column = to_period(frame["date"].to_numpy(), panel.frequency) - self.first
            units = frame["units"].to_numpy(np.float64)
            np.add.at(sent, (place[place >= 0], column[place >= 0]), units[place >= 0])
        return sent
