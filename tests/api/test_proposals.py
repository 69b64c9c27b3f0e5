"""Proposed orders over HTTP: filtered, paged, and as the files of the export."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from httpx import Client

from api.schemas.proposals import ProposalPage
from api.tabular import write_csv
from forecasting.record.database import connect
from models.publication import NotSaid, open_publication, publish_parts
from models.workspace import Workspace
from tests.api.keyed import bearer, key
from tests.api.published import AS_OF, AWKWARD, parts, provenance
from tests.api.serving import serving
from tests.models.published import NOON

LYON_1, LYON_2, PARIS = ("LYON", "00123"), ("LYON", "00125"), ("PARIS", "00123")


def listed(client: Client, **query: Any) -> list[dict[str, Any]]:
    response = client.get("/v1/proposals", params=query)
    assert response.status_code == 200, response.text
    page = ProposalPage.model_validate(response.json())
    assert page.count == len(page.items)
    return list(response.json()["items"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [LYON_1, LYON_2, AWKWARD, PARIS]),
        ({"site": "LYON"}, [LYON_1, LYON_2]),
        ({"order_on": "2026-11-26"}, [PARIS]),
        ({"supplier": "Novapack", "buyer": "C. Morel"}, [LYON_1, LYON_2, AWKWARD, PARIS]),
        ({"supplier": "nobody"}, []),
        ({"source_site": "LYON"}, []),
        ({"buyer": "x"}, []),
    ],
)
def test_filters(client: Client, query: dict[str, str], expected: list[tuple[str, str]]) -> None:
    items = listed(client, **query)
    assert [(item["site"], item["sku"]) for item in items] == expected


def test_a_line_says_what_fills_up_and_whether_the_minimum_is_reached(client: Client) -> None:
    first, second = listed(client, site="LYON")
    assert (first["reason"], second["reason"]) == ("below_reorder_point", "fill_up")
    assert (second["excess_units"], second["excess_value"]) == (24.0, 96.0)
    assert first["minimum_reached"] is True
    assert first["minimum_units"] is None
    assert first["order_value"] == first["value"] + second["value"]
    assert listed(client, site="PARIS")[0]["minimum_reached"] is False


def test_pages_hold_every_line_once(client: Client) -> None:
    address: str | None = "/v1/proposals?limit=1"
    seen = []
    while address:
        page = client.get(address).json()
        assert page["count"] == 4
        seen += [(item["site"], item["sku"]) for item in page["items"]]
        address = page["next"]
    assert seen == [LYON_1, LYON_2, AWKWARD, PARIS]


def test_the_file_is_the_export(client: Client, company: Workspace) -> None:
    engine = connect(company.database_url)
    table = open_publication(engine, company.publications).export_table("proposals")
    engine.dispose()
    out = io.BytesIO()
    write_csv(table, out)
    response = client.get("/v1/proposals", headers={"Accept": "text/csv"})
    assert response.content == out.getvalue()
    assert response.headers["content-disposition"].endswith('"proposals_1.csv"')
    head = response.text.splitlines()[0]
    assert head.startswith("publication,proposal,order_on,cutoff_time,supplier,source_site,buyer")
    ndjson = client.get("/v1/proposals", headers={"Accept": "application/x-ndjson"})
    assert len(ndjson.text.splitlines()) == 4


@pytest.mark.parametrize("day", ["2026-02-31", "23/11/2026", "0", "tomorrow"])
def test_what_is_no_day_is_refused(client: Client, day: str) -> None:
    response = client.get("/v1/proposals", params={"order_on": day})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_a_publication_of_an_earlier_version_stays_readable(own_workspace: Workspace) -> None:
    older = {name: part for name, part in parts(2.0, AS_OF).items() if name != "proposals"}
    engine = connect(own_workspace.database_url)
    root: Path = own_workspace.publications
    publish_parts(engine, root, older, provenance(AS_OF), created_at=NOON)
    reader = open_publication(engine, root)
    engine.dispose()
    assert reader.export_table("warnings").num_rows
    with pytest.raises(NotSaid, match="an earlier version"):
        reader.export_table("proposals")
    with serving(own_workspace) as client:
        assert client.get("/v1/warnings").status_code == 200
        response = client.get("/v1/proposals")
        assert (response.status_code, response.json()["code"]) == (404, "not_said")
        assert "vigistock publish" in response.json()["next_step"]


def test_a_key_of_one_site_sees_no_stock_of_the_site_that_sends(own_workspace: Workspace) -> None:
    made = parts(2.0, AS_OF)
    table = made["proposals"]
    count = table.num_rows
    for name, value in (("source_site", "PARIS"), ("source_stock", 7.0)):
        place = table.column_names.index(name)
        told = pa.array([value] * count).cast(table.schema.field(name).type)
        table = table.set_column(place, table.schema.field(name), told)
    engine = connect(own_workspace.database_url)
    root = own_workspace.publications
    publish_parts(engine, root, made | {"proposals": table}, provenance(AS_OF), created_at=NOON)
    engine.dispose()
    keys = {sites: key(own_workspace, "admin", *sites) for sites in ((), ("LYON",), ("PARIS",))}
    with serving(own_workspace) as client:

        def told(*sites: str, **headers: str) -> Any:
            return client.get("/v1/proposals", headers=bearer(keys[sites]) | headers)

        assert {one["source_stock"] for one in told().json()["items"]} == {7.0}
        assert {one["source_stock"] for one in told("LYON").json()["items"]} == {None}
        assert {one["source_stock"] for one in told("PARIS").json()["items"]} == {7.0}
        rows = csv.DictReader(io.StringIO(told("LYON", Accept="text/csv").text))
        assert [one["source_stock"] for one in rows] == ["", ""]
