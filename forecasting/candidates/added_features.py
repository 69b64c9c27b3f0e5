"""Features of your own for the direct booster, beside those of the house.

A feature is one file beside this one, and one line in ADDED. To try one first, use `trying`. The
recursive booster feeds its own forecasts back and sees none of them: a single period may carry
what a forecast never has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency

Matrix = NDArray[np.float64]

PROBED: Final = 20  # series on which a feature is held to the past
SIZE: Final = np.float32  # as the boosters see numbers


@dataclass(frozen=True)
class Feature:
    """`of(demand, frequency)`: [n, T] its value by the end of each column of the demand [n, T]
    (NaN unknown, the oldest first), from that column and those before it alone. The live forecast
    shows it a good year; NaN where it has nothing to say."""

    name: str
    of: Callable[[Matrix, Frequency], Matrix]


ADDED: Final[tuple[Feature, ...]] = ()
"""The registration: features of your own. Every process of a training sees them."""

_tried: list[Feature] = []


@contextmanager
def trying(feature: Feature) -> Iterator[None]:
    """One more feature inside this block, in this process alone: train with `workers = 1`.

    Raises ValueError where the name is taken.
    """
    if feature.name in [one.name for one in registered()]:
        raise ValueError(f"A feature is called {feature.name!r} already: choose another name.")
    _tried.append(feature)
    try:
        yield
    finally:
        _tried.remove(feature)


def registered() -> tuple[Feature, ...]:
    """Those that a training of today sees."""
    return (*ADDED, *_tried)


def named(names: Sequence[str]) -> tuple[Feature, ...]:
    """Those that a version was trained with; raises ValueError where one is not there any more."""
    known = {one.name: one for one in registered()}
    for name in names:
        if name not in known:
            raise ValueError(f"feature {name} has a say in it and is not registered")
    return tuple(known[name] for name in names)


def values_of(
    features: Sequence[Feature], demand: Matrix, frequency: Frequency
) -> list[NDArray[np.float32]]:
    """[n, T] of each feature.

    Raises ValueError where one has another shape, or looks ahead: what it says of a column must not
    change when the later ones are cut off.
    """
    return [_held_to_the_past(one, demand, frequency) for one in features]


def _held_to_the_past(
    feature: Feature, demand: Matrix, frequency: Frequency
) -> NDArray[np.float32]:
    found = np.asarray(feature.of(demand.copy(), frequency), SIZE)
    if found.shape != demand.shape:
        raise ValueError(f"feature {feature.name}: shape {found.shape}, expected {demand.shape}")
    cut = demand.shape[1] * 2 // 3
    rows = np.unique(np.linspace(0, len(demand) - 1, min(len(demand), PROBED)).astype(np.int64))
    before = np.asarray(feature.of(demand[rows, :cut].copy(), frequency), SIZE)
    if not np.array_equal(before, found[rows, :cut], equal_nan=True):
        raise ValueError(f"feature {feature.name} looks ahead: its past changes with what follows")
    return found
