"""ADIDA and IMAPA in one pass beside statsforecast's, and where its answers hang on rounding."""

from __future__ import annotations

import numpy as np
import pytest
from statsforecast.models import ADIDA, IMAPA

from forecasting.calendar import Frequency
from forecasting.candidates.aggregation import aggregated_levels
from forecasting.candidates.statistical import CANDIDATES, levels


def library(history: np.ndarray) -> list[float]:
    return [float(model.forecast(history, h=1)["mean"][0]) for model in (ADIDA(), IMAPA())]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("share", [0.05, 0.3, 1.0], ids=["rare", "some", "every"])
def test_levels_are_those_of_the_library(seed: int, share: float) -> None:
    luck = np.random.default_rng(seed)
    count = int(luck.integers(120, 731))
    sold = luck.poisson(luck.choice([0.8, 20, 900]), count) * luck.uniform(0.5, 1.5, count)
    history = np.where(luck.random(count) < share, sold, 0.0)
    assert aggregated_levels(history) == pytest.approx(library(history), rel=2e-6)


@pytest.mark.parametrize(
    "history", [[3.0], [0.0, 3.0], [0.0] * 9, [5.0] * 30, [-2.0, 0.0, 4.0, 0.0, 0.0, 1.0]]
)
def test_short_and_odd_ones_too(history: list[float]) -> None:
    values = np.array(history)
    assert aggregated_levels(values) == pytest.approx(library(values), rel=2e-6)


def test_where_every_weight_is_as_good_it_is_the_middle_one() -> None:
    """One demand, after ten periods: two spans of ten, of which the first alone is foretold."""
    history = np.zeros(21)
    history[9] = 1.25
    assert aggregated_levels(history)[0] == pytest.approx((0.8 * 1.25 + 0.2 * 0.0) / 10)


@pytest.mark.parametrize("demand_class", ["smooth", "lumpy"])
def test_what_is_no_number_is_not_tried_and_the_others_are(demand_class: str) -> None:
    history = np.array([1e200, 0.0, 1e300] * 20)
    found = levels(history, demand_class, Frequency.DAY)
    assert not np.isinf(found).any()
    assert np.isfinite(found[CANDIDATES.index("window")])
