"""No white screen: each view with nothing, with old data, with the last good ones, or a fault."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import create_engine

from api.app import create_app
from models.health import Alarm, Sign
from models.workspace import Workspace
from tests.api import published
from tests.api.published import publish
from tests.api.serving import serving, serving_app
from tests.pages.conftest import base_of, opened

SERIES = "/series?site=LYON&sku=00123"
SAID = ("/", SERIES, "/orders", "/flow", "/plans", "/monday")  # what a publication says
VIEWS = (*SAID, "/data")


def test_nothing_published(own_workspace: Workspace) -> None:
    with serving(own_workspace) as client:
        assert "Premiers pas" in client.get("/").text
        assert client.get("/data").status_code == 200
        for view in SAID[1:]:
            answer = client.get(view)
            assert answer.status_code == 503
            assert "Rien à montrer pour l’instant" in answer.text
            assert "Retour à la liste du matin" in answer.text


def test_nothing_to_say(own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    calm = published.SERIES.assign(chance=0.01, out=False)
    monkeypatch.setattr(published, "SERIES", calm)
    made = published.parts

    def without_orders(*asked: Any) -> dict[str, Any]:
        parts = made(*asked)
        return parts | {"proposals": parts["proposals"].slice(0, 0)}

    monkeypatch.setattr(published, "parts", without_orders)
    publish(own_workspace)
    words = ("Rien à signaler", "Pas d’alerte", "Rien à commander", "Rien de chiffré n’est en jeu")
    with serving(own_workspace) as client:
        for view, told in zip(VIEWS[:4], words, strict=True):
            assert told in client.get(view).text
        assert "Aucun plan pour l’instant" in client.get("/plans").text
        assert "Rien n’a encore été jugé" in client.get("/monday").text
        assert "Rien n’est encore arrivé" in client.get("/data").text


def test_unknown_stock_is_no_all_clear(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "SERIES", published.SERIES.assign(chance=0.01, out=False))
    made = published.parts

    def without_stock(*asked: Any) -> dict[str, Any]:
        parts = made(*asked)
        told = parts["warnings"]
        unknown = pa.array(["unknown"] * told.num_rows)
        place = told.column_names.index("state")
        return parts | {"warnings": told.set_column(place, "state", unknown)}

    monkeypatch.setattr(published, "parts", without_stock)
    publish(own_workspace)
    with serving(own_workspace) as client:
        shown = client.get("/").text
        assert "rien ne peut en être dit" in shown
        assert "Rien à signaler" not in shown


def test_odd_data_are_told_above_the_list(own_workspace: Workspace) -> None:
    gone = Alarm(Sign.SILENT, "sales", 70.0, 1.0, ("<NICE>",), 1, {"since": "2026-09-13"})
    publish(own_workspace, alarms=[gone])
    with serving(own_workspace) as client:
        told = client.get("/").text.replace("\xa0", " ")
        assert "Ventes : rien de &lt;NICE&gt; depuis le dim. 13 sept." in told
        client.headers["accept-language"] = "en"
        assert "none of &lt;NICE&gt; since Sun 13 Sep, while stock" in client.get("/").text
    publish(own_workspace)
    with serving(own_workspace) as client:
        assert "NICE&gt;" not in client.get("/").text


def test_old_data_are_told_in_every_view(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(own_workspace)
    monkeypatch.setattr("api.clock.today", lambda: pd.Timestamp("2026-11-30").date())
    with serving(own_workspace) as client:
        for view in VIEWS:
            assert "Les données s’arrêtent au 22 novembre 2026" in client.get(view).text, view


def test_the_last_good_one_is_told_in_every_view(own_workspace: Workspace) -> None:
    publish(own_workspace, as_of="2026-11-21")
    app = create_app(own_workspace)
    with serving_app(app) as client:
        assert client.get("/").status_code == 200
        newest = publish(own_workspace, as_of="2026-11-22")
        (own_workspace.publications / newest.folder / "warnings.arrow").write_bytes(b"x")
        app.state.publications.look_again()
        for view in VIEWS:
            answer = client.get(view)
            assert answer.status_code == 200, view
            assert "dernière bonne" in answer.text, view


def test_a_fault_is_a_page_in_every_view(own_workspace: Workspace) -> None:
    publish(own_workspace)
    app = create_app(own_workspace)

    async def broken() -> None:
        raise ZeroDivisionError("secret")

    with serving_app(app) as client:
        app.state.publications.current = broken
        for view in VIEWS:
            answer = client.get(view)
            assert answer.status_code == 500, view
            assert answer.headers["content-type"].startswith("text/html")
            assert "secret" not in answer.text
            assert "Retour à la liste du matin" in answer.text


def test_while_the_record_is_away_what_was_published_is_shown(own_workspace: Workspace) -> None:
    publish(own_workspace)
    app = create_app(own_workspace)
    with serving_app(app) as client:
        assert client.get("/").status_code == 200
        app.state.publications._engine = create_engine("sqlite:////nowhere/at/all.db")
        for view in ("/", SERIES, "/orders", "/flow"):
            assert client.get(view).status_code == 200, view
        for view in ("/plans", "/monday", "/data"):
            answer = client.get(view)
            assert answer.status_code == 503, view
            assert "Retour à la liste du matin" in answer.text


@pytest.mark.parametrize(("view", "place"), [(SERIES, "[data-chart]"), ("/flow", "[data-flow]")])
def test_a_picture_that_takes_its_time_says_so(
    browser: Browser, company: Workspace, view: str, place: str
) -> None:
    held: list[Route] = []
    let_go = False

    def hold(route: Route) -> None:
        if let_go:  # a busy machine may ask for the rest only now
            route.continue_()
        else:
            held.append(route)

    with serving(company) as client, opened(browser, base_of(client)) as seen:
        page = seen.page("/data")
        page.route("**/v1/**", hold)
        with page.expect_request("**/v1/**"):  # the picture was asked for
            page.goto(f"{seen.base}{view}", wait_until="commit")
        expect(page.locator(place)).to_have_text("Tracé en cours …")
        expect(page.locator(f"{place}[data-drawn]")).to_have_count(0)
        page.wait_for_timeout(200)
        assert held
        let_go = True
        for route in held:
            route.continue_()
        page.locator(f"{place}[data-drawn=yes]").wait_for()
