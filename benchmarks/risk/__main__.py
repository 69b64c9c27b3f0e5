"""Chances of running out against the field: one split, discrimination beside calibration.

    python -m benchmarks.risk --data backorders
        [--dir DIR] [--train FILE --test FILE] [--seeds 1,2] [--predictions FILE]
    python -m benchmarks.risk --data m5sim [--dir DIR] [--seeds 1,2,3,4,5] [--series N]
        [--without policies]
    python -m benchmarks.risk --data usaid [--dir DIR] [--window 2016-12:2017-12]
    python -m benchmarks.risk --data freshretail [--dir DIR]

Test rows are scored once; of m5sim, whose seeds are worlds, see `benchmarks.risk.m5sim`, of usaid
`benchmarks.risk.ledger`, of freshretail `benchmarks.risk.rolled`. `--window` learns up to the close
of an earlier month and judges up to that of another: what is chosen is chosen there.
`--predictions` writes `sku,probability` for each data row of the test file (the mean of the seeds);
a test file without labels gets nothing else. Exits with 1 where a promise breaks, with 2 where a
file cannot be read.

AP: average precision. ROC: area under it. BSS: Brier skill against the training rows' event rate.
ECE: calibration error over ten bins of equally many rows. P5: precision in the top 5 %.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.risk import ledger, m5sim, rolled
from benchmarks.risk.backorders import FILE, backorders
from benchmarks.risk.peers import PEERS
from benchmarks.risk.promises import hold
from benchmarks.risk.report import PRODUCT, Results
from benchmarks.risk.simulator.demand import m5_demand
from benchmarks.risk.task import Rows, Task, Vector
from benchmarks.shared_data import shared_data
from forecasting.errors import DeliveryRefused, VigistockError
from models.risk import RuptureRiskClassifier


@dataclass(frozen=True)
class Source:
    """A file of the shared data, and how it, or two others, become a task."""

    folder: str
    file: str
    load: Callable[[Path, Path | None], Task]


SOURCES: Final[Mapping[str, Source]] = {"backorders": Source("backorders", FILE, backorders)}
M5SIM: Final = "m5sim"
USAID: Final = "usaid"
ROLLED: Final = {
    USAID: ("usaid_ci", ledger.LEDGER, ledger.usaid),
    "freshretail": ("freshretailnet", rolled.FRESH, rolled.freshretail),
}


def tell(words: str) -> None:
    print(words, flush=True)


def product(task: Task, seed: int) -> Vector:
    """[n] chances of the test rows."""
    model = RuptureRiskClassifier(**task.settings, random_state=seed)
    model.fit(task.train.engineered, task.train.labels())
    slope, shift = model.ensemble_.calibration
    tell(f"  {model.library_}, trees {model.rounds_}, log odds × {slope:.2f} {shift:+.2f}")
    return np.asarray(model.predict_proba(task.test.engineered)[:, 1])


def timed(name: str, work: Callable[[], Vector]) -> Vector:
    begun = time.perf_counter()
    found = work()
    tell(f"  {name}: {time.perf_counter() - begun:.0f} s")
    return found


def write_predictions(file: Path, rows: Rows, chance: Vector) -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerow(["sku", "probability"])
            writer.writerows(zip(rows.sku, (f"{one:.8f}" for one in chance), strict=True))
    except OSError as error:
        raise DeliveryRefused(
            str(file), f"cannot be written ({error.strerror})", next_step="Name another file."
        ) from error
    tell(f"{len(rows)} predictions written to {file}")


def run(data: str, task: Task, numbers: list[int], predictions: Path | None) -> bool:
    """True where all promises are kept, or none can be checked."""
    event = task.train.labels()
    tell(
        f"{data}: {len(task.train)} rows to learn from, {event.sum()} {task.events_are} "
        f"({event.mean():.2%}); {len(task.test)} test rows\n"
        f"{task.configurations_tried} configurations were tried, on slices of the training rows"
    )
    found = {
        seed: timed(f"{PRODUCT}, seed {seed}", partial(product, task, seed)) for seed in numbers
    }
    if predictions is not None:
        write_predictions(predictions, task.test, np.mean(list(found.values()), axis=0))
    if task.test.event is None:
        tell("The test rows have no labels: nothing to score.")
        return True
    if not task.test.event[task.test.at_risk].any() or task.test.event.all():
        tell("The test rows have no events, or nothing else: nothing to score.")
        return True
    peers = {name: timed(name, partial(peer, task)) for name, peer in PEERS.items()}
    results = Results(task, peers, found)
    results.show()
    return hold(results, data)


def arguments(given: list[str] | None) -> argparse.Namespace:
    words = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.risk", description=words)
    parser.add_argument("--data", choices=sorted([*SOURCES, *ROLLED, M5SIM]), required=True)
    parser.add_argument("--dir", type=Path, help="the data set's folder, if not ../shared/data/…")
    parser.add_argument("--train", type=Path, help="learn from this file")
    parser.add_argument("--test", type=Path, help="score this file, once")
    parser.add_argument(
        "--seeds", default="1", type=seeds, help="of the product, or of worlds: 1,2"
    )
    parser.add_argument("--predictions", type=Path, help="write sku,probability of the test rows")
    words = f"of m5sim, of each world; usual {m5sim.SERIES}"
    parser.add_argument("--series", type=int, default=m5sim.SERIES, help=words)
    words = "of m5sim: a feed that the companies do not send"
    parser.add_argument("--without", choices=["policies"], action="append", default=[], help=words)
    words = "of usaid: learned and judged up to the close of these months; usual 2017-12:2018-12"
    parser.add_argument("--window", type=ledger.Window.parse, help=words)
    chosen = parser.parse_args(given)
    if chosen.window and chosen.data != USAID:
        parser.error("--window is of usaid")
    if chosen.data not in SOURCES and (chosen.train or chosen.predictions):
        parser.error(f"--train, --test and --predictions are not of {chosen.data}")
    if chosen.without and chosen.data != M5SIM:
        parser.error("--without is of m5sim")
    if chosen.series < 1:
        parser.error("--series: at least 1")
    if (chosen.train is None) != (chosen.test is None):
        parser.error("--train and --test come together")
    if chosen.predictions and not chosen.predictions.parent.is_dir():
        parser.error(f"--predictions: there is no folder {chosen.predictions.parent}")
    return chosen


def seeds(text: str) -> list[int]:
    found = [int(seed) for seed in text.split(",")]
    if min(found) < 0:
        raise ValueError(text)
    return found


def file_of(name: str, file: str, given: Path | None) -> Path | None:
    """A file of a data set's folder; None, loudly, where it is not here."""
    folder = given or shared_data(name)
    if folder is None or not (folder / file).is_file():
        where = folder or f"{name} beside this repository"
        tell(f"SKIPPED: no {file} in {where}; name its folder with --dir.")
        return None
    return folder / file


def run_rows(chosen: argparse.Namespace) -> bool:
    source = SOURCES[chosen.data]
    train = chosen.train or file_of(source.folder, source.file, chosen.dir)
    if train is None:
        return True
    return run(chosen.data, source.load(train, chosen.test), chosen.seeds, chosen.predictions)


def run_worlds(chosen: argparse.Namespace) -> bool:
    sales = file_of("m5", m5sim.FILE, chosen.dir)
    if sales is None:
        return True
    demand = m5_demand(sales.parent)
    return m5sim.judge(demand, chosen.seeds, chosen.series, tell, chosen.without)


def run_rolled(chosen: argparse.Namespace) -> bool:
    folder, name, judge = ROLLED[chosen.data]
    file = file_of(folder, name, chosen.dir)
    if file is None:
        return True
    if chosen.window:
        return ledger.usaid(file.parent, tell, chosen.window)
    return judge(file.parent, tell)


def main(given: list[str] | None = None) -> int:
    chosen = arguments(given)
    try:
        if chosen.data == M5SIM:
            kept = run_worlds(chosen)
        else:
            kept = run_rolled(chosen) if chosen.data in ROLLED else run_rows(chosen)
    except VigistockError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
