"""Weights of a blend: an oracle for the optimum, and what thin evidence may not do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from forecasting import blend
from forecasting.blend import (
    bands_of,
    blended,
    products,
    settled,
    shrunk,
    simplex_weights,
    usual,
)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), members=st.integers(1, 4))
def test_weights_are_the_optimum_of_a_general_solver(seed, members):
    random = np.random.default_rng(seed)
    errors = random.normal(
        random.normal(0, 1, members), random.uniform(0.2, 2, members), (40, members)
    )
    matrix = errors.T @ errors / 40
    weights = simplex_weights(matrix)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    ridged = matrix + blend.RIDGE * np.trace(matrix) / members * np.eye(members)
    found = minimize(
        lambda w: w @ ridged @ w,
        np.full(members, 1 / members),
        bounds=[(0, 1)] * members,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    assert weights @ ridged @ weights <= found.fun * (1 + 1e-6) + 1e-12


def test_less_fresh_evidence_leans_to_equal_weights():
    matrix = np.diag([1.0, 4.0])
    sure, unsure = simplex_weights(matrix), simplex_weights(matrix, fresh=0.1)
    assert sure[0] > unsure[0] > 0.5


def test_where_nothing_was_tested_all_members_that_are_there_are_alike():
    weights = simplex_weights(np.full((2, 1, 3, 3), np.nan))
    assert np.isnan(weights).all()
    there = [[2.0, 2.0], [8.0, 5.0], [5.0, 8.0]]
    alone = [[2.0, 2.0], [np.nan, np.nan], [np.nan, np.nan]]
    found = blended(np.array([there, alone]), weights, [slice(0, 2)])
    np.testing.assert_allclose(found, [[5.0, 5.0], [2.0, 2.0]])


def test_a_band_that_no_window_reached_is_blended_like_the_one_before_it():
    members = np.array([[[4.0, 4.0, 4.0, 4.0], [8.0, 8.0, 8.0, 8.0]]])
    weights = np.array([[[1.0, 0.0], [0.25, 0.75], [np.nan, np.nan]]])
    np.testing.assert_allclose(blended(members, weights, bands_of(4)), [[4.0, 7.0, 7.0, 7.0]])
    np.testing.assert_array_equal(settled(settled(weights)), settled(weights))


def test_a_member_that_is_not_there_leaves_its_weight_to_the_others():
    members = np.array([[[2.0, 4.0], [np.nan, np.nan], [4.0, 8.0]]])
    weights = np.array([[[0.25, 0.5, 0.25]]])
    np.testing.assert_allclose(blended(members, weights, [slice(0, 2)]), [[3.0, 6.0]])


def test_products_count_single_periods_and_the_sum_alike():
    errors = np.array([[[1.0, 1.0, 1.0, 1.0]]])  # each 1, together 4: (4 × 1 + 4²) ÷ 2 ÷ 4
    whole = products(errors, np.ones(1))
    assert bands_of(4) == [slice(0, 1), slice(1, 2), slice(2, 4)]
    np.testing.assert_allclose(whole[0, :, 0, 0], [1.0, 1.0, 1.5])
    assert np.isnan(products(np.full((1, 1, 4), np.nan), np.ones(1))).all()


def test_an_accident_of_one_series_is_bounded():
    wild = products(np.full((1, 2, 4), 1e9), np.ones(1))
    assert np.trace(wild[0, 0]) / 2 == pytest.approx(blend.MOST_PRODUCT)


def test_own_evidence_weighs_with_the_origins_seen():
    """The second series' own errors favour member 1, all others' member 0."""
    good, bad = np.diag([1.0, 9.0]), np.diag([9.0, 1.0])
    seen = np.tile(good, (50, 12, 1, 1, 1))
    seen[1] = bad
    segments = np.full(50, "smooth", dtype=object)
    teaches = np.ones(50, dtype=bool)
    own = shrunk(seen, segments, teaches)
    assert own[1, 0, 0, 0] > own[0, 0, 0, 0]
    assert own[1, 0, 0, 0] < 9.0
    stale = shrunk(seen, segments, teaches, fresh=0.1)
    assert stale[1, 0, 0, 0] < own[1, 0, 0, 0]
    np.testing.assert_allclose(usual(seen, teaches)[0], seen.mean(axis=(0, 1))[0])


def test_those_who_do_not_teach_change_nobody():
    random = np.random.default_rng(3)
    errors = random.normal(size=(20, 6, 1, 3, 1))
    seen = errors * np.swapaxes(errors, 3, 4)
    segments = np.full(20, "smooth", dtype=object)
    teaches = np.arange(20) > 0
    wild = seen.copy()
    wild[0] *= 1e6
    np.testing.assert_array_equal(
        shrunk(seen, segments, teaches)[1:], shrunk(wild, segments, teaches)[1:]
    )
