"""From a panel to the warnings: every series answered, every number recomputable, in words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecasting.calendar import Frequency
from forecasting.options import Options
from models.lead_time import fit_lead_times
from models.risk import RiskAssessment, assess
from tests.risk.warehouse import (
    Order,
    Shelf,
    delivered,
    forecast_of,
    panel_of,
    refilled_as_usual,
    shelf,
)

PAST = delivered(7, count=12) + delivered(10, count=3)
NOVA = {"supplier": "NOVA", "order_days": "0,3", "cutoff_time": "11:00"}
FIRST_COLUMNS = [
    *("site", "sku", "probability", "horizon_days", "p_7d", "p_14d", "p_28d"),
    *("stockout_on", "stockout_on_p10", "stockout_on_p90", "days_of_cover", "units_short"),
    *("value_at_risk", "currency", "causes", "act_by", "actions", "method", "origin", "state"),
    *("p_no_order", "p_before_next_receipt", "back_on"),
]


def assessed(*shelves: Shelf, options: Options | None = None, **facts: Any) -> RiskAssessment:
    options = options or Options()
    panel = panel_of(list(shelves), options, **facts)
    horizon = options.forecast_horizons[options.frequency.grain]
    forecast: Any = forecast_of(panel, list(shelves), horizon=horizon)
    return assess(panel, forecast, fit_lead_times(panel, options), options)


def row(found: RiskAssessment, number: int = 0) -> pd.Series:
    return found.warnings.iloc[number]


def test_the_columns_are_those_of_the_export() -> None:
    assert list(assessed(shelf()).warnings.columns[: len(FIRST_COLUMNS)]) == FIRST_COLUMNS
    weekly = assessed(shelf(), options=Options(frequency=Frequency.WEEK)).warnings
    assert {"p_1w", "p_2w", "p_4w"} <= set(weekly.columns)
    monthly = assessed(shelf(), options=Options(frequency=Frequency.MONTH)).warnings
    assert {"p_1m", "p_2m", "p_3m"} <= set(monthly.columns)
    assert weekly["horizon_days"].iat[0] == 14


HOSTILE = {
    "nothing known": shelf(on_hand=np.nan),
    "empty and unwanted": shelf(on_hand=0.0, demand=0.0),
    "never counted, status only": shelf(on_hand=np.nan, availability=(1.0, 0.0, 1.0, 1.0)),
    "status only, out now": shelf(on_hand=np.nan, availability=(1.0, 1.0, 0.0)),
    "huge": shelf(on_hand=1e15, demand=1e15),
    "negative record": shelf(on_hand=-1e15, demand=1.0),
    "stale for a year": shelf(on_hand=5, stale_days=360, past_units=(np.nan,) * 30),
    "overdue for two years": shelf(orders=(Order(placed=-720, promised=-715),)),
    "ordered, never promised": shelf(orders=(Order(promised=None, placed=-3),)),
    "only requested": shelf(orders=(Order(promised=None, status="requested"),)),
    "policy of safety stock alone": shelf(policy={"safety_stock": 4.0}),
    "policy without order_up_to": shelf(policy={"reorder_point": 9.0}),
    "policy below nothing": shelf(policy={"reorder_point": -5.0, "order_up_to": 0.0}),
    "price without cost": shelf(item={"unit_price": 4.0}),
    "dropship": shelf(on_hand=0.0, item={"mode": "dropship"}),
    "discontinued": shelf(on_hand=0.0, item={"discontinued_on": pd.Timestamp("2026-01-01")}),
}


@pytest.mark.parametrize("frequency", list(Frequency))
def test_every_series_gets_a_finite_answer(frequency: Frequency) -> None:
    shelves = [replace(one, sku=name) for name, one in HOSTILE.items()]
    found = assessed(*shelves, options=Options(frequency=frequency))
    table = found.warnings
    assert len(table) == len(shelves)
    chances = [name for name in table if str(name).startswith("p")]
    assert table[chances].notna().all(axis=None)
    assert ((table[chances] >= 0) & (table[chances] <= 1)).all(axis=None)
    assert np.isfinite(table["units_short"]).all()
    assert np.isfinite(found.mean_units).all()
    assert (table["method"] != "").all()
    unsure = table["method"] != "structural"
    assert (table.loc[unsure, "reason"] != "").all()


def test_a_neighbour_without_orders_changes_no_shelf() -> None:
    """Only the order book is shared knowledge: it teaches lead times to all."""
    shelves = [
        replace(one, sku=name)
        for name, one in HOSTILE.items()
        if not one.orders and not np.isnan(one.on_hand) and one.stale_days == 0
    ]
    together = assessed(*shelves).warnings.set_index("sku")
    names = ["p_7d", "p_14d", "p_28d", "p_no_order", "units_short", "cause_en", "act_by"]
    for one in shelves:
        alone = assessed(one).warnings.set_index("sku")
        assert alone.loc[one.sku, names].tolist() == together.loc[one.sku, names].tolist()


def test_states_say_where_a_series_stands() -> None:
    found = assessed(
        shelf(sku="OUT", on_hand=0, open_order={"units": 40, "due_in_days": 5}),
        shelf(sku="SOON", on_hand=6),
        shelf(sku="SAFE", on_hand=500),
        shelf(sku="UNSEEN", on_hand=np.nan),
        shelf(sku="DROP", on_hand=0, item={"mode": "dropship"}),
        shelf(sku="OLD", on_hand=0, item={"in_assortment": False}),
        shelf(sku="NEVER", on_hand=0, demand=0.0),
    ).warnings
    assert list(found["state"]) == [
        *("out", "new", "none", "unknown", "not_stocked", "not_stocked", "unused"),
    ]
    assert found["back_on"].notna().tolist() == [True] + [False] * 6
    assert found["cause_en"].iat[6] == ""
    assert list(found["probability"].iloc[[4, 5]]) == [0.0, 0.0]
    assert found["method"].iat[3] == "not enough evidence"
    assert "no stock row" in found["reason"].iat[3]


def test_blocked_stock_is_no_stock() -> None:
    found = row(assessed(shelf(on_hand=10, blocked=10)))
    assert (found["state"], found["p_7d"], found["days_of_cover"]) == ("out", 1.0, 0.0)
    assert "10 unités en stock, mais vente bloquée" in found["cause_fr"]


def test_numbers_can_be_recomputed_from_the_breakdown() -> None:
    shelves = (
        shelf(sku="A", on_hand=12, orders=(*PAST, Order(promised=6)), item={"stockout_cost": 3.0}),
        shelf(sku="B", on_hand=9, item={"unit_cost": 3.0, "unit_price": 5.0}),
        shelf(sku="C", on_hand=9, item={"unit_price": 10.0}),
        shelf(sku="D", on_hand=np.nan, availability=(1.0, 1.0, 0.0, 1.0)),
    )
    found = assessed(*shelves)
    table, periods = found.warnings.set_index("sku"), found.projection.groupby("sku")
    for horizon in (7, 14, 28):
        again = periods["p_first"].apply(lambda p, h=horizon: p.iloc[:h].sum())
        assert table[f"p_{horizon}d"].to_dict() == pytest.approx(again.to_dict())
    assert (table["probability"] == table["p_14d"]).all()
    short = periods["units_short_mean"].apply(lambda u: u.iloc[:14].sum())
    assert table["units_short"].to_dict() == pytest.approx(short.to_dict())
    value = table["units_short"] * table["unit_loss"]
    assert table["value_at_risk"].fillna(-1).tolist() == pytest.approx(value.fillna(-1).tolist())
    assert list(table["value_basis"]) == ["stockout_cost", "margin", "category_margin", ""]
    assert list(table["unit_loss"].iloc[:3]) == pytest.approx([3.0, 2.0, 4.0])
    balance = found.projection.iloc[:28]  # A: opening + arrivals − served − lost = close
    sold = balance["demand_mean"].cumsum() - balance["units_short_mean"].cumsum()
    assert balance["on_hand_mean"].tolist() == pytest.approx(
        (12 + (balance["arrivals_mean"] - balance["losses_mean"]).cumsum() - sold).tolist()
    )
    mean = forecast_of(panel_of(list(shelves)), list(shelves)).grains[Frequency.DAY].mean[0]
    served = 1 - (balance["units_short_mean"] / balance["demand_mean"]).to_numpy()
    assert found.mean_units[0] == pytest.approx(mean * served)


@settings(deadline=None, max_examples=8)
@given(
    on_hand=st.integers(0, 40),
    more=st.integers(1, 30),
    promise=st.integers(1, 12),
    later=st.integers(1, 10),
)
@example(on_hand=6, more=1, promise=1, later=2)  # the same paths fail, on other days
def test_the_laws_hold_for_whole_assessments(
    on_hand: int, more: int, promise: int, later: int
) -> None:
    def chance(stock: float, promised: int) -> float:
        ordered = (*PAST, Order(units=15, promised=promised))
        found = row(assessed(shelf(on_hand=stock, orders=ordered)))
        assert found["p_7d"] <= found["p_14d"] <= found["p_28d"]
        return float(found["p_no_order"])

    assert chance(on_hand + more, promise) <= chance(on_hand, promise)
    assert chance(on_hand, promise + later) >= chance(on_hand, promise)


def test_dates_follow_the_stock() -> None:
    found = row(assessed(shelf(on_hand=12, demand=2.0)))
    assert found["stockout_on_p10"] <= found["stockout_on"] <= found["stockout_on_p90"]
    days = (found["stockout_on"] - pd.Timestamp("2026-11-22")).days
    assert days in (5, 6, 7)
    assert found["days_of_cover"] == pytest.approx(6, rel=0.05)
    safe = row(assessed(shelf(on_hand=5000)))
    assert safe[["stockout_on", "stockout_on_p10", "stockout_on_p90"]].isna().all()
    monthly = row(
        assessed(shelf(on_hand=60, demand=40.0), options=Options(frequency=Frequency.MONTH))
    )
    assert pd.Timestamp("2027-01-10") < monthly["stockout_on"] < pd.Timestamp("2027-01-22")


def test_an_order_due_on_the_origin_is_not_called_late() -> None:
    due = Order(placed=-12, promised=0, order_id="PO-7")
    found = row(assessed(shelf(on_hand=6, orders=(*PAST, due)), suppliers=[NOVA]))
    assert found["cause_en"] == "order PO-7 was due on 2026-11-22 and is not in yet"
    assert found["cause_fr"] == "commande PO-7 attendue le 22/11/2026, pas encore reçue"
    assert json.loads(found["causes"])[0]["code"] == "order_due"


def test_a_late_order_is_named_in_both_languages() -> None:
    late = Order(placed=-12, promised=-5, order_id="PO-1182")
    found = row(assessed(shelf(on_hand=6, orders=(*PAST, late)), suppliers=[NOVA]))
    assert found["cause_fr"] == "commande PO-1182 en retard de 5 jours"
    assert found["cause_en"] == "order PO-1182 is 5 days late"
    assert json.loads(found["causes"]) == [
        {"code": "late_order", "share": 1.0, "facts": {"order_id": "PO-1182", "days": 5}}
    ]
    action = json.loads(found["actions"])[0]
    assert {name: action[name] for name in ("code", "order_id", "source", "units", "by")} == {
        "code": "expedite",
        "order_id": "PO-1182",
        "source": "NOVA",
        "units": 40.0,
        "by": "2026-11-23 11:00",
    }
    assert action["arrives_on"] == "2026-11-25"
    assert action["residual_probability"] < found["probability"]
    assert "PO-1182" in found["action_fr"]


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (shelf(on_hand=6), "no_order"),
        (shelf(on_hand=6, policy={"reorder_point": 8, "order_up_to": 30}), "below_reorder_point"),
        (shelf(on_hand=14, policy={"reorder_point": 3, "order_up_to": 30}), "reorder_point_low"),
        (shelf(on_hand=6, open_order={"units": 40, "due_in_days": 9}), "order_after_stockout"),
        (shelf(on_hand=6, open_order={"units": 4, "due_in_days": 1}), "order_too_small"),
        (shelf(on_hand=20, demand=4.0, past_units=(1.0,) * 30), "demand_above_plan"),
        (shelf(on_hand=np.nan), "no_stock_data"),
        (shelf(on_hand=np.nan, availability=(1.0, 0.0, 1.0)), "stockout_record"),
    ],
    ids=lambda value: value if isinstance(value, str) else "shelf",
)
def test_the_first_cause(one: Shelf, code: str) -> None:
    assert json.loads(row(assessed(one))["causes"])[0]["code"] == code


def test_the_deadline_is_the_last_order_day_that_still_helps() -> None:
    """24 units at 2 a day last until about 4 December; orders take 7 days and are taken on
    Mondays and Thursdays: Thursday 26 November, before 11:00."""
    found = row(assessed(shelf(on_hand=24, orders=PAST), suppliers=[NOVA]))
    assert found["act_by"] == "2026-11-26 11:00"
    assert "au plus tard le 26/11/2026 11:00" in found["action_fr"]
    closed = {**NOVA, "closures": "2026-11-24/2026-11-30"}
    assert row(assessed(shelf(on_hand=24, orders=PAST), suppliers=[closed]))["act_by"] == (
        "2026-11-23 11:00"
    )
    slow = delivered(13, promised_in=13, count=6)
    late = row(assessed(shelf(on_hand=6, orders=slow), suppliers=[NOVA]))
    assert late["act_by"] == "too_late"


def test_a_wish_is_not_an_arrival() -> None:
    wish = Order(units=500, promised=None, placed=-30, status="requested")
    found = assessed(shelf(on_hand=6), shelf(on_hand=6, orders=(wish,)))
    assert found.warnings["p_no_order"].tolist() == [1.0, 1.0]
    assert found.projection["arrivals_mean"].eq(0).all()


def test_a_policy_orders_again_and_p_no_order_does_not() -> None:
    found = row(
        assessed(shelf(on_hand=21, orders=PAST, policy={"reorder_point": 22, "order_up_to": 60}))
    )
    assert found["p_28d"] < 0.6
    assert found["p_no_order"] > 0.9


def test_habits_stand_in_where_nobody_keeps_a_policy() -> None:
    """Ten units came whenever five or fewer were left, month after month."""
    stock, came, units = [], [], []
    level = 10.0
    for _ in range(36):
        received = 10.0 if level <= 5 else 0.0
        level += received - 5.0
        stock.append(level)
        came.append(received)
        units.append(5.0)
    facts = {"past_on_hand": stock, "past_receipts": came, "past_units": units}
    habit = {name: tuple(values) for name, values in facts.items()}
    monthly = Options(frequency=Frequency.MONTH)
    found = row(
        assessed(shelf(on_hand=level, demand=np.full((50, 12), 5.0), **habit), options=monthly)
    )
    assert found["p_3m"] < 0.1
    assert found["p_no_order"] == 1.0
    assert "receipts as usual" in found["reason"]


AS_USUAL = refilled_as_usual(5.0, 40.0)


def test_a_first_order_line_does_not_end_the_usual_deliveries() -> None:
    """What came so far was on no order: the line comes on top of it."""
    usual = row(assessed(shelf(on_hand=20, **AS_USUAL)))
    more = row(assessed(shelf(on_hand=20, open_order={"units": 40, "due_in_days": 5}, **AS_USUAL)))
    assert usual["p_28d"] < 0.5 < usual["p_no_order"]
    assert more["p_28d"] <= usual["p_28d"]
    assert "receipts as usual" in more["reason"]


def test_what_always_was_on_order_first_comes_no_sooner_than_an_order_of_today() -> None:
    """Receipts as usual of a series with an order book: none within the lead time of twelve days
    that no order tells of, whether or not an old line is still open."""
    days = [-3 - 8 * k for k in range(2)]
    ordered = tuple(
        Order(units=40, placed=day - 12, promised=day, received=day, order_id=f"O{day}")
        for day in days
    )
    receipts = tuple(40.0 if place - 120 in days else 0.0 for place in range(1, 121))
    facts = AS_USUAL | {"past_receipts": receipts}
    record = shelf(sku="Z", orders=delivered(12, promised_in=12, count=30))
    for more in ((), (Order(units=1, placed=-15, promised=1, order_id="OLD"),)):
        found = assessed(shelf(on_hand=6, orders=(*ordered, *more), **facts), record)
        arrivals = found.projection["arrivals_mean"].to_numpy()
        assert arrivals[:11].sum() <= 1.0
        assert arrivals[11:28].sum() > 5.0
        assert "receipts as usual" in row(found)["reason"]


def test_who_keeps_no_policy_orders_again_as_his_past_orders_were() -> None:
    """A lot of 30 each time ten were left, and it took three days: so it will be again."""
    often = tuple(
        Order(units=30, placed=day, promised=day + 3, received=day + 3, order_id=f"O{day}")
        for day in range(-150, -10, 15)
    )
    usual = {"demand": 2.0, "past_units": (2.0,) * 200, "past_on_hand": (10.0,) * 200}
    found = row(assessed(shelf(on_hand=14, orders=often, **usual)))
    # 10 in the morning lie half a day of sales below the trigger
    assert "no policy: ordered as its past orders were, at 11.0 up to 40.3" in found["reason"]
    assert found["p_28d"] < 0.5 < found["p_no_order"]
    causes = {one["code"] for one in json.loads(found["causes"])}
    assert not causes & {"below_reorder_point", "above_reorder_point", "reorder_point_low"}


def test_an_absurd_receipt_fills_no_neighbours_shelf() -> None:
    monthly = Options(frequency=Frequency.MONTH)
    past = {"past_units": (5.0,) * 20, "past_on_hand": (4.0,) * 20}
    usual = {**past, "on_hand": 4.0, "demand": np.full((50, 12), 5.0)}
    calm = shelf(sku="CALM", past_receipts=(5.0,) * 20, **usual)
    wild = shelf(sku="WILD", past_receipts=(1e15,) * 20, **usual)
    table = assessed(calm, wild, options=monthly).projection
    arrivals = table[table["sku"] == "CALM"]["arrivals_mean"]
    assert arrivals.max() <= 12 * 5.0


def test_status_alone_learns_from_its_own_stockouts() -> None:
    often = shelf(sku="OFTEN", on_hand=np.nan, availability=(1.0, 1.0, 0.0) * 20 + (1.0,))
    never = shelf(sku="NEVER", on_hand=np.nan, availability=(1.0,) * 61)
    found = assessed(often, never).warnings
    assert found["method"].tolist() == ["status", "status"]
    assert found["p_7d"].iat[0] > 0.8
    assert found["p_7d"].iat[1] < 0.5


def test_inputs_come_back_unchanged() -> None:
    shelves = [shelf(orders=(*PAST, Order())), shelf(sku="B", policy={"reorder_point": 9})]
    panel = panel_of(shelves)
    before = panel.digest
    forecast: Any = forecast_of(panel, shelves)
    first = assess(panel, forecast, fit_lead_times(panel, Options()), Options())
    again = assess(panel, forecast, fit_lead_times(panel, Options()), Options())
    assert panel.digest == before
    pd.testing.assert_frame_equal(first.warnings, again.warnings)


def test_reserved_units_are_promised_once() -> None:
    """Fifteen of twenty are promised; an order of ten, due in a week, explains ten of them."""
    assert row(assessed(shelf(on_hand=20, demand=0.5)))["p_7d"] < 0.1
    assert row(assessed(shelf(on_hand=20, demand=0.5, reserved=20)))["p_7d"] == 1.0
    explained = assessed(shelf(on_hand=40, demand=0.5, reserved=15, booked=((7, 10.0),)))
    assert explained.projection["demand_mean"].iat[0] == pytest.approx(5.0, abs=0.1)
    assert explained.projection["demand_mean"].iat[6] == pytest.approx(10.0, abs=0.1)
    assert explained.projection["booked"].head(8).tolist() == [5.0, *[0.0] * 5, 10.0, 0.0]


def test_nothing_comes_in_while_a_site_is_closed() -> None:
    closed = {
        "kind": "closure",
        "site": "S1",
        "start": pd.Timestamp("2026-11-25"),
        "end": pd.Timestamp("2026-11-29"),
    }
    due = Order(promised=3)
    usual, shut = (
        assessed(shelf(on_hand=30, orders=(*PAST, due)), **facts).projection["arrivals_mean"]
        for facts in ({}, {"events": [closed]})
    )
    assert usual.iloc[2:7].sum() > 20
    assert shut.iloc[2:7].sum() == 0
    assert shut.iloc[7] == pytest.approx(usual.iloc[2:8].sum(), rel=0.05)
    refilled = shelf(on_hand=21, orders=PAST, policy={"reorder_point": 22, "order_up_to": 60})
    assert assessed(refilled, events=[closed]).projection["arrivals_mean"].iloc[2:7].sum() == 0


def test_inside_a_week_orders_follow_each_other() -> None:
    """A shelf for three days that is refilled every other day is no danger in a weekly workspace;
    with a source that takes two weeks, or only one order a week, it is."""
    shelves = shelf(
        demand=14.0,
        on_hand=8.0,
        policy={"reorder_point": 5.0, "order_up_to": 9.0},
        orders=delivered(1, promised_in=1, count=12),
    )
    weekly = Options(frequency=Frequency.WEEK)
    slow = replace(shelves, orders=delivered(14, promised_in=14, count=12))
    rare = replace(shelves, policy={**shelves.policy, "review_days": 7.0})
    quick, slowly, rarely = (
        assessed(one, options=weekly).warnings["probability"][0] for one in (shelves, slow, rare)
    )
    assert quick < 0.35
    assert slowly > 0.95
    assert rarely > 0.9
