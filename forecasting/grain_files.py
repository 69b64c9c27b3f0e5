"""A fitted grain as files: one `.npz` without pickles, and a text a booster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.candidates import added_features, boosting, registry, statistical
from forecasting.candidates.pooled import POOLED, PooledModels
from forecasting.dispersion import Dispersion
from forecasting.distribution import ErrorPaths
from forecasting.grain import FittedGrain


def write(fitted: FittedGrain, folder: Path) -> dict[str, Any]:
    """Write the files of a grain; returns what the bundle's facts must say of them."""
    name = f"demand_{fitted.frequency.grain}"
    np.savez(
        folder / f"{name}.npz",
        site=fitted.series["site"].to_numpy(dtype=str),
        sku=fitted.series["sku"].to_numpy(dtype=str),
        weights=fitted.weights,
        blend=fitted.blend,
        usual_blend=fitted.usual_blend,
        scales=fitted.scales,
        losses=fitted.dispersion.losses,
        periods=fitted.dispersion.periods,
        usual_losses=fitted.dispersion.usual,
        **fitted.errors.to_arrays(),
    )
    facts: dict[str, Any] = {
        "file": f"{name}.npz",
        "horizon": fitted.horizon,
        "candidates": list(registry.names()),
        "events": list(fitted.names[0]),
        "frequent_events": list(fitted.names[1]),
    }
    if fitted.pooled is not None:
        facts["library"] = fitted.pooled.direct.library
        facts["features"] = [one.name for one in fitted.pooled.added]
        facts["bag"] = len(fitted.pooled.direct.boosters)
        for member in POOLED:
            for number, booster in enumerate(getattr(fitted.pooled, member).boosters):
                (folder / _booster_file(name, member, number)).write_bytes(booster.to_bytes())
    return facts


def _booster_file(grain: str, member: str, number: int) -> str:
    return f"{grain}_{member}{f'_{number + 1}' if number else ''}.booster"


def read(folder: Path, frequency: Frequency, facts: dict[str, Any]) -> FittedGrain:
    """The grain as `write` left it; raises OSError, ValueError, KeyError or TypeError."""
    name = f"demand_{frequency.grain}"
    weighed = tuple(facts.get("candidates", statistical.CANDIDATES))  # else an earlier version's
    with np.load(folder / facts["file"], allow_pickle=False) as kept:
        series = pd.DataFrame(
            {"site": kept["site"].astype(object), "sku": kept["sku"].astype(object)}
        )
        pooled = None
        if "library" in facts:
            recursive, direct = (
                boosting.Bag(
                    tuple(
                        boosting.from_bytes(
                            (folder / _booster_file(name, member, number)).read_bytes(),
                            facts["library"],
                        )
                        for number in range(facts.get("bag", 1))  # 1: an earlier version's
                    )
                )
                for member in POOLED
            )
            added = added_features.named(facts.get("features", []))
            pooled = PooledModels(recursive, direct, added)
        return FittedGrain(
            frequency=frequency,
            horizon=int(facts["horizon"]),
            series=series,
            weights=registry.weights_by_name(kept["weights"], weighed),
            blend=kept["blend"],
            usual_blend=kept["usual_blend"],
            scales=_by_band(kept["scales"], len(kept["usual_blend"])),
            dispersion=Dispersion(kept["losses"], kept["periods"], kept["usual_losses"]),
            errors=ErrorPaths.from_arrays(kept, frequency),
            pooled=pooled,
            names=(tuple(facts["events"]), tuple(facts["frequent_events"])),
        )


def _by_band(scales: NDArray[np.float64], bands: int) -> NDArray[np.float64]:
    """[B, V]; an earlier version had one row [V] for the whole horizon."""
    return np.tile(scales, (bands, 1)) if scales.ndim == 1 else scales
