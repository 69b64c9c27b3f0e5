"""What chance decides in the company's days.

One stream draws the demonstration's files: each event takes the next numbers, so that one thing
decided otherwise changes the luck of all that follows. Worlds that are to be compared need another
kind, which the benchmarks have: there each event draws numbers of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from api.demo.company import Reals, Whole

Event = int | str


class Luck(Protocol):
    """An event is named by what it is, then by its day, supplier and so on."""

    def of(self, *event: Event) -> np.random.Generator:
        """For draws whose number does not depend on what was decided."""

    def each(self, k: Whole, *event: Event) -> Reals:
        """[len(k)] from 0 to 1, one for each of the items `k`."""

    def binomial(self, trials: Whole, chance: float, *event: Event) -> Whole:
        """As many as `trials` of them, each true with the same chance."""


@dataclass(frozen=True)
class Stream:
    """Numbers in the order in which events ask for them."""

    rng: np.random.Generator

    def of(self, *_event: Event) -> np.random.Generator:
        return self.rng

    def each(self, k: Whole, *_event: Event) -> Reals:
        return self.rng.random(len(k))

    def binomial(self, trials: Whole, chance: float, *_event: Event) -> Whole:
        return self.rng.binomial(trials, chance)
