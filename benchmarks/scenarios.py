"""How long a scenario takes: on the demo, and at M5's size.

    python -m benchmarks.scenarios --demo DIR [--series 30490 [--work DIR]] [--large DIR]

`DIR` is a published workspace: `vigistock --workspace DIR demo --no-serve` makes the demo,
`python -m benchmarks.scale --sizes "" --keep` one of 30,490 series, without policies and orders.
--series copies the demo's items, with their histories, stock, policies, orders and expected demand,
until the company has so many series (benchmarks.copied_demo): each copy has sample paths of its
own, and so it is as much at risk as the demo is; nothing is trained anew. Each scenario runs in a
process of its own, as a planner runs it: seconds, CPU seconds and the most memory that it held;
with --cold first without what publishing keeps. The demo's run in --times rounds, of which the
median counts, and beside them stands how long this machine takes to import its libraries: shared
ones are twice as slow in one hour as in the next. Exits with 1 where a promise breaks.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.steps import Cost, run

COMMAND: Final = (sys.executable, "-c", "from api.commands import main; main()")
# Compiled modules are kept, as on a planner's machine.
HERE: Final = {
    "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    "PYTHONDONTWRITEBYTECODE": "",
}
IMPORTS: Final = (sys.executable, "-c", "import numba, pandas, pyarrow, sqlalchemy")
DEMO_SECONDS, LARGE_SECONDS = 5.0, 60.0
DEMO: Final = {
    "the container supplier stops six weeks": ("--stop", "6", "--supplier", "NOVAPACK"),
    "demand +20 % of a category": ("--demand", "20", "--category", "Emballage"),
    "demand +20 % of everything": ("--demand", "20"),
    "the warehouse is closed a week": ("--closed", "--site", "FR-DEP0", "--to", "2026-11-29"),
    "lead times × 1.5 of a supplier": ("--lead-time", "1.5", "--supplier", "DAUPHINE"),
    "a promotion of a category": (
        *("--promotion", "0.3", "--category", "Emballage", "--uplift", "30"),
    ),
}


def tell(words: str) -> None:
    print(words, flush=True)


def run_one(workspace: Path, flags: tuple[str, ...]) -> tuple[Cost, dict[str, Any]]:
    """What the command costs, and the totals of the plan that it makes."""
    from api.workspaces import read_workspace
    from forecasting.record.database import connect
    from models.scenarios.plans import list_plans

    line = [*COMMAND, "--workspace", workspace, "scenario", "run", *flags, "--json"]
    cost = run(line, os.environ | HERE)
    engine = connect(read_workspace(workspace).workspace.database_url)
    totals = list_plans(engine)[0].totals
    engine.dispose()
    return cost, totals


def large(workspace: Path) -> dict[str, tuple[str, ...]]:
    """Scenarios on whatever the workspace holds."""
    from api.flows import flow_in
    from api.workspaces import read_workspace
    from forecasting.record.database import connect
    from models.publication import open_publication

    made = read_workspace(workspace).workspace
    engine = connect(made.database_url)
    nodes = flow_in(open_publication(engine, made.publications)).nodes
    engine.dispose()
    site = nodes[nodes["kind"] == "site"]["code"].iloc[0]
    category = nodes[nodes["kind"].isin(["category"])]["code"].iloc[0]
    return {
        "demand +20 % of a site": ("--demand", "20", "--site", site),
        "demand +20 % of a category": ("--demand", "20", "--category", category),
        "demand +20 % of everything": ("--demand", "20"),
    }


def measured(
    name: str, workspace: Path, asked: dict[str, tuple[str, ...]], most: float, times: int = 1
) -> bool:
    """Whether the median of the rounds of each scenario stays below `most` seconds."""
    tell(f"\n{name}")
    runs: dict[str, list[float]] = {words: [] for words in asked}
    for number in range(times):
        tell(f"  {run(IMPORTS)}  imports alone" + f", round {number + 1}" * (times > 1))
        for words, flags in asked.items():
            cost, told = run_one(workspace, flags)
            tell(f"  {cost}  {words}: {told['series']:,} series, {told['broken']:,} break")
            runs[words].append(cost.wall)
    slowest = max(statistics.median(walls) for walls in runs.values())
    worst = max(max(walls) for walls in runs.values())
    kept = slowest < most
    tell(
        f"  {'yes' if kept else 'NO '}  each under {most:g} s: {slowest:.1f} s at most"
        + f" (median of {times} rounds; the longest of all {worst:.1f} s)" * (times > 1)
    )
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, help="workspace of the demo")
    parser.add_argument("--series", type=int, help="copies of the demo's items, up to so many")
    parser.add_argument("--work", type=Path, help="where to copy; default: the temporary folder")
    parser.add_argument("--large", type=Path, help="workspace of benchmarks.scale")
    parser.add_argument("--cold", action="store_true", help="first without the kept base")
    parser.add_argument("--times", type=int, default=3, help="rounds of the demo's scenarios")
    chosen = parser.parse_args()
    kept = []
    for name, folder, most, times in (
        ("demo", chosen.demo, DEMO_SECONDS, chosen.times),
        ("M5 size", chosen.large, LARGE_SECONDS, 1),
    ):
        if folder is None:
            tell(f"SKIPPED: {name}: no workspace is named")
            continue
        asked = DEMO if folder == chosen.demo else large(folder)
        if chosen.cold:
            shutil.rmtree(folder / "publications" / ".bases", ignore_errors=True)
            cost, _ = run_one(folder, next(iter(asked.values())))
            tell(f"\n{name}: {cost} where the base has to be made again")
        kept.append(measured(name, folder, asked, most, times))
    if chosen.series and chosen.demo:
        from benchmarks.copied_demo import copied_demo

        with tempfile.TemporaryDirectory(prefix="vigistock-scenarios-", dir=chosen.work) as made:
            folder = Path(made) / "workspace"
            copied_demo(chosen.demo, folder, chosen.series)
            name = f"the demo's items copied up to {chosen.series:,} series"
            kept.append(measured(name, folder, DEMO, LARGE_SECONDS))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
