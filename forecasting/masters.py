"""Masters as of an origin: the row of each code that was valid then."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from forecasting.tables import FEEDS, Kind


def frame_of(rows: object, feed: str) -> pd.DataFrame:
    """Arrow rows of a feed as a frame with every column of its contract.

    Text is "" where blank, numbers NaN, dates datetime64[s] NaT.
    """
    frame: pd.DataFrame = rows.to_pandas(date_as_object=False)  # type: ignore[attr-defined]
    for column in FEEDS[feed].columns:
        name = column.name
        present = frame[name] if name in frame else pd.Series(None, index=frame.index, dtype=object)
        if column.kind is Kind.NUMBER:
            frame[name] = present.astype("float64")
        elif column.kind is Kind.DATE:
            frame[name] = present.astype("datetime64[s]")
        else:
            frame[name] = present.astype(object).where(present.notna(), "")
    return frame


def valid_on(frame: pd.DataFrame, day: dt.date, *, key: list[str]) -> pd.DataFrame:
    """The latest row of each key whose `valid_from` is blank or not after `day`.

    A blank `valid_from` means always, so that a dated row, once valid, replaces it.
    """
    if "valid_from" not in frame.columns:
        return frame.drop_duplicates(key, keep="last").reset_index(drop=True)
    valid = frame[frame["valid_from"].isna() | (frame["valid_from"] <= pd.Timestamp(day))]
    ordered = valid.sort_values("valid_from", na_position="first", kind="stable")
    return ordered.drop_duplicates(key, keep="last").reset_index(drop=True)


def in_force(assortment: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Assortment rows that hold on a day, the latest `from` of each series."""
    moment = pd.Timestamp(day)
    started = assortment["from"].isna() | (assortment["from"] <= moment)
    ended = assortment["to"] < moment
    rows = assortment[started & ~ended].sort_values("from", na_position="first", kind="stable")
    return rows.drop_duplicates(["site", "sku"], keep="last").reset_index(drop=True)
