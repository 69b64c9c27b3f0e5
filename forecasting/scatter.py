"""Sample paths around the means of one grain: all that drawing them takes, and nothing of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.distribution import ErrorPaths, series_key
from forecasting.shocks import site_key

Matrix = NDArray[np.float64]

ARRAYS: Final = ("mean", "dispersion", "quantum")
MOVED: Final = "moved"


def keys_of(series: pd.DataFrame) -> list[int]:
    """The stable number of each series, from which its luck comes."""
    return [series_key(*pair) for pair in zip(series["site"], series["sku"], strict=True)]


def sites_of(series: pd.DataFrame) -> list[int]:
    """The stable number of each series' site, from which comes what its series share."""
    return [site_key(site) for site in series["site"]]


@dataclass(frozen=True)
class Scatter:
    """Means and errors of n series over H periods from `first` on."""

    frequency: Frequency
    first: int
    keys: Sequence[int]  # [n]
    sites: Sequence[int]  # [n]
    mean: Matrix  # [n, H] demand, units a period
    dispersion: Matrix  # [n] φ of var = m + φ m², counted in quanta
    quantum: Matrix  # [n] the unit that demand is counted in
    errors: ErrorPaths
    count: int  # paths a series
    seed: int
    moved: Matrix | None = None  # [n, H] that the mean is moved to; None: it stays

    @property
    def horizon(self) -> int:
        return self.mean.shape[1]

    @property
    def expected(self) -> Matrix:
        """[n, H] the mean of the paths, units a period."""
        return self.mean if self.moved is None else self.moved

    def times(self, factor: Matrix) -> Scatter:
        """The same series where more or less is wanted: each path moves with its mean."""
        return self.moved_to(self.expected * factor)

    def moved_to(self, mean: Matrix) -> Scatter:
        """The same series where so much is wanted [n, H]; the shape of their luck stays."""
        return replace(self, moved=mean)

    def of(self, rows: slice | NDArray[np.intp]) -> Scatter:
        """The same of some series, in the order asked for."""
        places = np.arange(len(self.keys))[rows].tolist()
        return replace(
            self,
            keys=[self.keys[place] for place in places],
            sites=[self.sites[place] for place in places],
            mean=self.mean[rows],
            dispersion=self.dispersion[rows],
            quantum=self.quantum[rows],
            moved=None if self.moved is None else self.moved[rows],
        )

    def paths(
        self, rows: slice | NDArray[np.intp], horizon: int | None = None
    ) -> NDArray[np.float32]:
        """[b, count, horizon] demand, units. The same series and seed give the same paths, and the
        paths of each period average to the forecast."""
        places = np.arange(len(self.keys))[rows].tolist()
        return self.errors.paths(
            [self.keys[place] for place in places],
            [self.sites[place] for place in places],
            count=self.count,
            seed=self.seed,
            horizon=self.horizon if horizon is None else min(horizon, self.horizon),
            **self._counted(rows),
        )

    def quantiles(self, rows: slice, levels: Sequence[float]) -> Matrix:
        """[b, H, Q] of the paths at each step."""
        return self.errors.quantiles(levels, count=self.count, **self._counted(rows))

    def _counted(self, rows: slice | NDArray[np.intp]) -> dict[str, Any]:
        """Mean in quanta, φ and quantum of some series."""
        quantum = self.quantum[rows]
        return {
            "mean": self.mean[rows] / quantum[:, None],
            "moved": None if self.moved is None else self.moved[rows] / quantum[:, None],
            "dispersion": self.dispersion[rows],
            "quantum": quantum,
        }

    def to_files(self, folder: Path) -> dict[str, Any]:
        """Write the arrays; gives what `from_files` must be told beside them and the series."""
        np.savez(
            folder / "scatter.npz",
            **self.errors.to_arrays(),
            **{
                name: kept for name in (*ARRAYS, MOVED) if (kept := getattr(self, name)) is not None
            },
        )
        return {
            "frequency": self.frequency.value,
            "first": self.first,
            "count": self.count,
            "seed": self.seed,
        }

    @classmethod
    def from_files(cls, folder: Path, facts: dict[str, Any], series: pd.DataFrame) -> Scatter:
        """As `to_files` left it; raises OSError, ValueError or KeyError."""
        frequency = Frequency(facts["frequency"])
        with np.load(folder / "scatter.npz", allow_pickle=False) as kept:
            return cls(
                frequency=frequency,
                first=int(facts["first"]),
                keys=keys_of(series),
                sites=sites_of(series),
                errors=ErrorPaths.from_arrays(kept, frequency),
                count=int(facts["count"]),
                seed=int(facts["seed"]),
                moved=kept[MOVED] if MOVED in kept.files else None,
                **{name: kept[name] for name in ARRAYS},
            )
