"""What a planner does on the pages beyond the list, in headless Chromium."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from models.publication.build import table_of
from models.workspace import Workspace
from tests.api import published
from tests.api.keyed import NOW
from tests.api.planned import kept_scenario
from tests.api.published import PAST, publish
from tests.api.serving import serving
from tests.pages.conftest import NARROW, WIDE, base_of, copied, opened
from tests.pages.test_browser import faults, overflows, ready
from tests.pages.test_users import PASSWORD, users_in

SERIES = "/series?site=LYON&sku=00123"
YEARS = 3 * 365


def drawn(page: Page, place: str) -> None:
    page.locator(f"{place}[data-drawn=yes]").wait_for()


def test_what_was_wanted_in_vain_stands_on_what_was_sold(
    browser: Browser, company: Workspace
) -> None:
    with serving(company) as client, opened(browser, base_of(client)) as seen:
        page = seen.page(SERIES)
        drawn(page, "[data-chart]")
        traces = page.evaluate(
            "document.querySelector('[data-chart]').data.map(({name, y, base, error_y}) => "
            "({name, y: [...y], base: base && [...base], give: error_y?.array}))"
        )
        (missed,) = [one for one in traces if one["name"] == "demandé en vain (estimation)"]
        assert (missed["y"], missed["base"], missed["give"]) == ([2], [1], [0.5])
        (sold,) = [one for one in traces if one["name"] == "vendu"]
        assert sold["y"] == [1] * PAST
        expect(page.get_by_text("environ 2 unités demandées en vain (± 0)")).to_be_visible()
        shapes = page.evaluate("document.querySelector('[data-chart]').layout.shapes.length")
        assert shapes == 3, "the past stockout, the end of the data, the moment it breaks"


def test_every_option_is_shown_and_copied(browser: Browser, company: Workspace) -> None:
    with serving(company) as client, opened(browser, base_of(client), language="en") as seen:
        seen.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = seen.page(SERIES)
        ready(page)
        rows = page.locator("table", has_text="What can be done").locator("tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.nth(0)).to_contain_text("advised")
        expect(rows.nth(0)).to_contain_text(
            "waiting for the next day on which it can be done costs €12"
        )
        expect(rows.nth(1)).to_contain_text("Accept the risk")
        expect(rows.nth(1)).not_to_contain_text("waiting")
        expect(rows.nth(1)).to_contain_text("60%")
        expect(page.get_by_text("Costs: not computable")).to_be_visible()
        page.get_by_role("button", name="Copy as a proposal").click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        head, line = page.evaluate("navigator.clipboard.readText()").split("\n")
        told = dict(zip(head.split("\t"), line.split("\t"), strict=True))
        assert told["Quantity"] == "24"
        assert told["Order"] == "PO-1182"
        assert (told["Site"], told["Item"]) == ("LYON", "00123")
        page.evaluate(
            "() => { navigator.clipboard.writeText = async () => { throw new Error('no'); }; }"
        )
        page.get_by_role("button", name="Copy as a proposal").click()
        expect(page.locator("output pre")).to_contain_text("PO-1182")


def test_an_action_is_told_done_at_once(
    browser: Browser, company: Workspace, tmp_path: Path
) -> None:
    with (
        serving(copied(company, tmp_path / "w")) as client,
        opened(browser, base_of(client)) as seen,
    ):
        page = seen.page()
        buttons = page.get_by_role("button", name="Marquer comme relancé")
        expect(buttons).to_have_count(2)
        ready(page)
        buttons.first.click()
        expect(buttons).to_have_count(1)
        expect(page.locator(".action .chip.done")).to_have_text("fournisseur relancé")
        told = client.get("/v1/warnings?state=new").json()["items"]
        done = [client.get(f"/v1/warnings/{one['warning']}").json() for one in told]
        assert [one["life"]["action"] for one in done].count("expedited") == 1


def test_sites_stand_where_they_are(browser: Browser, company: Workspace) -> None:
    with serving(company) as client, opened(browser, base_of(client)) as seen:
        page = seen.page("/flow")
        drawn(page, "[data-places]")
        points = page.evaluate(
            "(({x, y, text, customdata, marker}) => ({x, y, text, customdata, size: marker.size}))"
            "(document.querySelector('[data-places]').data[1])"
        )
        assert points["text"] == ["LYON", "PARIS"], "the third has no coordinates"
        assert points["y"] == [45.76, 48.86]
        assert points["size"][0] > points["size"][1]
        assert points["customdata"][1] == "rien en jeu"
        page.evaluate(
            "document.querySelector('[data-places]').emit('plotly_click', "
            "{points: [{text: 'LYON'}]})"
        )
        expect(page).to_have_url(re.compile(r"/flow\?site=LYON$"))


def test_the_flow_calls_items_by_their_names(browser: Browser, company: Workspace) -> None:
    with serving(company) as client, opened(browser, base_of(client)) as seen:
        known = client.get("/v1/warnings?state=new").json()["items"]
        named = {one["sku"]: f"Café moulu 250 g, {one['sku']}" for one in known}
        page = seen.page("/flow")
        drawn(page, "[data-flow]")
        labels = page.evaluate("document.querySelector('[data-flow]').data[0].node.label")
        code = next(one for one in named if any(label.startswith(one) for label in labels))
        label = f"{code} · {named[code]}"
        assert (label if len(label) <= 28 else f"{label[:27]}…") in labels
        link = page.get_by_role("link", name=code, exact=True)
        expect(link.locator("..")).to_contain_text(named[code])
        link.click()
        expect(page).to_have_url(re.compile(rf"/\?q={code}$"))
        expect(page.locator("main")).to_contain_text(named[code])


def test_an_excel_file_is_checked_then_taken_in(
    browser: Browser, own_workspace: Workspace, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    rows = [
        ("date", "site", "sku", "units"),
        ("2026-11-20", "LYON", "00123", 4),
        ("?", "LYON", "1", 1),
    ]
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    file = tmp_path / "ventes.xlsx"
    file.write_bytes(content.getvalue())
    with serving(own_workspace) as client, opened(browser, base_of(client)) as seen:
        page = seen.page("/data")
        ready(page)
        page.get_by_label("Fichier").set_input_files(file)
        page.get_by_role("button", name="Vérifier").click()
        receipt = page.locator("[data-receipt]")
        expect(receipt).to_contain_text("Vérifié", timeout=60_000)
        expect(receipt).to_contain_text(
            "lignes lues\u00a0: 2, acceptées\u00a0: 1, mises de côté\u00a0: 1"
        )
        assert client.get("/v1/feeds/deliveries").json()["items"] == []
        page.get_by_role("button", name="Charger").click()
        expect(receipt).to_contain_text("Chargé.", timeout=60_000)
        (kept,) = client.get("/v1/feeds/deliveries").json()["items"]
        assert (kept["source"], kept["accepted"], kept["rejected"]) == ("ventes.xlsx", 1, 1)
        page.get_by_label("Fichier").set_input_files(
            {"name": "a.docx", "mimeType": "application/octet-stream", "buffer": b"x"}
        )
        page.get_by_role("button", name="Vérifier").click()
        expect(receipt).to_contain_text("enregistrez-le en XLSX")


def test_customer_orders_are_named_where_a_publication_tells_them(
    browser: Browser, own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise = {"order_id": "C-17", "customer": "Dupont", "units": 4.0, "due_on": "2026-11-28"}
    hit = [promise | {"site": "LYON", "sku": "00123"}]
    made = published.parts

    def telling(*asked: Any) -> dict[str, Any]:
        parts = made(*asked)
        frame = parts["groups"].to_pandas().assign(customer_orders=[json.dumps(hit), ""])
        parts["groups"] = table_of(frame.assign(attention=["unavoidable", "watch"]))
        return parts

    monkeypatch.setattr(published, "parts", telling)
    publish(own_workspace)
    with serving(own_workspace) as client, opened(browser, base_of(client)) as seen:
        page = seen.page()
        watched = page.get_by_text("1 référence à surveiller : rien à faire ni à annoncer")
        expect(watched).to_be_visible()
        page.get_by_text(re.compile("prévenir les clients")).click()
        page.locator(".action .customers summary").first.click()
        told = page.locator(".action .customers li").first
        expect(told).to_contain_text("Dupont : C-17 · 4 × 00123 · pour le sam. 28 nov.")
        page.goto(seen.base + SERIES)
        page.get_by_text("1 commande client à sauver, ou client à prévenir").click()
        expect(page.locator(".customers li")).to_contain_text("Dupont")


def test_a_plan_of_several_changes_is_asked_for(browser: Browser, company: Workspace) -> None:
    asked: list[Any] = []

    def answer(route: Route) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(status=422, body='{"detail": "not now"}', content_type="application/json")

    with serving(company) as client, opened(browser, base_of(client), language="en") as seen:
        page = seen.page("/plans")
        ready(page)
        page.route("**/v1/scenarios", answer)
        page.locator("[name=weeks]").fill("3")
        page.get_by_role("button", name="And also").click()
        page.get_by_role("button", name="And also").click()
        expect(page.locator("[data-changes] li")).to_have_count(2)
        page.get_by_role("button", name="Remove").first.click()
        page.locator("[name=kind]").select_option("promotion")
        page.locator("[name=depth]").fill("25")
        page.locator("[name=start]").fill("2026-12-01")
        page.get_by_role("button", name="Compute").click()
        expect(page.get_by_text("not now")).to_be_visible()
        category = page.locator("[name=category]").input_value()
        assert asked[0]["changes"] == [
            {"kind": "supplier_stop", "supplier": "Novapack", "weeks": 3},
            {"kind": "promotion", "category": category, "depth": 0.25, "start": "2026-12-01"},
        ]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_somebody_signs_in_by_name_with_the_keyboard(
    browser: Browser, own_workspace: Workspace, language: str
) -> None:
    publish(own_workspace)
    with users_in(own_workspace) as users:
        users.create("ines", PASSWORD, scope="planner", at=NOW)
    with (
        serving(own_workspace) as client,
        opened(browser, base_of(client), language=language, size=NARROW) as seen,
    ):
        page = seen.page("/orders")
        assert faults(page) == []
        assert not overflows(page)
        for word in ("wrong", PASSWORD):  # the field of the name has the focus from the start
            expect(page.locator("[autofocus]")).to_be_focused()
            page.keyboard.type("Ines")
            page.keyboard.press("Tab")
            page.keyboard.type(word)
            page.keyboard.press("Enter")
            if word == "wrong":
                expect(page.get_by_role("alert")).to_be_visible()
        expect(page).to_have_url(f"{seen.base}/orders")
        expect(page.locator(".who")).to_have_text("ines")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_plan_in_both_languages_wide_and_narrow(
    browser: Browser, company: Workspace, tmp_path: Path, language: str
) -> None:
    workspace = copied(company, tmp_path / "w")
    kept_scenario(workspace, {"kind": "supplier_stop", "supplier": "Novapack", "weeks": 6})
    with (
        serving(workspace) as client,
        opened(browser, base_of(client), language=language) as seen,
    ):
        for path in ("/plans", "/plans/1", "/plans/compare?a=1&b=1"):
            page = seen.page(path)
            for width, height in (WIDE, NARROW):
                page.set_viewport_size({"width": width, "height": height})
                assert not overflows(page), f"{path} is wider than {width}"
            assert faults(page) == []
            told = {"fr": "ne livre rien pendant 6 semaines", "en": "delivers nothing for 6 weeks"}
            expect(page.get_by_text(told[language]).first).to_be_visible()


def test_three_years_of_days_are_drawn_and_moved_at_once(
    browser: Browser, company: Workspace
) -> None:
    def longer(route: Route) -> None:
        told = route.fetch().json()
        last = told["history"][-1]
        days = [
            last
            | {"period_start": f"{2023 + day // 365}-{1 + day % 365 // 31:02d}-{1 + day % 31:02d}"}
            for day in range(YEARS)
        ]
        told["history"] = [
            day | {"units": float(place % 17), "demand": place % 17 + 1.0}
            for place, day in enumerate(days)
        ]
        route.fulfill(body=orjson.dumps(told), content_type="application/json")

    with serving(company) as client, opened(browser, base_of(client)) as seen:
        page = seen.page("/data")
        page.route("**/v1/series**", longer)
        page.goto(seen.base + SERIES)
        drawn(page, "[data-chart]")
        assert page.evaluate("document.querySelector('[data-chart]').data[0].x.length") == YEARS
        moved = page.evaluate(
            "async () => { const place = document.querySelector('[data-chart]');"
            "const begin = performance.now();"
            "await Plotly.relayout(place, {'xaxis.range': ['2023-06-01', '2026-06-01']});"
            "return performance.now() - begin; }"
        )
        assert moved < 3_000, f"{moved:.0f} ms"
