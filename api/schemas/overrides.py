"""Overrides, as documented in /openapi.json."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, Field

from models.overrides.ledger import Override


class OverrideAnswer(BaseModel):
    """What somebody knows better. Blank codes: whatever has the other ones."""

    override: int = Field(ge=1, description="number")
    kind: Literal["demand", "stock", "order"]
    site: str
    sku: str
    category: str
    supplier: str
    order: str = Field(description="of the kind order", examples=["PO-1182"])
    start: dt.date = Field(description="first day; of a stock: counted on its morning")
    end: dt.date = Field(description="last day on which it holds")
    factor: float | None = Field(description="times the demand, or share of the order that comes")
    units: float | None = Field(description="wanted a period, or counted")
    expected_on: dt.date | None = Field(description="day on which the order comes")
    reason: str
    who: str = Field(description="name of the key; blank: nobody in particular")
    made_at: dt.datetime = Field(description="UTC")
    alive: bool = Field(description="neither revoked nor over; publications count it")
    ends_soon: bool = Field(description="alive, and over within three days")
    revision: int = Field(ge=1, le=2, description="2: revoked; the end of the ETag")
    revoked_at: dt.datetime | None = Field(description="UTC")
    revoked_by: str
    revoked_because: str


class OverridePage(BaseModel):
    count: int = Field(ge=0, description="that match, on all pages")
    items: list[OverrideAnswer] = Field(description="the newest first")
    next: str | None = Field(description="address of the next page; null on the last")


def told(found: Override, today: dt.date, *, whole: bool = True) -> dict[str, Any]:
    """As the API words it. Without `whole`, who spoke of every site and why is left out: that is
    free text, and may name what is not for everybody."""
    facts = dict(vars(found))
    facts |= {"override": facts.pop("number"), "made_at": facts.pop("at")}
    if not whole and not found.site:
        facts |= dict.fromkeys(("reason", "who", "revoked_by", "revoked_because"), "")
    return facts | {
        "alive": found.is_alive(today),
        "ends_soon": found.ends_soon(today),
        "revision": found.revision,
    }
