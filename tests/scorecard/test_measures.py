"""Chances that are right, and ERP rules that rank."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from models.scorecard.measures import (
    brier_skill,
    calibration_error,
    hits_of_top,
    measures_of,
    reliability,
)
from models.scorecard.rules import compared, erp_rules
from tests.risk.warehouse import Order, Shelf, panel_of

CHANCES = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


@given(CHANCES)
def test_bins_hold_every_row_and_their_gaps_are_the_error(pairs: list[tuple[bool, float]]) -> None:
    event, chance = (np.array(column, float) for column in zip(*pairs, strict=True))
    bins = reliability(event, chance)
    assert bins["rows"].sum() == len(pairs)
    assert (bins["rate"] * bins["rows"]).sum() == pytest.approx(event.sum())
    assert (np.diff(bins["chance"]) >= -1e-12).all()
    assert calibration_error(event, event) == pytest.approx(0)
    assert 0 <= calibration_error(event, chance) <= 1


def test_brier_skill_is_one_minus_the_ratio_of_brier_scores() -> None:
    luck = np.random.default_rng(1)
    chance = luck.random(200)
    event = luck.random(200) < chance
    base = float(event.mean())
    expected = 1 - brier_score_loss(event, chance) / brier_score_loss(event, np.full(200, base))
    assert brier_skill(event, chance, base) == pytest.approx(expected)


@given(CHANCES, st.integers(0, 70))
def test_hits_lie_between_the_best_and_the_worst_order(
    pairs: list[tuple[bool, float]], count: int
) -> None:
    event, score = (np.array(column, float) for column in zip(*pairs, strict=True))
    hits = hits_of_top(event, score, count)
    assert max(0, event.sum() - max(len(event) - count, 0)) - 1e-9 <= hits
    assert hits <= min(count, event.sum()) + 1e-9


def test_unknown_events_are_not_judged() -> None:
    found = measures_of(np.array([1.0, 0.0, np.nan]), np.array([0.9, 0.1, 0.5]))
    assert (found["judged"], found["rate"], found["average_precision"]) == (2, 0.5, 1.0)
    assert measures_of(np.array([np.nan]), np.array([0.5]))["judged"] == 0


def test_the_rules_of_an_erp_on_worked_shelves() -> None:
    waiting = (Order(units=30, promised=3),)
    panel = panel_of(
        [
            Shelf(on_hand=10, demand=2.0, sku="BARE", policy={"reorder_point": 20.0}),
            Shelf(on_hand=10, demand=2.0, sku="WAITING", orders=waiting),
            Shelf(on_hand=10, demand=2.0, sku="LATE", orders=(Order(units=30, promised=-1),)),
        ]
    )
    mean = np.full((3, 14), 2.0)
    rules = erp_rules(panel, mean, 14)
    # −18 after 14 days; 4 on the eve of the receipt, but 12 in the end; 38 at once, 12 in the end
    assert rules["by_balance"].tolist() == [9.0, -3.0, -6.0]
    assert rules["by_reorder_point"][0] == -0.5
    assert rules["by_reorder_point"][1] < -1e6, "a rule that knows nothing says that all is well"


def test_every_method_gets_as_many_warnings_as_we_said() -> None:
    rows = pd.DataFrame(
        {
            "announced": [True, True, False, False, True],
            "event": [1.0, 0.0, 1.0, 0.0, np.nan],
            "probability": [0.9, 0.6, 0.2, 0.1, 0.9],
            "by_cover": [-1.0, -9.0, -2.0, -9.0, -1.0],
        }
    )
    table = compared(rows).set_index("method")
    assert table["named"].tolist() == [2, 2]
    assert table["precision"].to_dict() == {"Vigistock": 0.5, "days of cover": 1.0}
    assert table["recall"].to_dict() == {"Vigistock": 0.5, "days of cover": 1.0}
    assert np.isnan(table.loc["days of cover", "ece"])
    assert "structural alone" not in table.index
    assert len(compared(rows.assign(p_structural=rows["probability"]))) == 2, "nothing was learned"
    learned = compared(rows.assign(p_structural=[0.5, 0.6, 0.7, 0.1, 0.9]))
    assert learned["method"].tolist() == ["Vigistock", "structural alone", "days of cover"]
