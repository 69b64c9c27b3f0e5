"""Demand by series and period, and its sums over weeks and months."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, end_date, origin_of, period_start, to_period
from forecasting.demand import latent_demand
from forecasting.drivers import Drivers, drivers_of
from forecasting.options import Options
from forecasting.panel import Panel

Matrix = NDArray[np.float64]

LEAST_KNOWN_SHARE: Final = 0.5  # of a period's days; fewer say nothing of the whole


@dataclass(frozen=True)
class History:
    """`demand` [n, T] starts in period `start` and ends at its last complete period."""

    frequency: Frequency
    start: int
    demand: Matrix
    series: pd.DataFrame
    price: Matrix | None = None  # [n, T] NaN unknown
    drivers: Drivers | None = None  # plans for these periods and a horizon more

    @property
    def origin(self) -> int:
        return self.start + self.demand.shape[1] - 1

    @property
    def sites(self) -> NDArray[np.object_]:
        """[n] site of each series."""
        return self.series["site"].to_numpy(dtype=object)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """[n, 4] number of the group of each series: by site × category, sku, site, category."""
        names = [
            self.series["site"] + "\x1f" + self.series["category"],
            self.series["sku"],
            self.series["site"],
            self.series["category"],
        ]
        codes: list[NDArray[np.int64]] = []
        for column in names:
            used = int(codes[-1].max(initial=-1)) + 1 if codes else 0
            codes.append(pd.factorize(column, sort=True)[0].astype(np.int64) + used)
        return np.stack(codes, axis=1)


def history_of(panel: Panel, options: Options, demand: Matrix | None = None) -> History:
    """`demand` [n, T]: what `latent_demand` says of the panel, where it is at hand."""
    price = panel.price if np.isfinite(panel.price).any() else None
    if demand is None:
        demand = latent_demand(panel, options)
    return History(panel.frequency, panel.start, demand, panel.series, price)


def with_drivers(
    history: History,
    panel: Panel,
    horizon: int,
    *,
    country: str = "",
    names: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
) -> History:
    """The history beside the plans of its own periods and of a horizon more.

    `names`: the events that a training knew, rarer and frequent; None: those found.
    """
    drivers = drivers_of(
        panel,
        history.frequency,
        history.start,
        history.demand.shape[1],
        horizon,
        country=country,
        names=names,
    )
    return replace(history, drivers=drivers)


def coarsen(history: History, frequency: Frequency) -> History | None:
    """Sums over the whole weeks or months of a daily history; None where it holds none.

    A period with some unknown days is the sum of the known ones; with less than half known it is
    unknown itself.
    """
    days = np.arange(history.start, history.origin + 1)
    first = to_period(period_start(history.start, history.frequency), frequency)
    if period_start(first, frequency) < period_start(history.start, history.frequency):
        first = first + 1
    last = origin_of(end_date(history.origin, history.frequency), frequency)
    count = int(last - first + 1)
    if count < 1:
        return None
    place = to_period(period_start(days, history.frequency), frequency) - first
    inside = (place >= 0) & (place < count)
    starts = np.flatnonzero(np.r_[True, np.diff(place[inside]) > 0])
    daily = history.demand[:, inside]
    known = np.add.reduceat((~np.isnan(daily)).astype(float), starts, axis=1)
    length = np.diff(np.r_[starts, daily.shape[1]])
    total = np.add.reduceat(np.nan_to_num(daily), starts, axis=1)
    demand = np.where(known >= LEAST_KNOWN_SHARE * length, total, np.nan)
    price = None
    if history.price is not None:
        paid = history.price[:, inside]
        priced = np.add.reduceat((~np.isnan(paid)).astype(float), starts, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            price = np.add.reduceat(np.nan_to_num(paid), starts, axis=1) / priced
    return History(frequency, int(first), demand, history.series, price)
