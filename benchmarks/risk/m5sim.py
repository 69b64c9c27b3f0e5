"""The product in simulated inventories on real demand: `python -m benchmarks.risk --data m5sim`.

One seed is one world, with its own sample of M5's series, 25 suppliers and planners. The product
reads the record only (feeds, `ingest`), learns once (`train`), publishes on eight days two weeks
apart, and every other day of the last six weeks for lead times. Truth is the shelf at close, which
customers meet; the record runs above it where losses are unbooked. Rows are series in stock by the
record; a rupture is an empty shelf at the close of one of the next 14 days.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

from benchmarks.risk.promises import told
from benchmarks.risk.replay import Replay, replay
from benchmarks.risk.simulator.demand import Demand
from benchmarks.risk.simulator.world import world_of
from benchmarks.risk.worlds import Lived, Worlds

FILE: Final = "sales_wide_d1_d1941.parquet"
SERIES: Final = 300  # of 844: a seed takes two minutes or so of one core
SMALL_SERIES: Final = 10
SMALL_SAMPLES: Final = 2  # a seed


def live(
    demand: Demand,
    seeds: Sequence[int],
    series: int,
    tell: Callable[[str], None],
    without: Collection[str] = (),
) -> Worlds:
    """A world a seed, and small companies beside it; their ERP keeps no feed of those `without`."""
    lived: dict[int, Lived] = {}
    small: list[Replay] = []
    for seed in seeds:
        begun, spent = time.perf_counter(), time.process_time()
        world = world_of(demand.sample(series, seed), seed)
        lived[seed] = Lived(world, replay(world, without=without))
        seconds, cpu = time.perf_counter() - begun, time.process_time() - spent
        tell(f"seed {seed}: {len(world.run.demand)} series in {seconds:.0f} s, {cpu:.0f} CPU s")
        for number in range(SMALL_SAMPLES):
            few = demand.sample(SMALL_SERIES, SMALL_SAMPLES * seed + number)
            small.append(replay(world_of(few, seed), dense=False, without=without))
    return Worlds(lived, small)


def judge(
    demand: Demand,
    seeds: Sequence[int],
    series: int,
    tell: Callable[[str], None],
    without: Collection[str] = (),
) -> bool:
    """True where all promises are kept."""
    worlds = live(demand, seeds, series, tell, without)
    worlds.show()
    return told(worlds.promises())
