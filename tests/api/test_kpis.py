"""KPIs over HTTP: filtered, added up over the sites of a key, and as the files of the export."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from api.schemas.kpis import KpiPage
from api.tabular import write_csv
from forecasting.record.database import connect
from models.kpis.figures import Question
from models.publication import NotSaid, open_publication, publish_parts
from models.workspace import Workspace
from tests.api.keyed import bearer, key
from tests.api.published import AS_OF, AWKWARD, parts, provenance, publish, workspace_in
from tests.api.serving import serving
from tests.models.published import NOON


def listed(client: Client, **query: Any) -> list[dict[str, Any]]:
    response = client.get("/v1/kpis", params=query)
    assert response.status_code == 200, response.text
    page = KpiPage.model_validate(response.json())
    assert page.count == len(page.items)
    return list(response.json()["items"])


def one(client: Client, **query: Any) -> dict[str, Any]:
    items = listed(client, **query)
    assert len(items) == 1
    return items[0]


def test_a_figure_has_its_parts_its_trend_and_the_year_before(client: Client) -> None:
    october, november = listed(client, kpi="supplier_otif", since="2026-10-01")
    assert (october["period"], october["numerator"], october["denominator"]) == ("2026-10", 45, 50)
    assert (october["value"], october["before"], october["trend"]) == (0.9, 0.7, "better")
    assert (november["year_before"], november["partial"], november["trend"]) == (0.6, True, "")
    assert (november["value"], november["unit"], november["missing"]) == (0.4, "share", "")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"by": "site"}, {("LYON", 30.0), (AWKWARD[0], 10.0), ("PARIS", 10.0)}),
        ({"by": "supplier"}, {("Novapack", 30.0), ("", 20.0)}),
        ({"by": "category", "site": "LYON"}, {("café", 10.0), ("thé", 20.0)}),
        (
            {"by": "site", "supplier": "Novapack"},
            {("LYON", 10.0), (AWKWARD[0], 10.0), ("PARIS", 10.0)},
        ),
        ({"by": "site", "category": "thé"}, {("LYON", 20.0)}),
        ({"by": "kind"}, set()),
    ],
)
def test_places(client: Client, query: dict[str, str], expected: set[tuple[str, float]]) -> None:
    items = listed(client, kpi="supplier_otif", since="2026-11-01", **query)
    assert {(item[query["by"]], item["denominator"]) for item in items} == expected


def test_what_cannot_be_computed_says_which_feed_and_since_when(client: Client) -> None:
    silent = one(client, kpi="logistics_cost", since="2026-11-01")
    assert (silent["value"], silent["missing"]) == (None, "feed_silent")
    assert (silent["missing_feed"], silent["missing_since"]) == ("costs", "2026-03-03")
    absent = one(client, kpi="incident_rate", since="2026-11-01")
    assert (absent["missing"], absent["missing_feed"]) == ("feed_absent", "incidents")
    empty = one(client, kpi="customer_otif", since="2026-11-01")
    assert (empty["missing"], empty["rows"]) == ("nothing_counted", 0)


def test_a_key_of_some_sites_sees_totals_of_these_alone(own_workspace: Workspace) -> None:
    publish(own_workspace)
    secret = key(own_workspace, "planner", "LYON", "PARIS")
    with serving(own_workspace) as client:
        client.headers.update(bearer(secret))
        total = one(client, kpi="stockout_rate", since="2026-11-01")
        assert (total["numerator"], total["denominator"]) == (4.0, 120.0)
        assert not listed(client, kpi="stockout_rate", site=AWKWARD[0])[0]["rows"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"kpi": "supplier_otfi"}, 422),
        ({"supplier": "Novapack", "category": "café"}, 422),
        ({"by": "supplier", "category": "café"}, 422),
        ({"since": "2026-02-30"}, 422),
        ({"grain": "day"}, 422),
        ({"by": "buyer"}, 422),
    ],
)
def test_questions_without_an_answer(client: Client, query: dict[str, str], status: int) -> None:
    response = client.get("/v1/kpis", params=query)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/problem+json")
    assert response.json()["detail"]


def test_pages_hold_every_figure_once(client: Client) -> None:
    address: str | None = "/v1/kpis?by=site&limit=7"
    seen = []
    while address:
        page = client.get(address).json()
        seen += [(item["kpi"], item["site"], item["period"]) for item in page["items"]]
        address = page["next"]
    assert len(set(seen)) == len(seen) == page["count"]


def test_the_file_is_the_export(client: Client, company: Workspace) -> None:
    reader = open_publication(connect(company.database_url), company.publications)
    out = io.BytesIO()
    write_csv(reader.kpis([Question(by="site", grain="month")]), out)
    answer = client.get("/v1/kpis", params={"by": "site"}, headers={"Accept": "text/csv"})
    assert answer.content == out.getvalue()


def test_a_publication_of_an_earlier_version_says_so_and_answers_the_rest(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path / "w")
    older = {n: t for n, t in parts(2.0, AS_OF).items() if not n.startswith("kpi")}
    engine = connect(workspace.database_url)
    publish_parts(engine, workspace.publications, older, provenance(AS_OF), created_at=NOON)
    with pytest.raises(NotSaid):
        open_publication(engine, workspace.publications).export_table("kpis")
    engine.dispose()
    with serving(workspace) as client:
        told = client.get("/v1/kpis")
        assert (told.status_code, told.json()["code"]) == (404, "not_said")
        assert client.get("/v1/warnings").status_code == 200
