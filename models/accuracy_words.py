"""What a report means, in sentences: for the model card, `train` and `evaluate`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

if TYPE_CHECKING:  # a service reads what was kept, and makes no reports
    from forecasting.accuracy import BacktestReport

BEATEN_BY: Final = {"_naive": "repeating the last season", "_mean": "the plain mean"}

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


SEGMENT_FACTS: Final = ("series", "share_of_demand", "rmsse", "rmsse_naive", "closer")
"""What the record keeps of a segment; closer: share of its series where our RMSSE was the lower
one, draws by half."""
_PREFIX: Final = "segment/"


def kept_of_segments(report: BacktestReport) -> dict[str, float]:
    """`segment/A / smooth/rmsse` and so on; nothing where nothing was judged."""
    segments, series = report.by_segment, report.by_series
    if not len(segments) or "rmsse_naive" not in series:
        return {}
    known = series[series["rmsse"].notna() & series["rmsse_naive"].notna()]
    gap = known["rmsse_naive"] - known["rmsse"]
    closer = (gap > 0) + 0.5 * (gap == 0)
    names = known["abc"].astype(str) + " / " + known["demand_class"].astype(str)
    by_name = closer.groupby(names).mean()
    kept = {}
    for row in segments.to_dict("records"):
        segment = f"{row['abc']} / {row['demand_class']}"
        facts = {**row, "closer": by_name.get(segment, math.nan)}
        for name in SEGMENT_FACTS:
            if math.isfinite(facts[name]):
                kept[f"{_PREFIX}{segment}/{name}"] = float(facts[name])
    return kept


def segments_in(metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """By segment, the facts that a version keeps of it, where it was compared.

    >>> whole = {name: 1.0 for name in SEGMENT_FACTS}
    >>> kept = {f"segment/A / smooth/{name}": value for name, value in whole.items()}
    >>> found = segments_in({**kept, "segment/C / lumpy/series": 3.0, "day/wape": 0.2})
    >>> found == {"A / smooth": whole}
    True
    """
    found: dict[str, dict[str, float]] = {}
    for name, value in metrics.items():
        if name.startswith(_PREFIX):
            segment, _, fact = name.removeprefix(_PREFIX).rpartition("/")
            found.setdefault(segment, {})[fact] = value
    compared = {"series", "rmsse", "rmsse_naive", "closer"}
    return {segment: facts for segment, facts in found.items() if compared <= set(facts)}


def losing(report: BacktestReport) -> list[str]:
    """A sentence for each segment where something simpler has the lower RMSSE, the largest loss
    first; then for each grain where it has the lower RMSSE or WAPE, or WAPE of a span's total."""
    segments = report.by_segment
    said = []
    if "loses_to_naive" in segments:
        lost = segments[segments["loses_to_naive"] | segments["loses_to_mean"]]
        said = [_segment(row) for row in lost.to_dict("records")]
    for grain in dict.fromkeys(name.partition("/")[0] for name in report.metrics):
        said += _grain(grain, report.metrics)
    return said


def _segment(row: Mapping[Any, Any]) -> str:
    size = f"{row['series']:,} series"
    if pd.notna(row["share_of_demand"]):
        size += f", {row['share_of_demand']:.1%} of the demand"
    figures = {f"rmsse{suffix}": row[f"rmsse{suffix}"] for suffix in ("", *BEATEN_BY)}
    return f"{row['abc']} / {row['demand_class']} ({size}): {_beaten(figures, 'rmsse')}."


def _grain(grain: str, metrics: Mapping[str, float]) -> list[str]:
    mine = {
        name.removeprefix(f"{grain}/"): value
        for name, value in metrics.items()
        if name.startswith(f"{grain}/")
    }
    measures = [name for name in mine if name in ("rmsse", "wape") or name.endswith("_wape")]
    said = []
    for measure in measures:
        beaten = _beaten(mine, measure)
        span = measure.partition("_")[0].removeprefix("total") if "_" in measure else None
        of = "" if span is None else f"total of {span or 'all'} {grain}s: "
        said += [f"{of}{beaten}"] if beaten else []
    return [f"all series by {grain}: {'; '.join(said)}."] if said else []


def _beaten(figures: Mapping[str, float], measure: str) -> str:
    """Who has a lower error, in words; nothing where nobody has."""
    ours = figures[measure]
    winners = [
        f"{words} has {figures[measure + suffix]:.3f}"
        for suffix, words in BEATEN_BY.items()
        if figures.get(measure + suffix, ours) < ours
    ]
    name = measure.rpartition("_")[2].upper()
    return f"our {name} is {ours:.3f}, {' and '.join(winners)}" if winners else ""


def shown(segments: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table of segments that a person reads."""
    return segments[[name for name in SHOWN if name in segments]]
