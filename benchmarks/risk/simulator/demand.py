"""What customers want, by series and day: M5's own units, or made up where M5 is not here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.shared_data import M5_FIRST_DAY, m5_days, m5_events, m5_prices, m5_wide

Whole = NDArray[np.int64]

DAYS: Final = 1_000  # the last ones of M5: two years to learn from, and what is scored
MADE_UP_FIRST_DAY: Final = np.datetime64("2013-08-26")


@dataclass(frozen=True)
class Demand:
    """n series over T days."""

    series: pd.DataFrame  # [n] site, sku, category, unit_price
    dates: NDArray[np.datetime64]  # [T]
    units: Whole  # [n, T] wanted
    events: pd.DataFrame  # the feed

    def __len__(self) -> int:
        return len(self.series)

    @property
    def launched(self) -> Whole:
        """[n] day of the first demand, from 0; before it nobody stocks the item."""
        return np.where(self.units.any(axis=1), (self.units > 0).argmax(axis=1), 0)

    def of(self, rows: Whole) -> Demand:
        series = self.series.iloc[rows].reset_index(drop=True)
        return replace(self, series=series, units=self.units[rows])

    def sample(self, count: int, seed: int) -> Demand:
        """`count` series, or all where there are no more."""
        chosen = np.random.default_rng(seed).permutation(len(self))[:count]
        return self.of(np.sort(chosen))


def m5_demand(folder: Path, days: int = DAYS) -> Demand:
    """The last days of M5. What was sold stands for what was wanted."""
    wide = m5_wide(folder)
    names = m5_days(wide)
    dates = M5_FIRST_DAY + np.arange(len(names))
    price = np.nanmean(m5_prices(folder, wide)[:, -days:], axis=1)
    series = wide[["store_id", "item_id", "cat_id"]].set_axis(["site", "sku", "category"], axis=1)
    return Demand(
        series=series.astype(str).assign(unit_price=price.round(2)).reset_index(drop=True),
        dates=dates[-days:],
        units=wide[names[-days:]].to_numpy(np.int64),
        events=m5_events(folder, wide),
    )


def made_up_demand(count: int, days: int, seed: int = 0) -> Demand:
    """Counts of uneven series with a week's rhythm, a drift and some late launches."""
    luck = np.random.default_rng(seed)
    day = np.arange(days)
    level = luck.lognormal(0.5, 0.9, (count, 1))
    rhythm = 1.0 + 0.4 * np.sin(2 * np.pi * (day / 7 + luck.random((count, 1))))
    drift = np.exp(luck.normal(0.0, 0.4, (count, 1)) * day / days)
    launch = np.where(luck.random(count) < 0.15, luck.integers(0, days // 2, count), 0)
    units = luck.negative_binomial(2.0, 2.0 / (2.0 + level * rhythm * drift))
    number = np.arange(count)
    series = pd.DataFrame(
        {
            "site": [f"S{one % 3}" for one in number],
            "sku": [f"{one // 3:04}" for one in number],
            "category": [f"C{one // 3 % 4}" for one in number],
            "unit_price": luck.lognormal(1.5, 0.6, count).round(2),
        }
    )
    return Demand(
        series=series,
        dates=MADE_UP_FIRST_DAY + day,
        units=np.where(day >= launch[:, None], units, 0).astype(np.int64),
        events=pd.DataFrame({name: [] for name in ("start", "name", "kind", "site")}),
    )
