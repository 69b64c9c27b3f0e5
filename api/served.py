"""A publication as the service answers from it: one reader, with its orders and indexes kept."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from api.errors import NotFound
from api.planner_list import by_priority, rates_of
from forecasting.errors import UnknownName
from models.kpis.figures import Question
from models.ledger import DEMAND, RISK
from models.publication import PublicationReader
from models.publication.contracts import (
    PROPOSALS,
    SERIES,
    forecasts_part,
    horizon_columns,
    quantile_columns,
)

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

PRIORITY: Final = "priority"
"""The planner's order, as in the command's list and on the page; it has no other way round."""
SORTS: Final[Mapping[str, str]] = {
    "probability": "probability",
    "value_at_risk": "value_at_risk",
    "units_short": "units_short",
    "days_of_cover": "days_of_cover",
    "stockout_on": "stockout_on",
    "act_by": "act_by",
    "site": "site",
    "sku": "sku",
}
"""What warnings may be sorted by; a minus before it turns the order round."""

KEPT: Final = 32  # sets of sites whose part of a publication stays indexed, answers of KPIs
LISTS: Final = ("causes", "actions")  # kept as JSON text, answered as what it says
CONSTANTS_OF_GROUPS: Final = ("publication", "origin")
CONSTANTS: Final = ("publication", "origin", "model_version")  # said once, in the provenance


class Served:
    """Nothing in it changes but what is kept for speed."""

    def __init__(self, reader: PublicationReader) -> None:
        self.reader = reader
        self.number = reader.number
        self.manifest = reader.publication.manifest_sha256  # blank where only some sites are seen
        self.stored = self.manifest  # what kept files are made of; told to nobody
        self._orders: dict[str, Rows] = {}
        self._levels: dict[str, tuple[str, ...]] = {}
        self._delta: tuple[object, pa.Table] = (None, None)  # the last: pages follow each other
        self._kpis: dict[Question, pa.Table] = {}
        self.limited: dict[frozenset[str], Served] = {}

    def only(self, sites: frozenset[str]) -> Served:
        """The same publication without the rows of other sites; the latest few are kept."""
        found = self.limited.get(sites)
        if found is None:
            found = self.limited[sites] = Served(self.reader.only(sites))
            found.stored = " ".join([self.stored, *map(repr, sorted(sites))])
            while len(self.limited) > KEPT:
                self.limited.pop(next(iter(self.limited)), None)
        return found

    @cached_property
    def provenance(self) -> dict[str, Any]:
        made = self.reader.provenance
        kept = ("publication", "origin", "origin_end", "frequency", "created_at", "data_cut")
        return {
            **{name: made[name] for name in kept},
            "models": {DEMAND: made["demand_version"], RISK: made["risk_version"]},
            "code_version": made["code_version"],
            "data_digest": made["data_digest"],
        }

    @cached_property
    def warnings(self) -> pa.Table:
        """One row a series, in the order of the parts."""
        return self.reader.export_table("warnings", every_series=True)

    @cached_property
    def lives(self) -> str:
        """What entity tags know of the warnings' lives: it changes with any state that is seen."""
        return hashlib.sha256("\0".join(self._state).encode()).hexdigest()

    @cached_property
    def said(self) -> Flags:
        """Series that a planner should see: warned of, or out already."""
        return self._column("warning").notna().to_numpy() | (self._state == "out")

    @cached_property
    def _frame(self) -> pd.DataFrame:
        """What filters and orders look at; text as categories."""
        master = self.reader.part(SERIES)
        wanted = [*SORTS.values(), "warning", "state", "currency"]
        frame = self.warnings.select(list(dict.fromkeys(wanted))).to_pandas()
        for name in ("category", "supplier", "buyer"):
            frame[name] = master.column(name).to_pandas() if name in master.column_names else ""
        told = "group" in self.warnings.column_names
        frame["group"] = self.warnings.column("group").to_pandas() if told else np.nan
        return frame

    @cached_property
    def _state(self) -> NDArray[np.object_]:
        return self._column("state").astype(object).to_numpy()

    def _column(self, name: str) -> pd.Series:
        return self._frame[name]

    def row(self, site: str, sku: str) -> int:
        found = self.reader.rows.get((site, sku))
        if found is None:
            raise NotFound(
                f"Publication {self.number} has no series of site {site!r} and sku {sku!r}.",
                next_step="GET /v1/series?site=…&sku=… takes codes with any sign in them; "
                "/v1/forecasts lists the series.",
            )
        return found

    def warning(self, number: int) -> dict[str, Any]:
        if number not in self.reader.row_of_warning:
            raise NotFound(
                f"Publication {self.number} says no warning {number}.",
                next_step="Ask an earlier one with ?publication=, or list /v1/warnings.",
            )
        return self.warning_row(self.reader.row_of_warning[number])

    def warning_row(self, row: int) -> dict[str, Any]:
        return self.warning_rows(slice(row, row + 1))[0]

    def warning_rows(self, rows: slice | Rows) -> list[dict[str, Any]]:
        return [self.worded(row) for row in self.reader.warnings_at(rows)]

    def worded(self, warning: Mapping[str, Any]) -> dict[str, Any]:
        """A row as the API words it: horizons in one object, constants left to the provenance."""
        row = dict(warning)
        chances = {name: row.pop(name) for name in self._horizons}
        lists = {name: orjson.loads(str(row.pop(name)) or "[]") for name in LISTS}
        return (
            {name: value for name, value in row.items() if name not in CONSTANTS}
            | {"act_by": str(row["act_by"]) if row["act_by"] else None}
            | {"probabilities": chances, **lists}
        )

    @cached_property
    def _horizons(self) -> list[str]:
        return horizon_columns(self.warnings.column_names)

    def order(self, sort: str) -> Rows:
        """Row numbers in an order; blanks last either way, draws by site and sku."""
        if sort == PRIORITY and sort not in self._orders:
            frame = self._frame.astype({"site": object, "sku": object})
            self._orders[sort] = by_priority(frame, rates_of(self.reader))
        if sort not in self._orders:
            name = sort.removeprefix("-")
            if name not in SORTS:
                raise UnknownName("order", sort, (PRIORITY, *SORTS))
            values = self._column(SORTS[name])
            if isinstance(values.dtype, pd.CategoricalDtype):
                values = values.astype(object)
            self._orders[sort] = (
                values.reset_index(drop=True)
                .sort_values(ascending=not sort.startswith("-"), kind="stable", na_position="last")
                .index.to_numpy()
            )
        return self._orders[sort]

    def options_of(self, site: str, sku: str) -> list[dict[str, Any]]:
        """What can be done about a series, the recommended first, without its codes."""
        return [
            {name: value for name, value in row.items() if name not in ("site", "sku")}
            | {"act_by": str(row["act_by"]) or None}
            for row in self.reader.options_of(site, sku)
        ]

    def wanted(self, equal: Mapping[str, str | int | None], min_probability: float | None) -> Flags:
        """Rows whose columns equal what is given; without a state, those that are `said`."""
        keep = np.ones(len(self._frame), dtype=bool)
        for name, value in equal.items():
            if value is not None:
                keep &= (self._column(name).astype(object) == value).to_numpy()
        if min_probability is not None:
            keep &= (self._column("probability") >= min_probability).to_numpy()
        return keep if equal.get("state") else keep & self.said

    @cached_property
    def groups(self) -> pa.Table:
        """One row a group of warnings; raises NotSaid where there is none of them yet."""
        return self.reader.groups()

    def group(self, number: int) -> dict[str, Any]:
        """A group as the API words it."""
        rows = self.group_rows(pc.equal(self.groups["group"], number).to_numpy())
        if not rows:
            raise NotFound(
                f"Publication {self.number} has no group {number}.",
                next_step="List them: GET /v1/groups.",
            )
        return rows[0]

    def group_rows(self, keep: Flags) -> list[dict[str, Any]]:
        """Groups without what the provenance says of all."""
        table = self.groups.filter(pa.array(keep)).drop_columns([*CONSTANTS_OF_GROUPS])
        return [
            row
            | {"at_sites": orjson.loads(row["at_sites"]), "act_by": row["act_by"] or None}
            | {"customer_orders": orjson.loads(row.get("customer_orders") or "[]")}
            for row in table.to_pylist()
        ]

    def kpis(self, question: Question) -> pa.Table:
        """The figures that answer a question; the latest few answers are kept. Raises NotSaid where
        there were none of them yet."""
        found = self._kpis.get(question)
        if found is None:
            found = self._kpis[question] = self.reader.kpis([question])
            while len(self._kpis) > KEPT:
                self._kpis.pop(next(iter(self._kpis)), None)
        return found

    @cached_property
    def proposals(self) -> pa.Table:
        """One row a line of a proposed order, order by order; raises NotSaid where there is none of
        them yet."""
        return self.reader.proposals()

    @cached_property
    def proposal_order(self) -> Rows:
        return np.arange(self.proposals.num_rows)

    def proposed(self, equal: Mapping[str, str | None], order_on: dt.date | None) -> Flags:
        """Lines of proposals whose columns equal what is given."""
        keep = np.ones(self.proposals.num_rows, dtype=bool)
        asked = {**equal, "order_on": order_on}
        for name, value in asked.items():
            if value is not None:
                keep &= pc.equal(self.proposals.column(name), value).to_numpy(zero_copy_only=False)
        return keep

    def proposal_lines(self, rows: Rows) -> list[dict[str, Any]]:
        """Lines as the API words them, without what the provenance says of all."""
        return self.reader.records(PROPOSALS, rows)

    def series_rows(self, site: str | None, sku: str | None) -> Rows:
        if site is not None and sku is not None:
            found = self.reader.rows.get((site, sku))
            return np.array([] if found is None else [found], dtype=np.intp)
        keep = np.ones(len(self._frame), dtype=bool)
        for name, value in (("site", site), ("sku", sku)):
            if value is not None:
                keep &= (self._column(name).astype(object) == value).to_numpy()
        return np.flatnonzero(keep)

    def grain(self, asked: str | None) -> str:
        """The grain asked for, or the workspace's own."""
        return self.reader.grain(asked)

    def levels(self, grain: str) -> tuple[str, ...]:
        """Columns of the quantiles of a grain."""
        if grain not in self._levels:
            part = self.reader.part(forecasts_part(grain))
            self._levels[grain] = tuple(quantile_columns(part.column_names))
        return self._levels[grain]

    def delta(self, since: Served, grain: str, levels: tuple[str, ...]) -> pa.Table:
        """What changed since another publication; only the last one asked for is kept."""
        asked = (since.stored, grain, levels)
        kept, table = self._delta
        if kept != asked:
            table = self.reader.changes(since.reader, grain, levels)
            self._delta = (asked, table)
        return table
