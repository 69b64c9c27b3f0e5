"""The calibrated chance of a rare event, such as a stockout, from any table of numbers.

A scikit-learn classifier: boosted trees on all rows, as many rounds as held-out rows ask for,
several seeds averaged in log odds, and a calibration only where held-out events prove it helps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, check_cv
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from forecasting.candidates.boosting import library
from forecasting.engine import run_all
from forecasting.errors import did_you_mean, examples
from models.risk.boosters import (
    Effort,
    Ensemble,
    Events,
    Inputs,
    Split,
    Vector,
    boost,
    boost_until,
    log_loss,
)

FOLDS: Final = 4  # slices of rows drawn by lot, each held out once, unless `cv` names others
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
    cv
        Slices held out, as scikit-learn takes them: a splitter, or pairs (rows that teach, rows
        held out). None: FOLDS drawn by lot. Rows that share shocks, such as those of a day, belong
        on one side: give blocks of time then, and leave out what lies beside them.
    n_jobs
        Processes; their number changes nothing.
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
    ensemble_
        The boosters and their calibration: (slope, shift) of the log odds, (1, 0) where left alone.
    held_out_ [n]
        Log odds of the training rows by boosters that did not see them, calibrated by other slices
        where there is a calibration; NaN where no slice held them out.

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
        cv: Any = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.monotone = monotone
        self.rounds = rounds
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.leaf_rows = leaf_rows
        self.column_share = column_share
        self.members = members
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RuptureRiskClassifier:
        """Learn from rows X [n, F], labels y [n] of two kinds and weights [n] (None: all alike).
        Raises ValueError."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
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
        learn = partial(boost, X, events, monotone=constraints, weight=weight)
        calibration, self.held_out_ = (1.0, 0.0), np.full(len(events), np.nan)
        splits = self._splits(X, events, luck)
        if not splits:
            kinds = [replace(kind, rounds=min(self.rounds, FEW_ROUNDS)) for kind in kinds]
        else:
            try_out = partial(boost_until, X, events, monotone=constraints, weight=weight)
            tests = [
                partial(try_out, split, effort=kind, seed=_seed(luck))
                for kind in kinds
                for split in splits
            ]
            found = run_all(tests, self.n_jobs)
            tried = [found[k : k + len(splits)] for k in range(0, len(found), len(splits))]
            rounds = [round(float(np.mean([best for best, _ in one]))) for one in tried]
            kinds = [replace(kind, rounds=most) for kind, most in zip(kinds, rounds, strict=True)]
            for k, (_, held) in enumerate(splits):
                self.held_out_[held] = np.mean([one[k][1] for one in tried], axis=0)
            slices = [held for _, held in splits]
            calibration, self.held_out_ = _calibrated(events, self.held_out_, slices, weight)
        chosen = list(islice(cycle(kinds), self.members))
        self.rounds_ = [kind.rounds for kind in chosen]
        members = [partial(learn, effort=kind, seed=_seed(luck)) for kind in chosen]
        self.ensemble_ = Ensemble(tuple(run_all(members, self.n_jobs)), calibration)
        return self

    def decision_function(self, X: Any) -> Vector:
        """[n] calibrated log odds of the event."""
        check_is_fitted(self)
        inputs: Inputs = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        return self.ensemble_.log_odds(inputs)

    def predict_proba(self, X: Any) -> Vector:
        """[n, 2] chances of no event and of the event, in the order of `classes_`."""
        event = 1.0 / (1.0 + np.exp(-self.decision_function(X)))
        return np.column_stack([1.0 - event, event])

    def predict(self, X: Any) -> NDArray[Any]:
        """[n] the likelier label. Of a rare event that is hardly ever the event: rank by
        `predict_proba`, or act above a chance that fits the costs."""
        chosen = (self.decision_function(X) > 0).astype(int)
        return np.asarray(self.classes_[chosen])

    def _splits(self, X: Inputs, events: Events, luck: np.random.RandomState) -> list[Split]:
        """Those that show both kinds on both sides; none where there are too few of a kind."""
        if min(events.sum(), len(events) - events.sum()) < LEAST_EVENTS:
            return []
        if self.cv is None:
            slices = StratifiedKFold(FOLDS, shuffle=True, random_state=_seed(luck))
        else:
            slices = check_cv(self.cv, events, classifier=True)
        return [
            (taught, held)
            for taught, held in slices.split(X, events)
            if _shows_both(taught, events) and _shows_both(held, events)
        ]

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


def _shows_both(rows: NDArray[np.int64], events: Events) -> bool:
    return len(np.unique(events[rows])) == 2


def _calibrated(
    events: Events, log_odds: Vector, slices: Sequence[NDArray[np.int64]], weight: Vector
) -> tuple[tuple[float, float], Vector]:
    """Slope and shift, and the held-out log odds [n] (NaN: not held out) by the lines of other
    slices; (1, 0) and as they were where events are few, or where such lines do not lower the
    loss."""
    told = np.isfinite(log_odds)
    alone = (1.0, 0.0), log_odds
    if min(events[told].sum(), (1 - events[told]).sum()) < CALIBRATED_EVENTS:
        return alone
    redrawn = log_odds.copy()
    for held in slices:
        others = told.copy()
        others[held] = False
        if np.ptp(events[others]) == 0:
            return alone
        slope, shift = _line(events[others], log_odds[others], weight[others])
        redrawn[held] = slope * log_odds[held] + shift
    slope, shift = _line(events[told], log_odds[told], weight[told])
    before, after = (log_loss(events[told], one[told], weight[told]) for one in (log_odds, redrawn))
    return ((slope, shift), redrawn) if slope > 0 and after < before else alone


def _line(events: Events, log_odds: Vector, weight: Vector) -> tuple[float, float]:
    model = LogisticRegression(C=np.inf).fit(log_odds[:, None], events, sample_weight=weight)
    return float(model.coef_[0, 0]), float(model.intercept_[0])
