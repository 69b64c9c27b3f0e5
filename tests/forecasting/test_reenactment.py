"""A past origin, forecast from what was known there and judged by what came."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency
from forecasting.forecaster import DemandForecaster
from forecasting.options import Options
from forecasting.quantiles import quantiles_of
from forecasting.reenactment import all_windows, histories_of, judged_by
from tests.forecasting.test_accuracy import shop
from tests.forecasting.warehouse import LAST, Rows, days_of, panel_of

OPTIONS = Options(paths=100)
ORIGIN = LAST - dt.timedelta(days=28)
DAY, WEEK = Frequency.DAY, Frequency.WEEK


def judged(sales):
    """Forecast as of four weeks ago, and the sums of it against what came."""
    then, now = panel_of(Rows(sales=sales), as_of=ORIGIN), panel_of(Rows(sales=sales))
    forecast = DemandForecaster(OPTIONS).fit(then).forecast(then)
    return forecast, judged_by(histories_of(now, OPTIONS), then, forecast, OPTIONS)


@pytest.fixture(scope="module")
def usual():
    return judged(shop(180))


@pytest.fixture(scope="module")
def jumped():
    return judged(shop(180, jump=5.0))


def test_the_future_moves_what_came_and_nothing_that_was_forecast(usual, jumped):
    for grain in (DAY, WEEK):
        calm, wild = usual[1][grain], jumped[1][grain]
        assert (wild["actual"] > 2 * calm["actual"]).any()
        np.testing.assert_allclose(calm["error"] + calm["actual"], wild["error"] + wild["actual"])
        np.testing.assert_array_equal(
            usual[0].grains[grain].quantiles, jumped[0].grains[grain].quantiles
        )
    report = all_windows([jumped[1]], OPTIONS)
    assert report.metrics["day/bias"] < -0.7, "a jump of five that was not known is missed"
    assert report.metrics["day/below_q900"] < 0.6


def test_the_paths_judged_are_those_behind_the_quantiles(usual):
    forecast = usual[0]
    for grain, made in forecast.grains.items():
        paths = forecast.grain_paths(grain, slice(0, 6))
        np.testing.assert_array_equal(quantiles_of(paths, made.levels), made.quantiles)


def test_only_whole_periods_that_have_come_are_judged(usual):
    assert (usual[1][DAY]["known"] == 28).all()
    assert (usual[1][WEEK]["known"] == 4).all(), "of 13 weeks forecast"


def test_a_series_that_appeared_later_was_forecast_by_nobody():
    late = days_of(np.full(10, 3.0), sku="LAUNCH")
    _, sums = judged(pd.concat([shop(180), late]))
    assert "LAUNCH" not in sums[DAY]["sku"].tolist()
    assert len(sums[DAY]) == 6


def test_windows_are_summed_before_they_are_measured(usual, jumped):
    one, both = all_windows([usual[1]], OPTIONS), all_windows([usual[1], usual[1]], OPTIONS)
    assert both.metrics["day/origins"] == 2
    for name in ("rmsse", "wape", "below_q900", "total28_wape"):
        assert both.metrics[f"day/{name}"] == pytest.approx(one.metrics[f"day/{name}"])
    mixed = all_windows([usual[1], jumped[1]], OPTIONS).by_series
    expected = usual[1][DAY]["actual"] + jumped[1][DAY]["actual"]
    np.testing.assert_allclose(mixed["actual"], expected)
