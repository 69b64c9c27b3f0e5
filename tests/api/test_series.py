"""One series over HTTP, and the arithmetic behind each of its figures."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from httpx import Client

from api.schemas.series import SeriesAnswer
from tests.api.published import AWKWARD, DAYS, PAST


def path_of(site: str, sku: str) -> str:
    return f"/v1/series/{quote(site, safe='')}/{quote(sku, safe='')}"


def test_codes_with_slashes_spaces_and_percent_signs(client: Client) -> None:
    by_path = client.get(path_of(*AWKWARD))
    by_query = client.get("/v1/series", params={"site": AWKWARD[0], "sku": AWKWARD[1]})
    assert by_path.status_code == by_query.status_code == 200
    assert by_path.json() == by_query.json()
    assert (by_path.json()["site"], by_path.json()["sku"]) == AWKWARD


def test_everything_known_of_a_series(client: Client) -> None:
    answer = SeriesAnswer.model_validate(client.get(path_of("LYON", "00123")).json())
    assert len(answer.history) == PAST
    assert answer.history[-1].period == answer.provenance.origin == "2026-11-22"
    assert len(answer.forecasts["day"]) == len(answer.projection) == DAYS
    assert answer.forecasts["day"][0].period == answer.projection[0].period == "2026-11-23"
    assert answer.master["supplier"] == "Novapack"
    assert answer.master["unit_price"] is None
    assert answer.risk.probability == 0.85


@pytest.mark.parametrize("sku", ["00123", "00124", "00125"])
def test_every_figure_follows_from_its_terms(client: Client, sku: str) -> None:
    answer = client.get(path_of("LYON", sku)).json()
    figures = {figure["name"]: figure for figure in answer["breakdown"]}
    for name in ("probability", "p_no_order", "units_short"):
        terms = figures[name]["terms"]
        assert len(terms) == 14
        assert sum(terms.values()) == pytest.approx(figures[name]["value"])
    cover = figures["days_of_cover"]
    assert cover["terms"]["sellable"] / cover["terms"]["demand_a_day"] == cover["value"]
    value = figures["value_at_risk"]
    if value["value"] is not None:
        product = 1.0
        for name in ("units_short", "consumed_share", "lost_share", "unit_loss"):
            product *= value["terms"][name]
        assert product == pytest.approx(value["value"])


@pytest.mark.parametrize(
    "path",
    ["/v1/series/LYON/nothing", "/v1/series/LYON/00123/x", "/v1/series//", "/v1/series/LYON"],
)
def test_what_is_no_series(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_every_series_of_the_list_opens(client: Client) -> None:
    for item in client.get("/v1/warnings").json()["items"]:
        assert client.get(path_of(item["site"], item["sku"])).status_code == 200
