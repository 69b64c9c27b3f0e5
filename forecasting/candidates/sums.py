"""Running sums over the periods of series and of their groups, from which features are read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Places = NDArray[np.int64]


class Sums:
    """Running sums of a matrix [n, T] of weighted means, with room for `spare` more columns.

    `weights` [n, T]: how many a value stands for; None: 1 where it is known, 0 where it is NaN.
    `cycle` 0: no sums by season are needed.
    """

    def __init__(
        self, values: Matrix, spare: int, cycle: int, weights: Matrix | None = None
    ) -> None:
        rows, length = values.shape
        if weights is None:
            weights = (~np.isnan(values)).astype(np.float64)
        filled = np.where(weights > 0, values, 0.0) * weights
        self.value = np.full((rows, length + spare), np.nan, np.float32)
        self.value[:, :length] = values
        self.total = np.zeros((rows, length + spare + 1))
        self.count = np.zeros((rows, length + spare + 1), np.float32)
        np.cumsum(filled, axis=1, out=self.total[:, 1 : length + 1])
        np.cumsum(weights, axis=1, out=self.count[:, 1 : length + 1])
        self.cycle = cycle
        if cycle:
            self.cycle_total = _by_cycle(filled, spare, cycle)
            self.cycle_count = _by_cycle(weights, spare, cycle)

    def put(self, column: int, values: Matrix, weights: Matrix | float = 1.0) -> None:
        """Write the next column after the known ones: a forecast on the way of a recursion."""
        self.value[:, column] = values
        self.total[:, column + 1] = self.total[:, column] + values * weights
        self.count[:, column + 1] = self.count[:, column] + weights
        later = column + self.cycle
        self.cycle_total[:, later] = self.cycle_total[:, column] + values * weights
        self.cycle_count[:, later] = self.cycle_count[:, column] + weights


def _by_cycle(values: Matrix, spare: int, cycle: int) -> Matrix:
    """[n, W] running sums over columns a cycle apart, one cycle of zeros first; W: cycle + T +
    spare, filled up to whole cycles, so that all of it lies in one piece; the filling says nothing.
    """
    rows, length = values.shape
    width = length + spare + cycle
    padded = np.zeros((rows, -(-width // cycle) * cycle))
    padded[:, cycle : cycle + length] = values
    return padded.reshape(rows, -1, cycle).cumsum(axis=1).reshape(rows, -1)


@dataclass(frozen=True)
class Groups:
    """Series by site × category, sku, site and category, and what a member of each sold."""

    code: Places  # [n, 4] number of each group that a series is in
    mean: Matrix  # [G, T] mean demand of the members that are known, units a period
    members: Matrix  # [G, T] how many are


def groups_of(code: Places, demand: Matrix) -> Groups:
    """Group means of demand [n, T] for the group numbers [n, G] of its series."""
    size = int(code.max(initial=-1)) + 1
    total, members = np.zeros((size, demand.shape[1])), np.zeros((size, demand.shape[1]))
    known, filled = (~np.isnan(demand)).astype(np.float32), np.nan_to_num(demand)
    for column in code.T:
        order = np.argsort(column, kind="stable")
        present, begin = np.unique(column[order], return_index=True)
        total[present] = np.add.reduceat(filled[order], begin, axis=0)
        members[present] = np.add.reduceat(known[order], begin, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(members > 0, total / members, 0.0)
    return Groups(code, mean, members)
