"""Forecasts over HTTP: the pages of JSON and the CSV of the export are the same rows."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from httpx import Client

from api.schemas.forecasts import ForecastPage
from tests.api.published import AWKWARD, DAYS, SERIES


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_pages_hold_every_row_once(client: Client) -> None:
    address: str | None = "/v1/forecasts?limit=33"
    rows: list[dict[str, Any]] = []
    while address:
        response = client.get(address)
        page = ForecastPage.model_validate(response.json())
        assert page.count == len(SERIES) * DAYS
        rows += response.json()["items"]
        address = page.next
    keys = [(row["site"], row["sku"], row["period"]) for row in rows]
    assert len(keys) == len(set(keys)) == len(SERIES) * DAYS
    assert keys == sorted(keys)


def test_csv_is_complete_and_in_the_order_of_the_export(client: Client) -> None:
    response = client.get("/v1/forecasts?grain=week", headers={"Accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    header = response.text.splitlines()[0]
    assert header.startswith("publication,site,sku,period,period_start,mean,q005,q025,q050")
    assert header.endswith("q995,method,origin,model_version,mean_units,reason")
    rows = read_csv(response.text)
    assert len(rows) == len(SERIES) * 13
    assert (rows[0]["site"], rows[0]["sku"], rows[0]["period"]) == (*AWKWARD, "2026-W48")
    assert {row["model_version"] for row in rows} == {"3"}


def test_a_limited_csv_names_the_next_page(client: Client) -> None:
    first = client.get("/v1/forecasts?limit=100", headers={"Accept": "text/csv"})
    following = first.links["next"]["url"]
    second = client.get(following, headers={"Accept": "text/csv"})
    assert len(read_csv(first.text)) == 100
    assert len(read_csv(second.text)) == len(SERIES) * DAYS - 100
    assert "next" not in second.links


def test_one_series(client: Client) -> None:
    response = client.get("/v1/forecasts", params={"site": AWKWARD[0], "sku": AWKWARD[1]})
    items = response.json()["items"]
    assert {(item["site"], item["sku"]) for item in items} == {AWKWARD}
    assert items[0]["quantiles"]["q500"] == pytest.approx(2.0)
    assert client.get("/v1/forecasts?site=LYON").json()["count"] == 3 * DAYS
    assert client.get("/v1/forecasts?site=nowhere").json()["count"] == 0


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/xml", 406),
        ("text/csv;q=0", 406),
        ("text/*", 200),
        ("application/json;q=0.1, text/csv", 200),
        ("", 200),
    ],
)
def test_formats_are_negotiated(client: Client, accept: str, status: int) -> None:
    response = client.get("/v1/forecasts", headers={"Accept": accept})
    assert response.status_code == status
    if status == 406:
        assert response.json()["code"] == "not_acceptable"


def test_a_grain_that_the_publication_lacks(client: Client) -> None:
    response = client.get("/v1/forecasts?grain=month")
    assert response.status_code == 404
    told = response.json()
    assert "what it was learned from holds no whole month" in told["detail"]
    assert told["next_step"] == (
        "It has 'day', 'week'. Once the sales hold a whole month, `vigistock train` or POST "
        '/v1/jobs {"kind": "train"}.'
    )
