"""A world: suppliers, planners and what happened, a pure function of the demand and a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.risk.simulator.demand import Demand
from benchmarks.risk.simulator.operations import Run, run
from benchmarks.risk.simulator.planner import Planners, habits_of
from benchmarks.risk.simulator.suppliers import Flags, Suppliers, luck_of, suppliers_of


@dataclass(frozen=True)
class World:
    suppliers: Suppliers
    planners: Planners
    run: Run

    def in_stock(self, day: int) -> Flags:
        """[n] what the record says at the close of a day."""
        return self.run.stocked[:, day] & (self.run.recorded[:, day] > 0)

    def ruptures(self, day: int, horizon: int, *, recorded: bool = False) -> Flags:
        """[n] nothing on the shelf (or on record) at the close of one of the next days."""
        stock = self.run.recorded if recorded else self.run.physical
        return np.asarray((stock[:, day + 1 : day + 1 + horizon] <= 0).any(axis=1))

    @property
    def out(self) -> Flags:
        """[n, T] the shelf was empty at close."""
        return np.asarray(self.run.stocked & (self.run.physical <= 0))

    @property
    def last(self) -> int:
        return int(self.run.physical.shape[1]) - 1


def world_of(demand: Demand, seed: int) -> World:
    suppliers = suppliers_of(demand, seed)
    planners = Planners(demand.launched, habits_of(demand, suppliers, seed))
    luck = luck_of(demand, suppliers, seed)
    return World(suppliers, planners, run(demand, luck, planners, planners.opening()))
