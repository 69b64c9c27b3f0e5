"""A published company behind the pages, and one browser for the session."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Route,
    expect,
    sync_playwright,
)

from api import jobs
from api.workspaces import VARIABLE
from models.workspace import Workspace
from tests.api.published import publish, workspace_in
from tests.api.serving import serving

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
expect.set_options(timeout=20_000)  # two tests beside each other on a busy machine
WIDE, NARROW, SMALL = (1360, 900), (390, 844), (360, 640)
MOST_TABS = 250
JOB_MS = 300_000


@pytest.fixture(scope="package")
def company(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = workspace_in(tmp_path_factory.mktemp("company") / "w")
    publish(workspace)
    return workspace


@pytest.fixture(scope="package")
def client(company: Workspace) -> Iterator[httpx.Client]:
    with serving(company) as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium: apt-get install chromium")
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield browser
        browser.close()


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


class Opened:
    """Pages of one service; whatever they ask of any other host fails, and is written down."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context = context
        self.base = base
        self.outside: list[str] = []
        self.errors: list[str] = []
        context.route("**/*", self._only_the_service)

    def _only_the_service(self, route: Route) -> None:
        if route.request.url.startswith((self.base, "data:", "blob:")):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def page(self, path: str = "/") -> Page:
        page = self.context.new_page()
        page.set_default_timeout(20_000)  # as above
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(f"{self.base}{path}")
        return page


@contextmanager
def opened(
    browser: Browser,
    base: str,
    *,
    language: str = "fr",
    size: tuple[int, int] = WIDE,
    scheme: str = "light",
) -> Iterator[Opened]:
    """The test fails where a page threw an error or asked for anything outside."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=language,
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    found = Opened(context, base.rstrip("/"))
    try:
        yield found
    finally:
        context.close()
    assert found.outside == []
    assert found.errors == []


def base_of(client: httpx.Client) -> str:
    return str(client.base_url)


def copied(company: Workspace, folder: Path) -> Workspace:
    """The same company, to be changed."""
    from api.workspaces import read_workspace

    shutil.copytree(company.folder, folder)
    return read_workspace(folder).workspace


@pytest.fixture
def own_workspace(tmp_path: Path) -> Workspace:
    """Initialised, nothing published."""
    return workspace_in(tmp_path / "w")


SMALL_DEMO = """
import sys
from api import jobs
from api.demo.history import run_demo
jobs.KINDS = {**jobs.KINDS, "demo": lambda workspace, asked, step: run_demo(
    workspace, step, days=150, sites=2, items=8)}
jobs.main()
"""


def _start_small(workspace: Workspace, number: int) -> None:
    """As `api.jobs` starts a job: in a process of its own, but for a smaller company."""
    subprocess.Popen(
        [sys.executable, "-c", SMALL_DEMO, str(number)],
        env=os.environ | {VARIABLE: str(workspace.folder)},
        start_new_session=True,
    ).wait()


@contextmanager
def empty_service(folder: Path) -> Iterator[str]:
    """Address of a service of an empty workspace, whose demonstration is a small company."""
    workspace = workspace_in(folder / "w")
    with pytest.MonkeyPatch.context() as patch, serving(workspace) as client:
        patch.setattr(jobs, "_start", lambda *job: Thread(target=_start_small, args=job).start())
        yield base_of(client)


@pytest.fixture(scope="package")
def first_run(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a service whose empty workspace was filled by its first page, in a browser, with
    the keyboard alone."""
    with empty_service(tmp_path_factory.mktemp("first")) as base:
        with opened(browser, base) as seen:
            page = seen.page()
            expect(page.get_by_role("heading", name="Premiers pas")).to_be_visible()
            page.locator("html[data-ready]").wait_for()
            Keyboard(page).press(page.get_by_role("button", name="Charger la démonstration"))
            expect(page.locator("[data-state]")).to_have_text("En cours", timeout=30_000)
            expect(page.locator("[data-step]")).not_to_be_empty(timeout=30_000)
            page.reload()
            expect(page.locator("[data-state]")).to_have_text("En cours")
            list_shown = page.get_by_role("heading", name="Liste du matin")
            expect(list_shown).to_be_visible(timeout=JOB_MS)
        yield base
