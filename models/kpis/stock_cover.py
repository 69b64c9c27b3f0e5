"""How long would the stock last at the pace at which it sells?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from models.kpis.contract import Kpi
from models.kpis.counted import Counted, held_against


def measure(facts: Counted) -> pd.DataFrame:
    """Rows are series whose stock, sales and unit cost are known in the period."""
    found = facts.stock_and_sales
    return held_against(facts, found.stock, found.sold_a_day)


STOCK_COVER: Final = Kpi(
    name="stock_cover",
    unit="days",
    better="lower",
    titles={"fr": "Couverture de stock", "en": "Stock cover"},
    formulas={
        "fr": "valeur moyenne du stock ÷ coût des unités vendues par jour",
        "en": "mean stock value ÷ cost of the units sold a day",
    },
    source="SCOR AM.2.2 inventory days of supply",
    feeds=("stock", "sales", "items.unit_cost"),
    measure=measure,
)
