"""Warnings, what can be done about them, and what people did."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.schemas.shared import Provenance, Words
from models.publication.lives import Action, State


def _written(day: Any) -> Any:
    if day is not None and not isinstance(day, str):
        raise ValueError("a day is written 2026-11-22")
    return day


class Warning(BaseModel):
    """One series at risk, or out already. The main horizon is `horizon_days` long."""

    model_config = ConfigDict(extra="allow")

    warning: int | None = Field(description="number of the warning; null: none is announced")
    site: str
    sku: str
    state: str = Field(
        description="out: out of stock already; new, acknowledged …: a warning's life; none",
        examples=["new"],
    )
    probability: float = Field(
        ge=0, le=1, description="that a period of the main horizon closes in stockout"
    )
    horizon_days: float = Field(description="length of the main horizon, days", examples=[14])
    probabilities: dict[str, float] = Field(
        description="by horizon: p_7d, p_14d …, p_1w …, p_1m …; they never fall with the horizon",
        examples=[{"p_7d": 0.12, "p_14d": 0.61, "p_28d": 0.83}],
    )
    stockout_on: dt.date | None = Field(description="median day, given a stockout in the horizon")
    stockout_on_p10: dt.date | None = Field(description="one in ten is earlier")
    stockout_on_p90: dt.date | None = Field(description="one in ten is later")
    days_of_cover: float | None = Field(description="sellable ÷ mean demand, without arrivals")
    units_short: float | None = Field(description="expected units not served, main horizon")
    value_at_risk: float | None = Field(description="expected loss, in `currency`")
    currency: str = Field(examples=["EUR"])
    causes: Any = Field(description="why, the strongest first: code, share and facts")
    act_by: str | None = Field(
        description="last moment of the recommended action, site time; too_late; null: unknown",
        examples=["2026-11-24 11:00"],
    )
    actions: Any = Field(description="what can still be done: code, units, by …")
    method: str = Field(description="rung of the ladder", examples=["structural"])
    p_no_order: float | None = Field(description="as probability, with what is on order only")
    p_before_next_receipt: float | None = Field(description="stockout before the next receipt")
    back_on: dt.date | None = Field(description="of a series that is out: median day of refill")


class Option(BaseModel):
    """One thing that can be done about a series, and its effect if done at once."""

    model_config = ConfigDict(extra="allow")

    rank: int = Field(ge=1)
    code: Literal["order", "transfer", "expedite", "count", "substitute", "accept"]
    recommended: bool
    in_time: bool = Field(description="it spares at least half of what would be lost")
    units: float = Field(
        ge=0, description="to order, to ship, on the order called for, or on record"
    )
    source: str = Field(description="supplier or site; of a count the site itself; blank: none")
    order_id: str
    item: str = Field(description="another sku, of a substitute")
    act_by: str | None = Field(description="last moment at which it is in time, local to the site")
    arrives_on: dt.date | None = Field(description="asked for")
    residual_probability: float = Field(
        ge=0, le=1, description="of the main horizon, by projection and learned model with it done"
    )
    units_saved: float = Field(description="expected, main horizon, beyond what is ordered anyway")
    loss_avoided: float | None = Field(description="the same in `currency`")
    currency: str
    cost: float | None = Field(description="by the settings, `currency`; null: not costed")
    regret: float | None = Field(
        description="loss avoided that a day's (an order day's) wait costs"
    )
    sentence_fr: str
    sentence_en: str
    at_site: str | None = Field(
        None, description="where it is done, if at the site that ships here; blank: at its own"
    )


class WarningPage(BaseModel):
    provenance: Provenance
    count: int = Field(ge=0, description="warnings that match, on all pages")
    items: list[Warning]
    next: str | None = Field(description="address of the next page; null on the last")


class Life(BaseModel):
    """What people did with a warning, as it stands."""

    warning: int
    site: str
    sku: str
    state: Literal["new", "acknowledged", "assigned", "snoozed", "resolved", "expired"]
    revision: int = Field(ge=1, description="rises with each change; the end of the ETag")
    assigned_to: str = Field(description="blank: nobody")
    snoozed_until: dt.date | None = Field(description="the first day on which it is new again")
    action: str = Field(description="what somebody did about it; blank: nothing yet")
    opened_at: dt.datetime = Field(description="UTC")
    changed_at: dt.datetime = Field(description="UTC")


class LifeChange(BaseModel):
    """One step of a life; it stays for good."""

    revision: int
    at: dt.datetime = Field(description="UTC")
    who: str = Field(description="name of the key; blank: nobody in particular")
    state: str
    assigned_to: str
    snoozed_until: dt.date | None
    action: str
    comment: str


class LifeAnswer(BaseModel):
    life: Life
    changes: list[LifeChange] = Field(description="oldest first")


class WarningChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = Field(None, description="snoozed and assigned follow from their fields")
    assigned_to: Words | None = Field(None, max_length=200, description="blank: nobody")
    snoozed_until: Annotated[dt.date | None, BeforeValidator(_written)] = Field(
        None, description="a day after today"
    )
    action: Action | None = Field(
        None, description="counts in the scorecard: such a warning is no false alarm"
    )
    comment: Words = Field("", max_length=2_000)


class WarningAnswer(LifeAnswer):
    provenance: Provenance
    warning: Warning
    options: list[Option] = Field(description="what can be done, the recommended first")
