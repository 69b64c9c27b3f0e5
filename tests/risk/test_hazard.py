"""The learned hazard: what it may see, what it must find, and that every figure follows it."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from benchmarks.rows import TableRows
from forecasting.calendar import Frequency, to_period
from forecasting.options import Options
from forecasting.panel import Panel, build_panel
from forecasting.stockout import closed_out
from models.lead_time import fit_lead_times
from models.risk import assess
from models.risk.features import period_features, series_features
from models.risk.hazard import (
    BOUNDS,
    Lessons,
    RuptureHazard,
    chance,
    log_odds,
    mixed,
    reach_of,
    spans_of,
)
from models.risk.past import as_found, lessons_of, origins_of
from models.risk.structure import Structure
from models.risk_parameters import BadRiskBundle
from tests.risk.warehouse import forecast_of, panel_of, shelf

FIRST = dt.date(2026, 1, 5)
DAYS, SERIES, LEARNED = 77, 80, 66
NEXT_DAY = Options(horizons=(1,))


class NoDemand:
    """Where nobody states a quantity, no forecast is asked for."""

    def before(self, _origin: int) -> NoDemand:
        return self


def statuses(seed: int = 3) -> np.ndarray:
    """[series, days] availability: each shelf is empty on most days of one weekday, seldom else."""
    luck = np.random.default_rng(seed)
    weekday = (np.arange(DAYS)[None, :] + np.arange(SERIES)[:, None]) % 7
    return np.where(luck.random((SERIES, DAYS)) < np.where(weekday == 0, 0.8, 0.03), 0.1, 1.0)


def rows_of(availability: np.ndarray) -> TableRows:
    dates = [FIRST + dt.timedelta(days=day) for day in range(DAYS)]
    keys = {
        "date": pa.array(dates * SERIES, pa.date32()),
        "site": [f"S{row % 4}" for row in range(SERIES) for _ in dates],
        "sku": [f"K{row // 4:02}" for row in range(SERIES) for _ in dates],
    }
    units = np.where(availability > 0.5, 3.0, 1.0).ravel()
    sales = pa.table({**keys, "units": units})
    return TableRows(
        {"sales": sales, "stock": pa.table({**keys, "availability": availability.ravel()})}
    )


def origin(day: int) -> int:
    return int(to_period(FIRST, Frequency.DAY)) + day


def taught(availability: np.ndarray) -> tuple[Panel, Lessons]:
    source = rows_of(availability)
    panel = build_panel(source, origin(LEARNED), NEXT_DAY)
    demand: Any = NoDemand()
    lessons = lessons_of(source, panel, demand, NEXT_DAY, lambda _words: None)
    assert lessons is not None
    return panel, lessons


@cache
def usual() -> tuple[Panel, Lessons]:
    """Rehearsed once for all; nobody changes what is in it."""
    return taught(statuses())


@cache
def learned() -> tuple[Lessons, RuptureHazard]:
    _, lessons = usual()
    hazard = RuptureHazard.learn(lessons, seed=1)
    assert hazard is not None
    return lessons, hazard


def first_out(hazard: RuptureHazard | None, panel: Panel, options: Options) -> np.ndarray:
    lead_times = fit_lead_times(panel, options)
    structure = Structure.of(panel, None, lead_times, options, horizon=28)
    known = structure.known(panel, lead_times, reach_of(options))
    return known.first if hazard is None else hazard.first_out(panel, known, options)


def test_it_finds_what_the_structure_cannot_know_on_days_it_never_saw() -> None:
    _, hazard = learned()
    source = rows_of(statuses())
    said: dict[str, list[np.ndarray]] = {"learned": [], "status": [], "event": []}
    panels = [build_panel(source, origin(day), NEXT_DAY) for day in range(LEARNED, DAYS)]
    for panel, after in itertools.pairwise(panels):
        said["learned"].append(first_out(hazard, panel, NEXT_DAY)[:, 0])
        said["status"].append(first_out(None, panel, NEXT_DAY)[:, 0])
        said["event"].append(closed_out(after, NEXT_DAY)[:, -1])
    event, ours, theirs = (np.concatenate(said[name]) for name in ("event", "learned", "status"))
    assert average_precision_score(event, ours) > average_precision_score(event, theirs) + 0.3
    assert abs(ours.mean() - event.mean()) < 0.03


def test_features_of_an_origin_see_nothing_later() -> None:
    """Every status after an origin turned over: its labels change, its features do not."""
    day = LEARNED - 10
    turned = statuses()
    turned[:, day + 1 :] = 1.1 - turned[:, day + 1 :]
    (_, before), (_, after) = usual(), taught(turned)
    ours, theirs = before.origin == origin(day), after.origin == origin(day)
    assert ours.sum() == SERIES
    pd.testing.assert_frame_equal(
        before.features[ours].reset_index(drop=True), after.features[theirs].reset_index(drop=True)
    )
    assert (before.event[ours] != after.event[theirs]).all()


def test_odd_records_make_no_infinite_feature() -> None:
    shelves = [
        shelf(on_hand=1e15, demand=0.0, past_units=(-1.0,) * 30),
        shelf(on_hand=-5.0, demand=1e9, past_units=(1e15, 0.0)),
        shelf(on_hand=np.nan, availability=(0.0,)),
    ]
    options = Options()
    panel = panel_of(shelves, options)
    forecast: Any = forecast_of(panel, shelves)
    lead_times = fit_lead_times(panel, options)
    structure = Structure.of(panel, forecast, lead_times, options, horizon=28)
    known = structure.known(panel, lead_times, 28)
    for features in (series_features(panel, known), period_features(panel, known, 7, 14)):
        assert not np.isinf(features.to_numpy()).any()


def test_lessons_end_where_the_panel_does() -> None:
    panel, lessons = usual()
    assert (lessons.origin + lessons.end).max() == panel.origin
    assert lessons.origin.min() == origins_of(panel, NEXT_DAY)[0][0]


def test_a_version_comes_back_from_its_files(tmp_path) -> None:
    lessons, hazard = learned()
    hazard.to_files(tmp_path)
    again = RuptureHazard.from_files(tmp_path)
    assert again is not None
    np.testing.assert_array_equal(again.trees(lessons.features), hazard.trees(lessons.features))
    assert (again.shares, again.facts) == (hazard.shares, hazard.facts)
    assert again.ensemble.calibration == hazard.ensemble.calibration
    said = RuptureHazard.told_of(tmp_path)
    assert said["share in stock"] == hazard.shares[0]
    assert said["held out in stock loss mixed"] <= said["held out in stock loss structural"]


@pytest.mark.parametrize("name", ["hazard.json", "hazard_0.booster"])
def test_damaged_files_are_refused(tmp_path, name: str) -> None:
    learned()[1].to_files(tmp_path)
    (tmp_path / name).write_bytes(b"tree\nno such thing")
    with pytest.raises(BadRiskBundle):
        RuptureHazard.from_files(tmp_path)


def test_without_files_there_is_no_learned_part(tmp_path) -> None:
    assert RuptureHazard.from_files(tmp_path) is None
    assert RuptureHazard.told_of(tmp_path) == {}


def counted_shelf(
    frequency: Frequency = Frequency.DAY, *, units: list[float], on_hand: list[float], lost: float
) -> Any:
    """Two series alike; of the first a count in the fourth period corrects what was lost."""
    first = origin(0) if frequency is Frequency.DAY else int(to_period(FIRST, frequency))
    day = pd.Timestamp(FIRST) + (
        pd.Timedelta(days=3) if frequency is Frequency.DAY else pd.DateOffset(months=3)
    )
    return SimpleNamespace(
        units=np.array([units] * 2),
        on_hand=np.array([on_hand] * 2),
        blocked=np.full((2, len(units)), np.nan),
        start=first,
        frequency=frequency,
        corrections=pd.DataFrame({"series": [0], "date": [day], "units": [-lost]}),
    )


def test_a_count_that_found_nothing_tells_that_the_shelf_had_been_empty() -> None:
    panel = counted_shelf(units=[2, 1, 0, 0, 0], on_hand=[7, 6, 6, 0, 0], lost=6)
    closes = np.array([[0.0, 0.0, 0.0, 1.0, 1.0]] * 2)
    assert as_found(panel, closes).tolist() == [[0.0, 1.0, 1.0, 1.0, 1.0], closes[1].tolist()]


def test_a_count_that_found_less_tells_it_too_where_a_delivery_came_between() -> None:
    panel = counted_shelf(units=[3, 0, 0, 2, 0], on_hand=[4, 4, 24, 18, 18], lost=4)
    closes = np.zeros((2, 5))
    assert as_found(panel, closes).tolist() == [[1.0, 1.0, 0.0, 0.0, 0.0], [0.0] * 5]


@pytest.mark.parametrize(
    ("units", "on_hand", "lost"),
    [
        pytest.param([3, 0, 1, 0, 0], [5, 5, 4, 0, 0], 4, id="a sale shows that it had not come"),
        pytest.param([0, 3, 2, 2, 0], [8, 5, 23, 13, 13], 8, id="the record was lower later on"),
        pytest.param([0, 0, 0, 0, 0], [4, 4, 24, 4, 4], 20, id="no loss exceeds what is there"),
    ],
)
def test_a_count_tells_nothing_of_a_time_before_the_loss(
    units: list[float], on_hand: list[float], lost: float
) -> None:
    panel = counted_shelf(units=units, on_hand=on_hand, lost=lost)
    closes = (panel.on_hand <= 0).astype(float)
    found = as_found(panel, closes)
    assert (found[0, :2] == 0.0).all()


def test_what_a_ledger_of_months_corrects_was_lost_within_the_month() -> None:
    panel = counted_shelf(Frequency.MONTH, units=[2, 1, 0, 0, 0], on_hand=[7, 6, 6, 0, 0], lost=6)
    closes = np.array([[0.0, 0.0, 0.0, 1.0, 1.0]] * 2)
    assert (as_found(panel, closes) == closes).all()


def test_where_only_status_is_known_every_day_teaches() -> None:
    panel = build_panel(rows_of(statuses()), origin(40), NEXT_DAY)
    origins, step = origins_of(panel, NEXT_DAY)
    assert step == 1
    assert origins == list(range(origin(13), origin(40)))


def made_up(rows: int, rate: float, *, told: bool, seed: int = 1) -> Lessons:
    """Events by a chance that the structure knows to the last digit, and the trees not at all;
    `told`: the other way round."""
    luck = np.random.default_rng(seed)
    odds = luck.normal(np.log(rate), 1.5, rows)
    probability = chance(odds)
    noise = luck.normal(size=rows)
    features = pd.DataFrame(
        {
            "out": 0.0,
            "structural": np.full(rows, rate) if told else probability,
            "noise": odds if told else noise,
        }
    )
    return Lessons(
        features=features,
        series=np.arange(rows),
        event=(luck.random(rows) < probability).astype(np.int64),
        origin=np.repeat(np.arange(10), rows // 10),
        end=np.ones(rows, np.int64),
        weight=np.ones(rows),
    )


def test_trees_that_know_nothing_more_have_little_to_say() -> None:
    # the structure is among their features, so that they are never far from it either
    hazard = RuptureHazard.learn(made_up(20_000, 0.1, told=False), seed=1)
    assert hazard is None or hazard.shares[0] < 0.6


def test_trees_that_know_more_speak_for_themselves() -> None:
    hazard = RuptureHazard.learn(made_up(20_000, 0.1, told=True), seed=1)
    assert hazard is not None
    assert hazard.shares[0] > 0.8
    assert hazard.shares[1] == 0.0, "nothing was seen of series that are out"


def test_few_ruptures_teach_nothing() -> None:
    few = made_up(1_000, 0.02, told=True)
    assert few.event.sum() < BOUNDS.least_events
    assert RuptureHazard.learn(few, seed=1) is None


def test_spans_reach_the_last_horizon_and_stop_at_each() -> None:
    spans = spans_of(Options(horizons=(4, 9)))
    assert [end for _, end in spans] == [1, 2, 3, 4, 5, 7, 9]
    assert all(begin == end for (_, end), (begin, _) in itertools.pairwise(spans))


@given(
    trees=st.floats(-8, 8), structural=st.floats(0, 1), share=st.floats(0, 1), more=st.floats(0, 4)
)
@settings(max_examples=60, deadline=None)
def test_a_mix_lies_between_its_parts_and_rises_with_each(
    trees: float, structural: float, share: float, more: float
) -> None:
    tree, odds = np.array([trees]), log_odds(np.array([structural]))
    both = mixed(tree, odds, share)[0]
    assert min(trees, odds[0]) - 1e-9 <= both <= max(trees, odds[0]) + 1e-9
    assert mixed(tree + more, odds, share)[0] >= both
    assert mixed(tree, np.array([np.nan]), share)[0] == trees


class Given:
    """A hazard that says what a test wants: [R] chances of a first stockout by period."""

    shares = (0.9, 0.9)

    def __init__(self, first: np.ndarray) -> None:
        self.first = first

    def chained(self, _base: object, panel: Panel, _known: object, _options: Options) -> np.ndarray:
        return np.tile(self.first, (len(panel), 1))


def told(first: float, periods: int = 28) -> Any:
    return Given(np.full(periods, first / periods))


SHELVES = [
    shelf(on_hand=30.0, demand=2.0),
    shelf(on_hand=60.0, demand=2.0, open_order={"units": 20, "due_in_days": 9}),
    shelf(on_hand=1000.0, demand=2.0),
    shelf(on_hand=0.0, demand=2.0),
    shelf(on_hand=np.nan, availability=(1.0, 1.0, 0.0, 1.0)),
]


def assessed(hazard: Any, *changes: dict[str, Any]) -> Any:
    options = Options()
    shelves = [replace(one, **change) for one in SHELVES for change in (changes or ({},))]
    panel = panel_of(shelves, options)
    forecast: Any = forecast_of(panel, shelves)
    return assess(panel, forecast, fit_lead_times(panel, options), options, hazard)


@pytest.mark.parametrize("wanted", [0.02, 0.3, 0.9])
def test_every_figure_follows_the_moved_chance(wanted: float) -> None:
    found = assessed(told(wanted))
    table = found.warnings
    np.testing.assert_allclose(table["p_28d"], wanted, atol=1e-9)
    np.testing.assert_allclose(table["probability"], wanted / 2, atol=1e-9)
    first = found.projection["p_first"].to_numpy().reshape(len(table), -1)
    np.testing.assert_allclose(first[:, :14].sum(axis=1), table["probability"], atol=1e-9)
    short = found.projection["units_short_mean"].to_numpy().reshape(len(table), -1)
    np.testing.assert_allclose(short[:, :14].sum(axis=1), table["units_short"], rtol=1e-6)
    assert (table["method"] == "learned").all()
    assert table["reason"].str.startswith("90% learned from past ruptures").all()


def test_a_higher_chance_is_more_short_and_less_in_stock() -> None:
    low, high = assessed(told(0.1)), assessed(told(0.8))
    assert (high.warnings["units_short"] > low.warnings["units_short"]).all()
    stock = [
        one.projection["on_hand_mean"].to_numpy().reshape(5, -1)[:3, :14] for one in (low, high)
    ]
    assert (stock[1].mean(axis=1) < stock[0].mean(axis=1)).all()


def test_what_the_structure_said_stays_beside_it() -> None:
    alone, moved = assessed(None), assessed(told(0.5))
    np.testing.assert_allclose(moved.warnings["p_structural"], alone.warnings["probability"])
    np.testing.assert_allclose(moved.warnings["p_no_order"], alone.warnings["p_no_order"])
    assert (alone.warnings["p_structural"] == alone.warnings["probability"]).all()
