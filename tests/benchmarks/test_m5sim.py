"""Warnings judged in a simulated inventory: lead times, promises, a small company's whole way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.risk import __main__ as command
from benchmarks.risk import m5sim
from benchmarks.risk import replay as replayed
from benchmarks.risk.lead import lead_days, ruptures, threshold_at
from benchmarks.risk.replay import FINAL, HORIZON, STRUCTURAL, Replay, Timeline, base_rate
from benchmarks.risk.rules import COVER, rules
from benchmarks.risk.simulator.demand import made_up_demand
from benchmarks.risk.simulator.world import World, world_of
from benchmarks.risk.worlds import Lived, Worlds

DAYS = 430


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(made_up_demand(120, DAYS), 2)


def heard(world: World, final: float, structural: float) -> Replay:
    """What would have been said with so much of the truth in the chances, and none by luck."""
    timeline, luck = Timeline.of(world), np.random.default_rng(1)
    said = []
    for day in np.union1d(timeline.scored, timeline.dense):
        event = world.ruptures(day, HORIZON)
        noise = luck.random(len(event))
        frame = rules(world, int(day), HORIZON).assign(row=np.arange(len(event)), origin=day)
        frame["in_stock"], frame["event"] = world.in_stock(int(day)), event
        frame["event_recorded"] = world.ruptures(int(day), HORIZON, recorded=True)
        frame["ladder"] = "structural"
        for name, share in ((FINAL, final), (STRUCTURAL, structural)):
            frame[name] = share * event + (1 - share) * noise
        said.append(frame)
    return Replay(pd.concat(said, ignore_index=True), base_rate(world, timeline.learned), timeline)


def test_promises_follow_the_figures(world: World) -> None:
    good = Worlds({1: Lived(world, heard(world, 1.0, 0.3))}, [heard(world, 1.0, 0.3)])
    assert [one.kept for one in good.promises()][:3] == [True, True, True]
    assert good.promises()[4].kept
    bad = Worlds({1: Lived(world, heard(world, 0.0, 0.3))}, [heard(world, 0.0, 0.3)])
    assert [one.kept for one in bad.promises()] == [False] * 5
    assert good.value(FINAL, "AP") == pytest.approx(1.0)
    assert good.gain(COVER) == pytest.approx(1.0 - good.value(COVER, "AP"))
    low, high = good.interval_of_gain(STRUCTURAL)
    assert low < good.gain(STRUCTURAL) < high


def test_without_a_learned_part_nothing_is_gained(world: World) -> None:
    same = Worlds({1: Lived(world, heard(world, 0.3, 0.3))})
    same.lived[1].replay.said[FINAL] = same.lived[1].replay.said[STRUCTURAL]
    assert same.gain(STRUCTURAL) == 0
    assert same.interval_of_gain(STRUCTURAL) == (0, 0)
    assert not same.promises()[1].kept


def test_only_rows_in_stock_two_weeks_apart_are_scored(world: World) -> None:
    rows = heard(world, 0.5, 0.5).scored
    assert rows["in_stock"].all()
    assert set(np.diff(np.unique(rows["origin"]))) == {14}
    for row, origin, event in rows[["row", "origin", "event"]].sample(50, random_state=1).values:
        assert world.run.recorded[row, origin] > 0
        assert event == (world.run.physical[row, origin + 1 : origin + 15] == 0).any()


def test_a_warning_counts_only_if_it_is_alive_on_the_eve() -> None:
    origins = np.array([10, 12, 14, 16])
    warned = np.array([[True, False, True, True], [True, True, False, True]])
    broken = np.array([[0, 17], [0, 16], [0, 14], [0, 10], [1, 13], [1, 15], [1, 18]])
    assert lead_days(warned, origins, broken).tolist() == [3, 2, 0, 0, 3, 0, 2]


def test_a_rupture_is_the_first_day_out_after_days_in_stock() -> None:
    out = np.array([[0, 0, 0, 1, 1, 0, 1, 0, 0, 1]], bool)
    assert ruptures(out, 3, 9).tolist() == [[0, 3], [0, 6], [0, 9]]
    assert ruptures(out, 4, 8).tolist() == [[0, 6]]
    assert ruptures(out, 3, 9, after=2).tolist() == [[0, 3], [0, 9]]


def test_the_threshold_is_the_lowest_with_enough_precision() -> None:
    event = np.array([True, False, True, False, False])
    assert threshold_at(event, np.array([0.9, 0.8, 0.7, 0.6, 0.5]), 0.5) == 0.6
    assert threshold_at(event, np.array([0.9, 0.9, 0.7, 0.6, 0.5]), 0.6) == 0.7
    assert threshold_at(~event, np.full(5, 0.5), 0.7) == np.inf


def test_a_small_company_lives_through_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(replayed, "ORIGINS", 2)
    monkeypatch.setattr(replayed, "DENSE_DAYS", 2)
    monkeypatch.setattr(m5sim, "SMALL_SAMPLES", 1)
    kept = m5sim.judge(made_up_demand(16, 330), [3], 14, print)
    told = capsys.readouterr().out
    assert "seed 3: 14 series" in told
    for method in ("reorder point", "MRP projected", "days of cover", "structural alone"):
        assert told.count(f"\n{method}") == 1
    promised = told.partition("must show")[2].strip().splitlines()
    assert len(promised) == 5
    assert kept == (not any("NO " in line for line in promised))


@pytest.mark.parametrize("without", [[], ["policies"]])
def test_a_feed_that_is_not_kept_is_not_sent(
    world: World, without: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[set[str]] = []

    def company(folder: Path, files: dict[str, Path]) -> None:
        sent.append(set(files))
        raise InterruptedError

    monkeypatch.setattr(replayed, "Company", company)
    with pytest.raises(InterruptedError):
        replayed.replay(world, without=without)
    assert {"orders", "receipts", "stock"} <= sent[0]
    assert ("policies" in sent[0]) == (not without)


def test_wrong_options_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert command.main(["--data", "m5sim", "--dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("SKIPPED")
    with pytest.raises(SystemExit, match="2"):
        command.main(["--data", "usaid", "--without", "policies"])
    assert "--without is of m5sim" in capsys.readouterr().err
    for given, words in ((["--series", "0"], "at least 1"), (["--predictions", "x"], "not of m5")):
        with pytest.raises(SystemExit, match="2"):
            command.main(["--data", "m5sim", *given])
        assert words in capsys.readouterr().err
