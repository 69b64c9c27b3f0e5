"""A question for one series is answered without FastAPI's walk through the parameters: it must be
answered, refused and counted just as on the longer way."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from httpx import Client
from starlette.requests import Request

from api.routes.direct import LONGEST_CODE, _one_series
from tests.api.published import AWKWARD, SERIES

PATHS = ["/v1/series", "/v1/forecasts"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", [*zip(SERIES["site"], SERIES["sku"], strict=True)], ids="/".join)
def test_both_ways_give_the_same(client: Client, path: str, key: tuple[str, str]) -> None:
    codes = urlencode({"site": key[0], "sku": key[1]})
    direct = client.get(f"{path}?{codes}")
    usual = client.get(f"{path}?{codes}&publication=1")
    assert direct.status_code == usual.status_code == 200
    assert direct.content == usual.content
    assert direct.headers["vary"] == usual.headers["vary"]
    again = client.get(f"{path}?{codes}", headers={"If-None-Match": direct.headers["etag"]})
    assert again.status_code == 304


def test_a_path_is_read_as_encoded(client: Client) -> None:
    address = f"/v1/series/{quote(AWKWARD[0], safe='')}/{quote(AWKWARD[1], safe='')}"
    assert client.get(address).content == client.get(f"{address}?publication=1").content


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "query",
    [
        "site=LYON&sku=00123&sku=00124",
        "site=LYON&sku=00123&colour=red",
        f"site=LYON&sku={'x' * (LONGEST_CODE + 1)}",
        "site=LYON&sku=00123&publication=0",
    ],
)
def test_what_is_wrong_is_refused(client: Client, path: str, query: str) -> None:
    response = client.get(f"{path}?{query}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_a_code_in_path_and_query_is_refused(client: Client) -> None:
    assert client.get("/v1/series/LYON/00123?site=LYON").status_code == 422


@pytest.mark.parametrize(
    ("in_path", "query", "is_plain"),
    [
        ({}, "site=A&sku=1", True),
        ({}, "sku=1&site=A", True),
        ({"site": "A", "sku": "1"}, "", True),
        ({}, "site=A", False),
        ({}, "site=A&sku=", False),
        ({}, "site=A&site=A", False),
        ({}, "site=A&sku=1&sku=1", False),
        ({"site": "A", "sku": "1"}, "site=A", False),
        ({"site": "A", "sku": "1"}, "publication=1", False),
    ],
)
def test_what_asks_for_one_series_alone(
    in_path: dict[str, str], query: str, is_plain: bool
) -> None:
    scope = {"type": "http", "path_params": in_path, "query_string": query.encode(), "headers": []}
    found = _one_series(Request(scope))
    assert found == ({"site": "A", "sku": "1"} if is_plain else None)
