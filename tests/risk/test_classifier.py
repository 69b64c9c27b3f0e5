"""The chance of a rare event: scikit-learn's own checks, and laws on simulated stockouts."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from models.risk import RuptureRiskClassifier
from models.risk.classifier import CALIBRATED_EVENTS, FEW_ROUNDS

QUICK = {"rounds": 80, "members": 2, "learning_rate": 0.1}
ROUGH = {"rounds": 10, "members": 2, "learning_rate": 0.3}  # for some hundred fits


def shelves(rows: int, *, seed: int, shift: float = -4.5) -> tuple[pd.DataFrame, np.ndarray]:
    """Cover and lead time, a column of noise, a fifth of one column unknown; true chances [n]."""
    luck = np.random.default_rng(seed)
    cover, lead = luck.gamma(2.0, 2.0, rows), luck.gamma(2.0, 1.0, rows)
    chance = 1.0 / (1.0 + np.exp(-(shift + 1.2 * lead - 0.8 * cover)))
    frame = pd.DataFrame({"cover": cover, "lead": lead, "noise": luck.normal(size=rows)})
    return frame.mask(luck.random(frame.shape) < [0, 0, 0.2]), chance


def events_of(chance: np.ndarray, *, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(chance)) < chance).astype(int)


@pytest.fixture
def no_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)


def test_scikit_learn_finds_nothing_to_object_to() -> None:
    """`check_array_api_input` is skipped by scikit-learn itself, since SCIPY_ARRAY_API is not set.
    A row of weight 2 is not two rows: their copies fall into different slices, and the bins of the
    trees count rows; scikit-learn's own boosting fails this one too."""
    weighed = "check_sample_weight_equivalence_on_dense_data"
    results = check_estimator(
        RuptureRiskClassifier(**ROUGH),
        expected_failed_checks={weighed: "slices and bins count rows"},
        on_fail=None,
        on_skip=None,
    )
    assert len(results) > 50
    others = {one["check_name"]: one["exception"] for one in results if one["status"] != "passed"}
    assert set(others) <= {"check_array_api_input", weighed}, others


def test_importing_the_package_loads_no_boosting() -> None:
    code = "import sys, models.risk; print({'lightgbm', 'sklearn'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


@pytest.mark.parametrize("door", ["lightgbm", "sklearn"])
def test_chances_of_a_rare_event_are_calibrated(door: str, request: pytest.FixtureRequest) -> None:
    if door == "sklearn":
        request.getfixturevalue("no_lightgbm")
    frame, chance = shelves(12_000, seed=1)
    fresh, true = shelves(12_000, seed=2)
    model = RuptureRiskClassifier(**QUICK).fit(frame, events_of(chance, seed=3))
    found = model.predict_proba(fresh)
    assert model.library_ == door
    assert found.shape == (12_000, 2)
    assert ((found >= 0) & (found <= 1)).all()
    assert found.sum(axis=1) == pytest.approx(1)
    event = found[:, 1]
    assert 0.01 < true.mean() < 0.06, "rare"
    assert event.mean() == pytest.approx(true.mean(), rel=0.12)
    for part in np.array_split(np.argsort(event), 4):
        assert event[part].mean() == pytest.approx(true[part].mean(), rel=0.25, abs=0.002)
    assert roc_auc_score(events_of(true, seed=4), event) > 0.85


def test_the_same_seed_gives_the_same_chances() -> None:
    frame, chance = shelves(2_000, seed=1)
    events = events_of(chance, seed=2)
    once = RuptureRiskClassifier(**QUICK, random_state=5)
    first, again = (clone(once).fit(frame, events).predict_proba(frame) for _ in range(2))
    other = clone(once).set_params(random_state=6).fit(frame, events).predict_proba(frame)
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("door", ["lightgbm", "sklearn"])
@pytest.mark.parametrize("key", ["cover", 0], ids=["by name", "by position"])
def test_more_cover_never_raises_the_chance(
    door: str, key: str | int, request: pytest.FixtureRequest
) -> None:
    if door == "sklearn":
        request.getfixturevalue("no_lightgbm")
    frame, chance = shelves(1_500, seed=1, shift=-3.0)
    events = events_of(chance, seed=2)
    grid = pd.concat([frame.iloc[[row]] for row in (3, 50, 700) for _ in range(60)])
    grid["cover"] = np.tile(np.linspace(0, 15, 60), 3)

    def worst_rise(**given: object) -> float:
        model = RuptureRiskClassifier(**QUICK, **given).fit(frame, events)
        return np.diff(model.predict_proba(grid)[:, 1].reshape(3, 60), axis=1).max()

    assert worst_rise(monotone={key: -1}) <= 1e-12
    assert worst_rise() > 1e-6, "free, it follows the noise somewhere"


def test_a_wrong_parameter_is_named() -> None:
    frame, chance = shelves(200, seed=1, shift=-1.0)
    events = events_of(chance, seed=2)
    with pytest.raises(ValueError, match=r"no column 'covers'\. Did you mean 'cover'\?"):
        RuptureRiskClassifier(monotone={"covers": 1}).fit(frame, events)
    with pytest.raises(ValueError, match=r"no column 3\. Columns: 0 to 2"):
        RuptureRiskClassifier(monotone={3: 1}).fit(frame.to_numpy(), events)
    with pytest.raises(ValueError, match=r"must be -1, 0 or 1, not 2"):
        RuptureRiskClassifier(monotone={"cover": 2}).fit(frame, events)
    with pytest.raises(ValueError, match="members must be at least 1, not 0"):
        RuptureRiskClassifier(members=0).fit(frame, events)


def test_few_events_are_learned_carefully_and_left_uncalibrated() -> None:
    frame, _ = shelves(3_000, seed=1)
    events = np.zeros(3_000, int)
    events[np.argsort(frame["cover"].to_numpy())[:5]] = 1
    model = RuptureRiskClassifier(members=1).fit(frame, events)
    found = model.predict_proba(frame)[:, 1]
    assert model.rounds_ == [FEW_ROUNDS]
    assert model.ensemble_.calibration == (1.0, 0.0)
    assert found.mean() == pytest.approx(5 / 3_000, rel=0.5)
    assert found[events == 1].min() > found[events == 0].mean()


def test_a_calibration_needs_held_out_events() -> None:
    """A step far too long makes odds too bold: many events prove it, few leave it."""
    frame, chance = shelves(6_000, seed=1, shift=-2.0)
    events = events_of(chance, seed=2)
    bold = RuptureRiskClassifier(rounds=3, learning_rate=3.0, leaves=60, leaf_rows=5, members=1)
    assert events.sum() > CALIBRATED_EVENTS
    slope, _ = bold.fit(frame, events).ensemble_.calibration
    assert 0 < slope < 0.9
    scarce = np.where(np.cumsum(events) <= CALIBRATED_EVENTS - 1, events, 0)
    assert bold.fit(frame, scarce).ensemble_.calibration == (1.0, 0.0)


def test_labels_may_be_words_and_columns_silent(no_lightgbm: None) -> None:
    frame, chance = shelves(600, seed=1, shift=-1.0)
    words = np.where(events_of(chance, seed=2) == 1, "Yes", "No")
    model = RuptureRiskClassifier(**QUICK).fit(frame.assign(silent=np.nan), words)
    assert model.classes_.tolist() == ["No", "Yes"]
    assert set(model.predict(frame.assign(silent=np.nan))) == {"No", "Yes"}


def test_an_event_that_never_came_cannot_be_learned() -> None:
    frame, _ = shelves(50, seed=1)
    with pytest.raises(ValueError, match="only one class, 0"):
        RuptureRiskClassifier().fit(frame, np.zeros(50, int))


def test_slices_of_ones_own_hold_out_whole_days() -> None:
    """Days share a shock: rows of one day tell of each other where slices are drawn by lot."""
    luck = np.random.default_rng(7)
    day = np.repeat(np.arange(30), 60)
    shock = luck.normal(scale=2.0, size=30)
    frame = pd.DataFrame({"day": day, "noise": luck.normal(size=len(day))})
    events = (luck.random(len(day)) < 1.0 / (1.0 + np.exp(2.0 - shock[day]))).astype(int)
    blocks = [np.flatnonzero(day // 10 == k) for k in range(3)]
    everything = np.arange(len(day))
    cv = [(np.setdiff1d(everything, held), held) for held in blocks[1:]]
    by_lot = RuptureRiskClassifier(**QUICK).fit(frame, events)
    by_day = RuptureRiskClassifier(**QUICK, cv=cv).fit(frame, events)
    assert np.isnan(by_day.held_out_[blocks[0]]).all(), "no slice held it out"
    told = np.concatenate(blocks[1:])
    lot, apart = (roc_auc_score(events[told], one.held_out_[told]) for one in (by_lot, by_day))
    assert lot > apart + 0.1
    assert sum(by_day.rounds_) < sum(by_lot.rounds_)


def test_weights_count_and_processes_do_not() -> None:
    frame, chance = shelves(4_000, seed=1, shift=-2.0)
    events = events_of(chance, seed=2)
    alike = RuptureRiskClassifier(**QUICK).fit(frame, events)
    heavy = clone(alike).fit(frame, events, sample_weight=1.0 + 4.0 * events)
    spread = clone(alike).set_params(n_jobs=2).fit(frame, events)
    assert heavy.predict_proba(frame)[:, 1].mean() > 2 * alike.predict_proba(frame)[:, 1].mean()
    assert (spread.predict_proba(frame) == alike.predict_proba(frame)).all()
