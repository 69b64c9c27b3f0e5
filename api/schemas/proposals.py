"""Orders to place."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.shared import Provenance


class ProposalLine(BaseModel):
    """One line of an order to place; lines with the same `proposal` are one order."""

    model_config = ConfigDict(extra="allow")

    proposal: int = Field(ge=1, description="number of the order within the publication")
    order_on: dt.date = Field(description="day on which the source takes the order")
    cutoff_time: str = Field(description="last time of that day, local to the site; blank: unknown")
    supplier: str = Field(description="blank: another site sends it")
    source_site: str = Field(description="the site that sends a transfer; blank: a supplier does")
    buyer: str
    site: str = Field(description="where it is delivered")
    sku: str
    description: str
    units: float = Field(gt=0)
    packs: float | None = Field(description="units ÷ pack size; null: none is stated")
    unit_cost: float | None
    value: float | None = Field(description="units × unit_cost, in `currency`")
    currency: str = Field(examples=["EUR"])
    reason: Literal["below_reorder_point", "cover_too_short", "advised", "fill_up"]
    expected_on: dt.date = Field(description="day by which half of such orders have come")
    days_of_cover_then: float | None = Field(
        description="position on the order day, before the order ÷ mean demand a day"
    )
    position_then: float = Field(description="on hand and on order on that day, expected, units")
    excess_units: float = Field(ge=0, description="of units, more than the item needs by itself")
    excess_value: float | None = Field(description="the same, in `currency`")
    minimum_value: float | None = Field(description="least value of an order of the supplier")
    minimum_units: float | None = Field(description="least units of an order of the supplier")
    minimum_reached: bool | None = Field(description="null: none is stated, or costs are unknown")
    order_value: float | None = Field(description="of all lines of the order")
    order_units: float
    source_stock: float | None = Field(
        None, description="of a transfer: sellable at the sending site on that day, expected, units"
    )
    silent_since: dt.date | None = Field(
        None, description="nothing came from the supplier since, with orders overdue; null: it does"
    )


class ProposalPage(BaseModel):
    provenance: Provenance
    count: int = Field(ge=0, description="lines that match, on all pages")
    items: list[ProposalLine] = Field(description="by order day, then source and site")
    next: str | None = Field(description="address of the next page; null on the last")
