"""What share of the revenue does logistics take?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from models.kpis.contract import Kpi
from models.kpis.counted import Counted, spent_on
from models.kpis.spending import revenue


def measure(facts: Counted) -> pd.DataFrame:
    """Revenue in the currency of the cost."""
    return spent_on(facts, revenue(facts))


COST_SHARE: Final = Kpi(
    name="cost_share",
    unit="share",
    better="lower",
    titles={"fr": "Coût logistique, en part des ventes", "en": "Logistics cost, share of revenue"},
    formulas={
        "fr": "coût logistique ÷ ventes aux clients au prix payé, à défaut au prix de l’article",
        "en": "logistics cost ÷ sales to customers at the price paid, else the item's",
    },
    source="SCOR CO.1.1 as a share of revenue",
    feeds=("costs", "sales", "sales.price"),
    measure=measure,
)
