"""A company made of copies, what a command costs, and how costs grow."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmarks.growth import growth
from benchmarks.resample import (
    Company,
    generated,
    resampled,
    shuffled_weeks,
    week_of,
    write_masters,
    write_sales,
)
from benchmarks.scale import promises, refuse_without_room
from benchmarks.steps import Cost, StepFailed, run

SATURDAY = np.datetime64("2011-01-29")


def company(days: int = 60) -> Company:
    """Sells on Saturdays; the second series since day 30."""
    units = np.zeros((2, days), dtype=np.int32)
    units[:, ::7] = 40
    units[1, :30] = 0
    series = pd.DataFrame({"site": ["A", "B"], "sku": ["X", "X"], "category": ["C", "C"]})
    return Company(units, series, SATURDAY)


def test_copies_are_alike_but_not_equal() -> None:
    made = resampled(company(), 7, 60, seed=1)
    assert made.units.shape == (7, 60)
    assert len(made.series.drop_duplicates(["site", "sku"])) == 7
    assert (made.units[:2] == company().units).all(), "the first are the source itself"
    assert len(np.unique(made.units[::2], axis=0)) == 4
    assert not made.units[:, np.arange(60) % 7 != 0].any(), "a Saturday's sale stays on Saturdays"
    total = made.units.sum(axis=1) / company().units.sum(axis=1)[[0, 1, 0, 1, 0, 1, 0]]
    assert ((total > 0.45) & (total < 2.1)).all()


def test_the_same_seed_makes_the_same_company() -> None:
    once, again, other = (resampled(company(), 5, 60, seed=seed).units for seed in (1, 1, 2))
    assert (once == again).all()
    assert (once != other).any()


def test_weeks_change_places_with_near_neighbours_only() -> None:
    week = week_of(SATURDAY, 100)
    taken = shuffled_weeks(week, np.random.default_rng(0))
    assert sorted(taken) == list(range(100))
    assert (taken != np.arange(100)).any()
    assert (np.abs(taken - np.arange(100)) <= 21).all()
    assert ((taken - np.arange(100)) % 7 == 0).all()
    assert (taken[week < 0] == np.arange(100)[week < 0]).all(), "cut weeks stay"


def test_a_generated_company_has_launches_and_many_zeros() -> None:
    made = generated(400, seed=1)
    assert made.units.min() == 0
    assert 0.3 < (made.units == 0).mean() < 0.9
    assert (np.cumsum(made.units, axis=1)[:, 60] == 0).any()


def test_the_file_holds_every_day_of_every_series(tmp_path: Path) -> None:
    made = company()
    assert write_sales(made, tmp_path / "sales.parquet") == 120
    rows = pq.read_table(tmp_path / "sales.parquet").to_pandas()
    table = rows.pivot(index=["site", "sku"], columns="date", values="units")
    assert (table.to_numpy() == made.units).all()
    assert rows["date"].is_monotonic_increasing
    files = write_masters(made, tmp_path)
    assert len(pd.read_csv(files["stock"])) == 2
    assert len(pd.read_csv(files["items"])) == 1


def test_a_command_is_charged_for_its_children_too() -> None:
    child = "b = bytearray(200_000_000); sum(range(3_000_000)); import time; time.sleep(0.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    cost = run([sys.executable, "-c", parent])
    assert cost.wall > 0.5
    assert cost.cpu > 0.05
    assert cost.peak > 200_000_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only copies of a process share its pages")
def test_memory_that_two_processes_share_counts_once() -> None:
    filled = "b = bytearray(200_000_000); import os, time; os.fork(); time.sleep(1.0)"
    assert 200_000_000 < run([sys.executable, "-c", filled]).peak < 1.9 * 200_000_000


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(StepFailed, match="exit code 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_growth_tells_a_line_from_a_square() -> None:
    sizes = [1000, 4000, 30000]
    assert growth(sizes, [2 * n for n in sizes]).power == pytest.approx(1.0)
    assert growth(sizes, [n**2 for n in sizes]).power == pytest.approx(2.0)
    line = growth(sizes, [5 + 0.01 * n for n in sizes])
    assert (line.fixed, line.each, line.r2) == pytest.approx((5, 0.01, 1))
    assert line.power < 1


def test_promises_break_where_a_figure_is_too_high() -> None:
    good = {"ingest": Cost(100, 90, 2**30), "train": Cost(900, 900, 2**30)}
    assert all(one.kept for one in promises(good, {"train": 1.02}, 0.3))
    bad = {"ingest": Cost(400, 90, 9 * 2**30), "publish": Cost(200, 200, 2**30)}
    assert not any(one.kept for one in promises(bad, {"train": 1.3}, 0.4))


def test_a_run_ends_before_it_fills_the_disk(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="GiB free"):
        refuse_without_room(tmp_path, 10**13)
