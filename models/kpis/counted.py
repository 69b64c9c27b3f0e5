"""Facts, and the tables that several KPIs are counted from, each made once."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from models.kpis.cells import Sums, added, of_series
from models.kpis.facts import Facts
from models.kpis.lines import customer_lines, supplier_lines
from models.kpis.spending import spending
from models.kpis.stock_and_sales import StockAndSales, stock_and_sales


class Counted(Facts):
    """What a KPI is measured on."""

    @cached_property
    def supplier_lines(self) -> pd.DataFrame:
        return supplier_lines(self)

    @cached_property
    def customer_lines(self) -> pd.DataFrame:
        return customer_lines(self)

    @cached_property
    def stock_and_sales(self) -> StockAndSales:
        return stock_and_sales(self)

    @cached_property
    def spending(self) -> pd.DataFrame:
        return spending(self)


def held_against(facts: Counted, numerator: Sums, denominator: Sums) -> pd.DataFrame:
    """Cells of one of both over the other, with the series counted and those left out."""
    found = facts.stock_and_sales
    counts = {
        "numerator": numerator,
        "denominator": denominator,
        "rows": found.counted,
        "left_out": found.left_out,
    }
    return of_series(facts.series, facts.buckets, counts, money=True)


def spent_on(facts: Counted, sold: Sums) -> pd.DataFrame:
    """Cells of what was spent over what was sold, `sold` [n, buckets], in the cost's currency; no
    cut by kind, that nothing sold can be held against."""
    spent = facts.spending
    wanted = of_series(facts.series, facts.buckets, {"denominator": sold}, money=True)
    return added([spent[spent["cut"] != "kind"], wanted])
