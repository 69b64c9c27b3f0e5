"""Days on which something can be done: the buyers' are neither weekends nor the country's public
holidays, and of those the ones on which who is asked is there too; goods have days of their own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from forecasting.calendar import Days
from models.terms import Ranges

AHEAD_YEARS: Final = 2  # no deadline lies further ahead
LONGEST: Final = np.timedelta64(366 * AHEAD_YEARS, "D")  # of a closure, as far as it is looked at
WEEKDAYS: Final = (0, 1, 2, 3, 4)
ALL_WEEK: Final = (*WEEKDAYS, 5, 6)
NONE: Final[Days] = np.array([], dtype="datetime64[D]")


@dataclass(frozen=True)
class WorkingDays:
    """Some weekdays, Monday 0, but for `closed` [k].

    >>> plain = WorkingDays(NONE)
    >>> plain.first(dt.date(2026, 11, 28)), plain.last(dt.date(2026, 11, 28))
    (datetime.date(2026, 11, 30), datetime.date(2026, 11, 27))
    """

    closed: Days
    weekdays: tuple[int, ...] = WEEKDAYS

    @classmethod
    def of(cls, country: str, today: dt.date) -> WorkingDays:
        """`country`: two letters, ISO 3166-1, as in the settings; blank: weekends only."""
        if not country:
            return cls(NONE)
        import holidays

        years = range(today.year, today.year + AHEAD_YEARS + 1)
        return cls(
            np.array(sorted(holidays.country_holidays(country, years=years)), "datetime64[D]")
        )

    def but(self, closures: Ranges) -> WorkingDays:
        """Without the days on which somebody else is closed.

        >>> away = (np.datetime64("2026-11-23"), np.datetime64("2026-11-27"))
        >>> WorkingDays(NONE).but((away,)).first(dt.date(2026, 11, 23))
        datetime.date(2026, 11, 30)
        """
        if not closures:
            return self
        away = [np.arange(first, min(last, first + LONGEST) + 1) for first, last in closures]
        return replace(self, closed=np.concatenate([self.closed, *away]))

    def first(self, day: dt.date) -> dt.date:
        """That day, or the first working day after it."""
        return self._rolled(day, "forward")

    def last(self, day: dt.date) -> dt.date:
        """That day, or the last working day before it."""
        return self._rolled(day, "backward")

    def _rolled(self, day: dt.date, way: Literal["forward", "backward"]) -> dt.date:
        mask = [weekday in self.weekdays for weekday in range(7)]
        found: dt.date = np.busday_offset(
            np.datetime64(day, "D"), 0, roll=way, weekmask=mask, holidays=self.closed
        ).astype(object)
        return found
