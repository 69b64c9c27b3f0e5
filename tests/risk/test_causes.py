"""Each kind of cause, from data that has it; and what is said where the record is in doubt."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.risk import RiskAssessment
from tests.risk.test_way_out import LATE, PAST, PRICED, doubtful, found, network
from tests.risk.warehouse import Order, Shelf, delivered, shelf

CAME_SHORT = Order(
    placed=-6,
    promised=-2,
    received=-2,
    units=40.0,
    units_received=5.0,
    order_id="PO-7",
    status="received",
)
SLOW = delivered(12, promised_in=12, count=15)
USUAL = (2.0,) * 30
POLICY = {"reorder_point": 12.0, "order_up_to": 40.0}
OF_THE_HUB = network(hub_demand=6.0, stocks=[4.0] * 3)


def told_of(made: RiskAssessment, row: int = 0) -> dict[str, float]:
    """Code -> share."""
    causes = json.loads(made.warnings["causes"][row])
    return {cause["code"]: cause["share"] for cause in causes}


@pytest.mark.parametrize(
    ("code", "shelves", "words"),
    [
        (
            "demand_above_plan",
            [shelf(on_hand=20, demand=4.0, past_units=(1.0,) * 30)],
            "expected demand 297% above usual",
        ),
        (
            "customer_order",
            [shelf(on_hand=40, booked=((5, 30.0),), past_units=(2.0,) * 30)],
            "Hôpital Nord expects 30 units on 2026-11-27 (order CC-1)",
        ),
        (
            "customer_order_due",
            [shelf(on_hand=30, booked=((None, 30.0),), past_units=(2.0,) * 30)],
            "Hôpital Nord is waiting for 30 units (order CC-1)",
        ),
        (
            "reserved_stock",
            [shelf(on_hand=30, reserved=30.0, past_units=(2.0,) * 30)],
            "30 units reserved for customers",
        ),
        (
            "customer_order",  # what is reserved is for an order that is due much later
            [shelf(on_hand=40, reserved=75, booked=((5, 30.0), (25, 75.0)), past_units=USUAL)],
            "Hôpital Nord expects 30 units on 2026-11-27 (order CC-1)",
        ),
        ("late_order", [shelf(on_hand=6, orders=(*PAST, LATE))], "order PO-1182 is 5 days late"),
        ("short_order", [shelf(on_hand=6, orders=(*PAST, CAME_SHORT))], "PO-7 came short: 5 of 40"),
        (
            "order_too_small",
            [shelf(on_hand=6, orders=(*PAST, Order(promised=1, units=4)))],
            "4 units on order, expected demand 28",
        ),
        ("no_order", [shelf(on_hand=6, orders=PAST)], "no order placed"),
        (
            "lead_time_longer",
            [shelf(on_hand=16, orders=SLOW, policy=POLICY, item={"master_lead_time_days": 4.0})],
            "NOVA takes 12 days, the master says 4",
        ),
        (
            "reorder_point_low",
            [shelf(on_hand=14, orders=PAST, policy={"reorder_point": 3, "order_up_to": 30})],
            "reorder point 3 is low",
        ),
        (
            "above_reorder_point",
            [shelf(on_hand=14, orders=PAST, policy={"reorder_point": 12, "order_up_to": 30})],
            "stock still above reorder point (14 against 12), nothing on order",
        ),
        ("phantom_stock", [*doubtful()], "the shelf may hold less than the record says"),
        (
            "expiry",
            [shelf(on_hand=40, lots=((3, 35.0),), orders=PAST)],
            "29 units will expire before being sold",
        ),
        ("source_short", [*OF_THE_HUB[1], OF_THE_HUB[0]], "HUB, which ships to this site"),
        ("no_stock_data", [shelf(on_hand=np.nan)], "stock unknown: no stock row received"),
        (
            "stale_data",
            [shelf(on_hand=30, stale_days=9, orders=PAST, past_units=(2.0,) * 21 + (np.nan,) * 9)],
            "stock known only as of 2026-11-13",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_each_kind_of_cause_is_named_where_the_data_have_it(
    code: str, shelves: list[Shelf], words: str
) -> None:
    made = found(*(replace(one, item={**PRICED, **one.item}) for one in shelves))
    assert told_of(made)[code] >= 0.25
    assert words in made.warnings["cause_en"][0]


def test_what_had_come_whole_would_not_be_short() -> None:
    """What was missing more explains more; an older line, a whole one, or one that a site of ours
    sent explains nothing."""

    def share(*orders: Order) -> float:
        made = found(shelf(on_hand=6.0, orders=(*PAST, *orders), item=PRICED))
        return told_of(made).get("short_order", 0.0)

    whole = share(replace(CAME_SHORT, units=11.0))
    half = share(replace(CAME_SHORT, units=8.0))
    assert 0 < half < whole
    assert share(replace(CAME_SHORT, received=-20)) == 0
    assert share(replace(CAME_SHORT, units_received=40.0)) == 0
    assert share(replace(CAME_SHORT, source_site="HUB", supplier="")) == 0


def test_what_will_expire_is_ordered_again() -> None:
    """Of 40 units 29 expire: the order is that of a shelf of 11."""
    ordered = [
        found(shelf(on_hand=on_hand, lots=lots, orders=PAST, item=PRICED))
        .options.set_index("code")
        .loc["order", "units"]
        for on_hand, lots in ((40.0, ((3, 35.0),)), (11.0, ()))
    ]
    assert ordered[0] == pytest.approx(ordered[1], abs=1.0)
    assert ordered[0] > 0


def test_a_doubtful_record_is_to_be_counted_first_even_where_a_count_cannot_be_weighed() -> None:
    made = found(*doubtful(policy={}))
    assert "count" not in set(made.options["code"])
    first = made.warnings.iloc[0]
    assert first["cause_en"] == (
        "the shelf may hold less than the record says: count the shelf first"
    )
    assert first["cause_fr"] == (
        "le stock réel peut être inférieur au stock enregistré : compter d’abord le stock réel"
    )
    assert made.groups["why_en"][0] == first["cause_en"]


def test_a_count_that_is_advised_is_not_asked_for_twice() -> None:
    made = found(*doubtful())
    first = made.warnings.iloc[0]
    assert json.loads(first["actions"])[0]["code"] == "count"
    for sentence in (first["cause_en"], made.groups["why_en"][0]):
        assert sentence == "the shelf may hold less than the record says"


def test_no_count_is_asked_for_where_something_else_explains_more() -> None:
    one, *others = doubtful(policy={}, on_hand=20.0, past_units=(2.0,) * 30)
    made = found(one, *others)
    told = told_of(made)
    assert told["no_order"] > told["phantom_stock"] > 0
    assert "count" not in made.warnings["cause_en"][0]
