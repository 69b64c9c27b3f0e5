"""How much money lies on the shelves?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from models.kpis.cells import of_series
from models.kpis.contract import Kpi
from models.kpis.counted import Counted


def measure(facts: Counted) -> pd.DataFrame:
    """Mean of the known closes of the period, added over series; those without a unit cost are left
    out, and counted so."""
    value = facts.mean_stock_value
    known = facts.sums(
        lambda rows: np.isfinite(facts.panel.on_hand[rows, facts.told]).astype(np.float64)
    )
    costed = np.isfinite(facts.cost)[:, None]
    counts = {
        "numerator": {grain: np.nan_to_num(one) for grain, one in value.items()},
        "rows": {grain: ((one > 0) & costed).astype(np.float64) for grain, one in known.items()},
        "left_out": {grain: ((one > 0) & ~costed).astype(float) for grain, one in known.items()},
    }
    return of_series(facts.series, facts.buckets, counts, money=True)


STOCK_VALUE: Final = Kpi(
    name="stock_value",
    unit="money",
    better="",
    titles={"fr": "Valeur du stock", "en": "Stock value"},
    formulas={
        "fr": "stock physique × coût unitaire, moyenne des clôtures connues de la période",
        "en": "stock on hand × unit cost, mean of the known closes of the period",
    },
    source="SCOR AM.2 inventory value, at purchase cost",
    feeds=("stock", "items.unit_cost"),
    measure=measure,
    amount=True,
)
