"""What a scenario supposes: a small declaration that a person writes as TOML, JSON or flags.

name = "Novapack stops"

[[changes]]
kind = "supplier_stop"
supplier = "NOVAPACK"
weeks = 6
"""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from forecasting.errors import NotReady, VigistockError
from models.plain_text import plain

MOST_CHANGES: Final = 50
EARLIEST, LATEST = dt.date(1970, 1, 1), dt.date(2999, 12, 31)
MOST_BYTES: Final = 100_000  # of a file: a scenario is written by hand


def _of_day(day: Any) -> Any:
    """A day is written, or given as one; a number is none."""
    if day is not None and not isinstance(day, str | dt.date):
        raise ValueError("a day is written 2026-11-22")
    return day


def _in_reach(day: dt.date) -> dt.date:
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"a day lies between {EARLIEST} and {LATEST}")
    return day


Text: TypeAlias = Annotated[str, Field(strict=True, max_length=200), AfterValidator(plain)]
Code: TypeAlias = Text
Named: TypeAlias = Annotated[Text, Field(min_length=1)]
Day: TypeAlias = Annotated[dt.date, BeforeValidator(_of_day), AfterValidator(_in_reach)]


class BadScenario(VigistockError):
    code = "bad_scenario"
    title = "The scenario cannot be read"


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Spanned(_Change):
    """`start` and `end`: first and last day; default: from the first day after the origin on."""

    start: Day | None = None
    end: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> _Spanned:
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        return self


class _Selected(_Spanned):
    """Series that have all of these codes; none given: all series."""

    site: Code = ""
    category: Code = ""
    supplier: Code = ""
    sku: Code = ""


class Demand(_Selected):
    """Demand is `percent` higher, or lower where below 0."""

    kind: Literal["demand"] = "demand"
    percent: float = Field(strict=True, ge=-100, le=1000)


class SupplierStop(_Change):
    """Nothing of a supplier comes and nothing can be ordered for `weeks` from `start` on (default:
    the first day after the origin); what had not come by then comes never."""

    kind: Literal["supplier_stop"] = "supplier_stop"
    supplier: Named
    weeks: float = Field(strict=True, gt=0, le=104)
    start: Day | None = None


class OrderLate(_Change):
    """An open order, or all of a supplier, comes `days` later than it would have."""

    kind: Literal["order_late"] = "order_late"
    order: Code = ""
    supplier: Code = ""
    days: int = Field(strict=True, ge=1, le=365)

    @model_validator(mode="after")
    def _one_of(self) -> OrderLate:
        if bool(self.order) == bool(self.supplier):
            raise ValueError("name an order or a supplier, one of them")
        return self


class SiteClosed(_Spanned):
    """A site neither sells, receives nor ships."""

    kind: Literal["site_closed"] = "site_closed"
    site: Named


class LeadTime(_Change):
    """Whatever a supplier delivers takes `factor` times as long, what is on order too."""

    kind: Literal["lead_time"] = "lead_time"
    supplier: Named
    factor: float = Field(strict=True, ge=0.1, le=20)


class PromotionAdded(_Selected):
    """A promotion of a depth (0.2: 20 % off). Demand rises as the demand model learned from past
    promotions; where it learned nothing, by `uplift_percent`."""

    kind: Literal["promotion"] = "promotion"
    depth: float = Field(strict=True, gt=0, le=1)
    uplift_percent: float | None = Field(default=None, strict=True, ge=-100, le=1000)


Change: TypeAlias = Annotated[
    Demand | SupplierStop | OrderLate | SiteClosed | LeadTime | PromotionAdded,
    Field(discriminator="kind"),
]


class Scenario(BaseModel):
    """Changes that hold together. Without any, everything stays as published."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text = ""
    changes: Annotated[tuple[Change, ...], Field(max_length=MOST_CHANGES)] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it; what was left out stays out."""
        return self.model_dump(mode="json", exclude_defaults=True) | {
            "changes": [
                {"kind": one.kind} | one.model_dump(mode="json", exclude_defaults=True)
                for one in self.changes
            ]
        }


def scenario_of(values: Any) -> Scenario:
    """Checked; raises BadScenario, which names each field at fault."""
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in one['loc']) or 'scenario'}: {one['msg']}"
            for one in error.errors()[:5]
        ]
        raise BadScenario(
            f"This is no scenario: {'; '.join(faults)}.",
            next_step="docs/commands.md shows every kind of change with its fields.",
            faults=faults,
        ) from None


def read_scenario(path: Path) -> Scenario:
    """A TOML file, or a JSON one where its name ends so; raises BadScenario also where it declares
    no change: a file that says nothing is a slip, not a plan."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotReady(
            f"{path} cannot be read: {error.strerror}.", next_step="Name a TOML or JSON file."
        ) from None
    if len(content) > MOST_BYTES:
        raise BadScenario(
            f"{path} has {len(content)} bytes; a scenario has {MOST_BYTES} at most.",
            next_step="Name the file that declares the scenario.",
        )
    try:
        text = content.decode()
        values = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except ValueError as error:  # what all three raise
        raise BadScenario(
            f"{path} is neither TOML nor JSON: {error}.",
            next_step="docs/commands.md shows a scenario to begin with.",
        ) from None
    found = scenario_of(values)
    if not found.changes:
        raise BadScenario(
            f"{path} declares no change.",
            next_step="Write at least one [[changes]]; docs/commands.md shows every kind.",
        )
    return found
