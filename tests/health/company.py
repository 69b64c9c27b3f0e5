"""Half a year of a small chain: steady shops, daily sales and stock, nothing wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd

from forecasting.calendar import Frequency
from forecasting.panel import Panel
from tests.forecasting.warehouse import LAST, Rows, panel_of

DAYS = 7 * 28
SITES = ("LILLE", "LYON", "NICE")
SKUS = 16

Change = Callable[[pd.DataFrame], pd.DataFrame]


def feeds() -> dict[str, pd.DataFrame]:
    """Sales and stock by date, site and sku; nobody sells on Sundays."""
    rng = np.random.default_rng(11)
    dates = pd.date_range(end=LAST, periods=DAYS)
    rate = rng.uniform(2.0, 12.0, SKUS)
    grid = pd.MultiIndex.from_product(
        [dates, SITES, [f"SKU-{number:02d}" for number in range(SKUS)]],
        names=["date", "site", "sku"],
    ).to_frame(index=False)
    shape = (DAYS, len(SITES), SKUS)
    opened = (dates.dayofweek != 6)[:, None, None]
    units = np.where(opened, rng.poisson(rate, shape), 0)
    level = rng.integers(60, 200, shape[1:]) + 25 - np.arange(DAYS)[:, None, None] % 7 * 4
    sales = grid.assign(units=units.ravel().astype(float))
    stock = grid.assign(on_hand=np.broadcast_to(level, shape).ravel().astype(float))
    return {"sales": sales[sales["units"] > 0], "stock": stock}


def since(days: int) -> pd.Timestamp:
    """The first of the last so many days."""
    return pd.Timestamp(LAST) - pd.Timedelta(days=days - 1)


def panel(
    changes: dict[str, Change] | None = None,
    *,
    as_of: dt.date = LAST,
    frequency: Frequency = Frequency.DAY,
) -> Panel:
    rows = {name: (changes or {}).get(name, lambda same: same)(one) for name, one in FEEDS.items()}
    return panel_of(Rows(**rows), as_of=as_of, frequency=frequency)


FEEDS = feeds()
