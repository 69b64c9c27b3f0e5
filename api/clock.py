"""What day it is, for those who judge whether a date lies ahead."""

from __future__ import annotations

import datetime as dt
from typing import Final

from forecasting.calendar import Frequency

WRITTEN_ON: Final = dt.date(2026, 11, 25)
"""No delivery is older than the program that reads it: a clock that says so has stopped."""


LATE_DAYS: Final = 1  # after a whole period without news, before data count as stale


def days_behind(origin_end: dt.date, frequency: str) -> tuple[int, bool]:
    """How many days ago the data end, and whether that is more than is usual."""
    age = (today() - origin_end).days
    return age, age > Frequency(frequency).days + LATE_DAYS


def today() -> dt.date:
    """The day of this machine, in its own time zone; never before the program was written."""
    return max(dt.date.today(), WRITTEN_ON)
