"""What is ordered where so much is wanted: whole packs, and never less than the smallest order."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

SLACK: Final = 1e-9  # packs that floating point may add to a whole number of them


def in_lots(units: Any, pack: Any, least: Any = 0.0) -> Any:
    """Units, or arrays of units, rounded up; `pack` above 0.

    >>> float(in_lots(30.0, 12.0)), float(in_lots(30.0, 12.0, 40.0)), float(in_lots(36.0, 12.0))
    (36.0, 48.0, 36.0)
    """
    return np.ceil(np.maximum(units, least) / pack - SLACK) * pack
