"""Alarms of what was forecast; what an alarm says; when to train."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency
from models.health import Alarm, Promise, Sign, english, french
from models.health.outcomes import outcome_alarms
from models.triggers import Standing, reasons
from tests.health.company import panel

PANEL = panel()
CODES = pd.MultiIndex.from_frame(PANEL.series[["site", "sku"]].astype(str))


def promised(
    weeks_ago: int, *, mean: float = 1.0, high: float = 1.6, noise: float = 0.0
) -> Promise:
    """A week's promise: each series' own weekday means × `mean`, 90 % quantiles × `high`."""
    origin = PANEL.origin - 7 * weeks_ago
    usual = np.nanmean(PANEL.units.reshape(len(PANEL), -1, 7), axis=1)
    wrong = (
        np.random.default_rng(weeks_ago).lognormal(0.0, noise, (len(PANEL), 1)) if noise else 1.0
    )
    return Promise(origin, CODES, usual * mean * wrong, usual * high + 1.0)


BEFORE = [promised(weeks) for weeks in range(2, 9)]


def signs(*promises: Promise) -> list[Sign]:
    return [one.sign for one in outcome_alarms(PANEL, promises)]


def test_promises_that_hold_are_no_alarm() -> None:
    assert signs(promised(1), *BEFORE) == []


def test_errors_beyond_the_usual_are() -> None:
    assert signs(promised(1, noise=0.8), *BEFORE) == [Sign.ERROR]


def test_narrow_quantiles_are() -> None:
    assert signs(promised(1, high=0.8), *BEFORE) == [Sign.CALIBRATION]


def test_a_champion_that_was_always_so_is_not_news() -> None:
    assert signs(*(promised(weeks, mean=1.3, high=0.9) for weeks in range(1, 9))) == []


def test_the_first_weeks_are_judged_by_what_is_wrong_anyhow() -> None:
    assert signs(promised(1, mean=1.2)) == []
    (told,) = outcome_alarms(PANEL, [promised(1, mean=1.9)])
    assert (told.sign, told.about) == (Sign.ERROR, {"what": "bias"})
    assert "too high" in english(told)
    assert "trop hautes" in french(told)


def test_what_is_not_over_judges_nobody() -> None:
    assert signs(promised(0, mean=9.0)) == []


ALARMS = [
    Alarm(Sign.ROWS, "sales", 80.0, 100.0),
    Alarm(Sign.ROWS, "stock", 120.0, 100.0, ("LYON",), 1),
    Alarm(Sign.LEVEL, "stock", 1000.0, 100.0),
    Alarm(Sign.SILENT, "sales", 0.0, 2.0, ("NICE",), 1),
    Alarm(Sign.SILENT, "sales", 0.0, 2.0),
    Alarm(Sign.SCALE, "sales", 50.0, 5.0, ("A/1", "B/1", "C/1", "D/1", "E/1"), 9),
    Alarm(Sign.CODE, "sales", 1.0, 0.0, ("OLD → NEW",), 1),
    Alarm(Sign.ERROR, "sales", 0.9, 0.4),
    Alarm(Sign.ERROR, "sales", -0.7, 0.0, about={"what": "bias"}),
    Alarm(Sign.CALIBRATION, "sales", 0.3, 0.1),
]


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: f"{alarm.sign} {alarm.feed}")
def test_an_alarm_survives_the_record_and_speaks_both_languages(alarm: Alarm) -> None:
    assert Alarm.of(json.loads(json.dumps(alarm.plain()))) == alarm
    texts = english(alarm), french(alarm)
    assert texts[0] != texts[1]
    for text in texts:
        assert not set("{}") & set(text)
        assert text.endswith(".")
        assert all(subject in text for subject in alarm.subjects)


def test_every_sign_has_its_words() -> None:
    assert {alarm.sign for alarm in ALARMS} == set(Sign)


def test_words_tell_how_much_and_how_many() -> None:
    assert "20% fewer" in english(ALARMS[0])
    assert "20 % de moins" in french(ALARMS[0])
    assert "and 4 more" in english(ALARMS[5])
    assert "10 times" in english(ALARMS[5])


def stands(**changed: Any) -> Standing:
    usual: dict[str, Any] = {
        "frequency": Frequency.DAY,
        "unseen_days": 7,
        "new_share": 0.01,
        "alarms": [],
        "scorecard": {"ruptures": 50, "recall": 0.8, "ece": 0.02},
    }
    return Standing(**(usual | changed))


def test_nothing_to_do_has_no_reason() -> None:
    assert reasons(stands()) == []
    assert reasons(stands(scorecard={})) == []
    assert reasons(stands(scorecard={"ruptures": 3, "recall": 0.0, "ece": 0.9})) == []
    assert reasons(stands(alarms=[ALARMS[0]])) == [], "the data are wrong, not the model"


@pytest.mark.parametrize(
    ("changed", "begin"),
    [
        ({"unseen_days": 40}, "Age: the champion has not seen the last 40 days"),
        ({"new_share": 0.2}, "New items: 20% of the series"),
        ({"alarms": [ALARMS[7]]}, "Drift: Forecasts missed 90%"),
        ({"scorecard": {"ruptures": 50, "recall": 0.3, "ece": 0.0}}, "Scorecard: 30% of 50"),
        ({"scorecard": {"ruptures": 50, "recall": 0.9, "ece": 0.2}}, "Scorecard: chances are off"),
    ],
)
def test_each_reason_is_a_line(changed: dict[str, Any], begin: str) -> None:
    (line,) = reasons(stands(**changed))
    assert line.startswith(begin)


def test_wrong_data_come_first() -> None:
    assert reasons(stands(unseen_days=40, alarms=[ALARMS[3]]))[-1].startswith("First put the data")
