"""The pages in headless Chromium, cut off from everything but the service."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from api.messages.digest import digests_of
from api.pages import assets
from models.workspace import Workspace
from tests.api.keyed import key
from tests.api.published import publish
from tests.api.serving import serving
from tests.pages.conftest import (
    JOB_MS,
    NARROW,
    SMALL,
    WIDE,
    Keyboard,
    base_of,
    copied,
    opened,
)
from tests.pages.test_board import served_of

VIEWS = {
    "/?state=all": ("Liste du matin", "Morning list"),
    "/monday": ("Le lundi", "Monday"),
    "/data": ("Données", "Data"),
    "/flow": ("Flux de risque", "Flow of risk"),
    "/plans": ("Plans de continuité", "Continuity plans"),
    "/orders": ("Commandes fournisseurs", "Supplier orders"),
    "/data/6": ("Livraison 6", "Delivery 6"),
    "series": ("", ""),
    "/series?site=nowhere&sku=1": ("Cela n’existe pas", "There is no such thing"),
}
GRAVE = {"serious", "critical"}
WORDS: dict[str, Any] = {
    "list": "Morning list",
    "to treat": "To treat",
    "as seen": re.compile("^Mark .* as seen$"),
    "seen": "seen",
    "what": "What to do",
    "ordered": "Ordered",
    "comment": "Comment",
    "apply": "Apply",
    "was ordered": "ordered",
    "plans": "Continuity plans",
    "compute": "Compute",
    "breaks": "What breaks first",
    "monday": "Monday",
    "announced": "Announced",
    "learned": "version 1, learned up to October 25, 2026",
}


def faults(page: Page) -> list[str]:
    """What axe-core calls serious, and where."""
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    return [
        f"{one['id']}: {node['html']}"
        for one in found.response["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def ready(page: Page) -> None:
    page.locator("html[data-ready]").wait_for()


def overflows(page: Page) -> bool:
    wide: bool = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return wide


def cut(page: Page) -> list[str]:
    """Tables of which a part is out of sight, by their columns."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('.wide')].filter((one) => one.scrollWidth > one.clientWidth)"
        ".map((one) => [...one.querySelectorAll('thead th')].map((th) => th.innerText).join('|'))"
    )
    return found


def test_from_the_first_list_to_mondays_page_with_the_keyboard_alone(
    browser: Browser, first_run: str
) -> None:
    with opened(browser, first_run, language="en") as seen:
        page = seen.page()
        hand = Keyboard(page)

        expect(page.get_by_role("heading", name=WORDS["list"])).to_be_visible()
        ready(page)
        expect(page.locator(".changes")).to_contain_text("21")

        treat = page.locator("section", has=page.get_by_role("heading", name=WORDS["to treat"]))
        before = treat.locator(".chip", has_text=WORDS["seen"]).count()
        hand.press(treat.get_by_role("button", name=WORDS["as seen"]).first)
        expect(treat.locator(".chip", has_text=WORDS["seen"])).to_have_count(before + 1)
        ready(page)

        hand.press(treat.locator(".line .item a").first)
        page.locator("[data-drawn=yes]").wait_for()
        ready(page)
        hand.choose(page.get_by_label(WORDS["what"]), "ordered", WORDS["ordered"])
        hand.write(page.get_by_placeholder(WORDS["comment"]), "Novapack")
        hand.press(page.get_by_role("button", name=WORDS["apply"]))
        expect(page.locator(".history").first).to_contain_text("« Novapack »")
        expect(page.locator(".history").first).to_contain_text(WORDS["was ordered"])

        ready(page)
        hand.press(page.get_by_role("link", name=WORDS["plans"]))
        ready(page)
        hand.press(page.get_by_role("button", name=WORDS["compute"]))
        expect(page).to_have_url(re.compile(r"/plans/1$"), timeout=JOB_MS)
        expect(page.get_by_role("heading", name=WORDS["breaks"])).to_be_visible()

        ready(page)
        hand.press(page.get_by_role("link", name=WORDS["monday"], exact=True))
        expect(page.get_by_text(WORDS["announced"]).first).to_be_visible()
        expect(page.get_by_text(WORDS["learned"]).first).to_be_visible()


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("path", VIEWS)
def test_every_view_in_both_languages_wide_and_narrow(
    browser: Browser, first_run: str, path: str, language: str
) -> None:
    dark = "dark" if language == "en" else "light"
    with opened(browser, first_run, language=language, scheme=dark) as seen:
        page = seen.page("/")
        address = path
        if path == "series":
            address = str(page.locator(".line .item a").first.get_attribute("href"))
        page.goto(seen.base + address)
        assert page.locator("html").get_attribute("lang") == language
        title = VIEWS[path][language == "en"]
        expect(page.locator("h1")).to_contain_text(title)
        expect(page.get_by_role("link", name="Français" if language == "en" else "English"))
        if path in ("series", "/flow"):
            page.locator("[data-drawn=yes]").last.wait_for()
            assert page.locator(".main-svg").count() >= 1
        for folded in page.locator("main details").all():
            folded.evaluate("one => one.open = true")
        sizes = (WIDE, NARROW, SMALL)
        for width, height in sizes if language == "en" else reversed(sizes):
            page.set_viewport_size({"width": width, "height": height})
            assert not overflows(page), f"{path} is wider than {width}"
            assert cut(page) == [], f"at {width}"
        assert faults(page) == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_e_mail_fits_a_telephone(browser: Browser, company: Workspace, language: str) -> None:
    """Also where a line says all that a line can say."""
    page = browser.new_page()
    for one in digests_of(served_of(company).reader, language, limit=20):
        long = {"beyond": "évite 2,6 k €, sites livrés compris", "a_day": "216 € par jour"}
        lines = [replace(line, **long) for line in one.listed.lines]
        page.set_content(replace(one, listed=replace(one.listed, lines=lines)).html)
        for width, height in (WIDE, NARROW, SMALL):
            page.set_viewport_size({"width": width, "height": height})
            assert not overflows(page), f"{one.buyer}'s is wider than {width}"
        assert faults(page) == []
    page.close()


def test_the_first_page_and_the_door(browser: Browser, own_workspace: Workspace) -> None:
    with serving(own_workspace) as client, opened(browser, base_of(client), size=NARROW) as seen:
        page = seen.page()
        expect(page.get_by_role("heading", name="Premiers pas")).to_be_visible()
        assert faults(page) == []
        assert not overflows(page)
        page.goto(seen.base + "/monday")
        expect(page.locator("h1")).to_have_text("Rien à montrer pour l’instant")
    publish(own_workspace)
    text = key(own_workspace, "planner")
    with serving(own_workspace) as client, opened(browser, base_of(client), size=NARROW) as seen:
        page = seen.page("/?lang=en")
        assert faults(page) == []
        page.get_by_label("Key").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("No key")
        page.get_by_label("Key").fill(text)
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Morning list")
        page.get_by_role("button", name="Mark 00123 at LYON as seen").click()
        expect(page.locator(".line", has_text="00123 · LYON").locator(".chip")).to_have_text("seen")
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("h1")).to_have_text("Sign in")


def test_many_at_once_and_filters(browser: Browser, company: Workspace, tmp_path: Path) -> None:
    with (
        serving(copied(company, tmp_path / "w")) as client,
        opened(browser, base_of(client)) as seen,
    ):
        page = seen.page()
        expect(page.locator("[name=warning]")).to_have_count(3)
        page.get_by_role("button", name="Appliquer").click()
        expect(page.get_by_role("status").last).to_contain_text("Choisissez")
        page.get_by_label("Toute la page").check()
        page.get_by_label("Que faire").select_option("assign")
        page.get_by_label("Qui").fill("Inès")
        page.get_by_role("button", name="Appliquer").click()
        expect(page.locator(".chip", has_text="Inès")).to_have_count(3)

        ready(page)
        page.get_by_label("Site").select_option("LYON")
        expect(page).to_have_url(re.compile(r"/\?site=LYON&state=open$"))
        expect(page.locator(".line")).to_have_count(2)
        page.get_by_label("Chercher").fill("moulu 00123")
        page.keyboard.press("Enter")
        expect(page.locator(".line")).to_have_count(1)

        page.locator("[name=warning]").check()
        warning = page.locator("[name=warning]").get_attribute("value")
        client.patch(f"/v1/warnings/{warning}", json={"comment": "x"}, headers={"If-Match": "*"})
        page.get_by_role("button", name="Appliquer").click()
        expect(page.get_by_role("status").last).to_contain_text("entre-temps")

        page.reload()
        page.locator("[name=warning]").check()
        page.get_by_label("Que faire").select_option("snooze")
        page.get_by_role("button", name="Appliquer").click()
        expect(page.get_by_text("Aucune alerte ne répond à ces filtres.")).to_be_visible()
        page.get_by_role("link", name="Enlever les filtres").click()
        expect(page).to_have_url(f"{seen.base}/")
        ready(page)
        page.get_by_label("État").select_option("snoozed")
        expect(page.locator(".chip")).to_contain_text("au ")


def test_with_the_keyboard_alone(browser: Browser, company: Workspace, tmp_path: Path) -> None:
    with (
        serving(copied(company, tmp_path / "w")) as client,
        opened(browser, base_of(client), language="en") as seen,
    ):
        page = seen.page()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        wanted = page.get_by_role("button", name="Mark 00123 at LYON as seen")
        for _ in range(40):
            page.keyboard.press("Tab")
            if wanted.evaluate("one => one === document.activeElement"):
                break
        outline = wanted.evaluate("one => getComputedStyle(one).outlineStyle")
        assert outline == "solid", "one sees where one is"
        page.keyboard.press("Enter")
        expect(page.locator(".line", has_text="00123 · LYON").locator(".chip")).to_have_text("seen")


SCRIPT = "<script>window.broken=1</script>"


def assert_whole(page: Page) -> None:
    assert page.evaluate("window.broken") is None


def test_what_a_client_wrote_is_never_run(
    browser: Browser, own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.api import published

    hostile = f'{SCRIPT}<img src=x onerror="window.broken=1">\'"{{{{7*7}}}}'
    rows = published.SERIES.assign(category=hostile, supplier=hostile)
    rows.loc[0, ["site", "sku"]] = [f"S{SCRIPT}", f"A{SCRIPT}"]
    monkeypatch.setattr(published, "SERIES", rows)
    publish(own_workspace)
    file = tmp_path / f"{SCRIPT.replace('/', '')}.csv"
    file.write_text(f"date,site,sku,units\n{SCRIPT},{SCRIPT},1,1\n2026-11-20,LYON,1,1\n")
    with serving(own_workspace) as client, opened(browser, base_of(client)) as seen:
        note = {"comment": SCRIPT, "assigned_to": SCRIPT}
        for number in (1, 2):
            told = client.patch(f"/v1/warnings/{number}", json=note, headers={"If-Match": "*"})
            assert told.status_code == 200
        page = seen.page("/?state=all")
        expect(page.locator(".lines").first).to_contain_text(SCRIPT)
        page.get_by_role("link", name=re.compile("Café moulu.*")).first.click()
        page.goto(seen.base + "/?state=all")
        hrefs = [one.get_attribute("href") for one in page.locator(".item a").all()]
        for href in hrefs:
            page.goto(f"{seen.base}{href}")
            page.locator("[data-drawn=yes]").wait_for()
            assert_whole(page)
        page.goto(seen.base + "/data")
        page.get_by_label("Fichier").set_input_files(file)
        page.get_by_role("button", name="Vérifier").click()
        expect(page.locator("[data-receipt]")).to_contain_text("Vérifié ; rien n’a été gardé.")
        expect(page.locator("[data-receipt]")).to_contain_text("mises de côté\u00a0: 1")
        expect(page.locator("[data-receipt]")).to_contain_text(SCRIPT)
        assert client.get("/v1/feeds/deliveries").json()["items"] == []
        page.get_by_role("button", name="Charger").click()
        expect(page.locator("[data-receipt]")).to_contain_text("Chargé.")
        page.goto(seen.base + "/data/1")
        expect(page.locator(".raw")).to_contain_text(SCRIPT)
        expect(page.get_by_role("cell", name="pas une date")).to_be_visible()
        for answer in (page, seen.page("/?q=<script>"), seen.page("/series?site=<b>&sku=</h1>")):
            assert_whole(answer)


def test_the_policy_lets_nothing_inline_run(browser: Browser, company: Workspace) -> None:
    with serving(company) as client, opened(browser, base_of(client)) as seen:
        page = seen.page()
        page.evaluate(
            "() => { const one = document.createElement('script');"
            "one.textContent = 'window.broken = 1'; document.body.append(one); }"
        )
        assert_whole(page)


def test_money_of_a_currency_that_no_browser_knows(browser: Browser, company: Workspace) -> None:
    """A feed may say FCFA: the picture of the flow was that the code is invalid."""
    with serving(company) as client, opened(browser, base_of(client)) as seen:
        module = assets.address("service.js")
        told = "['FCFA', 'EUR', ''].map((code) => one.money(1234, code))"
        shown = seen.page().evaluate(f"import('{module}').then((one) => {told})")
    assert [" ".join(one.split()) for one in shown] == ["1 234 FCFA", "1 234 €", "1 234"]


def test_a_service_that_goes_away_is_told(company: Workspace, browser: Browser) -> None:
    with opened(browser, "http://127.0.0.1:1") as seen, serving(company) as client:
        seen.base = base_of(client).rstrip("/")
        page = seen.page("/series?site=LYON&sku=00123")
        page.locator("[data-drawn=yes]").wait_for()
        page.goto(seen.base + "/data")
        page.route("**/v1/**", lambda route: route.abort())
        page.get_by_role("button", name="Calculer").click()
        expect(page.get_by_role("status").last).to_contain_text("ne répond pas")
        page.goto(f"{seen.base}/series?site=LYON&sku=00123")
        page.locator("[data-drawn=no]").wait_for()
        expect(page.locator("[data-chart]")).to_contain_text("ne répond pas")
