"""Key figures of operations."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.shared import Provenance


class KpiFigure(BaseModel):
    """A KPI of one period and place."""

    model_config = ConfigDict(extra="allow")

    kpi: str = Field(description="its name (docs/kpis.md)", examples=["supplier_otif"])
    grain: Literal["week", "month"]
    period: str = Field(examples=["2026-10", "2026-W47"])
    period_start: dt.date
    by: Literal["total", "site", "supplier", "category", "kind"]
    site: str = Field(description="blank: all that the key sees")
    supplier: str = Field(description="blank: all, or not known")
    category: str = Field(description="blank: all, or not known")
    kind: str = Field(description="of costs; blank: all")
    currency: str = Field(description="of money, or of what weighs; blank: none", examples=["EUR"])
    value: float | None = Field(description="in `unit`; null: see `missing`")
    unit: Literal["share", "days", "per_year", "per_thousand", "money", "money_per_unit"]
    p90: float | None = Field(description="of a KPI with a spread: what nine in ten do not exceed")
    numerator: float | None = Field(description="parts of places add up to those of the whole")
    denominator: float | None = Field(description="null: the value is an amount")
    rows: int = Field(ge=0, description="order lines, closes, series or costs counted")
    left_out: int = Field(ge=0, description="that could not be counted: no cost, no day promised")
    censored: int = Field(ge=0, description="counted and still open: the value is at least this")
    before: float | None = Field(description="value of the period before")
    year_before: float | None = Field(description="of the same month, or 52 weeks, before")
    trend: Literal["better", "worse", "steady", "up", "down", ""] = Field(
        description="against `before`; blank: one of both is partial or missing"
    )
    partial: bool = Field(description="the period is not over at the origin, or began before data")
    missing: Literal["", "feed_absent", "feed_silent", "not_yet", "nothing_counted"] = Field(
        description="why there is no value; feed_silent: since `missing_since`"
    )
    missing_feed: str = Field(description="feed, or `feed.column`", examples=["costs"])
    missing_since: dt.date | None


class KpiPage(BaseModel):
    provenance: Provenance
    count: int = Field(ge=0, description="figures that match, on all pages")
    items: list[KpiFigure] = Field(description="by KPI, then place and currency, then period")
    next: str | None = Field(description="address of the next page; null on the last")
