"""The simulated inventory: nothing appears or vanishes, and the product sees the record only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.risk.company import Company
from benchmarks.risk.rules import BALANCE, COVER, promised, rules
from benchmarks.risk.simulator.demand import made_up_demand
from benchmarks.risk.simulator.feeds import write_feeds
from benchmarks.risk.simulator.suppliers import NEVER, luck_of, weekdays
from benchmarks.risk.simulator.world import World, world_of
from models.pipelines.steps import open_record, panel_as_of, silent

DAYS = 430
ORIGIN = 400


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(made_up_demand(60, DAYS), 3)


def test_a_world_is_a_pure_function_of_demand_and_seed(world: World) -> None:
    demand = made_up_demand(60, DAYS)
    wanted = demand.units.copy()
    again, other = world_of(demand, 3), world_of(demand, 4)
    assert (demand.units == wanted).all()
    for name in ("sold", "received", "lost", "counted", "recorded", "physical"):
        same, another = getattr(again.run, name), getattr(other.run, name)
        assert (same == getattr(world.run, name)).all()
        assert (another != same).any()
    pd.testing.assert_frame_equal(again.run.lines, world.run.lines)
    pd.testing.assert_frame_equal(again.run.receipts, world.run.receipts)


def test_units_are_conserved_on_the_shelf_and_in_the_record(world: World) -> None:
    run = world.run
    begun = np.where(run.stocked, run.opening[:, None], 0)
    booked = run.received.cumsum(axis=1) - run.sold.cumsum(axis=1)
    assert (begun + booked - run.lost.cumsum(axis=1) == run.physical).all()
    assert (begun + booked + run.counted.cumsum(axis=1) == run.recorded).all()
    assert run.received.sum() == run.receipts["units"].sum()
    assert run.lost.sum() > -run.counted.sum() > 0, "not all that is lost has been found out"


def test_nobody_buys_what_is_not_there_and_losses_are_unbooked(world: World) -> None:
    run = world.run
    before = run.physical + run.sold + run.lost
    assert (run.sold == np.minimum(np.where(run.stocked, run.demand.units, 0), before)).all()
    assert (run.sold < run.demand.units).any(), "some sales are lost"
    assert (run.physical >= 0).all()
    assert (run.recorded >= run.physical).all()
    assert ((run.physical == 0) & (run.recorded > 0)).any(), "phantom stock"
    assert (run.recorded == run.physical)[run.counted != 0].all()


def test_order_lines_end_as_they_are_told_to(world: World) -> None:
    run = world.run
    lines = run.lines
    came = run.receipts.groupby("line").agg(units=("units", "sum"), last=("day", "max"))
    came = came.reindex(range(len(lines)))
    assert (came["units"].fillna(0) <= lines["units"]).all()
    cancelled = lines["cancelled"] < NEVER
    assert came.loc[cancelled, "units"].isna().all()
    over = ~cancelled & (lines["ended"] < DAYS)
    assert (came.loc[over, "last"] == lines.loc[over, "ended"]).all()
    short = came.loc[over, "units"] < lines.loc[over, "units"]
    assert 0.005 < short.mean() < 0.15
    assert 0.002 < cancelled.mean() < 0.05
    first = run.receipts.groupby("line")["day"].min()
    assert 0.05 < (first > lines["promised"].reindex(first.index)).mean() < 0.25, "late"


def test_orders_and_goods_keep_to_working_days(world: World) -> None:
    run, suppliers = world.run, world.suppliers
    weekday = weekdays(run.demand.dates)
    supplier = suppliers.of_series[run.lines["row"]]
    day = run.lines["day"].to_numpy()
    for one in range(len(suppliers.order_days)):
        assert set(weekday[day[supplier == one]]) <= set(suppliers.order_days[one])
    assert not suppliers.closed[supplier, day].any()
    came = run.receipts
    sent_by = supplier[came["line"]]
    first = came.groupby("line")["day"].transform("min") == came["day"]
    assert not suppliers.closed[sent_by, came["day"]][first].any()
    assert (weekday[came["day"]][first] < 6).all(), "nothing comes in on a Sunday"


def test_two_policies_meet_the_same_luck() -> None:
    demand = made_up_demand(12, 200)
    world = world_of(demand, 5)
    one, other = (luck_of(demand, world.suppliers, 5) for _ in range(2))
    for name in ("arrives", "share", "lost", "knocked", "cancelled_after"):
        assert (getattr(one, name) == getattr(other, name)).all()


def test_the_product_sees_the_record_as_it_was(world: World, tmp_path: Path) -> None:
    run = world.run
    company = Company(tmp_path / "workspace", write_feeds(world, tmp_path))
    with open_record(company.workspace) as record:
        _, panel = panel_as_of(record, company.workspace, run.demand.dates[ORIGIN].item(), silent)
    place = pd.MultiIndex.from_frame(panel.series[["site", "sku"]]).get_indexer(
        pd.MultiIndex.from_frame(run.demand.series[["site", "sku"]])
    )
    assert (place >= 0).all()
    assert (panel.stock["on_hand"].to_numpy()[place] == run.recorded[:, ORIGIN]).all()
    assert (np.nan_to_num(panel.units)[place].sum(axis=1) == run.sold[:, : ORIGIN + 1].sum(1)).all()
    due = promised(world, ORIGIN, 14)
    days = (panel.orders["promised_on"] - pd.Timestamp(panel.origin_date)).dt.days
    step = np.clip(days - 1, 0, 14)
    seen = np.zeros((len(panel), 15))
    np.add.at(seen, (panel.orders["series"], step), panel.orders["units_open"])
    assert (seen[place] == due).all()
    assert due.sum() > 0
    told = world.planners.masters()
    now = told[told["day"] <= ORIGIN].groupby("row").last(skipna=False)
    seen_levels = panel.policies.iloc[place]["reorder_point"].to_numpy()
    assert np.array_equal(seen_levels, now["reorder_point"].to_numpy(), equal_nan=True)
    assert np.isnan(seen_levels).tolist() == world.planners.habits.by_cover.tolist()
    assert (told["day"] > ORIGIN).any(), "some levels are of later"


def test_rules_of_an_erp(world: World) -> None:
    found = rules(world, ORIGIN, 14)
    mean = np.maximum(world.run.sold[:, ORIGIN - 27 : ORIGIN + 1].mean(axis=1), 1 / 365)
    assert found[COVER].to_numpy() == pytest.approx(-world.run.recorded[:, ORIGIN] / mean)
    nothing_due = promised(world, ORIGIN, 14)[:, :-1].sum(axis=1) == 0
    ahead = 14 - world.run.recorded[:, ORIGIN] / mean
    assert found[BALANCE][nothing_due].to_numpy() == pytest.approx(ahead[nothing_due])
