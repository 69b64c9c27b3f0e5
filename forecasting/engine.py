"""Where independent pieces of work run: here, or in several processes of this machine; and how a
long work may keep its finished parts."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")

LEAST_ROWS: Final = 32  # of a stretch, below which another thread costs more than it saves


class Keep(Protocol):
    """`keep(name, make)`: what `make()` gives, perhaps kept from a run that was broken off."""

    def __call__(self, name: str, make: Callable[[], T], /) -> T: ...


def anew(_name: str, make: Callable[[], T], /) -> T:
    """Keeps nothing."""
    return make()


def run_all(jobs: Sequence[Callable[[], Any]], workers: int) -> list[Any]:
    """What the jobs return, in their order. Large arrays are shared, not copied."""
    if workers == 1 or len(jobs) < 2:
        return [job() for job in jobs]
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=min(workers, len(jobs)))(delayed(job)() for job in jobs))


def usable_cores() -> int:
    """Cores that this process may run on, where the system says so; else all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def stretches(count: int, parts: int) -> list[tuple[int, int]]:
    """Begin and end of so many parts of so many rows, as even as can be.

    >>> stretches(5, 2)
    [(0, 2), (2, 5)]
    """
    return list(pairwise(count * part // parts for part in range(parts + 1)))


def in_threads(work: Callable[[int, int], T], count: int, *, most: int | None = None) -> list[T]:
    """What `work(begin, end)` returns for stretches of so many rows, in their order: one a core,
    or more of about `most` rows. For compiled work on rows that do not touch each other.

    >>> in_threads(lambda begin, end: list(range(begin, end)), 3)
    [[0, 1, 2]]
    """
    cores = min(usable_cores(), count // LEAST_ROWS)
    parts = stretches(count, max(cores, 1 if most is None else -(-count // most), 1))
    if cores < 2:
        return [work(*part) for part in parts]
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(lambda part: work(*part), parts))


def copies_for(count: int, least: int) -> int:
    """Copies of this process to divide so many rows among: one a core, with `least` rows each at
    least. Where it is a worker itself the cores are taken."""
    if multiprocessing.parent_process() is not None:
        return 1
    return max(min(usable_cores(), count // least), 1)


def in_copies(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """What the jobs return, in their order: the first is done here, each other in a copy of this
    process (`fork`), which has all its memory and is gone afterwards. For work in Python, which
    threads do not share; nothing that a job changes is seen here, and what it returns is pickled.

    All are done here where the system is not Linux, or this process may have no children; so is the
    job of a copy that was killed.

    >>> in_copies([lambda: "here", lambda: "there"])
    ['here', 'there']
    """
    first, *others = jobs
    if sys.platform != "linux" or multiprocessing.current_process().daemon:
        return [job() for job in jobs]
    system = multiprocessing.get_context("fork")
    copies = []
    for job in others:
        ours, theirs = system.Pipe(duplex=False)
        copy = system.Process(target=_answer, args=(job, theirs), daemon=True)
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            copy.start()  # Python 3.12 warns of threads: none here holds what a copy needs
        theirs.close()
        copies.append((job, copy, ours))
    found = [first()]
    for job, copy, answers in copies:
        try:
            done, told = answers.recv()
        except EOFError:
            done, told = True, job()
        copy.join()
        if not done:
            raise told
        found.append(told)
    return found


def _answer(job: Callable[[], Any], answers: Connection) -> None:
    """In a copy: send what a job returns, or raises. Whoever interrupts us ends its copies.

    Of the threads of OpenMP a copy has this one alone; it would wait for the others for ever.
    """
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with threadpool_limits(1):
            told = True, job()
    except Exception as error:
        told = False, error
    answers.send(told)
