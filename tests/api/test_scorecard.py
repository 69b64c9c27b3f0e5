"""`GET /v1/scorecard`: what was last computed, never computed here."""

from __future__ import annotations

from httpx import Client

from api.schemas.scorecard import ScorecardAnswer
from api.scorecards import keep
from models.pipelines.scorecard import ScorecardOutcome
from models.scorecard import scorecard_of
from models.workspace import Workspace
from tests.api.published import publish
from tests.api.serving import serving
from tests.scorecard.shelves import Shelf, said, truth
from tests.scorecard.test_outcomes import EMPTY, SOLD


def outcome(*announced: str) -> ScorecardOutcome:
    shelf = Shelf(SOLD, EMPTY)
    card = scorecard_of([said(shelf, announced=announced)], truth(shelf), 1.0)
    return ScorecardOutcome(
        card, publications=1, replaced=0, learned_later=0, pruned=0, unreadable=0, seconds=0.1
    )


def test_without_one_it_says_what_to_run(client: Client) -> None:
    response = client.get("/v1/scorecard")
    assert response.status_code == 404
    assert "vigistock scorecard" in response.json()["next_step"]


def test_what_was_kept_is_answered_and_keeps_the_schema(own_workspace: Workspace) -> None:
    publish(own_workspace)
    keep(own_workspace, outcome().facts())
    with serving(own_workspace) as client:
        response = client.get("/v1/scorecard")
        found = ScorecardAnswer.model_validate_json(response.content)
        assert (found.overall.ruptures, found.overall.missed, found.overall.recall) == (1, 1, 0.0)
        assert found.missed[0].cause == "model"
        assert found.overall.precision is None, "no warning, no precision: null, not 0"
        assert set(response.json()) == set(ScorecardAnswer.model_fields)

        tag = {"If-None-Match": response.headers["etag"]}
        assert client.get("/v1/scorecard", headers=tag).status_code == 304
        keep(own_workspace, outcome("CLOCK").facts())
        newer = client.get("/v1/scorecard", headers=tag)
        assert newer.status_code == 200
        assert newer.json()["overall"]["announced"] == 1


def test_without_a_publication_it_answers_as_all_others_do(own_workspace: Workspace) -> None:
    keep(own_workspace, outcome().facts())
    with serving(own_workspace) as client:
        assert client.get("/v1/scorecard").status_code == 503
