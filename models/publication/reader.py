"""One publication, mapped into memory and answered from: by series at once, or whole as exports.

Opening verifies every file against its committed sha256; after that nothing is read twice and no
query scans. No model code is imported here: what is served is what was published.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.errors import UnknownName, VigistockError
from models.kpis.figures import Question, every_question, figures_of, figures_table
from models.publication import ledger
from models.publication.changes import changes_of
from models.publication.contracts import (
    BY_SITE,
    GROUPS,
    HISTORY,
    KPI_FEEDS,
    KPIS,
    OPTIONS,
    OVERRIDDEN,
    PROJECTION,
    PROPOSALS,
    RAGGED,
    SERIES,
    WARNINGS,
    forecasts_order,
    forecasts_part,
    order_as_made,
    quantile_columns,
    warnings_order,
)
from models.publication.ledger import Gone, Publication
from models.publication.parts import Damaged, map_part, read_manifest
from models.publication.rows import PlainRows, Rows

GRAINS: Final = ("day", "week", "month")


class NotSaid(VigistockError):
    """An earlier version of Vigistock made this publication, which did not tell of it yet."""

    code = "not_said"
    title = "This publication does not tell it"

    def __init__(self, number: int, what: str) -> None:
        super().__init__(
            f"Publication {number} has no {what}: an earlier version of Vigistock made it.",
            next_step="Run `vigistock publish`, or ask a newer publication.",
            publication=number,
        )


class NoGrain(UnknownName):
    """Forecasts by a period that a publication does not have, and why it has none."""

    def __init__(self, number: int, own: Frequency, asked: str, has: Sequence[str]) -> None:
        short = own is Frequency.DAY and asked in GRAINS
        why = (
            f"what it was learned from holds no whole {asked}"
            if short
            else f"the workspace counts by {own.grain}"
        )
        listed = ", ".join(map(repr, has))
        later = f" Once the sales hold a whole {asked}, `vigistock train`." if short else ""
        VigistockError.__init__(
            self,
            f"Publication {number} has no forecasts by {asked}: {why}.",
            next_step=f"It has {listed}.{later}",
            what="grain",
            name=asked,
            known=list(has),
        )


@dataclass(frozen=True)
class SeriesView:
    """Everything that a publication says of one series, as plain rows."""

    publication: int
    row: int
    master: dict[str, Any]
    warning: dict[str, Any]
    history: list[dict[str, Any]]
    forecasts: dict[str, list[dict[str, Any]]]  # by grain; the levels in one object `quantiles`
    projection: list[dict[str, Any]]


def open_publication(engine: sa.Engine, root: Path, number: int | None = None) -> PublicationReader:
    """The publication with this number, or the current one, verified.

    Raises NotReady (none yet), UnknownName (no such number), Gone (no longer kept) or Damaged (a
    file is not what was committed). `root` is `Workspace.publications`.
    """
    found = ledger.current(engine) if number is None else ledger.publication(engine, number)
    if found.pruned_at is not None:
        raise Gone(found)
    episodes = ledger.episodes_of(engine, found.number)
    try:
        return PublicationReader(found, root / found.folder, episodes)
    except Damaged:
        now = ledger.publication(engine, found.number)
        if now.pruned_at is not None:  # removed while it was opened
            raise Gone(now) from None
        raise


class PublicationReader:
    """Read one publication; safe to share between threads, as nothing in it changes.

    `episodes`: site, sku, episode and state of the warnings it says (`ledger.episodes_of`).
    """

    def __init__(self, publication: Publication, folder: Path, episodes: pd.DataFrame) -> None:
        self.publication = publication
        self.manifest = read_manifest(folder, publication.manifest_sha256)
        self._parts = {name: map_part(folder, part) for name, part in publication.parts.items()}
        master = self._parts[SERIES]
        keys = zip(master.column("site").to_pylist(), master.column("sku").to_pylist(), strict=True)
        self._rows = {key: row for row, key in enumerate(keys)}
        self._plain: dict[str, PlainRows] = {}
        self._first_option: dict[tuple[str, str], tuple[int, int]] | None = None
        self._warnings, self._lived = self._with_lives(episodes), _states_of(episodes)
        self._row_of_warning = _row_of_warning(self._warnings)

    def lived(self, episodes: pd.DataFrame) -> PublicationReader:
        """The same publication, its warnings as people have changed them since; reads no file."""
        mine = copy(self)
        mine._plain = {name: rows for name, rows in self._plain.items() if name}
        mine._warnings, mine._lived = self._with_lives(episodes), _states_of(episodes)
        mine._row_of_warning = _row_of_warning(mine._warnings)
        return mine

    def only(self, sites: Collection[str]) -> PublicationReader:
        """The same publication as one sees it who knows of these sites only; copies no numbers.

        What speaks of all series together (digests, files and their rows) is blank in it.
        """
        mine = copy(self)
        mine._plain, mine._first_option = {}, None
        mine.__dict__.pop("overridden_series", None)
        kept = [row for (site, _), row in self._rows.items() if site in sites]
        runs = _runs(kept)
        mine._parts = {
            name: _at_sites(table, {*sites, ""} if name in BY_SITE else sites)
            if name in RAGGED or name in BY_SITE
            else self._slices(table, runs)
            for name, table in self._parts.items()
            if name != GROUPS
        }
        mine._hide_stock_of_givers(sites)
        mine._warnings = self._slices(self._warnings, runs)
        mine._hide_groups(self._parts.get(GROUPS), sites)
        mine._rows = {key: row for row, key in enumerate(k for k in self._rows if k[0] in sites)}
        mine._row_of_warning = _row_of_warning(mine._warnings)
        mine.publication = replace(
            self.publication,
            provenance=replace(
                self.publication.provenance, data_digest="", overrides=(), alarms=()
            ),
            manifest_sha256="",
            parts={},
        )
        return mine

    def _hide_stock_of_givers(self, sites: Collection[str]) -> None:
        """Leaves blank what a site that sends a transfer has, where it is none of these."""
        proposals = self._parts.get(PROPOSALS)
        if proposals is None or "source_stock" not in proposals.column_names:
            return
        sender = proposals["source_site"].cast(pa.string())
        place = proposals.column_names.index("source_stock")
        stock = proposals.column(place)
        told = pc.if_else(
            pc.is_in(sender, pa.array(sorted(sites), pa.string())),
            stock,
            pa.scalar(None, stock.type),
        )
        self._parts[PROPOSALS] = proposals.set_column(place, "source_stock", told)

    def _hide_groups(self, groups: pa.Table | None, sites: Collection[str]) -> None:
        """Leaves only the groups all of whose series are at these sites: their sums tell of all."""
        if groups is None:
            return
        told = [set(json.loads(text)) <= set(sites) for text in groups["at_sites"].to_pylist()]
        self._parts[GROUPS] = groups.filter(pa.array(told, pa.bool_()))
        kept = pc.is_in(self._warnings["group"], self._parts[GROUPS]["group"].combine_chunks())
        place = self._warnings.column_names.index("group")
        shown = pc.if_else(kept, self._warnings["group"], None)
        self._warnings = self._warnings.set_column(place, "group", shown)

    def _slices(self, table: pa.Table, runs: list[tuple[int, int]]) -> pa.Table:
        """The rows of some series, of a table with equally many for each."""
        each = table.num_rows // max(len(self._rows), 1)
        pieces = [table.slice(first * each, count * each) for first, count in runs]
        return pa.concat_tables([table.slice(0, 0), *pieces])

    @property
    def rows(self) -> Mapping[tuple[str, str], int]:
        """Site and sku of each series, and its row."""
        return self._rows

    @property
    def states_of_warnings(self) -> Mapping[int, str]:
        """Number of each warning, and the state of its life today: also of what is out."""
        return self._lived

    @property
    def row_of_warning(self) -> Mapping[int, int]:
        """Number of each warning, and the row of its series."""
        return self._row_of_warning

    @property
    def number(self) -> int:
        return self.publication.number

    @property
    def frequency(self) -> Frequency:
        return self.publication.provenance.frequency

    @property
    def grains(self) -> tuple[str, ...]:
        """Grains with forecasts, the finest first; the first is the workspace's own."""
        return tuple(grain for grain in GRAINS if forecasts_part(grain) in self._parts)

    def grain(self, asked: str | None) -> str:
        """The grain asked for, or the workspace's own; raises NoGrain where there is none such."""
        if asked is not None and asked not in self.grains:
            raise NoGrain(self.number, Frequency(self.frequency), asked, self.grains)
        return asked or self.grains[0]

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the numbers come from, as plain values."""
        made = self.publication.provenance
        return {
            "publication": self.number,
            "created_at": self.publication.created_at,
            **asdict(made),
            "origin": made.origin_label,
            "origin_end": made.origin_end,
            "frequency": made.frequency.value,
            "manifest_sha256": self.publication.manifest_sha256,
        }

    def __len__(self) -> int:
        """Number of series."""
        return len(self._rows)

    def part(self, name: str) -> pa.Table:
        """A part as it was written."""
        try:
            return self._parts[name]
        except KeyError:
            raise UnknownName("part", name, self._parts) from None

    def row(self, site: str, sku: str) -> int:
        """The row number of a series; UnknownName where the publication has no such series."""
        try:
            return self._rows[(site, sku)]
        except KeyError:
            known = (f"{site}/{sku}" for site, sku in self._rows)
            raise UnknownName("series", f"{site}/{sku}", known) from None

    def hold_known(self, **codes: str | None) -> None:
        """Raises UnknownName for a code (by its column: `site`, `sku`, `category`, `supplier`) that
        no series here has; blank and None ask for nothing."""
        series = self._parts[SERIES]
        for name, code in codes.items():
            if code and code not in (known := set(series.column(name).unique().to_pylist())):
                raise UnknownName(name, code, sorted(filter(None, known)))

    def series(self, site: str, sku: str) -> SeriesView:
        """Master data, history, forecasts, projection and warning of one series."""
        row = self.row(site, sku)
        grains = self.grains
        return SeriesView(
            publication=self.number,
            row=row,
            master=self._rows_alone(SERIES, row)[0],
            warning=self.warnings_at(slice(row, row + 1))[0],
            history=self._rows_alone(HISTORY, row),
            forecasts={grain: self._rows_alone(forecasts_part(grain), row) for grain in grains},
            projection=self._rows_alone(PROJECTION, row),
        )

    def warning(self, number: int) -> dict[str, Any]:
        """One warning by its number; UnknownName where this publication does not say it."""
        if number not in self._row_of_warning:
            raise UnknownName("warning", str(number), map(str, self._row_of_warning))
        row = self._row_of_warning[number]
        return self.warnings_at(slice(row, row + 1))[0]

    def warnings(
        self,
        *,
        site: str | None = None,
        every_series: bool = False,
        by: str = "probability",
    ) -> pd.DataFrame:
        """Warnings in the columns of the export: what has a warning number, or every series.

        `by`: the column that ranks them, largest first.
        """
        table = self._warnings
        if by not in table.column_names:
            raise UnknownName("column", by, table.column_names)
        if site is not None:
            table = table.filter(pc.equal(table.column("site").cast(pa.string()), site))
        if not every_series:
            table = table.filter(pc.is_valid(table.column("warning")))
        order = [(by, "descending"), ("site", "ascending"), ("sku", "ascending")]
        return _to_frame(_plain_text(table).sort_by(order))

    def forecasts(
        self,
        grain: str | None = None,
        levels: Sequence[str] | None = None,
        rows: NDArray[np.intp] | None = None,
    ) -> pa.Table:
        """Forecasts of a grain (default: the workspace's own) in the columns of the export.

        `levels`: columns of the quantiles to keep, `rows`: row numbers of the part; default: all.
        """
        table = self._without_constants(grain, levels)
        return self._with_constants(table if rows is None else table.take(pa.array(rows)))

    def changes(self, since: PublicationReader, grain: str, levels: Sequence[str]) -> pa.Table:
        """What to put into and to take out of another publication's forecasts to get this one's
        (`models.publication.changes`), in the columns of the export and `change`."""
        new = self._without_constants(grain, levels)
        has = grain in since.grains
        old = since._without_constants(grain, levels) if has else new.slice(0, 0)
        return self._with_constants(changes_of(old, new))

    def _without_constants(self, grain: str | None, levels: Sequence[str] | None) -> pa.Table:
        """The part of a grain, with these levels of those it has."""
        grain = self.grain(grain)
        table = self._parts[forecasts_part(grain)]
        if levels is None:
            return table
        dropped = set(quantile_columns(table.column_names)) - set(levels)
        return table.drop_columns(sorted(dropped))

    def _with_constants(self, table: pa.Table) -> pa.Table:
        table = self._constants(table, self.publication.provenance.demand_version)
        return table.select(forecasts_order(table.column_names))

    def export_table(
        self, kind: str, grain: str | None = None, *, every_series: bool = False
    ) -> pa.Table:
        """An export in the exact column order of the contract, ordered by site, sku and period.

        `kind`: forecasts, series, proposals, options, groups, kpis (with a grain), or warnings:
        what has a warning number and what is out (`every_series`: a row for each).
        """
        kinds: dict[str, Callable[[], pa.Table]] = {
            "forecasts": lambda: self.forecasts(grain),
            "warnings": lambda: self._warnings if every_series else self._said(),
            "series": lambda: self._parts[SERIES],
            "proposals": self.proposals,
            "options": self.options,
            "groups": self.groups,
            "kpis": lambda: self.kpis(every_question(grain)),
        }
        if kind not in kinds:
            raise UnknownName("export", kind, kinds)
        return kinds[kind]()

    def kpis(self, questions: Sequence[Question]) -> pa.Table:
        """The figures that answer the questions, one after the other, in the columns of the export.

        Raises NotSaid where the publication was made by a version that had none.
        """
        if KPIS not in self._parts:
            raise NotSaid(self.number, "KPIs")
        end = self.publication.provenance.origin_end
        cells, feeds = (
            _plain_text(self._parts[name]).to_pandas(date_as_object=False)
            for name in (KPIS, KPI_FEEDS)
        )
        table = figures_table([figures_of(cells, feeds, end, one) for one in questions])
        return self._constants(table, 0).select(order_as_made(table.column_names))

    def proposals(self) -> pa.Table:
        """Lines of the proposed orders, order by order, in the columns of the export.

        Raises NotSaid where the publication was made by a version that proposed none.
        """
        if PROPOSALS not in self._parts:
            raise NotSaid(self.number, "proposals")
        table = self._constants(self._parts[PROPOSALS], self.publication.provenance.risk_version)
        return table.select(order_as_made(table.column_names))

    def options(self) -> pa.Table:
        """What can be done about the series at risk, in the columns of the export; NotSaid where
        the publication was made by a version that told of none."""
        if OPTIONS not in self._parts:
            raise NotSaid(self.number, "options")
        table = self._constants(self._parts[OPTIONS], self.publication.provenance.risk_version)
        return table.select(order_as_made(table.column_names))

    def groups(self) -> pa.Table:
        """Groups of warnings that one action repairs, the most expected loss avoided first; NotSaid
        likewise."""
        if GROUPS not in self._parts:
            raise NotSaid(self.number, "groups")
        table = self._constants(self._parts[GROUPS], self.publication.provenance.risk_version)
        return table.select(order_as_made(table.column_names))

    @property
    def has_groups(self) -> bool:
        return GROUPS in self._parts

    def options_of(self, site: str, sku: str) -> list[dict[str, Any]]:
        """What can be done about one series, the recommended first; [] where nothing is told."""
        if OPTIONS not in self._parts:
            return []
        if self._first_option is None:
            names = (self._parts[OPTIONS][name].to_pylist() for name in ("site", "sku"))
            found: dict[tuple[str, str], tuple[int, int]] = {}
            for place, code in enumerate(zip(*names, strict=True)):
                found[code] = (found.get(code, (place, 0))[0], place + 1)
            self._first_option = found
        first, last = self._first_option.get((site, sku), (0, 0))
        return self.records(OPTIONS, slice(first, last)) if last else []

    def overridden(self, site: str, sku: str) -> list[dict[str, Any]]:
        """Figures of one series that an override changed, before and after; mostly none."""
        table = self._parts.get(OVERRIDDEN)
        if table is None or (site, sku) not in self.overridden_series:
            return []
        mine = pc.and_(pc.equal(table["site"], site), pc.equal(table["sku"], sku))
        return self.records(OVERRIDDEN, np.flatnonzero(mine.to_numpy(zero_copy_only=False)))

    @cached_property
    def overridden_series(self) -> frozenset[tuple[str, str]]:
        """Site and sku of the series of which an override changed a figure."""
        table = self._parts.get(OVERRIDDEN)
        if table is None:
            return frozenset()
        codes = (table[name].to_pylist() for name in ("site", "sku"))
        return frozenset(zip(*codes, strict=True))

    def _said(self) -> pa.Table:
        table = self._warnings
        out = pc.equal(table.column("state").cast(pa.string()), "out")
        return table.filter(pc.or_(pc.is_valid(table.column("warning")), out))

    def records(self, part: str, rows: Rows) -> list[dict[str, Any]]:
        """Some rows of a part as plain values; a forecast's levels in one object `quantiles`."""
        return self._opened(part, lambda: self._parts[part]).records(rows)

    def warnings_at(self, rows: Rows) -> list[dict[str, Any]]:
        """Some rows of the warnings of every series, as plain values."""
        return self._opened("", lambda: self._warnings).records(rows)

    def _opened(self, name: str, found: Callable[[], pa.Table]) -> PlainRows:
        if name not in self._plain:
            table = found()
            levels = quantile_columns(table.column_names)
            self._plain[name] = PlainRows(table, "quantiles", levels)
        return self._plain[name]

    def _rows_alone(self, part: str, row: int) -> list[dict[str, Any]]:
        """The rows of one series, which do not say again whose they are."""
        table = self._parts[part]
        each = table.num_rows // len(self._rows)
        alone = self._opened(f"{part} alone", lambda: table.drop_columns(["site", "sku"]))
        return alone.records(slice(row * each, (row + 1) * each))

    def _constants(self, table: pa.Table, version: int) -> pa.Table:
        """The columns that are the same in every row of a publication."""
        rows = table.num_rows
        label = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(rows, dtype=np.int8)),
            pa.array([self.publication.provenance.origin_label]),
        )
        return (
            table.append_column("publication", pa.array(np.full(rows, self.number, np.int32)))
            .append_column("origin", label)
            .append_column("model_version", pa.array(np.full(rows, version, np.int32)))
        )

    def _with_lives(self, episodes: pd.DataFrame) -> pa.Table:
        """The warnings part with the numbers and today's states of its warnings.

        A series that is out keeps the state `out`; a warning has the state of its life.
        """
        table = self._parts[WARNINGS]
        numbers: list[int | None] = [None] * table.num_rows
        states = table.column("state").to_pylist()
        for site, sku, episode, state in episodes[["site", "sku", "episode", "state"]].itertuples(
            index=False
        ):
            row = self._rows[(site, sku)]
            numbers[row] = int(episode)
            if states[row] != "out":
                states[row] = state
        place = table.column_names.index("state")
        table = table.set_column(place, "state", pa.array(states).dictionary_encode())
        table = table.append_column("warning", pa.array(numbers, pa.int64()))
        table = self._constants(table, self.publication.provenance.risk_version)
        return table.select(warnings_order(table.column_names))


def _at_sites(table: pa.Table, sites: Collection[str]) -> pa.Table:
    at = pc.is_in(table.column("site").cast(pa.string()), pa.array(sorted(sites), pa.string()))
    return table.filter(at)


def _states_of(episodes: pd.DataFrame) -> dict[int, str]:
    return dict(zip(episodes["episode"].tolist(), episodes["state"], strict=True))


def _row_of_warning(warnings: pa.Table) -> dict[int, int]:
    numbers = warnings.column("warning").to_pylist()
    return {number: row for row, number in enumerate(numbers) if number is not None}


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Rising numbers as first and count of each unbroken run.

    >>> _runs([2, 3, 4, 7])
    [(2, 3), (7, 1)]
    """
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and sum(runs[-1]) == row:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((row, 1))
    return runs


def _plain_text(table: pa.Table) -> pa.Table:
    """Dictionaries as text, so that rows sort by value."""
    fields = [
        pa.field(field.name, pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _to_frame(table: pa.Table) -> pd.DataFrame:
    """As pandas; blanks are NA in whole numbers, NaN in numbers, None in dates."""
    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get, date_as_object=True)
