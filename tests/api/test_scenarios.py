"""Scenarios over HTTP: asked for as a job, read as plans; and the flow of risk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api import jobs
from api.schemas.scenarios import FlowAnswer, ScenarioDetail, ScenarioPage
from models.workspace import Workspace
from tests.api.planned import kept_scenario
from tests.api.published import publish
from tests.api.serving import serving

STOP = {"kind": "supplier_stop", "supplier": "Novapack", "weeks": 6}


@pytest.fixture
def planned(own_workspace: Workspace) -> Iterator[httpx.Client]:
    publish(own_workspace)
    kept_scenario(own_workspace, STOP, name="Novapack stops")
    kept_scenario(own_workspace, {"kind": "site_closed", "site": "PARIS"}, sites=["PARIS"])
    with serving(own_workspace) as client:
        yield client


def test_plans_are_listed_the_newest_first_in_pages(planned: httpx.Client) -> None:
    page = ScenarioPage.model_validate_json(planned.get("/v1/scenarios?limit=1").content)
    assert (page.count, page.items[0].scenario, page.items[0].name) == (2, 2, "")
    assert page.next is not None
    following = ScenarioPage.model_validate_json(planned.get(page.next).content)
    assert [one.scenario for one in following.items] == [1]
    assert following.items[0].changes == [STOP]
    assert following.next is None


def test_a_plan_says_what_breaks_and_what_to_do(planned: httpx.Client) -> None:
    response = planned.get("/v1/scenarios/1?limit=2")
    found = ScenarioDetail.model_validate_json(response.content)
    assert found.totals is not None
    assert (found.totals.broken, len(found.series)) == (5, 2)
    assert found.totals.by_currency[0].value_added == pytest.approx(60.0)
    assert {one.action for one in found.actions} == {"find"}
    assert found.series[0].breaks_on_base is None
    assert response.headers["cache-control"] == "no-store"
    missing = planned.get("/v1/scenarios/9")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_asking_gives_a_job_and_an_equal_one_is_not_repeated(
    planned: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_start", lambda _workspace, _number: None)
    first = planned.post("/v1/scenarios", json={"changes": [STOP]})
    assert (first.status_code, first.json()["kind"]) == (202, "scenario")
    assert first.json()["asked"] == {"changes": [STOP], "publication": 1}
    again = planned.post("/v1/scenarios", json={"changes": [STOP], "publication": 1})
    assert again.json()["job"] == first.json()["job"]


def test_a_job_that_cannot_be_done_tells_why(planned: httpx.Client) -> None:
    """The company of these tests was published by hand: there is nothing to start from."""
    from tests.api.test_jobs import ended

    asked = planned.post("/v1/scenarios", json={"changes": [STOP]})
    told = ended(planned, asked.headers["Location"])
    assert told["state"] == "failed"
    assert told["error"]["next_step"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"changes": [STOP], "publication": 9}, 404, "publication"),
        ({"changes": [{"kind": "demand", "percent": 5, "site": "PARI"}]}, 422, "PARIS"),
        ({"changes": [{"kind": "site_closed", "site": "NO1"}]}, 422, "NO1"),
        ({"changes": [{"kind": "earthquake"}]}, 422, "earthquake"),
        ({"changes": [{"kind": "demand", "percent": True}]}, 422, "percent"),
        ({"changes": [STOP | {"supplier": "A\x00"}]}, 422, "control"),
        ({"changes": [STOP | {"start": "9999-12-31"}]}, 422, "between"),
        ({"name": "x" * 201}, 422, "name"),
        ([], 422, ""),
    ],
)
def test_what_is_no_scenario_is_a_problem(
    planned: httpx.Client, body: Any, status: int, words: str
) -> None:
    response = planned.post("/v1/scenarios", json=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.text


def test_the_flow_of_risk_is_conserved_and_filtered(planned: httpx.Client) -> None:
    response = planned.get("/v1/flow")
    found = FlowAnswer.model_validate_json(response.content)
    assert found.nodes
    for node in found.nodes:
        into = sum(one.value for one in found.edges if one.to_node == node.node)
        out = sum(one.value for one in found.edges if one.from_node == node.node)
        assert node.value == pytest.approx(max(into, out))
        if node.kind not in ("supplier", "customers"):
            assert into == pytest.approx(out)
    lyon = planned.get("/v1/flow?site=LYON").json()
    assert {one["code"] for one in lyon["nodes"] if one["kind"] == "site"} == {"LYON"}
    assert planned.get("/v1/flow?site=NOWHERE").json()["nodes"] == []
    same = planned.get("/v1/flow", headers={"If-None-Match": response.headers["etag"]})
    assert same.status_code == 304
    assert planned.get("/v1/flow?shop=LYON").status_code == 422
