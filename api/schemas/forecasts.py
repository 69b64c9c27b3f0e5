"""Forecasts by series and period."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.shared import Provenance


class PeriodForecast(BaseModel):
    """Demand of a series in one period, units."""

    model_config = ConfigDict(extra="allow")

    period: str = Field(examples=["2026-W48"])
    period_start: dt.date
    mean: float = Field(ge=0, description="expected demand, units")
    quantiles: dict[str, float] = Field(
        description="units by level in thousandths; never crossing",
        examples=[{"q100": 2.0, "q500": 7.0, "q900": 15.0}],
    )
    method: str = Field(description="rung of the ladder", examples=["combination"])
    mean_units: float = Field(description="expected units sold, stock allowing")
    reason: str = Field(description="why this method")


class ForecastRow(PeriodForecast):
    """Demand of one series in one period, units."""

    site: str
    sku: str
    change: Literal["new", "changed"] | None = Field(None, description="in a delta only")


class ForecastTombstone(BaseModel):
    """A row of the earlier publication that this one does not have: take it out."""

    site: str
    sku: str
    period: str = Field(examples=["2026-W47"])
    period_start: dt.date
    change: Literal["gone"]


class ForecastPage(BaseModel):
    provenance: Provenance
    grain: Literal["day", "week", "month"]
    changed_since: int | None = Field(
        None, description="the publication that the items change into this one; null: all rows"
    )
    count: int = Field(ge=0, description="rows that match, on all pages")
    items: list[ForecastRow | ForecastTombstone]
    next: str | None = Field(description="address of the next page; null on the last")
