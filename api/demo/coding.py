"""From the simulation's numbers (day, site s, item k) to the dates and codes of the exports."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.demo.company import ALWAYS, NEVER, Company, Whole

Objects = NDArray[np.object_]


@dataclass(frozen=True)
class Coding:
    company: Company

    @cached_property
    def sites(self) -> Objects:
        return np.array([site.code for site in self.company.sites], object)

    @cached_property
    def skus(self) -> Objects:
        return self.company.items["sku"].to_numpy(object)

    def named(self, s: Any, k: Any) -> dict[str, Any]:
        """The columns `site` and `sku` of rows whose site and item numbers are given."""
        return {
            "site": pd.Categorical.from_codes(s, pd.Index(self.sites)),
            "sku": pd.Categorical.from_codes(k, pd.Index(self.skus)),
        }

    def every_series(self) -> dict[str, Any]:
        """The columns `site` and `sku`, one row a series, in the order of an [S, K] array."""
        sites, items = self.company.first.shape
        return self.named(np.repeat(np.arange(sites), items), np.tile(np.arange(items), sites))

    def date(self, day: int) -> pd.Timestamp:
        return pd.Timestamp(self.company.dates[0]) + dt.timedelta(days=int(day))

    def dates(self, days: Whole) -> pd.DatetimeIndex:
        """Dates of day numbers; ALWAYS and NEVER are blank."""
        blank = (days <= ALWAYS) | (days >= NEVER)
        dates = self.company.dates[0] + np.where(blank, 0, days)
        return pd.DatetimeIndex(np.where(blank, np.datetime64("NaT", "D"), dates)).as_unit("ns")
