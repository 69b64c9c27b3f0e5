"""Boosted trees for a yes or no: LightGBM, or scikit-learn's where LightGBM cannot be loaded.

Both learn the log odds of the event under the logistic loss, on every row as often as it came:
leaving rows out to balance the classes would shift all probabilities. One thread each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.candidates import boosting
from forecasting.candidates.boosting import library, without_silence
from forecasting.candidates.lightgbm_trees import Trees

Inputs = NDArray[np.float64]
Vector = NDArray[np.float64]
Events = NDArray[np.int64]  # 0 or 1
Split = tuple[NDArray[np.int64], NDArray[np.int64]]  # rows that teach, rows held out

TRUSTED: Final = (
    *("sklearn._loss.link.Interval", "sklearn._loss.link.LogitLink"),
    *("sklearn._loss.loss.HalfBinomialLoss", "sklearn._loss._loss.CyHalfBinomialLoss"),
)
"""Types of a binary booster in a file, beside those of every booster."""
RIDGE: Final = 5.0  # on the leaves' log odds: leaves with few events say less
PATIENCE: Final = 60  # rounds without a better held-out loss, then learning stops


@dataclass(frozen=True)
class Effort(boosting.Effort):
    """How hard one booster tries."""

    column_share: float = 0.5
    random_cuts: bool = False  # LightGBM: of each column one cut, drawn at random, is looked at


class Booster(Protocol):
    """A learned function: features [k, F] → log odds of the event [k]."""

    @property
    def library(self) -> str: ...

    def log_odds(self, inputs: Inputs) -> Vector: ...

    def to_bytes(self) -> bytes: ...


@dataclass(frozen=True)
class _LightGBM:
    model: Trees
    library: str = "lightgbm"

    def log_odds(self, inputs: Inputs) -> Vector:
        return self.model.raw_score(inputs)

    def to_bytes(self) -> bytes:
        return self.model.text


@dataclass(frozen=True)
class _Sklearn:
    model: Any
    library: str = "sklearn"

    def log_odds(self, inputs: Inputs) -> Vector:
        with _one_thread():
            return np.asarray(self.model.decision_function(inputs), np.float64)

    def to_bytes(self) -> bytes:
        return boosting.sklearn_bytes(self.model)


@dataclass(frozen=True)
class Ensemble:
    """Boosters whose log odds are averaged, then stretched and shifted: one calibrated chance."""

    members: tuple[Booster, ...]
    calibration: tuple[float, float]  # slope and shift of the log odds; (1, 0): left alone

    def log_odds(self, inputs: Inputs) -> Vector:
        mean = np.mean([member.log_odds(inputs) for member in self.members], axis=0)
        slope, shift = self.calibration
        return np.asarray(slope * mean + shift)


def from_bytes(text: bytes, kind: str) -> Booster:
    """A booster as `to_bytes` wrote it; no code in it is run. Raises ValueError."""
    if kind == "lightgbm":
        return _LightGBM(boosting.lightgbm_trees(text))
    return _Sklearn(boosting.sklearn_model(text, TRUSTED))


def boost(
    inputs: Inputs,
    events: Events,
    *,
    effort: Effort,
    monotone: Sequence[int],
    seed: int,
    weight: Vector | None = None,
) -> Booster:
    """Learn from k rows [k, F], their events [k] and weights [k] (None: all alike); `monotone` [F]
    is 1, 0 or −1 a column."""
    if library() == "sklearn":
        return _Sklearn(_fit_sklearn(inputs, events, effort, monotone, seed, weight))
    import lightgbm

    parameters = _lightgbm_parameters(effort, monotone, seed)
    data = lightgbm.Dataset(inputs, events, weight=weight, params={"verbosity": -1})
    return _LightGBM(boosting.learned(lightgbm.train(parameters, data, effort.rounds)))


def boost_until(
    inputs: Inputs,
    events: Events,
    split: Split,
    *,
    effort: Effort,
    monotone: Sequence[int],
    seed: int,
    weight: Vector | None = None,
) -> tuple[int, Vector]:
    """Learn from the rows of a split that teach; the rounds of the least loss on those held out,
    and their log odds there."""
    taught, held = split
    weight = np.ones(len(events)) if weight is None else weight
    if library() == "sklearn":
        model = _fit_sklearn(inputs[taught], events[taught], effort, monotone, seed, weight[taught])
        losses = []
        with _one_thread():
            for log_odds in model.staged_decision_function(inputs[held]):
                losses.append(log_loss(events[held], log_odds.ravel(), weight[held]))
                if losses[-1] == min(losses):
                    kept = log_odds.ravel()
        return int(np.argmin(losses)) + 1, kept
    import lightgbm

    data = lightgbm.Dataset(
        inputs[taught], events[taught], weight=weight[taught], params={"verbosity": -1}
    )
    watched = data.create_valid(inputs[held], events[held], weight=weight[held])
    model = lightgbm.train(
        _lightgbm_parameters(effort, monotone, seed) | {"metric": "binary_logloss"},
        data,
        effort.rounds,
        valid_sets=[watched],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    best = int(model.best_iteration)
    return best, boosting.learned(model).raw_score(inputs[held], best)


def log_loss(events: Events, log_odds: Vector, weight: Vector | None = None) -> float:
    """Mean −log likelihood of the events, nats a row.

    >>> round(log_loss(np.array([1, 0]), np.array([0.0, 0.0])), 4)  # log 2
    0.6931
    """
    return float(np.average(np.logaddexp(0.0, log_odds) - events * log_odds, weights=weight))


def _lightgbm_parameters(effort: Effort, monotone: Sequence[int], seed: int) -> dict[str, Any]:
    constraints = {"monotone_constraints": list(monotone)} if any(monotone) else {}
    return {
        "objective": "binary",
        "extra_trees": effort.random_cuts,
        "lambda_l2": RIDGE,
        **effort.lightgbm(seed),
        **constraints,
    }


def _fit_sklearn(
    inputs: Inputs,
    events: Events,
    effort: Effort,
    monotone: Sequence[int],
    seed: int,
    weight: Vector | None,
) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        l2_regularization=RIDGE, monotonic_cst=list(monotone), **effort.sklearn(seed)
    )
    with _one_thread():
        return model.fit(without_silence(inputs), events, sample_weight=weight)


def _one_thread() -> Any:
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)
