"""When a company orders that states a safety stock alone: by a formula, and as its orders show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecasting.calendar import Frequency
from forecasting.options import Options
from forecasting.panel import Panel
from models.lead_time import fit_lead_times
from models.order_practice import FEWEST_ORDERS, STRENGTH, practice_of
from models.replenishment import Policies, ordered_as_it_came, policies_of
from models.terms import terms_of
from tests.risk.warehouse import Order, panel_of, shelf

DAYS = 220
WEEKLY = {"supplier": "NOVA", "order_days": "0", "lead_time_days": 9.0}
SAFETY = {"safety_stock": 6.0}
FORMULA = 6.0 + 2.0 * (9 + 7)  # safety stock + demand until an order of the next review comes
LOT = 40.0


def weekly(count: int) -> tuple[Order, ...]:
    """One order a week, on Mondays, that came the day after."""
    return tuple(
        Order(
            units=LOT, placed=-6 - 7 * k, promised=3 - 7 * k, received=-5 - 7 * k, order_id=f"O{k}"
        )
        for k in range(count)
    )


def practised(orders: tuple[Order, ...], **facts: Any) -> Panel:
    """Two units sell a day; 50 lie on the shelf every evening, whatever comes."""
    given = {"policy": SAFETY, "past_units": (2.0,) * DAYS, "past_on_hand": (50.0,) * DAYS}
    return panel_of([shelf(orders=orders, **(given | facts))], suppliers=[WEEKLY])


def policies(panel: Panel, options: Options | None = None) -> Policies:
    lead_times = fit_lead_times(panel, options or Options())
    terms, demand = terms_of(panel, lead_times), np.full(len(panel), 2.0)
    return policies_of(panel, lead_times, terms, demand, 28, ordered_as_it_came(panel))


def test_without_orders_the_masters_say_when() -> None:
    found = policies(practised(()))
    assert found.reorder_point[0] == FORMULA
    assert found.order_up_to[0] == FORMULA + 2.0 * 7


@pytest.mark.parametrize("count", [1, 4, 20])
def test_orders_show_where_the_trigger_lies_the_more_of_them_the_surer(count: int) -> None:
    """They went out at 50 on hand, so the trigger lies half a week of sales above that."""
    found = policies(practised(weekly(count)))
    shown, weight = 50.0 + 2.0 * 7 / 2, count / (count + STRENGTH)
    assert found.reorder_point[0] == pytest.approx(weight * shown + (1 - weight) * FORMULA)
    formula_up_to = found.reorder_point[0] + LOT
    assert found.order_up_to[0] == pytest.approx(
        weight * (50.0 + LOT) + (1 - weight) * formula_up_to
    )


def test_what_was_on_its_way_counts() -> None:
    """Each order takes 30 days, so that four are open whenever the next goes out."""
    slow = tuple(
        Order(
            units=LOT, placed=-6 - 7 * k, received=24 - 7 * k if k > 3 else None, order_id=f"O{k}"
        )
        for k in range(30)
    )
    found = practice_of(practised(slow), np.array([True]))
    assert found.at[0] == pytest.approx(50.0 + 4 * LOT)
    assert found.up_to[0] == pytest.approx(50.0 + 5 * LOT)


def test_the_trigger_follows_the_rate_of_sales() -> None:
    """Twice as much sells since four weeks: the same days of cover are twice the units."""
    units = (2.0,) * (DAYS - 28) + (4.0,) * 28
    found = practice_of(practised(weekly(20), past_units=units), np.array([True]))
    assert found.at[0] == pytest.approx(2 * 50.0)


@pytest.mark.parametrize(
    ("facts", "reorder_point"),
    [
        pytest.param({"policy": SAFETY | {"reorder_point": 11.0}}, 11.0, id="a stated trigger"),
        pytest.param({"policy": SAFETY | {"order_up_to": 90.0}}, 90.0, id="a stated level"),
        pytest.param({"past_units": (0.0,) * DAYS}, FORMULA, id="nothing sells"),
        pytest.param({"past_on_hand": (np.nan,)}, FORMULA, id="past stock is unknown"),
    ],
)
def test_orders_say_nothing_where(facts: dict[str, Any], reorder_point: float) -> None:
    found = policies(practised(weekly(20), **facts))
    assert found.reorder_point[0] == pytest.approx(reorder_point, nan_ok=True)


@pytest.mark.parametrize(
    ("orders", "came", "reorder_point"),
    [
        pytest.param(weekly(20), 0.0, 50.0 + 2.0 * 7 / 2, id="its orders show one"),
        pytest.param(weekly(FEWEST_ORDERS), 0.0, 50.0 + 2.0 * 7 / 2, id="just enough"),
        pytest.param(weekly(FEWEST_ORDERS - 1), 0.0, np.nan, id="too few"),
        pytest.param(weekly(4), 2.0, np.nan, id="most came without an order"),
    ],
)
def test_where_no_policy_is_stated(
    orders: tuple[Order, ...], came: float, reorder_point: float
) -> None:
    panel = practised(orders, policy={}, past_receipts=(came,) * DAYS)
    found = policies(panel)
    assert found.reorder_point[0] == pytest.approx(reorder_point, nan_ok=True)
    assert not found.stated[0]
    if np.isfinite(reorder_point):
        assert 50.0 < found.order_up_to[0] <= reorder_point + LOT


def test_wishes_are_no_orders() -> None:
    wishes = tuple(
        Order(placed=-6 - 7 * k, order_id=f"W{k}", status="requested") for k in range(20)
    )
    assert practice_of(practised(wishes), np.array([True])).orders[0] == 0


def test_weeks_and_months_do_not_tell() -> None:
    options = Options(frequency=Frequency.WEEK)
    panel = panel_of(
        [
            shelf(
                orders=weekly(20), policy=SAFETY, past_on_hand=(50.0,) * 60, past_units=(14.0,) * 60
            )
        ],
        options,
    )
    assert practice_of(panel, np.array([True])).orders[0] == 0
    assert np.isfinite(policies(panel, options).reorder_point[0])


def test_each_series_has_its_own() -> None:
    given: dict[str, Any] = {"policy": SAFETY, "past_units": (2.0,) * DAYS}
    shelves = [
        shelf(sku="A", orders=weekly(20), past_on_hand=(50.0,) * DAYS, **given),
        shelf(sku="B", past_on_hand=(50.0,) * DAYS, **given),
        shelf(sku="C", orders=weekly(20), past_on_hand=(20.0,) * DAYS, **given),
    ]
    found = practice_of(panel_of(shelves, suppliers=[WEEKLY]), np.array([True, True, True]))
    assert found.at == pytest.approx([50.0, np.nan, 20.0], nan_ok=True)
    assert found.orders.tolist() == [20, 0, 20]
