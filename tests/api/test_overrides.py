"""Saying what one knows better over HTTP: kept, listed, revoked, refused with the field's name."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, Response

from api.clock import today
from models.workspace import Workspace
from tests.api.keyed import bearer, key
from tests.api.published import AWKWARD, publish, workspace_in
from tests.api.serving import serving

END = (today() + dt.timedelta(days=7)).isoformat()
DOUBLE = {
    **{"kind": "demand", "site": "LYON", "sku": "00123", "factor": 2.0},
    **{"end": END, "reason": "the promotion doubles this week"},
}
COUNT = {
    **{"kind": "stock", "site": "LYON", "sku": "00123", "units": 12},
    **{"end": END, "reason": "counted this morning"},
}
ORDER = {"kind": "order", "order": "PO-1182", "factor": 0.6, "end": END, "reason": "60 % only"}
WHY = {"reason": "it was cancelled"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = workspace_in(tmp_path_factory.mktemp("overrides") / "w")
    publish(made)
    return made


@pytest.fixture(scope="module")
def keys(workspace: Workspace) -> dict[str, str]:
    return {
        "planner": key(workspace, "planner"),
        "admin": key(workspace, "admin"),
        "of LYON": key(workspace, "planner", "LYON"),
        "of PARIS": key(workspace, "planner", "PARIS"),
    }


@pytest.fixture(scope="module")
def client(workspace: Workspace, keys: dict[str, str]) -> Iterator[Client]:
    with serving(workspace) as client:
        client.headers.update(bearer(keys["planner"]))
        yield client


def said(client: Client, values: dict[str, Any], who: str = "", **more: str) -> Response:
    headers = {"Content-Type": "application/json"} | bearer(who) | more
    return client.post("/v1/overrides", content=json.dumps(values), headers=headers)


def test_it_is_kept_with_its_address_and_found_again(client: Client) -> None:
    begun = today()
    made = said(client, DOUBLE)
    assert made.status_code == 201, made.text
    found = client.get(made.headers["location"])
    assert found.json() == made.json()
    told = found.json()
    assert (told["factor"], told["end"]) == (2.0, END)
    assert told["start"] in {day.isoformat() for day in (begun, today())}, "midnight may come"
    assert (told["who"], told["alive"], told["revision"]) == ("planner's program", True, 1)
    same = {"If-None-Match": found.headers["etag"]}
    assert client.get(made.headers["location"], headers=same).status_code == 304


def test_the_same_said_again_is_the_one_there_is(client: Client, keys: dict[str, str]) -> None:
    first, again = said(client, COUNT), said(client, COUNT)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == again.headers["location"]
    other = said(client, COUNT, keys["admin"])
    assert other.status_code == 201
    assert other.headers["location"] != first.headers["location"]


def test_the_list_is_filtered_and_paged(client: Client) -> None:
    for values in (ORDER, DOUBLE | {"site": "PARIS", "factor": 1.5}):
        said(client, values)
    whole = client.get("/v1/overrides").json()
    paged, address = [], "/v1/overrides?limit=1"
    while address:
        page = client.get(address).json()
        paged += page["items"]
        address = page["next"]
    assert paged == whole["items"]
    assert whole["count"] == len(paged) >= 2
    lyon = client.get("/v1/overrides", params={"site": "LYON"}).json()["items"]
    assert {one["site"] for one in lyon} <= {"", "LYON"}
    assert {one["kind"] for one in lyon} >= {"order"}
    assert client.get("/v1/overrides?alive=false&site=NO1").json()["count"] == 0


def test_revoked_it_stays_and_counts_no_longer(client: Client) -> None:
    made = said(client, DOUBLE | {"factor": 3.0})
    address, tag = made.headers["location"], made.headers["etag"]
    assert client.delete(address, params=WHY).status_code == 428
    assert client.delete(address, headers={"If-Match": tag}).status_code == 422
    gone = client.delete(address, params=WHY, headers={"If-Match": tag})
    assert gone.status_code == 200
    told = client.get(address).json()
    assert told == gone.json()
    assert (told["alive"], told["revision"]) == (False, 2)
    assert (told["revoked_because"], told["revoked_by"]) == (WHY["reason"], "planner's program")
    stale = client.delete(address, params=WHY, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    again = client.delete(address, params={"reason": "another"}, headers={"If-Match": "*"})
    assert again.json() == told, "what was revoked stays as it was"


def test_a_key_of_one_site_speaks_for_it_alone(client: Client, keys: dict[str, str]) -> None:
    lyon = keys["of LYON"]
    foreign = said(client, DOUBLE | {"site": "PARIS"}, lyon)
    nowhere = said(client, DOUBLE | {"site": "NO1"}, lyon)
    assert foreign.status_code == nowhere.status_code == 422
    assert foreign.json()["detail"].replace("PARIS", "NO1") == nowhere.json()["detail"]
    everywhere = said(client, DOUBLE | {"site": ""}, lyon)
    assert (everywhere.status_code, everywhere.json()["code"]) == (403, "forbidden")
    assert said(client, ORDER, lyon).status_code == 403

    of_paris = said(client, DOUBLE | {"site": "PARIS", "factor": 4.0}).headers["location"]
    assert client.get(of_paris, headers=bearer(lyon)).status_code == 404
    revoked = client.delete(of_paris, params=WHY, headers=bearer(lyon) | {"If-Match": "*"})
    assert revoked.status_code == 404
    listed = client.get("/v1/overrides", headers=bearer(lyon)).json()
    assert {one["site"] for one in listed["items"]} <= {"", "LYON"}
    assert listed["count"] == len(listed["items"])


def test_what_covers_every_site_is_shown_to_one_of_them_without_free_text(
    client: Client, keys: dict[str, str]
) -> None:
    address = said(client, ORDER | {"reason": "PARIS told me"}).headers["location"]
    shown = client.get(address, headers=bearer(keys["of LYON"]))
    assert (shown.status_code, shown.json()["reason"], shown.json()["who"]) == (200, "", "")
    headers = bearer(keys["of LYON"]) | {"If-Match": "*"}
    assert client.delete(address, params=WHY, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": None}, "reason"),
        ({"factor": -2}, "factor"),
        ({"factor": "a lot"}, "factor"),
        ({"factor": 1e308}, "factor"),
        ({"end": "31/12/2026"}, "end"),
        ({"end": 5}, "end"),
        ({"end": "1999-01-01"}, "end"),
        ({"units": 3}, "a factor or units"),
        ({"kind": "hope"}, "kind"),
        ({"colour": "red"}, "colour"),
        ({"sku": "NOTHING"}, "sku"),
        ({"site": "PARIS", "sku": "00124"}, "sku"),
        ({"category": "none of ours"}, "category"),
        ({"site": "\ud800"}, "site"),
    ],
)
def test_bad_input_is_a_problem_that_names_the_field(
    client: Client, wrong: dict[str, Any], field: str
) -> None:
    before = client.get("/v1/overrides").json()["count"]
    answer = said(client, DOUBLE | wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in answer.json()["detail"]
    assert client.get("/v1/overrides").json()["count"] == before


@pytest.mark.parametrize("content", ["", "[]", "{", "null", '"demand"', "1"])
def test_what_is_no_override_is_never_an_error_of_ours(client: Client, content: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/overrides", content=content, headers=headers)
    assert answer.status_code == 422


def test_awkward_codes_come_back_as_they_were(client: Client) -> None:
    site, sku = AWKWARD
    made = said(client, DOUBLE | {"site": site, "sku": sku})
    assert (made.status_code, made.json()["site"], made.json()["sku"]) == (201, site, sku)


def test_nothing_is_overridden_where_nothing_is_published(tmp_path: Path) -> None:
    with serving(workspace_in(tmp_path / "w")) as client:
        assert client.get("/v1/overrides").json()["count"] == 0
        assert client.post("/v1/overrides", json=DOUBLE).status_code == 503
