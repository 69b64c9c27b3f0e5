"""Laws that hold whatever a file holds."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import DeliveryRefused
from forecasting.feeds import reading as reading_module
from tests.feeds.exports import assert_balanced, read_text

FIELD = st.one_of(
    st.sampled_from(["2026-01-05", "2026-02-30", "S1", "A", "00123", "1", "-2.5", "NaN", "1e16"]),
    st.text(alphabet='aé ,;"\n\r\t.1-', max_size=6),
)
ROW = st.one_of(
    st.tuples(
        st.sampled_from(["2026-01-05", "2026-01-06"]),
        st.sampled_from(["S1", "S2"]),
        st.sampled_from(["A", "00123"]),
        st.integers(-5, 50).map(str),
    ).map(list),
    st.lists(FIELD, min_size=1, max_size=6),
)


def written(table: list[list[str]]) -> str:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows([["date", "site", "sku", "units"], *table])
    return sink.getvalue()


@settings(max_examples=100, deadline=None)
@given(st.lists(ROW, max_size=30))
def test_rows_and_units_balance_and_accepted_rows_keep_the_contract(table: list[list[str]]) -> None:
    reading = read_text(written(table))
    assert_balanced(reading)
    batch = reading.batches[0].rows
    assert pc.all(pc.is_finite(batch["units"])).as_py() in (True, None)
    assert all(batch[name].null_count == 0 for name in batch.column_names)
    total = pc.sum(batch["units"]).as_py() or 0.0
    assert abs(total - (reading.units_accepted or 0.0)) < 1e-6
    keys = pa.TableGroupBy(batch, ["date", "site", "sku"]).aggregate([([], "count_all")])
    assert keys.num_rows == batch.num_rows


@settings(max_examples=100, deadline=None)
@given(st.lists(ROW, max_size=20))
def test_every_reject_carries_the_text_of_its_own_line(table: list[list[str]]) -> None:
    text = written(table)
    lines = list(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")))
    for line, raw in read_text(text).rejects[["line", "raw"]].itertuples(index=False):
        assert "".join(lines[line - 1 :]).startswith(raw)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='date,site\n"ku\r;1é', max_size=80))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    try:
        reading = read_text("date,site,sku,units\n" + text)
    except DeliveryRefused:
        return
    assert_balanced(reading)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=15))
def test_quotes_that_change_nothing_change_nothing(table: list[list[str]]) -> None:
    """Arrow's way and Python's way of cutting give the same rows and the same rejects."""
    plain = [[field.translate(str.maketrans("", "", '"\n\r,')) for field in row] for row in table]
    plain = [row for row in plain if any(row)]
    text = "date,site,sku,units\n" + "".join(",".join(row) + "\n" for row in plain)
    quoted = "date,site,sku,units\n" + "".join(
        ",".join(f'"{field}"' for field in row) + "\n" for row in plain
    )
    slow = text + '2026-01-07,S,"a""b",1\n'
    fast = text + "2026-01-07,S,ab,1\n"
    for one, other in ((text, quoted), (fast, slow)):
        left, right = read_text(one), read_text(other)
        assert left.rejects["code"].tolist() == right.rejects["code"].tolist()
        assert left.rejects["line"].tolist() == right.rejects["line"].tolist()
        assert (left.accepted, left.units_accepted) == (right.accepted, right.units_accepted)


UNITS = st.one_of(
    st.integers(-(10**12), 10**12).map(float),
    st.floats(-1e15, 1e15, allow_nan=False),
    st.just(-0.0),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(UNITS, max_size=30), st.integers(1, 5))
def test_control_totals_are_rounded_once(units: list[float], at_once: int) -> None:
    """Whole units take a quick way; it must be the same number."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading_module, "_ADDED_AT_ONCE", at_once)
        total = reading_module._total(np.array(units), None)
    assert total == math.fsum(units)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from("AB")), max_size=9))
def test_a_key_is_repeated_or_it_is_not(keys: list[tuple[int, int, str]]) -> None:
    """Whatever the order of the rows: the quick look for repeated keys never misses one."""
    table = [[f"2026-01-0{day + 1}", f"S{site}", sku, "1"] for day, site, sku in keys]
    batch = read_text(written(table)).batches[0].rows
    found = set(zip(*(batch[name].to_pylist() for name in ("date", "site", "sku")), strict=True))
    assert batch.num_rows == len(found) == len(set(keys))
    assert pc.sum(batch["units"]).as_py() == (len(keys) or None)
