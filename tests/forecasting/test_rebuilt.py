"""Past stock walked backwards from a picture: equal to the truth, or unknown; never a guess."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.calendar import Frequency, to_period
from tests.forecasting.warehouse import LAST, Rows, panel_of

SITE = {"site": "LYON", "sku": "CAFE"}
ORDER = {"order_id": "PO", **SITE, "units_ordered": 1e6, "ordered_on": dt.date(2020, 1, 1)}


def days_until(last: dt.date, count: int) -> list[dt.date]:
    return [last - dt.timedelta(days=back) for back in range(count - 1, -1, -1)]


def ledger(seed: int, days: int, *, own: str, last: dt.date = LAST) -> tuple[dict[str, Any], Any]:
    """Rows of the feeds, and the true closing stock of each day. `own`: how arrivals are told."""
    rng = np.random.default_rng(seed)
    close, truth = 30.0, []
    feeds: dict[str, list[dict[str, Any]]] = {"sales": [], "receipts": [], "movements": []}

    def move(day: dt.date, kind: str, units: float) -> None:
        row = {**SITE, "date": day, "kind": kind, "units": units, "reference": f"{day}"}
        feeds["movements"].append(row)

    for place, day in enumerate(days_until(last, days)):
        come = float(rng.integers(20, 40)) if place == 0 or rng.random() < 0.15 else 0.0
        close += come
        if come and own == "receipts":
            feeds["receipts"].append({"order_id": "PO", **SITE, "received_on": day, "units": come})
        elif come:
            move(day, "receipt", come)
        sold = min(close, float(rng.poisson(3.0) + (place == 0)))  # before its first sale: unknown
        close -= sold
        feeds["sales"].append({**SITE, "date": day, "units": sold, "kind": "customer"})
        if rng.random() < 0.1 and close >= 1:
            close -= 1
            feeds["sales"].append(
                {**SITE, "date": day, "units": 1.0, "kind": "scrap", "line_id": "scrap"}
            )
            move(day, "scrap", -1.0)  # told twice: it left once
            move(day, "issue", -sold)
        if rng.random() < 0.1:
            found = float(rng.integers(-min(close, 3), 4))
            close += found
            move(day, rng.choice(["count", "adjustment"]), found)
        if rng.random() < 0.05 and close >= 2:
            close -= 2
            move(day, "transfer_out", -2.0)
        truth.append(close)
    return feeds, np.array(truth)


def picture(day: dt.date, units: float) -> dict[str, Any]:
    return {**SITE, "date": day, "on_hand": units}


def source(feeds: dict[str, Any], **other: Any) -> Rows:
    return Rows(orders=[ORDER], **{**feeds, **other})


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 90), st.sampled_from(["receipts", "movements"]))
def test_from_todays_picture_alone_the_past_is_what_it_was(seed: int, days: int, own: str) -> None:
    feeds, truth = ledger(seed, days, own=own)
    panel = panel_of(source(feeds, stock=[picture(LAST, truth[-1])]))
    assert panel.on_hand[0].tolist() == truth.tolist()
    assert panel.rebuilt[0].tolist() == [True] * (days - 1) + [False]
    assert panel.stock["rebuilt_periods"].tolist() == [days - 1]
    assert panel.stock["pictures_off"].tolist() == [0]


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["W", "M"]),
    st.sampled_from(["receipts", "movements"]),
    st.integers(0, 20),
)
def test_weeks_and_months_end_with_the_stock_of_their_last_day(
    seed: int, frequency: str, own: str, before: int
) -> None:
    """The picture may be older than the end of its period."""
    last = dt.date(2026, 11, 29) if frequency == "W" else dt.date(2026, 11, 30)
    days = days_until(last, 200)
    feeds, truth = ledger(seed, 200, own=own, last=last)
    shown = picture(days[-1 - before], truth[-1 - before])
    panel = panel_of(source(feeds, stock=[shown]), as_of=last, frequency=Frequency(frequency))
    period = to_period(np.array(days, dtype="datetime64[D]"), panel.frequency) - panel.start
    closes = pd.Series(truth).groupby(period).last().to_numpy()
    rebuilt = panel.rebuilt[0]
    own_period = int(period[-1 - before])
    assert rebuilt[1:own_period].all(), "all but the first period, which began before the books"
    assert not rebuilt[own_period:].any()
    assert panel.on_hand[0][rebuilt].tolist() == closes[rebuilt].tolist()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.integers(0, 59), min_size=2, max_size=8))
def test_pictures_that_the_bookings_explain_are_met_without_a_difference(
    seed: int, at: set[int]
) -> None:
    feeds, truth = ledger(seed, 60, own="receipts")
    days = days_until(LAST, 60)
    panel = panel_of(source(feeds, stock=[picture(days[t], truth[t]) for t in sorted(at)]))
    newest = max(at)
    assert panel.on_hand[0, : newest + 1].tolist() == truth[: newest + 1].tolist()
    assert np.isnan(panel.on_hand[0, newest + 1 :]).all(), "after the last picture it is rolled"
    assert not panel.rebuilt[0, sorted(at)].any(), "a picture stays a picture"
    assert panel.stock["pictures_checked"].tolist() == [len(at) - 1]
    assert panel.stock["pictures_off"].tolist() == [0]


def test_a_booking_that_is_missing_is_told_and_nothing_between_the_pictures_is_rebuilt() -> None:
    feeds, truth = ledger(5, 40, own="receipts")
    days = days_until(LAST, 40)
    shown = [picture(days[t], truth[t] + (4 if t == 20 else 0)) for t in (10, 20, 39)]
    panel = panel_of(source(feeds, stock=shown))
    assert panel.stock["pictures_off"].tolist() == [2], "20 against 39, and 10 against 20"
    assert not panel.rebuilt[0, 10:].any()
    assert np.isnan(panel.on_hand[0, 21:39]).all()
    assert panel.on_hand[0, 20] == truth[20] + 4, "what was counted stays"
    assert panel.rebuilt[0, :10].all()
    assert panel.on_hand[0, :10].tolist() == truth[:10].tolist()


def test_a_day_that_the_site_did_not_report_is_unknown_and_so_is_all_before_it() -> None:
    feeds, truth = ledger(7, 30, own="receipts")
    silent = days_until(LAST, 30)[12]
    feeds["sales"] = [row for row in feeds["sales"] if row["date"] != silent]
    panel = panel_of(source(feeds, stock=[picture(LAST, truth[-1])]))
    assert panel.on_hand[0, 12:].tolist() == truth[12:].tolist()
    assert np.isnan(panel.on_hand[0, :12]).all()


def test_without_any_receipt_or_movement_nothing_is_rebuilt() -> None:
    """Sales alone would make the past stock grow without end."""
    feeds, truth = ledger(3, 30, own="receipts")
    rows = Rows(sales=feeds["sales"], stock=[picture(LAST, truth[-1])])
    panel = panel_of(rows)
    assert not panel.rebuilt.any()
    assert np.isnan(panel.on_hand[0, :-1]).all()


def test_nothing_is_rebuilt_before_the_books_begin() -> None:
    feeds, truth = ledger(9, 60, own="receipts")
    begun = days_until(LAST, 60)[25]
    for feed, name in (("receipts", "received_on"), ("movements", "date")):
        feeds[feed] = [row for row in feeds[feed] if row[name] >= begun]
    first = min(
        [row["received_on"] for row in feeds["receipts"]]
        + [row["date"] for row in feeds["movements"]]
    )
    place = days_until(LAST, 60).index(first)
    panel = panel_of(source(feeds, stock=[picture(LAST, truth[-1])]))
    assert panel.on_hand[0, place:].tolist() == truth[place:].tolist()
    assert np.isnan(panel.on_hand[0, : place - 1]).all()


def test_less_than_nothing_is_unknown_not_a_stockout() -> None:
    """A receipt that was never booked leaves too little behind it."""
    days = days_until(LAST, 10)
    sales = [{**SITE, "date": day, "units": 1.0} for day in days]
    receipts = [
        {"order_id": "PO", **SITE, "received_on": days[0], "units": 1.0},
        {"order_id": "PO", **SITE, "received_on": days[6], "units": 50.0},
    ]
    panel = panel_of(source({"sales": sales, "receipts": receipts}, stock=[picture(LAST, 10.0)]))
    assert panel.on_hand[0, 6:].tolist() == [13, 12, 11, 10]
    assert np.isnan(panel.on_hand[0, :6]).all()


@pytest.mark.parametrize("back", [1, 10, 25])
def test_as_of_a_day_only_what_was_dated_by_then_is_used(back: int) -> None:
    feeds, truth = ledger(11, 60, own="movements")
    days = days_until(LAST, 60)
    shown = [picture(days[t], truth[t]) for t in (30, 59)]
    then = panel_of(source(feeds, stock=shown), as_of=days[59 - back])
    assert then.on_hand[0, :31].tolist() == truth[:31].tolist(), "from the picture of day 30"
    assert np.isnan(then.on_hand[0, 31:]).all(), "that of day 59 had not been taken"
    cut = {
        feed: [row for row in rows if row.get("date", row.get("received_on")) <= days[59 - back]]
        for feed, rows in feeds.items()
    }
    assert panel_of(source(cut, stock=shown[:1]), as_of=days[59 - back]).digest == then.digest


def test_without_what_was_rebuilt_only_pictures_are_left() -> None:
    feeds, truth = ledger(5, 30, own="receipts")
    panel = panel_of(source(feeds, stock=[picture(LAST, truth[-1])]))
    assert panel.pictured().on_hand[0, -1] == truth[-1]
    assert np.isnan(panel.pictured().on_hand[0, :-1]).all()
    assert panel.rebuilt.sum() == 29, "the panel itself stays as it is"
