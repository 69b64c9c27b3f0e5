"""Features of one's own: the direct booster learns with them; a version with one needs it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency
from forecasting.candidates.added_features import Feature, named, registered, trying, values_of
from forecasting.candidates.pooled import PooledModels, fit_pooled
from forecasting.forecaster import BadBundle, DemandForecaster, FittedDemand
from forecasting.history import history_of, with_drivers
from tests.forecasting.test_pooled import OPTIONS
from tests.forecasting.warehouse import Rows, days_of, panel_of

HORIZON = 14


PACK = 60.0


def left_of_the_pack(demand: np.ndarray, frequency: Frequency) -> np.ndarray:
    """Units to the end of a pack of 60: the next one sells four times as fast, the one after that
    as slowly as the first. No mean of the last weeks tells when it begins."""
    return PACK - np.cumsum(np.nan_to_num(demand), axis=1) % (2.0 * PACK)


def test_one_that_looks_ahead_or_has_another_shape_is_refused() -> None:
    demand = np.arange(24.0).reshape(2, 12)
    centred = Feature("centred", lambda demand, frequency: demand - demand.mean(axis=1)[:, None])
    with pytest.raises(ValueError, match="centred looks ahead"):
        values_of([centred], demand, Frequency.DAY)
    flat = Feature("flat", lambda demand, frequency: demand[:, 0])
    with pytest.raises(ValueError, match="flat: shape"):
        values_of([flat], demand, Frequency.DAY)


def test_it_cannot_spoil_the_demand() -> None:
    demand = np.arange(12.0).reshape(1, 12)

    def spoils(given: np.ndarray, frequency: Frequency) -> np.ndarray:
        given[:] = 0.0
        return given

    values_of([Feature("spoils", spoils)], demand, Frequency.DAY)
    assert demand[0, 5] == 5.0


def test_a_name_is_taken_once_and_a_version_needs_its_own() -> None:
    with trying(Feature("mine", left_of_the_pack)):
        with (
            pytest.raises(ValueError, match="'mine' already"),
            trying(Feature("mine", left_of_the_pack)),
        ):
            pass
        assert [one.name for one in named(["mine"])] == ["mine"]
    assert registered() == ()
    with pytest.raises(ValueError, match="feature mine has a say"):
        named(["mine"])


@pytest.fixture(scope="module")
def panel():
    """Seventy series that know nothing but how much of their pack is left."""
    random = np.random.default_rng(3)
    frames = []
    for number in range(70):
        sold, units = 0.0, []
        for _ in range(230):
            fast = sold // PACK % 2 == 1
            units.append(float(random.poisson(8.0 if fast else 2.0)))
            sold += units[-1]
        frames.append(days_of(units, site=f"SHOP-{number % 2}", sku=f"ITEM-{number:02d}"))
    return panel_of(Rows(sales=pd.concat(frames)))


def test_the_direct_booster_learns_with_it(panel) -> None:
    history = with_drivers(history_of(panel, OPTIONS), panel, HORIZON)
    column = history.demand.shape[1] - 1

    def learned(feature: Feature) -> PooledModels:
        with trying(feature):
            models = fit_pooled(history, column, HORIZON, seed=1)
        assert models is not None
        return models

    def error(models: PooledModels) -> float:
        """Of two weeks day by day, at three origins of the past."""
        missed = []
        for origin in (column - 60, column - 40, column - 20):
            said = models.forecast(history, origin, HORIZON)[:, 1]
            true = history.demand[:, origin + 1 : origin + 1 + HORIZON]
            missed.append(np.square(said - true).mean())
        return float(np.mean(missed))

    mine = learned(Feature("mine", left_of_the_pack))
    silent = learned(Feature("silent", lambda demand, frequency: 0.0 * demand))
    assert error(mine) < 0.9 * error(silent)
    before = mine.forecast(history, column, HORIZON)
    with trying(Feature("another", left_of_the_pack)):  # came later: this version does not see it
        np.testing.assert_array_equal(mine.forecast(history, column, HORIZON), before)


def test_a_bundle_names_its_features_and_is_refused_without_them(panel, tmp_path) -> None:
    with trying(Feature("mine", left_of_the_pack)):
        DemandForecaster(OPTIONS).fit(panel).to_files(tmp_path)
        FittedDemand.from_files(tmp_path)
    with pytest.raises(BadBundle, match="feature mine has a say"):
        FittedDemand.from_files(tmp_path)
