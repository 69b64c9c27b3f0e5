"""Nothing dated after the origin moves a published number: changed, deleted or added."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from models.workspace import Workspace
from tests.journeys.company import (
    MOMENT,
    Outcome,
    Rooms,
    deliver,
    frame_of,
    readings_of,
    rows_like,
    trained,
)
from tests.journeys.conftest import OPTIONS

Change = Callable[[str, pd.DataFrame], pd.DataFrame]
WEEK = pd.Timedelta(days=7)
FACTS = {"orders": ["received_on", "cancelled_on"], "customer_orders": ["shipped_on"]}
MOMENT_OF = {
    "sales": "date",
    "stock": "date",
    "movements": "date",
    "orders": "ordered_on",
    "receipts": "received_on",
    "customer_orders": "ordered_on",
    "items": "valid_from",
    "policies": "valid_from",
    "assortment": "from",
    "events": "known_on",
}


def later(feed: str, frame: pd.DataFrame) -> pd.Series:
    """Rows that a person at the origin could not have seen."""
    if feed not in MOMENT_OF or MOMENT_OF[feed] not in frame:
        return pd.Series(False, index=frame.index)
    return frame[MOMENT_OF[feed]] > MOMENT


def changed(feed: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Every number dated after the origin another one, every later fact another day."""
    hidden = later(feed, frame)
    numbers = [n for n in frame.select_dtypes("number") if n != "file_line"]
    frame = frame.astype(dict.fromkeys(numbers, float))
    for name in numbers:
        top = 1.0 if name in ("promotion", "availability") else np.inf
        frame.loc[hidden, name] = (frame.loc[hidden, name] * 7 + 3).clip(upper=top)
    for name in FACTS.get(feed, []):
        frame.loc[frame[name] > MOMENT, name] += WEEK
    if feed == "orders":
        frame.loc[frame["received_on"] > MOMENT, "units_received"] += 11
        news = frame["promise_known_on"] > MOMENT
        frame.loc[news, "expected_on"] += WEEK
        frame.loc[hidden, "status"] = "cancelled"
    return frame


def deleted(feed: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The files as they would have been exported at the origin."""
    frame = frame[~later(feed, frame)].copy()
    if feed == "orders":
        since = (frame["received_on"] > MOMENT) | (frame["cancelled_on"] > MOMENT)
        frame.loc[since, "status"] = "open"
        frame.loc[frame["received_on"] > MOMENT, "units_received"] = np.nan
        news = frame["promise_known_on"] > MOMENT
        frame.loc[news, ["expected_on", "promise_known_on"]] = pd.NaT
    if feed == "customer_orders":
        frame.loc[frame["shipped_on"] > MOMENT, "units_shipped"] = np.nan
    for name in FACTS.get(feed, []):
        frame.loc[frame[name] > MOMENT, name] = pd.NaT
    return frame


def added(feed: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Every row of the last weeks once more, later, larger, and for items never seen before."""
    if feed not in MOMENT_OF or MOMENT_OF[feed] not in frame or not len(frame):
        return frame
    when = MOMENT_OF[feed]
    more = frame.tail(40).copy()
    more[when] = MOMENT + pd.Timedelta(days=30) + pd.to_timedelta(np.arange(len(more)), unit="D")
    if feed == "assortment":
        more["to"] = pd.NaT
    if feed == "events":
        more["start"] = more["known_on"] + WEEK
        more["end"] = more["start"]
    if feed in ("orders", "receipts", "customer_orders"):
        more["order_id"] = "LATER-" + more["order_id"].astype(str)
    if feed == "orders":
        for name in ("received_on", "cancelled_on", "expected_on", "promised_on"):
            more[name] = more["ordered_on"] + WEEK
    new = more.copy()
    if "sku" in new:
        new["sku"] = "NEW-" + new["sku"].astype(str)
    if feed in ("orders", "receipts", "customer_orders"):
        new["order_id"] = "NEW-" + new["order_id"]
    several = [part.astype(object) for part in (frame, more, new)]
    return pd.concat(several, ignore_index=True).astype(frame.dtypes)


def of_another_future(
    feeds: Mapping[str, pa.Table], change: Change
) -> tuple[dict[str, pa.Table], int]:
    """The feeds with their future changed; receipts that are gone reopen their order lines."""
    frames = {feed: frame_of(rows) for feed, rows in feeds.items()}
    made = {feed: change(feed, frame) for feed, frame in frames.items()}
    if change is deleted:
        line = ["order_id", "line", "sku"]
        hidden = frames["receipts"][later("receipts", frames["receipts"])]
        awaited = pd.MultiIndex.from_frame(made["orders"][line].astype(str))
        awaited = awaited.isin(pd.MultiIndex.from_frame(hidden[line].astype(str)))
        made["orders"].loc[awaited, "status"] = "open"
    differs = sum(not frame.equals(frames[feed]) for feed, frame in made.items())
    return {feed: rows_like(feeds[feed], frame) for feed, frame in made.items()}, differs


@pytest.mark.parametrize("change", [changed, deleted, added])
def test_another_future_gives_the_same_bytes(
    change: Change, rooms: Rooms, feeds: dict[str, pa.Table], usual: tuple[Workspace, Outcome]
) -> None:
    others, differs = of_another_future(feeds, change)
    assert differs >= 5, "the test changes sales, stock, orders, receipts and customer orders"
    workspace = rooms.furnish(change.__name__, OPTIONS)
    deliver(workspace, readings_of(others))
    assert trained(workspace) == usual[1]


def test_a_past_of_another_day_gives_other_bytes(
    rooms: Rooms, feeds: dict[str, pa.Table], usual: tuple[Workspace, Outcome]
) -> None:
    """The control: the same comparison does see a single unit sold on the origin itself."""
    sales = frame_of(feeds["sales"])
    at = sales.index[sales["date"] == MOMENT][0]
    sales.loc[at, "units"] += 1
    workspace = rooms.furnish("control", OPTIONS)
    deliver(workspace, readings_of({**feeds, "sales": rows_like(feeds["sales"], sales)}))
    other = trained(workspace)
    assert other.data_digest != usual[1].data_digest
    assert other.parts["forecasts_day"] != usual[1].parts["forecasts_day"]
