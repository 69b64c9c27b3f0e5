"""Overrides in the record: who said what, when and why; revoked, never erased."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import sqlalchemy as sa

from forecasting.errors import UnknownName
from forecasting.record.database import reading, writing
from models.overrides.declaration import DemandOverride, OrderOverride, StockOverride
from models.publication.lives import Stale
from models.tables import override_revocations, overrides

MADE, REVOKED = 1, 2  # revisions of an override
ENDS_SOON_DAYS: Final = 3  # an override that ends within so many days is told


@dataclass(frozen=True)
class Override:
    """As it stands. Blank codes: whatever has the other ones."""

    number: int
    at: dt.datetime
    who: str
    reason: str
    kind: Literal["demand", "stock", "order"]
    site: str
    sku: str
    category: str
    supplier: str
    order: str
    start: dt.date
    end: dt.date
    factor: float | None
    units: float | None
    expected_on: dt.date | None
    revoked_at: dt.datetime | None = None
    revoked_by: str = ""
    revoked_because: str = ""

    @property
    def revision(self) -> int:
        return MADE if self.revoked_at is None else REVOKED

    def is_alive(self, today: dt.date) -> bool:
        """Neither revoked nor over; it may begin later."""
        return self.revoked_at is None and self.end >= today

    def ends_soon(self, today: dt.date) -> bool:
        return self.is_alive(today) and (self.end - today).days <= ENDS_SOON_DAYS

    @property
    def figure(self) -> str:
        """What it states, in short."""
        said = []
        if self.factor is not None:
            said.append(f"× {self.factor:g}")
        if self.units is not None:
            said.append(f"= {self.units:g}")
        if self.expected_on is not None:
            said.append(f"on {self.expected_on}")
        return f"{self.kind} {', '.join(said)}"


def add(
    engine: sa.Engine,
    declared: DemandOverride | StockOverride | OrderOverride,
    *,
    who: str,
    at: dt.datetime,
) -> tuple[Override, bool]:
    """Keep a declaration (`declaration.settled`) under the next number; gives it, and whether it is
    new: the same said again by the same person, while it is not revoked, is the one there is."""
    said = dict.fromkeys(("category", "supplier"), "") | declared.model_dump(exclude={"order"})
    said["order_id"] = getattr(declared, "order", "")
    highest = sa.select(sa.func.coalesce(sa.func.max(overrides.c.number), 0) + 1)
    equal = [overrides.c[name].is_not_distinct_from(value) for name, value in said.items()]
    gone = override_revocations.c.override
    same = _query().where(*equal, overrides.c.who == who, gone.is_(None))
    with writing(engine, alone=overrides.name) as connection:
        known = connection.execute(same.order_by(overrides.c.number).limit(1)).one_or_none()
        if known is not None:
            return _override(known), False
        made = sa.insert(overrides).values(number=highest.scalar_subquery(), at=at, who=who, **said)
        number = int(connection.execute(made.returning(overrides.c.number)).scalar_one())
        return _one(connection, number), True


def revoke(
    engine: sa.Engine,
    number: int,
    *,
    who: str,
    reason: str,
    at: dt.datetime,
    seen: int | None = None,
) -> Override:
    """Let it count no longer; what was revoked stays as it was revoked first. `seen`: the revision
    that this is based on; None: whichever.

    Raises UnknownName, and Stale where somebody revoked it meanwhile.
    """
    with writing(engine, alone=override_revocations.name) as connection:
        found = _one(connection, number)
        if seen is not None and found.revision != seen:
            raise Stale(
                f"Override {number} has revision {found.revision}, not {seen}.",
                next_step="Read it again, then decide.",
                revision=found.revision,
            )
        if found.revoked_at is not None:
            return found
        row = {"override": number, "at": at, "who": who, "reason": reason}
        connection.execute(sa.insert(override_revocations), row)
        return replace(found, revoked_at=at, revoked_by=who, revoked_because=reason)


def override(engine: sa.Engine, number: int) -> Override:
    """Raises UnknownName."""
    with reading(engine) as connection:
        return _one(connection, number)


def list_overrides(engine: sa.Engine) -> list[Override]:
    """Every one, the newest first."""
    with reading(engine) as connection:
        rows = connection.execute(_query().order_by(overrides.c.number.desc()))
        return [_override(row) for row in rows]


def numbered(engine: sa.Engine, numbers: Iterable[int]) -> tuple[Override, ...]:
    """These, whether they were revoked since or not; in their order of making."""
    query = _query().where(overrides.c.number.in_(list(numbers))).order_by(overrides.c.number)
    with reading(engine) as connection:
        return tuple(_override(row) for row in connection.execute(query))


def alive_at(engine: sa.Engine, moment: dt.datetime, after: dt.date) -> tuple[Override, ...]:
    """Those made by a moment, not revoked by then, that hold on a day after `after`."""
    revoked = override_revocations.c.at
    query = _query().where(
        overrides.c.at <= moment,
        sa.or_(revoked.is_(None), revoked > moment),
        overrides.c.end > after,
    )
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(overrides.c.number))
        return tuple(_override(row) for row in rows)


_RENAMED: Final = {"order_id": "order"}


def _query() -> sa.Select[Any]:
    gone = override_revocations
    return sa.select(
        *(column.label(_RENAMED.get(column.name, column.name)) for column in overrides.c),
        gone.c.at.label("revoked_at"),
        gone.c.who.label("revoked_by"),
        gone.c.reason.label("revoked_because"),
    ).select_from(overrides.outerjoin(gone, gone.c.override == overrides.c.number))


def _one(connection: sa.Connection, number: int) -> Override:
    row = connection.execute(_query().where(overrides.c.number == number)).one_or_none()
    if row is None:
        raise UnknownName("override", str(number), ())
    return _override(row)


def _override(row: sa.Row[Any]) -> Override:
    facts = dict(row._mapping)
    for name in ("revoked_by", "revoked_because"):
        facts[name] = facts[name] or ""
    return Override(**facts)


def ending(found: Sequence[Override], today: dt.date) -> list[Override]:
    """Those that end soon, the first first."""
    return sorted((one for one in found if one.ends_soon(today)), key=lambda one: one.end)
