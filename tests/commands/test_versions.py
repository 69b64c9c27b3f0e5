"""What `train` says: plain words first, then the figures of the backtest."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace
from typing import Any, cast

from api.commands.learned import figures, how_good, told

TRIED = {
    **{"day/wape": 0.8, "day/wape_naive": 1.0, "week/wape": 0.35, "week/wape_naive": 0.51},
    **{"warnings/warnings": 517.0, "warnings/ruptured": 230.0, "warnings/averted": 211.0},
    **{"warnings/false_alarm": 28.0, "warnings/ruptures": 410.0, "warnings/announced": 230.0},
    "warnings/lead_days_median": 7.0,
}


def outcome(**facts: object) -> Any:
    usual = {"series": 1050, "origin": "2026-11-22", "seconds": 42.0, "champion": True}
    usual |= {"why": "first version", "publication": 1, "demand_version": 3, "risk_version": 2}
    return cast(Any, SimpleNamespace(**(usual | {"metrics": TRIED, "losing": []} | facts)))


def test_plain_words_lead_and_names_of_models_and_measures_follow() -> None:
    lines = told(outcome(losing=["C / lumpy: beaten."]))
    place = next(place for place, line in enumerate(lines) if "demand-forecast 3" in line)
    plain = " ".join(lines[:place])
    for words in (
        "1,050 series",
        "80% a day, 35% a week",
        "100% a day, 51% a week",
        "517 warnings",
    ):
        assert words in plain
    assert "Of 410 stockouts, announced 230, half of them 7 days ahead or more." in plain
    assert "in use from now on[/]: first version." in plain
    assert not any(jargon in plain for jargon in ("rmsse", "wape", "rupture-risk", "champion"))
    assert "wape 0.800" in " ".join(lines[place:])
    assert "C / lumpy: beaten." in lines[-1]


def test_the_version_of_the_distribution_is_told_at_once() -> None:
    """In a process of its own, and without what a command needs."""
    code = (
        "import sys; from api.commands import app\n"
        "try: app(['--version'])\n"
        "finally: print(sorted({'pandas', 'numpy', 'sqlalchemy', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"vigistock {metadata.version('vigistock')}", "[]"]


def test_versions_that_are_not_in_use_say_so() -> None:
    lines = told(outcome(champion=False, publication=None, why="no better"))
    assert any("not in use[/]: no better; the versions before go on." in line for line in lines)
    assert not any("Publication" in line for line in lines)


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
    (day,) = figures(metrics)
    assert "rmsse 0.609 (naive 0.814), wape 0.800 (naive 1.000), bias +1.2%, 89% of" in day


def test_without_a_backtest_it_says_that_the_history_is_short() -> None:
    for metrics in ({}, {"day/origins": 0.0}):
        (line,) = how_good(metrics)
        assert figures(metrics) == []
        assert "too short" in line
