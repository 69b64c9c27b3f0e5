"""A company of any size out of a few hundred real series: copies that are alike, not equal.

A copy sells the same item at the same site, thinned or thickened by a factor of its own, with
neighbouring weeks changed places; so weekdays, seasons, launches and the share of zeros stay what
they are in real data, and no two copies sell the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.shared_data import M5_FIRST_DAY, m5_days, m5_wide
from forecasting.calendar import Frequency, to_period

Units = NDArray[np.int32]

WEEKS_SHUFFLED: Final = 4  # neighbours among which weeks change places: a month's season stays
LEAST_FACTOR, MOST_FACTOR = 0.5, 2.0  # of a copy's sales, drawn evenly on the logarithm
ROWS_A_GROUP: Final = 1_000_000  # of the Parquet file, about
GENERATED: Final = 844  # series of a panel without real data, as many as M5's sample


@dataclass(frozen=True)
class Company:
    """`units` [n, T] of daily sales from `first_day` on; `series`: site, sku, category."""

    units: Units
    series: pd.DataFrame
    first_day: np.datetime64 = M5_FIRST_DAY

    @property
    def dates(self) -> NDArray[np.datetime64]:
        return self.first_day + np.arange(self.units.shape[1])

    def until(self, days: int) -> Company:
        """The same without its last `days` days."""
        return Company(self.units[:, : self.units.shape[1] - days], self.series, self.first_day)


def real(folder: Path) -> Company:
    """The 844 series of M5 that the repository is given."""
    wide = m5_wide(folder)
    series = wide[["store_id", "item_id", "cat_id"]].set_axis(["site", "sku", "category"], axis=1)
    return Company(wide[m5_days(wide)].to_numpy(np.int32), series)


def generated(days: int, *, seed: int) -> Company:
    """Without real data: ten sites, lumpy to smooth demand with a weekday pattern and launches."""
    chance = np.random.default_rng(seed)
    level = chance.lognormal(-0.3, 1.2, GENERATED)
    week = chance.dirichlet(np.full(7, 20.0), GENERATED) * 7
    mean = level[:, None] * week[:, np.arange(days) % 7]
    units = chance.negative_binomial(1.0, 1.0 / (1.0 + mean)).astype(np.int32)
    launched = chance.integers(0, max(days // 2, 1), GENERATED)
    units[np.arange(days) < np.where(chance.random(GENERATED) < 0.5, launched, 0)[:, None]] = 0
    names = np.arange(GENERATED)
    series = pd.DataFrame(
        {
            "site": [f"SITE-{n % 10}" for n in names],
            "sku": [f"ITEM-{n // 10:03d}" for n in names],
            "category": [f"CATEGORY-{n // 10 % 3}" for n in names],
        }
    )
    return Company(units, series)


def resampled(source: Company, series: int, days: int, *, seed: int) -> Company:
    """The last `days` days of `series` series: the source's own first, then its copies."""
    units = source.units[:, -days:]
    first_day = source.dates[-days:][0]
    count = len(units)
    week = week_of(first_day, units.shape[1])
    made = np.empty((series, units.shape[1]), dtype=np.int32)
    parts = []
    for number, begin in enumerate(range(0, series, count)):
        size = min(count, series - begin)
        chance = np.random.default_rng([seed, number])
        copy = units[:size]
        codes = source.series.iloc[:size]
        if number:
            copy = scaled(copy[:, shuffled_weeks(week, chance)], chance)
            codes = codes.assign(sku=codes["sku"] + f"-{number:02d}")
        made[begin : begin + size] = copy
        parts.append(codes)
    return Company(made, pd.concat(parts, ignore_index=True), first_day)


def week_of(first_day: np.datetime64, days: int) -> NDArray[np.int64]:
    """[T] the ISO week of each day, from 0; a week that is cut off at either end is -1."""
    week = to_period(first_day + np.arange(days), Frequency.WEEK)
    found, place, length = np.unique(week, return_inverse=True, return_counts=True)
    whole = length == 7
    number = np.where(whole, np.cumsum(whole) - 1, -1)
    assert len(found) == len(number)
    return number[place]


def shuffled_weeks(week: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    """[T] the day that each day is taken from: whole weeks change places with near neighbours."""
    days = np.arange(len(week))
    whole = days[week >= 0].reshape(-1, 7)
    order = np.arange(len(whole))
    for begin in range(0, len(order), WEEKS_SHUFFLED):
        chance.shuffle(order[begin : begin + WEEKS_SHUFFLED])
    days[week >= 0] = whole[order].ravel()
    return days


def scaled(units: Units, chance: np.random.Generator) -> Units:
    """Units times a factor a series, rounded up or down by chance: whole, and no sale from none."""
    factor = np.exp(chance.uniform(np.log(LEAST_FACTOR), np.log(MOST_FACTOR), (len(units), 1)))
    return np.floor(units * factor + chance.random(units.shape)).astype(np.int32)


def write_sales(company: Company, path: Path) -> int:
    """A row a series and day, zeros too, day by day as an ERP exports; gives the rows written."""
    count, length = company.units.shape
    site, sku = (_codes(company.series[name]) for name in ("site", "sku"))
    schema = pa.schema(
        [("date", pa.date32()), ("site", pa.string()), ("sku", pa.string()), ("units", pa.int32())]
    )
    step = max(ROWS_A_GROUP // count, 1)
    with pq.ParquetWriter(path, schema) as writer:
        for begin in range(0, length, step):
            dates = company.dates[begin : begin + step]
            table = pa.table(
                {
                    "date": pa.array(np.repeat(dates, count)).cast(pa.date32()),
                    "site": _said_again(site, len(dates)),
                    "sku": _said_again(sku, len(dates)),
                    "units": pa.array(company.units[:, begin : begin + step].T.ravel()),
                }
            )
            writer.write_table(table.cast(schema))
    return count * length


def write_masters(company: Company, folder: Path) -> dict[str, Path]:
    """`items`, and one picture of the stock on the last day: about three weeks of recent sales."""
    folder.mkdir(parents=True, exist_ok=True)
    items = company.series[["sku", "category"]].drop_duplicates("sku")
    items = items.assign(unit_cost=6.0, unit_price=10.0, lead_time_days=5)
    recent = company.units[:, -28:].mean(axis=1)
    cover = 7.0 + 28.0 * ((np.arange(len(recent)) * 7919) % 101) / 101
    stock = company.series[["site", "sku"]].assign(
        date=str(company.dates[-1]), on_hand=np.round(recent * cover)
    )
    files = {"items": folder / "items.csv", "stock": folder / "stock.csv"}
    items.to_csv(files["items"], index=False)
    stock.to_csv(files["stock"], index=False)
    return files


def _codes(values: pd.Series) -> pa.DictionaryArray:
    return pa.array(values, pa.string()).dictionary_encode()


def _said_again(codes: pa.DictionaryArray, times: int) -> pa.DictionaryArray:
    index = np.tile(codes.indices.to_numpy(), times)
    return pa.DictionaryArray.from_arrays(pa.array(index), codes.dictionary)
