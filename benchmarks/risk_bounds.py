"""How many ruptures must a company have seen before the trees may speak?

    python -m benchmarks.risk_bounds [--data usaid|m5sim] [--dir DIR] [--draws N]

Lessons of one training, the last third of its origins kept apart. From draws of few and of more
series the hazard learns on the earlier origins, with no bound and no caution, and is judged on the
same series later: log loss below that of the structure alone, in thousandths of a nat a row. A
second column has the bounds that the product uses. The features know the whole network, which a
small company would not have: the trees look a little better here than they are.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.risk import m5sim, rolled
from benchmarks.risk.company import Company
from benchmarks.risk.simulator.demand import m5_demand
from benchmarks.risk.simulator.feeds import write_feeds
from benchmarks.risk.simulator.world import world_of
from benchmarks.shared_data import shared_data
from forecasting.forecaster import DemandForecaster
from models.pipelines.steps import open_record, panel_as_of, silent
from models.risk.boosters import log_loss
from models.risk.hazard import BOUNDS, Bounds, Lessons, RuptureHazard, log_odds, mixed
from models.risk.past import lessons_of

FREELY: Final = Bounds(least_events=1, caution=0.0)
SERIES: Final = (10, 20, 40, 80, 160, 320, 640)
DRAWS: Final = 12
SEEDS: Final = (101, 102)  # worlds of m5sim that no promise is judged on
KEPT_APART: Final = 3  # a third of the origins


def lessons_from(company: Company) -> Lessons:
    """What a training up to the end of the sales learns from."""
    options = company.workspace.options
    with open_record(company.workspace) as record:
        source, panel = panel_as_of(record, company.workspace, None, silent)
        fitted = DemandForecaster(options).fit(panel)
        lessons = lessons_of(source, panel, fitted, options, silent)
    assert lessons is not None
    return lessons


def usaid(folder: Path, scratch: Path) -> list[Lessons]:
    """To 2017 only: nothing that another benchmark judges."""
    whole = pd.read_csv(folder / rolled.LEDGER, dtype=str)
    until = rolled.LEARNED_UP_TO.year
    file = scratch / rolled.LEDGER
    whole[whole["year"].astype(int) <= until].to_csv(file, index=False)
    files = {"ledger": file}
    company = Company(scratch / "w", files, frequency="M", profile="stock-ledger")
    return [lessons_from(company)]


def simulated(folder: Path, scratch: Path) -> list[Lessons]:
    demand = m5_demand(folder)
    found = []
    for seed in SEEDS:
        feeds = scratch / str(seed)
        feeds.mkdir()
        files = write_feeds(world_of(demand.sample(m5sim.SERIES, seed), seed), feeds)
        found.append(lessons_from(Company(feeds / "w", files)))
    return found


SOURCES: Final = {"usaid": ("usaid_ci", usaid), "m5sim": ("m5", simulated)}


def gain(earlier: Lessons, later: Lessons, bounds: Bounds, seed: int) -> float:
    """Log loss below the structure's, nats a row."""
    structural = log_odds(later.features["structural"].to_numpy(np.float64))
    hazard = RuptureHazard.learn(earlier, seed, bounds=bounds)
    if hazard is None:
        return 0.0
    share = np.where(later.features["out"] == 1.0, hazard.shares[1], hazard.shares[0])
    said = mixed(hazard.trees(later.features), structural, share)
    alone, learned = (log_loss(later.event, one, later.weight) for one in (structural, said))
    return alone - learned


def study(lessons: Lessons, draws: int) -> pd.DataFrame:
    """A row a draw: series, events that were learned from, gains without and with bounds."""
    lessons = lessons.where(lessons.features["structural"].notna().to_numpy())
    origins = np.unique(lessons.origin)
    cut = origins[-(len(origins) // KEPT_APART)]
    past = lessons.origin + lessons.end <= cut
    later = lessons.origin >= cut
    everyone = np.unique(lessons.series)
    rows = []
    for count in [size for size in SERIES if size < len(everyone)] + [len(everyone)]:
        for draw in range(draws if count < len(everyone) else 1):
            chosen = np.random.default_rng([count, draw]).choice(everyone, count, replace=False)
            mine = np.isin(lessons.series, chosen)
            earlier, judged = lessons.where(mine & past), lessons.where(mine & later)
            if not earlier.event.any() or earlier.event.all() or not len(judged.event):
                continue
            rows.append(
                {
                    "series": count,
                    "events": int(earlier.event.sum()),
                    "freely": gain(earlier, judged, FREELY, draw),
                    "bounded": gain(earlier, judged, BOUNDS, draw),
                }
            )
    return pd.DataFrame(rows)


def show(found: pd.DataFrame) -> None:
    table = found.groupby("series").agg(
        draws=("events", "size"),
        events=("events", "median"),
        freely=("freely", "mean"),
        worst=("freely", "min"),
        better=("freely", lambda gains: float(np.mean(gains > 0))),
        bounded=("bounded", "mean"),
        worst_bounded=("bounded", "min"),
    )
    thousandths = ["freely", "worst", "bounded", "worst_bounded"]
    table[thousandths] *= 1_000
    print(table.to_string(float_format="{:.2f}".format), flush=True)


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.risk_bounds")
    parser.add_argument("--data", choices=SOURCES, default="usaid")
    parser.add_argument("--dir", type=Path, help="folder of the data set")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of each number of series")
    chosen = parser.parse_args(given)
    name, source = SOURCES[chosen.data]
    folder = chosen.dir or shared_data(name)
    if folder is None:
        print(f"skipped: there is no folder {name} of shared data; name one with --dir")
        return 0
    print(f"bounds of the product: {BOUNDS}")
    with tempfile.TemporaryDirectory() as scratch:
        parts = [study(lessons, chosen.draws) for lessons in source(folder, Path(scratch))]
    show(pd.concat(parts, ignore_index=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
