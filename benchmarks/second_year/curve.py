"""The second year lived in each way: who acts on what, with which budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.second_year.acts import Planner, nobody
from benchmarks.second_year.erp import ByAlert
from benchmarks.second_year.measures import COSTS, Measured, measured
from benchmarks.second_year.product import ByVigistock, learned
from benchmarks.second_year.world import Fork

ERP_ALONE = "ERP alone"
ALERT = "ERP's alert"
PRODUCT = "Vigistock"
NO_ORDERS = "no orders"
Row = tuple[str, int]  # who, budget


def curve(
    fork: Fork, budgets: list[int], workers: int, tell: Callable[[str], None]
) -> dict[Row, Measured]:
    """Each way of living the second year, by who acts and the budget."""
    begun = time.perf_counter()
    found: dict[Row, Measured] = {}

    def note(row: Row, one: Measured) -> None:
        found[row] = one
        seconds = time.perf_counter() - begun
        tell(f"  {seconds:.0f} s: {row[0]}, {row[1]} a morning: {one.lost:,.0f} units lost a year")

    least, most = min(budgets), max(budgets)
    product = learned(fork, COSTS, tell)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        widest, narrowest = (pool.submit(_by_product, fork, product, one) for one in (most, least))
        plain = {
            (NO_ORDERS, 0): pool.submit(_lived, fork, nobody, orders_itself=False),
            (ERP_ALONE, 0): pool.submit(_lived, fork, nobody),
            **{(ALERT, one): pool.submit(_lived, fork, ByAlert(one)) for one in budgets},
        }
        for row, made in plain.items():
            note(row, made.result())
        longest = widest.result()[1]
        tell(
            f"  no buyer's list was longer than {longest} actions: beyond, a budget changes nothing"
        )
        fewer = {
            one: pool.submit(_by_product, fork, product, one)
            for one in budgets
            if least < one < longest
        }
        for budget in budgets:
            made = narrowest if budget == least else fewer.get(budget, widest)
            note((PRODUCT, budget), made.result()[0])
    return found


def _lived(fork: Fork, planner: Planner, *, orders_itself: bool = True) -> Measured:
    return measured(fork, fork.lived(planner, orders_itself=orders_itself))


def _by_product(fork: Fork, product: ByVigistock, budget: int) -> tuple[Measured, int]:
    """And the longest list that a buyer had, what the budget left out included."""
    planner = product.with_budget(budget)
    return _lived(fork, planner), planner.longest
