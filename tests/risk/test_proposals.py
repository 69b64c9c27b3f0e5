"""Orders of the next two weeks: when a line is due, how much of it, and what no order may do."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.calendar import Frequency
from forecasting.demand_forecast import GrainForecast
from forecasting.options import Options
from models.lead_time import fit_lead_times
from models.projection import supply_of
from models.risk.supplier_orders.advice import advice_of
from models.risk.supplier_orders.filling import Items, Minimum, filled
from models.risk.supplier_orders.proposal_lines import COLUMNS
from models.risk.supplier_orders.proposals import FILL_UP_DAYS, proposals
from tests.risk.warehouse import TODAY, Order, Shelf, panel_of, shelf

# The origin is Sunday 22 November 2026, so that day 1 is a Monday.

NOVA = {"supplier": "NOVA", "lead_time_days": 3.0}
POLICY = {"reorder_point": 20.0, "order_up_to": 60.0}


def proposed(
    *shelves: Shelf,
    options: Options | None = None,
    high: float = 1.0,
    advice: pd.DataFrame | None = None,
    **masters: Any,
) -> pd.DataFrame:
    """`high`: demand exceeded once in ten times ÷ the expected."""
    options = options or Options()
    masters.setdefault("suppliers", [NOVA])
    panel = panel_of(list(shelves), options, **masters)
    horizon = {"D": 28, "W": 13, "M": 12}[options.frequency.value]
    mean = np.array([[float(np.mean(one.demand))] * horizon for one in shelves])
    forecast = GrainForecast(
        frequency=options.frequency,
        first=panel.origin + 1,
        mean=mean,
        quantiles=np.stack([mean, mean * high], axis=2),
        levels=(0.5, 0.9),
        mean_units=mean,
        method=["given"] * len(mean),
        reason=[""] * len(mean),
    )
    lead_times = fit_lead_times(panel, options)
    supply = supply_of(panel, lead_times, mean.mean(axis=1), horizon, options)
    return proposals(panel, supply, forecast, lead_times, options, advice)


def days_of(lines: pd.DataFrame) -> list[int]:
    return [(day.date() - TODAY).days for day in lines["order_on"]]


def planned(**facts: Any) -> Shelf:
    facts.setdefault("policy", POLICY)
    return shelf(**facts)


def test_a_line_is_due_when_the_position_reaches_the_reorder_point() -> None:
    """25 on hand less 2 a day: 21 at the start of day 3, 19 of day 4; up to 60 are 41."""
    lines = proposed(planned(on_hand=25.0))
    assert days_of(lines) == [4]
    line = lines.iloc[0]
    assert (line["reason"], line["units"], line["position_then"]) == (
        "below_reorder_point",
        41.0,
        19.0,
    )
    assert line["days_of_cover_then"] == 9.5
    assert (line["excess_units"], line["proposal"], line["supplier"]) == (0.0, 1, "NOVA")
    assert line[["packs", "minimum_reached"]].isna().all()


def test_past_orders_are_no_policy_to_order_by() -> None:
    """They went out when one was left, and took three days: too late to be proposed again."""
    late = tuple(
        Order(units=30, placed=day, promised=day + 3, received=day + 3, order_id=f"O{day}")
        for day in range(-150, -10, 15)
    )
    past = {"past_units": (2.0,) * 200, "past_on_hand": (1.0,) * 200}
    lines = proposed(planned(on_hand=25.0, policy={}, orders=late, **past))
    assert lines["reason"].tolist()[:1] == ["cover_too_short"]
    assert lines["position_then"][0] > 5.0


def test_a_cost_of_less_than_a_cent_is_told_as_it_is_stated() -> None:
    """What is counted in grams: units × unit_cost is the value."""
    line = proposed(planned(on_hand=25.0, item={"unit_cost": 0.00328})).iloc[0]
    assert line["unit_cost"] == 0.00328
    assert line["value"] == pytest.approx(line["units"] * line["unit_cost"], abs=1e-4)


def test_three_packs_in_kilograms_are_the_smallest_order_of_three() -> None:
    """2.3 kg three times is a hair less than 6.9 kg to a computer: nothing was ever proposed."""
    item = {"pack_size": 2.3, "minimum_order": 6.9, "uom": "kg"}
    policy = {"reorder_point": 20.0, "order_up_to": 22.0}
    lines = proposed(planned(on_hand=19.0, item=item, policy=policy))
    assert (lines["units"][0], lines["packs"][0]) == (6.9, 3.0)


def advised(day: int, *, units: float = 12.0, source: str = "NOVA", site: str = "S1") -> Any:
    on = pd.Timestamp(TODAY) + pd.Timedelta(days=day)
    told = {"site": site, "sku": "RETRO-CLOCK", "source": source, "units": units, "order_on": on}
    return pd.DataFrame([told]).astype({"order_on": "datetime64[s]"})


def test_what_the_list_advises_is_ordered_on_its_day() -> None:
    """Above the reorder point until day 4: an order advised for day 2 moves the policy's own."""
    lines = proposed(planned(on_hand=25.0), advice=advised(2))
    assert days_of(lines)[:2] == [2, 10]
    assert lines["reason"].tolist()[:2] == ["advised", "below_reorder_point"]
    assert (lines["units"][0], lines["position_then"][0]) == (12.0, 23.0)


@pytest.mark.parametrize(
    "advice",
    [
        pytest.param(advised(6), id="the policy orders on day 4"),
        pytest.param(advised(4), id="or on the same day"),
        pytest.param(advised(2, source="OTHER"), id="from somebody else"),
        pytest.param(advised(2, site="S9"), id="for nobody here"),
        pytest.param(advised(40), id="after the plan"),
        pytest.param(advised(-1), id="before it"),
        pytest.param(advised(2).head(0), id="nothing"),
    ],
)
def test_the_plan_stays_where_nothing_is_to_be_added(advice: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        proposed(planned(on_hand=25.0), advice=advice), proposed(planned(on_hand=25.0))
    )


def test_nothing_is_advised_on_a_day_without_orders() -> None:
    thursdays = [{**NOVA, "order_days": "3"}]
    lines = proposed(planned(on_hand=25.0), suppliers=thursdays, advice=advised(2))
    assert "advised" not in set(lines["reason"])
    lines = proposed(planned(on_hand=27.0), suppliers=thursdays, advice=advised(4, units=11.0))
    assert (days_of(lines)[0], lines["reason"][0], lines["units"][0]) == (4, "advised", 11.0)


def test_the_advice_is_that_of_the_series_on_the_list() -> None:
    warnings = pd.DataFrame({"site": ["A", "B", "C"], "sku": "X", "state": ["new", "none", "out"]})
    options = pd.DataFrame(
        [
            ("A", "order", True, "NOVA", 5.0, "2026-11-26 11:00", ""),
            ("A", "expedite", True, "NOVA", 9.0, "2026-11-24", ""),
            ("B", "order", True, "NOVA", 6.0, "2026-11-26", ""),  # not on the list
            ("C", "transfer", True, "HUB", 7.0, "2026-11-25", ""),
            ("C", "order", False, "NOVA", 8.0, "2026-11-26", ""),  # not recommended
            ("C", "order", True, "NOVA", 3.0, "2026-11-26", "HUB"),  # at the site that ships
        ],
        columns=["site", "code", "recommended", "source", "units", "act_by", "at_site"],
    ).assign(sku="X")
    told = advice_of(warnings, options)
    assert told[["site", "source", "units"]].values.tolist() == [
        ["A", "NOVA", 5.0],
        ["C", "HUB", 7.0],
    ]
    assert told["order_on"].dt.day.tolist() == [26, 25]
    assert advice_of(warnings, options.head(0)).empty


def test_what_is_on_order_counts() -> None:
    on_order = Order(units=40.0, placed=-1, promised=5)
    assert not len(proposed(planned(on_hand=25.0, orders=(on_order,))))


def test_what_customers_have_booked_counts_where_it_is_more_than_the_forecast() -> None:
    """25 on hand, 2 a day are forecast, 10 are booked for day 2: 13 at the start of day 3."""
    line = proposed(planned(on_hand=25.0, booked=((2, 10.0),))).iloc[0]
    assert (days_of(line.to_frame().T), line["position_then"]) == ([3], 13.0)


def test_stock_that_expires_is_not_counted_on() -> None:
    """25 on hand less 4 sold by day 3, on which the other 11 of a lot of 15 may not be sold."""
    line = proposed(planned(on_hand=25.0, lots=((2, 15.0), (30, 10.0)))).iloc[0]
    assert (days_of(line.to_frame().T), line["position_then"]) == ([3], 10.0)


def test_demand_that_an_empty_shelf_misses_is_ordered_only_if_it_waits() -> None:
    """Nothing on hand, closed until day 8: what is lost meanwhile is not missing any more."""
    mondays = [{**NOVA, "order_days": "0", "closures": "2026-11-23"}]
    lost, waiting = (
        proposed(planned(on_hand=0.0), options=Options(unmet=unmet), suppliers=mondays)
        for unmet in (1.0, 0.0)
    )
    assert lost["units"].tolist() == [60.0]
    assert waiting["units"].tolist() == [60.0 + 7 * 2.0]


def test_packs_and_the_items_minimum_round_up_and_say_by_how_much() -> None:
    one = planned(on_hand=20.0, item={"pack_size": 12.0, "minimum_order": 50.0, "unit_cost": 2.5})
    line = proposed(one).iloc[0]
    assert (line["units"], line["packs"], line["value"]) == (60.0, 5.0, 150.0)
    assert (line["excess_units"], line["excess_value"]) == (20.0, 50.0)


def test_order_days_and_closures_move_an_order() -> None:
    mondays = [{**NOVA, "order_days": "0"}]
    assert days_of(proposed(planned(on_hand=25.0), suppliers=mondays)) == [8]
    closed = [{**NOVA, "order_days": "0", "closures": "2026-11-30"}]
    assert days_of(proposed(planned(on_hand=25.0), suppliers=closed)) == []


def test_the_goods_are_expected_on_a_day_that_receives() -> None:
    """Ordered on Monday, three days on the way: Thursday; received on Fridays only."""
    terms = [{**NOVA, "receiving_days": "4", "cutoff_time": "11:00"}]
    line = proposed(planned(on_hand=10.0), suppliers=terms).iloc[0]
    assert (line["expected_on"], line["cutoff_time"]) == (pd.Timestamp("2026-11-27"), "11:00")


def test_without_a_policy_stock_must_last_until_the_following_orders_goods() -> None:
    """Ordered on Mondays. Nine in ten orders of day 8 are there after its lead time: until then
    2 a day are wanted, and what lasts longer is not ordered on day 1."""
    mondays = [{**NOVA, "order_days": "0"}]
    panel = panel_of([shelf()], suppliers=mondays)
    lead = fit_lead_times(panel, Options()).days_until(0.9, np.array([0]), np.array([3.0]))[0]
    needed = 2.0 * (7 + lead)
    assert days_of(proposed(shelf(on_hand=needed), suppliers=mondays)) == [8]
    short = proposed(shelf(on_hand=needed - 1.0), suppliers=mondays)
    assert days_of(short)[0] == 1
    assert set(short["reason"]) == {"cover_too_short"}
    assert short["units"].iat[0] == 1.0 + 2.0 * 7  # what is missing, and a week's demand


def test_an_uncertain_demand_is_ordered_for_earlier_and_more_without_a_policy() -> None:
    calm, wild = (proposed(shelf(on_hand=30.0), high=high) for high in (1.0, 4.0))
    assert days_of(wild)[0] <= days_of(calm)[0]
    assert wild["units"].iat[0] > calm["units"].iat[0]


def test_a_site_as_source_makes_a_transfer_for_one_site() -> None:
    shop = planned(on_hand=10.0, site="S1", policy={**POLICY, "source": "HUB"})
    other = replace(shop, site="S2")
    lines = proposed(planned(on_hand=500.0, site="HUB"), shop, other)
    assert lines["source_site"].tolist() == ["HUB", "HUB"]
    assert set(lines["supplier"]) == {""}
    assert lines["site"].tolist() == ["S1", "S2"]
    assert lines["proposal"].tolist() == [1, 2]
    assert set(lines["source_stock"]) == {500.0}


def test_lines_are_ordered_apart_by_buyer_and_currency() -> None:
    goods = [
        planned(on_hand=10.0, sku=str(place), item={"buyer": buyer, "currency": currency})
        for place, (buyer, currency) in enumerate(
            [("Zoé", "EUR"), ("Ali", "EUR"), ("Ali", "EUR"), ("Ali", "CHF")]
        )
    ]
    lines = proposed(*goods)
    first = lines[lines["order_on"] == lines["order_on"].min()]
    assert first.groupby(["buyer", "currency"])["proposal"].nunique().tolist() == [1, 1, 1]
    assert first["proposal"].nunique() == 3


BOTH = (
    planned(on_hand=15.0, sku="A", item={"unit_cost": 2.0}),
    planned(on_hand=24.0, sku="B", item={"unit_cost": 2.0, "pack_size": 10.0}),
    planned(on_hand=50.0, sku="C", item={"unit_cost": 2.0}),
)


def of_day(lines: pd.DataFrame, day: int) -> pd.DataFrame:
    when = pd.Timestamp(TODAY + dt.timedelta(days=day))
    return lines[lines["order_on"] == when].set_index("sku")


def test_a_suppliers_minimum_is_filled_up_with_what_would_be_due_next() -> None:
    """A needs 45 units, 90 in value; the minimum is 120, 15 units more: B is due before C."""
    suppliers = [{**NOVA, "minimum_order_value": 120.0}]
    order = of_day(proposed(*BOTH, suppliers=suppliers), 1)
    assert order["reason"].to_dict() == {"A": "below_reorder_point", "B": "fill_up"}
    assert order["units"].to_dict() == {"A": 45.0, "B": 20.0}
    assert order["excess_units"].to_dict() == {"A": 0.0, "B": 20.0}
    assert order["excess_value"].sum() == 40.0
    assert set(order["minimum_reached"]) == {True}
    assert set(order["order_value"]) == {130.0}


def test_a_minimum_out_of_reach_is_said_and_nothing_filled_up() -> None:
    suppliers = [{**NOVA, "minimum_order_value": 100_000.0, "minimum_order_units": 10.0}]
    order = of_day(proposed(*BOTH, suppliers=suppliers), 1)
    assert order["units"].to_dict() == {"A": 45.0}
    assert set(order["minimum_reached"]) == {False}
    assert set(order["minimum_value"]) == {100_000.0}


def test_a_minimum_in_another_currency_or_of_unknown_costs_is_not_judged() -> None:
    foreign = [{**NOVA, "minimum_order_value": 1.0, "currency": "USD"}]
    assert proposed(*BOTH, suppliers=foreign)["minimum_reached"].isna().all()
    known = [{**NOVA, "minimum_order_value": 1.0, "currency": "EUR"}]
    assert proposed(planned(on_hand=10.0), suppliers=known)["minimum_reached"].isna().all()
    assert proposed(*BOTH, suppliers=known)["minimum_reached"].all()


def test_units_can_be_the_minimum() -> None:
    order = of_day(proposed(*BOTH, suppliers=[{**NOVA, "minimum_order_units": 60.0}]), 1)
    assert order["units"].sum() >= 60.0
    assert set(order["minimum_reached"]) == {True}


@pytest.mark.parametrize(
    "facts",
    [
        {"on_hand": np.nan},
        {"item": {"supplier": ""}},
        {"item": {"in_assortment": False}},
        {"item": {"mode": "to_order"}},
        {"item": {"discontinued_on": pd.Timestamp("2026-11-01")}},
        {"item": {"discontinued_on": pd.Timestamp("2026-11-25")}},
    ],
    ids=["stock unknown", "no source", "not offered", "to order", "gone", "gone before it comes"],
)
def test_nothing_is_proposed_for(facts: dict[str, Any]) -> None:
    assert not len(proposed(planned(**{"on_hand": 5.0} | facts)))


def test_no_line_at_all_has_the_columns_and_their_kinds() -> None:
    lines = proposed(planned(on_hand=1000.0))
    assert lines.dtypes.astype(str).to_dict() == dict(COLUMNS)


@pytest.mark.parametrize(("frequency", "last"), [("W", 14), ("M", 70)])
def test_weeks_and_months_are_planned_by_day(frequency: str, last: int) -> None:
    options = Options(frequency=Frequency(frequency))
    lines = proposed(planned(on_hand=25.0, demand=14.0), options=options)
    assert set(days_of(lines)) <= set(range(1, last + 1))
    assert len(lines)


# Laws


POSSIBLE = st.builds(
    lambda stock, demand, pack, least, cost, policy, sku, gone: shelf(
        sku=f"K{sku}",
        on_hand=float(stock),
        demand=float(demand),
        policy={"reorder_point": 20.0, "order_up_to": 20.0 + policy} if policy else {},
        item={
            "pack_size": pack,
            "minimum_order": least,
            "unit_cost": cost,
            "discontinued_on": pd.NaT
            if gone is None
            else pd.Timestamp(TODAY + dt.timedelta(days=gone)),
        },
    ),
    stock=st.integers(0, 60),
    demand=st.integers(0, 6),
    pack=st.sampled_from([np.nan, 1.0, 6.0, 24.0]),
    least=st.sampled_from([np.nan, 10.0, 36.0]),
    cost=st.sampled_from([1.0, 3.5]),
    policy=st.sampled_from([0, 5, 40]),
    sku=st.integers(0, 99),
    gone=st.sampled_from([None, None, 4, 12, 30]),
)
TERMS = st.fixed_dictionaries(
    {
        "supplier": st.just("NOVA"),
        "lead_time_days": st.sampled_from([1.0, 3.0, 9.0]),
        "order_days": st.sampled_from(["", "0", "1,3", "4"]),
        "minimum_order_value": st.sampled_from([np.nan, 100.0, 400.0]),
        "minimum_order_units": st.sampled_from([np.nan, 80.0]),
        "closures": st.sampled_from(["", "2026-11-24/2026-11-26"]),
    }
)
SHELVES = st.lists(POSSIBLE, min_size=1, max_size=6, unique_by=lambda one: one.sku)
LAW = settings(max_examples=25, deadline=None, derandomize=True, database=None)


@LAW
@given(SHELVES, TERMS)
def test_every_order_keeps_the_rules(shelves: list[Shelf], terms: dict[str, Any]) -> None:
    """Packs, minima, order days and closures; nothing beyond the end of an item; filling up stays
    within its limit, and reaches the supplier's minimum or is not done."""
    lines = proposed(*shelves, suppliers=[terms])
    for one in shelves:
        mine = lines[lines["sku"] == one.sku]
        packs_are_whole(one, mine)
        ends_with_the_item(one, mine)
        fills_up_within_its_limit(one, mine)
    days = {day.date() for day in lines["order_on"]}
    open_days = terms["order_days"].split(",") if terms["order_days"] else list("0123456")
    assert {day.weekday() for day in days} <= {int(day) for day in open_days}
    if terms["closures"]:
        assert not days & {dt.date(2026, 11, day) for day in (24, 25, 26)}
    for _, order in lines.groupby("proposal"):
        minimum_is_told(order, terms)


def packs_are_whole(one: Shelf, lines: pd.DataFrame) -> None:
    pack = one.item["pack_size"] if one.item["pack_size"] > 0 else 1.0
    assert np.allclose(lines["units"] / pack, (lines["units"] / pack).round())
    assert (lines["units"] > 0).all()
    assert not (lines["units"] < one.item["minimum_order"]).any()
    assert lines["excess_units"].between(0.0, lines["units"]).all()


def ends_with_the_item(one: Shelf, lines: pd.DataFrame) -> None:
    end = one.item["discontinued_on"]
    if pd.notna(end):
        assert (lines["expected_on"] <= end).all()
        days = (end.date() - TODAY).days
        assert lines["units"].sum() <= float(np.mean(one.demand)) * days + 1e-6


def fills_up_within_its_limit(one: Shelf, lines: pd.DataFrame) -> None:
    fill = lines[lines["reason"] == "fill_up"]
    if one.policy:
        missing = (one.policy["order_up_to"] - fill["position_then"]).clip(lower=0.0)
        limit = missing + FILL_UP_DAYS * float(np.mean(one.demand))
        assert (fill["units"] <= limit + 1e-3).all()


def minimum_is_told(order: pd.DataFrame, terms: dict[str, Any]) -> None:
    least_value, least_units = terms["minimum_order_value"], terms["minimum_order_units"]
    value, units = (order["units"] * order["unit_cost"]).sum(), order["units"].sum()
    reached = not (value < least_value or units < least_units)
    assert order["sku"].is_unique
    if least_value > 0 or least_units > 0:
        assert (order["minimum_reached"] == reached).all()
    else:
        assert order["minimum_reached"].isna().all()
    if not reached:
        assert not (order["reason"] == "fill_up").any()


@LAW
@given(POSSIBLE, TERMS, st.integers(1, 40))
def test_more_stock_orders_no_earlier_and_no_more_at_once(
    one: Shelf, terms: dict[str, Any], more: int
) -> None:
    """Of the first order day. Over two weeks a later order may be the larger one: it is due on a
    day on which more is missing."""
    terms = terms | {"minimum_order_value": np.nan, "minimum_order_units": np.nan}
    poor = proposed(one, suppliers=[terms])
    rich = proposed(replace(one, on_hand=one.on_hand + more), suppliers=[terms])
    if len(rich):
        assert len(poor)
        assert days_of(rich)[0] >= days_of(poor)[0]
    for day in set(days_of(poor)[:1]) & set(days_of(rich)[:1]):
        assert of_day(rich, day)["units"].sum() <= of_day(poor, day)["units"].sum()


@LAW
@given(
    st.lists(
        st.tuples(
            st.floats(-5, 30),
            st.sampled_from([0.3, 2.0, 15.0]),
            st.sampled_from([1.0, 6.0]),
            st.sampled_from([0.0, 9.0]),
            st.integers(0, 60),
            st.sampled_from([0.0, 1.0, 4.0]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([np.nan, 50.0, 300.0]),
    st.sampled_from([np.nan, 40.0]),
)
def test_filling_reaches_the_minimum_within_every_limit_or_gives_up(
    rows: list[tuple[float, ...]], value: float, count: float
) -> None:
    items = Items(*(np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)))
    minimum = Minimum(value, count)
    units = filled(np.zeros(len(rows)), items, minimum)
    if units is None:
        whole = np.floor(items.most / items.pack) * items.pack
        most = np.where(whole >= items.least, whole, 0.0)
        assert minimum.missing(float(most @ items.cost), float(most.sum())) != (0.0, 0.0)
        return
    assert minimum.missing(float(units @ items.cost), float(units.sum())) == (0.0, 0.0)
    assert (units <= items.most + 1e-9).all()
    assert ((units == 0) | (units >= items.least)).all()
    assert np.allclose(units / items.pack, np.round(units / items.pack))
