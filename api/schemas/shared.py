"""What several answers share."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from models.plain_text import plain_lines

Words = Annotated[str, AfterValidator(plain_lines)]


Chance = Field(ge=0, le=1)


class Provenance(BaseModel):
    """Where the numbers come from."""

    publication: int = Field(ge=1, examples=[12])
    origin: str = Field(
        description="last complete period known: 2026-11-22, 2026-W47 or 2026-11",
        examples=["2026-11-22"],
    )
    origin_end: dt.date = Field(description="last day of the origin")
    frequency: Literal["D", "W", "M"] = Field(description="length of a period: day, week, month")
    created_at: dt.datetime = Field(description="UTC")
    data_cut: dict[str, dt.date] = Field(
        description="by feed: the latest business date looked at",
        examples=[{"sales": "2026-11-22", "stock": "2026-11-22"}],
    )
    models: dict[str, int] = Field(
        description="registered model: version",
        examples=[{"demand-forecast": 3, "rupture-risk": 3}],
    )
    code_version: str
    data_digest: str = Field(description="sha256 of everything learned from")
