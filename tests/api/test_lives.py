"""Planners change warnings over HTTP; nobody overwrites what they have not seen."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api import dependencies
from api.routes import warnings
from models.workspace import Workspace
from tests.api.keyed import bearer, key
from tests.api.published import publish, workspace_in
from tests.api.serving import serving

SOON = (dt.datetime.now(dt.UTC) + dt.timedelta(days=3)).date().isoformat()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = workspace_in(tmp_path / "w")
    publish(made)
    return made


@pytest.fixture
def planner(workspace: Workspace) -> Iterator[httpx.Client]:
    text = key(workspace, "planner")
    with serving(workspace) as client:
        client.headers.update(bearer(text))
        yield client


def patch(client: httpx.Client, body: Any, if_match: str = "*", number: int = 1) -> httpx.Response:
    return client.patch(f"/v1/warnings/{number}", json=body, headers={"If-Match": if_match})


def states(client: httpx.Client, **asked: Any) -> dict[int, str]:
    items = client.get("/v1/warnings", params=asked).json()["items"]
    return {item["warning"]: item["state"] for item in items if item["warning"]}


def test_a_change_is_seen_at_once_and_kept_with_who_and_when(planner: httpx.Client) -> None:
    read = planner.get("/v1/warnings/1")
    assert read.json()["life"]["revision"] == 1
    before = planner.get("/v1/warnings").headers["ETag"]
    told = patch(planner, {"assigned_to": "Bruno", "comment": "call"}, read.headers["ETag"])
    assert told.status_code == 200
    assert told.json()["life"]["state"] == "assigned"
    again = planner.get("/v1/warnings/1")
    assert again.json()["life"] == told.json()["life"]
    assert again.json()["warning"]["state"] == "assigned"
    assert again.headers["ETag"] != read.headers["ETag"]
    change = again.json()["changes"][0]
    assert (change["who"], change["comment"]) == ("planner's program", "call")
    assert states(planner, state="assigned") == {1: "assigned"}
    assert planner.get("/v1/warnings").headers["ETag"] != before
    assert planner.get("/v1/warnings", headers={"If-None-Match": before}).status_code == 200
    csv = planner.get("/v1/warnings", headers={"Accept": "text/csv"}).text
    assert ",assigned," in csv
    site, sku = again.json()["life"]["site"], again.json()["life"]["sku"]
    series = planner.get("/v1/series", params={"site": site, "sku": sku}).json()
    assert series["risk"]["state"] == "assigned"


def test_a_planner_of_one_site_sees_a_change_at_once_too(
    workspace: Workspace, planner: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = planner.get("/v1/warnings/1").json()["life"]["site"]
    monkeypatch.setattr(dependencies, "LOOK_SECONDS", 3600.0)
    with serving(workspace) as client:
        client.headers.update(bearer(key(workspace, "planner", site)))
        assert states(client, state="acknowledged") == {}
        assert patch(client, {"state": "acknowledged"}).status_code == 200
        assert states(client, state="acknowledged") == {1: "acknowledged"}


def test_a_change_that_has_no_room_is_told_so(
    planner: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    def change(*_: Any, **__: Any) -> None:
        raise sa.exc.OperationalError("UPDATE", {}, full)

    monkeypatch.setattr(warnings, "change", change)
    told = patch(planner, {"state": "acknowledged"})
    assert (told.status_code, told.json()["code"]) == (507, "no_room")


def test_a_change_says_what_it_is_based_on(planner: httpx.Client) -> None:
    tag = planner.get("/v1/warnings/1").headers["ETag"]
    missing = planner.patch("/v1/warnings/1", json={"state": "acknowledged"})
    assert (missing.status_code, missing.json()["code"]) == (428, "no_condition")
    assert patch(planner, {"state": "acknowledged"}, tag).status_code == 200
    late = patch(planner, {"state": "resolved"}, tag)
    assert (late.status_code, late.json()["facts"]["revision"]) == (412, 2)
    assert patch(planner, {"state": "resolved"}, '"another"').status_code == 412
    fresh = planner.get("/v1/warnings/1").headers["ETag"]
    assert patch(planner, {"state": "resolved"}, f'"x", {fresh}').status_code == 200


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"state": "expired"}),
        (422, {"state": "lost"}),
        (422, {"snoozed_until": "2020-01-01"}),
        (422, {"snoozed_until": "soon"}),
        (422, {"snoozed_until": 4_000_000_000}),
        (422, {"comment": "a\x00b"}),
        (422, {"comment": "x" * 2_001}),
        (422, {"who": "me"}),
        (422, []),
        (413, {"comment": "x" * 70_000}),
    ],
)
def test_a_wrong_change_changes_nothing(planner: httpx.Client, status: int, body: Any) -> None:
    told = patch(planner, body)
    assert told.status_code == status
    assert told.headers["Content-Type"] == "application/problem+json"
    assert planner.get("/v1/warnings/1").json()["life"]["revision"] == 1


def test_a_warning_goes_on_as_people_left_it(planner: httpx.Client, workspace: Workspace) -> None:
    assert patch(planner, {"snoozed_until": SOON}).json()["life"]["state"] == "snoozed"
    publish(workspace, mean=3.0)
    planner.get("/v1/warnings")
    assert states(planner, state="snoozed") == {1: "snoozed"}


def test_an_unknown_warning_is_not_found(planner: httpx.Client) -> None:
    assert patch(planner, {"comment": "?"}, number=99).status_code == 404
