"""Stock that only the record knows: learned from counts, else stated; it moves no law."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.options import Options
from models.lead_time import fit_lead_times
from models.projection import Projection, project, reweighted, supply_of
from models.record_error import RecordErrors, carried, record_errors_of
from models.risk import assess
from tests.risk.test_projection import ARRIVALS, HORIZON, supplied
from tests.risk.warehouse import Shelf, forecast_of, panel_of, shelf

LAW = settings(deadline=None)
PATHS = 80
SILENT: dict[str, Any] = {"past_units": (0.0,) * 30}


def erring(on_hand: float, demand: Any, *, scale: float = 1.0, **facts: Any) -> Projection:
    """One shelf whose record errs a lot: one in eight emptied by the end, one in five reduced."""
    supply = supplied(on_hand, **facts)
    emptied = np.linspace(0.02, 0.125, HORIZON + 1)[None]
    reduced = np.linspace(0.05, 0.2, HORIZON + 1)[None]
    errors = RecordErrors(emptied, reduced, np.array([0.1, 0.5]), learned=True)
    paths = np.asarray(demand, dtype=np.float32)[None] * np.float32(scale)
    given_supply = replace(supply, errors=errors)
    return project(paths, given_supply, slice(0, 1), main=5, lost_share=1.0)


def drawn(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(2.0, (PATHS, HORIZON))


def first(errors: RecordErrors, row: int = 0) -> tuple[float, float]:
    """Chances of a loss of all and of a part by the first day's end."""
    return float(errors.emptied[row, 1]), float(errors.reduced[row, 1])


@LAW
@given(
    on_hand=st.integers(0, 60),
    more=st.integers(1, 30),
    arrivals=ARRIVALS,
    delay=st.integers(1, 5),
    seed=st.integers(0, 50),
    scale=st.sampled_from([0.5, 4.0, 1024.0]),
)
def test_the_laws_hold_with_a_record_that_errs(
    on_hand: int,
    more: int,
    arrivals: list[tuple[int, float]],
    delay: int,
    seed: int,
    scale: float,
) -> None:
    demand = drawn(seed)
    less = erring(on_hand, demand, arrivals=arrivals)
    full = erring(on_hand + more, demand, arrivals=arrivals)
    late = erring(on_hand, demand, arrivals=[(h + delay, units) for h, units in arrivals])
    large = erring(
        on_hand * scale, demand, scale=scale, arrivals=[(h, u * scale) for h, u in arrivals]
    )
    for horizon in range(1, HORIZON + 1):
        chance = less.chance_no_order(horizon)[0]
        assert full.chance_no_order(horizon)[0] <= chance
        assert late.chance_no_order(horizon)[0] >= chance
    assert np.array_equal(less.means["first_out"], large.means["first_out"])


def test_ample_stock_keeps_the_chance_of_a_loss_and_no_more() -> None:
    full = erring(1e9, drawn(1), arrivals=[(4, 1e9)])
    for horizon in (1, 5, HORIZON):
        expected = np.linspace(0.02, 0.125, HORIZON + 1)[horizon]
        assert full.chance(horizon)[0] == pytest.approx(expected, abs=0.021)
    assert full.chance(HORIZON)[0] <= 0.125


def test_every_chance_can_be_told_by_paths_however_full_the_shelf() -> None:
    full = erring(1e9, drawn(1), arrivals=[(1, 1e9)])
    chance = np.linspace(0.3, 0.9, HORIZON)[None]
    weights = reweighted(full, chance)
    inside = full.out_at[0] < HORIZON
    assert weights[0][inside].sum() == pytest.approx(0.9)
    assert weights[0][full.out_at[0] < 3].sum() == pytest.approx(chance[0, 2])


def test_a_shelf_that_its_record_calls_full_is_not_ordered_for() -> None:
    """Emptied unbooked, with nothing on order: the policy sees the record's 20 units."""
    supply = supplied(20, policy=(14, 30, 1, 1))
    lost = np.ones((1, HORIZON + 1))
    errors = RecordErrors(0 * lost, lost, np.array([0.75]), learned=True)
    paths = np.full((1, 4, HORIZON), 1.0, dtype=np.float32)
    found = project(paths, replace(supply, errors=errors), slice(0, 1), main=5, lost_share=1.0)
    assert found.means["losses"][0].tolist() == [15.0] + [0.0] * 9
    assert found.out_at[0, 0] == pytest.approx(4.999)
    assert found.means["arrivals"][0].sum() == 0.0  # the record stands at 15 to the end
    found = project(paths, supply, slice(0, 1), main=5, lost_share=1.0)
    assert found.means["arrivals"][0].sum() > 0.0


@pytest.mark.parametrize("paths", [1, 7, 8, 30, 500])
@pytest.mark.parametrize("horizon", [1, 12, 28])
def test_weights_are_whole_whatever_the_number_of_paths(paths: int, horizon: int) -> None:
    emptied = np.linspace(0.01, 0.1, horizon + 1)[None].repeat(3, axis=0)
    emptied[2] = 0.0
    weights, when = carried(emptied, np.array([0, 12345678901, 5], dtype=np.uint64), paths)
    assert weights.sum(axis=1) == pytest.approx([1.0, 1.0, 1.0])
    assert (weights > 0).all()
    assert ((when >= -1) & (when <= horizon)).all()
    assert (when[2] == horizon).all()
    if paths >= 8:
        carried_weight = weights[0][when[0] < horizon].sum()
        assert carried_weight == pytest.approx(0.1)


def test_counts_teach_how_often_and_how_much_is_lost() -> None:
    """Every ten days a count finds a fifth of the record gone, in S1; nobody counts in S2."""
    past = {"past_on_hand": (50.0,) * 200, "past_units": (1.0,) * 200}
    counts = tuple((-day, -10.0) for day in range(0, 190, 10))
    counted = shelf(corrections=counts, **past)
    elsewhere = shelf(site="S2", **past)
    errors = record_errors_of(panel_of([counted, elsewhere]), 5)
    assert errors.learned
    assert errors.shares == pytest.approx(0.2)
    rate = -np.log1p(-errors.reduced[0, 1]) - np.log1p(-errors.emptied[0, 1])
    assert rate == pytest.approx(0.1, rel=0.15)
    assert errors.emptied[0, 1] < 0.1 * errors.reduced[0, 1]
    stated = record_errors_of(panel_of([replace(counted, corrections=())]), 5)
    assert not stated.learned
    assert first(stated)[0] == pytest.approx(0.1 / 365.25, rel=0.01)  # it sold today
    assert first(stated)[1] == 0.0


def test_doubt_grows_until_somebody_counts_or_sells() -> None:
    long_ago = shelf(sku="A", past_receipts=(9.0,) + (0.0,) * 29, **SILENT)
    received = shelf(sku="B", past_receipts=(0.0,) * 25 + (9.0,) + (0.0,) * 4, **SILENT)
    counted = shelf(sku="C", corrections=((-1, 2.0),), **SILENT)
    sold = shelf(sku="D", past_units=(0.0,) * 29 + (1.0,))
    chances = [first(record_errors_of(panel_of([one]), 5))[0] for one in (long_ago, received)]
    chances += [first(record_errors_of(panel_of([one]), 5))[0] for one in (counted, sold)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == pytest.approx(30 * 0.1 / 365.25, rel=0.05)


def test_a_correction_that_added_units_is_no_loss() -> None:
    assert not record_errors_of(panel_of([shelf(corrections=((-3, 4.0),))]), 5).learned
    both = shelf(corrections=((-3, 4.0), (-3, -4.0)))
    assert not record_errors_of(panel_of([both]), 5).learned


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (shelf(), "emptied unbooked once in 10 years"),
        (shelf(corrections=((-3, -4.0),), past_on_hand=(20.0,) * 30), "as counts found"),
    ],
    ids=["stated", "learned"],
)
def test_the_reason_names_the_assumption(one: Shelf, words: str) -> None:
    panel = panel_of([one])
    forecast: Any = forecast_of(panel, [one])
    found = assess(panel, forecast, fit_lead_times(panel, Options()), Options())
    assert words in found.warnings["reason"].iat[0]


def test_the_supply_of_a_panel_carries_its_record_errors() -> None:
    panel = panel_of([shelf()])
    supply = supply_of(panel, fit_lead_times(panel, Options()), np.array([2.0]), 28, Options())
    assert supply.errors.emptied.shape == (1, 29)


def test_a_count_brings_what_the_policy_then_orders() -> None:
    """Two a day; a tenth of the paths lost all forty before the origin. Uncounted, the record says
    forty and nothing comes; counted on the second day, sixty are ordered and come four days on."""
    supply = replace(
        supplied(40.0, policy=(10.0, 60.0, 1, 4)),
        errors=RecordErrors(
            np.full((1, HORIZON + 1), 0.1), np.zeros((1, HORIZON + 1)), np.zeros(1), learned=True
        ),
    )
    paths = np.full((1, PATHS, HORIZON), 2.0, dtype=np.float32)

    def short(counted: int) -> float:
        given_supply = replace(supply, counted=np.array([counted]))
        told = project(paths, given_supply, slice(0, 1), main=HORIZON, lost_share=1.0)
        return float(told.means["unmet"].sum())

    assert short(HORIZON) == pytest.approx(0.1 * 2 * HORIZON), "nobody looks"
    assert short(1) == pytest.approx(0.1 * 2 * min(5, HORIZON))
    assert short(0) == pytest.approx(0.1 * 2 * 4)
