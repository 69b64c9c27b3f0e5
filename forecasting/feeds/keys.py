"""The same key more than once in one file: duplicates, sums or conflicts, as the profile says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.feeds.raw import FILE_LINE

Flags = NDArray[np.bool_]
Groups = NDArray[np.int64]
QUANTITIES: Final = ("units", "on_hand", "reserved", "blocked", "consignment")
"""Columns of the feeds whose rows may add up; all in the item's own unit of measure."""
NOT_SHOPPERS: Final = ("transfer", "scrap")
"""Kinds of sales that must never add to what customers took; see `name_lines`."""


MOST_DAYS: Final = 200_000
"""Days from 1900 to 2200 and room: within it a date is its own number; blank dates lie beyond."""


@dataclass(frozen=True)
class Settled:
    """`rows` as the record may hold them: one a key. `duplicate` and `conflict` mark input rows.

    `summed`: input rows that were added to others; `into`: the rows they became.
    """

    rows: pa.Table
    duplicate: Flags
    conflict: Flags
    summed: int = 0
    into: int = 0


def settle(
    rows: pa.Table,
    key: Sequence[str],
    repeated: Literal["sum", "reject"],
    equal_rows: Literal["sum", "duplicate"] | None = None,
) -> Settled:
    """Every key once. `rows` has a `file_line` column, which no comparison looks at.

    `reject`: fully equal rows are duplicates of the first; a key whose rows still differ is a
    conflict, all of them. `sum`: units add up, price becomes the mean weighted by absolute units,
    promotion the largest, other columns those of the first row; fully equal rows add up too, but
    are duplicates where `line_id` is filled (unless `equal_rows` says "sum"). Of stock, the pieces
    of one shelf add up.
    """
    none = np.zeros(rows.num_rows, dtype=bool)
    groups = _groups(rows, [name for name in key if name in rows.column_names])
    if _are_distinct(groups):
        return Settled(rows, none, none)
    again = _repeats(groups)
    at = np.flatnonzero(again)
    some = rows.take(pa.array(at))
    named = [name for name in key if name in rows.column_names]
    groups = _groups(some, named)
    whole = _groups(some, [name for name in rows.column_names if name != FILE_LINE])
    equal = pd.Series(whole).duplicated().to_numpy()
    if repeated == "reject":
        twin, clash = equal, np.zeros(len(at), dtype=bool)
        clash[~twin] = _repeats(groups[~twin])
    else:
        twin = equal & _twins(some, equal_rows)
        clash = np.zeros(len(at), dtype=bool)
    duplicate, conflict = none.copy(), none.copy()
    duplicate[at], conflict[at] = twin, clash
    settled = rows
    summed = into = 0
    if repeated == "sum":
        adding = ~twin & ~clash
        total = _sum(some.filter(pa.array(adding)), groups[adding])
        summed, into = int(adding.sum()), total.num_rows
        settled = pa.concat_tables([rows.filter(pa.array(~again)), total]).combine_chunks()
        return Settled(settled.sort_by(FILE_LINE), duplicate, conflict, summed - into, into)
    return Settled(rows.filter(pa.array(~(duplicate | conflict))), duplicate, conflict)


def missing_from(kept: pa.Table, rows: pa.Table) -> pa.Table:
    """Each of `rows` once whose values, in its own columns, no row of `kept` has."""
    groups = _groups(pa.concat_tables([kept.select(rows.column_names), rows]), rows.column_names)
    known, found = groups[: kept.num_rows], groups[kept.num_rows :]
    return rows.filter(pa.array(~np.isin(found, known) & ~pd.Series(found).duplicated()))


def _twins(rows: pa.Table, equal_rows: str | None) -> Flags:
    """Under `sum`: where a fully equal row is the same line sent twice, not one more sale."""
    if equal_rows is not None:
        return np.full(rows.num_rows, equal_rows == "duplicate")
    if "line_id" not in rows.column_names:
        return np.zeros(rows.num_rows, dtype=bool)
    return pc.not_equal(rows["line_id"].cast(pa.string()), "").to_numpy()


def name_lines(rows: pa.Table) -> tuple[pa.Table, int]:
    """Sales to others than shoppers get their kind as `line_id` where they have none.

    Else a transfer and a sale of one day would have one key, and their units would add up.
    """
    if "kind" not in rows.column_names:
        return rows, 0
    kind = rows["kind"].cast(pa.string())
    blank = pa.array(np.full(rows.num_rows, ""))
    line = rows["line_id"].cast(pa.string()) if "line_id" in rows.column_names else blank
    others = pc.and_(pc.is_in(kind, value_set=pa.array(NOT_SHOPPERS)), pc.equal(line, ""))
    count = pc.sum(others).as_py() or 0
    if not count:
        return rows, 0
    named = pc.if_else(others, kind, line).dictionary_encode()
    if "line_id" in rows.column_names:
        return rows.set_column(rows.column_names.index("line_id"), "line_id", named), count
    return rows.append_column("line_id", named), count


def _sum(rows: pa.Table, groups: Groups) -> pa.Table:
    """One row a group, in the place of its first row."""
    if not rows.num_rows:
        return rows
    number, _ = pd.factorize(groups)
    count = int(number.max()) + 1
    first = np.full(count, -1)
    first[number[::-1]] = np.arange(rows.num_rows)[::-1]
    total = rows.take(pa.array(first))
    new = {
        name: _added(rows[name].to_numpy(), number, count)
        for name in QUANTITIES
        if name in rows.column_names
    }
    if "price" in rows.column_names:
        weight = np.abs(rows["units"].to_numpy())
        new["price"] = _mean_price(rows["price"].to_numpy(), weight, number, count)
    if "promotion" in rows.column_names:
        depth = pd.Series(rows["promotion"].to_numpy()).groupby(number).max()
        new["promotion"] = depth.to_numpy()
    for name, values in new.items():
        place = total.column_names.index(name)
        total = total.set_column(place, name, pa.array(values, pa.float64(), from_pandas=True))
    return total


def _added(values: NDArray[np.float64], number: Groups, count: int) -> NDArray[np.float64]:
    """Sums by group; NaN (blank) where no row of the group has a value."""
    known = ~np.isnan(values)
    total = np.bincount(number[known], weights=values[known], minlength=count)
    return np.where(np.bincount(number[known], minlength=count) > 0, total, np.nan)


def _mean_price(
    price: NDArray[np.float64], weight: NDArray[np.float64], number: Groups, count: int
) -> NDArray[np.float64]:
    """Σ price × |units| ÷ Σ |units| over the rows with a price; the plain mean where that is 0 ÷ 0.

    Always between the lowest and the highest price, returns or not.
    """
    known = ~np.isnan(price)
    price, weight, number = price[known], weight[known], number[known]
    units = np.bincount(number, weights=weight, minlength=count)
    weight = np.where(units[number] > 0, weight, 1.0)
    units = np.bincount(number, weights=weight, minlength=count)
    with np.errstate(invalid="ignore"):
        return np.bincount(number, weights=weight * price, minlength=count) / units


def _are_distinct(groups: Groups) -> bool:
    """Whether no number comes twice; mostly none does, and a sort tells it at a third of a hash."""
    if (groups[1:] > groups[:-1]).all():
        return True
    ordered = np.sort(groups)
    return bool((ordered[1:] != ordered[:-1]).all())


def _repeats(groups: Groups) -> Flags:
    return pd.Series(groups).duplicated(keep=False).to_numpy()


def _groups(rows: pa.Table, names: Sequence[str]) -> Groups:
    """A number for each distinct combination of the named columns."""
    groups = np.zeros(rows.num_rows, dtype=np.int64)
    size = 1
    for name in names:
        code, distinct = _codes(rows[name])
        if size * distinct >= 2**62:
            groups, seen = pd.factorize(groups)
            groups, size = groups.astype(np.int64), len(seen)
        groups *= distinct
        groups += code
        size *= distinct
    return groups


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.integer], int]:
    """A number from 0 for each distinct value of a column, and how many numbers there may be."""
    if not len(column):
        return np.zeros(0, dtype=np.int64), 1
    if pa.types.is_dictionary(column.type):
        words = _one_chunk(column.unify_dictionaries())
        return words.indices.to_numpy(), max(len(words.dictionary), 1)
    if pa.types.is_date(column.type):
        days = _one_chunk(column).cast(pa.int32()).fill_null(np.iinfo(np.int32).min).to_numpy()
        first, last = int(days.min()), int(days.max())
        if last - first < MOST_DAYS:
            return days - np.int32(first), last - first + 1
        code, distinct = pd.factorize(days)
    else:
        code, distinct = pd.factorize(column.to_numpy(), use_na_sentinel=False)
    return code.astype(np.int64), max(len(distinct), 1)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
