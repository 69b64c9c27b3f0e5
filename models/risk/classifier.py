"""The calibrated chance of a rare event, such as a stockout, from any table of numbers.

A scikit-learn classifier: boosted trees on all rows, as many rounds as held-out rows ask for,
several seeds averaged in log odds, and a calibration only where held-out events prove it helps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle, islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from forecasting.candidates.boosting import library
from forecasting.errors import did_you_mean, examples
from models.risk.boosters import (
    Booster,
    Effort,
    Events,
    Inputs,
    Vector,
    boost,
    boost_until,
    log_loss,
)

FOLDS: Final = 4  # slices of rows, each held out once
LEAST_EVENTS: Final = 8  # two a slice: with fewer the rounds are not measured
FEW_ROUNDS: Final = 40  # then: cautious, near the base rate
CALIBRATED_EVENTS: Final = 200
"""With fewer held-out events a calibration line is itself mostly chance, and is not drawn."""
LEAST_LEAVES: Final = 20  # a leaf holds at most a twentieth of the rows, however few there are


class RuptureRiskClassifier(ClassifierMixin, BaseEstimator):
    """P(event) for each row; the event is the greater of the two labels (True, 1, "Yes").

    Parameters
    ----------
    monotone
        Column name or position → 1 (a larger value never lowers the chance) or −1 (never raises
        it); other columns are free. Names need a frame with text column names.
    rounds
        Most trees of one booster; held-out rows choose how many are used.
    leaves, learning_rate, leaf_rows
        Of the trees: most leaves, step, and least rows of a leaf.
    column_share
        Of the columns, drawn anew for each tree or split: less where many columns say the same.
    members
        Boosters whose log odds are averaged; they differ by seed, and with LightGBM every second
        cuts its columns at random (Geurts, Ernst and Wehenkel 2006, "Extremely randomized trees").
    random_state
        Seed, RandomState or None; the same integer gives the same probabilities.

    Attributes
    ----------
    classes_ [2], n_features_in_, feature_names_in_
        As scikit-learn has them.
    library_
        `lightgbm`, or `sklearn` where LightGBM cannot be loaded.
    rounds_ [members]
        Trees of each member.
    members_
        The boosters.
    calibration_ : (slope, shift)
        Of the log odds; (1, 0) where left alone.

    Values may be NaN (not known), never infinite. No row is left out to balance the labels: that
    would ruin the probabilities. The calibration is Platt's (1999) on out-of-fold log odds, kept
    only where it lowers the log loss of events that did not shape it, and there are at least
    CALIBRATED_EVENTS of them.
    """

    def __init__(
        self,
        *,
        monotone: Mapping[str | int, int] | None = None,
        rounds: int = 600,
        leaves: int = 15,
        learning_rate: float = 0.03,
        leaf_rows: int = 40,
        column_share: float = 0.5,
        members: int = 4,
        random_state: Any = 0,
    ) -> None:
        self.monotone = monotone
        self.rounds = rounds
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.leaf_rows = leaf_rows
        self.column_share = column_share
        self.members = members
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any) -> RuptureRiskClassifier:
        """Learn from rows X [n, F] and labels y [n] of two kinds. Raises ValueError."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        self.classes_, events = _two_classes(y)
        for name in ("rounds", "leaf_rows", "members"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)!r}.")
        constraints = self._constraints()
        luck = check_random_state(self.random_state)
        effort = Effort(
            rounds=self.rounds,
            leaves=self.leaves,
            rate=self.learning_rate,
            leaf_rows=max(1, min(self.leaf_rows, len(y) // LEAST_LEAVES)),
            column_share=self.column_share,
        )
        self.library_ = library()
        kinds = [effort]
        if self.library_ == "lightgbm" and self.members > 1:
            kinds.append(replace(effort, random_cuts=True))
        if min(events.sum(), len(events) - events.sum()) < LEAST_EVENTS:
            kinds = [replace(kind, rounds=min(self.rounds, FEW_ROUNDS)) for kind in kinds]
            self.calibration_ = (1.0, 0.0)
        else:
            slices = _slices(events, _seed(luck))
            tried = [_held_out(X, events, slices, kind, constraints, luck) for kind in kinds]
            kinds = [kind for kind, _ in tried]
            log_odds = np.mean([one for _, one in tried], axis=0)
            self.calibration_ = _calibration(events, log_odds, slices)
        chosen = list(islice(cycle(kinds), self.members))
        self.rounds_ = [kind.rounds for kind in chosen]
        self.members_: list[Booster] = [
            boost(X, events, effort=kind, monotone=constraints, seed=_seed(luck)) for kind in chosen
        ]
        return self

    def decision_function(self, X: Any) -> Vector:
        """[n] calibrated log odds of the event."""
        check_is_fitted(self)
        inputs: Inputs = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        mean = np.mean([member.log_odds(inputs) for member in self.members_], axis=0)
        slope, shift = self.calibration_
        return np.asarray(slope * mean + shift)

    def predict_proba(self, X: Any) -> Vector:
        """[n, 2] chances of no event and of the event, in the order of `classes_`."""
        event = 1.0 / (1.0 + np.exp(-self.decision_function(X)))
        return np.column_stack([1.0 - event, event])

    def predict(self, X: Any) -> NDArray[Any]:
        """[n] the likelier label. Of a rare event that is hardly ever the event: rank by
        `predict_proba`, or act above a chance that fits the costs."""
        chosen = (self.decision_function(X) > 0).astype(int)
        return np.asarray(self.classes_[chosen])

    def _constraints(self) -> list[int]:
        """[F] 1, 0 or −1 a column."""
        signs = [0] * self.n_features_in_
        names = [str(name) for name in getattr(self, "feature_names_in_", [])]
        for column, sign in (self.monotone or {}).items():
            if sign not in (-1, 0, 1):
                raise ValueError(f"monotone[{column!r}] must be -1, 0 or 1, not {sign!r}.")
            if isinstance(column, str) and column in names:
                signs[names.index(column)] = int(sign)
            elif not isinstance(column, str) and 0 <= column < len(signs):
                signs[column] = int(sign)
            else:
                hint = did_you_mean(column, names) if isinstance(column, str) else ""
                known = examples(names) if names else f"0 to {len(signs) - 1}"
                raise ValueError(f"monotone: no column {column!r}.{hint} Columns: {known}.")
        return signs


def _two_classes(y: NDArray[Any]) -> tuple[NDArray[Any], Events]:
    """The two labels, and 1 where a row has the greater."""
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind != "binary":
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}."
        )
    classes, events = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds only one class, {classes[0]}: an event that never came, or always, "
            "cannot be learned."
        )
    return classes, events.astype(np.int64)


def _seed(luck: np.random.RandomState) -> int:
    return int(luck.randint(1 << 30))


def _held_out(
    inputs: Inputs,
    events: Events,
    slices: NDArray[np.int64],
    effort: Effort,
    monotone: list[int],
    luck: np.random.RandomState,
) -> tuple[Effort, Vector]:
    """With as many rounds as the slices ask for on average, and the log odds [n] of rows held
    out."""
    log_odds, rounds = np.empty(len(events)), []
    for held in _masks(slices):
        best, log_odds[held] = boost_until(
            inputs, events, held, effort=effort, monotone=monotone, seed=_seed(luck)
        )
        rounds.append(best)
    return replace(effort, rounds=round(float(np.mean(rounds)))), log_odds


def _slices(events: Events, seed: int) -> NDArray[np.int64]:
    """[n] which slice holds a row out; each has its share of the events."""
    number = np.empty(len(events), np.int64)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for k, (_, held) in enumerate(folds.split(events, events)):
        number[held] = k
    return number


def _masks(slices: NDArray[np.int64]) -> Iterator[NDArray[np.bool_]]:
    return (slices == k for k in range(FOLDS))


def _calibration(
    events: Events, log_odds: Vector, slices: NDArray[np.int64]
) -> tuple[float, float]:
    """Slope and shift; (1, 0) where events are few, or where lines drawn without a slice do not
    lower its loss."""
    if min(events.sum(), len(events) - events.sum()) < CALIBRATED_EVENTS:
        return 1.0, 0.0
    redrawn = np.empty(len(events))
    for held in _masks(slices):
        slope, shift = _line(events[~held], log_odds[~held])
        redrawn[held] = slope * log_odds[held] + shift
    slope, shift = _line(events, log_odds)
    if slope <= 0 or log_loss(events, redrawn) >= log_loss(events, log_odds):
        return 1.0, 0.0
    return slope, shift


def _line(events: Events, log_odds: Vector) -> tuple[float, float]:
    model = LogisticRegression(C=np.inf).fit(log_odds[:, None], events)
    return float(model.coef_[0, 0]), float(model.intercept_[0])
