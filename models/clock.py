"""What day it is, for those who judge whether a date lies ahead."""

from __future__ import annotations

import datetime as dt
from typing import Final

WRITTEN_ON: Final = dt.date(2026, 11, 25)
"""No delivery is older than the program that reads it: a clock that says so has stopped."""


def today() -> dt.date:
    """The day of this machine, in its own time zone; never before the program was written."""
    return max(dt.date.today(), WRITTEN_ON)
