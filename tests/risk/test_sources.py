"""What another site ships comes only if that site has it, on the same path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.options import Options
from models.lead_time import fit_lead_times
from models.projection import supply_of
from models.risk import RiskAssessment, assess
from tests.risk.warehouse import Order, Shelf, forecast_of, panel_of, shelf

LAW = settings(deadline=None, max_examples=10)
POLICY = {"reorder_point": 10.0, "order_up_to": 24.0, "source": "HUB"}
PAST = tuple(
    Order(
        placed=-30 - 3 * n,
        promised=-28 - 3 * n,
        received=-28 - 3 * n,
        order_id=f"TR-{n}",
        supplier="",
        source_site="HUB",
        status="received",
    )
    for n in range(12)
)


def transfer(due: int, placed: int = 0) -> Order:
    return Order(
        units=40, placed=placed, promised=due, supplier="", source_site="HUB", order_id="TR-99"
    )


def hub(on_hand: float, **facts: Any) -> Shelf:
    return shelf(site="HUB", on_hand=on_hand, demand=4.0, **facts)


def store(**facts: Any) -> Shelf:
    return shelf(site="S1", **{"on_hand": 12.0, "policy": POLICY, "orders": PAST, **facts})


def found(*shelves: Shelf) -> RiskAssessment:
    panel = panel_of(list(shelves))
    forecast: Any = forecast_of(panel, list(shelves))
    return assess(panel, forecast, fit_lead_times(panel, Options()), Options())


def chance(*shelves: Shelf, column: str = "p_14d") -> float:
    """Of the first shelf."""
    return float(found(*shelves).warnings[column].iat[0])


def test_the_shortage_of_a_warehouse_reaches_its_stores() -> None:
    assert chance(store(), hub(5000.0)) < 0.1
    assert chance(store(), hub(0.0)) > 0.9
    assert chance(store(), hub(0.0, orders=(Order(units=5000.0, promised=2),))) < 0.5
    assert 0.2 < chance(store(), hub(30.0)) < 0.8  # a week of its demand is 28


def test_a_site_without_a_record_of_its_own_limits_nothing() -> None:
    elsewhere = shelf(site="HUB", sku="OTHER", on_hand=0.0)
    assert chance(store()) == chance(store(), elsewhere)


def test_an_open_transfer_waits_for_its_source() -> None:
    waiting = store(policy={}, orders=(*PAST, transfer(due=4)))
    assert chance(waiting, hub(5000.0)) < 0.2
    assert chance(waiting, hub(0.0)) > 0.95
    assert chance(waiting, hub(0.0), column="p_no_order") > 0.95


def test_what_has_left_already_comes() -> None:
    """The hub ran out today, having sent on Friday what is due tomorrow."""
    sent = store(policy={}, orders=(*PAST, transfer(due=1, placed=-2)))
    emptied = hub(0.0, past_on_hand=(50.0,) * 29 + (0.0,))
    assert chance(sent, emptied) < 0.2
    never_there = hub(0.0, past_on_hand=(0.0,) * 30)
    assert chance(sent, never_there) > 0.9


def test_chains_pass_a_shortage_on() -> None:
    near = shelf(
        site="NEAR",
        on_hand=3.0,
        demand=3.0,
        orders=tuple(replace(order, order_id="N" + order.order_id) for order in PAST),
        policy={"reorder_point": 15.0, "order_up_to": 60.0, "source": "HUB"},
    )
    sent = tuple(replace(order, source_site="NEAR") for order in PAST)
    last = store(policy={**POLICY, "source": "NEAR"}, orders=sent)
    assert chance(last, near, hub(5000.0)) < 0.5 < 0.9 < chance(last, near, hub(0.0))


def test_sites_that_draw_from_each_other_limit_nobody() -> None:
    one = store(policy={**POLICY, "source": "S2"})
    other = replace(store(), site="S2", policy={**POLICY, "source": "S1"})
    to_itself = store(policy={**POLICY, "source": "S1"})
    panel = panel_of([one, other])
    supply = supply_of(panel, fit_lead_times(panel, Options()), np.full(2, 2.0), 28, Options())
    assert list(supply.sources.in_order()) == []
    assert np.isfinite(chance(one, other))
    assert np.isfinite(chance(to_itself))


def test_sources_are_walked_before_those_that_draw_from_them() -> None:
    shelves = [
        replace(store(), site="A", policy={**POLICY, "source": "C"}),
        replace(store(), site="B", policy={**POLICY, "source": "A"}),
        replace(store(), site="C", policy={}),
        replace(store(), site="D", policy={**POLICY, "source": "B"}),
    ]
    shelves = [replace(one, orders=()) for one in shelves]
    panel = panel_of(shelves)
    supply = supply_of(panel, fit_lead_times(panel, Options()), np.full(4, 2.0), 28, Options())
    assert [rows.tolist() for rows in supply.sources.in_order()] == [[2], [0], [1]]


@LAW
@given(
    at_hub=st.integers(0, 120),
    more=st.integers(1, 60),
    on_hand=st.integers(0, 20),
    due=st.integers(1, 9),
    later=st.integers(1, 9),
)
def test_the_laws_hold_across_sites(
    at_hub: int, more: int, on_hand: int, due: int, later: int
) -> None:
    def no_order(on_hand: float, at_hub: float, due: int) -> float:
        waiting = store(on_hand=on_hand, policy={}, orders=(*PAST, transfer(due)))
        return chance(waiting, hub(at_hub), column="p_no_order")

    base = no_order(on_hand, at_hub, due)
    assert no_order(on_hand + more, at_hub, due) <= base
    assert no_order(on_hand, at_hub + more, due) <= base
    assert no_order(on_hand, at_hub, due + later) >= base


@pytest.mark.parametrize("horizon", [1, 28])
def test_a_company_without_transfers_needs_no_second_look(horizon: int) -> None:
    panel = panel_of([shelf()])
    supply = supply_of(panel, fit_lead_times(panel, Options()), np.array([2.0]), horizon, Options())
    assert supply.sources.dry.shape == (0, horizon, 0)
