"""How often does an order line go wrong?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from models.kpis.cells import added, of_lines
from models.kpis.contract import Kpi
from models.kpis.counted import Counted
from models.kpis.lines import PLACES


def measure(facts: Counted) -> pd.DataFrame:
    """Incidents of a side whose lines are not known are left out, and counted so."""
    lines = {"supplier": facts.supplier_lines, "customer": facts.customer_lines}
    parts = []
    for side, some in lines.items():
        incidents = facts.incidents[facts.incidents["side"] == side]
        counted = float(some["rows"].sum() > 0)
        parts += [
            of_lines(some[[*PLACES, "rows"]].assign(denominator=some["rows"]), facts.buckets),
            of_lines(
                incidents.assign(
                    day=incidents["occurred_on"], numerator=counted, left_out=1.0 - counted
                ),
                facts.buckets,
            ),
        ]
    return added(parts)


INCIDENT_RATE: Final = Kpi(
    name="incident_rate",
    unit="per_thousand",
    better="lower",
    titles={"fr": "Incidents pour 1 000 lignes", "en": "Incidents per 1,000 lines"},
    formulas={
        "fr": "incidents clients et fournisseurs × 1 000 ÷ lignes de commande dues dans la période",
        "en": "incidents of customers and suppliers × 1,000 ÷ order lines due in the period",
    },
    source="SCOR RL.2.4 perfect condition, as incidents",
    feeds=("incidents",),
    measure=measure,
    per=1000.0,
)
