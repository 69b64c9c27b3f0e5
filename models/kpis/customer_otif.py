"""Were customers served whole, on the day they asked for?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from models.kpis.cells import of_lines
from models.kpis.contract import Kpi
from models.kpis.counted import Counted


def measure(facts: Counted) -> pd.DataFrame:
    """A line counts in the period in which it was due."""
    lines = facts.customer_lines
    return of_lines(
        lines.assign(numerator=lines["on_time_in_full"], denominator=lines["rows"]), facts.buckets
    )


CUSTOMER_OTIF: Final = Kpi(
    name="customer_otif",
    unit="share",
    better="higher",
    titles={
        "fr": "Service client : à l’heure et complet",
        "en": "Customer service: on time, in full",
    },
    formulas={
        "fr": "lignes de commande client expédiées en entier au plus tard le jour demandé ÷ lignes "
        "demandées pour la période",
        "en": "customer order lines shipped whole by the day requested ÷ lines requested for the "
        "period",
    },
    source="SCOR RL.1.1 perfect order fulfilment, its parts RL.2.1 (in full) and RL.2.2 (on time)",
    feeds=("customer_orders",),
    measure=measure,
)
