"""An item of a complete snapshot whose row was set aside: there, and unknown, until it comes."""

from __future__ import annotations

import datetime as dt
import math

from forecasting.calendar import Frequency, to_period
from forecasting.feeds import read
from forecasting.feeds.profile import parse_profile
from forecasting.options import Options
from forecasting.panel import build_panel
from forecasting.record import Record
from tests.record.readings_by_hand import NOON

WHOLE = parse_profile("[feeds.stock]\ncomplete = true\n", name="whole")
MONDAY, TUESDAY = "2026-03-02", "2026-03-03"


def bring(record: Record, day: str, **on_hand: object) -> int:
    lines = [f"{day},LYON,{sku},{units}" for sku, units in on_hand.items()]
    body = "\n".join(["date,site,sku,on_hand", *lines]) + "\n"
    reading = read(body.encode(), "stock", WHOLE, name=f"stock-{day}.csv")
    return record.deliver(reading, received_at=NOON).delivery


def on_hand(record: Record) -> dict[str, float]:
    """At the close of Tuesday."""
    origin = int(to_period(dt.date.fromisoformat(TUESDAY), Frequency.DAY))
    panel = build_panel(record, origin, Options())
    return dict(zip(panel.series["sku"], panel.on_hand[:, -1].tolist(), strict=True))


def test_a_slip_of_the_pen_is_no_stockout(record: Record) -> None:
    bring(record, MONDAY, TEA=5, MATE=4, JAM=3)
    bring(record, TUESDAY, TEA=5, MATE="4O")
    found = on_hand(record)
    assert math.isnan(found.pop("MATE"))
    assert found == {"TEA": 5, "JAM": 0}, "what is not there is out"


def test_its_correction_counts_and_settles_it(record: Record) -> None:
    bring(record, MONDAY, TEA=5, MATE=4)
    slip = bring(record, TUESDAY, TEA=5, MATE="4O")
    again = bring(record, TUESDAY, TEA=6, MATE="4l")
    assert record.rejects()["settled_by"].isna().all(), "it could not be read again"
    right = bring(record, TUESDAY, TEA=6, MATE=40)
    assert on_hand(record) == {"TEA": 6, "MATE": 40}
    assert record.rejects().set_index("delivery")["settled_by"].to_dict() == {
        slip: right,
        again: right,
    }


def test_a_later_snapshot_without_it_says_that_it_is_out(record: Record) -> None:
    bring(record, MONDAY, TEA=5, MATE=4)
    bring(record, TUESDAY, TEA=5, MATE="4O")
    bring(record, TUESDAY, TEA=5)
    assert on_hand(record) == {"TEA": 5, "MATE": 0}
