"""What a planner reads off one SKU's stock card, as numbers that a classifier can learn from.

A snapshot is one row a SKU on one day, with the columns of the public backorders file (Kaggle,
"Predict Product Backorders"): quantities are in pieces, `sales_k_month` looks back k months and
`forecast_k_month` ahead, both as running totals. No row is compared with another, so a SKU's
features do not depend on who else is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import BadValues, MissingColumns

Vector = NDArray[np.float64]

QUANTITIES: Final = (
    "national_inv",  # on hand, pieces; below 0 where more is promised than there is
    "in_transit_qty",  # on its way from the source, pieces
    "forecast_3_month",  # sales expected in the next 3 months, pieces
    "forecast_6_month",
    "forecast_9_month",
    "sales_1_month",  # sold in the last month, pieces
    "sales_3_month",
    "sales_6_month",
    "sales_9_month",
    "min_bank",  # least stock recommended, pieces
    "pieces_past_due",  # due from the source and not here yet, pieces
    "local_bo_qty",  # owed to customers: orders of today without stock, pieces
)
LEAD: Final = "lead_time"  # weeks from order to arrival; NaN where nobody knows
PERFORMANCES: Final = ("perf_6_month_avg", "perf_12_month_avg")  # source on time, 0 … 1
FLAGS: Final = (  # Yes or No: general risks of the part, and automatic buying stopped
    "potential_issue",
    "deck_risk",
    "oe_constraint",
    "ppap_risk",
    "stop_auto_buy",
    "rev_stop",
)
NUMBERS: Final = (*QUANTITIES, LEAD, *PERFORMANCES)
COLUMNS: Final = (*NUMBERS, *FLAGS)

NO_PERFORMANCE: Final = -99.0  # what the file writes where a source has no record
MONTHS_A_WEEK: Final = 12 / 52
USUAL_LEAD_WEEKS: Final = 8.0  # assumed where it is not known: the file's most frequent
LONGEST_COVER_MONTHS: Final = 60.0  # five years: more stock than this is all alike
HORIZONS: Final = (3, 6, 9)  # months of the running forecasts
LOOK_BACKS: Final = (1, 3, 6, 9)  # months of the running sales

_YES: Final = {"Yes": 1.0, "No": 0.0, True: 1.0, False: 0.0}


def raw_inputs(snapshots: pd.DataFrame) -> pd.DataFrame:
    """The columns as they came, [n, 21] float: flags 1 or 0, performance NaN where −99.

    Raises MissingColumns, and BadValues for a flag which is neither Yes nor No (nor 1 or 0).
    """
    missing = [name for name in COLUMNS if name not in snapshots]
    if missing:
        raise MissingColumns("snapshots", missing, [str(name) for name in snapshots.columns])
    found = snapshots[list(NUMBERS)].astype(float)
    for name in PERFORMANCES:
        found[name] = found[name].mask(found[name] == NO_PERFORMANCE)
    for name in FLAGS:
        told = snapshots[name].map(_YES)
        wrong = told.isna() & snapshots[name].notna()
        if wrong.any():
            raise BadValues("snapshots", name, "Yes or No", snapshots.loc[wrong, name].tolist())
        found[name] = told.astype(float)
    return found


def snapshot_features(snapshots: pd.DataFrame) -> pd.DataFrame:
    """[n, 21 + 50] float: `raw_inputs`, and what follows from them. The input stays unchanged.

    *gaps, pieces*: on hand (`inv_`) or on hand and in transit (`avail_`), less the forecast of a
    horizon, of the lead time, less the least stock, or less what is past due and owed;
    *the same per monthly demand* (`_months`): signed, so that small and large sellers compare;
    *cover, months*: when the running forecast, or the average of past sales, has used it up;
    *deviates*: the gap over the lead time in standard deviations of a Poisson demand;
    *steps, pieces a month*: demand between two horizons; *trends*: log ratio of two rates;
    *shares*: past due ÷ in transit and ÷ available; *performance*: six months less twelve.
    """
    raw = raw_inputs(snapshots)
    col = {name: raw[name].to_numpy() for name in raw}
    on_hand, transit = col["national_inv"], col["in_transit_qty"]
    available = on_hand + transit
    forecast = [np.zeros(len(raw)), *(col[f"forecast_{k}_month"] for k in HORIZONS)]
    sales = {k: col[f"sales_{k}_month"] for k in LOOK_BACKS}
    lead_weeks = np.where(np.isnan(col[LEAD]), USUAL_LEAD_WEEKS, col[LEAD])
    lead_months = lead_weeks * MONTHS_A_WEEK
    over_lead = running_total(forecast, lead_months)
    sold_over_lead = sales[3] / 3 * lead_months
    monthly = np.maximum.reduce([forecast[1] / 3, sales[3] / 3, sales[1], sales[9] / 9])

    made: dict[str, Vector] = {"avail": available, "lead_months": col[LEAD] * MONTHS_A_WEEK}
    made["forecast_over_lead"] = over_lead
    made["sales_over_lead"] = sold_over_lead
    for k, total in zip(HORIZONS, forecast[1:], strict=True):
        made[f"inv_less_forecast_{k}"] = on_hand - total
        made[f"avail_less_forecast_{k}"] = available - total
    for k in LOOK_BACKS:
        made[f"inv_less_sales_{k}"] = on_hand - sales[k]
    made["inv_less_lead_forecast"] = on_hand - over_lead
    made["avail_less_lead_forecast"] = available - over_lead
    made["avail_less_lead_sales"] = available - sold_over_lead
    made["inv_less_min_bank"] = on_hand - col["min_bank"]
    made["avail_less_min_bank"] = available - col["min_bank"]
    made["inv_less_owed"] = on_hand - col["local_bo_qty"]
    made["avail_less_past_due"] = available - col["pieces_past_due"]
    for name in (
        "inv_less_forecast_3",
        "avail_less_forecast_3",
        "avail_less_forecast_9",
        "avail_less_lead_forecast",
        "inv_less_min_bank",
    ):
        made[f"{name}_months"] = _ratio(made[name], monthly)
    made["inv_cover_forecast_months"] = cover_months(on_hand, forecast)
    made["avail_cover_forecast_months"] = cover_months(available, forecast)
    for k in LOOK_BACKS:
        cover = _ratio(np.maximum(on_hand, 0.0), sales[k] / k)
        made[f"inv_cover_sales_{k}_months"] = np.minimum(cover, LONGEST_COVER_MONTHS)
    made["cover_less_lead_months"] = made["avail_cover_forecast_months"] - lead_months
    made["lead_forecast_deviate"] = (available - over_lead) / np.sqrt(over_lead + 1.0)
    made["lead_sales_deviate"] = (available - sold_over_lead) / np.sqrt(sold_over_lead + 1.0)
    made["forecast_3_deviate"] = (on_hand - forecast[1]) / np.sqrt(forecast[1] + 1.0)
    made["forecast_step_6"] = (forecast[2] - forecast[1]) / 3
    made["forecast_step_9"] = (forecast[3] - forecast[2]) / 3
    made["sales_step_3"] = (sales[3] - sales[1]) / 2
    made["sales_step_9"] = (sales[9] - sales[6]) / 3
    made["forecast_to_sales"] = _trend(forecast[1] / 3, sales[3] / 3)
    made["sales_1_to_3"] = _trend(sales[1], sales[3] / 3)
    made["sales_3_to_9"] = _trend(sales[3] / 3, sales[9] / 9)
    made["forecast_3_to_9"] = _trend(forecast[1] / 3, forecast[3] / 9)
    made["past_due_share_of_transit"] = _ratio(col["pieces_past_due"], transit)
    made["owed_months"] = _ratio(col["local_bo_qty"], monthly)
    made["min_bank_months"] = _ratio(col["min_bank"], monthly)
    made["transit_months"] = _ratio(transit, monthly)
    made["perf_change"] = col["perf_6_month_avg"] - col["perf_12_month_avg"]
    made["monthly_demand"] = monthly
    return pd.concat([raw, pd.DataFrame(made, index=raw.index)], axis=1)


def running_total(totals: Sequence[Vector], months: Vector) -> Vector:
    """[n] pieces expected within `months` [n], straight between the totals at 0, 3, 6, 9 months.

    Beyond nine months the average rate of the nine goes on.

    >>> at = np.array([1.5, 6.0, 12.0])
    >>> running_total([np.zeros(3), np.full(3, 6.0), np.full(3, 9.0), np.full(3, 18.0)], at)
    array([ 3.,  9., 24.])
    """
    total = np.zeros(len(months))
    for (before, after), start in zip(pairwise(totals), (0, *HORIZONS[:-1]), strict=True):
        total += (after - before) * np.clip((months - start) / 3, 0.0, 1.0)
    return total + totals[-1] / HORIZONS[-1] * np.maximum(months - HORIZONS[-1], 0.0)


def cover_months(pieces: Vector, totals: Sequence[Vector]) -> Vector:
    """[n] months until the running forecast reaches `pieces` [n]; at most five years.

    Nothing on hand covers 0 months; where nothing is expected, stock covers the five years.

    >>> totals = [np.zeros(4), np.full(4, 6.0), np.full(4, 9.0), np.full(4, 18.0)]
    >>> cover_months(np.array([-2.0, 3.0, 9.0, 24.0]), totals)
    array([ 0. ,  1.5,  6. , 12. ])
    """
    months = np.zeros(len(pieces))
    for before, after in pairwise(totals):
        step = after - before
        part = np.divide(pieces - before, step, out=np.ones(len(pieces)), where=step > 0)
        months += 3 * np.where((step > 0) | (pieces > 0), np.clip(part, 0.0, 1.0), 0.0)
    rest = np.maximum(pieces - totals[-1], 0.0)
    rate = totals[-1] / HORIZONS[-1]
    beyond = np.divide(rest, rate, out=np.full(len(pieces), LONGEST_COVER_MONTHS), where=rate > 0)
    return np.minimum(months + np.where(rest > 0, beyond, 0.0), LONGEST_COVER_MONTHS)


def _ratio(top: Vector, bottom: Vector) -> Vector:
    """NaN where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)


def _trend(rate: Vector, earlier: Vector) -> Vector:
    """log((1 + rate) ÷ (1 + earlier)), pieces a month: 0 where both are nothing."""
    return np.log1p(np.maximum(rate, 0.0)) - np.log1p(np.maximum(earlier, 0.0))
