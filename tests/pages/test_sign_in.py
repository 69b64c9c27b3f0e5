"""Signing in by a key: what a session may do, and what no other page can make it do."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine, create_engine

from api.database import upgrade
from api.keys import Key, Keys
from api.sessions import COOKIE, HOURS, Sessions
from api.settings import Service
from forecasting.record.database import connect
from models.workspace import Workspace
from tests.api.keyed import NOW, key
from tests.api.published import publish
from tests.api.serving import serving


@pytest.fixture
def keys(own_workspace: Workspace) -> dict[str, str]:
    return {
        "planner": key(own_workspace, "planner"),
        "scientist of LYON": key(own_workspace, "scientist", "LYON"),
    }


@pytest.fixture
def door(own_workspace: Workspace, keys: dict[str, str]) -> Iterator[httpx.Client]:
    """A published company where a key is needed."""
    publish(own_workspace)
    with serving(own_workspace) as client:
        yield client


def sign_in(client: httpx.Client, text: str, back: str = "/") -> httpx.Response:
    return client.post("/sign-in", data={"key": text, "back": back})


def csrf_of(page: httpx.Response) -> str:
    found = re.search(r'<meta name="csrf" content="(\w+)">', page.text)
    assert found
    return found[1]


def test_in_and_out(door: httpx.Client, keys: dict[str, str]) -> None:
    refused = door.get("/monday?lang=en")
    assert refused.status_code == 401
    assert 'name="back" value="/monday?lang=en"' in refused.text, "it comes back to what was asked"
    answer = sign_in(door, keys["planner"], "/monday?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/monday?lang=en")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie

    page = door.get("/")
    assert page.status_code == 200
    assert "planner&#39;s program" in page.text
    assert door.get("/v1/warnings").status_code == 200, "the pages' own API"

    assert door.post("/sign-out", data={"csrf": "guessed"}).status_code == 403
    assert door.get("/").status_code == 200
    cookie = cookie.partition(";")[0]
    out = door.post("/sign-out", data={"csrf": csrf_of(page)})
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert door.get("/", headers={"Cookie": cookie}).status_code == 401, (
        "the cookie is worth nothing now"
    )


def test_changes_need_the_token_of_the_page(door: httpx.Client, keys: dict[str, str]) -> None:
    sign_in(door, keys["planner"])
    change = {"json": {"state": "acknowledged"}, "headers": {"If-Match": "*"}}
    assert door.patch("/v1/warnings/1", **change).status_code == 403
    change["headers"]["X-CSRF-Token"] = "0" * 64
    assert door.patch("/v1/warnings/1", **change).status_code == 403
    change["headers"]["X-CSRF-Token"] = csrf_of(door.get("/"))
    foreign = {**change["headers"], "Origin": "https://evil.example"}
    assert door.patch("/v1/warnings/1", **{**change, "headers": foreign}).status_code == 403
    own = {**change["headers"], "Origin": str(door.base_url).rstrip("/")}
    done = door.patch("/v1/warnings/1", **{**change, "headers": own})
    assert done.status_code == 200
    assert done.json()["changes"][-1]["who"] == "planner's program"


def test_a_page_of_another_origin_changes_nothing_where_no_key_is_needed(
    own_workspace: Workspace,
) -> None:
    publish(own_workspace)
    with serving(own_workspace) as client:
        change = {"json": {}, "headers": {"If-Match": "*", "Origin": "http://evil.example"}}
        assert client.patch("/v1/warnings/1", **change).status_code == 403
        assert client.get("/", headers={"Origin": "http://evil.example"}).status_code == 200
        assert client.get("/sign-in").headers["location"] == "/"


def test_a_session_does_what_its_key_may(door: httpx.Client, keys: dict[str, str]) -> None:
    sign_in(door, keys["scientist of LYON"])
    page = door.get("/")
    assert not any(foreign in page.text for foreign in ("PARIS", "Dépôt"))
    assert "/monday" not in page.text, "the scorecard covers every site"
    assert 'name="warning"' not in page.text, "a scientist changes no warning"
    for address in ("/monday", "/v1/scorecard"):
        assert door.get(address).status_code == 403
    token = {"X-CSRF-Token": csrf_of(page), "If-Match": "*"}
    assert door.patch("/v1/warnings/1", json={}, headers=token).status_code == 403


def test_a_revoked_key_ends_its_sessions(
    own_workspace: Workspace, door: httpx.Client, keys: dict[str, str]
) -> None:
    text = keys["planner"]
    sign_in(door, text)
    assert door.get("/").status_code == 200
    engine = connect(own_workspace.database_url)
    Keys(engine).revoke(text.split("_")[1], at=NOW)
    engine.dispose()
    end = time.monotonic() + 10
    while door.get("/v1/warnings").status_code == 200:
        assert time.monotonic() < end


def test_ten_wrong_keys_a_minute(door: httpx.Client, keys: dict[str, str]) -> None:
    for _ in range(10):
        assert sign_in(door, "vgs_00000000_wrong").status_code == 401
    right = keys["planner"]
    late = sign_in(door, right)
    assert late.status_code == 429, "even the right one waits"
    assert 0 < int(late.headers["retry-after"]) <= 60
    assert late.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/a\r\nX: y",
        "javascript:1",
        "//[",
    ],
)
def test_it_leads_nowhere_else(door: httpx.Client, keys: dict[str, str], back: str) -> None:
    answer = sign_in(door, keys["planner"], back)
    assert answer.headers["location"] == "/"


def test_other_origins_sign_nobody_in(door: httpx.Client, keys: dict[str, str]) -> None:
    answer = door.post(
        "/sign-in",
        data={"key": keys["planner"]},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert COOKIE not in door.cookies
    assert door.post("/sign-in", content=b"key=" + b"x" * 5_000).status_code == 413
    assert door.post("/sign-in", content=b"\xff\xfe").status_code == 422


def test_over_tls_the_cookie_is_secure(own_workspace: Workspace) -> None:
    text = key(own_workspace)
    with serving(own_workspace, Service(https=True)) as client:
        assert "Secure" in sign_in(client, text).headers["set-cookie"]


def made_in(engine: Engine) -> Key:
    return Keys(engine).create(name="SAP", scope="erp", at=NOW).key


def test_sessions_in_the_record(database_url: str) -> None:
    upgrade(database_url)
    engine = connect(database_url)
    sessions, holder = Sessions(engine), made_in(engine)
    token = sessions.begin(holder, at=NOW)
    found = sessions.find(token, at=NOW)
    assert found is not None
    assert (found.prefix, found.user) == (holder.prefix, "")
    assert sessions.find(token + "x", at=NOW) is None
    late = NOW + dt.timedelta(hours=HOURS)
    assert sessions.find(token, at=late) is None
    sessions.begin(holder, at=late)
    assert sessions.find(token, at=NOW) is None, "swept"
    other = sessions.begin(holder, at=NOW)
    sessions.end(other)
    assert sessions.find(other, at=NOW) is None
    engine.dispose()


def test_who_was_seen_is_still_known_while_the_record_is_away(sqlite_url: str) -> None:
    upgrade(sqlite_url)
    engine = connect(sqlite_url)
    sessions = Sessions(engine)
    token = sessions.begin(made_in(engine), at=NOW)
    assert sessions.find(token, at=NOW)
    sessions._engine = create_engine("sqlite:////nowhere/at/all.db")
    assert sessions.find(token, at=NOW)
    assert sessions.find("another", at=NOW) is None
    engine.dispose()
