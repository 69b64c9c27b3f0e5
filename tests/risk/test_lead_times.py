"""Lead times: censored lines, shrinkage, the ladder, and arrivals given that a line is open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecasting.calendar import Frequency
from forecasting.options import Options
from forecasting.panel import Panel
from models.lead_time import LeadTimes, fit_lead_times, posterior_hazard, survival
from models.projection import project, supply_of
from tests.risk.warehouse import Order, delivered, panel_of, shelf

LAW = settings(deadline=None, max_examples=25)
NO_MASTER = np.array([np.nan])


def learned(*orders: Order, **facts: object) -> tuple[Panel, LeadTimes]:
    panel = panel_of([shelf(orders=tuple(orders), **facts)])
    return panel, fit_lead_times(panel, Options())


def median(lead_times: LeadTimes, supplier: str = "NOVA", sku: str = "RETRO-CLOCK") -> float:
    return float(lead_times.median_days(lead_times.group_of([supplier], [sku]), NO_MASTER)[0])


def chances(panel: Panel, lead_times: LeadTimes, horizon: int = 28) -> np.ndarray:
    group = lead_times.group_of(list(panel.orders["supplier"]), ["RETRO-CLOCK"] * len(panel.orders))
    return lead_times.arrival_chance(panel.orders, group, panel.origin, Frequency.DAY, horizon)


def test_without_a_prior_it_is_kaplan_and_meiers_estimate() -> None:
    """Remission of 21 leukaemia patients under 6-MP: Freireich et al. 1963, in Kalbfleisch and
    Prentice 2002, table 1.1; + is censored."""
    weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    ended = np.array([True] * 9 + [False] * 12)
    hazard = posterior_hazard(
        np.array(weeks), ended, np.zeros(21, np.int64), np.zeros((1, 40)), strength=0.0
    )
    table = survival(hazard)[0, [6, 7, 10, 13, 16, 22, 23]]
    assert table == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)


def test_open_lines_are_not_forgotten() -> None:
    """Half came in five days; the other half is still open after thirty."""
    fast = delivered(5, count=20)
    slow = tuple(Order(placed=-30, promised=-23, order_id=f"W{n}") for n in range(25))
    assert median(learned(*fast)[1]) == 5
    assert median(learned(*fast, *slow)[1]) > 30


def test_requested_and_cancelled_lines_teach_nothing() -> None:
    wishes = tuple(
        Order(placed=-300, promised=None, status="requested", order_id=f"R{n}") for n in range(40)
    )
    assert np.array_equal(
        learned(*delivered(5, count=20))[1].total,
        learned(*delivered(5, count=20), *wishes)[1].total,
    )


def test_a_thin_record_leans_on_the_supplier() -> None:
    shelves = [
        shelf(orders=delivered(5, count=60), sku="MANY"),
        shelf(orders=delivered(25, count=4), sku="FEW"),
        shelf(orders=delivered(25, count=80), sku="PROVEN"),
    ]
    lead_times = fit_lead_times(panel_of(shelves), Options())
    group = lead_times.group_of(["NOVA"] * 3, ["MANY", "FEW", "PROVEN"])
    late = lead_times.still_open(group, np.full(3, np.nan), np.array([10]))[:, 0]
    assert late[0] < late[1] < late[2]


def test_the_ladder_names_what_a_lead_time_rests_on() -> None:
    _, lead_times = learned(*delivered(6, count=5))
    sources, skus = ["NOVA", "NOVA", "OTHER", "OTHER"], ["RETRO-CLOCK", "NEW", "NEW", "NEW"]
    master = np.array([np.nan, np.nan, 30.0, np.nan])
    group = lead_times.group_of(sources, skus)
    assert list(lead_times.basis(group, master)) == ["item", "supplier", "master", "all"]
    assert lead_times.median_days(group, master)[2] == pytest.approx(30, abs=2)
    nothing = fit_lead_times(panel_of([shelf()]), Options())
    group = nothing.group_of(["NOVA"], ["RETRO-CLOCK"])
    assert list(nothing.basis(group, NO_MASTER)) == ["default"]
    assert 10 <= nothing.median_days(group, NO_MASTER)[0] <= 18


def test_lateness_is_against_the_promise() -> None:
    """Everything came three days after its promise, whatever the promise."""
    past = tuple(
        Order(placed=-200 - n, promised=-180 - 2 * n, received=-177 - 2 * n, order_id=f"P{n}")
        for n in range(30)
    )
    panel, lead_times = learned(*past, Order(placed=-1, promised=4))
    chance = chances(panel, lead_times)[0]
    assert chance[5] < 0.1  # day 6
    assert chance[6] > 0.9  # day 7 = promise + 3


def test_an_overdue_line_cannot_have_come_in_the_past() -> None:
    """Late by six days of a supplier who is on time or ten days late: four days to go."""
    past = delivered(7, count=30) + delivered(17, count=10)
    panel, lead_times = learned(*past, Order(placed=-13, promised=-6))
    chance = chances(panel, lead_times)[0]
    assert chance[2] < 0.15
    assert chance[3] > 0.75


def recent(took: int | None, *, first: int = 0, count: int = 12) -> tuple[Order, ...]:
    """Orders of the last three weeks, promised within 7 days; None: they are still to come."""
    return tuple(
        Order(
            placed=-20 + number % 8,
            promised=-13 + number % 8,
            received=None if took is None else -20 + number % 8 + took,
            order_id=f"NEW-{first + number}",
            status="open" if took is None else "received",
        )
        for number in range(count)
    )


def test_a_supplier_that_has_become_slow_is_awaited_longer() -> None:
    """On time for months, nothing for three weeks; its next order is due in four days."""
    past, due = delivered(7, count=60), Order(placed=-3, promised=4)
    soon = [
        chances(*learned(*past, *lately, due))[-1, 6]
        for lately in ((), recent(7), recent(None, count=3), recent(None))
    ]
    assert soon[0] == pytest.approx(soon[1], abs=0.02)
    assert soon[1] > soon[2] > soon[3]
    lead_times = learned(*past, *recent(None), due)[1]
    ordered_now = lead_times.received_after(np.array([1]), NO_MASTER, Frequency.DAY, 14)
    record = replace(lead_times, pace=np.ones_like(lead_times.pace))
    assert lead_times.pace[1] < 0.6
    assert (ordered_now <= record.received_after(np.array([1]), NO_MASTER, Frequency.DAY, 14)).all()
    assert median(lead_times) == median(record)  # the record is told as it is


def test_the_pace_is_of_all_items_of_a_source_and_of_no_other() -> None:
    shelves = [
        shelf(orders=(*delivered(7, count=30), *recent(None)), sku="LATE"),
        shelf(orders=delivered(7, count=30), sku="SISTER"),
        shelf(orders=delivered(7, count=30, supplier="OTHER"), sku="APART"),
    ]
    lead_times = fit_lead_times(panel_of(shelves), Options())
    group = lead_times.group_of(["NOVA", "NOVA", "OTHER", "NEW"], ["LATE", "SISTER", "APART", ""])
    late, sister, apart, unknown = lead_times.pace[group]
    assert late == sister < 0.6
    assert apart == unknown == 1.0


def test_lines_of_one_order_and_what_was_never_promised_slow_nobody_down() -> None:
    past = delivered(7, count=60)
    apart = learned(*past, *recent(None))[1].pace[1]
    together = [replace(one, order_id="NEW", placed=-20, promised=-13) for one in recent(None)]
    assert learned(*past, *together)[1].pace[1] > 0.5 + apart / 2
    unpromised = [replace(one, promised=None) for one in recent(None)]
    assert learned(*past, *unpromised)[1].pace[1] == 1.0


def test_an_order_keyed_after_its_goods_came_says_nothing_of_the_pace() -> None:
    """Goods that were there before their order was written: nobody waited for them."""
    past, due = delivered(7, count=60), Order(placed=-3, promised=4)
    keyed = [replace(one, promised=one.placed - 4) for one in recent(-5, first=100, count=40)]
    panel, lead_times = learned(*past, *keyed, due)
    assert lead_times.pace[1] == pytest.approx(1.0, abs=1e-3)
    assert (chances(panel, lead_times) >= 0.0).all()
    assert learned(*past, *recent(None), *keyed, due)[1].pace[1] < 0.75


def test_a_fast_supplier_is_not_taken_for_faster_than_its_record() -> None:
    assert learned(*delivered(12, count=60), *recent(3))[1].pace[1] == 1.0


def test_a_forgotten_order_is_not_expected() -> None:
    panel, lead_times = learned(
        *delivered(7, count=60), Order(placed=-720, promised=-713, order_id="LOST")
    )
    assert chances(panel, lead_times)[0, -1] < 0.05


def test_short_shipments_come_short() -> None:
    short = delivered(7, count=60, units=40.0, units_received=30.0)
    _, lead_times = learned(*short)
    share = lead_times.shares[lead_times.group_of(["NOVA"], ["RETRO-CLOCK"])[0]]
    assert np.median(share) == pytest.approx(0.75)


def test_no_orders_at_all_is_fine() -> None:
    panel = panel_of([shelf()])
    lead_times = fit_lead_times(panel, Options())
    assert np.isfinite(lead_times.total).all()
    assert chances(panel, lead_times).shape == (0, 28)


@LAW
@given(
    took=st.lists(st.integers(1, 40), max_size=30),
    promise=st.integers(1, 50),
    later=st.integers(1, 30),
)
@example(took=[4] * 30 + [24] * 30, promise=3, later=9)  # ten days early or ten days late
def test_a_later_promise_never_gives_an_earlier_arrival(
    took: list[int], promise: int, later: int
) -> None:
    past = tuple(order for number in took for order in delivered(number, promised_in=14))
    orders = tuple(
        Order(placed=-1, promised=day, order_id=str(day)) for day in (promise, promise + later)
    )
    panel, lead_times = learned(*past, *orders)
    sooner, delayed = chances(panel, lead_times)
    assert (delayed <= sooner + 1e-12).all()
    assert (np.diff(sooner) >= -1e-12).all()
    assert ((sooner >= 0) & (sooner <= 1)).all()


def test_months_and_weeks_count_the_same_days() -> None:
    past = delivered(10, count=50)
    panel = panel_of([shelf(orders=past)])
    lead_times = fit_lead_times(panel, Options())
    group = lead_times.group_of(["NOVA"], ["RETRO-CLOCK"])
    by_week = lead_times.received_after(group, NO_MASTER, Frequency.WEEK, 4)[0]
    assert by_week[0] < 0.2  # within the week of the order
    assert by_week[1] > 0.8  # day 10 falls in the next one
    by_month = lead_times.received_after(group, NO_MASTER, Frequency.MONTH, 2)[0]
    assert by_month[0] > 0.8


def test_cancelled_lines_bring_nothing_and_were_open_until_then() -> None:
    """A third of this supplier's lines are given up; those of a transfer tell of its source."""
    given_up = tuple(
        Order(placed=-200 - n, promised=-190 - n, cancelled=-170 - n, order_id=f"C{n}")
        for n in range(30)
    )
    _, sure = learned(*delivered(7, count=60))
    _, lead_times = learned(*delivered(7, count=60), *given_up)
    group = lead_times.group_of(["NOVA"], ["RETRO-CLOCK"])
    assert (lead_times.shares[group[0]] == 0).mean() == pytest.approx(1 / 3, abs=0.05)
    assert median(lead_times) == median(sure) == 7
    late = lead_times.still_open(group, NO_MASTER, np.array([20]))
    assert late[0, 0] == pytest.approx(1 / 3, abs=0.05)
    sent = tuple(replace(one, supplier="", source_site="HUB") for one in given_up)
    assert np.array_equal(learned(*delivered(7, count=60), *sent)[1].total, sure.total)


def test_parts_still_to_come_are_awaited() -> None:
    """Ten of forty came: the order book holds the other thirty."""
    part = Order(units=40, promised=3, received=-2, units_received=10)
    history = panel_of([shelf(orders=(*delivered(7, count=20), part))])
    lines = history.order_history.copy()
    lines.loc[lines["order_id"] == "PO-1", "units_open"] = 30.0
    panel = replace(history, order_history=lines, orders=lines[lines["units_open"] > 0])
    supply = supply_of(panel, fit_lead_times(panel, Options()), np.array([2.0]), 28, Options())
    assert supply.lines.units.tolist() == [30.0]
    assert (fit_lead_times(panel, Options()).shares == 1.0).all()  # not ended: no short shipment


@LAW
@given(
    took=st.integers(1, 30),
    longer=st.integers(1, 20),
    lines=st.integers(0, 40),
    on_hand=st.integers(0, 40),
)
def test_a_longer_lead_time_never_lowers_the_risk(
    took: int, longer: int, lines: int, on_hand: int
) -> None:
    """Of an order placed today without a promise, from a supplier whose record is a longer one."""
    demand = np.random.default_rng(4).poisson(2.0, (1, 60, 28)).astype(np.float32)

    def no_order(days: int) -> float:
        past = delivered(days, promised_in=14, count=lines)
        order = Order(placed=0, promised=None)
        panel = panel_of([shelf(on_hand=on_hand, orders=(*past, order))])
        lead_times = fit_lead_times(panel, Options())
        supply = supply_of(panel, lead_times, np.array([2.0]), 28, Options())
        found = project(demand, supply, slice(0, 1), main=14, lost_share=1.0)
        return float(found.chance_no_order(28)[0])

    assert no_order(took + longer) >= no_order(took)
