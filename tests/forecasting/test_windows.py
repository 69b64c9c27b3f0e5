"""A panel read a quarter at a time is the panel read at once, to the last bit."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.rows import TableRows
from forecasting import histories, panel, windows
from forecasting.calendar import Frequency, period_end, period_start, to_period
from forecasting.options import Options
from forecasting.panel import build_panel
from forecasting.windows import windows_of
from tests.forecasting.warehouse import Rows, days_of, panel_of

DAY = dt.date(2026, 2, 1)


def texts(values: Any) -> pa.DictionaryArray:
    return pa.array([str(value) for value in values]).dictionary_encode()


def places(chance: np.random.Generator, count: int) -> dict[str, Any]:
    days = np.datetime64("2024-01-01") + chance.integers(0, 800, count)
    return {
        "date": pa.array(days).cast(pa.date32()),  # in no order
        "site": texts(f"S{n}" for n in chance.integers(0, 3, count)),
        "sku": texts(f"K{n}" for n in chance.integers(0, 9, count)),
    }


def some(chance: np.random.Generator, share: float, values: np.ndarray) -> pa.Array:
    return pa.array(np.where(chance.random(len(values)) < share, values, np.nan), from_pandas=True)


def two_years() -> TableRows:
    """Decimals, prices, scrap, lots, blocked stock, availability and complete snapshots."""
    chance = np.random.default_rng(7)
    count = 4_000
    sales = {
        **places(chance, count),
        "units": chance.normal(2, 3, count).round(3),
        "line_id": texts(range(count)),
        "price": some(chance, 0.5, chance.uniform(1, 9, count)),
        "kind": texts(chance.choice(["", "scrap", "customer"], count)),
    }
    stock = {
        **places(chance, count),
        "on_hand": some(chance, 0.9, chance.normal(5, 4, count).round(2)),
        "availability": some(chance, 0.3, chance.random(count)),
        "reserved": some(chance, 0.3, chance.random(count)),
        "blocked": some(chance, 0.3, chance.random(count)),
        "lot": texts(range(count)),
        "expires_on": pa.array(np.full(count, np.datetime64("2025-12-24")), pa.date32()),
    }
    complete = pd.DataFrame(
        {
            "site": [f"S{n % 3}" for n in range(200)],
            "date": (np.datetime64("2024-05-01") + 3 * np.arange(200)).astype("datetime64[s]"),
        }
    )
    return TableRows({"sales": pa.table(sales), "stock": pa.table(stock)}, complete=complete)


@pytest.mark.parametrize("frequency", Frequency)
def test_a_panel_read_in_windows_is_the_panel_read_at_once(frequency, monkeypatch) -> None:
    rows, options = two_years(), Options(frequency=frequency)
    origin = int(to_period(DAY, frequency)) - 1
    together = build_panel(rows, origin, options)
    monkeypatch.setattr(windows, "MOST_ROWS", 0)
    in_windows = build_panel(rows, origin, options)
    assert in_windows.digest == together.digest
    monkeypatch.setattr(windows, "windows_of", lambda _, first, last: [(first, last)])
    monkeypatch.setattr(histories, "BLOCK", 4)
    monkeypatch.setattr(panel, "BLOCK", 5)
    at_once = build_panel(rows, origin, options)
    assert in_windows.digest == at_once.digest
    for name in ("units", "on_hand", "blocked", "availability", "price"):
        assert np.isfinite(getattr(at_once, name)).any(), f"{name}: nothing was tested"
    pd.testing.assert_frame_equal(in_windows.stock, at_once.stock)
    assert at_once.stock["rolled"].any()


@given(
    frequency=st.sampled_from(list(Frequency)),
    last=st.integers(0, 3000),
    length=st.integers(1, 1000),
)
def test_windows_cover_every_period_once(frequency: Frequency, last: int, length: int) -> None:
    first = last + 1 - length
    found = windows_of(frequency, first, last)
    covered = [period for begin, end in found for period in range(begin, end + 1)]
    assert covered == list(range(first, last + 1))


@given(
    rows=st.lists(st.integers(1, windows.MOST_ROWS), min_size=1, max_size=40),
    series=st.integers(1, windows.MOST_CELLS // 10),
)
def test_small_windows_are_read_as_one_and_large_ones_alone(rows: list[int], series: int) -> None:
    filled = [(10 * place, 10 * place + 9, held) for place, held in enumerate(rows)]
    found = windows._together(filled, series)
    parts = [filled[first // 10 : (last + 1) // 10] for first, last in found]
    assert [window for part in parts for window in part] == filled

    def fits(part: list[tuple[int, int, int]]) -> bool:
        cells = (part[-1][1] - part[0][0] + 1) * series
        return sum(held for *_, held in part) <= windows.MOST_ROWS and cells <= windows.MOST_CELLS

    assert all(len(part) == 1 or fits(part) for part in parts)
    assert not any(fits([*part, after[0]]) for part, after in pairwise(parts))


def test_windows_of_days_are_cut_where_the_months_of_a_snapshot_are() -> None:
    first, last = (int(to_period(day, Frequency.DAY)) for day in ("2025-02-10", "2026-05-03"))
    for begin, end in windows_of(Frequency.DAY, first, last)[1:-1]:
        assert str(period_start(begin, Frequency.DAY)).endswith("-01")
        assert str(period_end(end, Frequency.DAY))[5:] in ("03-31", "06-30", "09-30", "12-31")


def test_a_series_whose_only_rows_are_older_than_any_history_still_has_a_row() -> None:
    old = days_of([1], sku="VIEUX", last=dt.date(2001, 1, 1))
    found = panel_of(Rows(sales=pd.concat([old, days_of([1, 2])])))
    assert found.series["sku"].tolist() == ["CAFE", "VIEUX"]
    assert found.units.shape == (2, 2)
    assert np.isnan(found.units[1]).all()


def test_a_feed_that_is_absent_takes_no_memory() -> None:
    found = panel_of(Rows(sales=days_of([1] * 30)))
    for name in ("on_hand", "blocked", "availability", "receipts", "price"):
        matrix = getattr(found, name)
        assert matrix.shape == (1, 30)
        assert not any(matrix.strides), f"{name} is laid out"
