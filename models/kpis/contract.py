"""What a KPI says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from models.kpis.counted import Counted

Unit = Literal["share", "days", "per_year", "per_thousand", "money", "money_per_unit"]
Better = Literal["higher", "lower", ""]
Measure = Callable[[Counted], pd.DataFrame]


@dataclass(frozen=True)
class Kpi:
    """value = `per` × sum of numerators ÷ sum of denominators; an amount is its numerators' sum.

    `feeds`: what it cannot do without; `items.unit_cost` is a column. `titles`, `formulas`: by
    language. `spread`: cells have bins, of which the 90th percentile is told too.
    """

    name: str
    unit: Unit
    better: Better  # which way is good; blank: neither by itself
    titles: Mapping[str, str]
    formulas: Mapping[str, str]
    source: str  # the standard that defines it
    feeds: tuple[str, ...]
    measure: Measure
    per: float = 1.0
    amount: bool = False
    spread: bool = False
