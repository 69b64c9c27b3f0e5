"""What does logistics cost, and on what?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from models.kpis.contract import Kpi
from models.kpis.counted import Counted


def measure(facts: Counted) -> pd.DataFrame:
    return facts.spending


LOGISTICS_COST: Final = Kpi(
    name="logistics_cost",
    unit="money",
    better="lower",
    titles={"fr": "Coût logistique", "en": "Logistics cost"},
    formulas={
        "fr": "montants du flux costs, répartis également sur leurs jours, par nature et devise",
        "en": "amounts of the feed costs, spread evenly over their days, by kind and currency",
    },
    source="SCOR CO.1.1 total supply chain management cost, the parts that are fed",
    feeds=("costs",),
    measure=measure,
    amount=True,
)
