"""The committing row: a publication exists once its row does, and never before.

The number is given inside the committing transaction, so numbers are consecutive; the warnings
that it continues, opens and closes are settled in the same transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa

from forecasting.calendar import Frequency, end_date, label
from forecasting.errors import NotReady, UnknownName, VigistockError
from forecasting.record.database import reading, writing
from models.publication.episodes import (
    EXPIRED,
    PUT_ASIDE,
    SERIES,
    SNOOZED,
    WARNED,
    continue_episodes,
)
from models.publication.parts import Part, Written
from models.tables import episode_publications, episodes, publications


@dataclass(frozen=True)
class Provenance:
    """What a publication was made from; all of it is known before the commit."""

    origin: int
    frequency: Frequency
    demand_version: int
    risk_version: int
    data_digest: str
    data_cut: Mapping[str, str]  # watermarks at the origin: feed -> ISO date
    options: Mapping[str, Any]
    code_version: str
    delivery: int = 0  # the last that the record knew; 0: it was not said
    degraded: str = ""  # why versions other than the champions made it
    alarms: Sequence[Mapping[str, Any]] = ()  # what looked wrong: `models.health.Alarm.plain`
    overrides: Sequence[int] = ()  # numbers of those alive when it was made

    @property
    def origin_label(self) -> str:
        return label(self.origin, self.frequency)

    @property
    def origin_end(self) -> dt.date:
        return end_date(self.origin, self.frequency)


@dataclass(frozen=True)
class Publication:
    """One committed row."""

    number: int
    provenance: Provenance
    created_at: dt.datetime
    folder: str
    manifest_sha256: str
    parts: Mapping[str, Part]
    pruned_at: dt.datetime | None = None  # its files are gone since
    withdrawn_at: dt.datetime | None = None  # its version was rolled back


class Gone(VigistockError):
    """A publication was made and its files were removed since, as the settings say."""

    code = "gone"
    title = "This publication is no longer kept"

    def __init__(self, found: Publication) -> None:
        assert found.pruned_at is not None
        super().__init__(
            f"Publication {found.number} (origin {found.provenance.origin_label}) was removed on "
            f"{found.pruned_at:%Y-%m-%d}: only newer ones and the last of each month are kept.",
            next_step="Ask for the current one; `vigistock publications list` names those on hand. "
            "A backup made before that day still has it.",
            publication=found.number,
            origin=found.provenance.origin_label,
            created_at=found.created_at.isoformat(),
            pruned_at=found.pruned_at.isoformat(),
            manifest_sha256=found.manifest_sha256,
        )


def commit(
    engine: sa.Engine,
    written: Written,
    provenance: Provenance,
    states: pd.DataFrame,
    *,
    created_at: dt.datetime,
) -> Publication:
    """Make a written folder the publication with the next number. `states`: see `episodes`."""
    with writing(engine, alone=publications.name) as connection:
        number = _insert(connection, written, provenance, created_at)
        _settle_episodes(connection, number, provenance.origin_end, states, created_at)
    return Publication(
        number=number,
        provenance=provenance,
        created_at=created_at.astimezone(dt.UTC),
        folder=written.folder,
        manifest_sha256=written.manifest_sha256,
        parts=written.parts,
    )


def _insert(
    connection: sa.Connection, written: Written, made: Provenance, created_at: dt.datetime
) -> int:
    highest = sa.select(sa.func.coalesce(sa.func.max(publications.c.number), 0) + 1)
    statement = sa.insert(publications).values(
        number=highest.scalar_subquery(),
        origin=made.origin,
        origin_label=made.origin_label,
        origin_end=made.origin_end,
        frequency=made.frequency.value,
        created_at=created_at,
        demand_version=made.demand_version,
        risk_version=made.risk_version,
        data_digest=made.data_digest,
        data_cut=dict(made.data_cut),
        folder=written.folder,
        manifest_sha256=written.manifest_sha256,
        parts={name: asdict(part) for name, part in written.parts.items()},
        options=dict(made.options),
        code_version=made.code_version,
        delivery=made.delivery,
        degraded=made.degraded,
        alarms=[dict(alarm) for alarm in made.alarms],
        overrides=list(made.overrides),
    )
    return int(connection.execute(statement.returning(publications.c.number)).scalar_one())


def _preceding(connection: sa.Connection, number: int, origin_end: dt.date) -> int | None:
    """The publication before the newest number by origin, then number."""
    return connection.scalar(
        sa.select(publications.c.number)
        .where(publications.c.origin_end <= origin_end, publications.c.number < number)
        .order_by(publications.c.origin_end.desc(), publications.c.number.desc())
        .limit(1)
    )


def _following(connection: sa.Connection, origin_end: dt.date) -> int | None:
    """The first publication of the next origin that is served; None: this is the latest."""
    return connection.scalar(
        sa.select(publications.c.number)
        .where(publications.c.origin_end > origin_end, publications.c.withdrawn_at.is_(None))
        .order_by(publications.c.origin_end, publications.c.number)
        .limit(1)
    )


def _settle_episodes(
    connection: sa.Connection,
    number: int,
    origin_end: dt.date,
    states: pd.DataFrame,
    at: dt.datetime,
) -> None:
    preceding = _preceding(connection, number, origin_end)
    following = _following(connection, origin_end)
    before = _episodes_of(connection, preceding, at.date())
    if following is None:  # what is over does not begin again under its number
        before = before[before["state"] != EXPIRED]
    before = before[["site", "sku", "episode"]]
    answer = continue_episodes(before, states)
    highest = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(episodes.c.id), 0)))
    opened = [
        {
            "id": int(highest or 0) + place,
            "site": site,
            "sku": sku,
            "state": WARNED if following is None else EXPIRED,
            "opened_publication": number,
            "closed_publication": following,  # which was there before, and does not say it
            "opened_at": at,
            "changed_at": at,
            "revision": 1,
        }
        for place, (site, sku) in enumerate(answer.opened.itertuples(index=False), start=1)
    ]
    if opened:
        connection.execute(sa.insert(episodes), opened)
    said = [*answer.continued["episode"], *(row["id"] for row in opened)]
    if said:
        connection.execute(
            sa.insert(episode_publications),
            [{"publication": number, "episode": int(episode)} for episode in said],
        )
    if following is not None:
        return
    numbered = pd.concat([answer.continued, pd.DataFrame(opened, columns=["site", "sku", "id"])])
    numbered["episode"] = numbered["episode"].fillna(numbered["id"])
    _settle_out(connection, number, numbered, answer.out, at)
    here = sa.select(episode_publications.c.episode).where(
        episode_publications.c.publication == number
    )
    connection.execute(
        sa.update(episodes)
        .where(episodes.c.closed_publication.is_(None), episodes.c.id.not_in(here))
        .values(
            closed_publication=number,
            state=EXPIRED,
            changed_at=at,
            revision=episodes.c.revision + 1,
        )
    )


def _settle_out(
    connection: sa.Connection,
    number: int,
    said: pd.DataFrame,
    out: pd.DataFrame,
    at: dt.datetime,
) -> None:
    """Since when each warning `said` (site, sku, episode) is out. What was put aside while there
    was stock is new again once there is none: that is other news."""
    is_out = pd.MultiIndex.from_frame(said[SERIES]).isin(pd.MultiIndex.from_frame(out))
    aside = sa.or_(*(episodes.c.state == state for state in PUT_ASIDE))
    one = episodes.c.id == sa.bindparam("one")
    moment = sa.literal(at, episodes.c.changed_at.type)
    ran_out = (
        sa.update(episodes)
        .where(one, episodes.c.out_since.is_(None))
        .values(
            out_since=number,
            revision=episodes.c.revision + sa.case((aside, 1), else_=0),
            changed_at=sa.case((aside, moment), else_=episodes.c.changed_at),
            snoozed_until=sa.case((aside, None), else_=episodes.c.snoozed_until),
            state=sa.case((aside, WARNED), else_=episodes.c.state),
        )
    )
    back = sa.update(episodes).where(one, episodes.c.out_since.is_not(None)).values(out_since=None)
    for statement, which in ((ran_out, is_out), (back, ~is_out)):
        numbers = [{"one": int(episode)} for episode in said["episode"][which]]
        if numbers:
            connection.execute(statement, numbers)


def state_on(today: dt.date) -> sa.ColumnElement[str]:
    """The state of a warning's life on a day: a snooze ends on its own."""
    over = sa.and_(episodes.c.state == SNOOZED, episodes.c.snoozed_until <= today)
    return sa.case((over, WARNED), else_=episodes.c.state).label("state")


def _episodes_of(connection: sa.Connection, number: int | None, today: dt.date) -> pd.DataFrame:
    said = sa.select(
        episodes.c.site, episodes.c.sku, episodes.c.id.label("episode"), state_on(today)
    ).join(episode_publications, episode_publications.c.episode == episodes.c.id)
    rows = connection.execute(said.where(episode_publications.c.publication == number)).all()
    return pd.DataFrame(rows, columns=["site", "sku", "episode", "state"])


def episodes_of(engine: sa.Engine, number: int) -> pd.DataFrame:
    """The warnings that a publication says: site, sku, episode and its state today."""
    with reading(engine) as connection:
        return _episodes_of(connection, number, dt.datetime.now(dt.UTC).date())


def _publication(row: Any) -> Publication:
    return Publication(
        number=row.number,
        provenance=Provenance(
            origin=row.origin,
            frequency=Frequency(row.frequency),
            demand_version=row.demand_version,
            risk_version=row.risk_version,
            data_digest=row.data_digest,
            data_cut=row.data_cut,
            options=row.options,
            code_version=row.code_version,
            delivery=row.delivery,
            degraded=row.degraded,
            alarms=tuple(row.alarms),
            overrides=tuple(row.overrides),
        ),
        created_at=row.created_at,
        folder=row.folder,
        manifest_sha256=row.manifest_sha256,
        parts={name: Part(**part) for name, part in row.parts.items()},
        pruned_at=row.pruned_at,
        withdrawn_at=row.withdrawn_at,
    )


def list_publications(engine: sa.Engine, limit: int | None = None) -> list[Publication]:
    """Committed publications, the current one first: by latest origin, then number; those
    withdrawn come last."""
    with reading(engine) as connection:
        return publications_in(connection, limit)


def publications_in(connection: sa.Connection, limit: int | None = None) -> list[Publication]:
    """As `list_publications`, in a transaction under way."""
    statement = sa.select(publications).order_by(
        publications.c.withdrawn_at.is_not(None),
        publications.c.origin_end.desc(),
        publications.c.number.desc(),
    )
    return [_publication(row) for row in connection.execute(statement.limit(limit))]


def preceding(engine: sa.Engine, of: Publication) -> Publication | None:
    """The publication of the latest earlier origin: what was said before later data came."""
    statement = (
        sa.select(publications)
        .where(publications.c.origin_end < of.provenance.origin_end)
        .order_by(publications.c.origin_end.desc(), publications.c.number.desc())
        .limit(1)
    )
    with reading(engine) as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else _publication(row)


def current(engine: sa.Engine) -> Publication:
    """The publication that is served; NotReady where there is none."""
    found = list_publications(engine, limit=1)
    if not found:
        raise NotReady(
            "There is no publication yet.",
            next_step="Run `vigistock train`; it ends with the first one.",
        )
    return found[0]


def publication(engine: sa.Engine, number: int) -> Publication:
    """One publication by its number; UnknownName where it does not exist."""
    statement = sa.select(publications).where(publications.c.number == number)
    with reading(engine) as connection:
        row = connection.execute(statement).one_or_none()
        if row is None:
            known = connection.scalars(sa.select(publications.c.number)).all()
            raise UnknownName("publication", str(number), map(str, known))
    return _publication(row)


def withdraw(connection: sa.Connection, column: str, version: int, *, at: dt.datetime) -> list[int]:
    """Serve others before the publications that a version made, in a transaction under way; gives
    their numbers. `column`: `demand_version` or `risk_version`. Nothing is withdrawn where no other
    is left to serve."""
    made = publications.c[column] == version
    served = sa.and_(publications.c.withdrawn_at.is_(None), publications.c.pruned_at.is_(None))
    others = sa.select(publications.c.number).where(served, ~made).limit(1)
    if connection.execute(others).first() is None:
        return []
    changed = (
        sa.update(publications)
        .where(made, publications.c.withdrawn_at.is_(None))
        .values(withdrawn_at=at)
        .returning(publications.c.number)
    )
    return sorted(connection.execute(changed).scalars())


def is_committed(engine: sa.Engine, folder: str) -> bool:
    statement = sa.select(publications.c.number).where(publications.c.folder == folder)
    with reading(engine) as connection:
        return connection.execute(statement).first() is not None
