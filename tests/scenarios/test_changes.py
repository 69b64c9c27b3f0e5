"""Each kind of change on a shelf or two, worked out beforehand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import Refused, UnknownName
from models.scenarios.declaration import BadScenario, read_scenario, scenario_of
from models.scenarios.mitigation import mitigations, to_weigh, together
from models.scenarios.totals import side_by_side
from tests.risk.warehouse import TODAY, Order, Shelf, delivered, refilled_as_usual
from tests.scenarios.worlds import base_of, row, what_if

SURE = Order(units=400, placed=-3, promised=4)
STOP = {"kind": "supplier_stop", "supplier": "NOVA", "weeks": 6}


def covered(**facts):
    """Ten days of stock, and an order that comes on the fifth day and lasts."""
    told = {"on_hand": 60.0, "demand": 6.0, "orders": (SURE, *delivered(7, count=12))} | facts
    return Shelf(**told)


def network(**facts):
    """A depot that feeds a store; the supplier feeds the depot."""
    item = {"supplier": "NOVA", "unit_price": 10.0, "unit_cost": 6.0}
    depot = covered(site="DEPOT", item=item, **facts)
    store = Shelf(
        site="STORE",
        on_hand=50.0,
        demand=6.0,
        policy={"source": "DEPOT", "reorder_point": 40.0, "order_up_to": 70.0, "review_days": 1.0},
        orders=delivered(2, promised_in=2, count=12, supplier="", source_site="DEPOT"),
        item=item,
    )
    return depot, store


def test_an_order_of_a_stopped_supplier_does_not_come():
    found = row(what_if(base_of(covered()), STOP))
    assert found["probability_base"] < 0.2
    assert (found["verdict"], found["probability_scenario"]) == ("broken", 1.0)
    ends = TODAY + dt.timedelta(days=7), TODAY + dt.timedelta(days=14)
    assert ends[0] <= found["breaks_on_scenario"].date() <= ends[1], "ten days of stock"
    assert found["units_short_scenario"] == pytest.approx(28 * 6 - 60, rel=0.1)


def test_a_stop_that_begins_after_the_order_came_leaves_it():
    late = STOP | {"start": (TODAY + dt.timedelta(days=27)).isoformat()}
    found = row(what_if(base_of(covered()), late))
    assert found["probability_scenario"] == pytest.approx(found["probability_base"], abs=0.02)
    assert what_if(base_of(covered()), late).notes == ("goes_on",)


def test_deliveries_as_usual_stop_with_their_supplier_and_no_sooner():
    shelf = Shelf(on_hand=90.0, item={"supplier": "NOVA"}, **refilled_as_usual(6.0, 60.0))
    base = base_of(shelf, Shelf(sku="OTHER", on_hand=500.0, item={"supplier": "NOVA"}))
    stopped = row(what_if(base, STOP))
    assert stopped["probability_base"] < 0.5
    assert stopped["verdict"] == "broken", "15 days of stock, and nothing comes for six weeks"
    later = row(what_if(base, STOP | {"start": "2027-03-01"}))
    assert later["probability_scenario"] == later["probability_base"]


def test_a_late_order_breaks_a_shelf_for_the_days_between():
    found = row(what_if(base_of(covered()), {"kind": "order_late", "order": "PO-1", "days": 14}))
    assert found["verdict"] == "broken"
    assert found["units_short_scenario"] == pytest.approx(8 * 6, rel=0.35), "day 18 instead of 4"


def test_longer_lead_times_stretch_what_is_on_order_too():
    longer = {"kind": "lead_time", "supplier": "NOVA", "factor": 3.0}
    found = row(what_if(base_of(covered()), longer))
    assert found["verdict"] == "broken"
    same = row(what_if(base_of(covered()), longer | {"factor": 1.0}))
    assert same["probability_scenario"] == same["probability_base"]


def test_demand_between_two_days_moves_those_days_alone():
    span = {"start": "2026-11-23", "end": "2026-11-24"}
    shelf = Shelf(on_hand=300.0, demand=6.0)
    found = row(what_if(base_of(shelf), {"kind": "demand", "percent": 100, **span}))
    assert found["probability_scenario"] < 0.05, "twelve units more of 300"
    outside = {"kind": "demand", "percent": 5, "start": "2027-02-01"}
    with pytest.raises(Refused, match="outside"):
        what_if(base_of(shelf), outside)


def test_a_store_runs_dry_behind_its_depot_and_the_loss_is_its():
    base = base_of(*network())
    result = what_if(base, STOP)
    depot, store = row(result, "DEPOT"), row(result, "STORE")
    assert (depot["verdict"], store["verdict"]) == ("broken", "broken")
    assert (depot["counts"], store["counts"]) == (False, True)
    assert store["source"] == "DEPOT"
    money = result.totals["by_currency"]
    assert [one["currency"] for one in money] == ["EUR"]
    assert money[0]["units_short_scenario"] == pytest.approx(store["units_short_scenario"])
    assert money[0]["value_added"] == pytest.approx(4.0 * store["units_short_added"])


def test_more_wanted_at_a_store_is_more_shipped_by_its_depot():
    base = base_of(*network(on_hand=200.0, demand=6.0, orders=()))
    result = what_if(base, {"kind": "demand", "site": "STORE", "percent": 100})
    depot = row(result, "DEPOT")
    assert depot["units_short_added"] > 20, "it empties in 17 days instead of 33"


def test_a_closed_site_sells_nothing_and_says_what_it_turned_away():
    closed = {"kind": "site_closed", "site": "S1", "start": "2026-11-23", "end": "2026-11-29"}
    shelf = Shelf(on_hand=500.0, demand=6.0, item={"unit_price": 10.0, "unit_cost": 6.0})
    result = what_if(base_of(shelf), closed)
    assert result.totals["by_currency"][0]["units_turned_away"] == pytest.approx(42.0)
    assert result.totals["by_currency"][0]["value_turned_away"] == pytest.approx(168.0)
    short = what_if(base_of(Shelf(on_hand=30.0, demand=6.0)), closed)
    assert row(short)["verdict"] in ("same", "sooner", "worse"), "a shut door spares nobody"


def test_a_closed_depot_leaves_its_store_without():
    closed = {"kind": "site_closed", "site": "DEPOT", "start": "2026-11-23", "end": "2026-12-06"}
    store = row(what_if(base_of(*network(on_hand=900.0)), closed), "STORE")
    assert (store["verdict"], store["p_no_order_base"]) == ("broken", 1.0)


def test_a_promotion_is_what_the_model_learned_else_what_is_stated():
    promotion = {"kind": "promotion", "depth": 0.2, "uplift_percent": 50.0}
    base = base_of(Shelf(on_hand=100.0, demand=6.0))
    learned, stated = what_if(base, promotion, learned=2.0), what_if(base, promotion)
    assert (learned.notes, stated.notes) == (("promotion_model",), ("promotion_stated",))
    assert row(learned)["units_short_added"] > row(stated)["units_short_added"] > 0
    with pytest.raises(Refused, match="learned nothing"):
        what_if(base, {"kind": "promotion", "depth": 0.2})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "demand", "percent": 5, "site": "S2"},
        {"kind": "demand", "percent": 5, "category": "CLOCK"},
        {"kind": "supplier_stop", "supplier": "NOWA", "weeks": 1},
        {"kind": "order_late", "order": "PO-9", "days": 1},
        {"kind": "order_late", "supplier": "NOWA", "days": 1},
        {"kind": "site_closed", "site": "S2"},
        {"kind": "lead_time", "supplier": "NOWA", "factor": 2.0},
    ],
)
def test_a_code_that_is_not_there_is_named(change):
    with pytest.raises(UnknownName):
        what_if(base_of(covered()), change)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"kind": "earthquake"}, "earthquake"),
        ({"kind": "demand"}, "percent"),
        ({"kind": "demand", "percent": "20"}, "percent"),
        ({"kind": "demand", "percent": 5, "start": 20261123}, "start"),
        ({"kind": "demand", "percent": 5, "start": "2026-12-02", "end": "2026-12-01"}, "before"),
        ({"kind": "order_late", "days": 3}, "order or a supplier"),
        ({"kind": "supplier_stop", "supplier": "A\x00B", "weeks": 1}, "control"),
        ({"kind": "site_closed", "site": "S1", "sku": "X"}, "sku"),
    ],
)
def test_what_is_no_change_is_refused_with_the_field_at_fault(change, fault):
    with pytest.raises(BadScenario) as refused:
        scenario_of({"changes": [change]})
    assert fault in refused.value.message


def test_a_file_is_toml_or_json(tmp_path):
    toml, json = tmp_path / "stop.toml", tmp_path / "stop.json"
    toml.write_text('name = "Stop"\n[[changes]]\nkind = "supplier_stop"\nsupplier = "N"\nweeks = 6')
    json.write_text(
        scenario_of({"name": "Stop", "changes": [STOP | {"supplier": "N"}]}).model_dump_json()
    )
    assert read_scenario(toml) == read_scenario(json)
    assert scenario_of(read_scenario(toml).plain()) == read_scenario(toml)
    toml.write_text("name = ")
    with pytest.raises(BadScenario, match="neither TOML nor JSON"):
        read_scenario(toml)
    for nothing in ("", 'name = "a slip"'):
        toml.write_text(nothing)
        with pytest.raises(BadScenario, match="declares no change"):
            read_scenario(toml)


def test_nobody_is_asked_who_cannot_deliver():
    result = what_if(base_of(*network()), STOP)
    table = result.series
    asked = '[{"code":"order","source":"NOVA","units":40,"by":"2026-11-24"}]'
    lines = mitigations(table, [asked] * len(table), {"NOVA": dt.date(2026, 11, 23)})
    assert set(lines["action"]) == {"find"}
    before = mitigations(table, [asked] * len(table), {"NOVA": dt.date(2026, 11, 25)})
    assert set(before["action"]) == {"order"}
    merged = together(before)
    assert (merged["units"].item(), merged["sites"].item()) == (80.0, "DEPOT, STORE")
    from_depot = '[{"code":"transfer","source":"DEPOT","units":9,"by":"2026-11-24"}]'
    stop = {"NOVA": dt.date(2026, 11, 23)}
    assert set(mitigations(table, [from_depot] * len(table), stop)["action"]) == {"find"}


def test_an_accepted_risk_is_nothing_to_do():
    table = what_if(base_of(*network()), STOP).series
    accepted = '[{"code":"accept","units":0}]'
    assert not len(mitigations(table, [accepted] * len(table), {}))
    besides = '[{"code":"accept","units":0},{"code":"order","source":"NOVA","units":40}]'
    assert set(mitigations(table, [besides] * len(table), {})["action"]) == {"order"}


def test_goods_are_found_elsewhere_only_where_nobody_delivers_them_any_more():
    table = what_if(base_of(*network()), STOP).series
    none = [""] * len(table)
    stop = {"NOVA": dt.date(2026, 11, 23)}
    assert set(mitigations(table, none, stop)["action"]) == {"find"}
    delivers = mitigations(table, none, {})
    assert set(zip(delivers["action"], delivers["source"], strict=True)) == {("order", "NOVA")}
    unknown = mitigations(table, none, {}, [float("nan")] * len(table))
    assert together(unknown)["units"].tolist() == together(delivers)["units"].tolist()
    depot = table["site"] == "DEPOT"
    stocked = table.assign(verdict=table["verdict"].mask(depot, "none"))
    asked = mitigations(stocked, none, stop)
    assert set(zip(asked["action"], asked["source"], strict=True)) == {("transfer", "DEPOT")}


@pytest.mark.parametrize(("fed_by", "ordered"), [("DEPOT", 24.0), ("", 36.0)])
def test_what_is_ordered_besides_comes_in_whole_packs(fed_by: str, ordered: float):
    table = what_if(base_of(*network()), STOP).series
    store = table[table["site"] == "STORE"].assign(source=fed_by, units_short_added=5.0)
    shops = pd.concat([store.assign(site=name) for name in ("A", "B", "C")])
    depot = table[table["site"] == "DEPOT"]  # dry, and not counted
    both = pd.concat([shops, depot])
    merged = together(mitigations(both, [""] * 4, {}, [12.0] * 4))
    assert (merged["action"].item(), merged["units"].item()) == ("order", ordered)
    assert {"pack", "least"}.isdisjoint(merged)
    made_before = mitigations(both, [""] * 4, {}).drop(columns=["pack", "least", "item"])
    assert together(made_before)["units"].item() == 15.0


@pytest.mark.parametrize(("fed_by", "ordered"), [("DEPOT", 48.0), ("", 144.0)])
def test_what_is_ordered_besides_is_never_less_than_the_smallest_order(fed_by: str, ordered: float):
    table = what_if(base_of(*network()), STOP).series
    store = table[table["site"] == "STORE"].assign(source=fed_by, units_short_added=5.0)
    shops = pd.concat([store.assign(site=name) for name in ("A", "B", "C")])
    both = pd.concat([shops, table[table["site"] == "DEPOT"]])  # dry, and not counted
    merged = together(mitigations(both, [""] * 4, {}, [12.0] * 4, [40.0] * 4))
    assert (merged["action"].item(), merged["units"].item()) == ("order", ordered)
    unknown = together(mitigations(both, [""] * 4, {}, [12.0] * 4, [float("nan")] * 4))
    assert unknown["units"].item() == (24.0 if fed_by else 36.0)


def test_each_substitute_is_a_line_of_its_own_and_is_named():
    table = what_if(base_of(*network()), STOP).series
    offered = [
        f'[{{"code":"substitute","units":{units},"item":"{item}"}}]'
        for units, item in ((3, "CUP"), (4, "BOWL"))
    ]
    lines = together(mitigations(table.iloc[:2], offered, {}))
    assert set(zip(lines["sku"], lines["item"], lines["units"], strict=True)) == {
        (table["sku"].iloc[0], "CUP", 3.0),
        (table["sku"].iloc[1], "BOWL", 4.0),
    }


def test_actions_are_weighed_where_most_is_lost_and_figures_are_the_same():
    cheap = [replace(one, sku="MUG", item={**one.item, "unit_price": 8.0}) for one in network()]
    base = base_of(*network(), *cheap)
    more = {"kind": "demand", "percent": 60}
    whole, most = what_if(base, more), what_if(base, more, most_weighed=3)
    pd.testing.assert_frame_equal(most.series, whole.series, check_exact=True)
    assert (whole.notes, most.notes) == ((), ("most_weighed",))
    dated = [set(one.actions["sku"][one.actions["by"] != ""]) for one in (whole, most)]
    assert dated == [{"RETRO-CLOCK", "MUG"}, {"RETRO-CLOCK"}], "who weighs knows until when"
    assert set(most.actions["sku"]) == {"RETRO-CLOCK", "MUG"}
    assert what_if(base, more, most_weighed=4).notes == ()


@pytest.mark.parametrize(
    ("most", "chosen"),
    [(2, {"A"}), (3, {"A"}), (4, {"A", "EURO"}), (6, {"A", "EURO", "B"})],
)
def test_whole_items_are_weighed_currency_by_currency(most, chosen):
    skus, currency = ["A", "A", "B", "B", "EURO", "EURO", "C"], ["USD"] * 4 + ["EUR"] * 2 + ["USD"]
    table = pd.DataFrame(
        {
            "sku": skus,
            "currency": currency,
            "verdict": ["worse", "same", *["broken"] * 5],
            "counts": [True, False] * 3 + [True],
            "value_added": [90.0, 5e9, 20.0, 5e9, 1.0, 5e9, 10.0],
            "units_short_added": 1.0,
        }
    )
    assert set(table["sku"][to_weigh(table, most)]) == chosen
    assert to_weigh(table, 7).all()


def test_two_plans_differ_where_they_do_not_say_the_same():
    base = base_of(covered(), covered(sku="OTHER"))
    stop, late = (
        what_if(base, STOP),
        what_if(base, {"kind": "order_late", "order": "PO-1", "days": 9}),
    )
    rows = side_by_side(stop.series, late.series)
    assert len(rows) == 2
    assert (rows["units_short_added"] < 0).all(), "an order that comes late is better than none"
    assert side_by_side(stop.series, stop.series).empty
    one = what_if(base, {"kind": "demand", "sku": "OTHER", "percent": 100})
    absent = side_by_side(stop.series, one.series).set_index("sku")
    assert absent.loc["RETRO-CLOCK", "verdict_b"] == "same"
    known = row(stop)["units_short_base"]
    assert absent.loc["RETRO-CLOCK", "units_short_b"] == known
    assert np.isfinite(absent["units_short_added"]).all()


def test_between_two_plans_a_loss_stands_at_the_store_alone():
    base = base_of(*network())
    stop, late = (
        what_if(base, STOP),
        what_if(base, {"kind": "order_late", "order": "PO-1", "days": 9}),
    )
    rows = side_by_side(stop.series, late.series)
    assert list(zip(rows["site"], rows["counts"], strict=True)) == [
        ("STORE", True),
        ("DEPOT", False),
    ]
