"""Demand paths of one forecast, each series drawn once where memory allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from forecasting.engine import in_threads
from models.lead_time import Rows

if TYPE_CHECKING:
    from forecasting.forecaster import DemandForecast

Paths = NDArray[np.float32]  # [b, P, H] demand, units

MOST_KEPT: Final = 128 << 20
"""Bytes of paths that are kept: those of 2,400 series at 500 paths × 28 days. Of a larger company
the first to be asked for are kept, and the others drawn again."""


class Draws:
    """What a forecast draws; one thread at a time asks."""

    def __init__(self, forecast: DemandForecast, horizon: int) -> None:
        self._forecast, self._horizon = forecast, horizon
        self._kept: dict[int, Paths] = {}
        self._bytes = 0

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
        return np.stack([new[row] if row in new else self._kept[row] for row in rows.tolist()])

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
            return self._forecast.paths(rows[begin:end], self._horizon)

        parts = in_threads(some, len(rows))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _keep(self, rows: Rows, drawn: Paths) -> None:
        if self._bytes + drawn.nbytes <= MOST_KEPT:
            self._kept.update(zip(rows.tolist(), drawn, strict=True))
            self._bytes += drawn.nbytes
