"""Two runs of the same series side by side: what breaks, what is spared, what it costs. Pure.

A series breaks where a stockout is more likely than not within the farthest risk horizon, and was
not before. Units and value are those expected to be lost up to the same day. Where sites ship to
sites the loss stands at those who sell: rows that others draw from are shown, and not summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import as_days, period_end
from forecasting.panel import Panel
from models.risk.value import value_at_risk

Floats = NDArray[np.float64]
Verdict: TypeAlias = Literal["broken", "sooner", "worse", "same", "better", "relieved"]

BREAKS_FROM: Final = 0.5
"""Chance from which a series breaks: a plan is made for what is more likely than not."""
LEAST_UNITS: Final = 0.05  # expected; below, nothing has changed that anybody would see
DIMENSIONS: Final = ("site", "supplier", "category")
FIGURES: Final = ("units_short", "value", "units_turned_away", "value_turned_away")


@dataclass(frozen=True)
class Run:
    """What one run says of n series up to the farthest horizon, R periods."""

    probability: Floats  # [n] of at least one stockout
    p_no_order: Floats  # [n] the same if nothing more is ordered
    breaks: NDArray[np.datetime64]  # [n] first day by whose end a stockout is likely; NaT: none
    out: NDArray[np.bool_]  # [n] already at the origin
    units_short: Floats  # [n] expected
    value: Floats  # [n] currency; NaN where a unit has no price


def run_of(
    warnings: pd.DataFrame, projection: dict[str, Floats], panel: Panel, reach: int, unmet: float
) -> Run:
    """From the warnings [n] and projection [n, H] that a publication holds, or `assess` gives."""
    first = np.cumsum(projection["p_first"][:, :reach], axis=1)
    alone = np.cumsum(projection["p_first_no_order"][:, :reach], axis=1)
    units = projection["units_short_mean"][:, :reach].sum(axis=1)
    likely = first >= BREAKS_FROM
    period = panel.origin + 1 + likely.argmax(axis=1)
    days = period_end(period, panel.frequency)
    return Run(
        probability=np.minimum(first[:, -1], 1.0),
        p_no_order=np.minimum(alone[:, -1], 1.0),
        breaks=np.where(likely.any(axis=1), as_days(days), np.datetime64("NaT", "D")),
        out=(warnings["state"].astype(str) == "out").to_numpy(),
        units_short=units,
        value=_value(warnings, units, unmet),
    )


def _value(warnings: pd.DataFrame, units: Floats, unmet: float) -> Floats:
    loss = warnings["unit_loss"].to_numpy(dtype=np.float64)
    return value_at_risk(units, unmet, loss, warnings["value_basis"].to_numpy(dtype=object))


def compared(
    series: pd.DataFrame,
    warnings: pd.DataFrame,
    before: Run,
    after: Run,
    *,
    counts: NDArray[np.bool_],
    turned_away: Floats,
    unmet: float,
) -> pd.DataFrame:
    """A row of each of the `series`: both runs, and the verdict. `counts` [n]: enters totals;
    `turned_away` [n]: units that find their site closed."""
    codes = ["site", "sku", "description", "category", "supplier", "buyer"]
    table = series[codes].reset_index(drop=True)
    table["currency"] = warnings["currency"].astype(str).to_numpy(dtype=object)
    table["verdict"] = _verdicts(before, after)
    table["counts"] = counts
    for name, run in (("base", before), ("scenario", after)):
        table[f"probability_{name}"] = run.probability
        table[f"p_no_order_{name}"] = run.p_no_order
        table[f"breaks_on_{name}"] = run.breaks.astype("datetime64[s]")
        table[f"units_short_{name}"] = run.units_short
        table[f"value_{name}"] = run.value
    table["units_short_added"] = after.units_short - before.units_short
    table["value_added"] = after.value - before.value
    table["units_turned_away"] = turned_away
    table["value_turned_away"] = _value(warnings, turned_away, unmet)
    table["out"] = before.out
    return table


def _verdicts(before: Run, after: Run) -> NDArray[np.object_]:
    was, will = (run.probability >= BREAKS_FROM for run in (before, after))
    more = after.units_short - before.units_short
    with np.errstate(invalid="ignore"):
        sooner = was & will & (after.breaks < before.breaks)
    return np.select(
        [
            ~before.out & ~was & will,
            ~before.out & was & ~will,
            ~before.out & sooner,
            more >= LEAST_UNITS,
            more <= -LEAST_UNITS,
        ],
        ["broken", "relieved", "sooner", "worse", "better"],
        "same",
    ).astype(object)


def grouped(table: pd.DataFrame) -> pd.DataFrame:
    """Totals by site, supplier and category, in each currency apart, the largest added value first.

    Series that break are counted wherever they are; units and value where they are lost.
    """
    parts = [_summed(table, name).assign(dimension=name) for name in DIMENSIONS]
    whole = pd.concat(parts, ignore_index=True)
    moved = (whole[["broken", "relieved"]] > 0).any(axis=1)
    moved |= whole["units_short_added"].abs() >= LEAST_UNITS
    moved |= whole["units_turned_away"] >= LEAST_UNITS
    order = ["dimension", "value_added", "units_short_added", "code"]
    ranked = whole[moved].sort_values(order, ascending=[True, False, False, True])
    front = ["dimension", "code", "currency", "broken", "relieved"]
    return ranked[front + [name for name in whole if name not in front]].reset_index(drop=True)


def totals(table: pd.DataFrame) -> dict[str, Any]:
    """The whole as plain values: counts, the first day, and figures by currency."""
    everything = _summed(table.assign(all=""), "all")
    broken = table[table["verdict"] == "broken"]
    first = broken["breaks_on_scenario"].min()
    return {
        "series": len(table),
        **{verdict: int((table["verdict"] == verdict).sum()) for verdict in _counted()},
        "first_break": None if pd.isna(first) else first.date().isoformat(),
        "by_currency": [
            {name: row[name] for name in ("currency", *_figures())}
            for row in everything.to_dict("records")
        ],
    }


def _counted() -> tuple[Verdict, ...]:
    return ("broken", "sooner", "worse", "better", "relieved")


def _figures() -> list[str]:
    both = [f"{name}_{run}" for name in FIGURES[:2] for run in ("base", "scenario", "added")]
    return [*both, *FIGURES[2:]]


def _summed(table: pd.DataFrame, by: str) -> pd.DataFrame:
    counted = table["counts"].to_numpy(dtype=bool)
    figures = table[_figures()].mul(counted, axis=0)
    figures["broken"] = (table["verdict"] == "broken").astype(int)
    figures["relieved"] = (table["verdict"] == "relieved").astype(int)
    keys = [table[by].astype(str).rename("code"), table["currency"].rename("currency")]
    return figures.groupby(keys, sort=True).sum().reset_index()
