"""What others do: the rule of an ERP, a logistic line, an undersampled forest, plain boosting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.risk.task import Task, Vector
from models.risk.boosters import Effort, boost

RULE: Final = "cover over lead time"
PLAIN: Final = Effort(rounds=300, leaves=15, rate=0.03, leaf_rows=40)  # the product's, untuned


def cover(task: Task) -> Vector:
    """[n] months by which the lead time exceeds the cover: an order, no probability."""
    return task.test.rule


def logistic(task: Task) -> Vector:
    """[n] chances from engineered columns on a signed log scale, the unknown at their median."""
    model = make_pipeline(
        FunctionTransformer(signed_log),
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=1000),
    )
    model.fit(task.train.engineered, task.train.labels())
    return np.asarray(model.predict_proba(task.test.engineered)[:, 1])


def forest(task: Task) -> Vector:
    """[n] votes of trees that saw one row without an event for each with one, as tutorials do."""
    luck = np.random.default_rng(0)
    event = task.train.labels()
    calm = np.flatnonzero(~event)
    few = luck.choice(calm, min(event.sum(), len(calm)), replace=False)
    chosen = np.sort(np.concatenate([np.flatnonzero(event), few]))
    model = RandomForestClassifier(300, random_state=0)
    model.fit(task.train.raw.iloc[chosen], event[chosen])
    return np.asarray(model.predict_proba(task.test.raw)[:, 1])


def plain_boosting(task: Task) -> Vector:
    """[n] chances of one booster of the product's library on the columns as they came."""
    learned = boost(
        task.train.raw.to_numpy(),
        task.train.labels().astype(np.int64),
        effort=PLAIN,
        monotone=[0] * task.train.raw.shape[1],
        seed=0,
    )
    return 1.0 / (1.0 + np.exp(-learned.log_odds(task.test.raw.to_numpy())))


def signed_log(values: Vector) -> Vector:
    """sign(x) · log(1 + |x|).

    >>> signed_log(np.array([-np.e + 1, 0.0]))
    array([-1.,  0.])
    """
    return np.sign(values) * np.log1p(np.abs(values))


PEERS: Final[Mapping[str, Callable[[Task], Vector]]] = {
    RULE: cover,
    "logistic, engineered gaps": logistic,
    "forest, 1:1 undersampled": forest,
    "boosting, raw columns": plain_boosting,
}
