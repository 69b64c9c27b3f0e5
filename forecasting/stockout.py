"""What a stockout is: one rule, used by demand, the projection, the risk models, the scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from forecasting.options import Options
    from forecasting.panel import Panel

BLOCK: Final = 1000  # series that are looked at together: masks of all would fill the memory


def is_out(on_hand: Any, blocked: Any) -> Any:
    """Nothing left to sell: exactly zero sellable units is out; an unknown quantity is not.

    Numbers or arrays; `blocked` is never NaN.

    >>> is_out(2.0, 2.0), is_out(2.0, 1.0), is_out(float("nan"), 0.0)
    (True, False, False)
    """
    return on_hand - blocked <= 0.0


def closed_out(panel: Panel, options: Options) -> NDArray[np.float64]:
    """[n, T] 1 where the period closed in stockout, 0 where not, NaN unknown.

    By quantity where one is known, else by availability at most `options.stockout_availability`.
    """
    closed = np.empty(panel.on_hand.shape)
    for begin in range(0, len(closed), BLOCK):
        rows = slice(begin, begin + BLOCK)
        on_hand, availability = panel.on_hand[rows], panel.availability[rows]
        by_quantity = is_out(on_hand, np.nan_to_num(panel.blocked[rows]))
        by_status = availability <= options.stockout_availability
        status = np.where(np.isnan(availability), np.nan, by_status)
        closed[rows] = np.where(np.isnan(on_hand), status, by_quantity)
    return closed
