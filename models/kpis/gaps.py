"""What a KPI is missing in a period: which feed fails, and since when. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import pandas as pd

from forecasting.calendar import Frequency, end_date
from models.kpis.cells import first_day

COLUMNS: Final = ("missing", "missing_feed", "missing_since", "partial")


class Span(NamedTuple):
    """From when to when a feed speaks, inclusive; None: always."""

    first: dt.date | None
    last: dt.date | None


Spoken = Mapping[str, Span]


def spoken_in(feeds: pd.DataFrame) -> Spoken:
    """By feed, at all places of its coverage together."""
    return {
        str(feed): Span(_day(rows["first_on"].min()), _day(rows["last_on"].max()))
        for feed, rows in feeds.groupby("feed")
    }


def gaps_of(
    needed: Sequence[str],
    spoken: Spoken,
    periods: Iterable[int],
    grain: Frequency,
    origin_end: dt.date,
) -> pd.DataFrame:
    """COLUMNS, a row a period. `partial`: it is not over at the origin, or began before the data.
    `missing` is blank, `feed_absent`, `feed_silent` (since a day), or `not_yet`: a feed begins
    later; or within the period, where another began before and the two would not fit."""
    rows = [_gap(needed, spoken, period, grain, origin_end) for period in periods]
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    return found.assign(
        missing_since=pd.to_datetime(found["missing_since"]).astype("datetime64[s]")
    )


def _gap(
    needed: Sequence[str], spoken: Spoken, period: int, grain: Frequency, origin_end: dt.date
) -> tuple[str, str, dt.date | None, bool]:
    start, end = first_day(period, grain), end_date(period, grain)
    until = min(end, origin_end)
    partial = end > until
    begins = {spoken[feed].first for feed in needed if feed in spoken} - {None}
    for feed in needed:
        if feed not in spoken:
            return "feed_absent", feed, None, partial
        first, last = spoken[feed]
        if last is not None and last < until:
            return "feed_silent", feed, last + dt.timedelta(days=1), partial
        if first is not None and start < first:
            if end < first or len(begins) > 1:
                return "not_yet", feed, None, partial
            partial = True
    return "", "", None, partial


def _day(moment: pd.Timestamp) -> dt.date | None:
    return None if pd.isna(moment) else moment.date()
