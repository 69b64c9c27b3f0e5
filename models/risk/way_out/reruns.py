"""Variants projected again, and the learned risk asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.draws import Paths
from forecasting.panel import Panel
from forecasting.stockout import is_out
from models.lead_time import Floats, Rows
from models.projection import Projection, Supply, exact, project, reweighted, up_to
from models.record_error import no_record_errors
from models.risk.features import Known, with_other_supply
from models.risk.hazard import reach_of
from models.risk.way_out.variant_supply import (
    book_of,
    direct_sources,
    drawn_from,
    supply_of_variants,
)
from models.risk.way_out.variants import Variant
from models.risk.way_out.whatif import WhatIf
from models.sources import BLOCK, rows_of


@dataclass(frozen=True)
class Reruns:
    """Of k variants, in the order asked."""

    units_short: Floats  # [k] expected within the main horizon
    held: Floats  # [k] mean units on the shelf over the main horizon
    fails: Floats  # [k] chance of a stockout within the main horizon, by the published weights
    chance: Floats  # [k] the same by the learned model again; NaN where not asked for

    def followed_by(self, other: Reruns) -> Reruns:
        """These, and others behind them."""
        parts = (part.name for part in fields(self))
        return Reruns(
            *(np.concatenate([getattr(self, name), getattr(other, name)]) for name in parts)
        )


@dataclass(frozen=True)
class Asked:
    """The variants as rows of a supply of their own, in the order asked."""

    base: WhatIf
    variants: Sequence[Variant]
    supply: Supply
    book: pd.DataFrame  # their open lines, with the number of the `variant`, sorted by it
    scale: NDArray[np.float32] = field(repr=False)  # [k] of demand

    @classmethod
    def of(cls, base: WhatIf, variants: Sequence[Variant]) -> Asked:
        book = book_of(base, variants)
        scale = np.array([one.demand for one in variants], dtype=np.float32)
        made = cls(base, variants, supply_of_variants(base, variants, book), book, scale)
        return replace(made, supply=made._with_sources())

    def project_into(
        self, found: Reruns, few: Rows, demand: Paths, drawn: Rows, weights: Floats
    ) -> None:
        """`demand` [d, P, H] and `weights` [d, P] of some series; `drawn`: of each variant, which.

        What is asked lies within the main horizon: nothing is walked behind it.
        """
        main = self.base.main
        means = self._projected(few, demand, drawn, weights[drawn], reach=main).means
        found.units_short[few] = means["unmet"][:, :main].sum(axis=1)
        found.held[few] = means["on_hand"][:, :main].mean(axis=1)
        found.fails[few] = up_to(means["first_out"], main)

    def chance_into(self, found: Reruns, few: Rows, demand: Paths, drawn: Rows) -> None:
        """As `assess` does: by the structure, then moved by what was learned."""
        base, main = self.base, self.base.main
        block = self._projected(few, demand, drawn, None)
        found.chance[few] = up_to(block.means["first_out"], main)
        rows = np.array([self.variants[place].row for place in few], dtype=np.int64)
        learned = base.learned[rows]
        if base.hazard is None or not learned.any():
            return
        assert base.features is not None
        assert base.known is not None
        reach = reach_of(base.options)
        told, panel = base.known, self._panel(few, rows)
        quantity = np.isfinite(told.sellable[rows])[:, None]
        now = Known(
            closes=told.closes[rows],
            sellable=panel.stock["sellable"].to_numpy(dtype=np.float64),
            first=block.means["first_out"][:, :reach],
            demand=told.demand[rows],
            arrivals=np.where(quantity, block.means["arrivals"][:, :reach], np.nan),
            reorder_point=self.supply.policies.reorder_point[few],
            lead_periods=told.lead_periods[rows],
            promotion=told.promotion[rows],
        )
        features = with_other_supply(base.features.iloc[rows], panel, now)
        first = base.hazard.chained(features, panel, now, base.options)
        found.chance[few] = np.where(learned, up_to(first, main), found.chance[few])

    def _projected(
        self,
        few: Rows,
        demand: Paths,
        drawn: Rows,
        weights: Floats | None,
        *,
        reach: int | None = None,
    ) -> Projection:
        return project(
            demand,
            self.supply,
            few,
            main=self.base.main,
            lost_share=self.base.options.unmet,
            weights=weights,
            drawn=drawn,
            times=self.scale[few],
            reach=reach,
            shelves=False,
        )

    def _panel(self, few: Rows, rows: Rows) -> Panel:
        """The panel of some variants, as far as the features of stock and orders look."""
        panel = self.base.panel
        more = np.array([self.variants[place].stock for place in few])
        stock = panel.stock.iloc[rows].reset_index(drop=True)
        stock = stock.assign(sellable=stock["sellable"] + more, on_hand=stock["on_hand"] + more)
        place = np.full(len(self.variants), -1)
        place[few] = np.arange(len(few))
        orders = self.book.assign(series=place[self.book["variant"].to_numpy()])
        variants = pd.DataFrame({"series": rows, "variant": np.arange(len(rows))})
        owed = panel.customer_orders.merge(variants, on="series")
        return replace(
            panel,
            series=panel.series.iloc[rows].reset_index(drop=True),
            **{
                name: getattr(panel, name)[rows]
                for name in ("units", "price", "on_hand", "rebuilt", "blocked", "availability")
            },
            receipts=panel.receipts[rows],
            stock=stock,
            orders=orders[orders["series"] >= 0].drop(columns=["variant", "place", "published"]),
            customer_orders=owed.assign(series=owed["variant"]).drop(columns="variant"),
        )

    def _with_sources(self) -> Supply:
        """The supply in which variants that others draw from ship what they then have."""
        supply, count = self.supply, len(self.variants)
        givers = sorted({one.source for one in self.variants if one.source is not None})
        if not givers:
            return supply
        few = np.array(givers, dtype=np.int64)
        horizon = supply.booked.shape[1]
        right = replace(supply, errors=no_record_errors(count, horizon))
        of_giver = np.array([self.variants[place].row for place in givers], dtype=np.int64)
        rows, drawn = np.unique(of_giver, return_inverse=True)
        dry = [supply.sources.dry]
        assert self.base.structure.draws is not None
        for begin in range(0, len(few), BLOCK):
            some = slice(begin, begin + BLOCK)
            needed, mine = np.unique(drawn[some], return_inverse=True)
            block = project(
                self.base.structure.draws(rows[needed]),
                right,
                few[some],
                main=horizon,
                lost_share=self.base.options.unmet,
                drawn=mine,
                times=self.scale[few[some]],
            )
            blocked = np.nan_to_num(right.blocked[few[some]])[:, None, None]
            dry.append(np.packbits(is_out(block.on_hand, blocked), axis=2))
        code = {giver: count + len(supply.sources.dry) + k for k, giver in enumerate(givers)}
        given = self.base.structure.supply.sources
        of_series, lines = supply.sources.of_series.copy(), supply.lines
        line_source = lines.source.copy()
        drawn = np.array([drawn_from(self.variants, one) for one in self.variants], dtype=np.int64)
        for number, one in enumerate(self.variants):
            if one.source is not None and given.of_series[one.row] == drawn[number]:
                of_series[number] = code[one.source]
        book = self.book
        from_site = rows_of(
            self.base.panel,
            book["source_site"].fillna(""),
            self.base.panel.series["sku"].iloc[book["series"].to_numpy(dtype=np.int64)],
        )
        for line in np.flatnonzero((from_site >= 0) & (from_site == drawn[lines.series])).tolist():
            giver = self.variants[lines.series[line]].source
            assert giver is not None
            line_source[line] = code[giver]
        return replace(
            supply,
            lines=replace(lines, source=line_source),
            sources=direct_sources(count, of_series, np.concatenate(dry)),
        )


def rerun(base: WhatIf, variants: Sequence[Variant], *, chance: NDArray[np.bool_]) -> Reruns:
    """`chance` [k]: where the learned model is to be asked again, too."""
    count = len(variants)
    zero, unknown = np.zeros(count), np.full(count, np.nan)
    found = Reruns(zero, zero.copy(), zero.copy(), unknown)
    if not count:
        return found
    asked = Asked.of(base, variants)
    rows = np.array([one.row for one in variants], dtype=np.int64)
    projected = base.structure.projected[rows]
    needed = np.unique(rows[projected])
    draws = base.structure.draws
    assert draws is not None or not len(needed)
    parts = [needed[begin : begin + BLOCK] for begin in range(0, len(needed), BLOCK)]
    for part, paths in draws.ahead(parts) if draws else ():
        weights = _weights(base, part)
        mine = np.flatnonzero(projected & np.isin(rows, part))
        place = np.searchsorted(part, rows)
        for few in np.array_split(mine, -(-len(mine) // BLOCK)):
            asked.project_into(found, few, paths, place[few], weights)
        again = mine[chance[mine]]
        for few in np.array_split(again, -(-len(again) // BLOCK)) if len(again) else []:
            asked.chance_into(found, few, paths, place[few])
    return found


def _weights(base: WhatIf, rows: Rows) -> Floats:
    """[b, P] the weights that the published chances gave to the paths."""
    block = base.structure.along(rows)
    first = base.outlook.means["first_out"][rows]
    moved = exact(reweighted(block, np.cumsum(first, axis=1)))
    return np.where(base.learned[rows][:, None], moved, block.weights)
