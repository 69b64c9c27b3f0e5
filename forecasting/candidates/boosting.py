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

from forecasting.errors import VigistockError

Inputs = NDArray[np.float32]
Vector = NDArray[np.float64]

MOST_LOG_RATIO: Final = 4.0  # a forecast of 55 times the level is no forecast
TRUSTED: Final = (
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogLink",
    "sklearn._loss.loss.HalfPoissonLoss",
    "sklearn._loss._loss.CyHalfPoissonLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "numpy.dtype",
)


@dataclass(frozen=True)
class Effort:
    """How hard a booster tries."""

    rounds: int
    leaves: int
    rate: float
    leaf_rows: int
    power: float = 1.1  # of the Tweedie variance: between Poisson counts (1) and gamma amounts (2)


class Booster(Protocol):
    """A learned function: features [k, F] → log ratio of mean demand to level [k]."""

    @property
    def library(self) -> str: ...

    def log_ratio(self, inputs: Inputs) -> Vector: ...

    def to_bytes(self) -> bytes: ...


@dataclass(frozen=True)
class _LightGBM:
    model: Any
    library: str = "lightgbm"

    def log_ratio(self, inputs: Inputs) -> Vector:
        found = self.model.predict(inputs, raw_score=True, num_threads=1)
        return np.clip(np.asarray(found, np.float64), -MOST_LOG_RATIO, MOST_LOG_RATIO)

    def to_bytes(self) -> bytes:
        return bytes(self.model.model_to_string(), "ascii")


@dataclass(frozen=True)
class _Sklearn:
    model: Any
    library: str = "sklearn"

    def log_ratio(self, inputs: Inputs) -> Vector:
        ratio = np.maximum(self.model.predict(inputs), 1e-6)
        return np.clip(np.log(ratio), -MOST_LOG_RATIO, MOST_LOG_RATIO)

    def to_bytes(self) -> bytes:
        import skops.io

        return bytes(skops.io.dumps(self.model))


def library() -> str:
    """`lightgbm`, or `sklearn` where it cannot be loaded (not installed, or no OpenMP)."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError):
        return "sklearn"
    return "lightgbm"


def boost(inputs: Inputs, demand: Vector, level: Vector, *, effort: Effort, seed: int) -> Booster:
    """Learn from k samples: features [k, F], demand [k] ≥ 0 and level [k] > 0, units a period.

    One thread, and the same bytes for the same samples and seed.
    """
    if library() == "sklearn":
        return _boost_sklearn(inputs, demand, level, effort=effort, seed=seed)
    import lightgbm

    parameters = {
        "objective": "tweedie",
        "tweedie_variance_power": effort.power,
        "learning_rate": effort.rate,
        "num_leaves": effort.leaves,
        "min_data_in_leaf": effort.leaf_rows,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "max_bin": 127,
        "boost_from_average": True,
        "num_threads": 1,
        "deterministic": True,
        "force_col_wise": True,
        "seed": seed % (1 << 30),
        "verbosity": -1,
    }
    data = lightgbm.Dataset(
        inputs, demand, init_score=np.log(level), params={"max_bin": 127, "verbosity": -1}
    )
    return _LightGBM(lightgbm.train(parameters, data, num_boost_round=effort.rounds))


def _boost_sklearn(
    inputs: Inputs, demand: Vector, level: Vector, *, effort: Effort, seed: int
) -> Booster:
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(
        loss="poisson",
        learning_rate=effort.rate,
        max_iter=effort.rounds,
        max_leaf_nodes=effort.leaves,
        min_samples_leaf=effort.leaf_rows,
        max_features=0.7,
        max_bins=127,
        early_stopping=False,
        random_state=seed % (1 << 30),
    )
    silent = np.isnan(inputs).all(axis=0)  # scikit-learn cannot bin a column of nothing
    told = np.where(silent, np.float32(0.0), inputs)
    return _Sklearn(model.fit(told, demand / level, sample_weight=level))


def from_bytes(text: bytes, kind: str) -> Booster:
    """A booster as `to_bytes` wrote it; no code in it is run. Raises ValueError."""
    if kind == "lightgbm":
        try:
            import lightgbm

            return _LightGBM(lightgbm.Booster(model_str=text.decode("ascii")))
        except (ImportError, OSError) as error:
            raise NoLightGBM() from error
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
            raise ValueError(f"no LightGBM model: {error}") from error
    import skops.io

    return _Sklearn(skops.io.load(io.BytesIO(text), trusted=list(TRUSTED)))


class NoLightGBM(VigistockError):
    code = "no_lightgbm"
    title = "This version was learned by LightGBM, which cannot be loaded here"

    def __init__(self) -> None:
        super().__init__(
            "LightGBM is not installed, or its OpenMP library (libgomp) is missing.",
            next_step="Install it, or train again here: scikit-learn's boosting is used then.",
        )
