"""Counts around a forecast: an oracle for each step, and what whole paths keep together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import nbinom

from forecasting.calendar import Frequency
from forecasting.counts import counts_at, places_of
from forecasting.dispersion import VOLUMES, Dispersion
from forecasting.distribution import GRID, ErrorPaths

PATHS = 400
CLASSES = len(VOLUMES) + 1


def plain(scores, volume=3):
    """A bank whose pooled scores are taken for normal ones."""
    volumes = np.full(len(scores), volume)
    return ErrorPaths(
        scores.astype(np.float32), volumes, np.zeros((CLASSES, len(GRID))), Frequency.DAY
    )


def drawn(bank, mean, phi, *, count=PATHS):
    """Paths of series 0, 1, … with one dispersion, in whole units."""
    rows, horizon = mean.shape
    return bank.paths(
        range(rows),
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
    wide = ErrorPaths.of((1.3 * lenders()).astype(np.float32), np.full(300, 3), Frequency.DAY)
    z = wide.values(np.array([3]), PATHS)[0]
    assert z[int(0.95 * PATHS)] == pytest.approx(1.3 * 1.645, rel=0.06)
    assert (np.diff(z) >= 0).all()
    none = ErrorPaths.of(np.zeros((0, 0, 28), np.float32), np.zeros(0, np.int64), Frequency.DAY)
    np.testing.assert_allclose(none.values(np.array([0]), 3)[0], ndtri([1 / 6, 0.5, 5 / 6]))


def test_a_bank_without_paths_draws_from_the_count_model():
    none = ErrorPaths.of(np.zeros((0, 0, 28), np.float32), np.zeros(0, np.int64), Frequency.DAY)
    ranks = none.ranks(2, 5, 100, 1)
    assert sorted(ranks[:, 0].tolist()) == list(range(100))
    assert (ranks[:, 0] != ranks[:, 1]).any()


def test_own_errors_have_their_say_in_the_dispersion():
    steady, wild = 0.0, 3.0
    square = np.full(40, 28.0 * 12)
    excess = np.where(np.arange(40) == 0, wild, 0.2) * square
    classes = np.full(40, "smooth", dtype=object)
    found = Dispersion.of(
        excess, square, classes=classes, mean=np.ones(40), lends=np.ones(40, dtype=bool)
    ).at(
        np.array([0, 1, -1]),
        recent=np.array([0.3, 0.3, 0.3]),
        classes=classes[:3],
        mean=np.ones(3),
        horizon=28,
    )
    assert found[0] > 1.5 > 0.5 > found[1] > steady
    pooled = excess.sum() / square.sum()
    assert found[2] == pytest.approx(0.7 * pooled + 0.3 * 0.3)


def test_counts_of_a_product_that_nobody_wants_are_zero():
    assert not counts_at(np.linspace(-2, 2, 10)[None], np.zeros((1, 3)), np.ones(1)).any()
