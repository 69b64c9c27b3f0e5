"""Who could help: the same item at other sites, and other items at the same site, with units to
spare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.lead_time import Floats, Rows
from models.risk.way_out.whatif import WhatIf

if TYPE_CHECKING:
    from models.risk.shortage import Shortage


@dataclass(frozen=True)
class Others:
    """Rows by item, and by site and item."""

    spare: Floats  # [n]
    source: Rows  # [n] row of the series that each draws from; −1: none
    by_sku: dict[str, list[int]]
    skus: list[str]
    sites: list[str]
    successor: dict[str, list[str]]  # items that replace an item, or that it replaced
    row_of: dict[tuple[str, str], int]

    @classmethod
    def of(cls, base: WhatIf, shortage: Shortage) -> Others:
        series = base.panel.series
        skus, sites = list(series["sku"]), list(series["site"])
        by_sku: dict[str, list[int]] = {}
        for row, sku in enumerate(skus):
            by_sku.setdefault(sku, []).append(row)
        return cls(
            spare=shortage.spare,
            source=base.structure.supply.sources.of_series,
            by_sku=by_sku,
            skus=skus,
            sites=sites,
            successor=base.declared,
            row_of=base.row_of,
        )

    def givers(self, row: int) -> list[tuple[int, float]]:
        """Other sites with units to spare, the most first; not the one that ships here anyway, nor
        those that draw from here."""
        found = [
            (other, float(self.spare[other]))
            for other in self.by_sku[self.skus[row]]
            if other not in (row, self.source[row])
            and self.source[other] != row
            and self.spare[other] >= 1
        ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def substitutes(self, row: int) -> list[tuple[str, float]]:
        """Items declared to replace this one, or replaced by it, with units to spare here."""
        rows = [
            (sku, self.row_of.get((self.sites[row], sku), -1))
            for sku in self.successor.get(self.skus[row], [])
        ]
        found = [(sku, float(np.floor(self.spare[other]))) for sku, other in rows if other >= 0]
        return [pair for pair in found if pair[1] >= 1]
