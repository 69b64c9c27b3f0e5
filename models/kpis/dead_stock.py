"""How much of the stock did nobody buy from for half a year?"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import to_period
from models.kpis.cells import BLOCK, KEPT, of_series
from models.kpis.contract import Kpi
from models.kpis.counted import Counted

DEAD_DAYS: Final = 180
KNOWN_SHARE: Final = 0.9  # of those days, so that a new item is not called dead


def measure(facts: Counted) -> pd.DataFrame:
    """Stock value at the last known close of each period; series whose sales of the 180 days before
    it are not known are left out, and counted so."""
    panel, buckets = facts.panel, facts.buckets
    back = round(DEAD_DAYS / panel.frequency.days)
    names = ("numerator", "denominator", "rows", "left_out")
    found = {
        name: {grain: np.zeros((len(panel), KEPT[grain])) for grain in buckets.span}
        for name in names
    }
    for begin in range(0, len(panel), BLOCK):
        rows = slice(begin, min(begin + BLOCK, len(panel)))
        units = panel.units[rows]
        sold = _counted(units > 0, back)
        known = _counted(np.isfinite(units), back) >= KNOWN_SHARE * back
        value = facts.stock_value(rows)
        for grain, (first, _) in buckets.spans:
            place = to_period(facts.ends, grain) - first
            for bucket in np.unique(place[place >= 0]):
                columns = np.flatnonzero(place == bucket)
                last, held = _last_known(value[:, columns])
                at = columns[last] + facts.told.start
                here = np.arange(len(value))
                dead = held & known[here, at] & (sold[here, at] == 0)
                judged = held & known[here, at]
                worth = np.where(judged, value[here, columns[last]], 0.0)
                found["numerator"][grain][rows, bucket] = worth * dead
                found["denominator"][grain][rows, bucket] = worth
                found["rows"][grain][rows, bucket] = judged & (worth > 0)
                found["left_out"][grain][rows, bucket] = held & ~judged
    return of_series(facts.series, buckets, found, money=True)


def _counted(flags: NDArray[np.bool_], back: int) -> NDArray[np.int64]:
    """[b, T] how many of the last `back` periods, this one included."""
    so_far = flags.cumsum(axis=1)
    so_far[:, back:] -= so_far[:, :-back].copy()
    return so_far


def _last_known(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """[b] the last column with a value, and whether there is one."""
    known = np.isfinite(values)
    return values.shape[1] - 1 - known[:, ::-1].argmax(axis=1), np.asarray(known.any(axis=1))


DEAD_STOCK: Final = Kpi(
    name="dead_stock",
    unit="share",
    better="lower",
    titles={"fr": "Stock dormant", "en": "Dead stock"},
    formulas={
        "fr": "valeur du stock sans vente depuis 180 jours ÷ valeur du stock, en fin de période",
        "en": "value of stock without a sale for 180 days ÷ stock value, at the end of the period",
    },
    source="APICS: inactive inventory",
    feeds=("stock", "sales", "items.unit_cost"),
    measure=measure,
)
