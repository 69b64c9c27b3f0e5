"""The arithmetic of the stock: against a plain simulation, a closed form, and its laws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.stockout import is_out
from models.projection import OpenLines, Projection, Supply, project, seeds
from models.replenishment import Policies

LAW = settings(deadline=None)  # the first example may compile the kernel
HORIZON = 10
ARRIVALS = st.lists(
    st.tuples(st.integers(0, HORIZON), st.integers(0, 30)), max_size=4
)  # period (HORIZON: after it), units
DEMANDS = st.lists(
    st.lists(st.integers(0, 9), min_size=HORIZON, max_size=HORIZON), min_size=1, max_size=5
)


def supplied(
    on_hand: float,
    *,
    arrivals: list[tuple[int, float]] = [],  # noqa: B006
    blocked: float = 0.0,
    booked: list[float] | None = None,
    policy: tuple[float, float, int, int] | None = None,  # reorder at, up to, review every, lead
    horizon: int = HORIZON,
    pack: float = 0.0,
    within: float = 0.0,
) -> Supply:
    """One shelf whose arrivals are certain."""
    chance = np.array([[float(h >= period) for h in range(horizon)] for period, _ in arrivals])
    reorder, up_to, every, lead = policy or (np.nan, np.nan, 1, 0)
    return Supply.plain(
        np.array([float(on_hand)]),
        horizon=horizon,
        blocked=np.array([float(blocked)]),
        booked=np.array([booked or [0.0] * horizon], dtype=float),
        seed=np.array([7], dtype=np.uint64),
        lines=OpenLines.from_suppliers(
            series=np.zeros(len(arrivals), np.int64),
            units=np.array([units for _, units in arrivals], dtype=float),
            chance=chance.reshape(len(arrivals), horizon),
            share=np.ones((len(arrivals), 3)),
            seed=np.arange(len(arrivals), dtype=np.uint64),
        ),
        policies=Policies(
            reorder_point=np.array([float(reorder)]),
            order_up_to=np.array([float(up_to)]),
            pack=np.array([pack]),
            least_order=np.zeros(1),
            review=np.array([[h % every == 0 for h in range(horizon)]]),
            lead_chance=np.array([[float(k >= lead) for k in range(horizon)]]),
            within=np.array([within]),
            stated=np.isfinite(np.array([float(reorder)])),
        ),
    )


def projected(supply: Supply, demand: Any, *, lost: float = 1.0, main: int = 5) -> Projection:
    paths = np.asarray(demand, dtype=np.float32)[None, :, :]
    return project(paths, supply, slice(0, 1), main=main, lost_share=lost)


def simulated(
    on_hand: float,
    demand: list[int],
    arrivals: list[tuple[int, float]],
    blocked: float,
    policy: tuple[float, float, int, int] | None,
    lost: float,
) -> list[float]:
    """One path in plain Python: stock at each close."""
    stock, backlog, closes = float(on_hand), 0.0, []
    due = [sum(units for period, units in arrivals if period == h) for h in range(HORIZON)]
    on_order = float(sum(units for _, units in arrivals))
    placed: list[tuple[int, float]] = []
    for h in range(HORIZON):
        on_order -= due[h]
        stock += due[h]
        if policy:
            reorder, up_to, every, lead = policy
            position = stock + on_order - backlog
            if h % every == 0 and position <= reorder and position < up_to:
                placed.append((h + lead, up_to - position))
                on_order += up_to - position
            came = sum(units for period, units in placed if period == h)
            stock += came
            on_order -= came
        sellable = max(stock - blocked, 0.0)
        paid = min(sellable, backlog)
        served = min(sellable - paid, demand[h])
        stock -= paid + served
        backlog += (demand[h] - served) * (1 - lost) - paid
        closes.append(stock)
    return closes


@LAW
@given(
    on_hand=st.integers(0, 40),
    demand=DEMANDS,
    arrivals=ARRIVALS,
    blocked=st.integers(0, 5),
    policy=st.none()
    | st.tuples(st.integers(0, 20), st.integers(0, 40), st.integers(1, 3), st.integers(0, 6)),
    lost=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_the_kernel_agrees_with_a_plain_simulation(
    on_hand: int,
    demand: list[list[int]],
    arrivals: list[tuple[int, float]],
    blocked: int,
    policy: tuple[float, float, int, int] | None,
    lost: float,
) -> None:
    supply = supplied(on_hand, arrivals=arrivals, blocked=blocked, policy=policy)
    found = projected(supply, demand, lost=lost)
    closes = np.array(
        [simulated(on_hand, path, arrivals, blocked, policy, lost) for path in demand]
    )
    np.testing.assert_allclose(found.on_hand[0].T, closes, atol=1e-3)
    out = closes - blocked <= 0
    assert found.means["out"][0] == pytest.approx(out.mean(axis=0))
    for horizon in (1, 5, HORIZON):
        assert found.chance(horizon)[0] == pytest.approx(out[:, :horizon].any(axis=1).mean())
    if policy is None:
        assert found.chance_no_order(HORIZON) == pytest.approx(found.chance(HORIZON))


@LAW
@given(
    on_hand=st.integers(0, 40),
    more=st.integers(0, 20),
    demand=DEMANDS,
    arrivals=ARRIVALS,
    lost=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_more_stock_never_raises_the_risk_without_orders(
    on_hand: int, more: int, demand: list[list[int]], arrivals: list[tuple[int, float]], lost: float
) -> None:
    less = projected(supplied(on_hand, arrivals=arrivals), demand, lost=lost)
    full = projected(supplied(on_hand + more, arrivals=arrivals), demand, lost=lost)
    for horizon in range(1, HORIZON + 1):
        assert full.chance_no_order(horizon)[0] <= less.chance_no_order(horizon)[0] + 1e-12


@LAW
@given(
    on_hand=st.integers(0, 40),
    demand=DEMANDS,
    arrivals=ARRIVALS,
    delay=st.integers(0, 6),
    lost=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_a_later_arrival_never_lowers_the_risk_without_orders(
    on_hand: int,
    demand: list[list[int]],
    arrivals: list[tuple[int, float]],
    delay: int,
    lost: float,
) -> None:
    late = [(period + delay, units) for period, units in arrivals]
    sooner = projected(supplied(on_hand, arrivals=arrivals), demand, lost=lost)
    later = projected(supplied(on_hand, arrivals=late), demand, lost=lost)
    for horizon in range(1, HORIZON + 1):
        assert later.chance_no_order(horizon)[0] >= sooner.chance_no_order(horizon)[0] - 1e-12


@LAW
@given(
    on_hand=st.integers(0, 40),
    demand=DEMANDS,
    arrivals=ARRIVALS,
    scale=st.sampled_from([0.5, 4.0, 1024.0]),
    policy=st.none() | st.tuples(st.integers(0, 20), st.integers(0, 40), st.just(1), st.just(3)),
)
def test_scaling_units_and_stock_together_changes_no_chance(
    on_hand: int,
    demand: list[list[int]],
    arrivals: list[tuple[int, float]],
    scale: float,
    policy: tuple[float, float, int, int] | None,
) -> None:
    plain = projected(supplied(on_hand, arrivals=arrivals, policy=policy), demand)
    larger = projected(
        supplied(
            on_hand * scale,
            arrivals=[(period, units * scale) for period, units in arrivals],
            policy=policy and (policy[0] * scale, policy[1] * scale, policy[2], policy[3]),
        ),
        np.array(demand) * scale,
    )
    assert np.array_equal(plain.means["first_out"], larger.means["first_out"])
    assert larger.means["unmet"] == pytest.approx(plain.means["unmet"] * scale)


@LAW
@given(on_hand=st.integers(0, 60), demand=DEMANDS, arrivals=ARRIVALS)
def test_horizons_never_cross_and_orders_only_help(
    on_hand: int, demand: list[list[int]], arrivals: list[tuple[int, float]]
) -> None:
    found = projected(supplied(on_hand, arrivals=arrivals, policy=(10, 30, 1, 2)), demand)
    by_horizon = [found.chance(horizon)[0] for horizon in range(1, HORIZON + 1)]
    assert np.all(np.diff(by_horizon) >= 0)
    assert all(0 <= chance <= 1 + 1e-12 for chance in by_horizon)
    assert found.chance(HORIZON)[0] <= found.chance_no_order(HORIZON)[0] + 1e-12


def test_poisson_demand_has_a_closed_form() -> None:
    """Nothing on order: out within h periods exactly when Poisson(λh) ≥ stock."""
    rate, stock, paths = 2.0, 12, 40_000
    demand = np.random.default_rng(3).poisson(rate, (paths, HORIZON))
    found = projected(supplied(stock), demand)
    for horizon in (3, 5, 8):
        mean = rate * horizon
        below = sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(stock))
        assert found.chance_no_order(horizon)[0] == pytest.approx(1 - below, abs=0.01)


def test_exactly_nothing_left_is_out() -> None:
    assert projected(supplied(4), [[4] + [0] * 9]).chance(1)[0] == 1.0
    assert projected(supplied(4.001), [[4] + [0] * 9]).chance(HORIZON)[0] == 0.0
    assert projected(supplied(9, blocked=5), [[4] + [0] * 9]).chance(1)[0] == 1.0
    assert list(is_out(np.array([0.0, 3.0, -1.0]), np.array([0.0, 2.0, 0.0]))) == [
        True,
        False,
        True,
    ]


def test_booked_orders_are_the_larger_of_booked_and_forecast() -> None:
    booked = [5.0, 1.0] + [0.0] * 8
    found = projected(supplied(100, booked=booked), [[3] * HORIZON])
    assert list(found.means["demand"][0, :3]) == [5.0, 3.0, 3.0]


def test_what_orders_inside_a_period_replace_follows_what_sells_in_it() -> None:
    """A shelf of 10, refilled up to 10 throughout the period: at its close only the share that
    sells after the last refill is missing, whether the path sold little or much."""
    sold = [[0.0] * HORIZON, [20.0] * HORIZON, [60.0] * HORIZON]
    found = projected(supplied(10, policy=(10, 10, 1, 0), within=0.9), sold)
    assert found.on_hand[0, 0].tolist() == pytest.approx([10.0, 8.0, 4.0])
    without = projected(supplied(10, policy=(10, 10, 1, 0)), sold)
    assert without.on_hand[0, 0].tolist() == pytest.approx([10.0, 0.0, 0.0])


def test_whole_packs_are_ordered() -> None:
    found = projected(supplied(10, policy=(10, 25, 1, 1), pack=12.0), [[0] * HORIZON])
    assert found.means["arrivals"][0, 1] == 24.0


def test_uncertain_arrivals_come_in_their_proportion() -> None:
    supply = supplied(5, arrivals=[(0, 10)])
    supply.lines.chance[:] = np.linspace(0.05, 0.5, HORIZON)
    found = projected(supply, np.zeros((1000, HORIZON)))
    assert found.means["arrivals"][0].cumsum() == pytest.approx(
        10 * np.linspace(0.05, 0.5, HORIZON), abs=0.02
    )


def test_dates_fall_when_the_stock_ends_and_when_it_comes_back() -> None:
    found = projected(supplied(0, arrivals=[(3, 10)]), [[1] * HORIZON])
    assert found.back_at[0, 0] == 3
    assert found.before_receipt[0] == 1.0
    found = projected(supplied(5), [[2] * HORIZON])
    assert found.out_at[0, 0] == pytest.approx(2.5)  # half of the third period's demand is served


def test_hostile_numbers_stay_finite() -> None:
    for on_hand, demand in ((1e15, 1e15), (-1e15, 1.0), (0.0, 0.0), (1e15, 0.0), (5.0, np.inf)):
        found = projected(supplied(on_hand, arrivals=[(2, 1e15)]), np.full((3, HORIZON), demand))
        assert all(np.isfinite(values).all() for values in found.means.values())
        assert 0 <= found.chance(HORIZON)[0] <= 1


def test_a_seed_belongs_to_its_series() -> None:
    one = seeds(1, ["S1", "S2"], ["A", "A"])  # type: ignore[arg-type]
    other = seeds(1, ["S2"], ["A"])  # type: ignore[arg-type]
    assert one[1] == other[0] != one[0]
