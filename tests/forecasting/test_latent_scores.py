"""Scores of small counts: what the periods of a month share is found, and lent to other means."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import nbinom

from forecasting.calendar import Frequency
from forecasting.counts import pit_bounds
from forecasting.dispersion import VOLUMES, volume_class
from forecasting.distribution import GRID, ErrorPaths
from forecasting.latent_scores import LEAST_PATHS, scores_of

PHI, HORIZON, ORIGINS, SHARE = 0.4, 28, 8, 0.25
SLOW, FASTER = 0.1, 0.22  # means of one volume class


def sold(mean, *, paths=2400, share=SHARE, seed=2):
    """Counts [p, H] of a negative binomial whose periods share so much of their luck."""
    random = np.random.default_rng(seed)
    common, alone = random.standard_normal((paths, 1)), random.standard_normal((paths, HORIZON))
    chance = ndtr(np.sqrt(share) * common + np.sqrt(1 - share) * alone)
    return nbinom.ppf(chance, 1 / PHI, 1 / (1 + PHI * mean))


def bounds(counts, mean):
    """P(N < y) and P(N ≤ y) [n, K, H] of counts [n × K, H] that were forecast to that mean."""
    around = np.full(counts.shape, mean), np.full(len(counts), PHI)
    return [one.reshape(-1, ORIGINS, HORIZON) for one in pit_bounds(counts, *around)]


def together(counts, mean):
    low, high = bounds(counts, mean)
    return scores_of(low, high, volume_class(np.full(low.shape[:2], mean)), seed=3)


def each_alone(counts, mean):
    low, high = bounds(counts, mean)
    return ndtri(low + np.random.default_rng(3).random(low.shape) * (high - low))


def common_share(scores):
    paths = scores.reshape(-1, HORIZON)
    product = (paths.sum(axis=1) ** 2 - (paths**2).sum(axis=1)).mean() / (HORIZON - 1) / HORIZON
    return product / np.square(paths).mean()


def spread_of_sums(scores, mean):
    """Standard deviation of the sums of paths of a series of that mean, drawn from such scores."""
    volumes = np.full(scores.shape[:2], volume_class(np.array([mean]))[0])
    no_bend = np.zeros((len(VOLUMES) + 1, len(GRID)))
    bank = ErrorPaths(scores.astype(np.float32), volumes, no_bend, Frequency.DAY)
    paths = bank.paths(
        range(60),
        [0] * 60,
        mean=np.full((60, HORIZON), mean),
        dispersion=np.full(60, PHI),
        quantum=np.ones(60),
        count=400,
        seed=1,
        horizon=HORIZON,
    )
    return paths.sum(axis=2).std()


@pytest.mark.parametrize("mean", [SLOW, 1.5, 12.0])
def test_what_the_periods_of_a_path_share_is_found_behind_small_counts(mean):
    assert common_share(together(sold(mean), mean)) == pytest.approx(SHARE, abs=0.05)


def test_a_count_alone_is_as_likely_as_before():
    counts = sold(SLOW)
    scores = together(counts, SLOW)
    np.testing.assert_allclose(np.quantile(scores, ndtr(GRID)), GRID, atol=0.08)
    low, high = bounds(counts, SLOW)
    assert (ndtr(scores) >= low - 1e-6).all()
    assert (ndtr(scores) <= high + 1e-6).all()


def test_a_slow_month_lent_to_a_faster_seller_leaves_its_sums_as_wide_as_they_are():
    came = sold(FASTER, seed=5).sum(axis=1).std()
    lent = sold(SLOW)
    assert spread_of_sums(together(lent, SLOW), FASTER) == pytest.approx(came, rel=0.1)
    assert spread_of_sums(each_alone(lent, SLOW), FASTER) < 0.85 * came


def test_periods_that_share_nothing_are_told_apart():
    assert common_share(together(sold(SLOW, share=0.0), SLOW)) < 0.05


def test_unknown_periods_stay_unknown_and_few_paths_share_nothing():
    counts = sold(SLOW, paths=2 * ORIGINS)
    counts[3, 5:] = np.nan
    scores = together(counts, SLOW).reshape(-1, HORIZON)
    np.testing.assert_array_equal(np.isnan(scores), np.isnan(counts))
    assert len(counts) < LEAST_PATHS
    nobody = scores_of(*np.zeros((2, 0, 3, HORIZON)), np.zeros((0, 3), np.int64), seed=1)
    assert nobody.shape == (0, 3, HORIZON)
