"""What is expected of every series, period by period: filled from paths, else from a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.engine import in_threads
from models.lead_time import Floats, Rows
from models.projection import SUMS, Projection, up_to

LEVELS = (0.1, 0.5, 0.9)
DATED_FROM: Final = 0.01
"""Chance within the main horizon below which a stockout has no date: there is little but losses
nobody booked, and they come on any day."""


@dataclass(frozen=True)
class Outlook:
    """Filled in place while it is built; units a period unless stated."""

    means: dict[str, Floats]  # models.projection.SUMS -> [n, H]
    on_hand_p10: Floats  # [n, H]
    on_hand_p90: Floats  # [n, H]
    before_receipt: Floats  # [n] chance of a stockout before the next receipt, main horizon
    out_after: Floats  # [n, 3] periods until the stockout at LEVELS, given one; NaN: none
    back_after: Floats  # [n] periods until half of the paths close in stock; NaN: they do not

    @classmethod
    def blank(cls, count: int, horizon: int) -> Outlook:
        means = {name: np.zeros((count, horizon)) for name in SUMS}
        p10, p90 = np.zeros((count, horizon)), np.zeros((count, horizon))
        unknown = np.full(count, np.nan)
        return cls(means, p10, p90, np.zeros(count), np.full((count, 3), np.nan), unknown)

    def chance(self, horizon: int) -> Floats:
        """[n] chance that at least one of the next h periods closes in stockout."""
        return up_to(self.means["first_out"], horizon)

    def chance_no_order(self, horizon: int) -> Floats:
        return up_to(self.means["first_alone"], horizon)

    def units_short(self, horizon: int) -> Floats:
        return self.means["unmet"][:, :horizon].sum(axis=1)

    def put_means(self, rows: slice | Rows, block: Projection) -> None:
        """What rows projected along paths expect, without quantiles and dates."""
        for name, values in self.means.items():
            values[rows] = block.means[name]

    def put(self, rows: slice | Rows, block: Projection, main: int) -> None:
        """Rows projected along paths."""
        self.put_means(rows, block)
        stock = quantiles(block.on_hand, block.weights, (0.1, 0.9))
        self.on_hand_p10[rows], self.on_hand_p90[rows] = stock[..., 0], stock[..., 1]
        self.before_receipt[rows] = block.before_receipt
        dated = block.chance(main) >= DATED_FROM
        given_one = np.where((block.out_at < main) & dated[:, None], block.weights, 0.0)
        self.out_after[rows] = quantiles(block.out_at[:, None], given_one, LEVELS)[:, 0]
        self.back_after[rows] = quantiles(block.back_at[:, None], block.weights, (0.5,))[:, 0, 0]

    def put_status(
        self,
        rows: NDArray[np.bool_],
        first: Floats,
        out: Floats,
        leave: Floats,
        mean: Floats,
        main: int,
    ) -> None:
        """Rows without a quantity: no stock, no arrivals, but chances by period [n, H], to be out
        first or at all, and to be refilled [n]."""
        horizon = mean.shape[1]
        first, out, expected = first[rows], out[rows], mean[rows]
        for name, values in (
            ("demand", expected),
            ("served", expected * (1 - out)),
            ("unmet", expected * out),
            ("arrivals", np.nan),
            ("on_hand", np.nan),
            ("out", out),
            ("first_out", first),
            ("first_alone", first),
            ("losses", 0.0),
        ):
            self.means[name][rows] = values
        self.on_hand_p10[rows] = self.on_hand_p90[rows] = np.nan
        reached = np.cumsum(first[:, :main], axis=1)
        self.before_receipt[rows] = reached[:, -1]
        wanted = reached[:, -1:] * np.array(LEVELS)
        self.out_after[rows] = (reached[:, None, :] < wanted[:, :, None]).sum(axis=2)
        with np.errstate(divide="ignore"):
            wait = np.ceil(np.log(0.5) / np.log1p(-np.minimum(leave[rows], 1 - 1e-9))) - 1
        self.back_after[rows] = np.where(wait < horizon, wait, np.nan)

    def put_first(self, rows: NDArray[np.bool_], first: Floats, main: int) -> None:
        """Chances of a first stockout [n, H] of some rows, where paths tell of them only in part:
        what is short, and the chances to close empty and to run out before a receipt, in
        proportion."""
        told = np.cumsum(self.means["first_out"][rows], axis=1)
        asked = np.cumsum(first[rows], axis=1)
        part = np.minimum(np.divide(asked, told, out=np.ones_like(told), where=told > 0), 1.0)
        short = self.means["unmet"][rows]
        self.means["served"][rows] += short * (1.0 - part)
        self.means["unmet"][rows] = short * part
        self.means["out"][rows] *= part
        self.means["first_out"][rows] = first[rows]
        self.before_receipt[rows] *= part[:, main - 1]

    def put_nothing(self, rows: NDArray[np.bool_], sold: Floats) -> None:
        """Rows that are not stocked: an empty shelf is no stockout. `sold` [rows, H]: units."""
        for name in ("out", "first_out", "first_alone", "unmet", "losses"):
            self.means[name][rows] = 0.0
        self.means["served"][rows] = sold
        self.before_receipt[rows] = 0.0
        self.out_after[rows] = np.nan
        self.back_after[rows] = np.nan


def quantiles(values: NDArray[np.float32], weights: Floats, levels: Sequence[float]) -> Floats:
    """[b, H, L] the least of the values [b, H, P] up to which lies that share of the weight [b, P].

    NaN values come last. NaN where nothing has weight.

    >>> values = np.array([[[3.0, np.nan, 1.0, 2.0]]], dtype=np.float32)
    >>> quantiles(values, np.array([[0.2, 0.2, 0.5, 0.1]]), (0.5, 0.6, 0.9))
    array([[[ 1.,  2., nan]]])
    """
    from models.stock_walk import weighted_quantiles

    found = np.empty((*values.shape[:2], len(levels)))
    asked = np.array(levels)

    def some(begin: int, end: int) -> None:
        rows = slice(begin, end)
        ordered = np.sort(values[rows], axis=2)
        weighted_quantiles(ordered, values[rows], weights[rows], asked, found[rows])

    in_threads(some, len(values))
    return found
