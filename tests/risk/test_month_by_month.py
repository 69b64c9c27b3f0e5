"""What the learned risk reads of a ledger of months, month by month."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.rows import TableRows
from forecasting.calendar import Frequency, to_period
from forecasting.options import Options
from forecasting.panel import Panel, build_panel
from models.risk import by_row
from models.risk.month_by_month import month_features

MONTHS = [dt.date(2026, month, 28) for month in (1, 2, 3, 4)]
RECEIVED = {"A": [0, 6, 0, 8], "B": [0, 0, 4, 0], "C": [2, 0, 0, 80]}
ON_HAND = {"A": [9, 7, 5, 4], "B": [3, 3, 1, 0], "C": [2, 4, 6, 8]}


def panel_until(month: int, frequency: Frequency = Frequency.MONTH) -> Panel:
    """Item 1 at three sites, used 2 a month; A requests 5 in March, and its count of April finds 3
    less."""
    keys = [(site, day, k) for site in ON_HAND for k, day in enumerate(MONTHS)]
    site, dates = [key[0] for key in keys], pa.array([key[1] for key in keys], pa.date32())
    sku = ["1"] * len(keys)
    came = [key for key in keys if RECEIVED[key[0]][key[2]]]
    moved = pa.table(
        {
            "date": pa.array([*(key[1] for key in came), MONTHS[3]], pa.date32()),
            "site": [*(key[0] for key in came), "A"],
            "sku": ["1"] * (len(came) + 1),
            "units": [*(float(RECEIVED[key[0]][key[2]]) for key in came), -3.0],
            "kind": [*("receipt" for _ in came), "count"],
        }
    )
    feeds = {
        "sales": pa.table({"date": dates, "site": site, "sku": sku, "units": [2.0] * len(keys)}),
        "stock": pa.table(
            {
                "date": dates,
                "site": site,
                "sku": sku,
                "on_hand": [float(ON_HAND[key[0]][key[2]]) for key in keys],
            }
        ),
        "movements": moved,
        "orders": pa.table(
            {
                "order_id": ["R1"],
                "site": ["A"],
                "sku": ["1"],
                "units_ordered": [5.0],
                "ordered_on": pa.array([MONTHS[2]], pa.date32()),
                "status": ["requested"],
            }
        ),
    }
    origin = int(to_period(MONTHS[month - 1], frequency))
    return build_panel(TableRows(feeds), origin, Options(frequency=frequency))


def told(panel: Panel) -> dict[str, list[float]]:
    usage = np.full(3, 2.0)
    cover = by_row.cover(panel.on_hand[:, -1], usage)
    found = month_features(panel, usage, cover, np.array([0.0, 0.5, 0.25]))
    return {name: values.tolist() for name, values in found.items()}


def test_each_of_the_last_months_is_told_in_months_of_usage() -> None:
    found = told(panel_until(4))
    assert [found[f"received_{back}_back"][0] for back in range(3)] == [4.0, 0.0, 3.0]
    assert [found[f"stock_{back}_back"][0] for back in (1, 2)] == [2.5, 3.5]
    assert [found[f"asked_{back}_back"][0] for back in range(3)] == [0.0, 2.5, 0.0]
    assert [found[f"corrected_{back}_back"][0] for back in range(3)] == [-1.5, 0.0, 0.0]
    assert [found[f"used_{back}_back"][2] for back in range(3)] == [1.0] * 3


def test_the_same_item_elsewhere_is_told_without_ones_own_shelf() -> None:
    """B alone is low, with nothing; what C received counts as ten months at most."""
    found = told(panel_until(4))
    assert found["sku_low"] == [0.5, 0.0, 0.5]
    assert found["sku_out_long"] == pytest.approx([0.375, 0.125, 0.25])
    assert found["sku_received_0_back"] == [5.0, 7.0, 2.0]


def test_a_month_before_the_record_is_not_known_and_one_after_the_origin_is_not_seen() -> None:
    found = told(panel_until(2))
    assert found["received_0_back"] == [3.0, 0.0, 0.0]
    assert np.isnan([found["used_2_back"][0], found["stock_2_back"][0]]).all()
    assert not any(found["asked_0_back"] + found["corrected_0_back"])


def test_days_are_left_to_their_means() -> None:
    assert told(panel_until(4, Frequency.DAY)) == {}
