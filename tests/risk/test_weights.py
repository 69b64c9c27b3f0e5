"""Paths follow the probability: weighted means, weighted quantiles, weights that meet chances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.projection import Projection, project, reweighted
from models.risk.outlook import Outlook, quantiles
from tests.risk.test_projection import ARRIVALS, DEMANDS, HORIZON, projected, supplied

LAW = settings(deadline=None)
LOTS = st.lists(st.integers(0, 9), min_size=1, max_size=5)
CHANCES = st.lists(st.floats(0, 1), min_size=HORIZON, max_size=HORIZON).map(sorted)


def weighed(on_hand: float, demand: Any, weights: Any, **facts: Any) -> Projection:
    paths = np.asarray(demand, dtype=np.float32)[None, :, :]
    supply, rows = supplied(on_hand, **facts), slice(0, 1)
    return project(
        paths, supply, rows, main=5, lost_share=1.0, weights=np.array([weights], dtype=float)
    )


@LAW
@given(
    on_hand=st.integers(0, 30),
    paths=st.lists(
        st.tuples(st.lists(st.integers(0, 9), min_size=HORIZON, max_size=HORIZON), LOTS.map(len)),
        min_size=1,
        max_size=5,
    ),
)
def test_a_path_of_weight_three_is_a_path_said_three_times(
    on_hand: int, paths: list[tuple[list[int], int]]
) -> None:
    times = np.array([count for _, count in paths], dtype=float)
    once = weighed(on_hand, [path for path, _ in paths], times / times.sum())
    often = projected(supplied(on_hand), [path for path, count in paths for _ in range(count)])
    for name, values in often.means.items():
        assert once.means[name] == pytest.approx(values), name
    assert once.before_receipt == pytest.approx(often.before_receipt)
    seen, repeated = Outlook.blank(1, HORIZON), Outlook.blank(1, HORIZON)
    seen.put(slice(0, 1), once, 5)
    repeated.put(slice(0, 1), often, 5)
    for name in ("on_hand_p10", "on_hand_p90", "out_after", "back_after"):
        np.testing.assert_array_equal(getattr(seen, name), getattr(repeated, name))


@LAW
@given(on_hand=st.integers(0, 40), demand=DEMANDS, arrivals=ARRIVALS, chance=CHANCES)
def test_reweighted_paths_meet_the_chances(
    on_hand: int, demand: list[list[int]], arrivals: list[tuple[int, float]], chance: list[float]
) -> None:
    found = projected(supplied(on_hand, arrivals=arrivals), demand)
    weights = reweighted(found, np.array([chance]))
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    again = weighed(on_hand, demand, weights[0], arrivals=arrivals)
    failing = np.isfinite(found.out_at[0])
    if not failing.any():
        assert np.array_equal(weights, found.weights)
        return
    periods = np.unique(np.floor(found.out_at[0][failing])).astype(int)
    wanted = np.diff(chance, prepend=0.0)
    expected = np.zeros(HORIZON)
    for period in range(HORIZON):
        nearest = min(periods, key=lambda place, at=period: (abs(place - at), place))  # type: ignore[misc]
        expected[nearest] += wanted[period]
    if failing.all():
        expected[periods[-1]] += 1.0 - chance[-1]
    assert again.means["first_out"][0] == pytest.approx(expected)
    for kind in (*(np.floor(found.out_at[0]) == period for period in periods), ~failing):
        assert np.ptp(weights[0][kind]) <= 1e-12 if kind.any() else True


@LAW
@given(on_hand=st.integers(0, 40), demand=DEMANDS)
def test_their_own_chances_change_no_weight(on_hand: int, demand: list[list[int]]) -> None:
    found = projected(supplied(on_hand), demand)
    own = np.cumsum(found.means["first_out"], axis=1)
    assert reweighted(found, own) == pytest.approx(found.weights)


def test_weights_keep_their_proportion_within_a_class() -> None:
    demand = [[9] * HORIZON, [9] * HORIZON, [0] * HORIZON, [0] * HORIZON]
    prior = weighed(5, demand, [0.1, 0.2, 0.3, 0.4])
    weights = reweighted(prior, np.full((1, HORIZON), 0.9))[0]
    assert weights == pytest.approx([0.3, 0.6, 0.1 * 3 / 7, 0.1 * 4 / 7])


def test_as_many_failing_paths_are_the_same_chance_under_any_weights() -> None:
    """The same paths fail, later, and in another order: not even the last digit moves."""
    luck = np.random.default_rng(5)
    weights = luck.dirichlet(np.full(50, 0.3))
    early = np.eye(HORIZON)[luck.integers(0, HORIZON, 50)] * 9
    late = np.eye(HORIZON)[luck.integers(0, HORIZON, 50)] * 9
    chances = [weighed(9, demand, weights).chance(HORIZON)[0] for demand in (early, late)]
    assert chances[0] == chances[1] == 1.0
    part = [weighed(9, d * (np.arange(50) < 20)[:, None], weights) for d in (early, late)]
    assert part[0].chance(HORIZON)[0] == part[1].chance(HORIZON)[0]


@LAW
@given(on_hand=st.integers(0, 9), demand=DEMANDS, arrivals=ARRIVALS, chance=CHANCES)
def test_to_run_out_before_a_receipt_is_no_likelier_than_to_run_out(
    on_hand: int, demand: list[list[int]], arrivals: list[tuple[int, float]], chance: list[float]
) -> None:
    """Also where all paths run out, so that no weights tell of a chance to be spared."""
    found = projected(supplied(on_hand, arrivals=arrivals), demand)
    weights = reweighted(found, np.array([chance]))
    outlook, main = Outlook.blank(1, HORIZON), 5
    outlook.put(slice(0, 1), weighed(on_hand, demand, weights[0], arrivals=arrivals), main)
    outlook.put_first(np.array([True]), np.diff([chance], prepend=0.0), main)
    assert outlook.before_receipt[0] <= outlook.chance(main)[0] + 1e-9


def test_quantiles_of_equal_weights_are_those_of_the_values() -> None:
    values = np.random.default_rng(2).normal(size=(3, 200)).astype(np.float32)
    weights = np.full((3, 200), 1 / 200)
    expected = np.quantile(values, (0.1, 0.5, 0.9), axis=1, method="inverted_cdf").T
    assert np.array_equal(quantiles(values[:, None], weights, (0.1, 0.5, 0.9))[:, 0], expected)
    assert np.isnan(quantiles(values[:, None], 0 * weights, (0.5,))).all()
