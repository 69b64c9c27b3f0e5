"""Two runs of the same series side by side: what breaks, what is spared, what it costs. Pure.

A series breaks where a stockout is more likely than not within the farthest risk horizon, and was
not before. Units and value are those expected to be lost up to the same day. Where sites ship to
sites the loss stands at those who sell: rows that others draw from are shown, and not summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import as_days, period_end
from forecasting.panel import Panel
from models.risk.value import value_at_risk
from models.scenarios.totals import LEAST_UNITS

Floats = NDArray[np.float64]

BREAKS_FROM: Final = 0.5
"""Chance from which a series breaks: a plan is made for what is more likely than not."""


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
    source: NDArray[np.object_],
    counts: NDArray[np.bool_],
    turned_away: Floats,
    unmet: float,
) -> pd.DataFrame:
    """A row of each of the `series`: both runs, and the verdict. `source` [n]: the site that
    feeds it, "" a supplier; `counts` [n]: enters totals; `turned_away` [n]: units that find their
    site closed."""
    codes = ["site", "sku", "description", "uom", "category", "supplier", "buyer"]
    table = series[codes].reset_index(drop=True)
    table["source"] = source
    table["currency"] = warnings["currency"].astype(str).to_numpy(dtype=object)
    spared = np.isin(verdicts := _verdicts(before, after), ("relieved", "better"))
    # nobody is spared a stockout by a door that is shut
    table["verdict"] = np.where(spared & (turned_away > 0), "same", verdicts)
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
