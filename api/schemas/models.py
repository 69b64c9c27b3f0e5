"""Versions of the models, promotions and rollbacks."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.shared import Words


class PromotionRequest(BaseModel):
    """Which version, and why."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31 - 1, examples=[2])
    force: bool = Field(False, description="against the gate; needs a reason")
    reason: Words = Field("", max_length=1_000, description="kept in the ledger")


class RollbackRequest(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Words = Field("", max_length=1_000, description="kept in the ledger")


class ModelVersion(BaseModel):
    """One learned version: the whole bundle for all series."""

    name: str = Field(examples=["demand-forecast"])
    version: int = Field(ge=1)
    champion: bool = Field(description="in use")
    created_at: dt.datetime = Field(description="UTC")
    origin: str = Field(description="last period that it learned from", examples=["2026-11-22"])
    digest: str = Field(description="sha256 over its files")
    metrics: dict[str, float | None] = Field(
        description="of its backtest, by grain; `segment/…`: by ABC and demand class"
    )


class Promotion(BaseModel):
    name: str
    version: int
    at: dt.datetime = Field(description="UTC")
    who: str
    why: str
    action: Literal["promoted", "forced", "rolled_back"] = Field(
        description="by the gate or as the first; against the gate; back to the one before"
    )


class ModelList(BaseModel):
    versions: list[ModelVersion] = Field(description="the newest first")
    promotions: list[Promotion] = Field(description="the latest first")
