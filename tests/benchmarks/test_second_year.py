"""Forks of the demonstration's second year: one luck for all, and acts that do what they say."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from api.demo import happenings
from api.demo.deliveries import plan_deliveries
from api.demo.operations import Ledger
from api.demo.planner import hire_planner
from api.demo.steering import FASTEST, SteeredRun
from benchmarks.second_year import curve as lives
from benchmarks.second_year.__main__ import show
from benchmarks.second_year.acts import Action, Diary, Step, nobody
from benchmarks.second_year.erp import ByAlert
from benchmarks.second_year.measures import COSTS, measured
from benchmarks.second_year.product import ByVigistock
from benchmarks.second_year.seen import seen
from benchmarks.second_year.world import Fork, forked
from forecasting.options import Options
from forecasting.panel import Panel
from tests.demo.conftest import Played
from tests.demo.conftest import small as small  # the company of the demo's own tests
from tests.risk.warehouse import GivenForecast

FIRST = 120
USUAL_DAYS = 56


@pytest.fixture(scope="module")
def fork() -> Fork:
    return forked(sites=2, items=16, seed=3, days=200, first=FIRST, weeks=8)


@pytest.fixture(scope="module")
def alone(fork: Fork) -> Ledger:
    return fork.lived(nobody).ledger


def assert_same(one: Ledger, other: Ledger, items: Any = None) -> None:
    """In all there is, or in the days of some items."""
    for field in fields(Ledger):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            chosen = slice(None) if items is None else items
            np.testing.assert_array_equal(mine[..., chosen], theirs[..., chosen])
        elif isinstance(mine, pd.DataFrame) and items is None:
            pd.testing.assert_frame_equal(mine, theirs)


def lived(run: SteeredRun, fork: Fork) -> Ledger:
    for day in range(fork.day, fork.until):
        run.live(day)
    return run.ledger()


def of_supplier_without_minimum(fork: Fork) -> int:
    """An item whose order leaves the orders of others as they were."""
    company = fork.company
    free = [not one.minimum_order_value and not one.role for one in company.suppliers]
    on_sale = fork.run.on_sale[fork.day : fork.until, 0].all(axis=0)
    return int(np.flatnonzero(np.array(free)[company.supplier_of] & on_sale)[0])


def test_a_company_that_nobody_steers_writes_the_demonstrations_ledger(small: Played) -> None:
    company, demand = small.company, small.demand
    run = SteeredRun(company, demand, hire_planner(company, demand), plan_deliveries(company))
    for day in range(company.simulated):
        run.live(day)
    assert_same(run.ledger(), small.ledger)


def test_an_act_of_nothing_gives_the_same_ledger(fork: Fork, alone: Ledger) -> None:
    empty = Action("order", "", "", ())
    other = fork.lived(lambda _run, _day: [empty])
    assert_same(other.ledger, alone)
    assert not other.taken["actions"]
    assert other.mornings == 8


def test_what_is_done_for_one_item_leaves_the_luck_of_all_others(fork: Fork, alone: Ledger) -> None:
    item = of_supplier_without_minimum(fork)
    run = fork.copied()
    run.order(item, 500)
    ledger = lived(run, fork)
    others = np.delete(np.arange(len(fork.company.items)), item)
    assert_same(ledger, alone, others)
    assert (ledger.received[..., item] != alone.received[..., item]).any()


def test_an_order_placed_comes(fork: Fork, alone: Ledger) -> None:
    item = of_supplier_without_minimum(fork)
    run = fork.copied()
    run.order(item, 500)
    ledger = lived(run, fork)
    line = ledger.orders.query("k == @item and site == 0 and units == 500").iloc[0]
    first = ledger.orders.query("k == @item and site == 0 and ordered >= @fork.day").iloc[0]
    assert line["order"] == first["order"], "no other order that day takes its place"
    assert run.deliveries.takes_orders(int(line["supplier"]), int(line["ordered"]))
    mine = ledger.receipts.query("order == @line.order and line == @line.line")
    assert 0 < mine["units"].sum() <= 500
    assert (mine["day"] > line["ordered"]).all()
    assert ledger.physical[mine["day"].min(), 0, item] > alone.physical[mine["day"].min(), 0, item]


def open_order(fork: Fork) -> tuple[int, int]:
    """One that comes a week after the fork or later, and the day on which it does."""
    book = fork.run.book
    numbers = fork.run.ledger().orders.query("supplier >= 0")["order"].unique().tolist()
    days = {one: min(book.under_way(one), default=0) for one in numbers}
    return next((one, day) for one, day in days.items() if fork.day + 7 < day < fork.until)


def test_an_order_called_for_comes_earlier_if_its_supplier_can(fork: Fork, alone: Ledger) -> None:
    order, usual = open_order(fork)
    run = fork.copied()
    run.willing = 1.0
    assert run.call(order, fork.day)
    _, supplier, placed = run.book.placed(order)
    fastest = placed + FASTEST * (run.deliveries.promise(supplier, placed) - placed)
    came = lived(run, fork).receipts.query("order == @order and day >= @fork.day")["day"]
    assert max(fork.day, fastest) <= came.min() < usual
    assert alone.receipts.query("order == @order and day >= @fork.day")["day"].min() == usual


def test_a_call_of_no_use_changes_nothing_and_is_not_repeated(fork: Fork, alone: Ledger) -> None:
    order, _ = open_order(fork)
    run, diary = fork.copied(), Diary()
    run.willing = 0.0
    call = Action("expedite", "", "", (Step(0, 0, call=order, by=fork.day + 2),))
    diary.do(run, [call])
    diary.do(run, [call])
    assert diary.taken == {"actions": 1, "calls": 1, "transfers": 0, "counts": 0}
    assert_same(lived(run, fork), alone)


def test_goods_between_stores_leave_one_and_reach_the_other(fork: Fork, alone: Ledger) -> None:
    giver, taker = 1, 2
    item = int(fork.run.shelf[giver].argmax())
    run = fork.copied()
    run.give(giver, taker, item, 2)
    ledger = lived(run, fork)
    (sent,) = np.argwhere(ledger.given)
    assert sent[1:].tolist() == [giver, item]
    issued = ledger.sold - ledger.returned + ledger.given
    issued[:, 0] += ledger.transferred
    opening = np.concatenate([ledger.opening[None], ledger.on_hand[:-1]])
    balance = opening + ledger.received - issued + ledger.counted
    assert (ledger.on_hand == balance)[: fork.until].all()
    day = int(sent[0])
    frame = happenings.orders(replace(fork.company, days=day + 1), ledger)
    codes = [site.code for site in fork.company.sites]
    mine = frame[frame["source_site"] == codes[giver]]
    assert mine[["site", "supplier", "units_ordered"]].values.tolist() == [[codes[taker], "", 2]]
    sales = happenings.sales(replace(fork.company, days=day + 1), fork.demand, ledger)
    gone = sales[(sales["kind"] == "transfer") & (sales["site"] == codes[giver])]
    assert gone["units"].tolist() == [2]


def test_nothing_of_later_days_is_seen(fork: Fork, alone: Ledger) -> None:
    then = seen(fork.company, fork.demand, fork.run.ledger(), fork.day, Options())
    later = seen(fork.company, fork.demand, alone, fork.day, Options())
    assert then.orders == later.orders
    known, told = then.panel, later.panel
    assert known.origin_date == _date(fork, fork.day - 1)
    for name in ("units", "on_hand"):
        np.testing.assert_array_equal(getattr(known, name), getattr(told, name))
    for name in ("series", "stock", "orders", "policies", "events"):
        pd.testing.assert_frame_equal(getattr(known, name), getattr(told, name))


def _date(fork: Fork, day: int) -> Any:
    return fork.company.dates[day].astype(object)


class Usual:
    """Forecasts late demand; nothing to learn."""

    def forecast(self, panel: Panel) -> Any:
        usual = np.nan_to_num(np.nanmean(panel.units[:, -USUAL_DAYS:], axis=1)).clip(0)
        luck = np.random.default_rng(1)
        paths = luck.poisson(usual[:, None, None], (len(panel), 100, 28)).astype(np.float32)
        return GivenForecast(panel, paths)


def planner_of(budget: int, costs: Options = COSTS) -> ByVigistock:
    fitted: Any = Usual()
    return ByVigistock(fitted, None, costs).with_budget(budget)


def of_free_actions(budget: int) -> ByVigistock:
    """To whom no action is too dear."""
    return planner_of(budget, Options())


@pytest.mark.parametrize("who", [ByAlert, of_free_actions], ids=["the ERP's alert", "Vigistock"])
def test_a_buyer_takes_no_more_actions_than_the_budget(who: Any, fork: Fork) -> None:
    run = fork.copied()
    few, many = ([one.buyer for one in who(budget)(run, fork.day)] for budget in (1, 50))
    assert max(few.count(one) for one in few) == 1
    assert len(many) > len(few)
    assert_same(run.ledger(), fork.run.ledger())


def test_acting_on_the_list_moves_goods_and_is_paid_for(fork: Fork, alone: Ledger) -> None:
    short = replace(fork, until=fork.day + 14, mornings=(0,))
    before = measured(short, short.lived(nobody))
    lives = short.lived(planner_of(5))
    after = measured(short, lives)
    assert lives.taken["actions"] > 0
    assert after.actions == lives.taken["actions"] / 2
    paid = after.orders * 10 + after.calls * 30 + after.transfers * 5
    assert after.spent == pytest.approx(paid)
    assert after.money == pytest.approx(after.margin_lost + 0.2 * after.stock + paid)
    assert (after.lost, after.stock) != (before.lost, before.stock)


def test_without_orders_more_is_lost(fork: Fork, alone: Ledger) -> None:
    idle = fork.lived(nobody, orders_itself=False)
    orders = idle.ledger.orders.query("supplier >= 0 and ordered >= @fork.day")
    assert orders.empty
    assert measured(fork, idle).lost > measured(fork, fork.lived(nobody)).lost


def test_each_way_is_lived_once_and_shown_beside_the_others(
    fork: Fork, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lives, "learned", lambda *_: of_free_actions(1))
    found = lives.curve(replace(fork, until=fork.day + 7, mornings=(0,)), [1, 40, 50], 1, print)
    assert [who for who, _ in found] == [lives.NO_ORDERS, lives.ERP_ALONE] + [
        who for who in (lives.ALERT, lives.PRODUCT) for _ in range(3)
    ]
    assert found[lives.PRODUCT, 40] == found[lives.PRODUCT, 50]
    assert found[lives.PRODUCT, 1].actions < found[lives.PRODUCT, 50].actions
    show(found)
    told = capsys.readouterr().out
    assert "40 a morning, against ERP's alert: ruptures" in told


def test_a_shelf_that_is_counted_has_a_right_record(fork: Fork, alone: Ledger) -> None:
    day = fork.day
    wrong = np.argwhere(alone.on_hand[day - 1] != alone.physical[day - 1])
    site, item = next((s, k) for s, k in wrong.tolist() if fork.company.open[day][s])
    run = fork.copied()
    run.count(site, item)
    ledger = lived(run, fork)
    assert ledger.on_hand[day, site, item] == ledger.physical[day, site, item]
    others = np.delete(np.arange(len(fork.company.items)), item)
    assert_same(ledger, alone, others)
