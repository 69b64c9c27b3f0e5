"""Causes, options and groups: laws, and reruns by another road."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.calendar import Frequency
from forecasting.options import Options
from forecasting.panel import Panel
from models.attention import Attention
from models.lead_time import fit_lead_times
from models.projection import Supply, supply_of
from models.publication.build import table_of
from models.risk import RiskAssessment, assess
from models.risk.way_out import variant_supply
from models.risk.way_out.choice import Amount, Effect
from models.risk.way_out.groups import Group, Member
from models.risk.way_out.options import Option
from models.risk.way_out.working_days import WorkingDays
from tests.risk.warehouse import (
    TODAY,
    Order,
    Shelf,
    delivered,
    forecast_of,
    panel_of,
    refilled_as_usual,
    shelf,
)

NOVA = {"supplier": "NOVA", "order_days": "0,1,2,3,4", "cutoff_time": "11:00"}
PAST = delivered(4, promised_in=4, count=12) + delivered(6, promised_in=4, count=3)
PRICED = {"unit_price": 10.0, "unit_cost": 6.0, "buyer": "C. Morel"}
LATE = Order(placed=-12, promised=-5, order_id="PO-1182")


def company(*shelves: Shelf) -> tuple[Panel, Any]:
    panel = panel_of(list(shelves), suppliers=[NOVA])
    return panel, forecast_of(panel, list(shelves))


def run(panel: Panel, forecast: Any, options: Options | None = None) -> RiskAssessment:
    options = options or Options()
    return assess(panel, forecast, fit_lead_times(panel, options), options)


def found(*shelves: Shelf, options: Options | None = None) -> RiskAssessment:
    return run(*company(*shelves), options)


def options_of(made: RiskAssessment, sku: str = "RETRO-CLOCK") -> pd.DataFrame:
    return made.options[made.options["sku"] == sku]


SHELVES = st.builds(
    shelf,
    on_hand=st.sampled_from([0.0, 4.0, 10.0, 22.0]),
    demand=st.sampled_from([0.5, 2.0, 5.0]),
    blocked=st.sampled_from([0.0, 3.0]),
    stale_days=st.sampled_from([0, 2, 6]),
    past_units=st.sampled_from([(), (1.0,) * 30]),
    orders=st.sampled_from(
        [PAST, (*PAST, LATE), (*PAST, Order(promised=9)), (*PAST, Order(promised=2, units=3.0))]
    ),
    lots=st.sampled_from([(), ((3, 4.0),)]),
    policy=st.sampled_from([{}, {"reorder_point": 8.0, "order_up_to": 30.0}]),
    item=st.just(PRICED),
)


@settings(max_examples=25, deadline=None)
@given(one=SHELVES)
def test_shares_of_causes_add_to_one_and_actions_lose_nothing(one: Shelf) -> None:
    made = found(one)
    row = made.warnings.iloc[0]
    if row["causes"]:
        causes = json.loads(row["causes"])
        assert sum(cause["share"] for cause in causes) == pytest.approx(1.0)
        assert min(cause["share"] for cause in causes) > 0
        assert [cause["share"] for cause in causes[:-1]] == sorted(
            (cause["share"] for cause in causes[:-1]), reverse=True
        )
    for option in made.options.to_dict("records"):
        assert option["units_saved"] >= 0
        if option["recommended"] and option["code"] != "accept" and len(made.groups):
            assert option["loss_avoided"] >= 0.1 * made.groups["loss"][0] - 1e-9
        assert option["regret"] >= 0 or np.isnan(option["regret"])
        assert 0 <= option["residual_probability"] <= 1
    assert (made.groups["loss_avoided"] <= made.groups["loss"] + 1e-9).all()


def test_what_an_expedited_order_leaves_is_an_assessment_with_its_new_promise() -> None:
    panel, forecast = company(
        shelf(on_hand=10.0, orders=(*PAST, Order(placed=-3, promised=12)), item=PRICED)
    )
    option = options_of(run(panel, forecast)).iloc[0]
    assert (option["code"], option["recommended"]) == ("expedite", True)
    orders = panel.orders.assign(
        promised_on=pd.Series([option["arrives_on"]] * 1).astype("datetime64[s]")
    )
    again = run(replace(panel, orders=orders), forecast)
    assert again.warnings["probability"][0] == pytest.approx(option["residual_probability"])
    assert option["residual_probability"] < run(panel, forecast).warnings["probability"][0]


def test_what_an_order_leaves_is_an_assessment_with_the_order_in_the_book() -> None:
    panel, forecast = company(shelf(on_hand=20.0, orders=PAST, item=PRICED))
    made = run(panel, forecast)
    option = options_of(made).iloc[0]
    assert (option["code"], option["recommended"]) == ("order", True)
    monday = pd.Timestamp(TODAY) + pd.Timedelta(days=1)
    line = pd.DataFrame(
        {
            "order_id": [""],
            "line": ["new 0"],
            "supplier": ["NOVA"],
            "source_site": [""],
            "units_open": [option["units"]],
            "ordered_on": pd.Series([monday]).astype("datetime64[s]"),
            "promised_on": pd.Series([pd.NaT]).astype("datetime64[s]"),
            "status": ["open"],
            "series": [0],
        }
    )
    again = run(replace(panel, orders=line), forecast)
    assert again.warnings["probability"][0] == pytest.approx(option["residual_probability"])
    saved = (
        run(panel, forecast).warnings["units_short"][0] - again.warnings["units_short"][0]
    )  # without a policy nobody orders: as it is, nothing is done
    assert option["units_saved"] == pytest.approx(saved)
    assert option["loss_avoided"] == pytest.approx(saved * 4.0)


def test_an_order_comes_on_top_of_deliveries_as_usual_and_leaves_no_more_risk_than_none() -> None:
    usual = refilled_as_usual(5.0, 100.0)
    made = found(shelf(on_hand=22.0, orders=PAST, item=PRICED, **usual))
    told = made.warnings.iloc[0]
    assert "receipts as usual" in told["reason"]
    assert told["probability"] < told["p_no_order"]
    options = options_of(made).set_index("code")
    assert options.loc["accept", "residual_probability"] == pytest.approx(told["probability"])
    assert options.loc["order", "residual_probability"] <= told["probability"]
    assert 0 < options.loc["order", "loss_avoided"] <= told["value_at_risk"]


def test_a_site_that_can_spare_units_is_asked_and_one_that_cannot_is_not() -> None:
    needy = shelf(site="A", on_hand=4.0, orders=PAST, item=PRICED)
    rich = shelf(site="B", on_hand=300.0, orders=PAST, item=PRICED)
    poor = shelf(site="C", on_hand=30.0, orders=PAST, item=PRICED)
    made = found(needy, rich, poor)
    asked = made.options[made.options["code"] == "transfer"]
    assert set(asked["source"]) == {"B"}
    assert asked["residual_probability"].iloc[0] < made.warnings["probability"][0]


def test_what_a_transfer_leaves_is_an_assessment_with_the_units_on_their_way() -> None:
    needy = shelf(site="A", on_hand=4.0, orders=PAST, item=PRICED)
    rich = shelf(site="B", on_hand=300.0, orders=PAST, item=PRICED)
    panel, forecast = company(needy, rich)
    option = run(panel, forecast).options.set_index(["site", "code"]).loc[("A", "transfer")]
    line = {
        "order_id": [""],
        "line": ["new 0"],
        "supplier": [""],
        "source_site": ["B"],
        "units_open": [option["units"]],
        "ordered_on": [pd.Timestamp(option["act_by"])],
        "promised_on": [option["arrives_on"]],
        "status": ["open"],
        "series": [0],
    }
    book = pd.DataFrame(line).astype(dict.fromkeys(("ordered_on", "promised_on"), "datetime64[s]"))
    sent = panel.stock.copy()
    sent.loc[1, ["on_hand", "sellable"]] -= option["units"]
    again = run(replace(panel, orders=book, stock=sent), forecast).warnings
    assert again["probability"][0] == pytest.approx(option["residual_probability"])
    as_it_is = run(panel, forecast).warnings
    assert as_it_is["units_short"][0] - again["units_short"][0] == pytest.approx(
        option["units_saved"]
    )
    assert again["probability"][1] < 0.25  # without breaking the site that sends


def test_nobody_is_to_be_called_or_to_send_on_a_weekend_or_a_public_holiday() -> None:
    """Whichever day of the week the data end on; Christmas 2026 is a Friday."""
    plain = WorkingDays.of("", dt.date(2026, 11, 16))
    for today in pd.date_range("2026-11-16", periods=7):
        assert plain.first(today.date()).weekday() < 5
        assert 0 <= (plain.first(today.date()) - today.date()).days <= 2
        assert plain.last(today.date()).weekday() < 5
    french = WorkingDays.of("FR", dt.date(2026, 11, 16))
    assert french.first(dt.date(2026, 12, 25)) == dt.date(2026, 12, 28)
    assert french.last(dt.date(2026, 12, 26)) == dt.date(2026, 12, 24)
    assert french.last(dt.date(2027, 1, 1)) == dt.date(2026, 12, 31)
    made = found(shelf(site="A", on_hand=4.0, orders=(*PAST, LATE), item=PRICED))
    for day in made.options["act_by"]:
        assert not day or pd.Timestamp(day[:10]).weekday() < 5


def test_nobody_is_asked_while_they_are_closed() -> None:
    """A supplier that is called, a site that sends, a site that counts: all away for a week."""
    away = {"start": pd.Timestamp("2026-11-23"), "end": pd.Timestamp("2026-11-27")}

    def asked(shelves: list[Shelf], code: str, **closed: Any) -> str:
        panel = panel_of(shelves, **{"suppliers": [NOVA], **closed})
        options = run(panel, forecast_of(panel, shelves)).options
        return str(options.loc[options["code"] == code, "act_by"].iloc[0])

    called = [shelf(on_hand=12.0, orders=(*PAST, Order(promised=12)), item=PRICED)]
    closed = [{**NOVA, "closures": "2026-11-23/2026-11-27"}]
    assert asked(called, "expedite") == "2026-11-25 11:00"
    assert asked(called, "expedite", suppliers=closed) == "2026-11-30 11:00"
    told = [{"kind": "supplier_closure", "supplier": "NOVA", **away}]
    assert asked(called, "expedite", events=told) == "2026-11-30 11:00"

    sent = [
        shelf(site="A", on_hand=16.0, item=PRICED),
        shelf(site="B", on_hand=300.0, item=PRICED),
    ]
    assert asked(sent, "transfer") < "2026-11-28"
    shut = [{"kind": "closure", "site": "B", **away}]
    assert asked(sent, "transfer", events=shut) == "2026-11-30"

    counted = list(doubtful())
    assert asked(counted, "count") == "2026-11-23"
    shut = [{"kind": "closure", "site": "S1", **away}]
    assert asked(counted, "count", events=shut) == "2026-11-30"


def test_goods_are_asked_for_on_days_on_which_they_come_in() -> None:
    """Not on the eve of the stockout where nobody receives then: on the day before, or else after.
    TODAY is a Sunday."""

    def options(*shelves: Shelf, **masters: Any) -> pd.DataFrame:
        panel = panel_of(list(shelves), **masters)
        return run(panel, forecast_of(panel, list(shelves))).options.set_index("code")

    called = shelf(on_hand=12.0, orders=(*PAST, Order(promised=12)), item=PRICED)
    plain = options(called, suppliers=[NOVA]).loc["expedite"]
    assert plain["arrives_on"] == pd.Timestamp("2026-11-27")  # a Friday
    for weekdays, day in (("0,1,2,3", "2026-11-26"), ("0,5", "2026-11-28")):
        picky = [{**NOVA, "receiving_days": weekdays}]
        told = options(called, suppliers=picky).loc["expedite"]
        assert told["arrives_on"] == pd.Timestamp(day)
        assert told["act_by"][:10] < day
    away = {"start": pd.Timestamp("2026-11-23"), "end": pd.Timestamp("2026-11-29")}
    shut = [{"kind": "closure", "site": "S1", **away}]
    told = options(called, suppliers=[NOVA], events=shut).loc["expedite"]
    assert told["arrives_on"] == pd.Timestamp("2026-11-30")

    sent = [
        shelf(site=site, on_hand=on_hand, item=PRICED)
        for site, on_hand in zip("AB", (16, 300), strict=True)
    ]
    away = {"start": pd.Timestamp("2026-11-28"), "end": pd.Timestamp("2026-12-01")}
    shut = [{"kind": "closure", "site": "A", **away}]
    assert options(*sent).loc["transfer", "arrives_on"] == pd.Timestamp("2026-11-30")
    assert options(*sent, events=shut).loc["transfer", "arrives_on"] == pd.Timestamp("2026-11-27")


def test_who_delivers_an_order_is_not_called_while_closed_though_another_delivers_as_usual() -> (
    None
):
    spot = Order(promised=12, supplier="SPOT")
    called = [shelf(on_hand=12.0, orders=(*PAST, spot), item=PRICED)]
    for closures, by in (("", "2026-11-25"), ("2026-11-23/2026-11-27", "2026-11-30")):
        other = {"supplier": "SPOT", "closures": closures}
        panel = panel_of(called, suppliers=[NOVA, other])
        made = run(panel, forecast_of(panel, called)).options
        assert made.loc[made["code"] == "expedite", "act_by"].iloc[0][:10] == by


def test_a_declared_substitute_is_offered_where_it_has_units_to_spare() -> None:
    made = found(
        shelf(sku="OLD", on_hand=0.0, item=PRICED),
        shelf(sku="NEW", on_hand=300.0, item={**PRICED, "replaces": "OLD"}),
    )
    offered = options_of(made, "OLD").set_index("code").loc["substitute"]
    assert offered["item"] == "NEW"
    assert offered["residual_probability"] == made.warnings["probability"][0]


def test_nothing_is_ordered_beyond_what_sells_before_an_item_is_discontinued() -> None:
    ends = pd.Timestamp(TODAY) + pd.Timedelta(days=10)
    one = shelf(
        on_hand=8.0,
        orders=PAST,
        item={**PRICED, "discontinued_on": ends},
    )
    ordered = options_of(found(one)).set_index("code").loc["order"]
    assert ordered["units"] <= 20.0 - 8.0 + 1.0  # ten days at two, less the shelf


def test_what_a_policy_orders_by_itself_is_no_action_of_today() -> None:
    """A shelf whose ERP orders tomorrow anyway asks for nothing; a late order that it counts on is
    still to be called for."""
    policy = {"reorder_point": 30.0, "order_up_to": 60.0, "review_days": 1.0}
    quick = delivered(1, promised_in=1, count=12)
    itself = found(shelf(on_hand=6.0, orders=quick, policy=policy, item=PRICED))
    assert options_of(itself)["code"].tolist() in ([], ["accept"])
    unwatched = found(shelf(on_hand=6.0, orders=quick, item=PRICED))
    assert options_of(unwatched)["code"].iloc[0] == "order"
    counted_on = Order(placed=-12, promised=-5, units=60.0, order_id="PO-1182")
    waiting = found(shelf(on_hand=6.0, orders=(*PAST, counted_on), policy=policy, item=PRICED))
    first = options_of(waiting).iloc[0]
    assert (first["code"], first["recommended"]) == ("expedite", True)
    at_stake = waiting.warnings["value_at_risk"][0]
    assert waiting.groups["loss"][0] == pytest.approx(at_stake)
    assert 0 < first["loss_avoided"] <= at_stake


def acted(panel: Panel, made: RiskAssessment) -> Panel:
    """As it is once all that is recommended is done: new lines in the book, other promises."""
    orders = panel.orders.copy()
    codes = zip(panel.series["site"], panel.series["sku"], strict=True)
    rows = {code: row for row, code in enumerate(codes)}
    for option in made.options[made.options["recommended"]].to_dict("records"):
        row = rows[option["site"], option["sku"]]
        if option["code"] == "expedite":
            mine = (orders["series"] == row) & (orders["order_id"] == option["order_id"])
            orders.loc[mine, "promised_on"] = option["arrives_on"]
        elif option["code"] == "order":
            line = {
                "series": row,
                "order_id": "",
                "line": "n",
                "supplier": "NOVA",
                "status": "open",
            }
            line |= {"source_site": "", "units_open": option["units"]}
            line["ordered_on"] = pd.Timestamp(TODAY) + pd.Timedelta(days=1)
            orders = pd.concat([orders, pd.DataFrame([line])], ignore_index=True)
    for name in ("promised_on", "ordered_on"):
        orders[name] = orders[name].astype("datetime64[s]")
    return replace(panel, orders=orders.sort_values("series", kind="stable", ignore_index=True))


@settings(max_examples=12, deadline=None)
@given(shelves=st.lists(SHELVES, min_size=1, max_size=4))
def test_acting_on_all_that_is_recommended_never_loses_more(shelves: list[Shelf]) -> None:
    shelves = [replace(one, sku=f"ITEM-{number}") for number, one in enumerate(shelves)]
    panel, forecast = company(*shelves)
    made = run(panel, forecast)
    after = run(acted(panel, made), forecast).warnings["value_at_risk"]
    assert (after <= made.warnings["value_at_risk"] + 1e-6).all()


def test_acting_on_what_is_recommended_loses_less() -> None:
    shelves = [
        shelf(sku=f"ITEM-{number}", on_hand=float(number), demand=2.0, orders=orders, item=PRICED)
        for number, orders in enumerate([PAST, (*PAST, LATE), (*PAST, Order(promised=12))] * 3)
    ]
    panel, forecast = company(*shelves)
    made = run(panel, forecast)
    after = run(acted(panel, made), forecast)
    assert made.options["recommended"].sum() >= 6
    assert after.warnings["value_at_risk"].sum() < made.warnings["value_at_risk"].sum()


def test_one_late_order_groups_its_warnings_and_the_budget_counts_actions() -> None:
    late = [
        shelf(sku=f"LATE-{n}", on_hand=6.0, orders=(*PAST, LATE), item=PRICED) for n in range(5)
    ]
    other = shelf(sku="ALONE", on_hand=10.0, orders=PAST, item=PRICED)
    made = found(*late, other, options=Options(daily_budget=1))
    call = made.groups.iloc[0]
    assert (call["code"], call["orders"], call["series"]) == ("expedite", "PO-1182", 5)
    assert call["attention"] == "today"
    assert made.groups["attention"].tolist()[1:] == ["left_out"]
    assert "PO-1182" in call["headline_fr"]
    assert "if only three lines can come" in call["headline_en"]
    assert call["message_en"].count("PO-1182 · LATE-") == 5
    assert made.warnings["group"].tolist() == [1] * 5 + [2]
    by_series = made.options[made.options["recommended"] & (made.options["code"] == "expedite")]
    assert call["loss_avoided"] == pytest.approx(by_series["loss_avoided"].sum())
    units = made.options[made.options["code"] == "order"].set_index("sku")["units"]["ALONE"]
    order = made.groups.iloc[1]
    assert order["headline_en"].startswith(f"Order {units:.0f} units of ALONE from NOVA by ")
    assert order["headline_fr"].startswith(f"Commander {units:.0f} unités de ALONE chez NOVA ")


def test_first_lines_are_never_told_to_be_the_whole_effect_of_more_lines() -> None:
    cheap = {**PRICED, "unit_price": PRICED["unit_cost"] + 0.01}
    lines = [
        shelf(sku=f"LATE-{n}", on_hand=6.0, orders=(*PAST, LATE), item=item)
        for n, item in enumerate((PRICED, PRICED, PRICED, cheap))
    ]
    call = found(*lines).groups.iloc[0]
    assert (call["code"], call["series"]) == ("expedite", 4)
    assert "LATE-3" not in call["first_lines"]
    assert "(99% of the effect)" in call["headline_en"]


def network(*, hub_demand: float, stocks: list[float]) -> tuple[Shelf, list[Shelf]]:
    """An empty warehouse whose order is late, and stores that draw from it."""
    drawn = {"reorder_point": 10.0, "order_up_to": 24.0, "source": "HUB"}
    hub = shelf(
        site="HUB",
        on_hand=0.0,
        demand=hub_demand,
        orders=(*PAST, LATE),
        item={**PRICED, "passed_on": 1.0},
    )
    return hub, [
        shelf(site=f"S{n}", on_hand=stock, policy=drawn, item={**PRICED, "supplier": ""})
        for n, stock in enumerate(stocks)
    ]


def test_a_short_warehouse_lists_its_stores_and_the_loss_stands_there() -> None:
    hub, stores = network(hub_demand=6.0, stocks=[4.0] * 3)
    made = found(hub, *stores)
    assert made.warnings["value_at_risk"][0] == 0.0
    assert json.loads(made.warnings["causes"][1])[0]["code"] == "source_short"
    call = made.groups.iloc[0]
    assert (call["code"], call["orders"], call["series"]) == ("expedite", "PO-1182", 4)
    assert call["loss_avoided"] > 0
    assert "3" in call["why_en"]
    store = made.warnings.iloc[1]
    assert store["action_en"].startswith("for HUB, call NOVA by ")
    assert store["act_by"] == made.warnings["act_by"][0]


def test_an_empty_warehouse_is_not_asked_and_its_stores_are_told_to_call_its_supplier() -> None:
    """What the call leaves at a store is an assessment with the warehouse's order promised anew."""
    hub, stores = network(hub_demand=4.0, stocks=[12.0] * 2)
    panel, forecast = company(hub, *stores)
    made = run(panel, forecast)
    store = made.options[made.options["site"] == "S0"]
    first = store.iloc[0]
    assert (first["code"], first["source"], first["order_id"]) == ("expedite", "NOVA", "PO-1182")
    assert (first["at_site"], first["recommended"]) == ("HUB", True)
    assert "transfer" not in set(store["code"])
    stocked = found(replace(hub, on_hand=300.0), *stores)
    assert "transfer" in set(stocked.options["code"])
    assert store["recommended"].sum() == 1
    assert first["residual_probability"] < made.warnings["probability"][1] - 0.05


def test_what_a_call_leaves_at_a_store_is_an_assessment_but_for_the_days_before_the_new_promise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who is called about a late order may still deliver tomorrow, as it might have without the
    call; a publication made with the new promise expects nothing before it. Else they agree."""
    hub, stores = network(hub_demand=4.0, stocks=[12.0] * 2)
    panel, forecast = company(hub, *stores)

    def of_store() -> Any:
        told = run(panel, forecast).options
        return told[(told["site"] == "S0") & (told["at_site"] == "HUB")].iloc[0]

    first = of_store()
    promised = pd.Series([first["arrives_on"]] * len(panel.orders)).astype("datetime64[s]")
    again = run(replace(panel, orders=panel.orders.assign(promised_on=promised)), forecast)
    left = again.warnings["probability"][1]
    assert left - 0.02 < first["residual_probability"] < left
    monkeypatch.setattr(variant_supply, "_no_later", lambda lines, book, base: lines)
    assert of_store()["residual_probability"] == pytest.approx(left, abs=1e-9)


def test_a_site_is_asked_for_no_more_than_it_is_expected_to_have() -> None:
    hub, stores = network(hub_demand=0.2, stocks=[2.0] * 2)
    asked = []
    for on_hand in (300.0, 9.0):
        made = found(replace(hub, on_hand=on_hand, orders=PAST), *stores)
        told = made.options[(made.options["site"] == "S0") & (made.options["code"] == "transfer")]
        asked.append(float(told["units"].iloc[0]))
    assert asked[0] > 9.0 >= asked[1] > 7.0
    packed = [replace(one, item={**one.item, "pack_size": 5.0}) for one in stores]
    told = found(replace(hub, on_hand=9.0, orders=PAST), *packed).options
    assert set(told["units"][(told["site"] == "S0") & (told["code"] == "transfer")]) == {5.0}


def test_a_group_names_the_site_that_is_short_and_each_item_once() -> None:
    drawn = {"reorder_point": 10.0, "order_up_to": 24.0, "source": "HUB"}
    late = shelf(
        site="HUB", on_hand=0.0, demand=6.0, orders=(*PAST, LATE), item={**PRICED, "passed_on": 1.0}
    )
    store = shelf(site="S0", on_hand=4.0, policy=drawn, item={**PRICED, "supplier": ""})
    dear = [
        shelf(
            site=f"T{n}",
            sku="DEAR",
            on_hand=6.0,
            orders=(*PAST, LATE),
            item={**PRICED, "unit_price": 99.0},
        )
        for n in range(4)
    ]
    call = found(late, store, *dear).groups.iloc[0]
    assert call["orders"] == "PO-1182"
    assert "HUB is short of it and empties 1 series" in call["why_en"]
    assert call["first_lines"] == ""  # two items only, at five sites


def test_a_company_without_any_risk_publishes_tables_of_the_same_types() -> None:
    calm = found(shelf(on_hand=500.0, item=PRICED))
    worried = found(shelf(on_hand=6.0, orders=(*PAST, LATE), item=PRICED))
    for name in ("options", "groups"):
        none, some = getattr(calm, name), getattr(worried, name)
        assert len(none) == 0 < len(some)
        assert none.dtypes.to_dict() == some.dtypes.to_dict()
        assert table_of(none).schema == table_of(some).schema


def test_what_nothing_repairs_is_told_to_the_customers() -> None:
    made = found(shelf(on_hand=0.0, orders=delivered(40, promised_in=40, count=8), item=PRICED))
    assert made.groups["attention"].tolist() == [Attention.UNAVOIDABLE]
    assert made.warnings["act_by"][0] in ("", "too_late")


def test_what_is_less_likely_than_not_is_watched_and_no_customer_is_told() -> None:
    """Twenty units and an order that comes too late to matter: nothing repairs what may be short.
    The lists part at one half, as published; what is out already is never merely watched."""
    far = delivered(40, promised_in=40, count=8)
    made = found(
        *(
            shelf(sku=f"ITEM-{units}", on_hand=float(units), orders=far, item=PRICED)
            for units in (0, *range(14, 40, 2))
        )
    )
    alone = made.groups[made.groups["code"] == "none"].set_index("group")["attention"]
    seen = made.warnings[made.warnings["group"].isin(alone.index)]
    told = seen["group"].map(alone).to_numpy()
    likely = (seen["probability"] >= 0.5) | (seen["state"] == "out")
    assert (told == np.where(likely, Attention.UNAVOIDABLE, Attention.WATCH)).all()
    assert set(told) == {Attention.UNAVOIDABLE, Attention.WATCH}
    for row in made.groups[made.groups["attention"] == Attention.WATCH].to_dict("records"):
        assert row["rank"] == 0
        assert row["headline_en"].startswith("Watch: ")
        assert row["headline_fr"].startswith("À surveiller : ")
        assert row["headline_en"].endswith(f"({row['series']})")


def test_customers_to_tell_are_named_with_their_orders_and_when_the_goods_are_back() -> None:
    """Out: what is due before it is back, and what is overdue; running low: what is due after the
    shelf is empty. A month ahead nobody is told yet."""
    slow = delivered(10, promised_in=10, count=8)
    coming = Order(placed=-4, promised=6, units=400.0)
    empty = shelf(
        sku="EMPTY",
        on_hand=0.0,
        orders=(*slow, coming),
        booked=((None, 2.0), (-3, 4.0), (2, 5.0), (13, 6.0), (40, 7.0)),
        item=PRICED,
    )
    low = shelf(sku="LOW", on_hand=9.0, orders=slow, booked=((1, 2.0), (12, 3.0)), item=PRICED)
    made = found(empty, low)
    told = {
        (one["sku"], one["units"])
        for text in made.groups["customer_orders"]
        for one in json.loads(text or "[]")
    }
    assert told == {("EMPTY", 2.0), ("EMPTY", 4.0), ("EMPTY", 5.0), ("LOW", 3.0)}
    back = made.warnings.set_index("sku").loc["EMPTY", "back_on"].date()
    for one in json.loads(made.groups["customer_orders"][made.groups["out"] > 0].iloc[0]):
        if one["sku"] == "EMPTY":
            assert (one["customer"], one["back_on"]) == ("Hôpital Nord", back.isoformat())


def test_a_customer_is_told_of_a_delay_where_its_day_is_likely_to_find_nothing() -> None:
    """Half of the demand paths leave nothing on the third day, three in ten on the second."""
    paths = np.zeros((200, 28))
    paths[:60, 0] = paths[60:120, 2] = 9.0
    one = shelf(
        on_hand=9.0,
        demand=paths,
        booked=((1, 0.0), (2, 0.0), (3, 0.0)),
        item={**PRICED, "unit_price": 6.0},
    )
    made = found(one)
    told = json.loads(made.groups["customer_orders"][0])
    out = made.projection.set_index("period")["p_out"]
    for promise in told:
        assert promise["chance"] == pytest.approx(out[promise["due_on"]], abs=0.006)
    chances = [promise["chance"] for promise in told]
    assert chances == sorted(chances)
    assert 0.25 <= chances[0] < 0.5 <= chances[-1]
    message = made.groups["message_en"][0]
    if message:
        assert "most likely" in message.split("These may be late")[0]


def test_where_nothing_is_likely_to_be_late_nobody_has_anything_to_announce() -> None:
    paths = np.zeros((200, 28))
    paths[:60, 0] = paths[60:120, 4] = 9.0
    sold = {**PRICED, "unit_price": 6.0}
    made = found(shelf(on_hand=9.0, demand=paths, booked=((1, 0.0), (2, 0.0)), item=sold))
    told = json.loads(made.groups["customer_orders"][0])
    assert told
    assert max(one["chance"] for one in told) < 0.5
    assert made.groups["attention"][0] in (Attention.WATCH, Attention.UNAVOIDABLE)
    assert (made.groups["message_fr"][0], made.groups["message_en"][0]) == ("", "")


def test_a_supplier_from_whom_nothing_comes_is_asked_when_it_delivers_again() -> None:
    """Two orders overdue and the last receipt three months ago: lateness by order, in the message,
    and another supplier of the item in the reasons."""
    late = (LATE, Order(placed=-30, promised=-20, order_id="PO-1100"))
    cola = delivered(4, promised_in=4, count=1, supplier="COLA")
    shelves = [
        shelf(sku="ITEM-0", on_hand=4.0, orders=(*PAST, *cola, late[0]), item=PRICED),
        shelf(sku="ITEM-1", on_hand=4.0, orders=(*PAST, late[1]), item=PRICED),
    ]
    silent = found(*shelves).groups.iloc[0]
    since = TODAY - dt.timedelta(days=94)  # the last of PAST
    assert f"nothing received since {since}, 2 orders overdue" in silent["headline_en"]
    message = silent["message_en"]
    assert f"- PO-1100, promised for {TODAY - dt.timedelta(days=20)}: 20 days late" in message
    assert f"- PO-1182, promised for {TODAY - dt.timedelta(days=5)}: 5 days late" in message
    assert f"nothing from you since {since}. When do you deliver again?" in message
    assert "Quand reprenez-vous les livraisons" in silent["message_fr"]
    assert "COLA has delivered such items too (1)" in silent["why_en"]
    one_late = found(shelves[0]).groups.iloc[0]
    assert "PO-1182, promised for" in one_late["message_en"]
    assert "deliver again" not in one_late["message_en"] + one_late["headline_en"]


def test_two_buyers_who_need_the_same_order_know_of_each_other() -> None:
    shelves = [
        shelf(sku=sku, on_hand=4.0, orders=(*PAST, LATE), item={**PRICED, "buyer": buyer})
        for sku, buyer in (("ONE", "C. Morel"), ("TWO", "A. Benali"))
    ]
    why = found(*shelves).groups.set_index("buyer")["why_en"]
    assert "A. Benali needs lines of it too" in why["C. Morel"]
    assert "C. Morel needs lines of it too" in why["A. Benali"]
    assert "too, one call" not in found(shelves[0]).groups["why_en"][0]


def test_an_action_that_saves_next_to_nothing_is_none_and_the_risk_is_accepted() -> None:
    slow = {**PRICED, "unit_price": 6.5}
    made = found(shelf(on_hand=0.0, demand=0.02, orders=(*PAST, LATE), item=slow))
    group = made.groups.iloc[0]
    assert group["units_saved"] < 0.5
    assert (group["attention"], group["rank"]) == (Attention.ACCEPTED, 0)
    assert group["headline_en"].startswith("Accept the risk, acting would save less than half")
    assert made.warnings["action_en"][0] == "accept the risk"
    dear = {**PRICED, "unit_price": 5000.0}
    worth = found(shelf(on_hand=0.0, demand=0.02, orders=(*PAST, LATE), item=dear))
    assert worth.groups["attention"][0] == Attention.TODAY


def test_next_to_nothing_is_counted_in_the_currency_of_the_item() -> None:
    """As many yen as would be worth it in euros are a trifle where the settings say so."""
    dear = shelf(
        on_hand=0.0,
        demand=0.02,
        orders=(*PAST, LATE),
        item={**PRICED, "unit_price": 5000.0, "currency": "JPY"},
    )
    saved = found(dear).groups["loss_avoided"].iloc[0]
    assert 10.0 < saved < 1_500.0
    for options, attention in (
        (Options(), Attention.TODAY),
        (Options(least_saving=1_500.0, currency="JPY"), Attention.ACCEPTED),
        (Options(exchange_rates={"JPY": 0.006}), Attention.ACCEPTED),
        (Options(exchange_rates={"JPY": 0.1 + 10.0 / saved}), Attention.TODAY),
    ):
        assert found(dear, options=options).groups["attention"].iloc[0] == attention


def test_a_warning_without_an_action_says_what_comes_anyway() -> None:
    slow = delivered(40, promised_in=40, count=8)
    coming = Order(placed=-4, promised=12, units=400.0, order_id="PO-9")
    waits = found(shelf(on_hand=0.0, orders=(*slow, coming), item=PRICED)).warnings.iloc[0]
    promised = TODAY + dt.timedelta(days=12)
    assert (waits["actions"], waits["act_by"]) == ("", "")
    assert waits["action_en"] == (
        f"no known option saves a tenth of the loss; order PO-9 is promised for {promised}"
    )
    nothing = found(shelf(on_hand=0.0, orders=slow, item=PRICED)).warnings.iloc[0]
    assert "the next order from NOVA would come around" in nothing["action_en"]
    for row in (waits, nothing):
        assert row["action_fr"]


def test_a_warning_of_an_item_without_a_supplier_says_that_none_is_known() -> None:
    alone = found(shelf(on_hand=0.0, item={**PRICED, "supplier": ""})).warnings.iloc[0]
    assert alone["actions"] == ""
    assert alone["action_en"] == "no supplier is known: nothing can be ordered"
    assert alone["action_fr"] == "aucun fournisseur connu : rien ne peut être commandé"


def test_what_is_out_is_not_said_to_run_out_later() -> None:
    coming = Order(placed=-4, promised=6, units=400.0, order_id="PO-9")
    empty, low = (
        found(shelf(on_hand=units, orders=(*PAST, coming), item=PRICED)).warnings["cause_en"][0]
        for units in (0.0, 3.0)
    )
    assert "after the stockout" in low
    assert "after the stockout" not in empty
    assert "PO-9" in empty


def test_a_day_without_stock_costs_what_a_day_of_demand_earns() -> None:
    """Nothing comes for weeks: of two a day at a margin of four, all is missed."""
    empty = shelf(sku="EMPTY", on_hand=0.0, orders=PAST, item=PRICED)
    costs = found(empty, shelf(sku="FULL", on_hand=300.0, item=PRICED)).warnings["loss_a_day"]
    assert costs[0] == pytest.approx(2.0 * 4.0, rel=0.15)
    assert np.isnan(costs[1])
    halved = found(empty, options=Options(unmet=0.5)).warnings["loss_a_day"]
    assert halved[0] == pytest.approx(0.5 * costs[0])


def test_a_message_names_the_customers_where_nothing_is_to_be_done() -> None:
    made = found(
        shelf(
            on_hand=0.0,
            orders=delivered(40, promised_in=40, count=8),
            booked=((3, 5.0),),
            item={**PRICED, "description": "Retro clock"},
        )
    )
    group = made.groups.iloc[0]
    assert group["attention"] == Attention.UNAVOIDABLE
    assert "Hôpital Nord, CC-1 · RETRO-CLOCK Retro clock: 5 units" in group["message_en"]
    assert "Hôpital Nord, CC-1" in group["message_fr"]


def test_what_costs_more_than_it_saves_is_accepted_and_told_so() -> None:
    one = shelf(on_hand=20.0, orders=PAST, item=PRICED)
    free = found(one)
    saved = free.groups["loss_avoided"][0]
    cheap, dear = (
        found(one, options=Options(order_cost=cost)) for cost in (0.5 * saved, 2.0 * saved)
    )
    assert cheap.groups["attention"].tolist() == [Attention.TODAY]
    assert dear.groups["attention"].tolist() == [Attention.ACCEPTED]
    assert dear.groups["rank"][0] == 0
    assert dear.groups["headline_en"][0].startswith("Accept the risk")
    options = options_of(dear)
    assert options["code"].iloc[0] == "accept"
    assert options["recommended"].tolist() == [True] + [False] * (len(options) - 1)
    assert dear.warnings["act_by"][0] == ""
    assert json.loads(dear.warnings["actions"][0])[0]["code"] == "accept"


def test_a_call_is_paid_once_for_all_the_lines_it_moves() -> None:
    """Each line alone is not worth the call; together they are."""
    late = [
        shelf(sku=f"LATE-{n}", on_hand=6.0, orders=(*PAST, LATE), item=PRICED) for n in range(5)
    ]
    saved = found(*late).groups["loss_avoided"][0]
    told = Options(expedite_cost=0.5 * saved)
    made = found(*late, options=told)
    assert made.groups["attention"].tolist() == [Attention.TODAY]
    assert made.groups["cost"][0] == pytest.approx(0.5 * saved)
    alone = found(late[0], options=told)
    assert alone.groups["attention"].tolist() == [Attention.ACCEPTED]


def test_a_call_of_two_buyers_is_paid_once() -> None:
    """Each has a group and a message; the call is worth it to both together, or to neither."""
    shelves = [
        shelf(
            sku=f"ITEM-{n}", on_hand=6.0 * n, orders=(*PAST, LATE), item={**PRICED, "buyer": buyer}
        )
        for n, buyer in enumerate(["C. Morel", "A. Benali", "A. Benali"])
    ]
    saved = found(*shelves).groups["loss_avoided"]
    assert len(saved) == 2
    cheap, dear = (
        found(*shelves, options=Options(expedite_cost=cost)).groups
        for cost in (0.9 * saved.sum(), 1.1 * saved.sum())
    )
    assert cheap["attention"].tolist() == [Attention.TODAY] * 2
    assert cheap["cost"].sum() == pytest.approx(0.9 * saved.sum())
    assert (cheap["cost"] < cheap["loss_avoided"]).all()
    assert cheap["message_en"].ne("").all()
    assert dear["attention"].tolist() == [Attention.ACCEPTED] * 2


def test_groups_of_other_currencies_rank_at_the_rates_of_the_settings() -> None:
    euro = shelf(sku="EURO", on_hand=6.0, orders=(*PAST, LATE), item={**PRICED, "currency": "EUR"})
    yen = shelf(
        sku="YEN",
        on_hand=6.0,
        orders=(*PAST, LATE),
        item={**PRICED, "currency": "JPY", "unit_price": 610.0, "unit_cost": 600.0},
    )
    plain = found(euro, yen)
    rated = found(euro, yen, options=Options(exchange_rates={"JPY": 0.006}))
    assert plain.groups["currency"].tolist() == ["JPY", "EUR"]
    assert rated.groups["currency"].tolist() == ["EUR", "JPY"]
    amounts = [
        made.groups.set_index("currency")["loss_avoided"].to_dict() for made in (plain, rated)
    ]
    assert amounts[0] == amounts[1]


def test_costs_come_from_the_settings_and_are_blank_without_them() -> None:
    one = shelf(on_hand=20.0, orders=PAST, item=PRICED)
    assert options_of(found(one)).set_index("code").loc[["order"], "cost"].isna().all()
    told = Options(order_cost=25.0, holding_rate=0.2)
    cost = options_of(found(one, options=told)).set_index("code").loc["order", "cost"]
    assert 25.0 < cost < 30.0


@pytest.mark.parametrize(("rates", "cost"), [({}, 25.0), ({"SEK": 0.1}, 250.0)])
def test_what_an_option_costs_is_told_in_the_currency_of_its_item(
    rates: dict[str, float], cost: float
) -> None:
    """25 euros, as the settings have it, are 250 crowns where these say what a crown is worth."""
    one = shelf(on_hand=20.0, orders=PAST, item={**PRICED, "currency": "SEK"})
    made = found(one, options=Options(order_cost=25.0, exchange_rates=rates))
    order = options_of(made).set_index("code").loc["order"]
    assert (order["currency"], order["cost"]) == ("SEK", pytest.approx(cost))


def test_units_that_a_site_can_spare_are_sent_once() -> None:
    needy = [shelf(site=f"N{k}", on_hand=2.0, orders=PAST, item=PRICED) for k in range(4)]
    made = found(*needy, shelf(site="B", on_hand=70.0, orders=PAST, item=PRICED))
    asked = made.options[made.options["recommended"] & (made.options["code"] == "transfer")]
    spare = 70.0 - 2.0 * 14
    assert 0 < asked["units"].sum() <= spare
    assert made.options.groupby("site")["recommended"].any()[["N0", "N1", "N2", "N3"]].all()


def test_what_a_giver_misses_is_worth_what_it_is_worth_here_where_nobody_says() -> None:
    made = found(
        shelf(site="A", on_hand=2.0, orders=PAST, item=PRICED),
        shelf(site="B", on_hand=70.0, orders=PAST, item={"buyer": "C. Morel"}),
    )
    asked = made.options[made.options["code"] == "transfer"].iloc[0]
    assert 0 < asked["loss_avoided"] <= asked["units_saved"] * 4.0 + 1e-9


def test_what_is_sold_at_cost_is_saved_by_units() -> None:
    """A store that issues at cost loses no margin, and those who are not served all the same."""
    at_cost = {"unit_price": 6.0, "unit_cost": 6.0}
    made = found(shelf(on_hand=10.0, orders=(*PAST, LATE), item=at_cost))
    option = options_of(made).iloc[0]
    assert (option["code"], option["recommended"]) == ("expedite", True)
    assert option["units_saved"] > 0 == option["loss_avoided"]
    assert made.groups["attention"].tolist() == ["today"]


def test_costs_are_not_deducted_from_units() -> None:
    """Without a price, what spares most comes first, whatever it costs."""
    late = shelf(on_hand=10.0, orders=(*PAST, Order(placed=-3, promised=12)))
    plain, costed = (
        options_of(found(late, options=Options(order_cost=order, expedite_cost=call)))
        for order, call in ((None, None), (1.0, 900.0))
    )
    assert plain["code"].tolist() == costed["code"].tolist()


def test_a_substitute_that_serves_is_an_action_of_today() -> None:
    made = found(
        shelf(sku="OLD", on_hand=0.0, item=PRICED),
        shelf(sku="NEW", on_hand=300.0, item={**PRICED, "replaces": "OLD"}),
    )
    group, option = made.groups.iloc[0], options_of(made, "OLD").iloc[0]
    assert (group["code"], group["attention"]) == ("substitute", "today")
    assert group["loss_avoided"] == pytest.approx(option["loss_avoided"])


def test_no_customer_is_told_of_what_no_customer_misses() -> None:
    """A warehouse runs low, and every store that draws from it has enough until then."""
    hub = shelf(
        site="HUB", on_hand=10.0, demand=6.0, orders=PAST, item={**PRICED, "passed_on": 1.0}
    )
    group = found(hub, shelf(site="S", on_hand=300.0)).groups.iloc[0]
    assert (group["loss"], group["attention"]) == (0.0, Attention.WATCH)
    assert "ustomers" not in group["headline_en"]
    assert "personne n’en manque" in group["headline_fr"]


def test_a_call_is_due_before_what_it_asks_for() -> None:
    """Lines that are too late and lines in time of one supplier: one call, its dates in order."""
    ahead = Order(placed=-3, promised=25, order_id="PO-77", units=40.0)
    made = found(
        shelf(sku="LATE", on_hand=0.0, orders=(*PAST, LATE), item=PRICED),
        shelf(sku="AHEAD", on_hand=22.0, orders=(*PAST, ahead), item=PRICED),
    )
    call = made.groups.iloc[0]
    assert set(call["orders"].split(", ")) == {"PO-1182", "PO-77"}
    asked_for = call["headline_en"].rsplit(" ", 4)[-4:]
    days = [word for word in asked_for if word.startswith("2026-")]
    assert len(days) == 1
    assert call["act_by"][:10] < days[0]


@pytest.mark.parametrize("frequency", [Frequency.WEEK, Frequency.MONTH])
def test_inside_a_week_or_a_month_an_order_is_due_a_lead_time_before_the_stockout(
    frequency: Frequency,
) -> None:
    options = Options(frequency=frequency)
    demand = 2.0 * round(frequency.days)
    one = shelf(on_hand=demand * 1.6, demand=demand, orders=PAST, item=PRICED)
    panel = panel_of([one], options, suppliers=[NOVA])
    forecast: Any = forecast_of(panel, [one], horizon=12)
    made = run(panel, forecast, options)
    ordered = made.options.iloc[0]
    assert (ordered["code"], ordered["recommended"]) == ("order", True)
    first = pd.Timestamp(panel.origin_date) + pd.Timedelta(days=1)
    due = pd.Timestamp(ordered["act_by"][:10])
    assert first <= due <= made.warnings["stockout_on"][0] - pd.Timedelta(days=4)


def test_only_series_that_a_forecast_is_asked_for_are_rerun() -> None:
    """As a scenario asks: of a few series, wherever they stand."""
    shelves = [shelf(sku=f"ITEM-{k}", on_hand=3.0, orders=PAST, item=PRICED) for k in range(9)]
    panel, forecast = company(*shelves)
    whole = run(panel, forecast).options.set_index(["sku", "code"])
    forecast.asked = np.isin(np.arange(9), [1, 8])
    some = run(panel, forecast).options.set_index(["sku", "code"])
    assert set(some.index.get_level_values("sku")) == {"ITEM-1", "ITEM-8"}
    for name in ("units_saved", "loss_avoided", "residual_probability"):
        assert some[name].tolist() == pytest.approx(whole.loc[some.index, name].tolist())


SILENT = {"past_units": (0.0,) * 30, "policy": {"reorder_point": 10.0, "order_up_to": 40.0}}
LOSES = {
    "sku": "LOSES",
    "on_hand": 500.0,
    "corrections": tuple((-2 * k, -20.0) for k in range(1, 11)),
}


def doubtful(**facts: Any) -> tuple[Shelf, ...]:
    """Two shelves that sell two a day and sold none for a month, beside one where counts found ten
    losses in that time."""
    said = {"on_hand": 40.0, "orders": PAST, "item": PRICED, **SILENT, **facts}
    return (*(shelf(sku=sku, **said) for sku in ("ONE", "TWO")), shelf(**LOSES, item=PRICED))


def test_a_shelf_whose_record_is_doubtful_is_counted_with_the_others_of_its_site() -> None:
    made = found(*doubtful(), options=Options(count_cost=3.0))
    group = made.groups.iloc[0]
    assert (group["code"], group["source"], group["series"]) == ("count", "S1", 2)
    assert (group["act_by"], group["cost"]) == ("2026-11-23", 6.0)
    assert group["headline_en"] == "Count the shelves of 2 items at S1 by 2026-11-23"
    assert group["headline_fr"] == (
        "Compter le stock réel de 2 articles au site S1 au plus tard le 23/11/2026"
    )
    assert group["message_en"].endswith("- ONE : 40 units on record\n- TWO : 40 units on record")
    assert "40 unités au stock enregistré" in group["message_fr"]
    assert 0 < group["loss_avoided"] <= group["loss"]


def test_what_is_sold_by_weight_is_told_by_weight() -> None:
    made = found(*doubtful(item={**PRICED, "uom": "kg"}))
    message, options = made.groups.iloc[0], made.options
    assert message["message_en"].endswith("- ONE : 40\xa0kg on record\n- TWO : 40\xa0kg on record")
    assert "40\xa0kg au stock enregistré" in message["message_fr"]
    assert message["uom"] == "kg"
    mine = options[options["sku"] == "ONE"]
    assert mine["sentence_fr"].str.contains("unité").sum() == 0
    assert mine.loc[mine["units"] > 0, "sentence_en"].str.contains("\xa0kg").all()
    assert (mine["units"] > 0).any()


def test_a_group_of_items_in_several_units_of_measure_is_told_in_units() -> None:
    one, two, other = doubtful()
    weighed = replace(one, item={**PRICED, "uom": "kg"})
    group = found(weighed, two, other).groups.iloc[0]
    assert (group["series"], group["uom"]) == (2, "")
    assert "- ONE : 40\xa0kg on record\n- TWO : 40 units on record" in group["message_en"]


def test_what_a_count_leaves_is_an_assessment_of_a_shelf_that_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel, forecast = company(*doubtful())
    as_it_is = run(panel, forecast)
    option = options_of(as_it_is, "ONE").set_index("code").loc["count"]

    def counted(*facts: Any) -> Supply:
        made = supply_of(*facts)
        return replace(made, counted=np.where(panel.series["sku"] == "ONE", 1, made.counted))

    monkeypatch.setattr("models.risk.structure.supply_of", counted)
    again = run(panel, forecast).warnings.iloc[0]
    before = as_it_is.warnings.iloc[0]
    assert again["probability"] == pytest.approx(option["residual_probability"])
    assert before["units_short"] - again["units_short"] == pytest.approx(option["units_saved"])
    assert option["units_saved"] > 0


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"policy": {}}, id="nobody orders by the record"),
        pytest.param({"orders": delivered(40, count=15)}, id="what it triggers comes too late"),
        pytest.param({"on_hand": 0.0}, id="the record says that nothing is there"),
    ],
)
def test_no_count_is_asked_for_where_it_saves_nothing(facts: dict[str, Any]) -> None:
    made = found(*doubtful(**facts))
    assert "count" not in set(made.options["code"])


class Gone(list[Member]):
    """Counts how often somebody goes through it."""

    times = 0

    def __iter__(self) -> Iterator[Member]:
        self.times += 1
        return super().__iter__()


def test_a_group_as_large_as_a_company_is_gone_through_a_few_times() -> None:
    """Its figures were worked out anew for each member: hours for thirty thousand."""
    day = dt.date(2026, 11, 23)
    amount = Amount(2.0, 8.0)
    members = Gone(
        Member(
            row,
            "S1",
            row,
            Option("order", by=day, cutoff_time="11:00" if row else "10:00", in_time=True, cost=1),
            Effect(row, amount, amount, 0.5, True),
            None,
        )
        for row in range(50)
    )
    group = Group("order", "NOVA", "", "EUR", members, 0.0)
    for _ in range(3):
        assert (group.by, group.cutoff_time, group.pays) == (day, "10:00", True)
        assert (group.saved, group.lost) == (Amount(100.0, 400.0), Amount(100.0, 400.0))
    assert members.times <= 4
