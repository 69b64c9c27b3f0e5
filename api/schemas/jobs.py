"""Work that takes its time."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class JobRequest(BaseModel):
    """What to do: learn anew, or fill an empty workspace with the demonstration."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["train", "demo"]
    as_of: str | None = Field(
        None, max_length=10, description="of train: as for a publication", examples=["2026-11-22"]
    )


class JobLinks(BaseModel):
    self: str = Field(examples=["/v1/jobs/3"])
    result: str | None = Field(description="address of what was made")


class Job(BaseModel):
    """Long work. At most one runs; the others wait in order."""

    job: int = Field(ge=1)
    kind: Literal["publish", "train", "demo", "promote", "rollback", "scenario"]
    asked: dict[str, Any]
    state: Literal["queued", "running", "done", "failed"]
    step: str = Field(description="what it is doing, in words")
    asked_at: dt.datetime = Field(description="UTC")
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    result: dict[str, Any] | None = Field(description="of a job that is done")
    error: dict[str, Any] | None = Field(
        description="of one that failed: code, title, detail, next_step, as in a problem"
    )
    links: JobLinks
