"""What people do with warnings: each change kept, nobody overwritten unseen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.workspaces import init_workspace
from forecasting.errors import Refused, UnknownName
from forecasting.record.database import connect, writing
from models.publication.lives import (
    Action,
    Senseless,
    Stale,
    State,
    Wish,
    acted_on,
    change,
    changes_of,
    last_change,
    life_of,
)
from models.tables import episodes, warning_changes
from tests.api.published import publish

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
TODAY = NOW.date()
FRIDAY = dt.date(2026, 11, 27)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """Two warnings, 1 and 2, of publication 1."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    workspace = init_workspace(tmp_path / "w", frequency="D", database=url)
    publish(workspace)
    engine = connect(workspace.database_url)
    yield engine
    engine.dispose()


def test_a_life_goes_on_from_revision_to_revision(engine: sa.Engine) -> None:
    before = last_change(engine)
    change(engine, 1, Wish(state=State.ACKNOWLEDGED), seen=1, who="anna", at=NOW)
    change(engine, 1, Wish(assigned_to="bruno", comment="call"), seen=2, who="anna", at=NOW)
    life = change(engine, 1, Wish(action=Action.ORDERED), seen=3, who="bruno", at=NOW)
    assert (life.state, life.assigned_to, life.action) == (State.ASSIGNED, "bruno", "ordered")
    assert life == life_of(engine, 1, TODAY)
    told = changes_of(engine, 1)
    assert [(one["revision"], one["who"], one["state"]) for one in told] == [
        (2, "anna", "acknowledged"),
        (3, "anna", "assigned"),
        (4, "bruno", "assigned"),
    ]
    assert told[1]["comment"] == "call"
    assert last_change(engine) > before
    assert life_of(engine, 2, TODAY).state is State.NEW, "another's life is its own"


def test_a_wish_that_changes_nothing_leaves_no_trace(engine: sa.Engine) -> None:
    before = life_of(engine, 1, TODAY)
    assert change(engine, 1, Wish(state=State.NEW), seen=1, who="anna", at=NOW) == before
    assert changes_of(engine, 1) == []


def test_who_comes_second_is_told(engine: sa.Engine) -> None:
    change(engine, 1, Wish(state=State.RESOLVED), seen=1, who="anna", at=NOW)
    with pytest.raises(Stale, match="revision 2, not 1"):
        change(engine, 1, Wish(state=State.ACKNOWLEDGED), seen=1, who="bruno", at=NOW)
    assert life_of(engine, 1, TODAY).state is State.RESOLVED


def test_a_snoozed_warning_is_new_again_on_its_day(engine: sa.Engine) -> None:
    change(engine, 1, Wish(snoozed_until=FRIDAY), seen=1, who="anna", at=NOW)
    thursday = FRIDAY - dt.timedelta(days=1)
    assert life_of(engine, 1, thursday).state is State.SNOOZED
    assert life_of(engine, 1, FRIDAY).state is State.NEW
    again = change(engine, 1, Wish(state=State.ACKNOWLEDGED), seen=2, who="anna", at=NOW)
    assert again.snoozed_until is None


@pytest.mark.parametrize(
    "wish",
    [
        Wish(state=State.ASSIGNED),
        Wish(state=State.SNOOZED),
        Wish(snoozed_until=TODAY),
        Wish(state=State.RESOLVED, snoozed_until=FRIDAY),
        Wish(state=State.EXPIRED),
    ],
    ids=["to nobody", "without an end", "until today", "resolved and snoozed", "expired by hand"],
)
def test_a_wish_that_contradicts_itself_changes_nothing(engine: sa.Engine, wish: Wish) -> None:
    before = life_of(engine, 1, TODAY)
    with pytest.raises(Senseless):
        change(engine, 1, wish, seen=1, who="anna", at=NOW)
    assert life_of(engine, 1, TODAY) == before
    assert changes_of(engine, 1) == []


def test_of_an_expired_warning_one_may_still_say_what_was_done(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(episodes).where(episodes.c.id == 1).values(state="expired"))
    with pytest.raises(Refused):
        change(engine, 1, Wish(state=State.RESOLVED), seen=1, who="anna", at=NOW)
    done = Wish(action=Action.EXPEDITED, comment="by air")
    life = change(engine, 1, done, seen=1, who="anna", at=NOW)
    assert (life.state, life.action) == (State.EXPIRED, Action.EXPEDITED)


def test_actions_count_from_the_day_after_until_the_end(engine: sa.Engine) -> None:
    change(engine, 1, Wish(action=Action.ORDERED), seen=1, who="anna", at=NOW)
    change(engine, 2, Wish(action=Action.ACCEPTED), seen=1, who="anna", at=NOW)
    day = dt.timedelta(days=1)
    assert acted_on(engine, TODAY - day, TODAY) == {1}, "a risk borne is no action"
    assert acted_on(engine, TODAY, TODAY + day) == set()
    assert acted_on(engine, TODAY - 2 * day, TODAY - day) == set()


def test_nobody_rewrites_what_was_done(engine: sa.Engine) -> None:
    life = change(engine, 1, Wish(comment="seen"), seen=1, who="anna", at=NOW)
    assert replace(life, revision=1, changed_at=life.changed_at).state is State.NEW
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(engine) as connection:
        connection.execute(sa.update(warning_changes).values(who="somebody"))


def test_an_unknown_warning_is_named(engine: sa.Engine) -> None:
    with pytest.raises(UnknownName, match="99"):
        life_of(engine, 99, TODAY)
