"""Biases of like volumes: taken out where the origins agree, left alone where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.dispersion import VOLUMES
from forecasting.recalibration import CENTRES, scale_at, scales_of

SERIES, ORIGINS, DAYS = 300, 10, 28


def backtest(truth, said, *, shocks=0.0, seed=1):
    """Sums over a window of Poisson demand around `truth` a day that was forecast as `said`."""
    random = np.random.default_rng(seed)
    market = np.exp(shocks * random.standard_normal(ORIGINS))
    demand = random.poisson(truth * DAYS * market, (SERIES, ORIGINS)).astype(float)
    return {
        "forecast": np.full((SERIES, ORIGINS), said * DAYS),
        "demand": demand,
        "volume": np.full((SERIES, ORIGINS), said),
        "lends": np.ones(SERIES, dtype=bool),
    }


def at(scales, volume):
    return scale_at(scales[None], np.array([volume]), [slice(0, DAYS)])[0, 0]


def test_slow_movers_that_are_forecast_too_low_are_lifted_and_the_others_are_not():
    low, fine = backtest(0.15, 0.1), backtest(5.0, 5.0)
    both = {name: np.concatenate([low[name], fine[name]]) for name in low}
    scales = scales_of(**both)
    assert at(scales, 0.1) == pytest.approx(1.5, rel=0.05)
    assert at(scales, 5.6) == pytest.approx(1.0, abs=0.02)


def test_what_the_origins_do_not_agree_on_is_not_believed():
    moved = [at(scales_of(**backtest(2.0, 2.0, shocks=0.5, seed=s)), 2.8) - 1 for s in range(20)]
    plain = [backtest(2.0, 2.0, shocks=0.5, seed=s) for s in range(20)]
    raw = [one["demand"].sum() / one["forecast"].sum() - 1 for one in plain]
    steady = scales_of(**backtest(2.4, 2.0, shocks=0.02))
    assert np.mean(np.abs(moved)) < 0.7 * np.mean(np.abs(raw))
    assert at(steady, 2.8) == pytest.approx(1.2, rel=0.05)


def test_two_origins_or_no_lender_teach_nothing():
    few = backtest(3.0, 1.5)
    two = {name: part[:, :2] if part.ndim == 2 else part for name, part in few.items()}
    assert (scales_of(**two) == 1.0).all()
    assert (scales_of(**few, fresh=0.2) == 1.0).all()  # ten windows that are two at best
    assert (scales_of(**few | {"lends": np.zeros(SERIES, dtype=bool)}) == 1.0).all()


def test_scales_change_without_a_step_between_the_classes():
    scales = np.linspace(1.5, 0.9, len(CENTRES))
    volumes = np.exp(np.linspace(-5, 6, 400))
    found = scale_at(scales[None], volumes, [slice(0, DAYS)])[:, 0]
    assert np.abs(np.diff(found)).max() < 0.01
    assert found[0] == pytest.approx(1.5)
    assert found[-1] == pytest.approx(0.9)
    assert len(CENTRES) == len(VOLUMES) + 1


def test_sleepers_that_wake_late_are_lifted_late_and_no_day_jumps():
    early, late = np.full(len(CENTRES), 1.0), np.full(len(CENTRES), 1.6)
    found = scale_at(np.stack([early, late]), np.array([0.1, 40.0]), [slice(0, 7), slice(7, DAYS)])
    assert found.shape == (2, DAYS)
    np.testing.assert_allclose(found[:, 3], 1.0)
    np.testing.assert_allclose(found[:, 17], 1.6, rtol=0.01)
    assert (np.diff(found) >= 0).all()
    assert np.diff(found).max() < 0.06
