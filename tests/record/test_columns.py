"""How rows are packed, ordered and copied, where the databases alone would not show it."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Double, Integer, MetaData, Table, select

from forecasting.record import Record, bulk
from forecasting.record.columns import codes_in_order, packed
from forecasting.record.schema import CODE

WIDE = st.integers(-(2**40), 2**40)


@given(st.lists(st.tuples(WIDE, WIDE, st.integers(0, 3)), min_size=1, max_size=30))
def test_packed_keys_order_and_tell_apart_as_tuples_do(rows: list[tuple[int, int, int]]) -> None:
    keys = packed([np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)])

    for one, left in zip(rows, keys, strict=True):
        for other, right in zip(rows, keys, strict=True):
            assert (one < other, one == other) == (left < right, left == right)


@given(st.lists(st.text(max_size=3)))
def test_codes_compare_as_their_texts_do_in_bytes(words: list[str]) -> None:
    coded = pa.array([*words, "unused"], pa.string()).dictionary_encode().slice(0, len(words))

    ordered = codes_in_order(coded)

    assert ordered.to_pylist() == words
    assert ordered.dictionary.to_pylist() == sorted(set(words), key=str.encode)


NUMBERS = st.one_of(
    st.none(), st.floats(allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)
)  # SQLite keeps no sign of zero
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ROWS = st.lists(st.tuples(st.one_of(st.none(), st.integers(-(10**6), 10**6)), NUMBERS, TEXTS))


@pytest.fixture
def mixed(record: Record) -> Table:
    """A table of each type that rows are stored as; blank numbers allowed."""
    table = Table(
        "mixed",
        MetaData(),
        Column("day", Integer),
        Column("units", Double),
        Column("text", CODE),
    )
    table.create(record.engine)
    return table


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS)
def test_what_goes_in_by_bulk_comes_out_exactly(
    record: Record, mixed: Table, rows: list[tuple[int | None, float | None, str]]
) -> None:
    days, units, texts = zip(*rows, strict=True) if rows else ((), (), ())
    given_rows = pa.table(
        {
            "day": pa.array(days, pa.int32()),
            "units": pa.array(units, pa.float64()),
            "text": pa.array(texts, pa.string()).dictionary_encode().cast(bulk.TEXT),
        }
    )
    with record.writing() as connection:
        connection.execute(mixed.delete())
        bulk.insert(connection, mixed, given_rows)
        found = bulk.fetch(connection, select(mixed))

    def told(table: pa.Table) -> list[str]:
        return sorted(repr(list(row.values())) for row in table.to_pylist())

    assert told(found) == told(given_rows)
    assert found.schema == given_rows.schema
    assert not any(math.isinf(number) for number in found.column("units").to_pylist() if number)
