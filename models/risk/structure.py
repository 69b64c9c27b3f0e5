"""The structural risk of a panel: stock projected along demand paths, else the record of stockouts.

Series are projected in blocks, so that paths never all live in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.demand_forecast import DemandForecast
from forecasting.draws import Draws
from forecasting.drivers import promotions_of
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.stockout import closed_out, is_out
from models.lead_time import Floats, LeadTimes, Rows
from models.projection import (
    Projection,
    Supply,
    joined,
    project,
    reweighted,
    supply_of,
    with_sources,
)
from models.risk.features import Known
from models.risk.outlook import Outlook
from models.risk.status import StatusChain, fit_status

BLOCK: Final = 500
"""Series whose paths live in memory together: 28 MB at 500 paths × 28 days."""
NEAR: Final = 3
"""Series between two asked for, up to which they are projected too: they may have units to give."""
TOO_STALE: Final = 3.0
"""Stale lengths without known sales after which a picture says nothing: the record speaks alone."""
STALE_AFTER_DAYS: Final = {"D": 3.0, "W": 10.0, "M": 45.0}
"""Age of a stock picture from which it is stale: a long weekend, a week or a month was missed."""


@dataclass(frozen=True)
class Standing:
    """Where each of n series stands at the origin, before any forecast."""

    quantity: NDArray[np.bool_]  # the units on hand are known, and not too long ago
    status: NDArray[np.bool_]  # some past close is known
    unknown: NDArray[np.bool_]  # whether it is out now
    out: NDArray[np.bool_]
    unused: NDArray[np.bool_]  # never stocked, sold or ordered: empty, but nobody's stockout
    idle: NDArray[np.bool_]  # an empty shelf is no stockout
    why_idle: NDArray[np.object_]
    stale: NDArray[np.bool_]
    closes: Floats  # [n, T] 1 out, 0 in stock, NaN unknown

    @property
    def teaches(self) -> NDArray[np.bool_]:
        """[n] what a learned hazard learns from, and speaks of."""
        return (self.quantity | self.status) & ~self.idle & ~self.unused


@dataclass(frozen=True)
class Structure:
    """What follows from stock, orders, forecasts and the record alone."""

    mean: Floats  # [n, H] demand, units a period; NaN where no forecast was asked for
    supply: Supply
    standing: Standing
    outlook: Outlook
    chain: StatusChain | None  # where some quantity is unknown
    blocks: list[tuple[Rows, Projection]]  # without their stock by path
    draws: Draws | None  # None: no forecast was asked for
    asked: NDArray[np.bool_] | None  # [n] the series that a forecast was asked for; None: all

    @classmethod
    def of(
        cls,
        panel: Panel,
        forecast: DemandForecast | None,
        lead_times: LeadTimes,
        options: Options,
        *,
        horizon: int,
        dated: bool = True,
    ) -> Structure:
        """`forecast` may be None where no quantity is known: then there is nothing to project.
        Where it says which series are asked for, no others are projected, and nothing is known of
        these.

        `horizon`: periods looked ahead, at most those forecast. `dated`: the outlook has quantiles
        and dates too; False where nobody reads them before `moved_to` gives others.
        """
        if forecast is None:
            mean = np.full((len(panel), horizon), np.nan)
        else:
            mean = forecast.grains[panel.frequency].mean[:, :horizon]
        horizon = mean.shape[1]
        main = min(options.main_horizon, horizon)
        supply = supply_of(panel, lead_times, mean.mean(axis=1), horizon, options)
        standing = standing_of(panel, supply, options)
        outlook = Outlook.blank(len(panel), horizon)
        blocks, draws, asked = [], None, None
        if forecast is not None:
            asked = forecast.asked
            draws = forecast.draws(horizon)
            supply = with_sources(supply, draws, lost_share=options.unmet)
            for rows, demand in draws.ahead(_parts(asked, len(panel))):
                block = project(demand, supply, rows, main=main, lost_share=options.unmet)
                outlook.put(rows, block, main) if dated else outlook.put_means(rows, block)
                blocks.append((rows, replace(block, on_hand=block.on_hand[:, :0].copy())))
        chain = None
        if not standing.quantity.all():
            chain = fit_status(standing.closes, panel.series["sku"].to_numpy(dtype=object))
            first, out = chain.first_out(horizon), chain.out(horizon)
            outlook.put_status(~standing.quantity, first, out, chain.leave, mean, main)
        return cls(mean, supply, standing, outlook, chain, blocks, draws, asked)

    @cached_property
    def _block_of(self) -> Rows:
        """[n] number of the block that each series was projected in; −1: in none."""
        found = np.full(len(self.mean), -1)
        for number, (rows, _) in enumerate(self.blocks):
            found[rows] = number
        return found

    @property
    def projected(self) -> NDArray[np.bool_]:
        """[n] series with paths: those asked for, and some that came along."""
        return self._block_of >= 0

    def along(self, rows: Rows) -> Projection:
        """What the paths of some projected series say, in their order."""
        told = []
        for number in np.unique(self._block_of[rows]):
            of_block, block = self.blocks[number]
            mine = rows[self._block_of[rows] == number]
            told.append(block.of(np.searchsorted(of_block, mine)))
        return told[0] if len(told) == 1 else joined(told)

    def known(self, panel: Panel, lead_times: LeadTimes, horizon: int) -> Known:
        """What a learner may see of it, the periods of a horizon."""
        quantity = self.standing.quantity
        terms = self.supply.terms
        lead = lead_times.median_days(terms.group, terms.master_days) / panel.frequency.days
        told = quantity[:, None]
        plans = np.full((len(panel), 1 + horizon), np.nan)
        if not quantity.all():
            plans = np.where(told, np.nan, promotions_of(panel, panel.origin, 1 + horizon))
        return Known(
            closes=self.standing.closes,
            sellable=np.where(quantity, panel.stock["sellable"].to_numpy(np.float64), np.nan),
            first=self.outlook.means["first_out"][:, :horizon],
            demand=np.where(told, self.mean, np.nan)[:, :horizon],
            arrivals=np.where(told, self.outlook.means["arrivals"], np.nan)[:, :horizon],
            reorder_point=self.supply.policies.reorder_point,
            lead_periods=np.where(quantity, lead, np.nan),
            promotion=plans,
        )

    def moved_to(self, first: Floats, rows: NDArray[np.bool_], options: Options) -> Outlook:
        """The outlook under which the series `rows` [n] first run out as `first` [n, R] says: paths
        get other weights, and every date and quantity follows. Behind the R periods the structural
        hazard goes on. What comes of orders placed so far alone (`first_alone`) stays.

        Where all paths run out (nothing more is ordered on any) none can tell of a chance to be
        spared: there the expected shortage is theirs in proportion to the chance.
        """
        mean, outlook = self.mean, deepcopy(self.outlook)
        if self.asked is not None:
            rows = rows & self.asked
        main = min(options.main_horizon, mean.shape[1])
        given = outlook.means["first_out"]
        first = np.where(rows[:, None], _gone_on(first, given), given)
        drawn = self.draws.ahead(part for part, _ in self.blocks) if self.draws else ()
        for (part, block), (_, demand) in zip(self.blocks, drawn, strict=True):
            weights = reweighted(block, np.cumsum(first[part], axis=1))
            weights = np.where(rows[part][:, None], weights, block.weights)
            again = project(
                demand, self.supply, part, main=main, lost_share=options.unmet, weights=weights
            )
            outlook.put(part, again, main)
        if self.chain is not None:
            given = self.chain.first_out(mean.shape[1])
            ratio = np.divide(first, given, out=np.ones_like(first), where=given > 0)
            out = np.clip(self.chain.out(mean.shape[1]) * ratio, first, 1.0)
            status = ~self.standing.quantity
            outlook.put_status(status, first, out, self.chain.leave, mean, main)
        outlook.means["first_alone"][:] = self.outlook.means["first_alone"]
        outlook.put_first(rows, first, main)
        return outlook


def _parts(asked: NDArray[np.bool_] | None, count: int) -> Iterator[Rows]:
    """The series asked for, by blocks; None: all `count`. What lies between near ones comes along.

    >>> [part.tolist() for part in _parts(np.array([True] + [False] * 9 + [True, False, True]), 13)]
    [[0, 10, 11, 12]]
    """
    chosen = np.ones(count, dtype=bool) if asked is None else asked.copy()
    rows = np.flatnonzero(chosen)
    for row, gap in zip(rows[:-1].tolist(), np.diff(rows).tolist(), strict=True):
        if gap <= NEAR:
            chosen[row : row + gap] = True
    rows = np.flatnonzero(chosen)
    for begin in range(0, len(rows), BLOCK):
        yield rows[begin : begin + BLOCK]


def _gone_on(first: Floats, structural: Floats) -> Floats:
    """[n, H] chances of a first stockout `first` [n, R], then by the structural hazard [n, H]."""
    reach = first.shape[1]
    spared, left = (
        np.maximum(1.0 - part[:, :reach].sum(axis=1, keepdims=True), 0.0)
        for part in (first, structural)
    )
    ratio = np.divide(spared, left, out=np.zeros_like(left), where=left > 0)
    return np.hstack([first, structural[:, reach:] * ratio])


def standing_of(panel: Panel, supply: Supply, options: Options) -> Standing:
    """Who is out, unknown or not stocked at the origin."""
    closes = closed_out(panel, options)
    stock = panel.stock
    limit = STALE_AFTER_DAYS[panel.frequency.value]
    fresh = supply.unseen * panel.frequency.days <= TOO_STALE * limit
    quantity = stock["sellable"].notna().to_numpy() & fresh
    empty = is_out(stock["sellable"].to_numpy(dtype=np.float64), 0.0)
    series, day = panel.series, pd.Timestamp(panel.origin_date)
    whys = [
        (~series["in_assortment"].to_numpy(dtype=bool), "outside the assortment"),
        ((series["mode"] == "dropship").to_numpy(), "sent by the supplier to the customer"),
        ((series["mode"] == "to_order").to_numpy(), "bought to order"),
        ((series["discontinued_on"] <= day).to_numpy(), "discontinued"),
        ((series["introduced_on"] > day).to_numpy(), "not yet introduced"),
    ]
    why_idle = np.select([rows for rows, _ in whys], [why for _, why in whys], "").astype(object)
    never = ~(closes == 0.0).any(axis=1) & ~(panel.units > 0).any(axis=1)
    planned = np.isfinite(supply.policies.reorder_point)
    planned[panel.orders["series"].to_numpy(dtype=np.int64)] = True
    out = np.where(quantity, empty, closes[:, -1] == 1.0)
    return Standing(
        quantity=quantity,
        unknown=~quantity & np.isnan(closes[:, -1]),
        unused=out & never & ~planned,
        status=np.asarray(np.isfinite(closes).any(axis=1)),
        out=out,
        idle=why_idle != "",
        why_idle=why_idle,
        stale=stock["stale_days"].to_numpy(dtype=np.float64) > limit,
        closes=closes,
    )
