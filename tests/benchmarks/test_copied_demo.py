"""A company made of the demo's items, copied: what each copy has of its own, and what it shares."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.copied_demo import copied
from forecasting.calendar import Frequency
from forecasting.demand import Corrections
from models.scenarios.base import Base
from tests.risk.warehouse import Order, shelf
from tests.scenarios.worlds import base_of

LINE = Order(order_id="PO-7", promised=6, units=9.0)


def base() -> Base:
    made = base_of(
        shelf(site="LYON", sku="A", demand=3.0, on_hand=5.0),
        shelf(site="LYON", sku="B", demand=1.0, on_hand=50.0, orders=(LINE,)),
        shelf(site="METZ", sku="A", demand=2.0, on_hand=7.0),
    )
    length = made.panel.units.shape[1]
    corrections = Corrections(np.array([4, length + 2]), np.array([8.5, 2.25]))
    levels = {Frequency.DAY: np.array([[1.0], [2.0], [3.0]])}
    return Base(made.panel, made.forecast, corrections, levels)


def test_copies_have_what_the_item_has_under_names_of_their_own() -> None:
    given = base()
    made = copied(given, 8)
    codes = made.panel.series[["site", "sku"]]
    assert codes.equals(codes.sort_values(["site", "sku"], ignore_index=True))
    assert list(codes["sku"]) == ["A", "A-01", "A-02", "B", "B-01", "B-02", "A", "A-01"]
    row = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    np.testing.assert_array_equal(made.panel.units, given.panel.units[row])
    np.testing.assert_array_equal(made.forecast.mean, given.forecast.mean[row])
    np.testing.assert_array_equal(made.levels[Frequency.DAY][:, 0], row + 1.0)
    stock = given.panel.stock["on_hand"].iloc[row].reset_index(drop=True)
    pd.testing.assert_series_equal(made.panel.stock["on_hand"], stock)
    orders = made.panel.orders
    assert list(orders["order_id"]) == ["PO-7", "PO-7-01", "PO-7-02"]
    assert list(codes["sku"].iloc[orders["series"]]) == ["B", "B-01", "B-02"]


def test_demand_is_corrected_where_the_copy_stands() -> None:
    given = base()
    made = copied(given, 8)
    told = made.corrections.onto(made.panel.units)
    before = given.corrections.onto(given.panel.units)
    np.testing.assert_array_equal(told, before[[0, 0, 0, 1, 1, 1, 2, 2]])


def test_each_copy_has_luck_of_its_own_and_the_first_that_of_the_item() -> None:
    given = base()
    paths = copied(given, 8).forecast.paths(slice(None), 28)
    np.testing.assert_array_equal(paths[[0, 3, 6]], given.forecast.paths(slice(None), 28))
    assert not np.array_equal(paths[0], paths[1])
