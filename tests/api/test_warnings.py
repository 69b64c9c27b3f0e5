"""The planner's list over HTTP."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from httpx import Client

from api.paging import write_cursor
from api.planner_list import planner_list
from api.schemas.warnings import WarningAnswer, WarningPage
from forecasting.record.database import connect
from models.publication import open_publication
from models.workspace import Workspace
from tests.api.keyed import bearer, key
from tests.api.published import AWKWARD, publish
from tests.api.serving import serving


def listed(client: Client, **query: Any) -> list[dict[str, Any]]:
    response = client.get("/v1/warnings", params=query)
    assert response.status_code == 200, response.text
    page = WarningPage.model_validate(response.json())
    assert page.provenance.publication == 1
    return list(response.json()["items"])


def codes(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(item["site"], item["sku"]) for item in items]


def test_the_order_is_that_of_the_planners_list(client: Client, company: Workspace) -> None:
    engine = connect(company.database_url)
    try:
        rows = planner_list(open_publication(engine, company.publications), "fr", limit=99).rows
    finally:
        engine.dispose()
    expected = list(zip(rows["site"], rows["sku"], strict=True))
    assert codes(listed(client)) == codes(listed(client, sort="priority")) == expected
    assert expected == [("LYON", "00124"), ("LYON", "00123"), AWKWARD]


def test_a_warning_says_why_and_what_to_do(client: Client) -> None:
    first = listed(client)[1]
    assert first["causes"][0]["facts"] == {"order_id": "PO-1182", "days": 4}
    assert first["actions"][0]["by"].startswith(first["act_by"])
    assert first["probabilities"] == {"p_7d": 0.425, "p_14d": 0.85, "p_28d": pytest.approx(0.935)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"site": "LYON"}, [("LYON", "00124"), ("LYON", "00123")]),
        ({"sort": "-probability"}, [("LYON", "00123"), AWKWARD, ("LYON", "00124")]),
        ({"sku": AWKWARD[1]}, [AWKWARD]),
        ({"category": "thé"}, [("LYON", "00124")]),
        ({"supplier": "Novapack"}, [("LYON", "00123"), AWKWARD]),
        ({"state": "out"}, [("LYON", "00124")]),
        ({"state": "none"}, [("LYON", "00125"), ("PARIS", "00123")]),
        ({"min_probability": 0.7}, [("LYON", "00123")]),
        ({"site": "nowhere"}, []),
        ({"sort": "value_at_risk"}, [("LYON", "00124"), AWKWARD, ("LYON", "00123")]),
        ({"sort": "-sku"}, [AWKWARD, ("LYON", "00124"), ("LYON", "00123")]),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_filters_and_orders(
    client: Client, query: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert codes(listed(client, **query)) == expected


def test_blank_figures_come_last_in_both_orders(client: Client) -> None:
    for sort in ("value_at_risk", "-value_at_risk"):
        items = listed(client, state="none", sort=sort)
        assert [item["value_at_risk"] for item in items] == [None, None]


def test_one_warning_by_its_number(client: Client) -> None:
    number = listed(client)[1]["warning"]
    response = client.get(f"/v1/warnings/{number}")
    answer = WarningAnswer.model_validate(response.json())
    assert (answer.warning.site, answer.warning.warning) == ("LYON", number)
    assert client.get("/v1/warnings/99").status_code == 404


def test_one_that_is_over_is_found_in_the_publication_that_said_it(
    own_workspace: Workspace,
) -> None:
    publish(own_workspace)
    publish(own_workspace, as_of="2026-11-23", sites=[AWKWARD[0]])
    whole, limited = key(own_workspace, "planner"), key(own_workspace, "planner", AWKWARD[0])
    with serving(own_workspace) as client:
        client.headers.update(bearer(whole))
        said = listed(client, publication=1, site="LYON")[0]
        address = f"/v1/warnings/{said['warning']}"
        gone = client.get(address)
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
        found = gone.json()["next_step"]
        assert found == f"Publications 1 to 1 said it: GET {address}?publication=1."
        again = WarningAnswer.model_validate(client.get(address, params={"publication": 1}).json())
        assert again.warning.site == "LYON"
        assert again.provenance.publication == 1
        client.headers.update(bearer(limited))
        assert "said it" not in client.get(address).json()["next_step"], "another site's"
        client.headers.update(bearer(whole))
        assert "said it" not in client.get("/v1/warnings/99").json()["next_step"]


def test_pages_neither_skip_nor_repeat_while_a_new_publication_arrives(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.dependencies.LOOK_SECONDS", 0.0)
    publish(own_workspace)
    with serving(own_workspace) as client:
        whole = codes(client.get("/v1/warnings").json()["items"])
        page = client.get("/v1/warnings", params={"limit": 1}).json()
        seen = codes(page["items"])
        publish(own_workspace, as_of="2026-11-23")
        assert client.get("/v1/warnings").json()["provenance"]["publication"] == 2
        while page["next"]:
            response = client.get(page["next"])
            page = response.json()
            assert page["provenance"]["publication"] == 1
            assert page["count"] == len(whole)
            seen += codes(page["items"])
    assert seen == whole


@pytest.mark.parametrize("place", [[1, 10**20], [10**20, 1], [1, True], [1, -1], [2**31, 1]])
def test_a_cursor_that_somebody_wrote_is_refused(client: Client, place: list[int]) -> None:
    cursor = write_cursor(0, 1, {"feed": None, "of": "deliveries"})
    question = json.loads(base64.urlsafe_b64decode(cursor))[2]
    forged = base64.urlsafe_b64encode(json.dumps([*place, question]).encode()).decode()
    response = client.get("/v1/feeds/deliveries", params={"cursor": forged})
    assert (response.status_code, response.json()["code"]) == (422, "bad_cursor")


def test_a_cursor_of_another_question_is_refused(client: Client) -> None:
    following = client.get("/v1/warnings", params={"limit": 1}).json()["next"]
    response = client.get(following + "&site=LYON")
    assert response.status_code == 422
    assert response.json()["code"] == "bad_cursor"
