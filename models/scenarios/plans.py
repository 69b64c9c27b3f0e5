"""Scenarios that were run, as numbered plans: immutable Parquet parts and one committing row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import sqlalchemy as sa

from forecasting.errors import UnknownName
from forecasting.record.database import reading, writing
from models.provenance import code_version
from models.publication.build import table_of
from models.publication.parts import (
    Part,
    lease,
    read_manifest,
    read_parquet,
    remove_orphans,
    write_parts,
)
from models.scenarios.declaration import Scenario, scenario_of
from models.tables import scenarios

if TYPE_CHECKING:
    from models.scenarios.run import Result

PARTS: Final = ("series", "groups", "actions")


@dataclass(frozen=True)
class Plan:
    """One committed row."""

    number: int
    name: str
    publication: int  # the base
    created_at: dt.datetime
    who: str
    scenario: Scenario
    totals: Mapping[str, Any]
    notes: tuple[str, ...]
    until: dt.date  # the last day that it sees
    folder: str
    manifest_sha256: str
    parts: Mapping[str, Part]


def keep_plan(
    engine: sa.Engine,
    root: Path,
    scenario: Scenario,
    publication: int,
    result: Result,
    *,
    who: str,
    created_at: dt.datetime,
) -> Plan:
    """Write the results under `root` (`Workspace.scenarios`) and commit them as the next plan."""
    root.mkdir(parents=True, exist_ok=True)
    remove_orphans(root, lambda folder: _is_committed(engine, folder))
    tables = {name: table_of(getattr(result, name)) for name in PARTS}
    facts = {"scenario": scenario.plain(), "publication": publication}
    with lease(root, "scenario") as name:
        written = write_parts(root, name, tables, facts, parquet=True)
        highest = sa.select(sa.func.coalesce(sa.func.max(scenarios.c.number), 0) + 1)
        statement = sa.insert(scenarios).values(
            number=highest.scalar_subquery(),
            name=scenario.name,
            publication=publication,
            created_at=created_at,
            who=who,
            declaration=scenario.plain(),
            totals=result.totals,
            notes=list(result.notes),
            until=result.until,
            folder=written.folder,
            manifest_sha256=written.manifest_sha256,
            parts={part: asdict(entry) for part, entry in written.parts.items()},
            code_version=code_version(),
        )
        with writing(engine, alone=scenarios.name) as connection:
            returned = connection.execute(statement.returning(scenarios.c.number))
            number = int(returned.scalar_one())
    return plan(engine, number)


def list_plans(engine: sa.Engine) -> list[Plan]:
    """Every plan, the newest first."""
    with reading(engine) as connection:
        return plans_in(connection)


def plans_in(connection: sa.Connection) -> list[Plan]:
    """As `list_plans`, in a transaction under way."""
    statement = sa.select(scenarios).order_by(scenarios.c.number.desc())
    return [_plan(row) for row in connection.execute(statement)]


def plan(engine: sa.Engine, number: int) -> Plan:
    """One plan by its number; UnknownName where there is none."""
    statement = sa.select(scenarios).where(scenarios.c.number == number)
    with reading(engine) as connection:
        row = connection.execute(statement).one_or_none()
        if row is None:
            known = connection.scalars(sa.select(scenarios.c.number)).all()
            raise UnknownName("scenario", str(number), map(str, known))
    return _plan(row)


def read_part(root: Path, found: Plan, name: str) -> pd.DataFrame:
    """One of PARTS, verified; raises Damaged."""
    folder = root / found.folder
    read_manifest(folder, found.manifest_sha256)
    frame: pd.DataFrame = read_parquet(folder, found.parts[name]).to_pandas(
        date_as_object=False, strings_to_categorical=False
    )
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), str))


def _is_committed(engine: sa.Engine, folder: str) -> bool:
    statement = sa.select(scenarios.c.number).where(scenarios.c.folder == folder)
    with reading(engine) as connection:
        return connection.execute(statement).first() is not None


def _plan(row: Any) -> Plan:
    return Plan(
        number=row.number,
        name=row.name,
        publication=row.publication,
        created_at=row.created_at,
        who=row.who,
        scenario=scenario_of(row.declaration),
        totals=row.totals,
        notes=tuple(row.notes),
        until=row.until,
        folder=row.folder,
        manifest_sha256=row.manifest_sha256,
        parts={name: Part(**part) for name, part in row.parts.items()},
    )
