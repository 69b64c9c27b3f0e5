"""Luck that worlds share, whatever is decided in them: each event draws numbers of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from api.demo.company import Reals, Whole
from api.demo.luck import Event


@dataclass(frozen=True)
class ByEvent:
    """A `Luck` of which no draw depends on an earlier one, nor one item's on those of others."""

    seed: int
    items: int

    def of(self, *event: Event) -> np.random.Generator:
        return np.random.default_rng([self.seed, *repr(event).encode()])

    def each(self, k: Whole, *event: Event) -> Reals:
        return self.of(*event).random(self.items)[k]

    def binomial(self, trials: Whole, chance: float, *event: Event) -> Whole:
        drawn = binom.ppf(self.of(*event).random(trials.shape), trials, chance)
        return np.maximum(drawn, 0).astype(np.int64)
