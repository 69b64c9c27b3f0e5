"""What one question about forecasts selects, complete or as what changed since a publication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from api.errors import BadParameter
from api.served import CONSTANTS, Rows, Served
from models.publication.changes import CHANGE, GONE, SAID_WITH_KEY
from models.publication.contracts import forecasts_part
from models.publication.rows import PlainRows

TOMBSTONE: Final = ("site", "sku", "period", *SAID_WITH_KEY, CHANGE)


@dataclass(frozen=True)
class Selection:
    """Rows of one grain by site, sku and period: all of some series, or those that changed."""

    served: Served
    grain: str
    levels: tuple[str, ...]  # columns of quantiles
    site: str | None = None
    sku: str | None = None
    since: Served | None = None

    @property
    def question(self) -> dict[str, object]:
        """Whatever the rows follow from."""
        return {
            "of": "forecasts",
            "publication": self.served.number,
            "stored": self.served.stored,
            "grain": self.grain,
            "levels": self.levels,
            "site": self.site,
            "sku": self.sku,
            "since": self.since and self.since.stored,
        }

    def table(self) -> pa.Table:
        """Every row, in the columns of the export; a delta has `change` at the end."""
        return self._cut(None)

    def part(self, after: int, limit: int | None) -> tuple[pa.Table, int | None]:
        """At most `limit` rows from the place after `after` on, and the last place if more come."""
        places, last = self._places(after, limit)
        return self._cut(places), last

    def page(self, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None, int]:
        """The same as plain rows, the levels in one object; and how many rows there are in all."""
        places, last = self._places(after, limit)
        if self.since is None:
            rows = self.served.reader.records(forecasts_part(self.grain), self._part_rows(places))
            asked = set(self.levels)
            if rows and len(rows[0]["quantiles"]) != len(asked):
                for row in rows:
                    row["quantiles"] = {n: v for n, v in row["quantiles"].items() if n in asked}
            return rows, last, self.count
        table = self._delta.take(pa.array(places)).drop_columns(list(CONSTANTS))
        rows = PlainRows(table, "quantiles", self.levels).records(slice(0, len(places)))
        stones = [
            row if row[CHANGE] != GONE else {name: row[name] for name in TOMBSTONE} for row in rows
        ]
        return stones, last, self.count

    @property
    def count(self) -> int:
        if self.since is not None:
            return int(self._delta.num_rows)
        return len(self._series) * self._each

    def _cut(self, places: Rows | None) -> pa.Table:
        if self.since is not None:
            return self._delta if places is None else self._delta.take(pa.array(places))
        if places is None and (self.site, self.sku) != (None, None):
            places = np.arange(self.count)
        rows = None if places is None else self._part_rows(places)
        return self.served.reader.forecasts(self.grain, self.levels, rows)

    def _places(self, after: int, limit: int | None) -> tuple[Rows, int | None]:
        begin = min(after + 1, self.count)
        end = self.count if limit is None else min(begin + limit, self.count)
        return np.arange(begin, end), end - 1 if end < self.count else None

    def _part_rows(self, places: Rows) -> Rows:
        each = self._each
        return self._series[places // each] * each + places % each if each else places

    @property
    def _each(self) -> int:
        """Periods of a series."""
        part = self.served.reader.part(forecasts_part(self.grain))
        return int(part.num_rows) // max(len(self.served.reader), 1)

    @property
    def _series(self) -> Rows:
        return self.served.series_rows(self.site, self.sku)

    @property
    def _delta(self) -> pa.Table:
        assert self.since is not None
        table = self.served.delta(self.since, self.grain, self.levels)
        for name, value in (("site", self.site), ("sku", self.sku)):
            if value is not None:
                table = table.filter(pc.equal(table.column(name), value))
        return table


def levels_of(served: Served, grain: str, asked: str | None) -> tuple[str, ...]:
    """The columns of the quantiles asked for (`q050,q500`; blank: none), or all.

    Raises BadParameter for one that the publication lacks.
    """
    known = served.levels(grain)
    if asked is None:
        return known
    wanted = {name.strip() for name in asked.split(",") if name.strip()}
    for name in sorted(wanted - set(known)):
        raise BadParameter("quantile of this publication called", name, known)
    return tuple(name for name in known if name in wanted)
