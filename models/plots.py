"""Charts of a training run, drawn without a display."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

INK: Final = "#1f4e79"
MOST_BARS: Final = 20  # more segments than that do not read on one page


def charts(report: Any) -> dict[str, Figure]:
    """Figures by name for a `BacktestReport`: each metric by segment, and its spread by series."""
    figures = {}
    segments = labelled(report.by_segment)
    for metric in segments.select_dtypes("float64").columns:
        figures[f"{metric}_by_segment"] = _bars(segments[metric].dropna(), str(metric))
    for metric in report.by_series.select_dtypes("float64").columns[:2]:
        values = report.by_series[metric].to_numpy(dtype=float)
        values = values[np.isfinite(values)]
        if len(values):
            figures[f"{metric}_by_series"] = _spread(values, str(metric))
    return figures


def labelled(segments: pd.DataFrame) -> pd.DataFrame:
    """The same table indexed by one text: its text columns joined (`A / smooth`)."""
    words = [name for name in segments if not pd.api.types.is_numeric_dtype(segments[name])]
    if not words:
        return segments.set_axis(segments.index.astype(str))
    text = segments[words].astype(str).agg(" / ".join, axis=1)
    return segments.drop(columns=words).set_axis(text)


def _bars(values: pd.Series, metric: str) -> Figure:
    shown = values.head(MOST_BARS)[::-1]
    figure = Figure(figsize=(7, 1 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(shown.index.astype(str), shown.to_numpy(), color=INK)
    axes.bar_label(bars, fmt="%.3g", padding=3)
    axes.set(title=f"{metric} by segment", xlabel=metric)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _spread(values: np.ndarray, metric: str) -> Figure:
    """Share of series at or below each value; the far tail is cut at the 99th percentile."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    ordered = np.sort(values)
    axes.plot(ordered, np.arange(1, len(ordered) + 1) / len(ordered), color=INK)
    axes.set(title=f"{metric} by series", xlabel=metric, ylabel="share of series", ylim=(0, 1))
    last = np.quantile(ordered, 0.99)
    if last > ordered[0]:
        axes.set_xlim(ordered[0], last)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
