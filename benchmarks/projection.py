"""Series projected a CPU second: stock along 500 sample paths of 14 days.

    python -m benchmarks.projection [--series 5000 --paths 500 --days 14]

Half of the series keep a policy, all have a line on order, every record may err, and the first
tenth ships to all others, which wait where it has nothing. Counted is the CPU time of this process
in `with_sources`, `project` and what is taken from the paths (means, chances, weighted quantiles);
drawing the demand paths is not, nor the compilation of the loop (the first block; it is cached).
Exits with 1 below 2,500 series a CPU second.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.lead_time import Floats
from models.projection import OpenLines, Supply, project, with_sources
from models.record_error import RecordErrors
from models.replenishment import Policies
from models.risk.outlook import Outlook
from models.risk.structure import BLOCK
from models.sources import Sources

PROMISED: Final = 2500.0  # series a CPU second


def supply_for(usage: Floats, days: int, luck: np.random.Generator) -> Supply:
    """Eight days of stock, a line of ten days' usage due on any day, reorder points for half."""
    count = len(usage)
    numbers, hubs = np.arange(count), count // 10
    due = luck.integers(0, days, count)
    return Supply.plain(
        luck.poisson(8 * usage).astype(np.float64),
        horizon=days,
        seed=luck.integers(0, 2**63, count).astype(np.uint64),
        lines=OpenLines.from_suppliers(
            series=numbers,
            units=10 * usage,
            chance=np.clip((np.arange(days) - due[:, None] + 3) / 6, 0.0, 1.0),
            share=np.ones((count, 25)),
            seed=luck.integers(0, 2**63, count).astype(np.uint64),
        ),
        policies=Policies(
            reorder_point=np.where(numbers % 2, 5 * usage, np.nan),
            order_up_to=12 * usage,
            pack=np.zeros(count),
            least_order=np.zeros(count),
            review=np.ones((count, days), dtype=bool),
            lead_chance=np.tile(np.clip(np.arange(days) / 8, 0.0, 1.0), (count, 1)),
            within=np.zeros(count),
            stated=numbers % 2 == 1,
        ),
        errors=RecordErrors(
            emptied=np.tile(np.linspace(0.001, 0.01, days + 1), (count, 1)),
            reduced=np.tile(np.linspace(0.05, 0.1, days + 1), (count, 1)),
            shares=np.array([0.1, 0.2]),
            learned=True,
        ),
        sources=Sources(
            of_series=np.where(numbers < hubs, -1, numbers % hubs),
            circle=numbers,
            place=np.where(numbers < hubs, numbers, -1),
            depth=np.where(numbers < hubs, 0, 1),
            dry=np.zeros((hubs, days, 0), np.uint8),
        ),
    )


def spent(demand: NDArray[np.float32], supply: Supply, outlook: Outlook) -> float:
    """CPU seconds of all series."""
    main = demand.shape[2]
    begun = time.process_time()
    limited = with_sources(supply, lambda rows: demand[rows], lost_share=1.0)
    for begin in range(0, len(demand), BLOCK):
        rows = slice(begin, min(begin + BLOCK, len(demand)))
        outlook.put(rows, project(demand[rows], limited, rows, main=main, lost_share=1.0), main)
    return time.process_time() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--series", type=int, default=5000)
    parser.add_argument("--paths", type=int, default=500)
    parser.add_argument("--days", type=int, default=14)
    asked = parser.parse_args()
    luck = np.random.default_rng(1)
    usage = luck.gamma(0.5, 4.0, asked.series)
    supply = supply_for(usage, asked.days, luck)
    outlook = Outlook.blank(asked.series, asked.days)
    shape = (asked.series, asked.paths, asked.days)
    demand = luck.poisson(usage[:, None, None], shape).astype(np.float32)
    few = supply_for(usage[:BLOCK], asked.days, luck)
    first = spent(demand[:BLOCK], few, Outlook.blank(BLOCK, asked.days))
    print(f"first block, with compilation: {first:.2f} CPU s, not counted")
    seconds = spent(demand, supply, outlook)
    rate = asked.series / seconds
    print(
        f"{asked.series} series × {asked.paths} paths × {asked.days} days: {seconds:.2f} CPU s, "
        f"{rate:,.0f} series a CPU second ({PROMISED:,.0f} promised); "
        f"mean chance of a stockout {outlook.chance(asked.days).mean():.3f}"
    )
    return int(rate < PROMISED)


if __name__ == "__main__":
    sys.exit(main())
