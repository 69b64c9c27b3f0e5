"""Versions and promotions in the record: the ledger decides who is champion.

Both tables only grow; the database itself refuses a change (`models.tables.append_only`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

import pandas as pd
import sqlalchemy as sa

from forecasting.errors import NotReady, Refused, UnknownName
from forecasting.record.database import reading, writing
from models.bundles import BundleRef
from models.publication.ledger import withdraw
from models.tables import model_versions, promotions

DEMAND: Final = "demand-forecast"
RISK: Final = "rupture-risk"


class Action(StrEnum):
    """How a version became champion."""

    PROMOTED = "promoted"  # by the gate, or as the first
    FORCED = "forced"  # against the gate, or without asking it
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True)
class Entry:
    """A line of the ledger that is to be written; `over`: the champion it was decided against,
    None where there was none."""

    version: BundleRef
    over: int | None
    why: str
    action: Action = Action.PROMOTED
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """One registered version, as it was when it was made."""

    name: str
    version: int
    run_id: str
    digest: str
    created_at: dt.datetime
    origin_label: str
    data_digest: str
    code_version: str
    metrics: Mapping[str, float]
    evidence_digest: str = ""  # of models.evidence; blank: none was kept

    @property
    def ref(self) -> BundleRef:
        return BundleRef(self.name, self.version, self.digest, self.run_id)


COLUMNS: Final = [column.name for column in fields(Version)]
LINE: Final = ("name", "version", "at", "who", "why", "evidence", "action")
MADE_BY: Final = {DEMAND: "demand_version", RISK: "risk_version"}
"""Which column of a publication names the version of a model."""


def finite(version: Version) -> dict[str, float]:
    """The metrics that a database can hold."""
    return {name: float(value) for name, value in version.metrics.items() if math.isfinite(value)}


class Ledger:
    """The two tables of one record."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def add(self, versions: Sequence[Version]) -> None:
        """Enter new versions, all or none; Refused where a name and version is already there."""
        rows = [
            {**{name: getattr(version, name) for name in COLUMNS}, "metrics": finite(version)}
            for version in versions
        ]
        try:
            with writing(self.engine) as connection:
                connection.execute(sa.insert(model_versions), rows)
        except sa.exc.IntegrityError as error:
            known = ", ".join(f"{version.name} {version.version}" for version in versions)
            raise Refused(
                f"The record already has one of {known}: the MLflow store counts anew.",
                next_step="Use the MLflow store that this record began with (setting 'tracking').",
            ) from error

    def enter(self, entries: Sequence[Entry], *, at: dt.datetime, who: str) -> None:
        """Make known versions the champions from now on, all or none; what a version that is rolled
        back has published is served no longer, from the same moment on.

        Raises Refused where a champion is no longer the one that was decided against.
        """
        for entry in entries:
            self.version(entry.version.name, entry.version.version)
        with writing(self.engine, alone=promotions.name) as connection:
            for entry in entries:
                name, now = entry.version.name, _champion(connection, entry.version.name)
                if now != entry.over:
                    raise Refused(
                        f"{name} {now} became champion meanwhile; {entry.version.version} was "
                        f"judged beside {entry.over or 'none'}.",
                        next_step="Ask again: it is judged beside the new champion.",
                    )
                row = {"name": name, "version": entry.version.version, "at": at, "who": who}
                row |= {"why": entry.why, "action": entry.action.value}
                connection.execute(sa.insert(promotions), {**row, "evidence": dict(entry.evidence)})
                if entry.action is Action.ROLLED_BACK and now is not None:
                    withdraw(connection, MADE_BY[name], now, at=at)

    def before(self, name: str) -> Version:
        """The champion that a rollback returns to: the one that the present champion replaced when
        it was last promoted. Raises NotReady where there is none."""
        mine = self.promotions().query("name == @name")
        now = self.champion(name).version
        promoted = mine[(mine["version"] == now) & (mine["action"] != Action.ROLLED_BACK)]
        earlier = mine.loc[: promoted.index[-1]].iloc[:-1]
        earlier = earlier[earlier["version"] != now]
        if earlier.empty:
            raise NotReady(
                f"{name} {now} is the first champion: there is none to return to.",
                next_step=f"Name another: `vigistock models promote {name} VERSION`.",
            )
        return self.version(name, int(earlier["version"].iloc[-1]))

    def live_on(self, name: str, moment: dt.datetime) -> Mapping[Any, Any] | None:
        """The entry in force at a moment; None before the first."""
        mine = self.promotions().query("name == @name")
        past = mine[mine["at"] <= moment]
        return None if past.empty else past.to_dict("records")[-1]

    def version(self, name: str, version: int) -> Version:
        """UnknownName where there is no such version."""
        for found in self._versions(name, version):
            return found
        known = [f"{found.name} {found.version}" for found in self._versions()]
        raise UnknownName("model version", f"{name} {version}", known)

    def champion(self, name: str) -> Version:
        """The version of the latest promotion; NotReady where there was none."""
        with reading(self.engine) as connection:
            number = _champion(connection, name)
        if number is None:
            raise NotReady(
                f"There is no champion of {name} yet.", next_step="Run `vigistock train`."
            )
        return self.version(name, number)

    def has_champion(self, name: str) -> bool:
        return name in set(self.promotions()["name"])

    def versions(self) -> pd.DataFrame:
        """Every version, the newest first, with `champion` and its metrics as a mapping."""
        rows = [{name: getattr(version, name) for name in COLUMNS} for version in self._versions()]
        table = pd.DataFrame(rows, columns=COLUMNS)
        champions = self.promotions().drop_duplicates("name", keep="last")
        pairs = set(zip(champions["name"], champions["version"], strict=True))
        table["champion"] = [
            pair in pairs for pair in zip(table["name"], table["version"], strict=True)
        ]
        return table

    def promotions(self) -> pd.DataFrame:
        """The ledger, the oldest entry first."""
        columns = [promotions.c[name] for name in LINE]
        with reading(self.engine) as connection:
            rows = connection.execute(sa.select(*columns).order_by(promotions.c.id)).all()
        return pd.DataFrame(rows, columns=list(LINE))

    def _versions(self, name: str | None = None, version: int | None = None) -> list[Version]:
        columns = [model_versions.c[column] for column in COLUMNS]
        statement = sa.select(*columns).order_by(model_versions.c.id.desc())
        if name is not None:
            statement = statement.where(
                model_versions.c.name == name, model_versions.c.version == version
            )
        with reading(self.engine) as connection:
            return [Version(*row) for row in connection.execute(statement)]


def _champion(connection: sa.Connection, name: str) -> int | None:
    latest = sa.select(promotions.c.version).where(promotions.c.name == name)
    return connection.scalar(latest.order_by(promotions.c.id.desc()).limit(1))
