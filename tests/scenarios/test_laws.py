"""What must hold of any scenario, whatever the shelves."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.warehouse import Order, Shelf
from tests.scenarios.worlds import base_of, what_if

LAW = settings(max_examples=8, deadline=None)
TINY = 1e-9

orders = st.lists(
    st.builds(
        Order,
        units=st.sampled_from([5.0, 40.0, 200.0]),
        placed=st.integers(-40, -1),
        promised=st.none() | st.integers(-12, 30),
        supplier=st.sampled_from(["NOVA", "OTHER"]),
        order_id=st.sampled_from(["PO-1", "PO-2"]),
    ),
    max_size=2,
).map(tuple)
shelves = st.lists(
    st.builds(
        Shelf,
        on_hand=st.sampled_from([0.0, 1.0, 12.0, 60.0, 400.0]),
        demand=st.sampled_from([0.05, 0.7, 3.0, 25.0]),
        orders=orders,
        sku=st.uuids().map(lambda one: f"SKU-{str(one)[:8]}"),
        item=st.sampled_from([{"supplier": "NOVA"}, {"supplier": "OTHER"}]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.sku,
)
"""Without a policy: whoever orders by one orders sooner where more is wanted, and may be short of
less."""


@LAW
@given(shelves, st.sampled_from([5.0, 20.0, 150.0]))
def test_more_demand_never_lowers_a_risk_or_the_units_short(some, percent):
    found = what_if(base_of(*some), {"kind": "demand", "percent": percent}).series
    assert (found["p_no_order_scenario"] >= found["p_no_order_base"] - TINY).all()
    assert (found["units_short_scenario"] >= found["units_short_base"] - TINY).all()


@LAW
@given(shelves, st.sampled_from([-5.0, -30.0, -100.0]))
def test_less_demand_never_raises_them(some, percent):
    found = what_if(base_of(*some), {"kind": "demand", "percent": percent}).series
    assert (found["p_no_order_scenario"] <= found["p_no_order_base"] + TINY).all()
    assert (found["units_short_scenario"] <= found["units_short_base"] + TINY).all()


@LAW
@given(shelves, st.integers(1, 30))
def test_a_later_order_never_lowers_a_risk(some, days):
    """Units may be fewer by a trace: a loss that nobody books takes what has come by then, a
    thousandth of what is on order or so."""
    base = base_of(*some)
    if not (base.panel.orders["supplier"] == "NOVA").any():
        return
    found = what_if(base, {"kind": "order_late", "supplier": "NOVA", "days": days}).series
    assert (found["p_no_order_scenario"] >= found["p_no_order_base"] - TINY).all()
    assert (found["probability_scenario"] >= found["probability_base"] - TINY).all()
    trace = 0.05 + 0.001 * base.panel.orders["units_open"].sum()
    assert (found["units_short_scenario"] >= found["units_short_base"] - trace).all()


@LAW
@given(shelves, st.sampled_from([0.5, 2.0, 6.0]))
def test_stopping_a_supplier_touches_no_series_that_does_not_depend_on_it(some, weeks):
    depends = [
        one.item["supplier"] == "NOVA" or any(line.supplier == "NOVA" for line in one.orders)
        for one in some
    ]
    if not any(depends):
        return
    stop = {"kind": "supplier_stop", "supplier": "NOVA", "weeks": weeks}
    found = what_if(base_of(*some), stop, every_series=True).series
    apart = found[~np.array(depends)]
    same = ("probability", "p_no_order", "breaks_on", "units_short")
    for name in same:
        pd.testing.assert_series_equal(
            apart[f"{name}_scenario"], apart[f"{name}_base"], check_names=False, check_exact=True
        )
    bound = found[np.array(depends)]
    assert (bound["p_no_order_scenario"] >= bound["p_no_order_base"] - TINY).all()
    only = what_if(base_of(*some), stop).series
    assert set(only["sku"]) == set(bound["sku"])


@LAW
@given(shelves)
def test_an_empty_scenario_changes_nothing(some):
    found = what_if(base_of(*some), every_series=True)
    assert (found.series["verdict"] == "same").all()
    for name in ("probability", "p_no_order", "breaks_on", "units_short"):
        pd.testing.assert_series_equal(
            found.series[f"{name}_scenario"],
            found.series[f"{name}_base"],
            check_names=False,
            check_exact=True,
        )
    assert what_if(base_of(*some)).series.empty


@LAW
@given(shelves, st.sampled_from([{"percent": 40.0}, {"percent": -40.0}]))
def test_who_is_asked_about_changes_no_answer(some, change):
    """A scenario on one series alone says of it what one on all of them does."""
    code = some[-1].sku
    told = {"kind": "demand", "sku": code} | change
    alone = what_if(base_of(*some), told).series
    among = what_if(base_of(*some), told, every_series=True).series
    mine = among[among["sku"] == code].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, mine, check_exact=True)
