"""A company of M5's size through the very commands that a user runs, and how its cost grows.

    python -m benchmarks.scale --series 30490 --days 1941
        [--sizes 1000,4000] [--dir DIR] [--generated] [--keep] [--work DIR] [--steps LIST]

Resamples the 844 real series of M5 to each size, writes the sales as one Parquet file (a row a
series and day), takes it in, trains, takes in one more week and publishes: each command in a
process of its own, with its seconds, CPU seconds and peak of memory, children included. Then the
fit of cost over size, and AutoETS timed on 500 of the same series. Exits with 1 where a promise
breaks at full size (30,490 series × 1,941 days).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.demand import peers
from benchmarks.demand.promises import Promise
from benchmarks.demand.usage import fresh_processes, measured
from benchmarks.growth import growth
from benchmarks.resample import (
    Company,
    generated,
    real,
    resampled,
    write_masters,
    write_sales,
)
from benchmarks.shared_data import shared_data
from benchmarks.steps import Cost, StepFailed, run

FULL: Final = (30_490, 1_941)
SEED: Final = 1
BYTES_A_ROW: Final = 90  # on the disk: the file, the record and its log while it is written
LATEST_DAYS: Final = 7  # delivered after the training
ETS_SAMPLE: Final = 500
ETS_DAYS: Final = 730
STEPS: Final = ("ingest", "train", "ingest week", "publish")
COMMAND: Final = (sys.executable, "-c", "from api.commands import main; main()")

INGEST_SECONDS: Final = 360.0
TRAIN_SECONDS: Final = 1800.0  # on two cores
PUBLISH_SECONDS: Final = 180.0
MOST_GIB: Final = 8.0
SHARE_OF_ETS: Final = 1 / 3
MOST_POWER: Final = 1.1  # of a cost that may still be called linear


@dataclass
class Costs:
    """What each step cost, by size."""

    steps: dict[int, dict[str, Cost]] = field(default_factory=dict)

    def of(self, step: str) -> dict[int, Cost]:
        return {size: steps[step] for size, steps in self.steps.items() if step in steps}


def tell(words: str) -> None:
    print(words, flush=True)


def refuse_without_room(folder: Path, rows: int) -> None:
    """Ends the run before it fills the disk."""
    free, wanted = shutil.disk_usage(folder).free, rows * BYTES_A_ROW
    if free < wanted:
        raise SystemExit(
            f"{folder} has {free / 2**30:.1f} GiB free; {wanted / 2**30:.1f} GiB are needed. "
            "Name a folder with room: --work DIR."
        )


def one_size(company: Company, scratch: Path, steps: list[str]) -> dict[str, Cost]:
    """Every step on a company in a workspace of its own."""
    files = write_masters(company.until(LATEST_DAYS), scratch)
    history, week = scratch / "sales.parquet", scratch / "week.parquet"
    rows = write_sales(company.until(LATEST_DAYS), history)
    latest = Company(
        company.units[:, -LATEST_DAYS:], company.series, company.dates[-LATEST_DAYS:][0]
    )
    write_sales(latest, week)
    size = history.stat().st_size
    tell(f"  {rows:,} rows of sales in one Parquet file of {size / 2**20:.0f} MiB")
    workspace = scratch / "workspace"
    found: dict[str, Cost] = {}

    def vigistock(step: str, *words: str | Path) -> None:
        cost = run([*COMMAND, "--workspace", workspace, *words], _environment())
        if step:
            found[step] = cost
            tell(f"  {step:12s} {cost}")

    vigistock("", "init")
    for feed, path in files.items():
        vigistock("", "ingest", feed, path)
    vigistock("ingest", "ingest", "sales", history)
    if "train" in steps:
        vigistock("train", "train")
        vigistock("ingest week", "ingest", "sales", week)
        vigistock("publish", "publish")
    record = sum(path.stat().st_size for path in workspace.glob("record.db*"))
    snapshot = sum(path.stat().st_size for path in (workspace / "snapshot").rglob("*.parquet"))
    tell(f"  on the disk: record {record / 2**20:,.0f} MiB, snapshot {snapshot / 2**20:,.0f} MiB")
    return found


def _environment() -> dict[str, str]:
    """This repository first, so that the commands run the code beside this file."""
    root = str(Path(__file__).resolve().parents[1])
    known = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root}


def ets_seconds(company: Company) -> tuple[float, int]:
    """CPU seconds of AutoETS fitted once on a sample's last 730 days, and the series sampled."""
    count = len(company.units)
    rows = np.unique(np.linspace(0, count - 1, min(ETS_SAMPLE, count)).astype(int))
    units = company.units[rows].astype(float)
    units[np.cumsum(units > 0, axis=1) == 0] = np.nan
    with fresh_processes(1, peers.warm_up) as pool:
        setting = peers.Setting(28, 7, ETS_DAYS)
        _, usage = pool.submit(
            measured, peers.member, "ets", units[:, -ETS_DAYS:], setting
        ).result()
    return usage.cpu_seconds, len(rows)


def show_growth(costs: Costs, steps: list[str]) -> dict[str, float]:
    """Prints the fit of every step; gives the powers."""
    powers = {}
    for step in steps:
        found = costs.of(step)
        if len(found) < 2:
            continue
        fit = growth(list(found), [one.cpu for one in found.values()])
        tell(f"  {step:12s} CPU {fit}")
        powers[step] = fit.power
    return powers


def promises(
    costs: dict[str, Cost], powers: dict[str, float], share: float | None
) -> list[Promise]:
    """What the full size must show; a step that did not run promises nothing."""
    found = []
    limits = {"ingest": INGEST_SECONDS, "train": TRAIN_SECONDS, "publish": PUBLISH_SECONDS}
    for step, seconds in limits.items():
        if step in costs:
            wall = costs[step].wall
            found.append(Promise(wall < seconds, f"{step} under {seconds:g} s: {wall:.0f} s"))
    peak = max(cost.gib for cost in costs.values())
    found.append(Promise(peak < MOST_GIB, f"peak memory under {MOST_GIB:g} GiB: {peak:.2f} GiB"))
    for step, power in powers.items():
        words = f"{step}: cost linear, power at most {MOST_POWER:g}: {power:.2f}"
        found.append(Promise(power <= MOST_POWER, words))
    if share is not None:
        words = f"training at most {SHARE_OF_ETS:.2f} of AutoETS's CPU (extrapolated): {share:.2f}"
        found.append(Promise(share <= SHARE_OF_ETS, words))
    return found


@contextlib.contextmanager
def working_folder(root: Path | None, *, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="vigistock-scale-", dir=root))
    try:
        yield folder
    finally:
        if keep:
            tell(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=FULL[0])
    parser.add_argument("--days", type=int, default=FULL[1])
    parser.add_argument(
        "--sizes", default="1000,4000", help="smaller sizes run before; '' for none"
    )
    parser.add_argument("--steps", default="ingest,train", help="'ingest' alone, or with 'train'")
    parser.add_argument("--dir", type=Path, help="M5's folder, if not ../shared/data/m5")
    parser.add_argument("--generated", action="store_true", help="a made-up company, no real data")
    parser.add_argument("--work", type=Path, help="where to work; default: the temporary folder")
    parser.add_argument("--keep", action="store_true", help="leave the workspaces behind")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = chosen.dir or shared_data("m5")
    if folder is None and not chosen.generated:
        tell("SKIPPED: no m5 beside this repository; --dir names it, --generated does without.")
        return 0
    source = generated(chosen.days, seed=SEED) if chosen.generated else real(folder)
    if chosen.days > source.units.shape[1]:
        raise SystemExit(f"The data has {source.units.shape[1]} days; {chosen.days} were asked.")
    steps = [step.strip() for step in chosen.steps.split(",")]
    sizes = sorted({*(int(size) for size in chosen.sizes.split(",") if size), chosen.series})
    sizes = [size for size in sizes if size <= chosen.series]
    is_full = (chosen.series, chosen.days) == FULL and not chosen.generated
    costs, share = Costs(), None
    for size in sizes:
        company = resampled(source, size, chosen.days, seed=SEED)
        tell(f"\n{size:,} series × {chosen.days:,} days")
        with working_folder(chosen.work, keep=chosen.keep) as scratch:
            refuse_without_room(scratch, size * chosen.days)
            try:
                costs.steps[size] = one_size(company, scratch, steps)
            except StepFailed as failure:
                tell(f"FAILED: {failure}")
                return 1
        if size == sizes[-1] and "train" in steps:
            seconds, sample = ets_seconds(company)
            whole = seconds / sample * size
            share = costs.steps[size]["train"].cpu / whole
            tell(
                f"  AutoETS once, last {ETS_DAYS} days: {seconds:.1f} CPU s for {sample} series, "
                f"extrapolated to {size:,}: {whole:,.0f} s; training took {share:.3f} of that"
            )
    tell("\ncost over size")
    powers = show_growth(costs, [step for step in STEPS if step in costs.steps[sizes[-1]]])
    tell("\nmust show" if is_full else "\nmust show at full size; this one is smaller: no proof")
    made = promises(costs.steps[sizes[-1]], powers, share)
    for promise in made:
        tell(f"  {'yes' if promise.kept else 'NO '}  {promise.words}")
    return 0 if all(promise.kept for promise in made) or not is_full else 1


if __name__ == "__main__":
    sys.exit(main())
