"""Versions and promotions in the record: the ledger decides who is champion.

Both tables only grow; the database itself refuses a change (`models.tables.append_only`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import pandas as pd
import sqlalchemy as sa

from forecasting.errors import NotReady, Refused, UnknownName
from forecasting.record.database import reading, writing
from models.bundles import BundleRef
from models.tables import model_versions, promotions

DEMAND: Final = "demand-forecast"
RISK: Final = "rupture-risk"


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

    @property
    def ref(self) -> BundleRef:
        return BundleRef(self.name, self.version, self.digest, self.run_id)


COLUMNS: Final = [column.name for column in fields(Version)]


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

    def promote(
        self,
        version: BundleRef,
        *,
        at: dt.datetime,
        who: str,
        why: str,
        evidence: Mapping[str, Any],
    ) -> None:
        """Make a known version the champion from now on."""
        self.version(version.name, version.version)
        entry = {"name": version.name, "version": version.version, "at": at, "who": who}
        with writing(self.engine) as connection:
            connection.execute(
                sa.insert(promotions), {**entry, "why": why, "evidence": dict(evidence)}
            )

    def version(self, name: str, version: int) -> Version:
        """UnknownName where there is no such version."""
        for found in self._versions(name, version):
            return found
        known = [f"{found.name} {found.version}" for found in self._versions()]
        raise UnknownName("model version", f"{name} {version}", known)

    def champion(self, name: str) -> Version:
        """The version of the latest promotion; NotReady where there was none."""
        latest = (
            sa.select(promotions.c.version)
            .where(promotions.c.name == name)
            .order_by(promotions.c.id.desc())
            .limit(1)
        )
        with reading(self.engine) as connection:
            number = connection.scalar(latest)
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
        columns = [promotions.c[name] for name in ("name", "version", "at", "who", "why")]
        statement = sa.select(*columns, promotions.c.evidence).order_by(promotions.c.id)
        with reading(self.engine) as connection:
            rows = connection.execute(statement).all()
        return pd.DataFrame(rows, columns=["name", "version", "at", "who", "why", "evidence"])

    def _versions(self, name: str | None = None, version: int | None = None) -> list[Version]:
        columns = [model_versions.c[column] for column in COLUMNS]
        statement = sa.select(*columns).order_by(model_versions.c.id.desc())
        if name is not None:
            statement = statement.where(
                model_versions.c.name == name, model_versions.c.version == version
            )
        with reading(self.engine) as connection:
            return [Version(*row) for row in connection.execute(statement)]
