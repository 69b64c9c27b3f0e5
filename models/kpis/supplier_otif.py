"""Do suppliers bring what was ordered, whole, by the day that they first promised?"""

from __future__ import annotations

from typing import Final

import pandas as pd

from models.kpis.cells import of_lines
from models.kpis.contract import Kpi
from models.kpis.counted import Counted


def measure(facts: Counted) -> pd.DataFrame:
    """A line counts in the period in which it was due; one still open then was late, for good: no
    receipt to come changes the figure (`censored` 0)."""
    lines = facts.supplier_lines
    told = lines.assign(numerator=lines["on_time_in_full"], denominator=lines["rows"], censored=0.0)
    return of_lines(told, facts.buckets)


SUPPLIER_OTIF: Final = Kpi(
    name="supplier_otif",
    unit="share",
    better="higher",
    titles={
        "fr": "Fiabilité fournisseurs : à l’heure et complet",
        "en": "Supplier reliability: on time, in full",
    },
    formulas={
        "fr": "lignes reçues en entier au plus tard le jour promis à la commande ÷ lignes promises "
        "pour la période",
        "en": "lines received whole by the day promised when ordered ÷ lines promised for the "
        "period",
    },
    source="SCOR RL.2.1 and RL.2.2 on the source side; APICS: OTIF",
    feeds=("orders",),
    measure=measure,
)
