"""Lots that expire leave the stock after their last day; what expires first is sold first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.calendar import Frequency
from forecasting.options import Options
from models.lead_time import fit_lead_times
from models.projection import Projection, Supply, project, supply_of
from tests.risk.test_projection import ARRIVALS, DEMANDS, HORIZON, supplied
from tests.risk.warehouse import panel_of, shelf

LAW = settings(deadline=None)


def spoiling(
    on_hand: float, lots: list[tuple[int, float]], demand: Any, *, lost: float = 1.0, **facts: Any
) -> Projection:
    """`lots`: first period in which each may not be sold, units."""
    gone = [sum(units for period, units in lots if period <= h) for h in range(HORIZON)]
    supply = replace(supplied(on_hand, **facts), expiring=np.array([gone], dtype=float))
    paths = np.asarray(demand, dtype=np.float32)[None]
    return project(paths, supply, slice(0, 1), main=5, lost_share=lost)


def supply_for(frequency: Frequency = Frequency.DAY, **facts: Any) -> Supply:
    options = Options(frequency=frequency)
    panel = panel_of([shelf(**facts)], options)
    return supply_of(panel, fit_lead_times(panel, options), np.array([2.0]), 10, options)


def test_what_is_not_sold_by_then_leaves() -> None:
    """Six of ten keep to the end of the third day; one a day sells: three of them spoil."""
    found = spoiling(10, [(3, 6)], [[1] * HORIZON])
    assert found.on_hand[0, :5, 0].tolist() == [9, 8, 7, 3, 2]
    assert found.means["losses"][0, :5].tolist() == [0, 0, 0, 3, 0]
    assert found.out_at[0, 0] == pytest.approx(6.999)


def test_what_is_sold_in_time_does_not_spoil() -> None:
    found = spoiling(10, [(3, 6)], [[2] * HORIZON])
    assert found.means["losses"].sum() == 0


def simulated(on_hand: int, lots: list[tuple[int, int]], demand: list[int]) -> list[float]:
    """Every unit with its own last period; the first to expire is sold first."""
    ages = [period for period, units in lots for _ in range(units)]
    shelf_ = sorted(ages + [HORIZON] * (on_hand - len(ages)))
    closes = []
    for h in range(HORIZON):
        shelf_ = [last for last in shelf_ if last > h][demand[h] :]
        closes.append(float(len(shelf_)))
    return closes


LOTS = st.lists(st.tuples(st.integers(0, HORIZON), st.integers(0, 9)), max_size=3)


@LAW
@given(more=st.integers(0, 30), lots=LOTS, demand=DEMANDS)
def test_it_agrees_with_a_simulation_of_single_units(
    more: int, lots: list[tuple[int, int]], demand: list[list[int]]
) -> None:
    on_hand = more + sum(units for _, units in lots)
    found = spoiling(on_hand, lots, demand)  # type: ignore[arg-type]
    expected = np.array([simulated(on_hand, lots, path) for path in demand])
    assert np.array_equal(found.on_hand[0].T, expected)
    first = (expected <= 0).any(axis=1).mean()
    assert found.chance_no_order(HORIZON)[0] == pytest.approx(first)


@LAW
@given(
    more=st.integers(0, 20),
    keeping=st.integers(1, 20),
    lots=LOTS,
    demand=DEMANDS,
    arrivals=ARRIVALS,
    delay=st.integers(1, 5),
    lost=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_the_laws_hold_for_stock_that_expires(
    more: int,
    keeping: int,
    lots: list[tuple[int, float]],
    demand: list[list[int]],
    arrivals: list[tuple[int, float]],
    delay: int,
    lost: float,
) -> None:
    on_hand = more + sum(units for _, units in lots)
    base = spoiling(on_hand, lots, demand, lost=lost, arrivals=arrivals)
    full = spoiling(on_hand + keeping, lots, demand, lost=lost, arrivals=arrivals)
    late = [(period + delay, units) for period, units in arrivals]
    later = spoiling(on_hand, lots, demand, lost=lost, arrivals=late)
    fresh = spoiling(on_hand, [], demand, lost=lost, arrivals=arrivals)
    for horizon in range(1, HORIZON + 1):
        chance = base.chance_no_order(horizon)[0]
        assert full.chance_no_order(horizon)[0] <= chance
        assert fresh.chance_no_order(horizon)[0] <= chance
        assert later.chance_no_order(horizon)[0] >= chance


def test_lots_are_counted_from_the_panel() -> None:
    """On sale today for the last time, and to the end of the third day; the rest keeps."""
    gone = supply_for(on_hand=20.0, lots=((0, 4.0), (3, 6.0), (None, 10.0))).expiring[0]
    assert gone.tolist() == [4.0] * 3 + [10.0] * 7
    weekly = supply_for(Frequency.WEEK, on_hand=20.0, lots=((3, 6.0), (None, 14.0))).expiring[0]
    assert weekly.tolist() == [0.0] + [6.0] * 9


def test_what_sold_since_the_picture_expired_first() -> None:
    gone = supply_for(on_hand=17.0, lots=((0, 4.0), (3, 6.0), (None, 10.0))).expiring[0]
    assert gone.tolist() == [1.0] * 3 + [7.0] * 7
