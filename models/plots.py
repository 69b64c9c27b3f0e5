"""Charts of a training run, drawn without a display."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from forecasting.accuracy import BacktestReport

INK: Final = "#1f4e79"
MEASURES: Final = ("rmsse", "wape", "bias", "value_added")
SPREAD: Final = "rmsse"
MOST_BARS: Final = 20  # more segments than that do not read on one page


def charts(
    report: BacktestReport,
    reliability: pd.DataFrame | None = None,
    effects: pd.Series | None = None,
    origins: pd.DataFrame | None = None,
) -> dict[str, bytes]:
    """PNG pictures by name: each measure by segment, the spread of RMSSE over the series, errors by
    origin (as `forecasting.out_of_fold.by_origin` has them), the residuals, the calibration of the
    quantiles, the reliability of the warnings (as `models.scorecard.measures.reliability` has it),
    and what moves the risk (`models.risk.effects`)."""
    pictures = {}
    segments = labelled(report.by_segment)
    for measure in MEASURES:
        if measure in segments:
            pictures[f"{measure}_by_segment"] = _png(_bars(segments[measure].dropna(), measure))
    if SPREAD in report.by_series:
        values = report.by_series[SPREAD].to_numpy(dtype=float)
        values = values[np.isfinite(values)]
        if len(values):
            pictures[f"{SPREAD}_by_series"] = _png(_spread(values, SPREAD))
    if origins is not None and len(origins):
        pictures["wape_by_origin"] = _png(_by_origin(origins))
    if len(report.out_of_fold):
        pictures["residuals"] = _png(_residuals(report.out_of_fold))
    if len(report.by_quantile):
        pictures["calibration"] = _png(_calibration(report.by_quantile))
    if reliability is not None and len(reliability):
        pictures["reliability"] = _png(_reliability(reliability))
    if effects is not None and len(effects):
        pictures["risk_effects"] = _png(_bars(effects, "effect on the log odds", of="feature"))
    return pictures


def labelled(segments: pd.DataFrame) -> pd.DataFrame:
    """The same table indexed by one text: its text columns joined (`A / smooth`)."""
    words = [name for name in segments if not pd.api.types.is_numeric_dtype(segments[name])]
    if not words:
        return segments.set_axis(segments.index.astype(str))
    text = segments[words].astype(str).agg(" / ".join, axis=1)
    return segments.drop(columns=words).set_axis(text)


def _bars(values: pd.Series, metric: str, *, of: str = "segment") -> Figure:
    shown = values.head(MOST_BARS)[::-1]
    figure = Figure(figsize=(7, 1 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(shown.index.astype(str), shown.to_numpy(), color=INK)
    axes.bar_label(bars, fmt="%.3g", padding=3)
    axes.margins(x=0.15)  # room for the figures, also left of bars below zero
    axes.set(title=f"{metric} by {of}", xlabel=metric)
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


def _by_origin(origins: pd.DataFrame) -> Figure:
    """WAPE of the forecasts made at each origin, and of repeating last season."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    for column, color in (("wape", INK), ("wape_naive", "#c0504d")):
        axes.plot(origins["origin"], origins[column], marker=".", color=color, label=column)
    axes.set(title="wape by origin", xlabel="origin", ylabel="wape", ylim=(0, None))
    axes.tick_params("x", rotation=45)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _calibration(quantiles: pd.DataFrame) -> Figure:
    """Share of the outcomes (PIT mass) below each level, a line a grain, beside the right one."""
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="right")
    for grain, part in quantiles[quantiles["of"] == "period"].groupby("grain", sort=False):
        axes.plot(part["level"], part["below"], marker=".", label=str(grain))
    axes.set(title="calibration", xlabel="level of the quantile", ylabel="share of outcomes below")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _residuals(rows: pd.DataFrame) -> Figure:
    """Error as a share of the demand, by steps ahead: forecast − actual, and repeating last season
    beside it."""
    sums = rows.groupby("step")[["actual", "forecast", "seasonal_naive"]].sum()
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0.0, color="#999999", linewidth=1)
    for column, color in (("forecast", INK), ("seasonal_naive", "#c0504d")):
        share = (sums[column] - sums["actual"]) / sums["actual"].where(sums["actual"] > 0)
        axes.plot(sums.index, share, marker=".", color=color, label=column.replace("_", " "))
    axes.set(title="residuals", xlabel="steps ahead", ylabel="sum of errors ÷ demand")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _reliability(bins: pd.DataFrame) -> Figure:
    """Share of series that ran out, by the chance that was said."""
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="right")
    axes.plot(bins["chance"], bins["rate"], marker=".", color=INK, label="warnings")
    axes.set(title="reliability", xlabel="chance that was said", ylabel="share that ran out")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _png(figure: Figure) -> bytes:
    """At 100 dots an inch; `Figure.savefig` would lay it out and draw it twice."""
    figure.set_dpi(100)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
