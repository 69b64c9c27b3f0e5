"""What does logistics cost a unit sold?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from models.kpis.contract import Kpi
from models.kpis.counted import Counted, spent_on
from models.kpis.spending import units_sold


def measure(facts: Counted) -> pd.DataFrame:
    """Units of items of the cost's currency."""
    return spent_on(facts, units_sold(facts))


COST_PER_UNIT: Final = Kpi(
    name="cost_per_unit",
    unit="money_per_unit",
    better="lower",
    titles={"fr": "Coût logistique par unité vendue", "en": "Logistics cost per unit sold"},
    formulas={
        "fr": "coût logistique ÷ unités vendues aux clients",
        "en": "logistics cost ÷ units sold to customers",
    },
    source="APICS: logistics cost per unit",
    feeds=("costs", "sales"),
    measure=measure,
)
