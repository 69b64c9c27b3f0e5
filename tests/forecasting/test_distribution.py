"""Counts around a forecast: an oracle for each step, and what whole paths keep together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import nbinom

from forecasting.calendar import Frequency
from forecasting.counts import counts_at, crps, places_of
from forecasting.dispersion import TRIED, VOLUMES, Dispersion, losses_of, volume_class
from forecasting.distribution import GRID, ErrorPaths

PATHS = 400
CLASSES = len(VOLUMES) + 1


def plain(scores, volume=3):
    """A bank whose pooled scores are taken for normal ones."""
    volumes = np.full(scores.shape[:2], volume)
    return ErrorPaths(
        scores.astype(np.float32), volumes, np.zeros((CLASSES, len(GRID))), Frequency.DAY
    )


def bank_of(scores, volumes):
    """A bank as a backtest of one site leaves it, whose series keep their volumes [m]."""
    volumes = np.repeat(volumes[:, None], scores.shape[1], axis=1)
    return ErrorPaths.of(scores, volumes, np.zeros(len(scores), np.int64), Frequency.DAY)


def drawn(bank, mean, phi, *, count=PATHS):
    """Paths of series 0, 1, … with one dispersion, in whole units."""
    rows, horizon = mean.shape
    return bank.paths(
        range(rows),
        [0] * rows,
        mean=mean,
        dispersion=np.full(rows, phi),
        quantum=np.ones(rows),
        count=count,
        seed=1,
        horizon=horizon,
    )


def lenders(common=0.0, count=300, origins=8, horizon=28, seed=1):
    """Score paths with a share of variance in common along each path."""
    random = np.random.default_rng(seed)
    shared = random.standard_normal((count, origins, 1)) * np.sqrt(common)
    alone = random.standard_normal((count, origins, horizon)) * np.sqrt(1 - common)
    return shared + alone


@pytest.mark.parametrize(("mean", "phi"), [(0.3, 0.5), (2.0, 1.5), (40.0, 0.2)])
def test_each_step_is_a_negative_binomial(mean, phi):
    z = ndtri((np.arange(PATHS) + 0.5) / PATHS)[None]
    levels = (0.05, 0.5, 0.9, 0.975)
    places = places_of(levels, PATHS)
    found = counts_at(z, np.array([[mean]]), np.array([phi]))[:, :, places]
    expected = nbinom.ppf(ndtr(z[0, places]), 1 / phi, 1 / (1 + phi * mean))
    assert np.abs(found[0, 0] - expected).max() <= max(1.0, 0.02 * mean)


def test_paths_average_to_the_forecast_and_hold_the_quantiles():
    bank = plain(lenders(0.2))
    mean = np.array([[0.4, 1.0, 6.0, 0.0]]).repeat(7, axis=1)
    paths = drawn(bank, mean, 0.8)
    np.testing.assert_allclose(paths.mean(axis=1), mean, rtol=0.04)
    levels = (0.1, 0.5, 0.95)
    read = bank.quantiles(
        levels, mean=mean, dispersion=np.array([0.8]), quantum=np.ones(1), count=PATHS
    )
    sorted_paths = np.sort(paths, axis=1)[:, places_of(levels, PATHS)]
    np.testing.assert_array_equal(sorted_paths.swapaxes(1, 2), read)


def test_the_sum_of_a_path_keeps_what_errors_have_in_common():
    """Independent days would halve the spread of a month."""
    mean = np.full((1, 28), 5.0)
    spread = {}
    for share in (0.0, 0.3):
        paths = drawn(plain(lenders(share)), mean, 0.3)
        spread[share] = paths.sum(axis=2).std()
    one_day = np.sqrt(5.0 + 0.3 * 25.0)
    assert spread[0.0] == pytest.approx(one_day * np.sqrt(28), rel=0.15)
    assert spread[0.3] > 2.0 * spread[0.0]


def test_path_i_shares_its_origin_with_path_i_of_every_series():
    """A bad month for all: the store's sum is wider than if its series were independent."""
    random = np.random.default_rng(5)
    scores = lenders(0.1) + random.standard_normal((1, 8, 1))
    bank = plain(scores / scores.std())
    mean = np.full((40, 28), 5.0)
    paths = drawn(bank, mean, 0.3)
    totals = paths.sum(axis=2)
    together, apart = totals.sum(axis=0).std(), np.sqrt((totals.std(axis=1) ** 2).sum())
    assert together > 2.5 * apart


def test_the_same_series_and_seed_draw_the_same_whatever_stands_beside():
    bank = plain(lenders(0.2))
    alone, beside = (
        bank.paths(
            keys,
            [0] * len(keys),
            mean=np.full((len(keys), 28), 2.0),
            dispersion=np.full(len(keys), 0.5),
            quantum=np.ones(len(keys)),
            count=50,
            seed=3,
            horizon=7,
        )
        for keys in ([11], [99, 11])
    )
    np.testing.assert_array_equal(alone[0], beside[1])
    assert (beside[0] != beside[1]).any()


def test_pooled_scores_bend_the_quantiles():
    wide = bank_of((1.3 * lenders()).astype(np.float32), np.full(300, 3))
    z = wide.values(np.array([3]), PATHS)[0]
    assert z[int(0.95 * PATHS)] == pytest.approx(1.3 * 1.645, rel=0.06)
    assert (np.diff(z) >= 0).all()
    none = bank_of(np.zeros((0, 0, 28), np.float32), np.zeros(0, np.int64))
    np.testing.assert_allclose(none.values(np.array([0]), 3)[0], ndtri([1 / 6, 0.5, 5 / 6]))


def test_a_bank_without_paths_draws_from_the_count_model():
    none = bank_of(np.zeros((0, 0, 28), np.float32), np.zeros(0, np.int64))
    ranks = none.order(2, 5, 0, paths=100, seed=1).argsort(axis=1).T
    assert sorted(ranks[:, 0].tolist()) == list(range(100))
    assert (ranks[:, 0] != ranks[:, 1]).any()


def test_the_score_of_a_count_is_the_sum_over_the_distribution():
    mean, phi = 3.0, 0.6
    k = np.arange(400)
    upto = nbinom.cdf(k, 1 / phi, 1 / (1 + phi * mean))
    expected = [((upto - (y <= k)) ** 2).sum() for y in (0.0, 2.0, 11.0)]
    found, periods = crps(
        np.array([[0.0, np.nan], [2.0, np.nan], [11.0, 2.0]]),
        np.array([[mean, mean], [mean, mean], [mean, np.nan]]),
        np.array([phi]),
    )
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4)
    np.testing.assert_array_equal(periods, 1)


def told(phi, *, rows, days=400, mean=3.0, seed=1):
    """CRPS sums of series whose counts scatter by φ around a known mean."""
    random = np.random.default_rng(seed)
    y = random.negative_binomial(1 / phi, 1 / (1 + phi * mean), (rows, days)).astype(float)
    return losses_of(y, np.full((rows, days), mean))


def learned(losses, periods, *, rows, recent, mean=3.0):
    everyone = np.ones(len(periods), dtype=bool)
    found = Dispersion.of(losses, periods, mean=np.full(len(periods), mean), lends=everyone)
    return found.at(
        np.array(rows), recent=np.full(len(rows), recent), mean=np.full(len(rows), mean)
    )


@pytest.mark.parametrize("phi", [0.1, 0.5, 2.0])
def test_the_dispersion_of_true_counts_is_found_again(phi):
    """Through the geometric mean with what recent demand says: the pool within 6 %."""
    found = learned(*told(phi, rows=30, days=2_000), rows=[-1, *range(30)], recent=phi)
    assert found[0] == pytest.approx(phi, rel=0.06)
    assert np.median(np.abs(found[1:] / phi - 1.0)) < 0.15


def test_own_errors_have_their_say_in_the_dispersion():
    steady, wild = told(0.2, rows=39), told(3.0, rows=1)
    losses, periods = (np.concatenate(parts) for parts in zip(steady, wild, strict=True))
    found = learned(losses, periods, rows=[39, 0, -1], recent=0.3)
    assert found[0] > 1.5 * found[1]
    assert found[1] < 0.3 < found[0]
    assert found[2] < 0.3  # one unknown to the backtest is like the others


def test_one_lost_promotion_does_not_widen_every_day():
    y = np.random.default_rng(2).negative_binomial(2, 2 / 5, (1, 364)).astype(float)
    struck = y.copy()
    struck[0, 100] = 120.0
    usual, odd = (
        learned(*losses_of(days, np.full(days.shape, 3.0)), rows=[0], recent=0.5)[0]
        for days in (y, struck)
    )
    by_moments = ((struck - 3.0) ** 2 - 3.0).sum() / (9.0 * 364)
    assert by_moments > 4.0
    assert odd < 1.1 * usual


def test_without_any_test_the_dispersion_is_that_of_recent_demand():
    none = np.zeros((2, len(TRIED)))
    np.testing.assert_array_equal(learned(none, np.zeros(2), rows=[0, -1], recent=0.7), 0.7)


def test_counts_of_a_product_that_nobody_wants_are_zero():
    assert not counts_at(np.linspace(-2, 2, 10)[None], np.zeros((1, 3)), np.ones(1)).any()


@pytest.mark.parametrize("times", [None, 0.4, 1.7])
def test_paths_lay_out_the_counts_of_each_step(times):
    bank = bank_of(lenders(), np.full(300, 3))
    mean = np.abs(np.random.default_rng(2).normal(4.0, 3.0, (6, 28)))
    given = {
        "mean": mean,
        "dispersion": np.linspace(0.1, 1.5, 6),
        "quantum": np.array([1.0, 1.0, 2.0, 0.5, 1.0, 12.0]),
        "count": 40,
        "moved": None if times is None else mean * times,
    }
    levels = (np.arange(40) + 1) / 40  # each rank
    told = bank.quantiles(levels, **given).astype(np.float32)
    drawn = bank.paths(range(6), [0] * 6, seed=3, horizon=28, **given)
    np.testing.assert_array_equal(np.sort(drawn, axis=1), told.transpose(0, 2, 1))
    order = [
        bank.order(int(volume), key, 0, paths=40, seed=3)
        for key, volume in enumerate(volume_class(mean.mean(axis=1)))
    ]
    for row, of_row in enumerate(order):
        for step in range(28):
            np.testing.assert_array_equal(drawn[row, of_row[step], step], told[row, step])


def test_who_had_fallen_asleep_lends_to_those_who_sleep_now():
    """The class of a lender is that of what was forecast at the origin, not its usual one."""
    awake, asleep = lenders(0.0, count=60), lenders(0.9, count=60, seed=2)
    scores = np.concatenate([awake, asleep]).astype(np.float32)
    volumes = np.full(scores.shape[:2], 4)
    volumes[60:, ::2] = 0
    sites = np.zeros(len(scores), np.int64)
    bank = ErrorPaths.of(scores, volumes, sites, Frequency.DAY)
    assert all((pool >= 60).all() and len(pool) == 60 for pool in bank.pools(0)[::2])
    assert all((pool < 60).all() for pool in bank.pools(4)[::2])


def test_a_bank_of_an_earlier_version_has_one_class_a_lender():
    bank = plain(lenders(0.2))
    kept = bank.to_arrays()
    earlier = {**kept, "volumes": kept["volumes"][:, 0]}
    mean = np.full((2, 28), 3.0)
    again = ErrorPaths.from_arrays(earlier, Frequency.DAY)
    np.testing.assert_array_equal(drawn(again, mean, 0.4), drawn(bank, mean, 0.4))
