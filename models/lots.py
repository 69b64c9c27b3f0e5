"""What is ordered where so much is wanted, or has room: whole packs, never less than the smallest
order."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from forecasting.tables import UNIT_DECIMALS

SLACK: Final = 1e-9  # packs that floating point may add to a whole number of them, or take away


def in_lots(units: Any, pack: Any, least: Any = 0.0) -> Any:
    """Units, or arrays of units, rounded up; `pack` above 0.

    >>> float(in_lots(30.0, 12.0)), float(in_lots(30.0, 12.0, 40.0)), float(in_lots(36.0, 12.0))
    (36.0, 48.0, 36.0)
    >>> float(in_lots(5.0, 2.3, 6.9))
    6.9
    """
    return np.round(np.ceil(np.maximum(units, least) / pack - SLACK) * pack, UNIT_DECIMALS)


def lots_in(room: Any, pack: Any) -> Any:
    """The units of whole packs that have room, rounded down; likewise.

    >>> float(lots_in(30.0, 12.0)), float(lots_in(6.9, 2.3)), float(lots_in(12.0 - 11.7, 0.1))
    (24.0, 6.9, 0.3)
    """
    return np.round(np.floor(room / pack + SLACK) * pack, UNIT_DECIMALS)
