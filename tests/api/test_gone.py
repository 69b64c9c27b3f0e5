"""Publications that are no longer kept: 410 with the facts, from whoever had them mapped too."""

from __future__ import annotations

import datetime as dt

import pytest

from api.schemas.problems import Problem
from api.schemas.publications import PublicationPage
from forecasting.record.database import connect
from models.publication.retention import Keep, prune
from models.workspace import Workspace
from tests.api.published import publish
from tests.api.serving import serving


def remove_all_but_the_newest(workspace: Workspace) -> None:
    engine = connect(workspace.database_url)
    gone = prune(
        engine, workspace.publications, Keep(1, 0), longest=28, now=dt.datetime.now(dt.UTC)
    )
    engine.dispose()
    assert [one.number for one in gone] == [1]


ADDRESSES = [
    "/v1/publications/1",
    "/v1/forecasts?publication=1",
    "/v1/warnings?publication=1",
    "/v1/warnings/1?publication=1",
    "/v1/series/LYON/00123?publication=1",
    "/v1/series?site=LYON&sku=00123&publication=1",
]


def test_gone_is_410_with_the_facts(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.dependencies.LOOK_SECONDS", 0.0)
    publish(own_workspace, as_of="2026-07-01")
    with serving(own_workspace) as client:
        page = client.get("/v1/forecasts?limit=3").json()
        publish(own_workspace)
        for address in ADDRESSES:
            assert client.get(address).status_code == 200, address
        remove_all_but_the_newest(own_workspace)
        client.get("/health/ready")
        for address in [*ADDRESSES, page["next"]]:
            response = client.get(address)
            assert response.status_code == 410, address
            problem = Problem.model_validate(response.json())
            assert problem.code == "gone"
            assert problem.facts is not None
            assert (problem.facts["publication"], problem.facts["origin"]) == (1, "2026-07-01")
            assert problem.facts["pruned_at"] > problem.facts["created_at"]
        listed = PublicationPage.model_validate(client.get("/v1/publications").json())
        assert [(one.publication, one.pruned_at is None) for one in listed.items] == [
            (2, True),
            (1, False),
        ]
        assert client.get("/v1/forecasts").status_code == 200
