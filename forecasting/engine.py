"""Where independent pieces of work run: here, or in several processes of this machine; and how a
long work may keep its finished parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


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
