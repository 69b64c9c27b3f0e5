"""From an empty workspace to Monday's page in one go, with the keyboard alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.conftest import empty_service, opened

MOST_TABS = 250
JOB_MS = 300_000


class Keyboard:
    """How somebody without one does: from where the page begins, by Tab alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, what: Locator) -> None:
        what.wait_for()
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if what.evaluate("one => one === document.activeElement"):
                return
        raise AssertionError(f"{what} cannot be reached by {MOST_TABS} tabs")

    def press(self, what: Locator) -> None:
        self.reach(what)
        self.page.keyboard.press("Enter")

    def choose(self, what: Locator, value: str, label: str) -> None:
        self.reach(what)
        self.page.keyboard.type(label)
        expect(what).to_have_value(value)

    def write(self, what: Locator, text: str) -> None:
        self.reach(what)
        self.page.keyboard.type(text)


WORDS: dict[str, Any] = {
    "first": "First steps",
    "demo": "Load the demonstration",
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


def test_from_an_empty_workspace_to_mondays_page(browser: Browser, tmp_path: Path) -> None:
    with empty_service(tmp_path) as base, opened(browser, base, language="en") as seen:
        page = seen.page()
        hand = Keyboard(page)

        def ready() -> None:
            page.locator("html[data-ready]").wait_for()

        expect(page.get_by_role("heading", name=WORDS["first"])).to_be_visible()
        ready()
        hand.press(page.get_by_role("button", name=WORDS["demo"]))
        expect(page.get_by_role("heading", name=WORDS["list"])).to_be_visible(timeout=JOB_MS)
        ready()
        expect(page.locator(".changes")).to_contain_text("21")

        treat = page.locator("section", has=page.get_by_role("heading", name=WORDS["to treat"]))
        before = treat.locator(".chip", has_text=WORDS["seen"]).count()
        hand.press(treat.get_by_role("button", name=WORDS["as seen"]).first)
        expect(treat.locator(".chip", has_text=WORDS["seen"])).to_have_count(before + 1)
        ready()

        hand.press(treat.locator(".line .item a").first)
        page.locator("[data-drawn=yes]").wait_for()
        ready()
        hand.choose(page.get_by_label(WORDS["what"]), "ordered", WORDS["ordered"])
        hand.write(page.get_by_placeholder(WORDS["comment"]), "Novapack")
        hand.press(page.get_by_role("button", name=WORDS["apply"]))
        expect(page.locator(".history").first).to_contain_text("« Novapack »")
        expect(page.locator(".history").first).to_contain_text(WORDS["was ordered"])

        ready()
        hand.press(page.get_by_role("link", name=WORDS["plans"]))
        ready()
        hand.press(page.get_by_role("button", name=WORDS["compute"]))
        expect(page).to_have_url(re.compile(r"/plans/1$"), timeout=JOB_MS)
        expect(page.get_by_role("heading", name=WORDS["breaks"])).to_be_visible()

        ready()
        hand.press(page.get_by_role("link", name=WORDS["monday"], exact=True))
        expect(page.get_by_text(WORDS["announced"]).first).to_be_visible()
        expect(page.get_by_text(WORDS["learned"]).first).to_be_visible()
