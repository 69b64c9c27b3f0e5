"""What the service answers about a pull: how far it moved, and whether it was received."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.publications import PublicationSummary


class GrainStability(BaseModel):
    """The same series and periods in two publications."""

    rows: int = Field(ge=0, description="series and periods that both forecast")
    change: float | None = Field(
        ge=0, description="mean absolute change as a share of the mean; null: nothing was expected"
    )


class Stability(BaseModel):
    since: int = Field(ge=1, description="publication of the origin before")
    by_grain: dict[str, GrainStability]


class ReceiptSaid(BaseModel):
    """What an ERP said that it holds."""

    holder: str = Field(description="who holds it; blank: not said")
    grain: str
    format: str
    quantiles: str = Field(examples=["q050,q500,q950"])
    changed_since: int | None = Field(description="of a delta")
    rows: int
    sha256: str
    matches: bool = Field(description="rows and bytes are those served")
    received_at: dt.datetime = Field(description="UTC")


class AlarmSaid(BaseModel):
    """One thing that looked wrong when a publication was made."""

    sign: Literal["rows", "level", "silent", "scale", "code", "error", "calibration"]
    feed: str = Field(examples=["sales"])
    subjects: list[str] = Field(description="at most five sites, series or pairs of codes")
    count: int = Field(ge=0, description="of subjects; 0: the whole feed")
    found: float = Field(description="units, rows or a share, by the sign")
    usual: float = Field(description="the same of its recent past")
    text_en: str
    text_fr: str


class PublicationDetail(PublicationSummary):
    stability: Stability | None = Field(
        description="how far forecasts moved since the origin before; null: nothing to compare with"
    )
    receipts: list[ReceiptSaid] = Field(description="the latest first")
    alarms: list[AlarmSaid] = Field(
        description="what looked wrong in data and forecasts; empty for a key limited to sites"
    )


class PulledFile(BaseModel):
    """One complete file of forecasts, as it was pulled."""

    model_config = ConfigDict(extra="forbid")

    grain: Literal["day", "week", "month"]
    format: Literal["csv", "ndjson", "parquet"] = "csv"
    quantiles: str | None = Field(
        None, max_length=400, description="as asked for in the pull", examples=["q050,q500,q950"]
    )
    changed_since: int | None = Field(
        None, strict=True, ge=1, le=2**31 - 1, description="of a delta"
    )
    rows: int = Field(strict=True, ge=0, le=2**53, description="tombstones included")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the bytes, compressed or not")


class ReceiptBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    holder: str = Field(
        "", max_length=100, pattern=r"^[^\x00-\x1f]*$", examples=["SAP S/4, production"]
    )
    files: list[PulledFile] = Field(min_length=1, max_length=20)


class FileJudged(BaseModel):
    """A file of a receipt beside what is served."""

    grain: str
    format: str
    changed_since: int | None
    matches: bool
    rows: int
    rows_expected: int
    rows_missing: int = Field(description="below 0: too many")
    sha256_expected: str = Field(description="of the file, not compressed")
    problem: str = Field(description="blank where it matches")
    pull: str | None = Field(description="where to pull the file again; null where it matches")


class ReceiptAnswer(BaseModel):
    publication: int
    holder: str
    matches: bool = Field(description="of every file named")
    repeated: bool = Field(description="all of it was known: nothing was written")
    files: list[FileJudged]
    grains_not_named: list[str] = Field(description="that the publication has too")
