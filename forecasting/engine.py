"""Where independent pieces of work run: here, or in several processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def run_all(jobs: Sequence[Callable[[], Any]], workers: int) -> list[Any]:
    """What the jobs return, in their order. Large arrays are shared, not copied."""
    if workers == 1 or len(jobs) < 2:
        return [job() for job in jobs]
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=min(workers, len(jobs)))(delayed(job)() for job in jobs))
