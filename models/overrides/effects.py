"""What overrides change of the inputs as of an origin, and the figures before and after. Pure.

Demand moves as under a scenario (each sample path with its mean), an order book and the stock are
what people say instead. The history, and so whatever is learned from it, stays as the data have it.
One counts for each series and day, count or order line: of demand the most exact (an item at a
site, an item, a site, anything else), and of equals the one said last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import to_period
from forecasting.demand_forecast import DemandForecast
from forecasting.panel import Panel
from models.overrides.declaration import KINDS
from models.overrides.demand import concerned, wanted_by
from models.overrides.ledger import Override
from models.scenarios.effects import covered

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]  # [n] which series

COLUMNS: Final = {
    **dict.fromkeys(("override", "kind", "site", "sku", "grain", "period"), "object"),
    "period_start": "datetime64[s]",
    **dict.fromkeys(("order_id", "line"), "object"),
    **dict.fromkeys(("before", "after"), "float64"),
    **dict.fromkeys(("before_on", "after_on"), "datetime64[s]"),
}
"""Of the part `overridden`: a row a figure that differs from the data's or the model's. `override`:
its number, or those that moved it together; `before` and `after`: demand of a period, stock on hand
or units open of an order line, with the day it is promised for; and what came of all of them, the
chance of a stockout within the main horizon (`risk`)."""


@dataclass(frozen=True)
class Overridden:
    """A panel or a forecast under overrides, and the figures that they changed."""

    panel: Panel
    forecast: DemandForecast
    figures: pd.DataFrame  # COLUMNS

    @property
    def touched(self) -> Rows:
        """[n] the series of which a figure changed."""
        keys = pd.MultiIndex.from_frame(self.figures[["site", "sku"]])
        return np.asarray(pd.MultiIndex.from_frame(self.panel.series[["site", "sku"]]).isin(keys))

    def with_risk(self, before: pd.Series, after: pd.Series) -> Overridden:
        """With the chances of a stockout [n] of the series touched, without and with it all."""
        places = np.flatnonzero(self.touched)
        if not len(places):
            return self
        by = self.figures.groupby(["site", "sku"])["override"].agg(_together)
        codes = self.panel.series[["site", "sku"]].iloc[places].reset_index(drop=True)
        risk = codes.assign(
            override=[by[pair] for pair in codes.itertuples(index=False, name=None)],
            kind="risk",
            before=before.to_numpy()[places],
            after=after.to_numpy()[places],
        ).reindex(columns=list(COLUMNS))
        return replace(
            self, figures=_figures([*self.figures.to_dict("records"), *risk.to_dict("records")])
        )

    def explained(self, warnings: pd.DataFrame) -> pd.DataFrame:
        """A table of warnings, a row a series of the panel, with the overrides in its `reason`."""
        if not len(self.figures):
            return warnings
        told = list(self.forecast.said or [""] * len(warnings))
        rows = pd.MultiIndex.from_frame(self.panel.series[["site", "sku"]])
        supply = self.figures[self.figures["kind"].isin(["stock", "order"])]
        places = rows.get_indexer(pd.MultiIndex.from_frame(supply[["site", "sku"]]))
        for place, one in zip(places, supply.to_dict("records"), strict=True):
            is_order = one["kind"] == "order"
            what = f"order {one['order_id']}" if is_order else "on hand"
            after = f"{one['after']:.4g}" + (f" on {one['after_on']:%Y-%m-%d}" if is_order else "")
            before = f"{one['before']:.4g}" if pd.notna(one["before"]) else "unknown"
            words = f"override {one['override']}: {what} {after}, {before} before"
            told[place] = "; ".join(filter(None, (told[place], words)))
        reasons = [
            "; ".join(filter(None, pair)) for pair in zip(told, warnings["reason"], strict=True)
        ]
        return warnings.assign(reason=pd.Series(reasons, index=warnings.index, dtype=object))


def overridden(overrides: Sequence[Override], panel: Panel, forecast: DemandForecast) -> Overridden:
    """Stock, order book and demand as people know them; the same where no override is for them.

    Codes that the panel does not have concern nobody: an item may have left since.
    """
    of = {kind: [one for one in overrides if one.kind == kind] for kind in KINDS}
    wanted, of_demand = wanted_by(of["demand"], panel, forecast)
    counted, of_stock = _counted(of["stock"], panel, wanted)
    told, of_orders = _told_of(of["order"], counted)
    return Overridden(told, wanted, _figures([*of_demand, *of_stock, *of_orders]))


def _figures(rows: Sequence[Mapping[Any, Any]]) -> pd.DataFrame:
    """COLUMNS, by series."""
    figures = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    text = [name for name, kind in COLUMNS.items() if kind == "object"]
    figures[text] = figures[text].fillna("")
    return figures.sort_values(["site", "sku"], kind="stable", ignore_index=True)


def _together(told: pd.Series) -> str:
    """The numbers of several figures, each once, in order."""
    return ", ".join(map(str, sorted({int(one) for text in told for one in text.split(", ")})))


def _counted(
    overrides: Sequence[Override], panel: Panel, forecast: DemandForecast
) -> tuple[Panel, list[dict[str, Any]]]:
    """The stock as counted, where no picture of that day or later is known: rolled forward by what
    sold and came in since, or back by the demand expected up to then where the data end before."""
    if not overrides:
        return panel, []
    figures: dict[int, dict[str, Any]] = {}
    stock = panel.stock.copy()
    first_day = panel.origin_date + dt.timedelta(days=1)
    ahead = panel.origin + np.arange(1, forecast.horizon + 1)
    for one in sorted(overrides, key=lambda one: (one.start, one.number)):
        eve = one.start - dt.timedelta(days=1)
        if int(to_period(one.start, panel.frequency)) > ahead[-1]:
            continue
        unreported = covered(ahead, panel.frequency, first_day, eve)  # share before the count
        for row in np.flatnonzero(concerned(one, panel)).tolist():
            pictured = panel.stock["stock_on"].iloc[row]
            if pd.notna(pictured) and pictured >= pd.Timestamp(one.start):
                continue
            before = panel.stock["on_hand"].iloc[row]
            held = before - panel.stock["sellable"].iloc[row]  # blocked or expired
            after = _rolled(one, panel, row) + float((forecast.mean[row] * unreported).sum())
            counted_on = min(eve, panel.origin_date)
            facts = {
                "on_hand": after,
                "sellable": max(after - max(held, 0.0), 0.0) if np.isfinite(held) else after,
                "stock_on": pd.Timestamp(counted_on),
                "rolled": one.start != first_day,
                "stale_days": float((panel.origin_date - counted_on).days),
            }
            for name, value in facts.items():
                stock.loc[row, name] = value
            figures[row] = {
                **{"override": str(one.number), "kind": "stock"},
                **{name: panel.series[name].iloc[row] for name in ("site", "sku")},
                **{"before": before, "after": after},
                **{"before_on": pictured, "after_on": pd.Timestamp(one.start)},
            }
    if not figures:
        return panel, []
    return replace(panel, stock=stock.astype(panel.stock.dtypes)), list(figures.values())


def _rolled(count: Override, panel: Panel, row: int) -> float:
    """Units at the origin of what was counted on the morning of a day up to the one after it."""
    units = float(count.units or 0.0)
    first = int(to_period(count.start, panel.frequency))
    if first > panel.origin:
        return units
    periods = np.arange(max(first, panel.start), panel.origin + 1)
    share = covered(periods, panel.frequency, count.start, panel.origin_date)
    since = periods - panel.start
    sold, came = (np.nan_to_num(one[row, since]) for one in (panel.units, panel.receipts))
    return max(units + float((share * (came - sold)).sum()), 0.0)


def _told_of(overrides: Sequence[Override], panel: Panel) -> tuple[Panel, list[dict[str, Any]]]:
    """The order book with the days and the shares that people were told; what comes never is not
    in it."""
    if not overrides:
        return panel, []
    book = panel.orders
    promised, open_units = book["promised_on"].copy(), book["units_open"].copy()
    by: dict[int, dict[str, int]] = {}
    series = book["series"].to_numpy(dtype=np.int64)
    for one in overrides:
        mine = (book["order_id"] == one.order).to_numpy() & concerned(one, panel)[series]
        said = []
        if one.expected_on is not None and one.expected_on > panel.origin_date:
            promised[mine] = pd.Timestamp(one.expected_on)
            said.append("day")
        if one.factor is not None:
            open_units[mine] = book["units_open"][mine] * one.factor
            said.append("share")
        for line in np.flatnonzero(mine).tolist():
            by.setdefault(line, {}).update(dict.fromkeys(said, one.number))
    same_day = (promised == book["promised_on"]) | (promised.isna() & book["promised_on"].isna())
    changed = (~same_day | (open_units != book["units_open"])).to_numpy()
    if not changed.any():
        return panel, []
    figures = [
        {
            **{"override": ", ".join(map(str, sorted({*by[line].values()}))), "kind": "order"},
            **{name: panel.series[name].iloc[series[line]] for name in ("site", "sku")},
            **{name: book[name].iloc[line] for name in ("order_id", "line")},
            **{"before": book["units_open"].iloc[line], "after": open_units.iloc[line]},
            **{"before_on": book["promised_on"].iloc[line], "after_on": promised.iloc[line]},
        }
        for line in np.flatnonzero(changed).tolist()
    ]
    orders = book.assign(promised_on=promised, units_open=open_units)
    kept = orders[(open_units > 0).to_numpy()].reset_index(drop=True)
    return replace(panel, orders=kept), figures
