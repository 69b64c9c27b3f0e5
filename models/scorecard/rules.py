"""What an ERP would have said at the same origin: scores that rank series, the worst highest."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from forecasting.calendar import to_period
from forecasting.panel import Panel
from models.lead_time import Floats
from models.scorecard.measures import (
    average_precision,
    brier_skill,
    calibration_error,
    hits_of_top,
)
from models.scorecard.said import SAFE

OURS: Final = {"probability": "Vigistock", "p_structural": "structural alone"}
COLUMNS: Final = (
    "method",
    "named",
    "hits",
    "precision",
    "recall",
    "average_precision",
    "brier_skill",
    "ece",
)
RULES: Final = {
    "by_cover": "days of cover",
    "by_balance": "projected balance",
    "by_reorder_point": "reorder point",
}


def erp_rules(panel: Panel, mean: Floats, main: int) -> pd.DataFrame:
    """[n] a column a rule, aligned with the panel; a rule that nothing is known for is absent. Days
    of cover stand in every table of warnings (`said_by`).

    - `by_balance`: the lowest projected balance of the main horizon (sellable, plus open orders as
      promised, what is overdue at once, minus mean demand), in periods of mean demand;
    - `by_reorder_point`: position (on_hand + on_order − backlog) ÷ reorder point.

    `mean` [n, H]: mean demand of the forecast, units a period.
    """
    sellable = panel.stock["sellable"].to_numpy(dtype=np.float64)
    found = {}
    balance = sellable[:, None] + np.cumsum(_promised(panel, main) - mean[:, :main], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found["by_balance"] = -balance.min(axis=1) / mean[:, :main].mean(axis=1)
        reorder_point = panel.policies["reorder_point"].to_numpy(dtype=np.float64)
        found["by_reorder_point"] = -_position(panel) / reorder_point
    return pd.DataFrame(
        {
            name: np.where(np.isfinite(score), score, SAFE)
            for name, score in found.items()
            if np.isfinite(score).any()
        }
    )


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a method: had it named as many series as we announced, those it ranks worst.

    `rows`: outcomes (models.scorecard.outcomes) with a column a score, the series of each origin.
    `named`: how many; `hits`: those that ran out within the main horizon, of a draw at the edge
    what is expected; `precision` of those named, `recall` of all that ran out. Chances have
    `brier_skill` and `ece` too.
    """
    known = rows[rows["event"].notna()]
    event, ours = known["event"].to_numpy(), known["probability"]
    count, came = int(known["announced"].sum()), float(event.sum())
    rate = event.mean() if len(event) else np.nan
    table = []
    for name, method in {**OURS, **RULES}.items():
        if name not in known:
            continue
        filled = known[name].fillna(ours if name in OURS else SAFE)
        if name != "probability" and filled.equals(ours):
            continue  # nothing was learned: the structure's chance is ours
        score = filled.to_numpy(dtype=np.float64)
        hits = hits_of_top(event, score, count)
        chances = name in OURS
        table.append(
            {
                "method": method,
                "named": count,
                "hits": hits,
                "precision": hits / count if count else np.nan,
                "recall": hits / came if came else np.nan,
                "average_precision": average_precision(event, score),
                "brier_skill": brier_skill(event, score, rate) if chances else np.nan,
                "ece": calibration_error(event, score) if chances else np.nan,
            }
        )
    return pd.DataFrame(table, columns=list(COLUMNS))


def _promised(panel: Panel, periods: int) -> Floats:
    """[n, periods] open orders by the period of their promise."""
    lines = panel.orders[panel.orders["promised_on"].notna()]
    lines = lines[lines["status"] != "requested"]
    due = to_period(lines["promised_on"].to_numpy(), panel.frequency) - panel.origin - 1
    step = np.maximum(due, 0)
    inside = step < periods
    units = np.zeros((len(panel), periods))
    places = (lines["series"].to_numpy(dtype=np.int64)[inside], step[inside])
    np.add.at(units, places, lines["units_open"].to_numpy(dtype=np.float64)[inside])
    return units


def _position(panel: Panel) -> Floats:
    """[n] on_hand + on_order − backlog, units."""
    overdue = panel.customer_orders
    overdue = overdue[overdue["due_on"] <= pd.Timestamp(panel.origin_date)]
    lines = panel.orders[panel.orders["status"] != "requested"]
    on_order, backlog = (
        np.bincount(
            table["series"].to_numpy(dtype=np.int64),
            table["units_open"].to_numpy(dtype=np.float64),
            minlength=len(panel),
        )
        for table in (lines, overdue)
    )
    on_hand = panel.stock["on_hand"].to_numpy(dtype=np.float64)
    return np.asarray(on_hand + on_order - backlog, dtype=np.float64)
