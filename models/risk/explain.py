"""Cause, deadline and actions of the series at risk, as codes and as words in both languages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Days
from forecasting.panel import Panel
from models.lead_time import Floats, LeadTimes
from models.projection import Supply
from models.risk.causes import Situation, causes_json, first_cause
from models.risk.options import Need, act_by, actions_json

EXPLAIN_FROM: Final = 0.05
"""Chance within the main horizon below which cause and actions stay blank: nobody asks."""

Line = tuple[str, float, dt.date | None]


@dataclass(frozen=True)
class Shortage:
    """What the projection says of n series, as far as causes and deadlines need it."""

    stockout_on: Days  # [n] median; NaT: none
    probability: Floats
    out: NDArray[np.bool_]
    stale: NDArray[np.bool_]
    closes: Floats  # [n, T]
    demand: Floats  # units over the main horizon
    daily_demand: Floats  # units
    main: int  # periods


def explained(
    panel: Panel, supply: Supply, lead_times: LeadTimes, shortage: Shortage
) -> pd.DataFrame:
    """n rows: causes, act_by, actions (compact JSON) and their sentences; "" where not at risk."""
    columns = ["causes", "cause_fr", "cause_en", "act_by", "actions", "action_fr", "action_en"]
    cells = {name: [""] * len(panel) for name in columns}
    lines = _lines_by_series(panel)
    terms = supply.terms
    lead_days = lead_times.median_days(terms.group, terms.master_days)
    basis = lead_times.basis(terms.group, terms.master_days)
    sites = set(panel.series["site"])
    at_risk = (shortage.probability >= EXPLAIN_FROM) | shortage.out
    for row in np.flatnonzero(at_risk).tolist():
        own = lines.get(row, [])
        situation = _situation(panel, supply, shortage, row, own, lead_days[row])
        cause = first_cause(situation)
        need = Need(
            row=row,
            today=panel.origin_date + dt.timedelta(days=1),
            stockout_on=situation.stockout_on or panel.origin_date,
            lead_days=lead_days[row] if _can_order(supply, row, basis[row]) else np.nan,
            units=_units_to_order(supply, shortage, row, own, lead_days[row]),
            by_site=terms.source[row] in sites,
            lines=own,
        )
        deadline, actions = act_by(need, terms)
        cells["causes"][row] = causes_json([cause])
        cells["act_by"][row] = deadline
        cells["actions"][row] = actions_json(actions) if actions else ""
        for language in ("fr", "en"):
            cells[f"cause_{language}"][row] = cause.sentence(language)
            words = [action.sentence(language) for action in actions]
            cells[f"action_{language}"][row] = "; ".join(words)
    return pd.DataFrame(cells, dtype=object)


def _situation(
    panel: Panel, supply: Supply, shortage: Shortage, row: int, lines: list[Line], lead_days: float
) -> Situation:
    stock = panel.stock
    on_hand = stock["on_hand"].to_numpy(dtype=np.float64)
    sellable = stock["sellable"].to_numpy(dtype=np.float64)
    closes = shortage.closes[row]
    usual = panel.units[row, -8 * shortage.main :]
    # an empty shelf sells less than is wanted: such days are no measure of the usual demand
    usual = usual[np.isfinite(usual) & (closes[-len(usual) :] != 1.0)]
    return Situation(
        today=panel.origin_date,
        stockout_on=_date(shortage.stockout_on[row]),
        on_hand=on_hand[row],
        sellable=sellable[row],
        stock_on=_date(stock["stock_on"].iat[row]),
        stale=bool(shortage.stale[row]),
        lines=lines,
        reorder_point=float(supply.policies.reorder_point[row]),
        lead_demand=float(shortage.daily_demand[row] * lead_days),
        demand=float(shortage.demand[row]),
        usual_demand=float(usual.mean() * shortage.main) if len(usual) else np.nan,
        by_habit=bool(supply.habits.usage[row] > 0),
        closes_out=int(np.nansum(closes)),
        closes_known=int(np.isfinite(closes).sum()),
    )


def _units_to_order(
    supply: Supply, shortage: Shortage, row: int, lines: list[Line], lead_days: float
) -> float:
    """Up to the policy's level; without one, for lead time and main horizon. Whole packs."""
    position = np.nan_to_num(supply.on_hand[row]) + sum(units for _, units, _ in lines)
    policies = supply.policies
    level = policies.order_up_to[row]
    if np.isnan(level):
        level = shortage.demand[row] + shortage.daily_demand[row] * lead_days
    missing = level - position
    if missing <= 0:
        return 0.0
    pack = policies.pack[row] or 1.0
    return float(np.ceil(max(missing, policies.least_order[row]) / pack - 1e-9) * pack)


def _can_order(supply: Supply, row: int, basis: str) -> bool:
    """The stock is known, and a source is named or a lead time was learned or stated."""
    somebody = supply.terms.source[row] != "" or basis != "default"
    return bool(np.isfinite(supply.on_hand[row])) and somebody


def _lines_by_series(panel: Panel) -> dict[int, list[Line]]:
    """The order book without what is only requested."""
    found: dict[int, list[Line]] = {}
    sure = panel.orders[panel.orders["status"] != "requested"]
    columns = (sure[name] for name in ("series", "order_id", "units_open", "promised_on"))
    for series, order_id, units, promised_on in zip(*columns, strict=True):
        found.setdefault(int(series), []).append((order_id, float(units), _date(promised_on)))
    return found


def _date(value: object) -> dt.date | None:
    stamp = pd.Timestamp(value)  # type: ignore[arg-type]
    return None if pd.isna(stamp) else stamp.date()
