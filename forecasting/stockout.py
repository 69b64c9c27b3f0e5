"""What a stockout is: one rule, used by demand, the projection, the risk models, the scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from forecasting.options import Options
    from forecasting.panel import Panel


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
    by_quantity = is_out(panel.on_hand, np.nan_to_num(panel.blocked))
    by_status = panel.availability <= options.stockout_availability
    status = np.where(np.isnan(panel.availability), np.nan, by_status)
    return np.where(np.isnan(panel.on_hand), status, by_quantity)
