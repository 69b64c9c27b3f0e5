"""Candidates of one's own: weighed like the others, and a version that has one needs it."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.calendar import Frequency
from forecasting.candidates.registry import Candidate, levels, names, trying, weights_by_name
from forecasting.candidates.statistical import CANDIDATES
from forecasting.forecaster import DemandForecaster
from forecasting.options import Options
from forecasting.segments import DemandClass
from tests.forecasting.warehouse import Rows, days_of, panel_of

HISTORY = np.array([4.0, 6.0] * 28)


def last(_history: np.ndarray, _frequency: Frequency) -> float:
    return 5.0


def test_it_competes_inside_the_block_only() -> None:
    with trying(Candidate("mine", last)):
        assert names() == (*CANDIDATES, "mine")
        assert levels(HISTORY, "smooth", Frequency.DAY)[-1] == 5.0
    assert names() == CANDIDATES
    assert len(levels(HISTORY, "smooth", Frequency.DAY)) == len(CANDIDATES)


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="'ses' already"), trying(Candidate("ses", last)):
        pass


@pytest.mark.parametrize("level", [np.nan, np.inf, None], ids=["nan", "inf", "raises"])
def test_a_failing_one_is_not_tried(level: float | None) -> None:
    broken = Candidate("broken", lambda history, frequency: float(level))  # type: ignore[arg-type]
    with trying(broken):
        assert np.isnan(levels(HISTORY, "smooth", Frequency.DAY)[-1])


def test_it_is_tried_on_its_classes_only_and_never_below_zero() -> None:
    rare = Candidate("rare", lambda history, frequency: -1.0, frozenset({DemandClass.LUMPY}))
    with trying(rare):
        assert np.isnan(levels(HISTORY, "smooth", Frequency.DAY)[-1])
        assert levels(HISTORY, "lumpy", Frequency.DAY)[-1] == 0.0


def test_a_kept_version_needs_the_candidates_that_it_weighs() -> None:
    weights = np.full((2, len(CANDIDATES) + 1), 0.125)
    with pytest.raises(ValueError, match="candidate mine has a say"):
        weights_by_name(weights, (*CANDIDATES, "mine"))
    with trying(Candidate("other", last)), trying(Candidate("mine", last)):
        moved = weights_by_name(weights, (*CANDIDATES, "mine"))
    assert moved[:, -1].tolist() == [0.125, 0.125]
    assert np.isnan(moved[:, -2]).all()


def test_a_forecaster_hears_it() -> None:
    """A candidate that knows the truth gets most of the weight."""
    rng = np.random.default_rng(5)
    panel = panel_of(Rows(sales=days_of(rng.poisson(5.0, 200) + 1.0)))
    with trying(Candidate("mine", lambda history, frequency: 6.0)):
        forecast = DemandForecaster(Options(paths=50)).fit(panel).forecast(panel)
    assert "mine" in forecast.grains[Frequency.DAY].reason[0]
