"""How often is the stock sold and bought again in a year?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from models.kpis.cells import of_series
from models.kpis.contract import Kpi
from models.kpis.facts import YEAR_DAYS, Facts


def measure(facts: Facts) -> pd.DataFrame:
    """Cover the other way round: rows as there."""
    found = facts.stock_and_sales
    counts = {
        "numerator": found.sold_a_day,
        "denominator": found.stock,
        "rows": found.counted,
        "left_out": found.left_out,
    }
    return of_series(facts.series, facts.buckets, counts, money=True)


STOCK_TURNOVER: Final = Kpi(
    name="stock_turnover",
    unit="per_year",
    better="higher",
    titles={"fr": "Rotation du stock", "en": "Stock turnover"},
    formulas={
        "fr": "coût des unités vendues au rythme d'une année ÷ valeur moyenne du stock",
        "en": "cost of the units sold, at the pace of a year ÷ mean stock value",
    },
    source="APICS: inventory turnover",
    feeds=("stock", "sales", "items.unit_cost"),
    measure=measure,
    per=YEAR_DAYS,
)
