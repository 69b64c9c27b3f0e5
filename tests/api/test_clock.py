"""What becomes of a date that somebody asks for."""

from __future__ import annotations

import datetime as dt

import pytest

from api.clock import known_day, today
from forecasting.calendar import BadPeriod


def test_a_period_of_the_data_is_its_last_day() -> None:
    assert known_day("2025-W52") == dt.date(2025, 12, 28)
    assert known_day("1970-01-01") == dt.date(1970, 1, 1)
    assert known_day(today().isoformat()) == today()
    assert known_day(None) is None


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("9999-12", "is yet to come"),
        ("0005-01-01", "is before 1970"),
        ("0001-01", "is before 1970"),
        ("1969-12-31", "is before 1970"),
        ("2025-W53", "is not a period"),
    ],
)
def test_a_period_that_no_data_may_have_is_refused(asked: str, why: str) -> None:
    with pytest.raises(BadPeriod, match=why):
        known_day(asked)
