"""Measures on numbers small enough to work by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.tally import Judged, by_quantile, levels_judged, measures, tally, with_rmsse

LEVELS = levels_judged((0.5,))
NAN = np.nan


def judged(actual, product, scale=(1.0, 1.0)):
    """The season before forecast 0, the mean 2."""
    zero = np.zeros_like(np.array(actual, float))
    return Judged(
        np.array(actual, float), np.array(product, float), zero, zero + 2, np.array(scale)
    )


def table(one, draws=(), spans=None):
    sums = with_rmsse(tally(one, draws, LEVELS, spans or {}))
    keys = pd.DataFrame({"site": "LYON", "sku": ["CAFE", "THE"], "abc": ["A", "C"]})
    return pd.concat([keys.assign(demand_class="smooth"), sums], axis=1)


def test_errors_are_summed_before_they_are_divided():
    found = measures(table(judged([[4.0, NAN], [1.0, 3.0]], [[2.0, 9.0], [2.0, 3.0]])), LEVELS, [])
    row = found.iloc[0]
    assert row["wape"] == pytest.approx((2 + 1 + 0) / 8)
    assert row["bias"] == pytest.approx((-2 + 1) / 8)
    assert row["rmsse"] == pytest.approx((2 + np.sqrt(1 / 2)) / 2), "√4/1 and √(1 + 0)/2"
    assert row["wape_naive"] == 1.0
    assert row["value_added"] == pytest.approx(1 - row["rmsse"] / row["rmsse_naive"])


def test_a_series_without_a_scale_has_no_say_in_rmsse():
    sums = table(judged([[4.0], [9.0]], [[2.0], [0.0]], scale=(1.0, 0.0)))
    assert np.isnan(sums["rmsse"][1])
    assert measures(sums, LEVELS, []).iloc[0]["rmsse"] == pytest.approx(2.0)


def test_segments_are_measured_apart():
    sums = table(judged([[4.0], [1.0]], [[2.0], [2.0]]))
    found = measures(sums, LEVELS, [], by=["abc", "demand_class"])
    assert found["wape"].tolist() == [0.5, 1.0]
    assert found["share_of_demand"].tolist() == [0.8, 0.2]


def test_a_count_on_a_quantile_is_below_it_in_part():
    """Half of the paths say 0, half say 1, and a 0 came: P(Y < 0) = 0, P(Y ≤ 0) = .5."""
    draws = np.tile(np.repeat([0.0, 1.0], 5)[None, :, None], (2, 1, 1)).astype(np.float32)
    sums = table(judged([[0.0], [NAN]], [[0.5], [0.5]]), [(np.array([0, 1]), draws)])
    row = measures(sums, LEVELS, []).iloc[0]
    assert row["below_q500"] == 1.0
    assert row["inside_q100_q900"] == pytest.approx(1 - 0.1 / 0.5)
    assert row["closed_q100_q900"] == 1.0
    assert row["strict_q100_q900"] == 0.0, "0 lies on the lower quantile"
    levels = by_quantile(sums, LEVELS, []).set_index("level")
    assert levels["outcomes"].tolist() == [1] * len(LEVELS)
    assert levels["below"][0.1] == pytest.approx(0.2)
    assert (levels["closed"][0.1], levels["strict"][0.1]) == (1.0, 0.0)


def test_a_total_takes_the_known_periods_only_of_forecasts_too():
    draws = np.full((2, 10, 4), 3.0, np.float32)
    one = judged([[1, 2, NAN, 4], [NAN, NAN, NAN, 4]], np.full((2, 4), 3.0))
    sums = table(one, [(np.array([0, 1]), draws)], {"total": 4})
    assert sums["total_actual"].tolist() == [7, 0], "of the second too little is known"
    assert sums["total_known"].tolist() == [1, 0]
    assert sums["total_error"].tolist() == [9 - 7, 0]
    row = measures(sums, LEVELS, ["total"]).iloc[0]
    assert row["total_wape"] == pytest.approx(2 / 7)
    assert row["total_below_q500"] == 1.0, "7 came, every path says 9"
