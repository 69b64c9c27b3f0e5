"""How often is the stock sold and bought again in a year?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from models.kpis.contract import Kpi
from models.kpis.counted import Counted, held_against
from models.kpis.facts import YEAR_DAYS


def measure(facts: Counted) -> pd.DataFrame:
    """Cover the other way round: rows as there."""
    found = facts.stock_and_sales
    return held_against(facts, found.sold_a_day, found.stock)


STOCK_TURNOVER: Final = Kpi(
    name="stock_turnover",
    unit="per_year",
    better="higher",
    titles={"fr": "Rotation du stock", "en": "Stock turnover"},
    formulas={
        "fr": "coût des unités vendues au rythme d’une année ÷ valeur moyenne du stock",
        "en": "cost of the units sold, at the pace of a year ÷ mean stock value",
    },
    source="APICS: inventory turnover",
    feeds=("stock", "sales", "items.unit_cost"),
    measure=measure,
    per=YEAR_DAYS,
)
