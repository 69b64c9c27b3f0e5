"""LightGBM's trees by its C library: what its package answers, without loading the package."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import lightgbm
import numpy as np
import pytest

from forecasting import engine
from forecasting.candidates.boosting import lightgbm_trees
from forecasting.candidates.lightgbm_trees import Trees


@pytest.fixture(scope="module")
def model() -> lightgbm.Booster:
    luck = np.random.default_rng(4)
    inputs = luck.normal(size=(600, 5))
    inputs[luck.random(inputs.shape) < 0.1] = np.nan
    wanted = np.exp(np.nan_to_num(inputs[:, 0])) + luck.random(600)
    parameters = {"objective": "tweedie", "verbosity": -1, "num_threads": 1, "num_leaves": 7}
    return lightgbm.train(parameters, lightgbm.Dataset(inputs, wanted), num_boost_round=30)


@pytest.fixture(scope="module")
def trees(model: lightgbm.Booster) -> Trees:
    return lightgbm_trees(model.model_to_string().encode())


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("rounds", [-1, 1, 12])
def test_the_answers_are_those_of_the_package(
    model: lightgbm.Booster, trees: Trees, kind: type, rounds: int
) -> None:
    asked = np.random.default_rng(5).normal(size=(200, 5)).astype(kind)
    asked[::7, 2] = np.nan
    told = model.predict(asked, raw_score=True, num_iteration=rounds)
    assert np.ptp(told) > 0.1
    np.testing.assert_array_equal(trees.raw_score(asked, rounds), told)
    np.testing.assert_array_equal(trees.raw_score(np.asfortranarray(asked), rounds), told)


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_the_number_of_cores_changes_no_answer(
    model: lightgbm.Booster, trees: Trees, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "usable_cores", lambda: cores)
    asked = np.random.default_rng(6).normal(size=(333, 5))
    np.testing.assert_array_equal(trees.raw_score(asked), model.predict(asked, raw_score=True))


def test_copies_answer_alike_and_outlive_the_original(model: lightgbm.Booster) -> None:
    first = Trees(model.model_to_string().encode())
    asked = np.ones((3, 5))
    told = first.raw_score(asked)
    copies = [copy.deepcopy(first), pickle.loads(pickle.dumps(first))]
    del first
    for one in copies:
        np.testing.assert_array_equal(one.raw_score(asked), told)
        assert one.rounds == 30


def test_what_does_not_fit_is_refused(trees: Trees) -> None:
    with pytest.raises(ValueError, match="5 columns"):
        trees.raw_score(np.ones((2, 4)))
    with pytest.raises(ValueError, match="LightGBM"):
        lightgbm_trees(b"no model")
    assert trees.raw_score(np.empty((0, 5))).shape == (0,)


def test_asking_loads_neither_the_package_nor_scikit_learn(model: lightgbm.Booster) -> None:
    code = (
        "import sys; from models.risk.boosters import from_bytes; "
        "from_bytes(sys.stdin.buffer.read(), 'lightgbm'); "
        "print(sorted({'lightgbm', 'sklearn', 'scipy.stats'} & set(sys.modules)))"
    )
    text = model.model_to_string().encode()
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
