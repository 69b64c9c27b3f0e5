"""The structural risk of a panel: stock projected along demand paths, else the record of stockouts.

Series are projected in blocks, so that paths never all live in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.drivers import promotions_of
from forecasting.forecaster import DemandForecast
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.stockout import closed_out, is_out
from models.lead_time import Floats, LeadTimes
from models.projection import Projection, Supply, project, reweighted, supply_of, with_sources
from models.risk.features import Known
from models.risk.outlook import Outlook
from models.risk.status import StatusChain, fit_status

Paths = NDArray[np.float32]  # [b, P, H] demand, units

BLOCK: Final = 500
"""Series whose paths live in memory together: 28 MB at 500 paths × 28 days."""
NEAR: Final = 3
"""Series that are projected although nobody asks, rather than begin another block."""
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
    blocks: list[tuple[slice, Projection]]  # without their stock by path

    @classmethod
    def of(
        cls,
        panel: Panel,
        forecast: DemandForecast | None,
        lead_times: LeadTimes,
        options: Options,
        *,
        horizon: int,
    ) -> Structure:
        """`forecast` may be None where no quantity is known: then there is nothing to project.
        Where it says which series are asked for, no others are projected, and nothing is known of
        these.

        `horizon`: periods looked ahead, at most those forecast.
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
        blocks = []
        if forecast is not None:
            paths = partial(forecast.paths, horizon=horizon)
            supply = with_sources(supply, paths, lost_share=options.unmet)
            for rows, demand in _drawn(paths, _parts(forecast.asked, len(panel))):
                block = project(demand, supply, rows, main=main, lost_share=options.unmet)
                outlook.put(rows, block, main)
                blocks.append((rows, replace(block, on_hand=block.on_hand[:, :0])))
        chain = None
        if not standing.quantity.all():
            chain = fit_status(standing.closes, panel.series["sku"].to_numpy(dtype=object))
            first, out = chain.first_out(horizon), chain.out(horizon)
            outlook.put_status(~standing.quantity, first, out, chain.leave, mean, main)
        return cls(mean, supply, standing, outlook, chain, blocks)

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

    def moved_to(
        self, first: Floats, rows: NDArray[np.bool_], forecast: DemandForecast, options: Options
    ) -> Outlook:
        """The outlook under which the series `rows` [n] first run out as `first` [n, R] says: paths
        get other weights, and every date and quantity follows. Behind the R periods the structural
        hazard goes on. What comes of orders placed so far alone (`first_alone`) stays.

        Where all paths run out (nothing more is ordered on any) none can tell of a chance to be
        spared: there the expected shortage is theirs in proportion to the chance.
        """
        mean, outlook = self.mean, deepcopy(self.outlook)
        if forecast.asked is not None:
            rows = rows & forecast.asked
        main = min(options.main_horizon, mean.shape[1])
        given = outlook.means["first_out"]
        first = np.where(rows[:, None], _gone_on(first, given), given)
        paths = partial(forecast.paths, horizon=mean.shape[1])
        drawn = _drawn(paths, (part for part, _ in self.blocks))
        for (part, block), (_, demand) in zip(self.blocks, drawn, strict=True):
            weights = reweighted(block, np.cumsum(first[part], axis=1))
            weights[~rows[part]] = block.weights[~rows[part]]
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
        outlook.put_first(rows, first)
        return outlook


def _parts(asked: NDArray[np.bool_] | None, count: int) -> Iterator[slice]:
    """Blocks of the series asked for; None: all `count`. What lies between near ones comes along.

    >>> list(_parts(np.array([True] + [False] * 9 + [True, False]), 12))
    [slice(0, 1, None), slice(10, 11, None)]
    """
    rows = np.arange(count) if asked is None else np.flatnonzero(asked)
    for run in np.split(rows, np.flatnonzero(np.diff(rows) > NEAR) + 1):
        for begin in range(*((int(run[0]), int(run[-1]) + 1, BLOCK) if len(run) else (0, 0))):
            yield slice(begin, min(begin + BLOCK, int(run[-1]) + 1))


def _drawn(
    paths: Callable[[slice], Paths], parts: Iterable[slice]
) -> Iterator[tuple[slice, Paths]]:
    """Each part with its paths; those of the next are drawn meanwhile, where there is another
    core."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead: deque[tuple[slice, Future[Paths]]] = deque()
        for part in parts:
            ahead.append((part, pool.submit(paths, part)))
            if len(ahead) > 1:
                ready, demand = ahead.popleft()
                yield ready, demand.result()
        for ready, demand in ahead:
            yield ready, demand.result()


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
