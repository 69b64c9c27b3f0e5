"""When orders are placed: declared order days, days learned from the order book, review rhythms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency
from forecasting.options import Options
from forecasting.panel import Panel
from models.lead_time import fit_lead_times
from models.terms import receiving_periods, review_periods, terms_of
from tests.risk.warehouse import Order, panel_of, shelf

# The origin is Sunday 22 November 2026, so that day 1 is a Monday.


def ordered(*ago: int, supplier: str = "NOVA", source_site: str = "") -> tuple[Order, ...]:
    return tuple(
        Order(
            placed=-days,
            promised=-days + 2,
            received=-days + 2,
            order_id=f"O{days}",
            supplier=supplier,
            source_site=source_site,
        )
        for days in ago
    )


def review_days(panel: Panel, every: float, horizon: int = 14) -> list[int]:
    terms = terms_of(panel, fit_lead_times(panel, Options()))
    found = review_periods(panel, terms, np.array([every]), np.array([True]), horizon)
    return (np.flatnonzero(found[0]) + 1).tolist()


CLOSED = {
    "kind": "supplier_closure",
    "start": pd.Timestamp("2026-11-25"),
    "end": pd.Timestamp("2026-11-27"),
}
CALLED_OFF = {**CLOSED, "status": "Cancelled"}
MONDAYS = tuple(range(6, 90, 7))
THURSDAYS = tuple(range(3, 90, 7))


@pytest.mark.parametrize(
    ("facts", "every", "days"),
    [
        ({}, 1, list(range(1, 15))),
        ({"suppliers": [{"supplier": "NOVA", "order_days": "0,3"}]}, 1, [1, 4, 8, 11]),
        ({"suppliers": [{"supplier": "NOVA", "order_days": "0,3"}]}, 4, [1, 4, 8, 11]),
        ({"suppliers": [{"supplier": "NOVA", "order_days": "2"}]}, 7, [3, 10]),
        (
            {"suppliers": [{"supplier": "NOVA", "closures": "2026-11-23/2026-12-01"}]},
            1,
            [10, 11, 12, 13, 14],
        ),
        ({"events": [{**CLOSED, "supplier": "NOVA"}]}, 1, [1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14]),
        ({"events": [CLOSED]}, 1, [1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14]),
        ({"events": [{**CLOSED, "sku": "RETRO-CLOCK"}]}, 1, [1, 2, *range(6, 15)]),
        (
            {"events": [{**CLOSED, "supplier": "NOVA", "category": "CLOCKS"}]},
            1,
            [1, 2, *range(6, 15)],
        ),
        ({"events": [{**CLOSED, "supplier": "NOVA", "sku": "LAMP"}]}, 1, list(range(1, 15))),
        (
            {"events": [{**CLOSED, "sku": "RETRO-CLOCK", "category": "LAMPS"}]},
            1,
            list(range(1, 15)),
        ),
        ({"events": [{**CLOSED, "supplier": "OTHER"}]}, 1, list(range(1, 15))),
        ({"events": [{**CLOSED, "supplier": "NOVA", "site": "S9"}]}, 1, list(range(1, 15))),
        ({"events": [{**CALLED_OFF, "supplier": "NOVA"}]}, 1, list(range(1, 15))),
    ],
    ids=[
        *("any day", "order days", "reviews no rarer", "once a week", "closed"),
        *("closed by an event", "all suppliers closed"),
        *("the item from all of them", "its category from one", "another item", "nothing is both"),
        *("another supplier's event", "another site's event", "called off"),
    ],
)
def test_reviews_fall_on_the_days_that_orders_are_taken(
    facts: dict[str, Any], every: float, days: list[int]
) -> None:
    assert review_days(panel_of([shelf()], **facts), every) == days


def test_order_days_are_learned_where_nobody_declares_them() -> None:
    """A store fed by its warehouse on Mondays and Thursdays; once, it called on a Friday."""
    one = shelf(
        orders=ordered(*MONDAYS, *THURSDAYS, 9, supplier="", source_site="HUB"),
        policy={"source": "HUB"},
    )
    assert review_days(panel_of([one]), every=4) == [1, 4, 8, 11]


def test_rare_reviews_go_on_from_the_last_order() -> None:
    """A container every 28 days, the last one ordered 20 days ago."""
    assert review_days(panel_of([shelf(orders=ordered(20, 48))]), every=28) == [8]


def test_a_month_holds_its_reviews() -> None:
    """Every 45 days from 1 December: 15 January, 1 March."""
    monthly = Options(frequency=Frequency.MONTH)
    assert review_days(panel_of([shelf()], monthly), every=45, horizon=4) == [1, 2, 4]


def received_days(source: str = "NOVA", frequency: str = "D", **facts: Any) -> list[int]:
    options = Options(frequency=Frequency(frequency))
    panel = panel_of([shelf(site="S1"), shelf(site="HUB")], options, **facts)
    found = receiving_periods(panel, np.array([0]), [source], 14 if frequency == "D" else 3)
    return (np.flatnonzero(found[0]) + 1).tolist()


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ({}, []),
        ({"suppliers": [{"supplier": "NOVA", "receiving_days": "0,1,2,3,4"}]}, [6, 7, 13, 14]),
        ({"suppliers": [{"supplier": "NOVA", "closures": "2026-11-23"}]}, [1]),
        ({"events": [{**CLOSED, "supplier": "NOVA"}]}, [3, 4, 5]),
        ({"events": [CLOSED]}, [3, 4, 5]),
        ({"events": [{**CLOSED, "supplier": "NOVA", "sku": "RETRO-CLOCK"}]}, [3, 4, 5]),
        ({"events": [{**CLOSED, "supplier": "NOVA", "category": "LAMPS"}]}, []),
        ({"source": "HUB", "events": [CLOSED]}, []),
        ({"events": [{**CLOSED, "kind": "closure", "site": "S1"}]}, [3, 4, 5]),
        ({"events": [{**CLOSED, "kind": "closure"}]}, [3, 4, 5]),
        ({"events": [{**CALLED_OFF, "kind": "closure"}]}, []),
        ({"events": [{**CLOSED, "kind": "closure", "supplier": "OTHER"}]}, []),
        ({"events": [{**CLOSED, "kind": "closure", "supplier": "NOVA"}]}, [3, 4, 5]),
        ({"events": [{**CLOSED, "kind": "closure", "site": "S1", "category": "CLOCKS"}]}, []),
        ({"events": [{**CLOSED, "kind": "closure", "site": "HUB"}]}, []),
        ({"source": "HUB", "events": [{**CLOSED, "kind": "closure", "site": "HUB"}]}, [3, 4, 5]),
        ({"frequency": "W", "events": [{**CLOSED, "kind": "closure", "site": "S1"}]}, []),
    ],
    ids=[
        *("always", "receiving days", "supplier's terms", "supplier's event", "all suppliers"),
        *("the item of a supplier", "other items of it"),
        *("a site is none of them", "site", "all sites"),
        *("called off", "closure of another supplier", "closure of the supplier"),
        *("one category", "another site", "the site that sends", "half a week"),
    ],
)
def test_goods_come_in_when_both_ends_are_open(facts: dict[str, Any], missing: list[int]) -> None:
    every = range(1, 4) if facts.get("frequency") == "W" else range(1, 15)
    assert received_days(**facts) == [day for day in every if day not in missing]
