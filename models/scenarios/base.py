"""What a publication was computed from, kept so that a scenario starts where it ended.

The panel, the paths' means and spreads, the levels of the local candidates: plain arrays and Arrow
tables, mapped rather than read.
It may be deleted; it is then made again from the snapshot and the champions of the publication, if
their data are still those.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.candidates import registry
from forecasting.demand import Corrections
from forecasting.demand_forecast import DemandForecast
from forecasting.panel import Panel
from forecasting.scatter import Scatter

FORMAT: Final = 5
FACTS: Final = "base.json"
ASIDE: Final = ".writing-"
_CORRECTED: Final = "corrected_{}"
_LEVELS: Final = "levels_{}"


@dataclass(frozen=True)
class Base:
    """Of one publication."""

    panel: Panel
    forecast: DemandForecast  # of the own grain
    corrections: Corrections  # of what was sold, to demand
    levels: Mapping[Frequency, NDArray[np.float64]] = field(default_factory=dict)
    # forecasting.demand_forecast.DemandForecast.levels; a grain that is not there is asked anew


def keep_base(root: Path, number: int, base: Base, *, digest: str) -> None:
    """Write the base of publication `number` under `root`, and forget those of all others.

    `digest`: of the data that it was made from, which overrides of the panel leave as they are.
    """
    panel, forecast = base.panel, base.forecast
    root.mkdir(parents=True, exist_ok=True)
    for old in root.iterdir():
        shutil.rmtree(old)
    aside, folder = root / f"{ASIDE}{number}", root / str(number)
    aside.mkdir()
    facts: dict[str, Any] = {
        "format": FORMAT,
        "digest": digest,
        "horizon": forecast.grains[panel.frequency].horizon,
        "scatter": forecast.scatter.to_files(aside),
        "panel": {
            part.name: _write(getattr(panel, part.name), aside / part.name)
            for part in fields(Panel)
        },
    }
    for part in fields(Corrections):
        _write(getattr(base.corrections, part.name), aside / _CORRECTED.format(part.name))
    facts["candidates"] = list(registry.names())
    facts["levels"] = {
        grain.value: _write(levels, aside / _LEVELS.format(grain.value))
        for grain, levels in base.levels.items()
    }
    (aside / FACTS).write_text(json.dumps(facts, indent=1))
    aside.rename(folder)


def kept_base(root: Path, number: int, digest: str) -> Base | None:
    """The base of a publication made from data with this digest; None where none is kept, or it
    cannot be read: it can be made again."""
    folder = root / str(number)
    try:
        facts = json.loads((folder / FACTS).read_text())
        if facts["format"] != FORMAT or facts["digest"] != digest:
            return None
        parts = {name: _read(told, folder / name) for name, told in facts["panel"].items()}
        panel = Panel(**parts)
        scatter = Scatter.from_files(folder, facts["scatter"], panel.series)
        corrections = Corrections(
            *(_read("array", folder / _CORRECTED.format(one.name)) for one in fields(Corrections))
        )
        known = facts.get("candidates") == list(registry.names())
        levels = {
            Frequency(grain): _read(told, folder / _LEVELS.format(grain))
            for grain, told in (facts["levels"] if known else {}).items()
        }
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid):
        return None
    codes = panel.series[["site", "sku"]]
    forecast = DemandForecast.kept(scatter, codes, int(facts["horizon"]))
    return Base(panel, forecast, corrections, levels)


def _write(value: Any, path: Path) -> Any:
    """What JSON holds itself, or where the rest lies."""
    if isinstance(value, np.ndarray):
        if value.size and not any(value.strides):  # one value, laid out nowhere
            return {"shape": value.shape, "all": float(value.flat[0])}
        np.save(path.with_suffix(".npy"), value, allow_pickle=False)
        return "array"
    if isinstance(value, pd.DataFrame):
        table = pa.Table.from_pandas(value, preserve_index=False)
        feather.write_feather(table, str(path.with_suffix(".arrow")), compression="uncompressed")
        return "table"
    if isinstance(value, Frequency):
        return {"frequency": value.value}
    if isinstance(value, dict):
        return {"dates": {name: day.isoformat() for name, day in value.items()}}
    return value


def _read(told: Any, path: Path) -> Any:
    if told == "array":
        return np.asarray(np.load(path.with_suffix(".npy"), mmap_mode="r", allow_pickle=False))
    if told == "table":
        table = feather.read_table(str(path.with_suffix(".arrow")), memory_map=True)
        return table.to_pandas()
    if not isinstance(told, dict):
        return told
    if "shape" in told:
        return np.broadcast_to(np.float64(told["all"]), told["shape"])
    if "frequency" in told:
        return Frequency(told["frequency"])
    return {name: dt.date.fromisoformat(day) for name, day in told["dates"].items()}
