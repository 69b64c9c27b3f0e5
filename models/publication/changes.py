"""What differs between two publications' forecasts: rows to put in, and tombstones to take out.

Putting the rows of `changes_of(old, new)` into `old`, and taking out those that are gone, gives
`new`; no row of it could be left out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

KEY: Final = ("site", "sku", "period")
SAID_WITH_KEY: Final = ("period_start",)  # follows from the period
CHANGE: Final = "change"
NEW: Final = "new"
CHANGED: Final = "changed"
GONE: Final = "gone"  # a tombstone: its values are null


def changes_of(old: pa.Table, new: pa.Table) -> pa.Table:
    """Rows of a grain's forecasts that are new, changed or gone, by site, sku and period.

    Both have one row a key, and hold what is served of a row: a value counts as changed if it would
    be served otherwise. Where the columns themselves differ, every row did.
    """
    old_keys, new_keys = _keys(old, new)
    place = pd.Index(old_keys).get_indexer(pd.Index(new_keys))
    is_new = place < 0
    differs = is_new | _differs(old, new, place)
    rows = np.flatnonzero(differs)
    word = pa.array(np.where(is_new[rows], NEW, CHANGED).tolist(), pa.string())
    kept = _plain(new.take(pa.array(rows))).append_column(CHANGE, word)
    gone = np.flatnonzero(~np.isin(old_keys, new_keys))
    both = pa.concat_tables([kept, _tombstones(old, gone, kept.schema)])
    order = [(name, "ascending") for name in ("site", "sku", "period_start")]
    return both.sort_by(order).combine_chunks()


def same_rows(old: pa.Table, new: pa.Table) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers, in the one and in the other, of the rows with the same site, sku and period."""
    old_keys, new_keys = _keys(old, new)
    place = pd.Index(old_keys).get_indexer(pd.Index(new_keys))
    rows = np.flatnonzero(place >= 0)
    return place[rows], rows


def _keys(old: pa.Table, new: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One number a row, equal where site, sku and period are."""
    keys = np.zeros(old.num_rows + new.num_rows, np.int64)
    for name in KEY:
        both = [*_encoded(old.column(name)).chunks, *_encoded(new.column(name)).chunks]
        if not both:
            continue
        chunks = pa.chunked_array(both).unify_dictionaries().chunks
        codes = np.concatenate([chunk.indices.to_numpy() for chunk in chunks]).astype(np.int64)
        keys = keys * (len(chunks[0].dictionary) + 1) + codes
    return keys[: old.num_rows], keys[old.num_rows :]


def _encoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    is_encoded = pa.types.is_dictionary(column.type)
    return column if is_encoded else column.dictionary_encode()


def _differs(old: pa.Table, new: pa.Table, place: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Rows of `new` that `old` has, at `place`, with another value."""
    known = place >= 0
    values = [name for name in new.column_names if name not in (*KEY, *SAID_WITH_KEY)]
    if {*values} != {*old.column_names} - {*KEY, *SAID_WITH_KEY}:
        return known
    found = np.zeros(len(place), dtype=bool)
    rows, before = pa.array(np.flatnonzero(known)), pa.array(place[known])
    differs = np.zeros(len(rows), dtype=bool)
    for name in values:
        now, then = _text(new.column(name).take(rows)), _text(old.column(name).take(before))
        differs |= pc.fill_null(pc.not_equal(now, then), False).to_numpy()
        differs |= pc.not_equal(pc.is_null(now), pc.is_null(then)).to_numpy()
    found[known] = differs
    return found


def _tombstones(old: pa.Table, rows: NDArray[np.intp], schema: pa.Schema) -> pa.Table:
    taken = _plain(old.select([*KEY, *SAID_WITH_KEY]).take(pa.array(rows)))
    columns = {name: taken.column(name) for name in taken.column_names}
    columns[CHANGE] = pa.array([GONE] * len(rows), pa.string())
    blank = {name: pa.nulls(len(rows), schema.field(name).type) for name in schema.names}
    return pa.table({**blank, **columns}, schema=schema)


def _plain(table: pa.Table) -> pa.Table:
    return pa.table({name: _text(table.column(name)) for name in table.column_names})


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
