"""What the series of a site share: found in scores, told from luck, and kept in sums of paths."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.calendar import Frequency
from forecasting.dispersion import VOLUMES
from forecasting.distribution import GRID, ErrorPaths
from forecasting.shocks import LOADS, SiteShocks, site_key

SITES = np.array([site_key(name) for name in ("LILLE", "LYON", "METZ", "NANTES", "PAU", "REIMS")])
SHOCK = 0.3  # standard deviation of what a site is hit by
HORIZON, ORIGINS, FAST = 14, 12, 5  # FAST: a volume class


def scores_of(sizes, *, shock=SHOCK, volume=FAST, seed=3):
    """Scores [n, K, H], volumes and sites of so many series a site, hit by a shock a window."""
    random = np.random.default_rng(seed)
    sites = np.repeat(SITES[: len(sizes)], sizes)
    hit = shock * random.standard_normal((len(sizes), ORIGINS, 1))
    hit -= hit.mean(axis=0)
    alone = random.standard_normal((len(sites), ORIGINS, HORIZON))
    scores = alone + LOADS[volume] * np.repeat(hit, sizes, axis=0)
    return scores.astype(np.float32), np.full((len(sites), ORIGINS), volume), sites, hit


def bank_of(scores, volumes, sites):
    """A bank without a bend, with the shocks that it found."""
    shocks, apart = SiteShocks.apart(scores, volumes, sites)
    bend = np.zeros((len(VOLUMES) + 1, len(GRID)))
    return ErrorPaths(apart, volumes, bend, Frequency.DAY, shocks)


def spread_of_a_store(bank, *, series=60):
    """Standard deviation of a store's sum over the horizon ÷ its mean."""
    paths = bank.paths(
        range(series),
        [int(SITES[0])] * series,
        **around(series),
        count=600,
        seed=1,
        horizon=HORIZON,
    )
    sums = paths.sum(axis=(0, 2))
    return sums.std() / sums.mean()


def around(series):
    return {
        "mean": np.full((series, HORIZON), 5.0),
        "dispersion": np.full(series, 0.4),
        "quantum": np.ones(series),
    }


def test_the_shock_of_each_site_and_window_is_found():
    scores, volumes, sites, hit = scores_of([80] * 6)
    shocks, apart = SiteShocks.apart(scores, volumes, sites)
    found = np.stack([shocks.of_site(site) for site in SITES])
    assert np.corrcoef(found.mean(axis=2).ravel(), hit.ravel())[0, 1] > 0.97
    of_site = np.stack([apart[sites == site].mean(axis=(0, 2)) for site in SITES])
    assert of_site.std() < 0.3 * LOADS[FAST] * hit.std()


def test_a_small_site_s_luck_is_not_taken_for_a_shock():
    """One series tells twice as much luck as shock; what is kept scatters as shocks do."""
    scores, volumes, sites, _ = scores_of([200, 200, 200, 1, 1, 1], shock=0.1, seed=8)
    shocks, _ = SiteShocks.apart(scores, volumes, sites)
    large, small = (
        np.std([shocks.of_site(site).mean(axis=1) for site in some])
        for some in (SITES[:3], SITES[3:])
    )
    told = np.stack([scores[sites == site].mean(axis=(0, 2)) for site in SITES[3:]]) / LOADS[FAST]
    assert told.std() > 2.0 * large
    assert small == pytest.approx(large, rel=0.5)


def test_where_sites_share_nothing_sums_stay_as_narrow():
    bare, *where, _ = scores_of([60] * 6, shock=0.0)
    with_sites = bank_of(bare, *where)
    without = bank_of(bare, where[0], np.zeros_like(where[1]))
    assert without.shocks is None
    assert spread_of_a_store(with_sites) < 1.1 * spread_of_a_store(without)


def test_a_store_s_sum_is_as_uncertain_as_its_shocks_make_it():
    """Lenders of all sites, drawn one by one, would average the shocks away."""
    scores, volumes, sites, _ = scores_of([80] * 6)
    bank = bank_of(scores, volumes, sites)
    mixed = ErrorPaths(scores, volumes, bank.bend, Frequency.DAY)
    # the mean moves by δ; φ = 0.4 and five a day: sixty series' own luck is 0.026 of the sum
    expected = np.hypot(bank.shocks.of_site(int(SITES[0])).mean(axis=1).std(), 0.026)
    assert spread_of_a_store(bank) == pytest.approx(expected, rel=0.2)
    assert spread_of_a_store(mixed) < 0.5 * expected


def test_single_periods_are_what_they_were():
    scores, volumes, sites, _ = scores_of([80] * 6)
    bank = bank_of(scores, volumes, sites)
    mixed = ErrorPaths(scores, volumes, bank.bend, Frequency.DAY)
    one, other = (
        np.sort(
            each.paths([7], [int(SITES[1])], **around(1), count=200, seed=1, horizon=HORIZON),
            axis=1,
        )
        for each in (bank, mixed)
    )
    np.testing.assert_array_equal(one, other)


def test_a_site_that_the_backtest_did_not_know_borrows_the_shocks_of_one_it_knew():
    scores, volumes, sites, _ = scores_of([80] * 6)
    shocks, _ = SiteShocks.apart(scores, volumes, sites)
    borrowed = shocks.of_site(site_key("NEW"))
    assert any((borrowed == shocks.of_site(site)).all() for site in SITES)


def test_files_keep_the_shocks_and_earlier_ones_have_none():
    bank = bank_of(*scores_of([80] * 6)[:3])
    kept = bank.to_arrays()
    again = ErrorPaths.from_arrays(kept, Frequency.DAY)
    np.testing.assert_array_equal(again.shocks.shock, bank.shocks.shock)
    assert spread_of_a_store(again) == spread_of_a_store(bank)
    earlier = {name: kept[name] for name in ("scores", "volumes", "bend")}
    assert ErrorPaths.from_arrays(earlier, Frequency.DAY).shocks is None


def test_unknown_windows_and_single_sites_have_no_shocks():
    scores, volumes, sites, _ = scores_of([80] * 6)
    unknown = np.full_like(scores, np.nan)
    assert SiteShocks.apart(unknown, volumes, sites)[0] is None
    assert SiteShocks.apart(scores[sites == SITES[0]], volumes[:80], sites[:80])[0] is None
    scores[:, 2] = np.nan
    scores[sites == SITES[1], 4] = np.nan
    shocks, apart = SiteShocks.apart(scores, volumes, sites)
    assert not shocks.shock[:, 2].any()
    assert not shocks.of_site(int(SITES[1]))[4].any()
    assert np.isfinite(shocks.shock).all()
    assert (np.isnan(apart) == np.isnan(scores)).all()
