"""The same, each series as heavy as what it usually sells for."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from models.kpis.cells import BLOCK, Matrix, of_series
from models.kpis.contract import Kpi
from models.kpis.counted import Counted
from models.kpis.facts import YEAR_DAYS


def measure(facts: Counted) -> pd.DataFrame:
    """The weight of a close: mean units a period in the last year × unit price, whatever the
    period; series without a price are left out, and counted so."""
    weight, priced = _weight(facts)

    def out(rows: slice) -> Matrix:
        return np.asarray(np.nan_to_num(facts.closed_out(rows)) * weight[rows, None])

    def known(rows: slice) -> Matrix:
        return np.isfinite(facts.closed_out(rows)).astype(np.float64)

    closes = facts.sums(known)
    counts = {
        "numerator": facts.sums(out),
        "denominator": {grain: one * weight[:, None] for grain, one in closes.items()},
        "rows": {grain: one * priced[:, None] for grain, one in closes.items()},
        "left_out": {grain: one * (1.0 - priced[:, None]) for grain, one in closes.items()},
    }
    return of_series(facts.series, facts.buckets, counts, money=True)


def _weight(facts: Counted) -> tuple[Matrix, Matrix]:
    """[n] money a period, 0 where no price is known; and 1 where one is."""
    year = round(YEAR_DAYS / facts.panel.frequency.days)
    price = facts.series["unit_price"].to_numpy(np.float64)
    mean = np.zeros(len(price))
    for begin in range(0, len(price), BLOCK):
        units = facts.panel.units[begin : begin + BLOCK, -year:]
        known = np.isfinite(units)
        mean[begin : begin + BLOCK] = np.where(known, np.maximum(units, 0.0), 0.0).sum(
            axis=1
        ) / np.maximum(known.sum(axis=1), 1)
    priced = np.isfinite(price)
    return np.where(priced, mean * np.nan_to_num(price), 0.0), priced.astype(np.float64)


STOCKOUT_RATE_BY_VALUE: Final = Kpi(
    name="stockout_rate_by_value",
    unit="share",
    better="lower",
    titles={
        "fr": "Taux de rupture pondéré par la valeur",
        "en": "Stockout rate, weighted by value",
    },
    formulas={
        "fr": "le même, chaque article × site pesant ses ventes moyennes d’un an au prix de vente",
        "en": "the same, each item × site weighing its mean sales of a year at the selling price",
    },
    source="ECR: value-weighted on-shelf availability",
    feeds=("stock", "sales", "items.unit_price"),
    measure=measure,
)
