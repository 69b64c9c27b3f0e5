"""Pushed feeds: receipts and rejected rows."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, Field


class DeliveryLinks(BaseModel):
    self: str | None = Field(examples=["/v1/feeds/deliveries/7"])
    rejects: str | None


class RejectedRow(BaseModel):
    """A row that was set aside; nothing else of the delivery waits for it."""

    line: int | None = Field(description="of the file; number of the record in JSON and Parquet")
    column: str = Field(examples=["date"])
    code: str = Field(examples=["not_a_date"])
    message: str
    raw: str = Field(description="the row as it came")


class KeptReject(RejectedRow):
    """A row that was set aside, and what became of it."""

    settled_by: int | None = Field(
        description="the later delivery that brought the row again, right this time; null: none yet"
    )


class DeliveryReceipt(BaseModel):
    """What one delivery did: read = accepted + rejected + duplicates."""

    delivery: int | None = Field(ge=1, description="null: only checked, nothing was kept")
    feed: str = Field(examples=["sales"])
    profile: str = Field(examples=["generic"])
    source: str = Field(description="file name")
    digest: str = Field(description="sha256 of content, feed and profile")
    received_at: dt.datetime | None = Field(description="UTC")
    repeated: bool = Field(description="these very bytes were in already; nothing was written")
    read: int = Field(ge=0, description="rows")
    accepted: int = Field(ge=0)
    rejected: int = Field(ge=0)
    duplicates: int = Field(ge=0, description="rows that are there twice, in all columns")
    units_read: float | None = Field(description="control total, units; null: has no quantity")
    units_accepted: float | None
    units_rejected: float | None
    units_duplicates: float | None
    notes: list[str] = Field(description="what a person should know of the reading")
    examples: list[RejectedRow] = Field([], description="the first rejected rows, of a push")
    links: DeliveryLinks


class DeliveryPage(BaseModel):
    items: list[DeliveryReceipt]
    next: str | None


class RejectPage(BaseModel):
    delivery: int
    source: str
    count: int = Field(description="rejected rows of the delivery")
    items: list[KeptReject]
    next: str | None
