"""What plans say of the periods ahead."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from forecasting.calendar import Frequency
from forecasting.drivers import FAR, drivers_of
from tests.forecasting.warehouse import LAST, Rows, days_of, panel_of


def closed_ahead(event: dict[str, Any], frequency: Frequency, ahead: int) -> list[float]:
    """Of the one site, in the periods after the origin."""
    shut = {"start": LAST + dt.timedelta(days=3), "kind": "closure", **event}
    rows = Rows(sales=days_of([2] * 70), events=[shut])
    panel = panel_of(rows, frequency=frequency)
    length = panel.origin - panel.start + 1
    drivers = drivers_of(panel, frequency, panel.start, length, ahead)
    assert not drivers.closed[:, :length].any()
    return [round(float(share), 3) for share in drivers.closed[0, length:]]


@pytest.mark.parametrize(
    ("event", "closed"),
    [
        ({}, [0, 0, 1, 0]),
        ({"end": LAST + dt.timedelta(days=4)}, [0, 0, 1, 1]),
        ({"site": "LYON"}, [0, 0, 1, 0]),
        ({"site": "BREST"}, [0, 0, 0, 0]),
        ({"category": "TEA"}, [0, 0, 0, 0]),
        ({"supplier": "NOVA"}, [0, 0, 0, 0]),
    ],
    ids=["all sites", "two days", "the site", "another site", "a category", "a supplier"],
)
def test_a_closure_closes_the_sites_that_it_is_about(
    event: dict[str, Any], closed: list[float]
) -> None:
    assert closed_ahead(event, Frequency.DAY, 4) == closed


def test_an_event_that_ends_before_it_begins_opens_no_site_for_more_than_the_week() -> None:
    began, ended = LAST + dt.timedelta(days=5), LAST + dt.timedelta(days=2)
    assert closed_ahead({"start": began, "end": ended}, Frequency.WEEK, 2) == [0, 0]
    assert closed_ahead({"start": ended, "end": began}, Frequency.WEEK, 2) == [0.571, 0]


def test_a_young_history_has_plans_though_it_is_shorter_than_the_look_ahead() -> None:
    fair = {"start": LAST + dt.timedelta(days=2), "kind": "other", "name": "fair"}
    panel = panel_of(Rows(sales=days_of([2] * 2), events=[fair]))
    drivers = drivers_of(panel, Frequency.DAY, panel.start, 2, 3, names=(("fair",), ()))
    until, code = (part[drivers.place[0]].tolist() for part in (drivers.until, drivers.code))
    assert until == [3, 2, 1, 0, FAR[Frequency.DAY]]
    assert code == [0, 0, 0, 1, 0]
