"""What acting on a short list is worth on the demonstration's second year: Vigistock's actions of
today, against the ERP's own alert with the same budget, the ERP alone, and no orders at all.

    python -m benchmarks.second_year [--sites 3] [--items 60] [--budgets 5,10,20,50] [--seed 7]
                                     [--weeks 52] [--mornings 0] [--workers 1]

The demonstration's company lives its first year under its own planner, then forks. Its ERP goes on
ordering by its reorder points in each fork but one; on the mornings told (weekdays, Monday 0) each
buyer takes so many actions of a list, beside it. The product learned once, from what was known at
the fork; each morning its forecasts are brought up to date. Demand, losses and the luck of each
supplier's day are the same in all forks. An order called for comes by the day asked with a chance
(0.6), else as it would have; orders below a supplier's minimum value are accepted. Money a year:
margin lost, holding, and what orders, calls, transfers and counts cost by stated settings.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

import pandas as pd

from benchmarks.second_year.curve import ALERT, ERP_ALONE, PRODUCT, Row, curve
from benchmarks.second_year.measures import Measured
from benchmarks.second_year.world import MORNINGS, forked

COMPARED = ("ruptures", "days_out", "lost", "margin_lost", "stock", "money")


def show(found: dict[Row, Measured]) -> None:
    """The figures, then each list beside the ERP alone and beside the alert."""
    rows = [
        {"who": who, "budget": budget, **asdict(one), "money": one.money}
        for (who, budget), one in found.items()
    ]
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:,.2f}".format))
    for (who, budget), one in found.items():
        if who == PRODUCT:
            for other in ((ERP_ALONE, 0), (ALERT, budget)):
                print(f"  {budget} a morning, against {other[0]}: {beside(one, found[other])}")
        elif who == ALERT:
            print(f"  {who}, {budget}, against {ERP_ALONE}: {beside(one, found[ERP_ALONE, 0])}")


def beside(one: Measured, other: Measured) -> str:
    """Differences in per cent."""
    return ", ".join(
        f"{name.replace('_', ' ')} {getattr(one, name) / getattr(other, name) - 1:+.1%}"
        for name in COMPARED
        if getattr(other, name)
    )


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.second_year")
    parser.add_argument("--sites", type=int, default=3)
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--budgets", type=_whole, default=[5, 10, 20, 50])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--workers", type=int, default=1, help="forks lived at the same time")
    parser.add_argument("--mornings", type=_whole, default=list(MORNINGS))
    chosen = parser.parse_args(given)
    fork = forked(
        sites=chosen.sites,
        items=chosen.items,
        seed=chosen.seed,
        weeks=chosen.weeks,
        mornings=tuple(chosen.mornings),
    )
    print(f"{fork.run.on_sale[fork.day].sum()} series on sale, {chosen.weeks} weeks from the fork")
    show(curve(fork, chosen.budgets, chosen.workers, print))
    return 0


def _whole(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
