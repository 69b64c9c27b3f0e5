"""What is computed together, on several cores, in part or once is what was computed one by one."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from forecasting import draws, engine
from forecasting.draws import packed
from forecasting.options import Options
from models import sources
from models.lead_time import fit_lead_times
from models.projection import project, supply_of, with_sources
from models.risk import assess, structure
from models.risk.way_out import reruns, weigh
from tests.risk.test_way_out import LATE, NOVA, PAST, PRICED, network, run
from tests.risk.warehouse import Order, Shelf, forecast_of, panel_of, shelf

OPTIONS = Options()


def warehouses() -> list[Shelf]:
    """Policies, habits, orders late and ahead, lots that expire, blocked and old stock, a hub."""
    hub, stores = network(hub_demand=9.0, stocks=[0.0, 5.0, 20.0])
    kinds: list[dict[str, Any]] = [
        {"on_hand": 4.0, "orders": (*PAST, LATE)},
        {"on_hand": 22.0, "orders": (*PAST, Order(promised=9)), "lots": ((3, 4.0),)},
        {"on_hand": 10.0, "orders": PAST, "policy": {"reorder_point": 8.0, "order_up_to": 30.0}},
        {"on_hand": 6.0, "orders": PAST, "blocked": 3.0, "stale_days": 2},
    ]
    alone = [
        shelf(site="LYON", sku=f"ITEM-{n:02}", demand=1.0 + n % 5, item=PRICED, **kinds[n % 4])
        for n in range(72)
    ]
    return sorted([hub, *stores, *alone], key=lambda one: (one.site, one.sku))


@pytest.fixture(scope="module")
def company() -> tuple[Any, Any]:
    shelves = warehouses()
    panel = panel_of(shelves, suppliers=[NOVA])
    return panel, forecast_of(panel, shelves)


def supply_in(company: tuple[Any, Any]) -> Any:
    panel, forecast = company
    mean = forecast.grains[panel.frequency].mean
    supply = supply_of(panel, fit_lead_times(panel, OPTIONS), mean.mean(axis=1), 28, OPTIONS)
    return with_sources(supply, forecast.draws(28), lost_share=0.5)


def test_a_part_is_the_part_of_the_whole(company: tuple[Any, Any]) -> None:
    _, forecast = company
    supply, rows = supply_in(company), np.array([5, 70, 5, 2, 33, 0])
    kept, drawn = np.unique(rows, return_inverse=True)
    times = np.array([1.0, 1.0, 1.3, 0.5, 2.0, 1.0], dtype=np.float32)
    demand = forecast.paths(kept, 28)
    part = project(
        *(demand, supply, rows),
        **{"main": 14, "lost_share": 0.5, "reach": 14, "shelves": False},
        drawn=drawn,
        times=times,
    )
    for place, (row, more) in enumerate(zip(rows.tolist(), times, strict=True)):
        alone = forecast.paths(slice(row, row + 1), 28) * more
        whole = project(alone, supply, slice(row, row + 1), main=14, lost_share=0.5)
        for name in ("unmet", "arrivals", "on_hand", "first_out"):
            told = part.means[name][place]
            np.testing.assert_array_equal(told[:14], whole.means[name][0, :14], err_msg=name)
            assert not told[14:].any()
        soon = whole.out_at[0] < 14
        np.testing.assert_array_equal(part.out_at[place], np.where(soon, whole.out_at[0], np.nan))
    assert part.means["unmet"].any()
    assert part.on_hand.shape[0] == 0


def test_threads_change_nothing(company: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    panel, forecast = company
    supply, demand = supply_in(company), forecast.paths(slice(None), 28)
    told = []
    for cores in (1, 2):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        told.append(project(demand, supply, slice(None), main=14, lost_share=0.5))
    assert len(panel) >= 2 * engine.LEAST_ROWS
    for name, values in told[0].means.items():
        np.testing.assert_array_equal(values, told[1].means[name])
    for name in ("on_hand", "out_at", "back_at", "before_receipt", "weights"):
        np.testing.assert_array_equal(getattr(told[0], name), getattr(told[1], name))


def test_an_assessment_is_that_of_reruns_one_by_one_and_whole(
    company: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = run(*company)
    plainly = project

    def whole(*given: Any, reach: Any = None, shelves: bool = True, **more: Any) -> Any:
        return plainly(*given, **more)

    monkeypatch.setattr(reruns, "project", whole)
    for module in (structure, reruns, sources):
        monkeypatch.setattr(module, "BLOCK", 1)
    monkeypatch.setattr(draws, "MOST_KEPT", 0)
    monkeypatch.setattr(engine, "LEAST_ROWS", 10**9)
    plain = run(*company)
    assert (quick.warnings["actions"] != "").sum() > 20
    assert {"order", "expedite"} <= set(quick.options["code"])
    for name in ("warnings", "projection", "options", "groups"):
        pd.testing.assert_frame_equal(getattr(quick, name), getattr(plain, name))


def test_nobody_holds_the_stock_of_every_path(company: tuple[Any, Any]) -> None:
    """A view of nothing would hold the array that it was cut from."""
    panel, forecast = company
    lead_times = fit_lead_times(panel, OPTIONS)
    made = structure.Structure.of(panel, forecast, lead_times, OPTIONS, horizon=28)
    assert len(made.blocks)
    assert all(block.on_hand.base is None for _, block in made.blocks)


@pytest.mark.parametrize("way_out", ["whole", "actions"])
def test_processes_change_nothing(
    company: tuple[Any, Any], way_out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, forecast = company
    lead_times = fit_lead_times(panel, OPTIONS)
    monkeypatch.setattr(weigh, "LEAST_APART", 1)
    told, copied = [], []

    def in_copies(jobs: list[Any]) -> list[Any]:
        copied.append(len(jobs))
        return engine.in_copies(jobs)

    monkeypatch.setattr(weigh, "in_copies", in_copies)
    for cores in (1, 2, 3):
        monkeypatch.setattr(engine, "usable_cores", lambda cores=cores: cores)
        told.append(assess(panel, forecast, lead_times, OPTIONS, way_out=way_out))
    assert {1, 2, 3} <= set(copied)
    assert (told[0].warnings["actions"] != "").sum() > 20
    for other in told[1:]:
        for name in ("warnings", "projection", "options", "groups"):
            pd.testing.assert_frame_equal(getattr(other, name), getattr(told[0], name))


def test_actions_alone_are_those_of_the_whole(company: tuple[Any, Any]) -> None:
    """What is not asked for them changes neither whom to ask, for what, nor until when."""
    panel, forecast = company
    for options in (OPTIONS, Options(order_cost=4.0, holding_rate=0.2, expedite_cost=30.0)):
        lead_times = fit_lead_times(panel, options)
        whole = assess(panel, forecast, lead_times, options)
        alone = assess(panel, forecast, lead_times, options, way_out="actions")
        told, said = (
            [
                [{key: one[key] for key in one if key != "residual_probability"} for one in row]
                for row in map(json.loads, made.warnings["actions"].replace("", "[]"))
            ]
            for made in (whole, alone)
        )
        assert said == told
        assert len({one["code"] for row in said for one in row}) >= 3
        assert any("at_site" in one for row in said for one in row)
        assert alone.groups.empty
        assert (alone.warnings["causes"] == "").all()
        for name in ("probability", "stockout_on", "units_short", "value_at_risk", "state"):
            pd.testing.assert_series_equal(alone.warnings[name], whole.warnings[name])
        pd.testing.assert_frame_equal(alone.projection, whole.projection)


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        ([0.0, 7.0, 255.0], "uint8"),
        ([0.0, 256.0], "uint16"),
        ([1.0, 70_000.0], "float32"),
        ([0.5, 3.0], "float32"),
        ([-1.0, 3.0], "float32"),
        ([np.nan, 3.0], "float32"),
    ],
    ids=["small counts", "counts", "large counts", "shares of a unit", "returns", "unknown"],
)
def test_paths_are_kept_small_and_exact(paths: list[float], kind: str) -> None:
    drawn = np.array([paths], dtype=np.float32)
    kept = packed(drawn)
    assert kept.dtype == kind
    np.testing.assert_array_equal(kept.astype(np.float32), drawn)
    assert not np.shares_memory(kept, drawn), "a block is not held by one of its series"


def test_paths_are_the_same_however_many_are_kept(
    company: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, forecast = company
    one = forecast.paths(slice(0, 1), 28).nbytes
    monkeypatch.setattr(draws, "MOST_KEPT", 2 * one)
    drawn = forecast.draws(28)
    drawn(np.array([7, 3]))
    for rows in ([3], [3, 4, 7], [9, 8], [7, 9]):
        asked = np.array(rows)
        np.testing.assert_array_equal(drawn(asked), forecast.paths(asked, 28))
    assert [rows.tolist() for rows, _ in drawn.ahead([np.array([1]), np.array([3, 5])])] == [
        [1],
        [3, 5],
    ]


@pytest.mark.parametrize("links", [0, 4, 9, 30])
def test_circles_are_strongly_connected_components(links: int) -> None:
    luck, count = np.random.default_rng(links), 12
    for _ in range(20):
        takers, givers = luck.integers(0, count, links), luck.integers(0, count, links)
        told = sources._circles(takers, givers, count)
        graph = coo_array((np.ones(links), (takers, givers)), shape=(count, count))
        _, parts = connected_components(graph, directed=True, connection="strong")
        np.testing.assert_array_equal(
            told[:, None] == told[None, :], parts[:, None] == parts[None, :]
        )
