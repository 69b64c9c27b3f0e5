"""The scoring of the demand benchmark on numbers small enough to work by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.demand import scores
from benchmarks.demand.counts import NegativeBinomial, SamplePaths, dispersion_by_moments
from benchmarks.demand.promises import totals_within
from benchmarks.demand.report import PRODUCT, Results
from forecasting.scores import bounds_of_draws


def zeros(shape: tuple[int, int]) -> NegativeBinomial:
    return NegativeBinomial(np.zeros(shape), np.zeros(shape[0]))


def test_an_all_zero_forecast_loses_the_mean_of_the_levels() -> None:
    actual = np.array([[1.0, 0.0, 5.0], [0.0, 2.0, np.nan]])
    share = scores.pinball_share(actual, zeros((2, 3)), scores.STOCK_LEVELS)
    assert share == pytest.approx((0.5 + 0.8 + 0.9 + 0.95) / 4)


def test_scaled_pinball_of_an_all_zero_forecast() -> None:
    lost = scores.spl(np.array([[2.0, 4.0]]), zeros((1, 2)), np.array([1.5]))
    assert lost == pytest.approx([3.0 * np.mean(scores.M5_LEVELS) / 1.5])


def test_revenue_weighs_a_series_and_one_without_a_scale_has_no_say() -> None:
    history = np.array([[0.0, 2.0, 0.0], [np.nan, 1.0, 0.0], [np.nan, np.nan, 3.0]])
    actual = np.array([[2.0], [3.0], [9.0]])
    found = scores.retail(
        actual,
        zeros((3, 1)),
        history=history,
        revenue=np.array([3.0, 1.0, 100.0]),
        group=pd.Series(["A", "A", "A"]),
    )
    # scaled errors: 2 / √4 = 1 and 3 / √1 = 3; the third has one point and no scale
    assert found["RMSSE"] == pytest.approx(2.0)
    assert found["W12"] == pytest.approx((3 * 1 + 1 * 3) / 4)
    assert found["bias"] == pytest.approx(-1.0)


def test_groups_are_summed_before_they_are_scored_and_weigh_what_they_earn() -> None:
    history = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [5.0, 7.0, 5.0]])
    actual, mean = np.array([[3.0], [1.0], [4.0]]), np.array([[1.0], [2.0], [0.0]])
    # the first two sum to 1, 1, 2 (scale 1/2) and miss by 1; the third has scale 4, misses by 4
    group, revenue = pd.Series(["FOODS", "FOODS", "HOBBIES"]), np.array([2.0, 4.0, 2.0])
    found = scores.group_rmsse(actual, mean, history, group, revenue)
    assert found == pytest.approx((6 * np.sqrt(2) + 2 * 2) / 8)


def test_errors_that_cancel_in_the_sum_cost_the_group_nothing() -> None:
    history = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    actual, mean = np.array([[3.0], [1.0]]), np.array([[1.0], [3.0]])
    group = pd.Series(["A", "A"])
    assert scores.group_rmsse(actual, mean, history, group, np.ones(2)) == 0.0


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("dispersion", [0.0, 0.8])
def test_a_perfect_forecaster_of_small_counts_has_a_uniform_pit(
    level: float, dispersion: float
) -> None:
    # every count as often as the forecast says: expected mass is the level, however coarse
    forecast = NegativeBinomial(np.full((1, 60), 0.7), np.array([dispersion]))
    below, upto = forecast.bounds(np.arange(60.0)[None])
    chance = (upto - below)[0]
    mass = sum(
        weight * scores.mass_below(level, below[:, [k]], upto[:, [k]])
        for k, weight in enumerate(chance)
        if weight > 0
    )
    assert mass == pytest.approx(level, abs=1e-9)


def test_a_forecast_that_is_always_passed_has_no_mass_below() -> None:
    below, upto = zeros((1, 2)).bounds(np.array([[3.0, 1.0]]))
    assert scores.mass_below(0.95, below, upto) == 0.0


def test_unknown_truth_is_left_out_of_the_mass() -> None:
    below, upto = zeros((1, 2)).bounds(np.array([[0.0, np.nan]]))
    assert scores.mass_below(0.95, below, upto) == pytest.approx(0.95)


def test_closed_coverage_counts_the_edges_and_strict_does_not() -> None:
    found = scores.calibration(np.array([[0.0, 0.0, 1.0, np.nan]]), zeros((1, 4)))
    assert found["P10-P90 closed"] == pytest.approx(2 / 3)
    assert found["P10-P90 strict"] == 0.0


def test_quantiles_are_the_least_count_that_reaches_the_level() -> None:
    forecast = NegativeBinomial(np.array([[1.0], [1.0]]), np.array([0.0, 1.0]))
    # Poisson(1): .368, .736, .920; geometric(1/2): .5, .75, .875
    assert forecast.quantile(0.7).ravel().tolist() == [1.0, 1.0]
    assert forecast.quantile(0.9).ravel().tolist() == [2.0, 3.0]


def test_dispersion_is_what_the_residuals_have_beyond_a_poisson() -> None:
    history = np.array([[4.0, 0.0, np.nan], [2.0, 2.0, 2.0]])
    fitted = np.array([[2.0, 2.0, 7.0], [2.0, 2.0, np.nan]])
    # squares 4 and 4 against f 2 and 2, over f² 4 and 4; the second has less than a Poisson
    assert dispersion_by_moments(history, fitted).tolist() == [0.5, 0.0]


def sample_paths(paths: list[list[list[float]]]) -> SamplePaths:
    drawn = np.array(paths, dtype=np.float32)
    return SamplePaths(drawn.mean(axis=1), np.zeros((*drawn.shape[::2], 0)), (), drawn)


def test_site_totals_keep_the_spread_that_series_share() -> None:
    together = sample_paths([[[0.0], [1.0], [2.0], [3.0]]] * 2)  # both low or both high
    opposite = sample_paths([[[0.0], [1.0], [2.0], [3.0]], [[3.0], [2.0], [1.0], [0.0]]])
    actual, site = np.array([[2.0], [3.0]]), pd.Series(["LYON", "LYON"])
    # truth 5: above 0, 2, 4 and below 6 of paths that move together; above 3, 3, 3, 3 of the others
    assert scores.totals(actual, together, site, 1)["site 1: <0.9"] == 1.0
    assert scores.totals(actual, together, site, 1)["site 1: <0.5"] == 0.0
    assert scores.totals(actual, opposite, site, 1)["site 1: <0.95"] == 0.0


def test_totals_sum_the_first_steps_only() -> None:
    paths = sample_paths([[[1.0, 1.0, 50.0], [2.0, 1.0, 50.0]]])
    found = scores.totals(np.array([[1.0, 1.5, 0.0]]), paths, pd.Series(["LYON"]), 2)
    # truth 2.5 between the paths' 2 and 3: below .5 the mass is none, below .9 all
    assert found["series 2: <0.5"] == 0.0
    assert found["series 2: <0.9"] == 1.0


def test_an_unknown_total_has_no_bounds() -> None:
    below, upto = bounds_of_draws(np.array([[1.0, 2.0]]), np.array([np.nan]))
    assert np.isnan(below).all()
    assert np.isnan(upto).all()


@pytest.mark.parametrize(
    ("masses", "kept", "told"),
    [
        ([0.51, 0.50, 0.49, 0.51], True, "0.502 (0.487 to 0.518 by its origins)"),
        ([0.2, 0.7, 0.4, 0.45], False, "by its origins), no proof of a miss"),
        ([0.60, 0.61, 0.59, 0.60], False, "0.600 (0.587 to 0.613 by its origins)"),
        ([0.45], False, "0.450"),
    ],
    ids=["kept", "missed within the noise", "missed beyond it", "one origin tells no noise"],
)
def test_a_missed_sum_says_whether_its_origins_prove_it(
    masses: list[float], kept: bool, told: str
) -> None:
    results = Results()
    for origin, mass in enumerate(masses):
        results.add(PRODUCT, str(origin), 1, {"site 28: <0.5": mass, "CPU s": 1.0, "peak MiB": 1.0})
    (promise,) = totals_within(results, 0.02)
    assert promise.kept is kept
    assert promise.words.endswith(told)
