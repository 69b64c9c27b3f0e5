"""Periods as whole numbers: days, ISO weeks and months, and what "as of" means.

A period is an int64 count since 1970-01-01 (day 0, the ISO week of that Thursday, January 1970),
so that a history is a dense row and a horizon is an addition. Labels follow ISO 8601:
`2026-11-22`, `2026-W47`, `2026-11`. 2026 has a week 53; 2025 has none, and `2025-W53` is an error.
"""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.errors import VigistockError

Days = NDArray[np.datetime64]  # datetime64[D]
Periods = NDArray[np.int64]

EPOCH_WEEKDAY: Final = 3  # 1970-01-01 was a Thursday; Monday is 0


class Frequency(StrEnum):
    """The length of a period: a day, an ISO week (Monday to Sunday) or a calendar month."""

    DAY = "D"
    WEEK = "W"
    MONTH = "M"

    @property
    def grain(self) -> str:
        """The word used in exports and routes: day, week, month."""
        return {"D": "day", "W": "week", "M": "month"}[self.value]

    @property
    def season(self) -> int:
        """Periods in the shortest season that retail shows: 7 days, 52 weeks, 12 months."""
        return {"D": 7, "W": 52, "M": 12}[self.value]

    @property
    def days(self) -> float:
        """Mean length of a period, days."""
        return {"D": 1.0, "W": 7.0, "M": 365.25 / 12}[self.value]

    @classmethod
    def of_grain(cls, grain: str) -> Frequency:
        return {"day": cls.DAY, "week": cls.WEEK, "month": cls.MONTH}[grain]


class BadPeriod(VigistockError):
    code = "bad_period"
    title = "Not a date or period"


def as_days(dates: ArrayLike | dt.date) -> Days:
    """Any dates as datetime64[D]."""
    return np.asarray(dates).astype("datetime64[D]")


def to_period(dates: ArrayLike | dt.date, frequency: Frequency) -> Periods:
    """The period that each date falls in.

    >>> to_period(["2026-12-28", "2027-01-03"], Frequency.WEEK) - to_period("2026-12-27", "W")
    array([1, 1])
    """
    days = as_days(dates)
    if frequency == Frequency.DAY:
        return days.astype(np.int64)
    if frequency == Frequency.WEEK:
        return (days.astype(np.int64) + EPOCH_WEEKDAY) // 7
    return days.astype("datetime64[M]").astype(np.int64)


def period_start(periods: ArrayLike, frequency: Frequency) -> Days:
    """First day of each period."""
    numbers = np.asarray(periods, dtype=np.int64)
    if frequency == Frequency.DAY:
        return numbers.astype("datetime64[D]")
    if frequency == Frequency.WEEK:
        return (numbers * 7 - EPOCH_WEEKDAY).astype("datetime64[D]")
    return numbers.astype("datetime64[M]").astype("datetime64[D]")


def period_end(periods: ArrayLike, frequency: Frequency) -> Days:
    """Last day of each period, inclusive."""
    return period_start(np.asarray(periods, dtype=np.int64) + 1, frequency) - np.timedelta64(1, "D")


def label(period: int, frequency: Frequency) -> str:
    """ISO 8601 label of one period.

    >>> label(int(to_period("2026-12-31", Frequency.WEEK)), Frequency.WEEK)
    '2026-W53'
    """
    start = dt.date.fromisoformat(str(period_start(period, frequency)))
    if frequency == Frequency.WEEK:
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02d}"
    return start.isoformat() if frequency == Frequency.DAY else f"{start:%Y-%m}"


def labels(periods: ArrayLike, frequency: Frequency) -> list[str]:
    return [label(int(period), frequency) for period in np.asarray(periods).ravel()]


def weekday(dates: ArrayLike) -> Periods:
    """Monday 0 … Sunday 6."""
    return (as_days(dates).astype(np.int64) + EPOCH_WEEKDAY) % 7


_AS_OF: Final = re.compile(r"(\d{4})-(?:W(\d{2})|(\d{2})(?:-(\d{2}))?)")
_SHORT_FIRST: Final = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[/. -](\d{1,2})[/. -](\d{1,2})")
_OTHERWISE: Final = (
    (_SHORT_FIRST, ("day", "month", "year")),
    (_SHORT_FIRST, ("month", "day", "year")),
    (_YEAR_FIRST, ("year", "month", "day")),
)
"""Dates as people write them who were not told the form."""


def parse_as_of(text: str) -> dt.date:
    """`2026-11-22`, `2026-W47` or `2026-11` as the last day it covers.

    >>> parse_as_of("2026-W53"), parse_as_of("2026-11")
    (datetime.date(2027, 1, 3), datetime.date(2026, 11, 30))
    >>> parse_as_of("9999-12")  # the end of all dates, which others have to refuse
    datetime.date(9999, 12, 31)

    Raises BadPeriod for anything else, weeks that the year does not have included.
    """
    match = _AS_OF.fullmatch(text.strip())
    try:
        if not match:
            raise ValueError("expected a date, a week or a month")
        year, week, month, day = match.groups()
        if week:
            return dt.date.fromisocalendar(int(year), int(week), 7)
        if day:
            return dt.date(int(year), int(month), int(day))
        first = dt.date(int(year), int(month), 1)
        return end_date(int(to_period(first, Frequency.MONTH)), Frequency.MONTH)
    except (ValueError, OverflowError) as error:
        raise BadPeriod(
            f"'{text}' is not a period: {error}.",
            next_step="Write a date (2026-11-22), an ISO week (2026-W47) or a month (2026-11)."
            + did_you_mean_day(text),
            text=text,
        ) from None


def did_you_mean_day(text: str) -> str:
    """The date that was likely meant, as it is to be written; "" where none can be made out. A day
    that could be a month is read first, as in most of Europe.

    >>> did_you_mean_day("10/12/2026"), did_you_mean_day("12.31.2026"), did_you_mean_day("soon")
    (' Did you mean 2026-12-10 (10 December)?', ' Did you mean 2026-12-31 (31 December)?', '')
    >>> did_you_mean_day("2026/12/10"), did_you_mean_day("31/02/2026")
    (' Did you mean 2026-12-10 (10 December)?', '')
    """
    for pattern, order in _OTHERWISE:
        if found := pattern.fullmatch(text.strip()):
            parts = dict(zip(order, map(int, found.groups()), strict=True))
            try:
                likely = dt.date(**parts)
            except ValueError:
                continue
            return f" Did you mean {likely} ({likely.day} {likely:%B})?"
    return ""


def origin_of(as_of: dt.date, frequency: Frequency) -> int:
    """The last complete period that ends on or before a date.

    >>> label(origin_of(dt.date(2018, 11, 30), Frequency.MONTH), Frequency.MONTH)
    '2018-11'
    >>> label(origin_of(dt.date(2018, 11, 29), Frequency.MONTH), Frequency.MONTH)
    '2018-10'
    """
    return int(to_period(as_of + dt.timedelta(days=1), frequency)) - 1


def end_date(period: int, frequency: Frequency) -> dt.date:
    """Last day of a period as a plain date."""
    return dt.date.fromisoformat(str(period_end(period, frequency)))
