"""The door to LightGBM, and to scikit-learn's boosting where LightGBM cannot be loaded.

Both learn log(mean demand ÷ level): LightGBM takes the logarithm of the level as an offset of a
Tweedie loss (Jørgensen 1987; Zhou, Qian and Yang 2020, "Tweedie gradient boosting"), scikit-learn
learns the ratio itself under a Poisson loss weighted by the level, which has the same optimum.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.candidates.lightgbm_trees import Trees
from forecasting.errors import VigistockError

Inputs = NDArray[np.float32]
Vector = NDArray[np.float64]

ROW_SHARE: Final = 0.8  # of the rows is seen by a tree (LightGBM)
MOST_LOG_RATIO: Final = 4.0  # a forecast of 55 times the level is no forecast
TRUSTED: Final = (
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "numpy.dtype",
)
POISSON: Final = (
    *("sklearn._loss.link.Interval", "sklearn._loss.link.LogLink"),
    *("sklearn._loss.loss.HalfPoissonLoss", "sklearn._loss._loss.CyHalfPoissonLoss"),
)


@dataclass(frozen=True)
class Effort:
    """How hard a booster tries."""

    rounds: int
    leaves: int
    rate: float
    leaf_rows: int
    column_share: float = 0.7  # seen by a tree (LightGBM) or a split: related columns take turns

    def lightgbm(self, seed: int) -> dict[str, Any]:
        """LightGBM's parameters but for the loss: one thread, the same trees for the same rows."""
        return {
            "learning_rate": self.rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.leaf_rows,
            "feature_fraction": self.column_share,
            "bagging_fraction": ROW_SHARE,
            "bagging_freq": 1,
            "num_threads": 1,
            "deterministic": True,
            "force_col_wise": True,
            "seed": seed % (1 << 30),
            "verbosity": -1,
        }

    def sklearn(self, seed: int) -> dict[str, Any]:
        """The same for scikit-learn's histogram boosting."""
        return {
            "learning_rate": self.rate,
            "max_iter": self.rounds,
            "max_leaf_nodes": self.leaves,
            "min_samples_leaf": self.leaf_rows,
            "max_features": self.column_share,
            "early_stopping": False,
            "random_state": seed % (1 << 30),
        }


@dataclass(frozen=True)
class CountEffort(Effort):
    """The same for demand."""

    power: float = 1.1  # of the Tweedie variance: between Poisson counts (1) and gamma amounts (2)


def without_silence(inputs: NDArray[Any]) -> NDArray[Any]:
    """Inputs [k, F] with 0 in columns of nothing, which scikit-learn cannot bin."""
    silent = np.isnan(inputs).all(axis=0)
    return np.where(silent, inputs.dtype.type(0.0), inputs)


class Booster(Protocol):
    """A learned function: features [k, F] → log ratio of mean demand to level [k]."""

    @property
    def library(self) -> str: ...

    def log_ratio(self, inputs: Inputs) -> Vector: ...

    def to_bytes(self) -> bytes: ...


@dataclass(frozen=True)
class _LightGBM:
    model: Trees
    library: str = "lightgbm"

    def log_ratio(self, inputs: Inputs) -> Vector:
        return np.clip(self.model.raw_score(inputs), -MOST_LOG_RATIO, MOST_LOG_RATIO)

    def to_bytes(self) -> bytes:
        return self.model.text


@dataclass(frozen=True)
class _Sklearn:
    model: Any
    library: str = "sklearn"

    def log_ratio(self, inputs: Inputs) -> Vector:
        ratio = np.maximum(self.model.predict(inputs), 1e-6)
        return np.clip(np.log(ratio), -MOST_LOG_RATIO, MOST_LOG_RATIO)

    def to_bytes(self) -> bytes:
        return sklearn_bytes(self.model)


@dataclass(frozen=True)
class Bag:
    """Boosters that learned the same from other samples: their mean errs less than any of them
    (Breiman 1996, "Bagging predictors", Machine Learning 24:123)."""

    boosters: tuple[Booster, ...]

    @property
    def library(self) -> str:
        return self.boosters[0].library

    def log_ratio(self, inputs: Inputs) -> Vector:
        """[k] of the mean of their ratios."""
        found = [one.log_ratio(inputs) for one in self.boosters]
        if len(found) == 1:
            return found[0]
        mean: Vector = np.log(np.mean(np.exp(found), axis=0))
        return mean


def library() -> str:
    """`lightgbm`, or `sklearn` where it cannot be loaded (not installed, or no OpenMP)."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError):
        return "sklearn"
    return "lightgbm"


def boost(
    inputs: Inputs, demand: Vector, level: Vector, *, effort: CountEffort, seed: int
) -> Booster:
    """Learn from k samples: features [k, F], demand [k] ≥ 0 and level [k] > 0, units a period.

    One thread, and the same bytes for the same samples and seed.
    """
    if library() == "sklearn":
        return _boost_sklearn(inputs, demand, level, effort=effort, seed=seed)
    import lightgbm

    parameters = {
        "objective": "tweedie",
        "tweedie_variance_power": effort.power,
        "max_bin": 127,
        "boost_from_average": True,
        **effort.lightgbm(seed),
    }
    data = lightgbm.Dataset(
        inputs, demand, init_score=np.log(level), params={"max_bin": 127, "verbosity": -1}
    )
    return _LightGBM(learned(lightgbm.train(parameters, data, num_boost_round=effort.rounds)))


def _boost_sklearn(
    inputs: Inputs, demand: Vector, level: Vector, *, effort: CountEffort, seed: int
) -> Booster:
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(loss="poisson", max_bins=127, **effort.sklearn(seed))
    return _Sklearn(model.fit(without_silence(inputs), demand / level, sample_weight=level))


def from_bytes(text: bytes, kind: str) -> Booster:
    """A booster as `to_bytes` wrote it; no code in it is run. Raises ValueError."""
    if kind == "lightgbm":
        return _LightGBM(lightgbm_trees(text))
    return _Sklearn(sklearn_model(text, POISSON))


def learned(model: Any) -> Trees:
    """Of a booster that LightGBM's package has just learned."""
    return Trees(bytes(model.model_to_string(), "ascii"))


def lightgbm_trees(text: bytes) -> Trees:
    """Raises ValueError, and NoLightGBM where it cannot be loaded."""
    try:
        return Trees(text)
    except (ImportError, OSError) as error:
        raise NoLightGBM() from error


def sklearn_bytes(model: Any) -> bytes:
    import skops.io

    return bytes(skops.io.dumps(model))


def sklearn_model(text: bytes, types: tuple[str, ...]) -> Any:
    """`types`: those of the model's loss, beside TRUSTED. No others are loaded."""
    import skops.io

    return skops.io.load(io.BytesIO(text), trusted=[*TRUSTED, *types])


class NoLightGBM(VigistockError):
    code = "no_lightgbm"
    title = "This version was learned by LightGBM, which cannot be loaded here"

    def __init__(self) -> None:
        super().__init__(
            "LightGBM is not installed, or its OpenMP library (libgomp) is missing.",
            next_step="Install it, or train again here: scikit-learn's boosting is used then.",
        )
