"""What work costs: CPU seconds over all threads and children, and the peak of memory.

The work runs in processes of their own, started afresh, with libraries imported and warmed up
before the clock starts; so the peak is that of the method (its libraries and data included), and
imports and compilation are not counted.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Usage:
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0  # of all processes together

    def with_parallel(self, other: Usage) -> Usage:
        """Two that ran side by side."""
        return Usage(self.cpu_seconds + other.cpu_seconds, self.peak_mib + other.peak_mib)

    def with_next(self, other: Usage) -> Usage:
        """One after the other."""
        return Usage(self.cpu_seconds + other.cpu_seconds, max(self.peak_mib, other.peak_mib))


def cpu_seconds() -> float:
    """CPU seconds of this process so far, its ended children included."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def peak_mib() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def measured(work: Callable[..., Result], *arguments: Any) -> tuple[Result, Usage]:
    """Run in a worker: the result and what it cost."""
    before = cpu_seconds()
    result = work(*arguments)
    return result, Usage(cpu_seconds() - before, peak_mib())


@contextmanager
def fresh_processes(count: int, warm_up: Callable[[], None]) -> Iterator[ProcessPoolExecutor]:
    """Started anew, not forked: they share no memory with this one."""
    with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=warm_up) as pool:
        yield pool


def together(usages: Sequence[Usage]) -> Usage:
    """Blocks of one piece of work that ran side by side."""
    total = Usage()
    for one in usages:
        total = total.with_parallel(one)
    return total
