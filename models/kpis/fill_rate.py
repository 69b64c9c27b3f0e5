"""How much of what customers wanted did they get?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from models.kpis.cells import Matrix, of_series
from models.kpis.contract import Kpi
from models.kpis.counted import Counted


def measure(facts: Counted) -> pd.DataFrame:
    """Units of known periods, returns left aside; demand is what an empty shelf missed and what was
    sold (`forecasting.demand`)."""

    def sold(rows: slice) -> Matrix:
        return np.nan_to_num(np.maximum(facts.panel.units[rows, facts.told], 0.0))

    def wanted(rows: slice) -> Matrix:
        return np.nan_to_num(facts.demand[rows])

    def known(rows: slice) -> Matrix:
        return np.isfinite(facts.demand[rows]).astype(np.float64)

    counts = {
        "numerator": facts.sums(sold),
        "denominator": facts.sums(wanted),
        "rows": facts.sums(known),
    }
    return of_series(facts.series, facts.buckets, counts)


FILL_RATE: Final = Kpi(
    name="fill_rate",
    unit="share",
    better="higher",
    titles={
        "fr": "Taux de service en unités (estimé)",
        "en": "Fill rate by units (estimated)",
    },
    formulas={
        "fr": "unités servies ÷ unités voulues : les ventes, et ce que des rayons vides ont manqué "
        "selon le passé",
        "en": "units served ÷ units wanted: what was sold, and what empty shelves missed by what "
        "the past says",
    },
    source="APICS: unit fill rate (type 2 service, β); demand corrected for stockouts",
    feeds=("sales", "stock"),
    measure=measure,
)
