"""How often was a shelf empty that should not have been?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from models.kpis.cells import Matrix, of_series
from models.kpis.contract import Kpi
from models.kpis.counted import Counted


def measure(facts: Counted) -> pd.DataFrame:
    """Closes of series sold from a shelf, from the first time they were in stock or sold on."""

    def out(rows: slice) -> Matrix:
        return np.nan_to_num(facts.closed_out(rows))

    def known(rows: slice) -> Matrix:
        return np.isfinite(facts.closed_out(rows)).astype(np.float64)

    closes = facts.sums(known)
    counts = {"numerator": facts.sums(out), "denominator": closes, "rows": closes}
    return of_series(facts.series, facts.buckets, counts)


STOCKOUT_RATE: Final = Kpi(
    name="stockout_rate",
    unit="share",
    better="lower",
    titles={"fr": "Taux de rupture", "en": "Stockout rate"},
    formulas={
        "fr": "clôtures (article × site × période) sans rien à vendre ÷ clôtures connues des "
        "articles tenus en stock",
        "en": "closes (item × site × period) with nothing left to sell ÷ known closes of items "
        "held in stock",
    },
    source="ECR, Gruen and Corsten (2007): out-of-stock rate; on-shelf availability is 1 − it",
    feeds=("stock",),
    measure=measure,
)
