"""The data sets as tasks: rows for the product, a matrix for its peers, and the same truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.demand import freshretail as fresh
from benchmarks.rows import TableRows
from benchmarks.shared_data import M5_FIRST_DAY, m5_days, m5_prices, m5_tables, m5_wide
from forecasting.calendar import Frequency, period_end, to_period
from forecasting.feeds import load_profile, read

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """One data set and its windows. `units` [n, T] starts in period `start`; NaN: not known, or
    not yet sold."""

    frequency: Frequency
    rows: TableRows
    series: pd.DataFrame  # n rows: site, sku, group
    units: Matrix
    start: int
    origins: tuple[int, ...]
    horizon: int
    season: int  # of the peers' seasonal models, periods
    memory: int | None = None  # periods that the peers look back; None: all
    price: Matrix | None = None  # [n, T]
    in_stock: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), bool))  # [n, T]
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the product, as a user sets them

    def history(self, origin: int) -> Matrix:
        return self.units[:, : origin - self.start + 1]

    def ahead(self, matrix: NDArray, origin: int) -> NDArray:
        """The window after an origin: [n, horizon] of a matrix shaped like `units`."""
        step = origin - self.start + 1
        return matrix[:, step : step + self.horizon]


def since_first_sale(units: Matrix) -> Matrix:
    """The same matrix, unknown before the first sale of each series."""
    return np.where(np.cumsum(np.nan_to_num(units) > 0, axis=1) > 0, units, np.nan)


def _spread(count: int, wanted: int | None) -> NDArray[np.int64]:
    """Rows of a quick look: `wanted` of `count`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(wanted or count, count)).astype(np.int64))


def m5(folder: Path, origins: int | None, sample: int | None) -> Task:
    """Walmart, daily, 28 days; origins four weeks apart, the first at d_1829."""
    wide = _m5_sample(folder, sample)
    units = wide[m5_days(wide)].to_numpy(np.float64)
    first = int(M5_FIRST_DAY.astype(np.int64))
    last = first + units.shape[1] - 1 - 28
    return Task(
        frequency=Frequency.DAY,
        rows=TableRows(m5_tables(folder, wide)),
        series=_m5_series(wide),
        units=since_first_sale(units),
        start=first,
        origins=tuple(last - 28 * back for back in reversed(range(origins or 4))),
        horizon=28,
        season=7,
        memory=730,
        price=m5_prices(folder, wide),
    )


def m5_weekly(folder: Path, origins: int | None, sample: int | None) -> Task:
    """Walmart in whole ISO weeks, 13 weeks; origins 13 weeks apart, so that no window overlaps."""
    wide = _m5_sample(folder, sample)
    units = wide[m5_days(wide)].to_numpy(np.float64)
    week = to_period(M5_FIRST_DAY + np.arange(units.shape[1]), Frequency.WEEK)
    weeks, begin, length = np.unique(week, return_index=True, return_counts=True)
    whole = length == 7
    summed = np.add.reduceat(units, begin, axis=1)[:, whole]
    last = int(weeks[whole][-1]) - 13
    return Task(
        frequency=Frequency.WEEK,
        rows=TableRows(m5_tables(folder, wide)),
        series=_m5_series(wide),
        units=since_first_sale(summed),
        start=int(weeks[whole][0]),
        origins=tuple(last - 13 * back for back in reversed(range(origins or 3))),
        horizon=13,
        season=52,
    )


def _m5_sample(folder: Path, sample: int | None) -> pd.DataFrame:
    wide = m5_wide(folder).sort_values(["store_id", "item_id"], kind="stable", ignore_index=True)
    return wide.iloc[_spread(len(wide), sample)].reset_index(drop=True)


def _m5_series(wide: pd.DataFrame) -> pd.DataFrame:
    series = wide[["store_id", "item_id"]].set_axis(["site", "sku"], axis=1)
    return series.assign(group=wide["store_id"] + " " + wide["dept_id"])


def carparts(folder: Path, origins: int | None, sample: int | None) -> Task:
    """Spare parts, monthly, 12 months; NaN is a part that was discontinued."""
    parts = pd.read_csv(folder / "carparts_wide.csv").sort_index(axis=1)
    parts = parts.iloc[:, _spread(parts.shape[1], sample)]
    units = parts.to_numpy(np.float64).T
    start = int(to_period("1998-01-01", Frequency.MONTH))
    months = period_end(start + np.arange(units.shape[1]), Frequency.MONTH)
    place, month = np.nonzero(~np.isnan(units))
    sku = pa.DictionaryArray.from_arrays(place.astype(np.int32), pa.array(list(parts.columns)))
    sales = pa.table(
        {
            "date": pa.array(months[month]).cast(pa.date32()),
            "site": pa.array(["PARTS"] * len(place)).dictionary_encode(),
            "sku": sku,
            "units": units[place, month],
        }
    )
    last = start + units.shape[1] - 1 - 12
    return Task(
        frequency=Frequency.MONTH,
        rows=TableRows({"sales": sales}),
        series=pd.DataFrame({"site": "PARTS", "sku": parts.columns, "group": "PARTS"}),
        units=since_first_sale(units),
        start=start,
        origins=tuple(last - 3 * back for back in reversed(range(origins or 1))),
        horizon=12,
        season=12,
    )


def usaid(folder: Path, origins: int | None, sample: int | None) -> Task:
    """Health supply chain, monthly, 3 months ahead, at consecutive origins; units are issues."""
    path = folder / "contraceptive_logistics_2016_2018.csv"
    ledger = pd.read_csv(path, dtype={"site_code": str, "product_code": str})
    codes = ["site_code", "product_code"]
    pairs = ledger[codes].drop_duplicates().sort_values(codes, ignore_index=True)
    pairs = pairs.iloc[_spread(len(pairs), sample)]
    ledger = ledger.merge(pairs, on=codes)
    reading = read(
        ledger.to_csv(index=False).encode(), "ledger", load_profile("stock-ledger"), name="a.csv"
    )
    batches: dict[str, list[pa.Table]] = {}
    for batch in reading.batches:
        batches.setdefault(batch.feed, []).append(batch.rows)
    tables = {
        feed: pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()
        for feed, parts in batches.items()
    }
    month = (ledger["year"] - 1970) * 12 + ledger["month"] - 1
    grid = ledger.assign(period=month).pivot_table(
        index=codes, columns="period", values=["stock_distributed", "stock_end"], aggfunc="first"
    )
    issued = grid["stock_distributed"]
    series = issued.index.to_frame(index=False).set_axis(["site", "sku"], axis=1)
    last = int(issued.columns[-1]) - 3
    return Task(
        frequency=Frequency.MONTH,
        rows=TableRows(tables),
        series=series.assign(group=series["site"]),
        units=since_first_sale(issued.to_numpy(np.float64)),
        start=int(issued.columns[0]),
        origins=tuple(last - back for back in reversed(range(origins or 6))),
        horizon=3,
        season=12,
        in_stock=grid["stock_end"].to_numpy(np.float64) > 0,
    )


def freshretail(folder: Path, origins: int | None, sample: int | None) -> Task:
    """Fresh food with empty shelves, daily, 7 days; origins a week apart.

    Availability is weighted by the typical sales of days in stock before the first origin.
    """
    shop = fresh.read(folder)
    shop = shop.some(_spread(len(shop.series), sample))
    start = int(to_period(shop.first, Frequency.DAY))
    last = start + shop.sold.shape[1] - 1 - 7
    chosen = tuple(last - 7 * back for back in reversed(range(origins or 3)))
    in_stock = shop.hours_empty == 0
    told = in_stock & (start + np.arange(in_stock.shape[1]) <= chosen[0])
    typical = fresh.typical_hours(shop, shop.sold, told)
    empty = np.minimum((shop.empty * typical[:, None, :]).sum(axis=2), 1.0)
    units = shop.sold.sum(axis=2)
    availability = np.where(in_stock, 1.0, 1.0 - empty)
    return Task(
        frequency=Frequency.DAY,
        rows=TableRows(fresh.tables(shop, units, availability)),
        series=shop.series.assign(group=shop.series["site"]),
        units=since_first_sale(units),
        start=start,
        origins=chosen,
        horizon=7,
        season=7,
        in_stock=in_stock,
        settings={"availability_basis": "sales"},
    )


@dataclass(frozen=True)
class Source:
    """A task's loader and the folder of its data."""

    folder: str
    load: Callable[[Path, int | None, int | None], Task]


SOURCES: Final[Mapping[str, Source]] = {
    "m5": Source("m5", m5),
    "m5-weekly": Source("m5", m5_weekly),
    "carparts": Source("carparts", carparts),
    "freshretail": Source("freshretailnet", freshretail),
    "usaid": Source("usaid_ci", usaid),
}
