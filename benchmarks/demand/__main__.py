"""Demand forecasts against the field: the same windows, one job, quality beside cost.

    python -m benchmarks.demand --data m5|m5-weekly|carparts|freshretail|usaid
        [--dir DIR] [--origins N] [--sample N] [--seeds 1,2] [--workers N] [--no-product]

Nobody sees anything dated after an origin (plans known in advance apart). CPU counts all threads
and processes, without imports, compilation and the building of the panel or matrix; the peers'
negative binomial intervals are free of charge. Exits with 1 where a promise breaks on whole data.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from contextlib import ExitStack
from pathlib import Path

from benchmarks.demand import boosting, peers, product, recovery
from benchmarks.demand.counts import CountForecast
from benchmarks.demand.judge import judge, judged_rows
from benchmarks.demand.promises import hold
from benchmarks.demand.report import PRODUCT, Results, show
from benchmarks.demand.tasks import SOURCES, Task
from benchmarks.demand.usage import Usage, fresh_processes, measured
from benchmarks.shared_data import shared_data
from forecasting.calendar import label

BOOSTED = "LightGBM"


def tell(words: str) -> None:
    print(words, flush=True)


def run(data: str, task: Task, seeds: list[int], workers: int, *, with_product: bool) -> Results:
    """Every method at every origin, one at a time."""
    results = Results()
    setting = peers.Setting(task.horizon, task.season, task.memory)
    with ExitStack() as stack:
        field = stack.enter_context(fresh_processes(workers, peers.warm_up))
        own = stack.enter_context(fresh_processes(1, product.warm_up_for(task)))
        boosted = None
        if absent := boosting.missing():
            tell(f"SKIPPED: {BOOSTED} through mlforecast; not installed: {', '.join(absent)}.")
        else:
            boosted = stack.enter_context(fresh_processes(1, boosting.warm_up))
        for origin in task.origins:
            at = label(origin, task.frequency)
            judged = judged_rows(task, origin)
            tell(f"\n{at}: {judged.sum()} series judged")

            def note(
                method: str,
                forecast: CountForecast,
                cost: Usage,
                *,
                seed: int = 0,
                at: str = at,
                origin: int = origin,
            ) -> None:
                measures = judge(data, task, origin, forecast)
                measures |= {"CPU s": cost.cpu_seconds, "peak MiB": cost.peak_mib}
                results.add(method, at, seed, measures)

            history = task.history(origin)
            begun = time.perf_counter()
            found = peers.run_peers(peers.PEERS[data], history, setting, field, workers, tell)
            for method, (forecast, cost) in found.items():
                note(method, forecast, cost)
            tell(f"  peers: {time.perf_counter() - begun:.0f} s")
            if boosted is not None:
                recent = history if task.memory is None else history[:, -task.memory :]
                work = boosted.submit(measured, boosting.lightgbm, recent, setting)
                note(BOOSTED, *work.result())
            for seed in seeds if with_product else []:
                begun = time.perf_counter()
                outcome = product.run_product(task, origin, seed, own)
                note(
                    PRODUCT,
                    product.aligned(outcome, task.series, judged),
                    outcome.fit.with_next(outcome.cast),
                    seed=seed,
                )
                spent = time.perf_counter() - begun
                tell(
                    f"  {PRODUCT}, seed {seed}: {spent:.0f} s; CPU fit "
                    f"{outcome.fit.cpu_seconds:.1f} s, forecast {outcome.cast.cpu_seconds:.1f} s"
                )
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=sorted(SOURCES), required=True)
    parser.add_argument("--dir", type=Path, help="the data set's folder, if not ../shared/data/…")
    parser.add_argument("--origins", type=int, help="how many windows")
    parser.add_argument("--sample", type=int, help="a quick look at so many series")
    parser.add_argument("--seeds", default="1", help="of the product, such as 1,2")
    parser.add_argument("--workers", type=int, default=1, help="processes of the peers")
    parser.add_argument("--no-product", action="store_true", help="the peers alone")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    source = SOURCES[chosen.data]
    folder = chosen.dir or shared_data(source.folder)
    if folder is None:
        tell(f"SKIPPED: no {source.folder} beside this repository; name its folder with --dir.")
        return 0
    task = source.load(folder, chosen.origins, chosen.sample)
    tell(
        f"{chosen.data}: {len(task.series)} series, horizon {task.horizon}, origins "
        + ", ".join(label(origin, task.frequency) for origin in task.origins)
    )
    hidden = []
    if chosen.data == "freshretail" and not chosen.no_product:
        hidden = recovery.run(folder, chosen.sample)
    seeds = [int(seed) for seed in chosen.seeds.split(",")]
    with_product = not chosen.no_product
    results = run(chosen.data, task, seeds, chosen.workers, with_product=with_product)
    show(results, chosen.data)
    kept = hold(results, chosen.data, *hidden) if with_product else True
    if chosen.sample:
        tell("A sample: a quick look, no proof.")
    return 0 if kept or chosen.sample else 1


if __name__ == "__main__":
    sys.exit(main())
