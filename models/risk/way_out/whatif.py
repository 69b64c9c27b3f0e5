"""One series under other inputs: the same paths, projected again, and the learned risk on top.

Causes, options and deadlines are differences between such reruns. A variant keeps the series' own
draws (demand paths, record errors, arrivals of each line), so that a difference is the change and
not luck, and the weights that the publication gave to its paths, so that more units on the shelf
never lose more. `p` of a variant comes from the learned model again, as it would in a publication
made with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import as_days, end_date
from forecasting.options import Options
from forecasting.panel import Panel
from models.lead_time import Floats, LeadTimes, Rows
from models.projection import surely_open
from models.risk.features import Known
from models.risk.hazard import RuptureHazard
from models.risk.outlook import Outlook
from models.risk.structure import Structure
from models.risk.way_out.silence import Silence, silences
from models.risk.way_out.variants import BookedLine, OpenLine
from models.risk.way_out.working_days import ALL_WEEK, NONE, WorkingDays
from models.terms import Routes, Way

if TYPE_CHECKING:
    from forecasting.demand_forecast import DemandForecast

DAYS_OF_A_LINE: Final = ("promised_on", "ordered_on")
SHORT_LINE: Final = ("series", "order_id", "units_received", "units_ordered")

ShortLine = tuple[str, float, float]  # order, units that came, units ordered


@dataclass(frozen=True)
class WhatIf:
    """A published assessment that can be asked again."""

    panel: Panel
    forecast: DemandForecast
    lead_times: LeadTimes
    options: Options
    structure: Structure
    outlook: Outlook  # as published
    learned: NDArray[np.bool_]  # [n]
    hazard: RuptureHazard | None
    features: pd.DataFrame | None  # [n, F] where the hazard is there
    known: Known | None

    @cached_property
    def lead_days(self) -> Floats:
        """[n] median days of an order from the usual source of each series."""
        terms = self.structure.supply.terms
        return self.lead_times.median_days(terms.group, terms.master_days)

    @cached_property
    def sellable(self) -> list[float]:
        """[n] units at the origin; NaN unknown."""
        return _floats(self.panel.stock["sellable"])

    @cached_property
    def on_hand(self) -> list[float]:
        """[n] the same with what may not be sold."""
        return _floats(self.panel.stock["on_hand"])

    @cached_property
    def stock_on(self) -> list[dt.date | None]:
        """[n] the day of each stock picture."""
        return _days(self.panel.stock["stock_on"])

    @cached_property
    def ends_on(self) -> list[dt.date | None]:
        """[n] the day on which each item is discontinued."""
        return _days(self.panel.series["discontinued_on"])

    @cached_property
    def working_days(self) -> WorkingDays:
        """Of the buyers."""
        return WorkingDays.of(self.options.country, self.panel.origin_date)

    @cached_property
    def _routes(self) -> Routes:
        return Routes.of(self.panel)

    @cached_property
    def _to_ask(self) -> dict[Way, WorkingDays]:
        return {}

    @cached_property
    def _to_receive(self) -> dict[Way, WorkingDays]:
        return {}

    def days_to_ask(self, row: int, source: str) -> WorkingDays:
        """On which a buyer can reach a supplier or a site that delivers to a series."""
        way = self._way(row, source)
        if way not in self._to_ask:
            self._to_ask[way] = self.working_days.but(self._routes.source_closed(way))
        return self._to_ask[way]

    def days_to_receive(self, row: int, source: str) -> WorkingDays:
        """On which goods of a source can come in at the site of a series."""
        way = self._way(row, source)
        if way not in self._to_receive:
            weekdays, closed = self._routes.receiving(way)
            self._to_receive[way] = WorkingDays(NONE, weekdays or ALL_WEEK).but(closed)
        return self._to_receive[way]

    def _way(self, row: int, source: str) -> Way:
        site, sku = self.code_of[row]
        return self._routes.way(site, source, sku)

    @property
    def main(self) -> int:
        return min(self.options.main_horizon, self.structure.mean.shape[1])

    @cached_property
    def silences(self) -> Mapping[str, Silence]:
        """By supplier, of those from whom nothing has come for long."""
        return silences(self.panel)

    @cached_property
    def other_suppliers(self) -> dict[str, set[str]]:
        """By item, the suppliers from whom it ever came."""
        lines = self.panel.order_history
        lines = lines[lines["received_on"].notna() & (lines["supplier"].fillna("") != "")]
        skus = self.panel.series["sku"].iloc[lines["series"].to_numpy(dtype=np.int64)]
        pairs = set(zip(skus, lines["supplier"].astype(str), strict=True))
        found: dict[str, set[str]] = {}
        for sku, supplier in pairs:
            found.setdefault(sku, set()).add(supplier)
        return found

    @cached_property
    def came_short(self) -> dict[int, list[ShortLine]]:
        """By series, the suppliers' lines that came within the last main horizon and ended with
        less than was ordered; what a site of ours sent short is that site's own shortage."""
        lines = self.panel.order_history
        lately = self.panel.origin_date - dt.timedelta(
            days=round(self.main * self.panel.frequency.days)
        )
        short = lines["units_received"] < lines["units_ordered"]
        ended = (lines["received_on"] > pd.Timestamp(lately)) & (lines["units_open"] <= 0)
        bought = lines["source_site"].fillna("") == ""
        lines = lines[short & ended & bought]
        found: dict[int, list[ShortLine]] = {}
        for row, *line in zip(*(lines[name] for name in SHORT_LINE), strict=True):
            order_id, came, ordered = line
            found.setdefault(int(row), []).append((str(order_id), float(came), float(ordered)))
        return found

    @cached_property
    def booked(self) -> dict[int, list[BookedLine]]:
        """By series, the customers' open lines that are due within the main horizon, or overdue:
        those of at once first, then by day."""
        panel = self.panel
        last = end_date(panel.origin + self.main, panel.frequency)
        lines = panel.customer_orders.sort_values(["due_on", "order_id"], na_position="first")
        columns = (lines["order_id"], lines["customer"].fillna(""), lines["units_open"])
        found: dict[int, list[BookedLine]] = {}
        for row, code, who, units, due in zip(
            lines["series"], *columns, _days(lines["due_on"]), strict=True
        ):
            if due is None or due <= last:
                line = BookedLine(str(code), str(who), float(units), due)
                found.setdefault(int(row), []).append(line)
        return found

    @cached_property
    def declared(self) -> dict[str, list[str]]:
        """By item, those declared to replace it, or that it replaced."""
        series = self.panel.series
        found: dict[str, list[str]] = {}
        for sku, old in set(zip(series["sku"], series["replaces"], strict=True)):
            if old:
                found.setdefault(old, []).append(sku)
                found.setdefault(sku, []).append(old)
        return {sku: sorted(others) for sku, others in found.items()}

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The open lines that may come, sorted by series."""
        return surely_open(self.panel.orders)

    @cached_property
    def code_of(self) -> list[tuple[str, str]]:
        """Site and sku of each series."""
        series = self.panel.series
        return list(zip(series["site"], series["sku"], strict=True))

    @cached_property
    def uom_of(self) -> dict[str, str]:
        """Unit of measure of each sku; blank where none is declared."""
        series = self.panel.series
        return dict(zip(series["sku"], series["uom"], strict=True))

    @cached_property
    def row_of(self) -> dict[tuple[str, str], int]:
        """Of each site and sku."""
        return {code: row for row, code in enumerate(self.code_of)}

    @cached_property
    def _first_line(self) -> Rows:
        series = self.lines["series"].to_numpy(dtype=np.int64)
        return np.searchsorted(series, np.arange(len(self.panel) + 1))

    def places_of(self, row: int) -> range:
        """Of a series' open lines in `lines`."""
        return range(self._first_line[row], self._first_line[row + 1])

    @cached_property
    def _told(self) -> list[OpenLine]:
        lines = self.lines.assign(
            supplier=self.lines["supplier"].fillna(""),
            source_site=self.lines["source_site"].fillna(""),
        )
        days = [lines[name].to_numpy().astype("datetime64[D]") for name in DAYS_OF_A_LINE]
        columns = (lines[name] for name in ("order_id", "units_open", "supplier", "source_site"))
        return [
            OpenLine(place, str(code), float(units), promised, ordered, who or site, site)
            for place, (code, units, who, site, promised, ordered) in enumerate(
                zip(*columns, *(day.astype(object) for day in days), strict=True)
            )
        ]

    def lines_of(self, row: int) -> list[OpenLine]:
        """A series' open lines."""
        return self._told[self._first_line[row] : self._first_line[row + 1]]

    @cached_property
    def spoils(self) -> list[float]:
        """[n] units of today's stock expected to expire unsold within the main horizon, where what
        expires first is sold first."""
        wanted = self.structure.mean[:, : self.main]
        sold = np.cumsum(wanted, axis=1) - wanted  # before each period
        expiring = self.structure.supply.expiring[:, : self.main]
        found: list[float] = np.max(expiring - sold, axis=1, initial=0.0).tolist()
        return found

    @cached_property
    def projected(self) -> NDArray[np.bool_]:
        """[n] series that a forecast was asked for: the others cannot be rerun."""
        asked = self.forecast.asked
        return np.ones(len(self.panel), dtype=bool) if asked is None else asked


def _floats(column: pd.Series) -> list[float]:
    found: list[float] = column.to_numpy(dtype=np.float64).tolist()
    return found


def _days(column: pd.Series) -> list[dt.date | None]:
    found: list[dt.date | None] = as_days(column.to_numpy()).astype(object).tolist()
    return found
