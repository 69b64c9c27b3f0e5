"""Which local candidates compete: the house's own, and those added to them.

A candidate of your own is one file beside this one, and one line in ADDED. To try one first, as
notebook 03 does, use `trying`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.candidates import statistical
from forecasting.segments import DemandClass

Level = Callable[[NDArray[np.float64], Frequency], float]
EVERY_CLASS: Final = frozenset(DemandClass) - {DemandClass.NONE}


@dataclass(frozen=True)
class Candidate:
    """`level(history, frequency)`: the level a period at the end of one series' known, seasonally
    adjusted demand, oldest first. Where it raises, or gives what is not finite, it is not tried."""

    name: str
    level: Level
    classes: frozenset[DemandClass] = EVERY_CLASS  # of demand on which it is worth trying


ADDED: Final[tuple[Candidate, ...]] = ()
"""The registration: candidates of your own. Every process of a training sees them."""

_tried: list[Candidate] = []


@contextmanager
def trying(candidate: Candidate) -> Iterator[None]:
    """One more candidate inside this block, in this process alone: train with `workers = 1`.

    Raises ValueError where the name is taken.
    """
    if candidate.name in names():
        raise ValueError(f"A candidate is called {candidate.name!r} already: choose another name.")
    _tried.append(candidate)
    try:
        yield
    finally:
        _tried.remove(candidate)


def names() -> tuple[str, ...]:
    """[M] of all candidates: the order of their weights."""
    return (*statistical.CANDIDATES, *(one.name for one in (*ADDED, *_tried)))


def levels(
    adjusted: NDArray[np.float64], demand_class: str, frequency: Frequency
) -> NDArray[np.float64]:
    """[M] level of each candidate at the end of a series; see `statistical.levels`."""
    own = statistical.levels(adjusted, demand_class, frequency)
    more = [_level(one, adjusted, demand_class, frequency) for one in (*ADDED, *_tried)]
    return np.append(own, more) if more else own


def _level(
    candidate: Candidate, adjusted: NDArray[np.float64], demand_class: str, frequency: Frequency
) -> float:
    if demand_class not in candidate.classes or not len(adjusted):
        return np.nan
    try:
        level = float(candidate.level(adjusted.copy(), frequency))
    except Exception:  # whatever it does to one series, the run goes on
        return np.nan
    return max(level, 0.0) if np.isfinite(level) else np.nan


def weights_by_name(weights: NDArray[np.float64], weighed: tuple[str, ...]) -> NDArray[np.float64]:
    """[n, M] weights of a champion in today's order; a candidate that came since has none.

    Raises ValueError where one that has a say is not there any more.
    """
    now = names()
    moved = np.full((len(weights), len(now)), np.nan)
    for column, name in enumerate(weighed):
        if name in now:
            moved[:, now.index(name)] = weights[:, column]
        elif np.nansum(weights[:, column]) > 0:
            raise ValueError(f"candidate {name} has a say in it and is not registered")
    return moved
