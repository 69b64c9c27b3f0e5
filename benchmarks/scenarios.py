"""How long a scenario takes: on the demo, and at M5's size.

    python -m benchmarks.scenarios --demo DIR [--large DIR]

`DIR` is a published workspace: `vigistock --workspace DIR demo --no-serve` makes the demo,
`python -m benchmarks.scale --sizes "" --keep` one of 30,490 series. Each scenario runs in a process
of its own, as a planner runs it; with --cold first without what publishing keeps. Exits with 1
where a promise breaks.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

COMMAND: Final = (sys.executable, "-c", "from api.commands import main; main()")
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


@dataclass(frozen=True)
class Cost:
    """Of one command. On a machine with other work the CPU tells more than the clock."""

    wall: float  # seconds
    cpu: float  # seconds

    def __str__(self) -> str:
        return f"{self.wall:6.1f} s ({self.cpu:.1f} CPU s)"


def run(workspace: Path, flags: tuple[str, ...]) -> tuple[Cost, dict[str, Any]]:
    """What the command costs, and its answer."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*COMMAND, "--workspace", str(workspace), "scenario", "run", *flags, "--json"],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"scenario run {' '.join(flags)}: {done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - begun, cpu), json.loads(done.stdout)


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


def measured(name: str, workspace: Path, asked: dict[str, tuple[str, ...]], most: float) -> bool:
    tell(f"\n{name}")
    slowest = 0.0
    for words, flags in asked.items():
        cost, answer = run(workspace, flags)
        told = answer["totals"]
        tell(f"  {cost}  {words}: {told['series']:,} series, {told['broken']:,} break")
        slowest = max(slowest, cost.wall)
    kept = slowest < most
    tell(f"  {'yes' if kept else 'NO '}  each under {most:g} s: {slowest:.1f} s at most")
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, help="workspace of the demo")
    parser.add_argument("--large", type=Path, help="workspace of benchmarks.scale")
    parser.add_argument("--cold", action="store_true", help="first without the kept base")
    chosen = parser.parse_args()
    kept = []
    for name, folder, most in (
        ("demo", chosen.demo, DEMO_SECONDS),
        ("M5 size", chosen.large, LARGE_SECONDS),
    ):
        if folder is None:
            tell(f"SKIPPED: {name}: no workspace is named")
            continue
        asked = DEMO if folder == chosen.demo else large(folder)
        if chosen.cold:
            shutil.rmtree(folder / "publications" / ".bases", ignore_errors=True)
            cost, _ = run(folder, next(iter(asked.values())))
            tell(f"\n{name}: {cost} where the base has to be made again")
        kept.append(measured(name, folder, asked, most))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
