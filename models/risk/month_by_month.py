"""What the last months tell one by one, where a period is a month.

A quarter is three numbers, each of which says something; of days and weeks so few are noise, which
the means of `models.risk.features` leave out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from forecasting.calendar import Frequency, to_period
from forecasting.panel import Panel
from models.lead_time import Floats
from models.risk import by_row

LAGS: Final = 3  # months told one by one, the last first
LOW: Final = 1.0  # months of cover, below which a shelf is low
MOST_MONTHS: Final = 10.0  # of usage in one receipt, in the mean over sites


def month_features(
    panel: Panel, usage: Floats, cover: Floats, out_long: Floats
) -> dict[str, Floats]:
    """[n] of each series at the origin, quantities in months of `usage` [n]; nothing where a period
    is no month.

    `cover` [n] log(1 + months) on the shelf and `out_long` [n] share of closes out are told of the
    same item at the other sites.
    """
    if panel.frequency is not Frequency.MONTH:
        return {}
    wishes = panel.order_history[panel.order_history["status"] == "requested"]
    asked = _lately(panel, wishes["series"], wishes["ordered_on"], wishes["units_ordered"])
    booked = panel.corrections
    tables = {  # stock of the last month is told as cover
        "stock": panel.on_hand - np.nan_to_num(panel.blocked),
        "used": panel.units,
        "received": panel.receipts,
        "asked": asked,
        "corrected": _lately(panel, booked["series"], booked["date"], booked["units"]),
    }
    found = {}
    for name, table in tables.items():
        lately = np.pad(table[:, -LAGS:], ((0, 0), (LAGS, 0)), constant_values=np.nan)
        for back in range(name == "stock", LAGS):
            found[f"{name}_{back}_back"] = by_row.ratio(lately[:, -1 - back], usage)
    item = pd.factorize(panel.series["sku"])[0]
    low = np.where(np.isnan(cover), np.nan, cover < np.log1p(LOW))
    of_others = {"low": low, "cover_mid": cover, "out_long": out_long} | {
        name: np.minimum(values, MOST_MONTHS)
        for name, values in found.items()
        if name.startswith("received")
    }
    return found | {
        f"sku_{name}": by_row.others(values, item) for name, values in of_others.items()
    }


def _lately(panel: Panel, series: pd.Series, dates: pd.Series, units: pd.Series) -> Floats:
    """[n, LAGS] units dated in each of the last months, the last month last."""
    back = panel.origin - to_period(dates.to_numpy(), panel.frequency)
    found = np.zeros((len(panel), LAGS))
    inside = (back >= 0) & (back < LAGS)
    place = series.to_numpy(np.int64)[inside], LAGS - 1 - back[inside]
    np.add.at(found, place, units.to_numpy(np.float64)[inside])
    return found
