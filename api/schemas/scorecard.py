"""Warnings against what came."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, Field


class Score(BaseModel):
    """Warnings and ruptures, and how right the chances were.

    A warning is an unbroken run of publications that announced a series.
    """

    warnings: int = Field(ge=0, description="announced; the sum of the five outcomes")
    ruptured: int = Field(ge=0, description="a period of the main horizon closed in stockout")
    averted: int = Field(ge=0, description="held, and would not have without what was done since")
    false_alarm: int = Field(ge=0, description="held, and nothing was done")
    not_attributable: int = Field(ge=0, description="held, and nobody can say why")
    open: int = Field(ge=0, description="held so far; the horizon is not over")
    closed: int = Field(ge=0, description="warnings not open that began a main horizon ago or more")
    precision: float | None = Field(description="of the closed ones, those that ruptured, 0..1")
    averted_share: float | None = Field(description="of the closed ones, those averted, 0..1")
    ruptures: int = Field(ge=0, description="first stockouts after a publication in force")
    announced: int = Field(ge=0, description="of those, with a warning alive on the eve")
    missed: int = Field(ge=0, description="of those, without")
    recall: float | None = Field(description="announced ÷ ruptures, 0..1")
    recall_3_days: float | None = Field(description="announced for 3 days or more ÷ ruptures, 0..1")
    recall_7_days: float | None = Field(description="announced for 7 days or more ÷ ruptures, 0..1")
    lead_days_median: float | None = Field(
        description="days from the first warning of the run alive on the eve to the rupture"
    )
    judged: int = Field(ge=0, description="chances whose event is known: a series and an origin")
    rate: float | None = Field(description="share of them that ran out, 0..1")
    average_precision: float | None = Field(description="of the ranking by chance, 0..1")
    brier_skill: float | None = Field(description="1 − Brier score ÷ that of always saying `rate`")
    ece: float | None = Field(description="mean |chance − rate| over ten equal bins, 0..1")


class OverallScore(Score):
    value_averted: dict[str, float] = Field(
        description="by currency: value at risk of the averted warnings when first said"
    )


class SegmentScore(Score):
    segment: str = Field(description="ABC by value / demand class", examples=["A / smooth"])


class PeriodScore(Score):
    period: str = Field(
        description="ISO week (month, where a period is a month) in which warnings began, ruptures "
        "happened and chances were said",
        examples=["2026-W47"],
    )


class ReliabilityBin(BaseModel):
    """One of ten bins of equally many chances, the lowest first."""

    rows: int = Field(ge=0)
    chance: float = Field(ge=0, le=1, description="mean chance said")
    rate: float = Field(ge=0, le=1, description="share that ran out")


class MethodScore(BaseModel):
    """One way to rank series, had it named as many as we announced at the same origins."""

    method: str = Field(examples=["Vigistock", "days of cover"])
    named: int = Field(ge=0, description="series, counted at each origin")
    hits: float = Field(ge=0, description="of those, that ran out within the main horizon")
    precision: float | None = Field(description="hits ÷ named, 0..1")
    recall: float | None = Field(description="hits ÷ all that ran out, 0..1")
    average_precision: float | None = Field(description="of the ranking, 0..1")
    brier_skill: float | None = Field(description="of chances; null: a rule gives none")
    ece: float | None = Field(description="of chances, 0..1")


class Missed(BaseModel):
    """A rupture without a warning alive on its eve."""

    site: str
    sku: str
    ruptured_on: dt.date = Field(description="last day of the period that closed out")
    eve: str = Field(description="origin of the publication in force", examples=["2026-11-22"])
    publication: int
    probability: float = Field(ge=0, le=1, description="said there, of its main horizon")
    cause: Literal["data", "demand", "supplier", "model"]
    detail: str = Field(description="what happened, in words")


class OverridesScore(BaseModel):
    """Forecasts that people moved, beside those of the model alone, against what came."""

    overrides: int = Field(ge=1, description="judged")
    series: int = Field(ge=1)
    figures: int = Field(ge=1, description="forecasts of a period, in every publication that did")
    wape_model: float | None = Field(description="sum of errors ÷ demand, by the model alone")
    wape: float | None = Field(description="the same, as overridden")
    value_added: float | None = Field(
        description="share of the model's error that people took away; below 0: they added to it"
    )


class ScorecardAnswer(BaseModel):
    judged_up_to: str = Field(description="last complete period known", examples=["2026-11-22"])
    origins: list[str] = Field(description="of the publications judged, oldest first")
    horizon_days: float | None = Field(description="main horizon of the latest, days")
    publications: int = Field(ge=0, description="judged")
    replaced: int = Field(ge=0, description="left out: a later one of the same origin counts")
    learned_later: int = Field(
        ge=0, description="left out: made by a version that had learned from later data"
    )
    pruned: int = Field(ge=0, description="left out: no longer kept (`vigistock publications`)")
    unreadable: int = Field(ge=0, description="left out: files missing or changed")
    seconds: float = Field(ge=0, description="that the computation took")
    overrides: OverridesScore | None = Field(
        None, description="what overrides were worth; null: none can be judged yet"
    )
    overall: OverallScore
    by_segment: list[SegmentScore]
    by_period: list[PeriodScore]
    reliability: list[ReliabilityBin]
    methods: list[MethodScore] = Field(description="ours first, then structural and ERP rules")
    missed: list[Missed] = Field(description="the latest first")
