"""A training as a person will look for it: settings, data, metrics, charts and the model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecasting.accuracy import BacktestReport
from forecasting.calendar import label, labels
from forecasting.out_of_fold import LEVEL_COLUMNS, by_origin
from forecasting.panel import Panel
from models import bundles
from models.accuracy_words import kept_of_segments, losing, shown
from models.ledger import DEMAND, RISK
from models.model_card import CardFacts, markdown, page
from models.pipelines.steps import plain
from models.plots import charts, labelled
from models.provenance import code_version, environment
from models.risk.hazard import RuptureHazard
from models.scorecard import Scorecard
from models.tracking import TrainingRun
from models.workspace import Workspace

EXAMPLES: Final = 5  # series, and periods of each, of the input example


def training_run(
    workspace: Workspace,
    panel: Panel,
    report: BacktestReport,
    bundle_of: Mapping[str, Path],
    *,
    rehearsed: Scorecard | None = None,
    effects: pd.Series | None = None,
    rows: Mapping[str, int] | None = None,
) -> TrainingRun:
    """All that the run of a training keeps; `bundle_of`: model name -> the files of its version;
    `rehearsed`: the warnings of past origins, judged; `effects`: of features on the risk; `rows`:
    of each feed in the snapshot."""
    origin = label(panel.origin, panel.frequency)
    data = data_facts(panel) | {f"rows_{feed}": count for feed, count in (rows or {}).items()}
    digest = panel.digest
    settings = _flat(plain(workspace.options))
    segments = labelled(shown(report.by_segment))
    origins = by_origin(report.out_of_fold, panel.frequency)
    learned = RuptureHazard.told_of(bundle_of[RISK]) if RISK in bundle_of else {}
    warned = measured(rehearsed)
    card = markdown(
        CardFacts(
            title=f"Demand forecast and stockout risk, trained as of {origin}",
            origin_label=origin,
            data=data,
            metrics=report.metrics,
            segments=report.by_segment,
            settings=settings,
            code_version=code_version(),
            digests={
                "data": digest,
                **{name: bundles.digest_of(folder) for name, folder in bundle_of.items()},
            },
            losing=losing(report),
            quantiles=report.by_quantile,
            origins=origins,
            warnings=warned,
            risk=learned,
        )
    )
    reliability = None if rehearsed is None else rehearsed.reliability
    pictures = charts(report, reliability, effects, origins)
    files: dict[str, str | bytes] = {
        "model_card.md": card,
        "model_card.html": page(card, pictures),
        "environment/requirements.txt": environment(),
        **{f"plots/{name}.png": png for name, png in pictures.items()},
    }
    if len(segments):
        files["metrics/by_segment.csv"] = report.by_segment.to_csv(index=False)
    if len(report.by_series):
        files["metrics/by_series.parquet"] = report.by_series.to_parquet(index=False)
    if len(report.by_quantile):
        files["metrics/by_quantile.csv"] = report.by_quantile.to_csv(index=False)
    if len(origins):
        files["metrics/by_origin.csv"] = origins.to_csv(index=False)
    return TrainingRun(
        name=f"train as of {origin}",
        tags={"code_version": code_version(), "data_digest": digest, "origin": origin},
        settings=settings,
        data_digest=digest,
        data_source=str(workspace.snapshots),
        data_facts=data,
        metrics={**report.metrics, **warned, **_of_the_risk(learned)},
        segments=segments,
        files=files,
        example=example_of(panel, report),
        by_origin=origins,
        kept={
            DEMAND: {**report.metrics, **warned, **kept_of_segments(report)},
            RISK: warned,
        },
    )


def measured(rehearsed: Scorecard | None) -> dict[str, float]:
    """The warnings of past origins in numbers, `warnings/recall` and so on."""
    overall = {} if rehearsed is None else rehearsed.overall
    return {
        f"warnings/{name}": float(value)
        for name, value in overall.items()
        if isinstance(value, int | float) and np.isfinite(value)
    }


def _of_the_risk(learned: Mapping[str, Any]) -> dict[str, float]:
    """What is told of a learned risk in numbers, `risk/held out in stock loss mixed` and so on."""
    return {
        f"risk/{name}": float(value)
        for name, value in learned.items()
        if isinstance(value, int | float)
    }


def example_of(panel: Panel, report: BacktestReport) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """The end of a few histories, as they go in, and forecasts, as they come out; None where
    nothing was tested."""
    if not len(report.out_of_fold):
        return None
    rows, length = min(EXAMPLES, len(panel)), min(EXAMPLES, panel.units.shape[1])
    periods = np.arange(panel.origin - length + 1, panel.origin + 1)
    given = pd.DataFrame(
        {
            **{
                name: np.repeat(
                    panel.series[name].astype(str).to_numpy(dtype=object)[:rows], length
                )
                for name in ("site", "sku")
            },
            "period": np.tile(labels(periods, panel.frequency), rows),
            "units": panel.units[:rows, -length:].ravel(),
            "on_hand": panel.on_hand[:rows, -length:].ravel(),
        }
    )
    said = report.out_of_fold.head(EXAMPLES * EXAMPLES)
    told = pd.DataFrame(
        {
            **{
                name: panel.series[name].astype(str).to_numpy(dtype=object)[said["series"]]
                for name in ("site", "sku")
            },
            "period": labels((said["origin"] + said["step"]).to_numpy(), panel.frequency),
            "mean": said["forecast"].to_numpy(np.float64),
            **{name: said[name].to_numpy(np.float64) for name in LEVEL_COLUMNS},
        }
    )
    return given, told


def data_facts(panel: Panel) -> dict[str, Any]:
    """Size and reach of what was learned from."""
    known = ~np.isnan(panel.units)
    return {
        "series": len(panel.series),
        "sites": panel.series["site"].nunique(),
        "items": panel.series["sku"].nunique(),
        "periods": panel.units.shape[1],
        "first_period": label(panel.start, panel.frequency),
        "known_periods": int(known.sum()),
        "units": float(panel.units[known].sum()),
        **{f"{feed}_up_to": day.isoformat() for feed, day in panel.watermarks.items()},
    }


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings as `forecast_horizons.day`."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": found for inner, found in value.items()}
        else:
            flat[name] = value
    return flat
