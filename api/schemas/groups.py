"""Actions of the day, and the warnings that each repairs."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.shared import Provenance
from api.schemas.warnings import Warning
from models.attention import Attention


class PromiseHit(BaseModel):
    """An open line of a customer's order that the shelf may not serve on time."""

    order_id: str
    customer: str = ""
    site: str
    sku: str
    units: float = Field(ge=0, description="still to be shipped")
    due_on: dt.date | None = Field(None, description="null: as soon as possible")
    back_on: dt.date | None = Field(None, description="when the series is back, where it is out")
    chance: float | None = Field(None, ge=0, le=1, description="to be late on its due day")


class Group(BaseModel):
    """Warnings and stockouts that one action repairs; each series is in one group at most."""

    model_config = ConfigDict(extra="allow")

    group: int = Field(ge=1, description="by rank, within the publication")
    code: Literal["expedite", "order", "transfer", "count", "substitute", "none"]
    source: str = Field(description="whom to ask: supplier or site")
    orders: str = Field(description="orders concerned, what they save most first")
    buyer: str
    attention: Attention = Field(
        description="today: within the buyer's `daily_budget` of actions; left_out: beyond it; "
        "accepted: avoiding it costs more than it saves, or saves next to nothing; unavoidable: "
        "nothing known repairs a tenth of it, and it is out or more likely than not to be: tell "
        "the customers; watch: nothing known does, but it is less likely, or no customer misses it"
    )
    rank: int = Field(ge=0, description="among the buyer's actions; 0: not to be done")
    act_by: str | None = Field(description="first deadline, local to the site")
    series: int = Field(ge=1)
    out: int = Field(ge=0, description="of them, out of stock already")
    ruptures_avoided: float = Field(ge=0, description="expected")
    units_saved: float = Field(description="expected, what customers and consumption miss less")
    uom: str = Field("", description="unit of measure that all its items share; blank: none")
    loss_avoided: float | None = Field(description="expected, `currency`; at most `loss`")
    loss: float | None = Field(
        description="expected within the main horizon, with what is ordered anyway"
    )
    currency: str
    cost: float | None = Field(description="of the action, by the settings; null: not costed")
    at_sites: list[str]
    why_fr: str
    why_en: str
    headline_fr: str
    headline_en: str
    message_fr: str = Field(description="ready to send; blank: there is nobody to write to")
    message_en: str
    customer_orders: list[PromiseHit] = Field(
        default_factory=list, description="that its stockouts hit, the first due first"
    )


class GroupPage(BaseModel):
    provenance: Provenance
    count: int = Field(ge=0)
    items: list[Group] = Field(description="the most expected loss avoided first")


class GroupAnswer(BaseModel):
    provenance: Provenance
    group: Group
    warnings: list[Warning] = Field(description="its series, in the planner's order")
