"""What `train` says of the backtest."""

from __future__ import annotations

from api.commands.versions import in_words


def test_errors_stand_beside_those_of_last_season() -> None:
    metrics = {
        **{
            "day/origins": 3.0,
            "day/rmsse": 0.6091,
            "day/rmsse_naive": 0.814,
            "day/rmsse_mean": 0.7,
        },
        **{"day/wape": 0.8, "day/wape_naive": 1.0, "day/bias": 0.012, "day/below_q900": 0.89},
        "week/origins": 0.0,
    }
    _, day = in_words(metrics)
    assert "rmsse 0.609 (naive 0.814), wape 0.800 (naive 1.000), bias +1.2%, 89% of" in day


def test_without_a_backtest_it_says_that_the_history_is_short() -> None:
    for metrics in ({}, {"day/origins": 0.0}):
        (line,) = in_words(metrics)
        assert "too short" in line
