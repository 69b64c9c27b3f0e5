"""Publications and their files."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.shared import Provenance


class Part(BaseModel):
    """One immutable file."""

    rows: int
    bytes: int
    sha256: str


class PublicationSummary(Provenance):
    series: int | None = Field(
        ge=0, description="number of series; null for a key limited to sites, as parts are left out"
    )
    current: bool = Field(description="served when no publication is named")
    parts: dict[str, Part]
    manifest_sha256: str
    pruned_at: dt.datetime | None = Field(description="its files are gone since: 410")
    overrides: list[int] = Field(description="numbers of those alive when it was made")
    withdrawn_at: dt.datetime | None = Field(
        description="its version was rolled back: others are served before it"
    )


class PublicationPage(BaseModel):
    count: int = Field(ge=0)
    items: list[PublicationSummary] = Field(description="the current one first")
    next: str | None


class PublicationRequest(BaseModel):
    """What to publish."""

    model_config = ConfigDict(extra="forbid")

    as_of: str | None = Field(
        None,
        max_length=10,
        description="a date, 2026-W47 or 2026-11: the last complete period ending on or before it; "
        "null: the last one of the sales",
        examples=["2026-11-22"],
    )
