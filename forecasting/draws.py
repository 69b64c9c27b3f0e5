"""Demand paths of one grain at one origin, each series drawn once where memory allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.engine import in_threads

Rows = NDArray[np.int64]
Paths = NDArray[np.float32]  # [b, P, H] demand, units

MOST_KEPT: Final = 512 << 20
"""Bytes of paths that are kept: those of 38,000 series at 500 paths × 28 days whose demand stays
below 256 units a day. Of a larger company the first to be asked for are kept, and the others drawn
again."""
COUNTS: Final = (np.uint8, np.uint16)


class Source(Protocol):
    """What paths are drawn from: the same series, the same paths."""

    def paths(self, rows: Rows, horizon: int, /) -> Paths: ...


class Draws:
    """What a source draws over the first `horizon` periods; one thread at a time asks."""

    def __init__(self, source: Source, horizon: int) -> None:
        self.horizon = horizon
        self._source = source
        self._kept: dict[int, NDArray[Any]] = {}
        self._bytes = 0
        self._shape: tuple[int, ...] = ()  # of one series

    def __call__(self, rows: Rows) -> Paths:
        """[b, P, H] of some series, in the order asked for."""
        fresh = np.array([row for row in rows.tolist() if row not in self._kept], dtype=np.int64)
        new: dict[int, Paths] = {}
        if len(fresh):
            drawn = self._fresh(fresh)
            self._keep(fresh, drawn)
            if len(fresh) == len(rows):
                return drawn
            new = dict(zip(fresh.tolist(), drawn, strict=True))
        found = np.empty((len(rows), *self._shape), np.float32)
        for place, row in enumerate(rows.tolist()):
            found[place] = new[row] if row in new else self._kept[row]
        return found

    def ahead(self, parts: Iterable[Rows]) -> Iterator[tuple[Rows, Paths]]:
        """Each part with its paths; those of the next are drawn meanwhile, where there is another
        core."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            coming: deque[tuple[Rows, Future[Paths]]] = deque()
            for part in parts:
                coming.append((part, pool.submit(self, part)))
                if len(coming) > 1:
                    ready, demand = coming.popleft()
                    yield ready, demand.result()
            for ready, demand in coming:
                yield ready, demand.result()

    def _fresh(self, rows: Rows) -> Paths:
        def some(begin: int, end: int) -> Paths:
            return self._source.paths(rows[begin:end], self.horizon)

        parts = in_threads(some, len(rows))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _keep(self, rows: Rows, drawn: Paths) -> None:
        self._shape = drawn.shape[1:]
        for row, paths in zip(rows.tolist(), drawn, strict=True):
            small = packed(paths)
            if self._bytes + small.nbytes > MOST_KEPT:
                return
            self._kept[row] = small
            self._bytes += small.nbytes


def packed(paths: NDArray[np.float32]) -> NDArray[Any]:
    """The same numbers in the smallest type that holds them exactly: most are small counts.

    >>> packed(np.array([0, 7], np.float32)).dtype, packed(np.array([0.5], np.float32)).dtype
    (dtype('uint8'), dtype('float32'))
    """
    least, most = paths.min(), paths.max()
    for kind in COUNTS:
        if least >= 0 and most <= np.iinfo(kind).max:
            small = paths.astype(kind)
            return small if np.array_equal(small, paths) else paths.copy()
    return paths.copy()
