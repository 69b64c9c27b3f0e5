"""What a version is, on one page that a person can read: Markdown, and the same page as HTML."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from models.accuracy_words import GLOSSARY, shown

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.25rem .75rem;border-bottom:1px solid #ccc;"
    "text-align:left}img{max-width:100%}code{background:#f3f3f3}"
)


@dataclass(frozen=True)
class CardFacts:
    """What a card says; `segments` has one row a segment, `settings` one entry a setting,
    `quantiles` one row a grain, span and level, `origins` one row an origin;
    `losing` are sentences, `warnings` the measures of those that would have been said at past
    origins, `risk` what is told of a learned risk (`RuptureHazard.told_of`); empty: it is
    structural."""

    title: str
    origin_label: str
    data: Mapping[str, Any]
    metrics: Mapping[str, float]
    segments: pd.DataFrame
    settings: Mapping[str, Any]
    code_version: str
    digests: Mapping[str, str]
    losing: Sequence[str] = ()
    quantiles: pd.DataFrame = field(default_factory=pd.DataFrame)
    origins: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: Mapping[str, float] = field(default_factory=dict)
    risk: Mapping[str, Any] = field(default_factory=dict)


def markdown(facts: CardFacts) -> str:
    """The card as Markdown (CommonMark with tables)."""
    data = {"Known up to": facts.origin_label, **facts.data}
    return "\n\n".join(
        part
        for part in [
            f"# {facts.title}",
            "Forecasts demand for every item at every site as a distribution, and from it the "
            "risk that stock runs out. Made for replenishment: what to order, where, until when.",
            "## Data",
            _pairs(data, "fact"),
            "## How well it did on the past",
            "At origins before the date above, nothing later known: each forecast with weights, "
            "and each quantile with errors, of the other origins. Origins closer than a horizon "
            "share periods; `vigistock evaluate` learns from nothing at origins that share none."
            if facts.metrics
            else "The histories are too short to test anything on them.",
            "### Where we lose" if facts.metrics else "",
            _lost(facts.losing) if facts.metrics else "",
            "### By segment" if len(facts.segments) else "",
            _table(shown(facts.segments)),
            "### By origin" if len(facts.origins) else "",
            _table(facts.origins),
            "### By quantile" if len(facts.quantiles) else "",
            _table(facts.quantiles),
            "### Warnings at past origins" if facts.warnings else "",
            "Said by demand and hazards learned before, and compared with what came."
            if facts.warnings
            else "",
            _pairs({name: _number(value) for name, value in facts.warnings.items()}, "measure"),
            "### All measures" if facts.metrics else "",
            GLOSSARY if facts.metrics else "",
            _pairs({name: _number(value) for name, value in facts.metrics.items()}, "metric"),
            "## How the risk is found",
            _how_risky(facts.risk),
            _pairs(facts.risk, "fact"),
            "## What it does not know",
            "Demand for items without any history is taken from their category, and says so in "
            "the forecast's method and reason. Events, promotions, prices and holidays move a "
            "forecast only as far as past ones taught. What people do once they are warned is not "
            "learned from." + _flat_hours(facts.settings),
            "## Settings",
            _pairs(facts.settings, "setting"),
            "## How to make it again",
            _pairs({"code": facts.code_version, **facts.digests}, "fact"),
        ]
        if part
    )


def _how_risky(risk: Mapping[str, Any]) -> str:
    structure = "Stock is walked along sampled demand and the lead times of what is on order."
    if not risk:
        return f"{structure} Too few ruptures are on record to learn more from them."
    return (
        f"{structure} Trees learned from {risk['rows']:,} past outcomes, {risk['events']:,} of "
        f"them ruptures, at {risk['origins']:,} origins, have {risk['share in stock']:.0%} of the "
        f"say for shelves in stock and {risk['share out']:.0%} for those that are out. Losses held "
        "out are log losses on origins that the trees had not seen: lower is better, `mixed` is "
        "what is used."
    )


def _flat_hours(settings: Mapping[str, Any]) -> str:
    """What is taken for granted where availability is a share of time and no curve is given."""
    timed = settings.get("availability_basis") == "time" and settings.get("frequency") == "D"
    if not timed or settings.get("shop_hours"):
        return ""
    return (
        " Where stock is told as a share of time, flat hours are assumed: an empty evening counts "
        "like an empty noon (setting `shop_hours`)."
    )


def page(text: str, pictures: Mapping[str, bytes]) -> str:
    """The Markdown card as one HTML file, its PNG charts inside."""
    from markdown_it import MarkdownIt

    title = text.splitlines()[0].lstrip("# ")
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    images = "".join(
        f'<figure><img alt="{html.escape(name)}" '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}"></figure>'
        for name, png in pictures.items()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>"
        f"<body>{body}{images}</body></html>"
    )


def _lost(sentences: Sequence[str]) -> str:
    if not sentences:
        return "Nowhere, against repeating the last season and the plain mean."
    return "\n".join(f"- {sentence.replace('|', chr(92) + '|')}" for sentence in sentences)


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def _cell(value: Any) -> str:
    return _number(value).replace("|", "\\|").replace("\n", " ")


def _pairs(pairs: Mapping[str, Any], what: str) -> str:
    rows = [f"| {_cell(name)} | {_cell(value)} |" for name, value in pairs.items()]
    return "\n".join([f"| {what} | value |", "|---|---|", *rows]) if rows else ""


def _table(frame: pd.DataFrame) -> str:
    if not len(frame):
        return ""
    head = f"| {' | '.join(_cell(name) for name in frame.columns)} |"
    rows = [
        f"| {' | '.join(_cell(value) for value in row)} |" for row in frame.itertuples(index=False)
    ]
    return "\n".join([head, "|---" * len(frame.columns) + "|", *rows])
