"""Panel, demand paths and lead times → the warnings and projection tables of one origin.

The ladder: a hazard learned from past ruptures on top of the structure (`learned`); stock projected
along the paths (`structural`); where only availability is known, the series' own record of
stockouts (`status`); where nothing is, the network's (`not enough evidence`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Days, end_date, label, labels, period_end, period_start
from forecasting.options import Options
from forecasting.panel import Panel
from models.lead_time import Floats, LeadTimes
from models.projection import Supply
from models.risk.features import series_features
from models.risk.hazard import RuptureHazard, reach_of
from models.risk.outlook import Outlook
from models.risk.shortage import Shortage
from models.risk.structure import Structure
from models.risk.value import loss_of_units, unit_loss
from models.risk.way_out.explain import acted_on, explained
from models.risk.way_out.whatif import WhatIf

if TYPE_CHECKING:
    from forecasting.demand_forecast import DemandForecast

WayOut: TypeAlias = Literal["whole", "actions", "none"]
"""Causes, options and groups; of them only which actions are recommended; nothing."""
Asked: TypeAlias = Callable[[pd.DataFrame, pd.DataFrame], NDArray[np.bool_]]
"""Warnings and projection, as far as they are known before any action is → [n] of which series
actions are asked for."""

WARN_FROM: Final = 0.25
"""Chance within the main horizon from which a series is announced (state `new`): one in four."""


@dataclass(frozen=True)
class Told:
    """Everything that a warning is written from."""

    structure: Structure
    outlook: Outlook  # the structure's, or what the learned hazard moved it to
    learned: NDArray[np.bool_]  # [n] moved by it
    hazard: RuptureHazard | None


@dataclass(frozen=True)
class RiskAssessment:
    """`warnings`: a row a series, aligned with the panel; `projection`: a row a series and period.

    In `projection`, the sum of `p_first` up to a horizon is that horizon's probability, and the sum
    of `units_short_mean` over the main horizon is `units_short`.
    """

    warnings: pd.DataFrame
    projection: pd.DataFrame
    mean_units: Floats  # [n, H] expected units sold, stock allowing, own grain
    options: pd.DataFrame  # what can be done: a row an option of the series at risk
    groups: pd.DataFrame  # a row a group of warnings that one action repairs
    supply: Supply  # what everything above rests on, beside demand


def assess(
    panel: Panel,
    forecast: DemandForecast,
    lead_times: LeadTimes,
    options: Options,
    hazard: RuptureHazard | None = None,
    *,
    way_out: WayOut = "whole",
    asked: Asked | None = None,
) -> RiskAssessment:
    """Every series' stockout risk as of the panel's origin, with dates, units, value and causes.

    `way_out`: what is told of causes, options and groups, which takes longer than all the rest;
    `asked`: of whom `actions` are; None: of all at risk.
    """
    horizon = forecast.grains[panel.frequency].horizon
    structure = Structure.of(
        panel, forecast, lead_times, options, horizon=horizon, dated=hazard is None
    )
    standing, outlook, mean = structure.standing, structure.outlook, structure.mean
    learned = np.zeros(len(panel), dtype=bool)
    known, features = None, None
    if hazard is not None:
        learned = standing.teaches
        known = structure.known(panel, lead_times, reach_of(options))
        features = series_features(panel, known)
        first = hazard.chained(features, panel, known, options)
        outlook = structure.moved_to(first, learned, options)
    for one in (structure.outlook, outlook):  # may be the same: put twice it is as put once
        one.put_nothing(standing.idle, _sold_unstocked(panel, one, mean)[standing.idle])
    told = Told(structure, outlook, learned, hazard)
    warnings = _warnings(panel, told, options)
    whatif = WhatIf(
        panel, forecast, lead_times, options, structure, outlook, learned, hazard, features, known
    )
    shortage = _shortage(panel, told, warnings, options)
    projection = _projection(panel, told)
    if way_out == "actions":
        everyone = np.ones(len(panel), dtype=bool)
        why = acted_on(whatif, shortage, asked(warnings, projection) if asked else everyone)
    else:
        why = explained(whatif, shortage.of_nobody() if way_out == "none" else shortage)
    told_of = pd.concat([warnings, why.cells], axis=1).assign(
        loss_a_day=_loss_a_day(panel, told, shortage)
    )
    return RiskAssessment(
        _in_order(told_of, panel, options),
        projection,
        _mean_units(outlook, mean),
        why.options,
        why.groups,
        structure.supply,
    )


def _shortage(panel: Panel, told: Told, table: pd.DataFrame, options: Options) -> Shortage:
    mean, standing = told.structure.mean, told.structure.standing
    main = min(options.main_horizon, mean.shape[1])
    loss, basis = unit_loss(panel)
    blocked = np.nan_to_num(told.structure.supply.blocked)
    left = told.outlook.on_hand_p10[:, :main].min(axis=1) - blocked
    settled = standing.quantity & ~standing.idle & ~standing.stale
    return Shortage(
        stockout_on=table["stockout_on"].to_numpy().astype("datetime64[D]"),
        back_on=table["back_on"].to_numpy().astype("datetime64[D]"),
        probability=np.where(standing.unused, 0.0, table["probability"]),
        out=(table["state"] == "out").to_numpy(),
        stale=standing.stale,
        closes=standing.closes,
        demand=np.maximum(mean, told.structure.supply.booked)[:, :main].sum(axis=1),
        daily_demand=mean[:, :main].mean(axis=1) / panel.frequency.days,
        units_short=table["units_short"].to_numpy(dtype=np.float64),
        spare=np.where(settled, np.maximum(np.nan_to_num(left), 0.0), 0.0),
        loss=loss_of_units(panel, options.unmet, loss, basis),
        currency=table["currency"].to_numpy(dtype=object),
        listed=table["state"].isin(["new", "out"]).to_numpy(),
    )


def _loss_a_day(panel: Panel, told: Told, shortage: Shortage) -> Floats:
    """[n] currency that each day of the first period is expected to cost where the shelf is out;
    NaN elsewhere, and of unknown value."""
    missed = told.outlook.means["unmet"][:, 0] / panel.frequency.days
    return np.where(shortage.out, missed * shortage.loss, np.nan)


def _in_order(table: pd.DataFrame, panel: Panel, options: Options) -> pd.DataFrame:
    """The columns of the contract first."""
    horizons = [f"p_{h}{panel.frequency.value.lower()}" for h in options.risk_horizons]
    first = [
        *("site", "sku", "probability", "horizon_days", *horizons),
        *("stockout_on", "stockout_on_p10", "stockout_on_p90", "days_of_cover", "units_short"),
        *("value_at_risk", "currency", "causes", "act_by", "actions", "method", "origin", "state"),
        *("p_no_order", "p_before_next_receipt", "back_on"),
    ]
    return table[first + [name for name in table.columns if name not in first]]


def _mean_units(outlook: Outlook, mean: Floats) -> Floats:
    """[n, H] what will sell, stock allowing: the share of the paths' demand served, of the mean.

    The share rather than the units of the paths: a mean of 500 paths carries noise, and a planner
    would see more sold than wanted.
    """
    wanted, served = outlook.means["demand"], outlook.means["served"]
    with np.errstate(invalid="ignore", divide="ignore"):
        return mean * np.where(wanted > 0, served / wanted, 1.0)


def _sold_unstocked(panel: Panel, outlook: Outlook, mean: Floats) -> Floats:
    """[n, H] what sells without a shelf: all that is wanted of to_order and dropship items."""
    ordered_in = panel.series["mode"].isin(["to_order", "dropship"]).to_numpy()
    return np.where(ordered_in[:, None], mean, outlook.means["served"])


def _warnings(panel: Panel, told: Told, options: Options) -> pd.DataFrame:
    outlook, structure = told.outlook, told.structure
    mean, standing = structure.mean, structure.standing
    horizon = mean.shape[1]
    main = min(options.main_horizon, horizon)
    stock = panel.stock
    table = panel.series[["site", "sku"]].reset_index(drop=True)
    table["probability"] = outlook.chance(main)
    table["horizon_days"] = _days_until(panel, main)
    horizons = [f"p_{h}{panel.frequency.value.lower()}" for h in options.risk_horizons]
    for name, periods in zip(horizons, options.risk_horizons, strict=True):
        table[name] = outlook.chance(periods)
    for place, name in ((1, "stockout_on"), (0, "stockout_on_p10"), (2, "stockout_on_p90")):
        table[name] = _dates_within(panel, outlook.out_after[:, place])
    sellable = stock["sellable"].to_numpy(dtype=np.float64)
    daily = mean[:, :main].mean(axis=1) / panel.frequency.days
    table["days_of_cover"] = np.divide(
        np.maximum(sellable, 0.0), daily, out=np.full(len(table), np.nan), where=daily > 0
    )
    table["units_short"] = outlook.units_short(main)
    loss, basis = unit_loss(panel)
    table["value_at_risk"] = outlook.units_short(main) * loss_of_units(
        panel, options.unmet, loss, basis
    )
    table["currency"] = np.where(basis != "", panel.series["currency"], "")
    table["origin"] = label(panel.origin, panel.frequency)
    table["state"] = np.select(
        [
            standing.idle,
            standing.unused,
            standing.out,
            standing.unknown,
            table["probability"] >= WARN_FROM,
        ],
        ["not_stocked", "unused", "out", "unknown", "new"],
        "none",
    ).astype(object)
    table["method"] = np.select(
        [standing.idle, told.learned, standing.quantity, standing.status],
        ["not stocked", "learned", "structural", "status"],
        "not enough evidence",
    ).astype(object)
    table["p_no_order"] = outlook.chance_no_order(main)
    table["p_before_next_receipt"] = outlook.before_receipt
    out = (table["state"] == "out").to_numpy()
    back = np.where(out, outlook.back_after, np.nan)
    table["back_on"] = _dates_ending(panel, back)
    table["reason"] = _reasons(panel, told)
    table["value_basis"] = basis
    table["unit_loss"] = loss
    table["on_hand"] = stock["on_hand"].to_numpy(dtype=np.float64)
    table["sellable"] = sellable
    table["stock_on"] = stock["stock_on"].astype("datetime64[s]").to_numpy()
    table["stale"] = standing.stale
    table["p_structural"] = structure.outlook.chance(main)
    return table


def _reasons(panel: Panel, told: Told) -> NDArray[np.object_]:
    """Why this method, and what was assumed for want of data."""
    supply, standing = told.structure.supply, told.structure.standing
    rolled = panel.stock["rolled"].to_numpy(dtype=bool)
    dated = panel.stock["stock_on"].dt.strftime("%Y-%m-%d").fillna("").to_numpy(dtype=object)
    reasons = []
    for row in range(len(panel)):
        if standing.idle[row]:
            reasons.append(standing.why_idle[row])
        elif standing.unused[row]:
            reasons.append("never stocked, sold or ordered")
        elif not standing.quantity[row]:
            missing = "no quantity on hand: availability only"
            if np.isfinite(supply.on_hand[row]):
                missing = f"stock of {dated[row]} too old to project"
            elif not standing.status[row]:
                missing = "no stock row for this series"
            reasons.append(missing)
        else:
            notes = []
            if rolled[row]:
                notes.append(f"stock of {dated[row]} rolled forward")
            if standing.stale[row]:
                notes.append(f"stock stale since {dated[row]}")
            if supply.unseen[row]:
                notes.append(f"sales unknown for {supply.unseen[row]} period(s): widened")
            if supply.habits.usage[row] > 0:
                notes.append("no policy: receipts as usual")
            elif np.isnan(supply.policies.reorder_point[row]):
                notes.append("no policy: no further order assumed")
            elif not supply.policies.stated[row]:
                at, up_to = supply.policies.reorder_point[row], supply.policies.order_up_to[row]
                notes.append(
                    f"no policy: ordered as its past orders were, at {at:.1f} up to {up_to:.1f}"
                )
            notes.append(supply.errors.assumption)
            reasons.append("; ".join(notes))
        if told.learned[row] and told.hazard is not None:
            share = told.hazard.shares[int(standing.out[row])]
            by = f"{share:.0%} learned from past ruptures, the rest structural"
            reasons[-1] = "; ".join(part for part in (by, reasons[-1]) if part)
    return np.array(reasons, dtype=object)


def _projection(panel: Panel, told: Told) -> pd.DataFrame:
    """The long table: a row a series and period."""
    outlook = told.outlook
    count, horizon = outlook.on_hand_p10.shape
    names = labels(panel.origin + np.arange(1, horizon + 1), panel.frequency)
    means = outlook.means
    columns = {
        "on_hand_mean": means["on_hand"],
        "on_hand_p10": outlook.on_hand_p10,
        "on_hand_p90": outlook.on_hand_p90,
        "arrivals_mean": means["arrivals"],
        "demand_mean": means["demand"],
        "booked": told.structure.supply.booked[:, :horizon],
        "p_out": means["out"],
        "p_first": means["first_out"],
        "p_first_no_order": means["first_alone"],
        "units_short_mean": means["unmet"],
        "losses_mean": means["losses"],
        "p_first_structural": told.structure.outlook.means["first_out"],
    }
    series = np.repeat(np.arange(count), horizon)
    table = panel.series[["site", "sku"]].iloc[series].reset_index(drop=True)
    table["period"] = np.tile(np.array(names, dtype=object), count)
    for name, values in columns.items():
        table[name] = values.ravel()
    return table


def _days_until(panel: Panel, periods: int) -> int:
    return (end_date(panel.origin + periods, panel.frequency) - panel.origin_date).days


def _dates_within(panel: Panel, after: Floats) -> NDArray[np.datetime64]:
    """The day that lies a number of periods, with its fraction, after the origin; NaN: NaT."""
    known = np.isfinite(after)
    whole = np.floor(np.where(known, after, 0.0)).astype(np.int64)
    period = panel.origin + 1 + whole
    start, end = (bound(period, panel.frequency) for bound in (period_start, period_end))
    length = (end - start).astype(np.int64) + 1
    inside = np.floor((np.where(known, after, 0.0) - whole) * length).astype("timedelta64[D]")
    return _blank_unless(known, start + inside)


def _dates_ending(panel: Panel, after: Floats) -> NDArray[np.datetime64]:
    """The last day of the period that lies whole periods after the first; NaN: NaT."""
    known = np.isfinite(after)
    period = panel.origin + 1 + np.where(known, after, 0.0).astype(np.int64)
    return _blank_unless(known, period_end(period, panel.frequency))


def _blank_unless(known: NDArray[np.bool_], days: Days) -> NDArray[np.datetime64]:
    return np.where(known, days, np.datetime64("NaT", "D")).astype("datetime64[s]")
