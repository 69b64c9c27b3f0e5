"""`python -m tests.pages.screenshots WORKSPACE`: what docs/img shows, from a served demonstration.

Pictures have few colors, to stay small. A workspace that is not there is made first: minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final
from unittest.mock import patch
from urllib.parse import urlencode

import httpx
from PIL import Image
from playwright.sync_api import sync_playwright

from api.demo import END
from api.demo.history import run_demo
from api.workspaces import init_workspace, is_workspace, read_workspace
from forecasting.record.database import connect
from models.pipelines.scenario import scenario
from models.scenarios.declaration import scenario_of
from models.scenarios.plans import list_plans
from models.workspace import Workspace
from tests.api.serving import serving
from tests.docs.generated import DOCS
from tests.pages.conftest import CHROMIUM, base_of

COLORS: Final = 128
WIDE: Final = (1200, 760)
PHONE: Final = (390, 760)
SERIES: Final = "series"  # the first warned of, empty lately, for which something can be done
SHOWN_DAYS: Final = 84  # of the past, in its picture
STOP: Final = {
    "name": "Grève chez Novapack",
    "changes": [{"kind": "supplier_stop", "supplier": "NOVAPACK", "weeks": 4}],
}
VIEWS: Final = {
    "morning": ("/", "fr", WIDE),
    "morning-phone": ("/", "en", PHONE),
    "series": (SERIES, "fr", (1200, 935)),
    "flow": ("/flow", "fr", (1200, 980)),
    "orders": ("/orders", "fr", WIDE),
    "plan": ("/plans/1", "fr", WIDE),
    "monday": ("/monday", "fr", WIDE),
    "data": ("/data", "en", WIDE),
}


def main(folder: Path) -> None:
    if is_workspace(folder):
        workspace = read_workspace(folder).workspace
    else:
        workspace = init_workspace(folder, frequency="D", database=None)
        run_demo(workspace, print)
    with_a_plan(workspace)
    target = DOCS / "img"
    target.mkdir(exist_ok=True)
    with (
        patch("api.clock.today", lambda: END),
        patch("api.pages.data.today", lambda: END),
        serving(workspace) as client,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, (path, language, (width, height)) in VIEWS.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, locale=language, color_scheme="light"
            )
            if path == SERIES:
                path = telling_series(client)
            page.goto(base_of(client).rstrip("/") + path)
            page.locator("html[data-ready]").wait_for()
            page.wait_for_load_state("networkidle")
            file = target / f"{name}.png"
            page.screenshot(path=file)
            page.close()
            Image.open(file).convert("RGB").quantize(COLORS).save(file, optimize=True)
            print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")
        browser.close()


def with_a_plan(workspace: Workspace) -> None:
    engine = connect(workspace.database_url)
    try:
        if not list_plans(engine):
            scenario(workspace, scenario_of(STOP), progress=print)
    finally:
        engine.dispose()


def telling_series(client: httpx.Client) -> str:
    for one in client.get("/v1/warnings?state=new&limit=200").json()["items"]:
        codes = {"site": one["site"], "sku": one["sku"]}
        told = client.get("/v1/series", params=codes).json()
        past, acts = told["history"][-SHOWN_DAYS:], told["options"][:1]
        missed = any((day["demand"] or 0) > (day["units"] or 0) + 1 for day in past)
        if missed and any(option["recommended"] for option in acts):
            return f"/series?{urlencode(codes)}"
    raise SystemExit("No series that was out lately can be acted on: make another demonstration.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
