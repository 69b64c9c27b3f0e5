"""The pages in a browser, on a company of M5's size: first paint, charts, weight.

    python -m benchmarks.pages [--series 30490] [--work DIR]

Draws two publications at random, serves the last by one worker, and opens the morning list, a
series and what changed in headless Chromium (`chromium` on the path), each time with nothing kept
by the browser. Ends by itself; exits with 1 where a promise breaks at full size.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from benchmarks.demand.promises import Promise
from benchmarks.published_company import company_of, keys_of
from benchmarks.serving import FULL, free_port, served, tell

REPEATS: Final = 5
MOST_PAINT_SECONDS: Final = 1.0
PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
WEIGHT: Final = "performance.getEntries().reduce((sum, one) => sum + (one.transferSize || 0), 0)"
ANSWERED: Final = "performance.getEntriesByType('navigation')[0].responseStart"


@dataclass(frozen=True)
class Opened:
    """One view, opened anew: seconds after the address was entered, and bytes that came."""

    answered: float
    paint: float
    complete: float
    weight: int


@contextmanager
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        raise SystemExit("There is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


def opened(started: Browser, address: str, done: str) -> Opened:
    """`done`: what is there when the view is complete."""
    context = started.new_context(viewport={"width": 1360, "height": 900})
    page = context.new_page()
    page.goto(address)
    page.locator(done).first.wait_for(state="attached", timeout=60_000)
    complete = page.evaluate("performance.now()")
    answered, paint = (page.evaluate(one) for one in (ANSWERED, PAINT))
    weight = page.evaluate(WEIGHT)
    context.close()
    return Opened(answered / 1000, paint / 1000, complete / 1000, int(weight))


def measure(started: Browser, port: int, series: int) -> dict[str, tuple[Opened, Opened]]:
    """By view: the very first time, and the median of the later ones."""
    site, sku = keys_of(series).iloc[series // 2]
    views = {
        "list": ("/", ".line"),
        "list and changes": ("/", ".changes"),
        "series": (f"/series?site={site}&sku={sku}", "[data-drawn=yes]"),
    }
    found = {}
    for name, (path, done) in views.items():
        runs = [opened(started, f"http://127.0.0.1:{port}{path}", done) for _ in range(REPEATS + 1)]
        later = [
            statistics.median(getattr(one, part) for one in runs[1:])
            for part in ("answered", "paint", "complete")
        ]
        found[name] = (runs[0], Opened(*later, runs[-1].weight))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=FULL)
    parser.add_argument("--work", type=Path, default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.work, prefix="vigistock-pages-") as folder:
        tell(f"drawing two publications of {asked.series:,} series")
        workspace = company_of(Path(folder) / "w", asked.series)
        port = free_port()
        words = [sys.executable, "-c", "from api.commands import main; main()", "--workspace"]
        words += [str(workspace.folder), "serve", "--port", str(port)]
        with served(words, "/health/ready", port), browser() as started:
            found = measure(started, port, asked.series)
    for name, (first, later) in found.items():
        tell(
            f"{name}: first paint {later.paint:.2f} s (the very first time {first.paint:.2f} s), "
            f"answered {later.answered:.2f} s, complete {later.complete:.2f} s "
            f"({first.complete:.2f} s), {later.weight / 1e6:.2f} MB"
        )
    slowest = max(later.paint for _, later in found.values())
    promise = Promise(
        slowest < MOST_PAINT_SECONDS,
        f"first paint of each view under {MOST_PAINT_SECONDS:g} s: {slowest:.2f} s",
    )
    is_full = asked.series >= FULL
    tell("must show" if is_full else "must show at full size; this one is smaller: no proof")
    tell(f"  {'yes' if promise.kept else 'NO '}  {promise.words}")
    return 0 if promise.kept or not is_full else 1


if __name__ == "__main__":
    sys.exit(main())
