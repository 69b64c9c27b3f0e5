"""Everything known of one series."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.forecasts import PeriodForecast
from api.schemas.shared import Provenance
from api.schemas.warnings import Option, Warning


class HistoryRow(BaseModel):
    model_config = ConfigDict(extra="allow")

    period: str
    period_start: dt.date
    units: float | None = Field(description="units sold or issued; null: not reported")
    demand: float | None = Field(
        default=None,
        description="units wanted: those sold, and what an empty shelf is estimated to have missed",
    )
    demand_sd: float | None = Field(
        default=None, description="units, standard deviation of what was added; 0: nothing was"
    )
    on_hand: float | None = Field(description="units at close; null: unknown")
    rebuilt: bool = Field(
        default=False, description="on_hand is no picture but walked back from a later one"
    )
    availability: float | None = Field(description="share of the period in stock, 0..1")
    receipts: float | None = Field(description="units received")


class ProjectionRow(BaseModel):
    """The stock along the demand paths and arrivals: the arithmetic behind the warning."""

    model_config = ConfigDict(extra="allow")

    period: str
    on_hand_mean: float | None = Field(description="units at close")
    on_hand_p10: float | None
    on_hand_p90: float | None
    arrivals_mean: float | None = Field(description="units expected to arrive")
    demand_mean: float | None = Field(description="units wanted, those booked at least")
    booked: float | None = Field(
        default=None, description="units that customers have ordered for the period already"
    )
    p_out: float | None = Field(description="chance to close the period in stockout")
    losses_mean: float | None = Field(
        default=None, description="units expected to expire, or to be lost unbooked"
    )


class Figure(BaseModel):
    """One number of the risk, and the arithmetic that gives it."""

    name: str = Field(examples=["days_of_cover"])
    value: float | None
    unit: str = Field(examples=["days"])
    formula: str = Field(examples=["sellable ÷ mean demand a day"])
    terms: dict[str, float | str | None] = Field(examples=[{"sellable": 40.0}])


class OverriddenFigure(BaseModel):
    """One figure as the data or the model had it, and as somebody knows it better."""

    override: str = Field(description="its number; several where they moved it together")
    kind: Literal["demand", "stock", "order", "risk"]
    grain: str = Field(description="of a demand: day, week, month")
    period: str
    period_start: dt.date | None
    order_id: str
    line: str
    before: float | None = Field(
        description="units: demand of the period, on hand, open; of a risk the chance, 0..1"
    )
    after: float | None
    before_on: dt.date | None = Field(description="day promised, or of the picture of the stock")
    after_on: dt.date | None


class SeriesAnswer(BaseModel):
    """Everything known of one series."""

    provenance: Provenance
    site: str
    sku: str
    master: dict[str, Any] = Field(description="item, supplier, stock and orders at the origin")
    history: list[HistoryRow] = Field(description="the last periods up to the origin")
    forecasts: dict[str, list[PeriodForecast]] = Field(description="by grain")
    projection: list[ProjectionRow]
    risk: Warning
    options: list[Option] = Field(description="what can be done, the recommended first")
    breakdown: list[Figure] = Field(
        description="how each figure of the risk comes about, and what people know better"
    )
    overridden: list[OverriddenFigure] = Field(
        description="figures that an override changed, before and after"
    )
