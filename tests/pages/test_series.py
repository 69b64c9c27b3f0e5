"""The series page: past warnings, what an earlier version did not tell, and the way on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from httpx import Client

from models.workspace import Workspace
from tests.api import published
from tests.api.published import AWKWARD, publish
from tests.api.serving import serving


def test_past_warnings_and_what_followed(own_workspace: Workspace, client: Client) -> None:
    """Said as of the 10th, over as of the 20th; the shelf was empty on the 15th, or on no day."""
    days = {"2026-11-10": 0.85, "2026-11-20": 0.05, "2026-11-22": 0.85}
    for as_of, chance in days.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(published, "SERIES", published.SERIES.assign(chance=chance))
            publish(own_workspace, as_of=as_of)
    with serving(own_workspace) as service:
        text = service.get("/series?site=LYON&sku=00123").text
        assert "mar. 10 nov. – ven. 20 nov." in text
        assert "rupture le dim. 15 nov." in text
        assert "C’est la première ici" not in text
    assert "C’est la première ici" in client.get("/series?site=LYON&sku=00123").text


def test_what_customers_have_ordered_is_told_by_day(client: Client) -> None:
    text = client.get("/series?site=LYON&sku=00123").text
    assert "Commandé par des clients" in text
    assert text.count('<td class="number">9</td>') == 1
    told = client.get("/v1/series?site=LYON&sku=00123").json()["projection"]
    assert [step["booked"] for step in told[:4]] == [0.0, 0.0, 9.0, 0.0]


def test_a_series_of_an_earlier_versions_publication(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It told no options, no demand of the past, and no place of any site."""
    made = published.parts

    def earlier(*asked: Any) -> dict[str, Any]:
        parts = made(*asked)
        parts.pop("options")
        parts["history"] = parts["history"].drop_columns(["demand", "demand_sd"])
        parts["series"] = parts["series"].drop_columns(["passed_on", "latitude", "longitude"])
        parts["projection"] = parts["projection"].drop_columns(["booked"])
        return parts

    monkeypatch.setattr(published, "parts", earlier)
    publish(own_workspace)
    with serving(own_workspace) as client:
        text = client.get("/series?site=LYON&sku=00123").text
        assert "Relancer la commande PO-1182 (24 unités)" in text
        assert "Copier comme proposition" in text
        assert "demandées en vain (±" not in text
        assert "Commandé par des clients" not in text
        assert "data-places" not in client.get("/flow").text
        assert client.get("/v1/flow").json()["places"] == []


def test_a_series_leads_to_the_next_of_the_list(client: Client) -> None:
    worst = client.get("/series?site=LYON&sku=00123").text
    assert "Suivante de la liste" in worst
    site, sku = AWKWARD
    last = client.get("/series", params={"site": site, "sku": sku}).text
    assert "Suivante de la liste" not in last


def test_quantities_stand_in_the_items_own_unit_of_measure(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = published.parts

    def weighed(*asked: Any) -> dict[str, Any]:
        parts = made(*asked)
        uom = ["KGM" if sku == "00123" else "PCE" for sku in parts["series"]["sku"].to_pylist()]
        return parts | {"series": parts["series"].append_column("uom", [uom])}

    other = urlencode({"site": AWKWARD[0], "sku": AWKWARD[1]})

    def shown() -> list[str]:
        publish(own_workspace)
        with serving(own_workspace) as client:
            pages = ("/series?site=LYON&sku=00123", f"/series?{other}", "/orders")
            return [client.get(page).text for page in pages]

    before = shown()
    monkeypatch.setattr(published, "parts", weighed)
    heavy, pieces, orders = shown()
    for text in (*before[:2], pieces):
        assert r'"Stock, unit\u00e9s"' in text
        assert "Demande en unités par jour" in text
        assert "unités demandées en vain (±" in text
    for told in (
        "Ventes et demande, kg",
        "Stock, kg",
        "Demande en kg par jour",
        "<small>kg</small>",
    ):
        assert told in heavy
    assert "\xa0kg demandés en vain (± " in heavy
    assert "unités" not in heavy.partition('id="known"')[2].partition("</section>")[0]
    assert orders.count("&nbsp;kg</td>") == orders.count('sku=00123"')
    assert "kg</td>" not in before[2]
