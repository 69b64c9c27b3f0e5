"""Synthetic censoring: sales of days in stock hidden by real stockout patterns, then recovered.

A quarter of the days in stock are masked, hour by hour, with the pattern of another day on which
the same series' shelf was empty for some of the selling hours (6 to 21), and the product recovers
them from the panel: the path of training, no day looking at a later one. Hidden days teach nothing:
the usual hours come from the days in stock that are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.demand import freshretail
from benchmarks.demand.freshretail import OPEN, Shop
from benchmarks.demand.promises import Promise
from benchmarks.rows import TableRows
from forecasting.calendar import Frequency, to_period
from forecasting.demand import latent_demand
from forecasting.options import Options
from forecasting.panel import build_panel
from forecasting.scores import bias, wape

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

SHARE_MASKED: Final = 0.25
MOST_HOURS: Final = 12  # empty, of the 16: some 31 % of the profile on average
FIRST_JUDGED: Final = 14  # days: before, there is little history to recover from
LEAST_SEEN: Final = 0.05  # of a day, when it is scaled to the whole
MEMORY: Final = 0.9  # a day, of the plain expected value's level
SEEDS: Final = (1, 2, 3)  # maskings whose mean is judged: one alone moves the third digit

SALES, CURVE, FLAT = (
    "availability by typical sales",
    "share of hours + shop hours",
    "share of hours",
)
LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    SALES: (0.160, 0.010),
    CURVE: (0.170, 0.015),
    FLAT: (0.185, 0.075),
}
"""WAPE and |bias| that the product promises."""


@dataclass(frozen=True)
class Censored:
    """What is left to see; shapes [n, T], of the selling hours alone."""

    shop: Shop
    truth: Matrix
    units: Matrix
    masked: Mask
    hours_empty: Matrix  # share of the selling hours
    sales_empty: Matrix  # share of the series' typical sales
    usual: NDArray[np.float64]  # [24] curve of all

    @property
    def judged(self) -> Mask:
        late = np.arange(self.truth.shape[1]) >= FIRST_JUDGED
        return self.masked & late

    @property
    def hidden(self) -> float:
        """Share of the judged days' profile."""
        return float(self.sales_empty[self.judged].mean())


def censor(
    shop: Shop, *, most_hours: int = MOST_HOURS, own: bool = True, seed: int = SEEDS[0]
) -> Censored:
    """`own`: a pattern comes from the same series where it has any, else from any series."""
    luck = np.random.default_rng(seed)
    sold = np.zeros_like(shop.sold)
    sold[:, :, OPEN] = shop.sold[:, :, OPEN]
    out = np.zeros_like(shop.out)
    out[:, :, OPEN] = shop.out[:, :, OPEN]
    stocked = shop.hours_empty == 0
    masked = stocked & (luck.random(stocked.shape) < SHARE_MASKED)
    told = stocked & ~masked
    usual = freshretail.usual_hours(sold, told)
    truth = sold.sum(axis=2)
    lends = (shop.hours_empty > 0) & (shop.hours_empty <= most_hours)
    row = np.nonzero(masked)[0]
    patterns, count = out[lends], lends.sum(axis=1)
    first = np.cumsum(count) - count
    of_own = first[row] + (luck.random(len(row)) * count[row]).astype(np.int64)
    of_any = luck.integers(len(patterns), size=len(row))
    out[masked] = patterns[np.where((count[row] > 0) & own, of_own, of_any)]
    sold[masked] *= ~out[masked]
    typical = freshretail.typical_hours(shop, sold, told)
    return Censored(
        shop=shop,
        truth=truth,
        units=sold.sum(axis=2),
        masked=masked,
        hours_empty=out[:, :, OPEN].mean(axis=2),
        sales_empty=np.minimum((out * typical[:, None, :]).sum(axis=2), 1.0),
        usual=usual,
    )


def recovered(case: Censored, empty: Matrix, **settings: Any) -> Matrix:
    """[n, T] by the product, from a panel of sales and availability."""
    options = Options(frequency=Frequency.DAY, country="", **settings)
    feeds = freshretail.tables(case.shop, case.units, 1.0 - empty)
    origin = int(to_period(case.shop.days[-1], Frequency.DAY))
    panel = build_panel(TableRows(feeds), origin, options)
    assert panel.series["site"].tolist() == case.shop.series["site"].tolist()
    assert panel.series["sku"].tolist() == case.shop.series["sku"].tolist()
    demand = np.full(case.units.shape, np.nan)
    demand[:, -panel.units.shape[1] :] = latent_demand(panel, options)
    return np.where(np.isnan(demand), case.units, demand)


def scaled(case: Censored) -> Matrix:
    """What was seen over the share of the profile that was open."""
    seen = np.maximum(1.0 - case.sales_empty, LEAST_SEEN)
    return np.where(case.sales_empty < 1.0, case.units / seen, case.units)


def plain_expected(case: Censored) -> Matrix:
    """What was seen, and the share that was not × the trailing mean of days in stock."""
    found, level = case.units.copy(), np.full(len(case.units), np.nan)
    for day in range(found.shape[1]):
        sold, empty = case.units[:, day], case.sales_empty[:, day]
        found[:, day] += empty * np.nan_to_num(level)
        level = np.where((empty == 0) & np.isnan(level), sold, level)
        level = np.where(empty == 0, MEMORY * level + (1.0 - MEMORY) * sold, level)
    return found


METHODS: Final[Mapping[str, Callable[[Censored], Matrix]]] = {
    "raw sales": lambda case: case.units,
    "hourly-profile scaling": scaled,
    "plain expected value": plain_expected,
    SALES: lambda case: recovered(case, case.sales_empty, availability_basis="sales"),
    CURVE: lambda case: recovered(case, case.hours_empty, shop_hours=tuple(case.usual)),
    FLAT: lambda case: recovered(case, case.hours_empty),
}


def compare(case: Censored) -> pd.DataFrame:
    """WAPE and bias of each method on the judged days."""
    truth = case.truth[case.judged]
    rows = {}
    for method, run in METHODS.items():
        found = run(case)[case.judged]
        rows[method] = {"WAPE": wape(truth, found), "bias": bias(truth, found)}
    return pd.DataFrame(rows).T


def promises(table: pd.DataFrame) -> list[Promise]:
    found = []
    for method, (most, skew) in LIMITS.items():
        error, lean = table.loc[method, "WAPE"], table.loc[method, "bias"]
        kept = error <= most and abs(lean) <= skew
        asked = f"recovery by {method}: WAPE at most {most:.3f}, bias within {skew:.1%}"
        found.append(Promise(bool(kept), f"{asked}: {error:.3f}, {lean:+.1%}"))
    return found


def run(folder: Path, sample: int | None) -> list[Promise]:
    """Print three tables; the promises are of the first."""
    shop = freshretail.read(folder)
    if sample:
        count = len(shop.series)
        shop = shop.some(np.unique(np.linspace(0, count - 1, sample).astype(np.int64)))
    found: list[Promise] = []
    cases: dict[str, dict[str, Any]] = {
        "own patterns, part of the day": {},
        "patterns of any series, part of the day": {"own": False},
        "patterns of any series, whole days too": {"own": False, "most_hours": 16},
    }
    for name, way in cases.items():
        tables = []
        for seed in SEEDS:
            case = censor(shop, seed=seed, **way)
            tables.append(compare(case))
        table = sum(tables[1:], tables[0]) / len(tables)
        print(
            f"\nhidden demand, {name}: {case.judged.sum()} days in stock masked, "
            f"{case.hidden:.1%} of their profile hidden; mean of {len(SEEDS)} maskings"
        )
        print(table.to_string(float_format="{:.3f}".format), flush=True)
        found = found or promises(table)
    print("Share of hours alone: the product assumes flat hours, and doctor says so.")
    return found
