"""Whether the service lives and is ready."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Health(BaseModel):
    status: Literal["ok"]


class Readiness(BaseModel):
    status: Literal["ready"]
    publication: int
    origin: str
    trouble: str = Field(description="blank, or why a newer publication is not served")
