"""What somebody knows better, as declared: a kind, whom it concerns, from when until when, and why.

It holds from `start` (default: the day on which it is made) up to and with `end`, which is
required: nothing that a person said once counts for ever.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from forecasting.errors import VigistockError
from models.scenarios.declaration import Code, Day, Named, Text

LONGEST_DAYS: Final = 400
"""A year and what is left of a month: what holds longer is no exception but a fact for the data."""
KINDS: Final = ("demand", "stock", "order")


class BadOverride(VigistockError):
    code = "bad_override"
    title = "The override cannot be read"


class _Override(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    site: Code = ""
    sku: Code = ""
    start: Day | None = None
    end: Day
    reason: Annotated[Text, Field(min_length=3, max_length=500, description="why: required")]

    @model_validator(mode="after")
    def _in_order(self) -> _Override:
        if self.start and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        return self


class DemandOverride(_Override):
    """Demand is `factor` times the forecast, or `units` a period (one item at one site), of the
    series that have all of these codes."""

    kind: Literal["demand"] = "demand"
    category: Code = ""
    supplier: Code = ""
    factor: float | None = Field(default=None, strict=True, ge=0, le=20)
    units: float | None = Field(default=None, strict=True, ge=0, le=1e9)

    @model_validator(mode="after")
    def _one_figure(self) -> DemandOverride:
        if (self.factor is None) == (self.units is None):
            raise ValueError("state a factor or units, one of them")
        if not (self.site or self.sku or self.category or self.supplier):
            raise ValueError("name a site, a sku, a category or a supplier")
        if self.units is not None and not (self.site and self.sku):
            raise ValueError("units are of one item at one site: name site and sku")
        return self


class StockOverride(_Override):
    """On the morning of `start`, `units` were counted on the shelf; until the stock feed has a
    picture of that day or a later one."""

    kind: Literal["stock"] = "stock"
    site: Named
    sku: Named
    units: float = Field(strict=True, ge=0, le=1e9)


class OrderOverride(_Override):
    """An open order is expected on another day, or `factor` of it alone comes (0: nothing); at one
    site and of one item where these are named."""

    kind: Literal["order"] = "order"
    order: Named
    expected_on: Day | None = None
    factor: float | None = Field(default=None, strict=True, ge=0, le=1)

    @model_validator(mode="after")
    def _says_something(self) -> OrderOverride:
        if self.expected_on is None and self.factor is None:
            raise ValueError("state the day it is expected on, or the factor that comes")
        return self


Declared: TypeAlias = Annotated[
    DemandOverride | StockOverride | OrderOverride, Field(discriminator="kind")
]
_READER: Final[TypeAdapter[DemandOverride | StockOverride | OrderOverride]] = TypeAdapter(Declared)


def override_of(values: Any) -> DemandOverride | StockOverride | OrderOverride:
    """Checked; raises BadOverride, which names each field at fault."""
    try:
        return _READER.validate_python(values)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in one['loc'][1:]) or 'override'}: {one['msg']}"
            for one in error.errors()[:5]
        ]
        raise BadOverride(
            f"This is no override: {'; '.join(faults)}.",
            next_step="docs/overrides.md shows every kind with its fields.",
            faults=faults,
        ) from None


def settled(
    declared: DemandOverride | StockOverride | OrderOverride, today: dt.date
) -> DemandOverride | StockOverride | OrderOverride:
    """With its first day; raises BadOverride for one that is over already, or lasts too long."""
    start = declared.start or today
    fault = ""
    if declared.end < max(start, today):
        fault = f"end {declared.end} is before {max(start, today)}"
    elif (declared.end - start).days > LONGEST_DAYS:
        fault = f"end {declared.end} is more than {LONGEST_DAYS} days after {start}"
    elif declared.kind == "stock" and start > today:
        fault = f"start {start} is after today: nobody has counted yet"
    if fault:
        raise BadOverride(
            f"This override could not hold: {fault}.",
            next_step=f"Name days from {today} on; the end is the last day on which it holds.",
            faults=[fault],
        )
    return declared.model_copy(update={"start": start})
