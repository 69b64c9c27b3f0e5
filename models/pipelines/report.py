"""A training as a person will look for it: settings, data, metrics, charts and the model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from forecasting.accuracy import BacktestReport
from forecasting.calendar import label
from forecasting.panel import Panel
from models import bundles
from models.accuracy_words import losing, shown
from models.model_card import CardFacts, markdown, page
from models.pipelines.steps import plain
from models.plots import charts, labelled
from models.provenance import code_version, environment
from models.tracking import TrainingRun
from models.workspace import Workspace


def training_run(
    workspace: Workspace, panel: Panel, report: BacktestReport, bundle_of: Mapping[str, Path]
) -> TrainingRun:
    """All that the run of a training keeps; `bundle_of`: model name -> the files of its version."""
    origin = label(panel.origin, panel.frequency)
    data = data_facts(panel)
    digest = panel.digest
    settings = _flat(plain(workspace.options))
    segments = labelled(shown(report.by_segment))
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
        )
    )
    pictures = charts(report)
    files: dict[str, str | bytes] = {
        "model_card.md": card,
        "model_card.html": page(card, pictures),
        "environment/requirements.txt": environment(),
        **{f"plots/{name}.png": png for name, png in pictures.items()},
    }
    if len(segments):
        files["metrics/by_segment.csv"] = report.by_segment.to_csv(index=False)
    if len(report.by_quantile):
        files["metrics/by_quantile.csv"] = report.by_quantile.to_csv(index=False)
    return TrainingRun(
        name=f"train as of {origin}",
        tags={"code_version": code_version(), "data_digest": digest, "origin": origin},
        settings=settings,
        data_digest=digest,
        data_source=str(workspace.snapshots),
        data_facts=data,
        metrics=report.metrics,
        segments=segments,
        files=files,
    )


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
