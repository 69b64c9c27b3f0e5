"""What a KPI says of itself, and the cells that it is counted in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd

if TYPE_CHECKING:
    from models.kpis.facts import Facts

Unit = Literal["share", "days", "per_year", "per_thousand", "money", "money_per_unit"]
Better = Literal["higher", "lower", ""]
Measure = Callable[["Facts"], pd.DataFrame]

KEYS: Final = ("grain", "period", "site", "cut", "code", "currency", "bin")
COUNTS: Final = ("numerator", "denominator", "rows", "left_out", "censored")
CELLS: Final = (*KEYS, *COUNTS)
"""A cell: period number of a grain, site, and the code of one more dimension (`cut`: supplier,
category, kind). The cells of each cut add up to the same. `bin`: days late, of a KPI with a spread.
`rows`: what was counted; `left_out`: what could not be; `censored`: counted, and still going on, so
that the value is at least what is told."""


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
