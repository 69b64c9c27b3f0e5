"""FreshRetailNet as arrays, and as the feeds that a shop with hourly stock status would send."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

FILE: Final = "train_5000_series.parquet"
OPEN: Final = slice(6, 22)  # the hours whose status the data set counts as selling time
PRIOR_UNITS: Final = 50.0  # of the usual curve of all, in a store's or product's own
OWN_PRIOR: Final = 20.0  # units of theirs, in a series' own
LEAST_DEPTH: Final = 0.02  # a smaller discount is none


@dataclass(frozen=True)
class Shop:
    """n series ordered by site and sku, T days from `first`; units are scaled, not whole."""

    series: pd.DataFrame  # n rows: site, sku
    first: np.datetime64
    sold: Matrix  # [n, T, 24] units by hour
    out: Mask  # [n, T, 24] the shelf is told to be empty in that hour
    price: Matrix  # [n, T] share of the full price
    holiday: Mask  # [T]

    @property
    def days(self) -> NDArray[np.datetime64]:
        return self.first + np.arange(self.sold.shape[1])

    @property
    def hours_empty(self) -> NDArray[np.int64]:
        """[n, T] of the selling hours."""
        return self.out[:, :, OPEN].sum(axis=2)

    @property
    def empty(self) -> Mask:
        """[n, T, 24] told to be, and nothing sold: 2.7 % of units are sold in hours told empty."""
        return self.out & (self.sold <= 0)

    def some(self, rows: NDArray[np.int64]) -> Shop:
        return Shop(
            self.series.iloc[rows].reset_index(drop=True),
            self.first,
            self.sold[rows],
            self.out[rows],
            self.price[rows],
            self.holiday,
        )


def read(folder: Path) -> Shop:
    frame = pd.read_parquet(folder / FILE)
    frame["site"], frame["sku"] = frame["store_id"].astype(str), frame["product_id"].astype(str)
    frame = frame.sort_values(["site", "sku", "dt"], kind="stable", ignore_index=True)
    dates = np.unique(frame["dt"].to_numpy().astype("datetime64[D]"))
    shape = (len(frame) // len(dates), len(dates))
    assert (np.diff(dates).astype(int) == 1).all()
    assert (frame["dt"].to_numpy().reshape(shape) == frame["dt"].to_numpy()[: shape[1]]).all()
    bits = frame["hours_stock_status_bits"].to_numpy().reshape(shape)
    return Shop(
        series=frame.loc[:: shape[1], ["site", "sku"]].reset_index(drop=True),
        first=dates[0],
        sold=np.stack(frame["hours_sale"].to_numpy()).astype(np.float64).reshape(*shape, 24),
        out=((bits[:, :, None] >> np.arange(24)) & 1).astype(bool),
        price=frame["discount"].to_numpy(np.float64).reshape(shape),
        holiday=frame["holiday_flag"].to_numpy().reshape(shape).mean(axis=0) > 0.5,
    )


def masters(folder: Path) -> dict[str, pa.Table]:
    """Feeds items (the finest category) and sites (the city as region)."""
    columns = ["store_id", "product_id", "city_id", "third_category_id"]
    frame = pd.read_parquet(folder / FILE, columns=columns).astype(str)
    frame.columns = pd.Index(["site", "sku", "region", "category"])
    return {
        feed: pa.Table.from_pandas(frame[[code, told]].drop_duplicates(code), preserve_index=False)
        for feed, code, told in (("items", "sku", "category"), ("sites", "site", "region"))
    }


def usual_hours(sold: Matrix, told: Mask) -> NDArray[np.float64]:
    """[24] usual share of a day's sales of each hour, over the days that are told."""
    total = sold[told].sum(axis=0)
    return total / total.sum()


def typical_hours(shop: Shop, sold: Matrix, told: Mask) -> Matrix:
    """[n, 24] the same of each series: its own, shrunk to its store's × its product's ÷ all's."""
    own = np.where(told[:, :, None], sold, 0.0).sum(axis=1)
    usual = own.sum(axis=0) / own.sum()

    def curve(column: str) -> Matrix:
        code, names = pd.factorize(shop.series[column])
        total = np.zeros((len(names), 24))
        np.add.at(total, code, own)
        shrunk = (total + PRIOR_UNITS * usual) / (total.sum(axis=1, keepdims=True) + PRIOR_UNITS)
        return shrunk[code]

    with np.errstate(invalid="ignore"):
        both = np.nan_to_num(curve("site") * curve("sku") / usual)
    both /= both.sum(axis=1, keepdims=True)
    return (own + OWN_PRIOR * both) / (own.sum(axis=1, keepdims=True) + OWN_PRIOR)


def tables(shop: Shop, units: Matrix, availability: Matrix) -> dict[str, pa.Table]:
    """Feeds sales, stock and events (holidays; discounts by site and sku, as promotions)."""
    count, periods = units.shape
    keys = {
        "date": pa.array(np.tile(shop.days, count)).cast(pa.date32()),
        **{name: _repeated(shop.series[name], periods) for name in ("site", "sku")},
    }
    return {
        "sales": pa.table({**keys, "units": units.ravel(), "price": shop.price.ravel()}),
        "stock": pa.table({**keys, "availability": availability.ravel()}),
        "events": pa.Table.from_pandas(_events(shop), preserve_index=False),
    }


def _repeated(names: pd.Series, periods: int) -> pa.Array:
    code, known = pd.factorize(names)
    return pa.DictionaryArray.from_arrays(
        np.repeat(code.astype(np.int32), periods), pa.array(known.tolist())
    )


def _events(shop: Shop) -> pd.DataFrame:
    """Neighbouring days of one discount are one promotion; all are known in advance."""
    depth = np.round(1.0 - shop.price, 2)
    cut = np.where(depth >= LEAST_DEPTH, depth, 0.0)
    edge = np.diff(cut, axis=1, prepend=0.0, append=0.0) != 0
    row, begin = np.nonzero(edge[:, :-1] & (cut > 0))
    ends = np.where(edge[:, 1:], np.arange(cut.shape[1]), cut.shape[1])
    end = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1][row, begin]
    promotions = pd.DataFrame(
        {
            "start": shop.days[begin],
            "end": shop.days[end],
            "kind": "promotion",
            "name": "discount",
            "site": shop.series["site"].to_numpy()[row],
            "sku": shop.series["sku"].to_numpy()[row],
            "value": cut[row, begin],
        }
    )
    days = shop.days[shop.holiday]
    holidays = pd.DataFrame(
        {"start": days, "end": days, "kind": "holiday", "name": "holiday", "site": "", "sku": ""}
    )
    found = pd.concat([promotions, holidays], ignore_index=True)
    for column in ("start", "end"):
        found[column] = found[column].dt.date
    return found
