"""What the chances must show on test rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from benchmarks.demand.promises import Promise
from benchmarks.risk.report import Results


def at_least(results: Results, name: str, measure: str, least: float) -> Promise:
    value = results.value(name, measure)
    return Promise(value >= least, f"{measure}, {name}, at least {least:g}: {value:.3f}")


def _backorders(results: Results) -> list[Promise]:
    return [
        at_least(results, "all rows", "AP", 0.25),
        at_least(results, "all rows", "ROC", 0.935),
        at_least(results, "all rows", "BSS", 0.14),
        at_least(results, "at risk", "AP", 0.20),
    ]


PROMISES: Final[Mapping[str, Callable[[Results], list[Promise]]]] = {"backorders": _backorders}


def hold(results: Results, data: str) -> bool:
    """Print each promise with its figure; true where all are kept."""
    return told(PROMISES[data](results))


def told(promises: Sequence[Promise]) -> bool:
    """The same, of promises that are worked out already."""
    print("\nmust show")
    for promise in promises:
        print(f"  {'yes' if promise.kept else 'NO '}  {promise.words}")
    return all(promise.kept for promise in promises)
