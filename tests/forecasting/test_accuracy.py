"""The report of a training: what it judges was not known to the forecast that it judges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.accuracy import report_of
from forecasting.calendar import Frequency
from forecasting.grain import fit_grain
from forecasting.held_out import held_out_paths
from forecasting.history import history_of, with_drivers
from forecasting.options import Options
from tests.forecasting.test_forecaster import RHYTHM, luck
from tests.forecasting.warehouse import Rows, days_of, panel_of

OPTIONS = Options(paths=50)
DAY, HORIZON = Frequency.DAY, 28


def shop(days, *, jump=1.0):
    """Busy and rare items; in the last 28 days demand is `jump` times as large."""
    frames = []
    for number, rate in enumerate((0.15, 0.2, 0.25, 6.0, 8.0, 11.0)):
        sku = f"ITEM-{number}"
        rates = rate * np.tile(RHYTHM, days // 7 + 1)[:days]
        rates[-HORIZON:] *= jump
        frames.append(days_of(luck(sku).poisson(rates), sku=sku))
    return pd.concat(frames)


def tried(sales):
    """Panel, history and trial of one grain."""
    panel = panel_of(Rows(sales=sales))
    history = with_drivers(history_of(panel, OPTIONS), panel, HORIZON)
    _, trial, _ = fit_grain(history, HORIZON, OPTIONS.seed)
    return panel, history, trial


def reported(panel, history, trial):
    return report_of(panel, history, {DAY: trial}, {DAY: history}, OPTIONS)


@pytest.fixture(scope="module")
def half_a_year():
    return tried(shop(150))


def test_it_speaks_of_errors_calibration_totals_and_stability(half_a_year):
    metrics = reported(*half_a_year).metrics
    for name in ("rmsse", "rmsse_naive", "rmsse_mean", "wape", "bias", "pinball", "below_q900"):
        assert np.isfinite(metrics[f"day/{name}"]), name
    for name in ("closed_q100_q900", "strict_q100_q900", "instability", "value_added_mean"):
        assert np.isfinite(metrics[f"day/{name}"]), name
    assert metrics["day/total28_wape"] < metrics["day/total7_wape"] < metrics["day/wape"]
    assert metrics["day/origins"] == 13
    assert 0.7 < metrics["day/inside_q100_q900"] < 0.9
    assert metrics["day/strict_q100_q900"] < 0.8 < metrics["day/closed_q100_q900"]


def test_pinball_and_calibration_by_quantile(half_a_year):
    table = reported(*half_a_year).by_quantile
    for _, part in table.groupby("of"):
        assert (np.diff(part["below"]) >= 0).all()
        assert (part["strict"] <= part["below"] + 1e-9).all()
        assert (part["below"] <= part["closed"] + 1e-9).all()
    assert set(table["of"]) == {"period", "total7", "total14", "total28"}


def test_a_segment_that_is_made_to_lose_comes_first(half_a_year):
    panel, history, trial = half_a_year
    calm = reported(panel, history, trial).by_segment
    rare = calm["demand_class"].isin(["intermittent", "lumpy"])
    assert not calm[~rare]["loses_to_naive"].any()
    busy = np.isin(trial.windows[-1].states.classes, ["smooth", "erratic"])
    worse = np.where(busy[:, None, None], 3.0 * trial.forecasts, trial.forecasts)
    table = reported(panel, history, replace(trial, forecasts=worse)).by_segment
    first = table.iloc[0]
    assert first["demand_class"] in ("smooth", "erratic")
    assert first["loses_to_naive"]
    assert first["loses_to_mean"]
    assert first["value_added"] < 0
    least = table[["value_added", "value_added_mean"]].min(axis=1)
    assert least.is_monotonic_increasing


def test_no_outcome_of_an_origin_shapes_the_quantiles_that_it_is_judged_by(half_a_year):
    _, history, trial = half_a_year
    number = 4
    window = trial.windows[number]
    wild = list(trial.windows)
    wild[number] = replace(window, actual=window.actual * 7.0 + 5.0)
    other = replace(trial, windows=wild)

    def drawn(trial, number):
        return next(paths for _, paths in held_out_paths(history, trial, number, seed=1))

    np.testing.assert_array_equal(drawn(trial, number), drawn(other, number))
    assert (drawn(trial, 5) != drawn(other, 5)).any(), "others do learn from it"


def test_a_jump_that_nobody_could_foresee_is_a_miss_in_the_report():
    """Four weeks between origins: only a forecast that saw the last ones could have met them."""
    days = 56 + 12 * HORIZON + HORIZON + 28
    panel, history, trial = tried(shop(days, jump=4.0))
    steps = {b.origin - a.origin for a, b in zip(trial.windows, trial.windows[1:], strict=False)}
    assert steps == {HORIZON}
    report = reported(panel, history, trial)
    assert "day/instability" not in report.metrics, "no two origins speak of the same day"
    by_origin = report.out_of_fold.groupby("origin")[["forecast", "actual"]].sum()
    ratio = by_origin["forecast"] / by_origin["actual"]
    assert 0.2 < ratio.iloc[-1] < 0.33
    assert ((ratio.iloc[:-1] > 0.8) & (ratio.iloc[:-1] < 1.2)).all()


def test_a_history_too_short_for_a_test_has_no_tables():
    report = reported(*tried(shop(34)))
    assert report.metrics == {"day/origins": 0.0}
    assert not len(report.by_segment)
    assert not len(report.by_quantile)
