"""What day it is, and what that makes of a date that somebody asks for."""

from __future__ import annotations

import datetime as dt
from typing import Final

from forecasting.calendar import BadPeriod, Frequency, parse_as_of
from models.clock import today

__all__ = ["LATE_DAYS", "NEAR_DAYS", "days_behind", "known_day", "today"]

NEAR_DAYS: Final = 7  # after them deadlines of a weekly or monthly list may have passed
LATE_DAYS: Final = 1  # after a whole period without news, before data count as stale


def days_behind(origin_end: dt.date, frequency: str) -> tuple[int, bool]:
    """How many days ago the data end, and whether that is more than is usual."""
    age = (today() - origin_end).days
    return age, age > Frequency(frequency).days + LATE_DAYS


def known_day(as_of: str | None) -> dt.date | None:
    """The last day that a date, a week or a month covers; None stays None. Raises BadPeriod where
    it is not written so, or where that day lies so far ahead or back that no delivery may be dated
    then."""
    from forecasting.feeds.doubts import FIRST_FACT, MOST_DAYS_AHEAD

    if as_of is None:
        return None
    day, now = parse_as_of(as_of), today()
    if day > now + dt.timedelta(days=MOST_DAYS_AHEAD):
        raise BadPeriod(
            f"'{as_of}' is yet to come: it reaches to {day}, and today is {now}.",
            next_step=f"Ask as of {now} or earlier; without a date it is the last complete period "
            "of the data.",
            text=as_of,
        )
    if day < FIRST_FACT:
        raise BadPeriod(
            f"'{as_of}' is before {FIRST_FACT.year}, and no data may be.",
            next_step="Ask as of a day of the data; without a date it is their last complete "
            "period.",
            text=as_of,
        )
    return day
