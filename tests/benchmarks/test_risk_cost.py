"""Ruptures at equal stock: forks of one shop, told apart by what triggers their orders alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import risk_cost
from benchmarks.risk import fork
from benchmarks.risk.fork import measured
from benchmarks.risk.simulator.demand import made_up_demand
from benchmarks.risk.simulator.planner import Morning
from benchmarks.risk.simulator.world import World, world_of
from benchmarks.risk.triggers import RULES, Lots, by_cover, by_reorder_point


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(made_up_demand(30, 200), 2)


def morning_of(world: World, more: int = 0) -> Morning:
    on_hand = world.run.recorded[:, 149] + more
    return Morning(150, on_hand, on_hand, world.run.sold)


def test_rules_order_below_their_level_and_more_stock_never_triggers(world: World) -> None:
    habits, morning = world.planners.habits, morning_of(world)
    mean = world.run.sold[:, 94:150].mean(axis=1)
    assert (
        by_cover(habits, 4.0)(morning) == (morning.position <= mean * (habits.span_days + 4))
    ).all()
    assert (by_reorder_point(habits, 0.0)(morning) == by_cover(habits, 0.0)(morning)).all()
    for rule in RULES.values():
        due = rule(habits, 1.0)
        assert due(morning).any()
        assert not (due(morning_of(world, 1)) & ~due(morning)).any()
    kept = RULES["reorder point"](habits, 1.0)
    first = kept(morning)
    quiet = dataclasses.replace(morning, day=180, sold=np.zeros((30, 300), int))
    assert (kept(quiet) == first).all(), "a master is as old as its last revision"
    assert not kept(dataclasses.replace(quiet, day=260, position=morning.position + 1)).any()


def test_a_lot_is_whole_packs_that_last_until_the_next_review(world: World) -> None:
    habits, morning = world.planners.habits, morning_of(world)
    due = by_cover(habits, 4.0)
    wished = Lots(habits, due).wishes(morning)
    assert ((wished > 0) == due(morning)).all()
    assert (wished % habits.pack == 0).all()
    mean = world.run.sold[:, 94:150].mean(axis=1)
    assert (wished >= habits.gap_days * mean)[due(morning)].all()


def test_figures_of_a_fork_by_hand(world: World) -> None:
    run = world.run
    stock, ruptures, days_out, lost = measured(run, 100)
    price = run.demand.series["unit_price"].to_numpy()
    assert stock == pytest.approx((run.physical[:, 100:] * price[:, None]).sum() / 100)
    begun = sum(
        int(run.physical[row, day] == 0 and run.physical[row, day - 1] > 0)
        for row in range(30)
        for day in range(100, 200)
    )
    assert ruptures == pytest.approx(begun / 30 / 100 * 365)
    assert days_out == pytest.approx((run.physical[:, 100:] == 0).mean() * 365)
    wanted = dataclasses.replace(run, sold=run.demand.units)
    assert measured(wanted, 100)[3] == 0 < lost < 1


def test_curves_are_compared_where_they_overlap() -> None:
    stock = [100.0, 200.0, 400.0]
    rows = [("days of cover", s, 1000.0 / s) for s in stock]
    rows += [(risk_cost.PRODUCT, s, 500.0 / s) for s in (200.0, 400.0, 800.0)]
    table = pd.DataFrame(rows, columns=["trigger", "stock", "ruptures"])
    found = risk_cost.at_equal_stock(table, "days of cover", "ruptures")
    assert found.index[[0, -1]].tolist() == [200.0, 400.0]
    assert found.to_numpy() == pytest.approx(-0.5)


def test_forks_meet_the_same_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = {"days of cover": (0.0, 2.0, 0.0), risk_cost.PRODUCT: (0.5, 0.02)}
    monkeypatch.setattr(risk_cost, "SWEEP", sweep)
    monkeypatch.setattr(fork, "FORKED_DAYS", 56)
    demand = made_up_demand(12, 400)
    found = risk_cost.curves(demand, 3, lambda words: None)
    stock = found["stock"].to_numpy()
    pd.testing.assert_series_equal(found.iloc[0], found.iloc[2], check_names=False)
    assert stock[1] > stock[0]
    assert stock[4] > stock[3], "who tolerates less risk holds more"
    assert np.isfinite(found[list(fork.MEASURED)].to_numpy()).all()


def test_missing_data_is_said_loudly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert risk_cost.main(["--dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("SKIPPED")
