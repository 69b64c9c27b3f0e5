"""What kind of series is it? Demand class, ABC by value, life cycle."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

ADI_CUT: Final = 1.32  # Syntetos, Boylan and Croston (2005), "On the categorization of demand
CV2_CUT: Final = 0.49  # patterns", J. Oper. Res. Soc. 56:495-503: where SBA overtakes Croston


class DemandClass(StrEnum):
    SMOOTH = "smooth"
    ERRATIC = "erratic"
    INTERMITTENT = "intermittent"
    LUMPY = "lumpy"
    NONE = "none"  # nothing ever sold


CLASSES: Final = tuple(DemandClass)


def demand_class(demand: Matrix) -> NDArray[np.object_]:
    """[n] demand class by mean interval between demands and squared variation of their size.

    >>> demand_class(np.array([[4.0, 5, 4, 5], [0, 3, 0, 3], [0, 0, 0, 0]])).tolist()
    ['smooth', 'intermittent', 'none']
    """
    known = np.sum(~np.isnan(demand), axis=1)
    wanted = np.where(demand > 0, demand, np.nan)
    count = np.sum(~np.isnan(wanted), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        interval = known / count
        mean = np.nansum(wanted, axis=1) / count
        variance = np.nansum((wanted - mean[:, None]) ** 2, axis=1) / count
        rare = interval >= ADI_CUT
        varied = variance / mean**2 >= CV2_CUT
    names = np.where(
        rare,
        np.where(varied, DemandClass.LUMPY.value, DemandClass.INTERMITTENT.value),
        np.where(varied, DemandClass.ERRATIC.value, DemandClass.SMOOTH.value),
    )
    return np.where(count == 0, DemandClass.NONE.value, names).astype(object)


def abc_by_value(value: NDArray[np.float64]) -> NDArray[np.object_]:
    """[n] A: the first 80 % of the value, B: the next 15 %, C: the rest and what has no value.

    >>> abc_by_value(np.array([80.0, 15, 4, 1])).tolist()
    ['A', 'B', 'C', 'C']
    """
    amount = np.nan_to_num(value)
    order = np.argsort(-amount, kind="stable")
    total = amount.sum()
    ahead = np.cumsum(amount[order]) - amount[order]
    share = ahead / total if total > 0 else np.ones_like(ahead)
    ranked = np.where(share < 0.8, "A", np.where(share < 0.95, "B", "C"))
    names = np.empty(len(amount), dtype=object)
    names[order] = ranked
    return names
