"""How late are suppliers?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from models.kpis.cells import of_lines
from models.kpis.contract import Kpi
from models.kpis.counted import Counted


def measure(facts: Counted) -> pd.DataFrame:
    """Days from the promise to the receipt that made the line whole, 0 where early; what is still
    open has been late at least up to the origin (`censored`), so that mean and P90 are at least
    what is told."""
    lines = facts.supplier_lines
    told = lines.assign(
        numerator=lines["days_late"],
        denominator=lines["rows"],
        bin=lines["days_late"].astype(np.int64),
    )
    return of_lines(told, facts.buckets)


SUPPLIER_LATENESS: Final = Kpi(
    name="supplier_lateness",
    unit="days",
    better="lower",
    titles={"fr": "Retard des fournisseurs", "en": "Lateness of suppliers"},
    formulas={
        "fr": "jours entre le jour promis à la commande et la réception complète, 0 en avance ; "
        "moyenne par ligne, et ce que neuf lignes sur dix ne dépassent pas",
        "en": "days from the day promised when ordered to the complete receipt, 0 if early; mean "
        "of a line, and what nine lines in ten do not exceed",
    },
    source="APICS: delivery lateness",
    feeds=("orders",),
    measure=measure,
    spread=True,
)
