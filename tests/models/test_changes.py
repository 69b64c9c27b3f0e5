"""A delta turns the old forecasts into the new ones, and holds nothing that it could leave out."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.tabular import WRITERS
from forecasting.calendar import Frequency, labels, period_start
from models.publication.build import table_of
from models.publication.changes import CHANGE, CHANGED, GONE, NEW, changes_of

SITES, SKUS = ('Dépôt, "Nord"', "LYON"), ("001", "1", "A|B")
COLUMNS = [
    "site",
    "sku",
    "period",
    "period_start",
    "mean",
    "q500",
    "method",
    "mean_units",
    "reason",
]
Key = tuple[str, str, str]


def published(
    series: Mapping[tuple[str, str], float], first: int, length: int, *, levels: bool = True
) -> pa.Table:
    """Forecasts of these series (site, sku -> mean), in so many weeks from `first` on."""
    weeks = list(range(first, first + length))
    starts = period_start(weeks, Frequency.WEEK).astype("datetime64[s]")
    rows = [
        (site, sku, week, start, mean, float(int(mean)), "combination", mean, f"× {mean:.1f}")
        for (site, sku), mean in sorted(series.items())
        for week, start in zip(labels(weeks, Frequency.WEEK), starts, strict=True)
    ]
    table = table_of(pd.DataFrame(rows, columns=COLUMNS))
    for name in ("mean", "q500", "mean_units"):  # an empty column of a frame has no type
        place = table.column_names.index(name)
        table = table.set_column(place, name, table.column(name).cast(pa.float64()))
    place = table.column_names.index("period_start")
    table = table.set_column(place, "period_start", table.column("period_start").cast(pa.date32()))
    return table if levels else table.drop_columns(["q500"])


def rows_of(table: pa.Table) -> dict[Key, dict[str, Any]]:
    return {(row["site"], row["sku"], row["period"]): row for row in table.to_pylist()}


def applied(held: dict[Key, dict[str, Any]], delta: pa.Table) -> dict[Key, dict[str, Any]]:
    """What an ERP does with a delta."""
    result = dict(held)
    for row in delta.to_pylist():
        key = (row["site"], row["sku"], row["period"])
        if row.pop(CHANGE) == GONE:
            del result[key]
        else:
            result[key] = row
    return result


series = st.dictionaries(
    st.tuples(st.sampled_from(SITES), st.sampled_from(SKUS)), st.sampled_from([0.0, 0.5, 1e-6, 7.0])
)
publications = st.tuples(series, st.integers(2_900, 2_904), st.integers(1, 4), st.booleans())


@settings(deadline=None)  # the machine may be busy
@given(publications, publications)
def test_the_old_set_and_the_delta_give_the_new_set(
    before: tuple[Any, ...], after: tuple[Any, ...]
) -> None:
    old = published(*before[:3], levels=before[3])
    new = published(*after[:3], levels=after[3])
    delta = changes_of(old, new)
    assert applied(rows_of(old), delta) == rows_of(new)


@settings(deadline=None)
@given(publications, publications)
def test_no_row_of_a_delta_could_be_left_out(
    before: tuple[Any, ...], after: tuple[Any, ...]
) -> None:
    old, new = published(*before[:3]), published(*after[:3])
    held, wanted = rows_of(old), rows_of(new)
    told = {
        NEW: {key for key in wanted if key not in held},
        CHANGED: {key for key in wanted if key in held and wanted[key] != held[key]},
        GONE: {key for key in held if key not in wanted},
    }
    delta = changes_of(old, new).to_pylist()
    for word, keys in told.items():
        assert {
            (row["site"], row["sku"], row["period"]) for row in delta if row[CHANGE] == word
        } == keys
    order = [(row["site"], row["sku"], row["period_start"]) for row in delta]
    assert order == sorted(order)


def read_csv(content: bytes) -> pa.Table:
    frame = pd.read_csv(
        io.BytesIO(content),
        dtype=dict.fromkeys(("site", "sku", "period", "method", "reason", CHANGE), "str"),
        keep_default_na=False,
        na_values={name: [""] for name in ("mean", "q500", "mean_units")},
        parse_dates=["period_start"],
        float_precision="round_trip",
    )
    return table_of(frame)


def read_ndjson(content: bytes) -> pa.Table:
    frame = pd.read_json(
        io.BytesIO(content), lines=True, dtype=False, convert_dates=False, precise_float=True
    )
    frame["period_start"] = pd.to_datetime(frame["period_start"])
    return table_of(frame)


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("csv", read_csv),
        ("ndjson", read_ndjson),
        ("parquet", lambda content: pq.read_table(io.BytesIO(content))),
    ],
)
@settings(deadline=None, max_examples=50)
@given(before=publications, after=publications)
def test_it_holds_in_every_format(
    form: str, read: Callable[[bytes], pa.Table], before: tuple[Any, ...], after: tuple[Any, ...]
) -> None:
    old, new = published(*before[:3]), published(*after[:3])
    delta, out = changes_of(old, new), io.BytesIO()
    WRITERS[form](delta, out)
    if delta.num_rows:
        received = read(out.getvalue()).select(delta.column_names)
        assert applied(rows_of(old), received) == rows_of(new)


def test_a_week_later_the_first_week_is_gone_and_the_last_is_new() -> None:
    shelf = {("LYON", "001"): 7.0}
    delta = changes_of(published(shelf, 2_900, 3), published(shelf, 2_901, 3)).to_pylist()
    assert [row[CHANGE] for row in delta] == [GONE, NEW]
    assert delta[0]["mean"] is None


def test_the_same_publication_changes_nothing() -> None:
    table = published({("LYON", "001"): 7.0}, 2_900, 3)
    assert changes_of(table, table).num_rows == 0
