"""When to order: below a reorder point, below days of cover, or by the product's chance of nothing
left when the next chance to order would have come to the shelf. The lot is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.risk.simulator.demand import Demand, Whole
from benchmarks.risk.simulator.feeds import feeds_of
from benchmarks.risk.simulator.operations import Shop
from benchmarks.risk.simulator.planner import REVISED_DAYS, Habits, Morning
from benchmarks.risk.simulator.suppliers import Flags, Real
from benchmarks.risk.simulator.world import World
from benchmarks.rows import TableRows
from forecasting.calendar import Frequency
from forecasting.forecaster import FittedDemand
from forecasting.options import Options
from forecasting.panel import Panel, build_panel
from forecasting.tables import FEEDS, Kind
from models.lead_time import LeadTimes, fit_lead_times
from models.projection import OpenLines, Supply, project, seeds

RECENT_DAYS: Final = 56  # whose mean sales size the lots, and are the ERP's forecast
ROLLED_DAYS: Final = 7  # from one forecast to the next
LEARNED_FEEDS: Final = ("items", "events", "sales", "stock", "orders", "receipts")

Due = Callable[[Morning], Flags]  # [n] who orders, were today an order day


@dataclass(frozen=True)
class Lots:
    """A planner that orders the demand of a cycle, or until the next review where that is longer,
    in whole packs, whenever an order is due."""

    habits: Habits
    due: Due

    def wishes(self, morning: Morning) -> Whole:
        days = np.maximum(self.habits.cycle_days, self.habits.gap_days)
        lot = np.maximum(days * recent(morning).mean(axis=1), 1.0)
        packs = np.ceil(lot / self.habits.pack).astype(np.int64)
        return np.where(self.due(morning), packs * self.habits.pack, 0)


def recent(morning: Morning) -> Whole:
    """[n, 56] units sold"""
    return morning.sold[:, morning.day - RECENT_DAYS : morning.day]


def by_reorder_point(habits: Habits, deviations: float) -> Due:
    """Position at or below the mean sales until the next order comes + so many deviations, set
    anew each morning: better than a master that somebody has to keep."""

    def due(morning: Morning) -> Flags:
        return morning.position <= _reorder_point(habits, morning, deviations)

    return due


def by_kept_reorder_point(habits: Habits, deviations: float) -> Due:
    """The same, set anew each quarter: the master that an ERP keeps."""
    kept: list[tuple[int, Real]] = []

    def due(morning: Morning) -> Flags:
        if not kept or morning.day - kept[-1][0] >= REVISED_DAYS:
            kept.append((morning.day, _reorder_point(habits, morning, deviations)))
        return morning.position <= kept[-1][1]

    return due


def _reorder_point(habits: Habits, morning: Morning, deviations: float) -> Real:
    sold, span = recent(morning), habits.span_days
    return sold.mean(axis=1) * span + deviations * sold.std(axis=1) * np.sqrt(span)


def by_cover(habits: Habits, days: float) -> Due:
    """Position at or below the mean sales until the next order comes and so many days more."""

    def due(morning: Morning) -> Flags:
        return morning.position <= recent(morning).mean(axis=1) * (habits.span_days + days)

    return due


def panel_of(world: World, day: int, options: Options) -> Panel:
    """What the product sees at the close of a day."""
    frames = feeds_of(world)
    tables = {feed: table_of(feed, frames[feed]) for feed in LEARNED_FEEDS if len(frames[feed])}
    return build_panel(TableRows(tables), _period(world.run.demand, day), options)


class ByChance:
    """Order where the shelf is empty in at least this share of the product's paths at the close of
    the day before an order of the next review comes, if nothing is ordered now."""

    def __init__(
        self, shop: Shop, world: World, fitted: FittedDemand, options: Options, share: float
    ) -> None:
        self.shop, self.world, self.fitted, self.share = shop, world, fitted, share
        self.options = options
        self.span_days = world.planners.habits.span_days
        self.horizon = int(self.span_days.max())
        self.origin = -1

    def may_order(self, morning: Morning) -> Whole:
        """Rows whose supplier takes orders today, with the forecasts brought up to date."""
        if self.origin < 0 or morning.day - 1 - self.origin >= ROLLED_DAYS:
            self._roll(morning.day - 1)
        luck = self.shop.luck
        return np.flatnonzero(luck.takes[luck.route, morning.day])

    def __call__(self, morning: Morning) -> Flags:
        rows = self.may_order(morning)
        due = np.zeros(len(self.span_days), bool)
        if len(rows):
            due[rows] = self._empty(rows, morning) >= self.share
        return due

    def _roll(self, day: int) -> None:
        panel = panel_of(replace(self.world, run=self.shop.happened()), day, self.options)
        forecast = self.fitted.forecast(panel)
        keys = pd.MultiIndex.from_frame(panel.series[["site", "sku"]])
        wanted = pd.MultiIndex.from_frame(self.shop.demand.series[["site", "sku"]])
        ahead = self.horizon + ROLLED_DAYS - 1
        self.paths = forecast.paths(slice(0, len(panel)), ahead)[keys.get_indexer(wanted)]
        self.lead_times: LeadTimes = fit_lead_times(panel, self.options)
        self.origin = day

    def _empty(self, rows: Whole, morning: Morning) -> Real:
        """[rows] share of the paths"""
        ahead = morning.day - 1 - self.origin
        demand = self.paths[rows, :, ahead : ahead + self.horizon]
        supply = self._supply(rows, morning)
        whole = slice(0, len(rows))
        found = project(demand, supply, whole, main=self.horizon, lost_share=1.0)
        out = found.means["out"]
        return out[np.arange(len(rows)), self.span_days[rows] - 1]

    def _supply(self, rows: Whole, morning: Morning) -> Supply:
        codes = self.shop.demand.series.iloc[rows]
        return Supply.plain(
            morning.on_hand[rows].astype(float),
            seed=seeds(self.options.seed, codes["site"], codes["sku"]),
            lines=self._open_lines(rows, morning.day),
            horizon=self.horizon,
        )

    def _open_lines(self, rows: Whole, day: int) -> OpenLines:
        """Of the morning, today's goods booked: what is open cannot come before tomorrow."""
        run = self.shop.happened()
        lines = run.lines
        came = run.receipts.groupby("line")["units"].sum().reindex(lines.index, fill_value=0)
        lines = lines.assign(left=lines["units"] - came)
        lines = lines[(lines["ended"] > day) & lines["row"].isin(rows)].sort_values("row")
        row = lines["row"].to_numpy()
        sku = self.shop.demand.series["sku"].to_numpy()[row]
        suppliers = self.world.suppliers
        source = suppliers.codes[suppliers.of_series[row]]
        group = self.lead_times.group_of(list(source), list(sku))
        promise = np.where(lines["told_on"] <= day, lines["told"], lines["promised"])
        dates = self.shop.demand.dates[0]
        dated = pd.DataFrame(
            {
                "ordered_on": (dates + lines["day"].to_numpy()).astype("datetime64[s]"),
                "promised_on": (dates + promise).astype("datetime64[s]"),
            }
        )
        chance = self.lead_times.arrival_chance(
            dated, group, _period(self.shop.demand, day), Frequency.DAY, self.horizon - 1
        )
        return OpenLines.from_suppliers(
            series=np.searchsorted(rows, row),
            units=lines["left"].to_numpy(float),
            chance=np.concatenate([np.zeros((len(lines), 1)), chance], axis=1),
            share=self.lead_times.shares[group],
            seed=seeds(self.options.seed, lines.index.to_series().astype(str)),
        )


def _period(demand: Demand, day: int) -> int:
    return int(demand.dates[day].astype("datetime64[D]").astype(np.int64))


def table_of(feed: str, frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    dated = {column.name for column in FEEDS[feed].columns if column.kind is Kind.DATE}
    for place, name in enumerate(table.column_names):
        if name in dated:
            table = table.set_column(place, name, table.column(name).cast(pa.date32()))
    return table


RULES: Final[Mapping[str, Callable[[Habits, float], Due]]] = {
    "reorder point": by_kept_reorder_point,
    "reorder point, daily": by_reorder_point,
    "days of cover": by_cover,
}
