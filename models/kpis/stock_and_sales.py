"""Stock beside sales, both at purchase cost: what cover and turnover are made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.kpis.cells import Sums
from models.kpis.facts import Facts


class StockAndSales(NamedTuple):
    """[n, buckets] of each grain; zero where a series is not counted."""

    stock: Sums  # mean stock value
    sold_a_day: Sums  # cost of the units sold, a day
    counted: Sums  # 1: stock, sales and unit cost are known
    left_out: Sums  # 1: stock and sales are known, the unit cost is not


def stock_and_sales(facts: Facts) -> StockAndSales:
    """Of series whose stock, sales and unit cost are known in a bucket."""
    value, sold = facts.mean_stock_value, facts.sold_cost_a_day
    held = facts.sums(
        lambda rows: np.isfinite(facts.panel.on_hand[rows, facts.told]).astype(np.float64)
    )
    moved = facts.sums(lambda rows: np.isfinite(facts.units(rows)).astype(np.float64))
    both = {grain: (held[grain] > 0) & (moved[grain] > 0) for grain in value}
    costed = np.isfinite(facts.cost)[:, None]
    counted = {grain: (one & costed).astype(np.float64) for grain, one in both.items()}
    return StockAndSales(
        stock={grain: np.nan_to_num(one) * counted[grain] for grain, one in value.items()},
        sold_a_day={grain: np.nan_to_num(one) * counted[grain] for grain, one in sold.items()},
        counted=counted,
        left_out={grain: (one & ~costed).astype(np.float64) for grain, one in both.items()},
    )
