"""The product on real shelves that are known by availability alone, learned anew each week.

Each of the last four weeks is judged by what was learned before it: by the functions of `train` and
`publish` that say the risk, without the forecasts of demand, which nothing of it depends on where
nobody states a quantity. Rows are all series, and those in stock all day (onset).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.demand import freshretail as fresh
from benchmarks.demand.promises import Promise
from benchmarks.risk.promises import told
from benchmarks.risk.shown import (
    FINAL,
    PERSISTENCE,
    STRUCTURAL,
    Shown,
    least,
    most,
    refused_if_odd,
)
from benchmarks.rows import TableRows
from forecasting.calendar import Frequency, to_period
from forecasting.forecaster import FittedDemand
from forecasting.options import Options
from forecasting.panel import build_panel
from models.lead_time import fit_lead_times
from models.risk.hazard import reach_of
from models.risk.past import learned_from
from models.risk.structure import Structure

FRESH: Final = fresh.FILE
FRESH_DAYS: Final = 28  # judged
WORKERS: Final = os.cpu_count() or 1  # their number changes nothing


def freshretail(folder: Path, tell: Callable[[str], None]) -> bool:
    """True where all promises are kept, by a company that sends its masters and plans too."""
    with refused_if_odd(folder / FRESH):
        shop, masters = fresh.read(folder), fresh.masters(folder)
    hours = fresh.OPEN.stop - fresh.OPEN.start
    availability = 1.0 - shop.hours_empty / hours
    feeds = fresh.tables(shop, shop.sold.sum(axis=2), availability) | masters
    tell("\nsales and availability, items, sites and planned promotions")
    whole = Shelves(shop, availability, feeds).told(tell)
    tell("\nsales and availability alone (nothing is asked of it)")
    Shelves(shop, availability, {name: feeds[name] for name in ("sales", "stock")}).told(tell)
    return told(whole)


@dataclass(frozen=True)
class Shelves:
    """A company that knows its shelves by availability [n, T] alone, and the feeds it sends."""

    shop: fresh.Shop
    availability: NDArray[np.float64]
    feeds: Mapping[str, pa.Table]

    def told(self, tell: Callable[[str], None]) -> list[Promise]:
        """Print what is said of the judged days; what is asked of it."""
        origins = np.arange(len(self.shop.days) - 1 - FRESH_DAYS, len(self.shop.days) - 1)
        rows = self.said(origins, tell)
        out, whole = self.availability <= 0.5, self.availability >= 1.0
        past = slice(None, int(origins[0]) + 1)
        everyone = Shown("next day, all series", rows, float(out[:, past].mean()), (PERSISTENCE,))
        could = whole[:, :-1][:, : origins[0]]
        begun = out[:, 1:][:, : origins[0]] & could
        base = float(begun.sum() / could.sum())
        onset = Shown("next day, in stock all day", rows[rows["all day"]], base, (STRUCTURAL,))
        everyone.show()
        onset.show()
        weeks = [everyone.measured(FINAL, week)["ECE"] for week in range(FRESH_DAYS // 7)]
        tell("  ECE by week: " + ", ".join(f"{one:.4f}" for one in weeks))
        every = everyone.measured(FINAL)
        return [
            least(every["AP"], 0.385, "all series, AP"),
            most(every["ECE"], 0.012, "all series, ECE"),
            most(max(weeks), 0.02, "all series, ECE of the worst week"),
            least(onset.measured(FINAL)["AP"], 0.165, "in stock all day, AP"),
        ]

    def said(self, origins: NDArray[np.int64], tell: Callable[[str], None]) -> pd.DataFrame:
        """A row a series and origin: what came, and what each method said of it."""
        availability, parts = self.availability, []
        source, options = TableRows(self.feeds), Options(horizons=(1,), workers=WORKERS)
        start, nothing = int(to_period(self.shop.first, Frequency.DAY)), cast(FittedDemand, Never())
        for number, day in enumerate(origins):
            panel = build_panel(source, start + int(day), options)
            assert (panel.series[["site", "sku"]] == self.shop.series).all(axis=None)
            if number % 7 == 0:
                begun = time.perf_counter()
                hazard = learned_from(source, panel, nothing, options, tell)
                tell(f"learned up to {self.shop.days[day]}: {time.perf_counter() - begun:.0f} s")
            lead_times = fit_lead_times(panel, options)
            structure = Structure.of(panel, None, lead_times, options, horizon=reach_of(options))
            known = structure.known(panel, lead_times, reach_of(options))
            first = known.first if hazard is None else hazard.first_out(panel, known, options)
            found = {
                "event": availability[:, day + 1] <= options.stockout_availability,
                "when": number // 7,
                "group": np.arange(len(panel)),
                "all day": availability[:, day] >= 1.0,
                PERSISTENCE: 1.0 - availability[:, day],
                STRUCTURAL: known.first[:, 0],
                FINAL: first[:, 0],
            }
            parts.append(pd.DataFrame(found))
        return pd.concat(parts, ignore_index=True)


class Never:
    """The demand that is never asked for where nobody states a quantity."""

    def before(self, _origin: int) -> Never:
        return self
