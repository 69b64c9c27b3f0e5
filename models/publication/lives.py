"""The life of a warning: what people did with it, kept beside the publications that say it.

Each change is a row that stays; the warning itself has the latest. A snoozed warning is new again
on its day. An expired one (no longer said) may still be told what was done about it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from forecasting.errors import Refused, UnknownName, VigistockError
from forecasting.record.database import reading, writing
from models.publication.ledger import state_on
from models.tables import episode_publications, episodes, publications, warning_changes


class State(StrEnum):
    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    EXPIRED = "expired"  # set by a publication that says it no longer


class Action(StrEnum):
    """What somebody did about it."""

    NONE = ""
    ORDERED = "ordered"
    EXPEDITED = "expedited"
    TRANSFERRED = "transferred"
    SUBSTITUTED = "substituted"
    COUNTED = "counted"
    ACCEPTED = "accepted"  # the risk is borne


class Stale(VigistockError):
    """Somebody else changed it meanwhile."""

    code = "stale"
    title = "It was changed meanwhile"


class Senseless(VigistockError):
    code = "senseless_change"
    title = "The change makes no sense"


@dataclass(frozen=True)
class Life:
    """A warning as it stands; `state` as of the day that was asked about."""

    episode: int
    site: str
    sku: str
    state: State
    revision: int
    assigned_to: str
    snoozed_until: dt.date | None
    action: Action
    opened_at: dt.datetime
    changed_at: dt.datetime


@dataclass(frozen=True)
class Announced:
    """Last day of the data of the first publication that said a warning, and of the first that did
    not any more; None: it is still said."""

    first: dt.date
    over: dt.date | None


@dataclass(frozen=True)
class Wish:
    """What somebody wants changed; None leaves it as it is."""

    state: State | None = None
    assigned_to: str | None = None
    snoozed_until: dt.date | None = None
    action: Action | None = None
    comment: str = ""


def life_of(engine: sa.Engine, episode: int, today: dt.date) -> Life:
    """Raises UnknownName."""
    with reading(engine) as connection:
        return life_in(connection, episode, today)


def lives_of(engine: sa.Engine, numbers: Sequence[int], today: dt.date) -> dict[int, Life]:
    """Those of these warnings that exist."""
    with reading(engine) as connection:
        rows = connection.execute(_query(today).where(episodes.c.id.in_(numbers)))
        return {life.episode: life for life in map(_life, rows)}


def past_of(engine: sa.Engine, site: str, sku: str, today: dt.date) -> list[Life]:
    """Every warning that a series ever had, the latest first."""
    mine = _query(today).where(episodes.c.site == site, episodes.c.sku == sku)
    with reading(engine) as connection:
        return [_life(row) for row in connection.execute(mine.order_by(episodes.c.id.desc()))]


def announced_of(engine: sa.Engine, site: str, sku: str) -> dict[int, Announced]:
    """By warning of a series, between which days of data it was said."""
    first, last = publications.alias(), publications.alias()
    query = (
        sa.select(episodes.c.id, first.c.origin_end, last.c.origin_end)
        .join_from(episodes, first, episodes.c.opened_publication == first.c.number)
        .join(last, episodes.c.closed_publication == last.c.number, isouter=True)
        .where(episodes.c.site == site, episodes.c.sku == sku)
    )
    with reading(engine) as connection:
        return {row[0]: Announced(row[1], row[2]) for row in connection.execute(query)}


def said_in(engine: sa.Engine, episode: int) -> tuple[int, int] | None:
    """The first and the last publication that said a warning; None: there never was one."""
    number = episode_publications.c.publication
    query = sa.select(sa.func.min(number), sa.func.max(number))
    with reading(engine) as connection:
        first, last = connection.execute(
            query.where(episode_publications.c.episode == episode)
        ).one()
    return None if first is None else (first, last)


def changes_of(engine: sa.Engine, episode: int) -> list[dict[str, object]]:
    """Everything that people did with it, oldest first."""
    names = ("revision", "at", "who", "state", "assigned_to", "snoozed_until", "action", "comment")
    query = sa.select(*(warning_changes.c[name] for name in names))
    query = query.where(warning_changes.c.episode == episode)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(warning_changes.c.revision))
        return [dict(row._mapping) for row in rows]


def acted_on(engine: sa.Engine, after: dt.date, until: dt.date) -> set[int]:
    """Warnings of which somebody recorded an action after one day, until another (UTC)."""
    begin, end = (
        dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC) for day in (after, until)
    )
    query = sa.select(warning_changes.c.episode).where(
        warning_changes.c.action.not_in([Action.NONE.value, Action.ACCEPTED.value]),
        warning_changes.c.at >= begin,
        warning_changes.c.at < end,
    )
    with reading(engine) as connection:
        return set(connection.execute(query.distinct()).scalars())


def done_of(engine: sa.Engine) -> frozenset[int]:
    """Warnings still said of which somebody recorded an action."""
    query = sa.select(episodes.c.id).where(
        episodes.c.action != Action.NONE.value, episodes.c.state != State.EXPIRED.value
    )
    with reading(engine) as connection:
        return frozenset(connection.execute(query).scalars())


def last_change(engine: sa.Engine) -> int:
    """Rises with every change of any life by people."""
    with reading(engine) as connection:
        return int(connection.scalar(sa.select(sa.func.max(warning_changes.c.id))) or 0)


def change(
    engine: sa.Engine, episode: int, wish: Wish, *, seen: int, who: str, at: dt.datetime
) -> Life:
    """The life after the change; `seen`: the revision that it is based on. A wish that changes
    nothing leaves no trace.

    Raises UnknownName, Stale where somebody else was first, Senseless for a wish that contradicts
    itself, Refused where the warning has expired and more than an action or a comment is wished.
    """
    with writing(engine, alone=episodes.name) as connection:
        return change_in(connection, episode, wish, seen=seen, who=who, at=at)


def change_in(
    connection: sa.Connection, episode: int, wish: Wish, *, seen: int, who: str, at: dt.datetime
) -> Life:
    """As `change`, in a transaction under way that keeps `episodes` to itself."""
    life = life_in(connection, episode, at.date())
    if life.revision != seen:
        raise Stale(
            f"Warning {episode} has revision {life.revision}, not {seen}.",
            next_step="Read it again, then decide.",
            revision=life.revision,
        )
    wished = _wished(life, wish, at.date())
    if wished == life and not wish.comment:
        return life
    changed = replace(wished, revision=seen + 1, changed_at=at)
    said = {
        "state": changed.state.value,
        "assigned_to": changed.assigned_to,
        "snoozed_until": changed.snoozed_until,
        "action": changed.action.value,
    }
    connection.execute(
        sa.update(episodes)
        .where(episodes.c.id == episode)
        .values(**said, revision=changed.revision, changed_at=at)
    )
    connection.execute(
        sa.insert(warning_changes),
        {
            "episode": episode,
            "revision": changed.revision,
            "at": at,
            "who": who,
            "comment": wish.comment,
            **said,
        },
    )
    return changed


def _wished(life: Life, wish: Wish, today: dt.date) -> Life:
    if life.state is State.EXPIRED:
        if wish.state or wish.assigned_to is not None or wish.snoozed_until:
            raise Refused(
                f"Warning {life.episode} has expired: no publication says it any more.",
                next_step="An action or a comment can still be added.",
            )
        return replace(life, action=life.action if wish.action is None else wish.action)
    assigned = life.assigned_to if wish.assigned_to is None else wish.assigned_to
    state = wish.state
    if state is None and wish.snoozed_until:
        state = State.SNOOZED
    if state is None and wish.assigned_to:
        state = State.ASSIGNED
    state = state or life.state
    if state is State.EXPIRED:
        raise Senseless("Nobody sets a warning to expired.", next_step="Resolve it.")
    if state is State.ASSIGNED and not assigned:
        raise Senseless("It is assigned to nobody.", next_step="Name somebody in assigned_to.")
    until = wish.snoozed_until or life.snoozed_until if state is State.SNOOZED else None
    if wish.snoozed_until and state is not State.SNOOZED:
        raise Senseless(
            f"snoozed_until goes with the state snoozed, not {state.value}.",
            next_step="Leave one of the two out.",
        )
    if state is State.SNOOZED and (until is None or until <= today):
        raise Senseless(
            "It can be snoozed until a day after today only.", next_step="Name it in snoozed_until."
        )
    return replace(
        life,
        state=state,
        assigned_to=assigned,
        snoozed_until=until,
        action=life.action if wish.action is None else wish.action,
    )


_COLUMNS: Final = (
    *("site", "sku", "revision", "assigned_to", "snoozed_until", "action"),
    *("opened_at", "changed_at"),
)


def _query(today: dt.date) -> sa.Select[tuple[object, ...]]:
    return sa.select(episodes.c.id, state_on(today), *(episodes.c[name] for name in _COLUMNS))


def life_in(connection: sa.Connection, episode: int, today: dt.date) -> Life:
    """As `life_of`, in a transaction under way."""
    row = connection.execute(_query(today).where(episodes.c.id == episode)).one_or_none()
    if row is None:
        raise UnknownName("warning", str(episode), ())
    return _life(row)


def _life(row: sa.Row[tuple[object, ...]]) -> Life:
    facts = dict(row._mapping)
    state, action = State(facts.pop("state")), Action(facts.pop("action"))
    return Life(episode=facts.pop("id"), state=state, action=action, **facts)
