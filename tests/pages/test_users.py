"""Signing in by name and password: who may, what they see, and what ends it."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import sqlalchemy as sa

from api.database import upgrade
from api.sessions import COOKIE, Sessions
from api.tables import users as table
from api.users import BadUser, Users, known_as, opens
from forecasting.errors import Refused, UnknownName
from forecasting.record.database import connect, reading
from models.workspace import Workspace
from tests.api.keyed import NOW, key
from tests.api.published import publish
from tests.api.serving import serving
from tests.pages.test_sign_in import csrf_of, sign_in

PASSWORD = "quatre mots sans suite"


@contextmanager
def users_in(workspace: Workspace) -> Iterator[Users]:
    engine = connect(workspace.database_url)
    yield Users(engine)
    engine.dispose()


def enter(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/sign-in", data={"user": name, "password": password, "back": "/"})


@pytest.fixture
def door(own_workspace: Workspace) -> Iterator[httpx.Client]:
    """A published company with two users and no key."""
    publish(own_workspace)
    with users_in(own_workspace) as users:
        users.create("Inès.Morel", PASSWORD, scope="planner", at=NOW)
        users.create("jo", PASSWORD, scope="scientist", sites=["LYON"], at=NOW)
    with serving(own_workspace) as client:
        yield client


def test_in_by_a_password_and_out(door: httpx.Client) -> None:
    refused = door.get("/")
    assert refused.status_code == 401, "a user closes the door as a key does"
    assert 'name="password"' in refused.text
    assert 'name="key"' not in refused.text, "there is no key to offer"
    assert door.get("/v1/warnings").status_code == 401
    answer = enter(door, " INÈS.morel ")
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = door.get("/")
    assert page.status_code == 200
    assert "inès.morel" in page.text
    change = {"json": {"state": "acknowledged"}, "headers": {"If-Match": "*"}}
    assert door.patch("/v1/warnings/1", **change).status_code == 403, "no token of the page"
    change["headers"]["X-CSRF-Token"] = csrf_of(page)
    done = door.patch("/v1/warnings/1", **change)
    assert done.json()["changes"][-1]["who"] == "inès.morel"
    assert door.post("/sign-out", data={"csrf": csrf_of(page)}).status_code == 303
    assert door.get("/").status_code == 401


def test_a_role_and_its_sites_are_those_of_a_key(door: httpx.Client) -> None:
    enter(door, "jo")
    page = door.get("/")
    assert "PARIS" not in page.text
    assert 'name="warning"' not in page.text, "a scientist changes no warning"
    assert door.get("/monday").status_code == 403
    token = {"X-CSRF-Token": csrf_of(page), "If-Match": "*"}
    assert door.patch("/v1/warnings/1", json={}, headers=token).status_code == 403


def test_who_may_not_see_the_list_begins_elsewhere(
    own_workspace: Workspace, door: httpx.Client
) -> None:
    with users_in(own_workspace) as users:
        users.create("erp", PASSWORD, scope="erp", at=NOW)
    time.sleep(1.1)
    assert enter(door, "erp").headers["location"] == "/orders"
    page = door.get("/orders")
    assert page.status_code == 200
    assert 'href="/monday"' not in page.text


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("inès.morel", "quatre mots sans suit"),
        ("inès.morel", PASSWORD.upper()),
        ("nobody", PASSWORD),
        ("\0", PASSWORD),
        ("x" * 500, PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_anything_else_is_told_the_same(door: httpx.Client, name: str, password: str) -> None:
    answer = enter(door, name, password)
    assert answer.status_code == 401
    assert "ne vont pas ensemble" in answer.text
    assert COOKIE not in door.cookies


def test_ten_wrong_passwords_a_minute(door: httpx.Client) -> None:
    for _ in range(10):
        assert enter(door, "jo", "not the password").status_code == 401
    late = enter(door, "jo")
    assert late.status_code == 429, "even the right one waits"
    assert 0 < int(late.headers["retry-after"]) <= 60


def gone(client: httpx.Client) -> bool:
    """A service looks at its users once a second."""
    end = time.monotonic() + 10
    while client.get("/v1/warnings").status_code == 200:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("how", ["disabled", "another password"])
def test_what_ends_a_session(own_workspace: Workspace, door: httpx.Client, how: str) -> None:
    enter(door, "jo")
    assert door.get("/").status_code == 200
    with users_in(own_workspace) as users:
        if how == "disabled":
            users.disable("jo", at=NOW)
        else:
            users.set_password("jo", "une autre phrase")
    assert gone(door)
    assert enter(door, "jo").status_code == 401
    assert how == "disabled" or enter(door, "jo", "une autre phrase").status_code == 303
    with users_in(own_workspace) as users:
        users.enable("jo")
    time.sleep(1.1)
    assert how != "disabled" or enter(door, "jo").status_code == 303


def test_keys_and_users_stand_side_by_side(own_workspace: Workspace, door: httpx.Client) -> None:
    text = key(own_workspace, "planner")
    time.sleep(1.1)
    page = door.get("/").text
    assert 'name="password"' in page
    assert 'name="key"' in page
    assert sign_in(door, text).status_code == 303
    assert door.get("/").status_code == 200


def test_users_in_the_record(database_url: str) -> None:
    upgrade(database_url)
    engine = connect(database_url)
    users, sessions = Users(engine), Sessions(engine)
    made = users.create("Ana", PASSWORD, scope="admin", sites=["B", "A", "B"], at=NOW)
    assert (made.name, made.sites, made.state(NOW)) == ("ana", {"A", "B"}, "live")
    assert opens(made, PASSWORD)
    assert not opens(made, PASSWORD + " ")
    assert not opens(made, PASSWORD + "x" * 200)
    composed = users.set_password("ana", "l’été à la plage")
    assert opens(composed, unicodedata.normalize("NFD", "l’été à la plage"))
    made = users.set_password("ana", PASSWORD)
    assert not opens(None, PASSWORD)
    with reading(engine) as connection:
        kept = str(connection.execute(sa.select(table)).all())
    assert "$argon2id$" in kept
    assert PASSWORD not in kept
    token = sessions.begin(made, at=NOW)
    found = sessions.find(token, at=NOW)
    assert found is not None
    assert (found.user, found.prefix) == ("ana", "")
    assert users.disable("ANA", at=NOW).state(NOW) == "disabled"
    assert sessions.find(token, at=NOW) is None
    assert users.enable("ana").state(NOW) == "live"
    with pytest.raises(Refused, match="already"):
        users.create("ana ", PASSWORD, scope="planner", at=NOW)
    with pytest.raises(UnknownName):
        users.set_password("bob", PASSWORD)
    with pytest.raises(UnknownName):
        users.create("bob", PASSWORD, scope="boss", at=NOW)
    for name, password in (
        ("", PASSWORD),
        ("b\nob", PASSWORD),
        ("bob", "short"),
        ("bob", "x" * 201),
    ):
        with pytest.raises(BadUser) as refused:
            users.create(name, password, scope="planner", at=NOW)
        assert not re.search("short|xxx", str(refused.value)), "a password is never shown"
    assert known_as("ＡＮＡ") == "ana"
    assert [user.name for user in users.all()] == ["ana"]
    engine.dispose()
