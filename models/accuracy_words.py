"""What a report means, in sentences: for the model card, `train` and `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from forecasting.accuracy import BacktestReport

BEATEN_BY: Final = {"naive": "repeating the last season", "mean": "the plain mean"}

SHOWN: Final = (
    "abc",
    "demand_class",
    "loses_to_naive",
    "loses_to_mean",
    "series",
    "share_of_demand",
    "rmsse",
    "rmsse_naive",
    "rmsse_mean",
    "wape",
    "bias",
    "pinball",
    "below_q900",
    "inside_q100_q900",
    "instability",
    "value_added",
    "value_added_mean",
)
"""Columns of a segment that a person reads and MLflow charts; the file holds them all."""

GLOSSARY: Final = (
    "`rmsse` and `wape` are errors (0: none), beside those of repeating the last season (`_naive`) "
    "and of the plain mean (`_mean`); `value_added` and `value_added_mean` are the shares of their "
    "RMSSE that we save: below 0 we lose. `bias` above 0: too much was forecast. `pinball` is the "
    "loss of the quantiles as a share of the demand. `below_q900` is the share of outcomes below "
    "the 0.9 quantile, an outcome on it counted in part (the randomised probability integral "
    "transform), so 0.9 is right, `inside_q100_q900` likewise 0.8; `closed` and `strict` count "
    "what lies on a quantile wholly or not at all: where demand is small the right values lie "
    "between them. `instability` is how far the forecast of a period moves from one origin to the "
    "next, as a share of the demand. `total28_…` is of the demand over 28 periods as one number."
)


def losing(report: BacktestReport) -> list[str]:
    """A sentence for each grain and segment where something simpler has the lower RMSSE; the
    largest loss of the own grain's segments first."""
    segments = report.by_segment
    if "loses_to_naive" not in segments:
        return _grains(report.metrics)
    lost = segments[segments["loses_to_naive"] | segments["loses_to_mean"]]
    return [*(_segment(row) for row in lost.to_dict("records")), *_grains(report.metrics)]


def _segment(row: Mapping[Any, Any]) -> str:
    size = f"{row['series']:,} series"
    if pd.notna(row["share_of_demand"]):
        size += f", {row['share_of_demand']:.1%} of the demand"
    return f"{row['abc']} / {row['demand_class']} ({size}): {_against(row)}"


def _grains(metrics: Mapping[str, float]) -> list[str]:
    said = []
    for grain in dict.fromkeys(name.partition("/")[0] for name in metrics):
        mine = {name.partition("/")[2]: v for name, v in metrics.items() if f"{grain}/" in name}
        by = {"naive": "value_added", "mean": "value_added_mean"}
        row = {f"loses_to_{what}": mine.get(name, 0.0) < 0 for what, name in by.items()}
        if any(row.values()):
            said.append(f"all series by {grain}: {_against({**mine, **row})}")
    return said


def _against(row: Mapping[Any, Any]) -> str:
    winners = [
        f"{words} has {row[f'rmsse_{name}']:.3f}"
        for name, words in BEATEN_BY.items()
        if row[f"loses_to_{name}"]
    ]
    return f"our RMSSE is {row['rmsse']:.3f}, {' and '.join(winners)}."


def shown(segments: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table of segments that a person reads."""
    return segments[[name for name in SHOWN if name in segments]]
