"""Dates as options of commands take them."""

from __future__ import annotations

import datetime as dt

import typer


def day_typed(text: str) -> dt.date:
    """A date; BadParameter names the form, and the date that was likely meant.

    >>> day_typed("2026-12-10")
    datetime.date(2026, 12, 10)
    """
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        from forecasting.calendar import did_you_mean_day

        raise typer.BadParameter(
            f"{text!r} is not a date written YYYY-MM-DD.{did_you_mean_day(text)}"
        ) from None
