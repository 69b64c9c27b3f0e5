"""The planner says what the data do not know, on the page of a series."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from api.clock import today
from forecasting.record.database import connect
from models.overrides.declaration import override_of, settled
from models.overrides.effects import COLUMNS
from models.overrides.ledger import add, list_overrides
from models.publication import publish_parts
from models.publication.build import table_of
from models.publication.contracts import OVERRIDDEN
from models.workspace import Workspace
from tests.api import published
from tests.api.keyed import bearer, key
from tests.api.published import AS_OF, workspace_in
from tests.api.serving import serving
from tests.pages.conftest import NARROW, base_of, opened
from tests.pages.test_browser import faults, overflows, ready

SERIES = "/series?site=LYON&sku=00123"
SOON = today() + dt.timedelta(days=2)


def figure(day: int, before: float, after: float, **more: Any) -> dict[str, Any]:
    start = dt.date.fromisoformat(AS_OF) + dt.timedelta(days=day)
    return {
        **{"override": "1", "kind": "demand", "site": "LYON", "sku": "00123", "grain": "day"},
        **{"period": start.isoformat(), "period_start": pd.Timestamp(start)},
        **{"order_id": "", "line": "", "before": before, "after": after},
    } | more


@pytest.fixture
def company(tmp_path: Path) -> Workspace:
    """Published with one override that is alive; its reason is hostile."""
    workspace = workspace_in(tmp_path / "w")
    rows = [figure(1, 2.0, 4.0), figure(2, 2.0, 4.0), figure(0, 12.0, 9.0, kind="stock", grain="")]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    parts = published.parts(2.0, AS_OF) | {OVERRIDDEN: table_of(frame)}
    engine = connect(workspace.database_url)
    now = dt.datetime.now(dt.UTC)
    try:
        declared = override_of(
            {
                **{"kind": "demand", "site": "LYON", "sku": "00123", "factor": 2.0},
                **{"end": SOON, "reason": "<script>alert(1)</script> told me"},
            }
        )
        add(engine, settled(declared, today()), who="Claire", at=now)
        publish_parts(
            engine, workspace.publications, parts, published.provenance(AS_OF), created_at=now
        )
    finally:
        engine.dispose()
    return workspace


def test_both_figures_are_shown_and_the_list_marks_the_series(company: Workspace) -> None:
    with serving(company) as client:
        page = client.get(f"{SERIES}&lang=en").text
        assert "4 without you, 8 with what you said" in page
        assert "12 without you, 9 with what you said" in page
        assert "Demand × 2" in page
        assert "ends soon" in page
        assert '"chip">counts' not in page
        assert "changes nothing here" not in page
        assert "<script>alert" not in page
        marked = client.get("/?lang=en").text.split('<li class="line">')[1:]
        assert len(marked) == 3
        for line in marked:
            assert ("overridden" in line) is ("00123 · LYON" in line)
        told = client.get("/v1/series/LYON/00123").json()
        assert [one["after"] for one in told["overridden"]] == [4.0, 4.0, 9.0]
        [demand, stock] = [one for one in told["breakdown"] if one["name"].startswith("override_")]
        assert demand["terms"] == {"without": 4.0, "overridden": 8.0, "overrides": "1"}
        assert (stock["name"], stock["value"]) == ("override_stock", 9.0)
        assert client.get("/v1/series/PARIS/00123").json()["overridden"] == []


def test_what_has_no_effect_is_told(company: Workspace) -> None:
    """An order that nobody knows, said before the publication."""
    engine = connect(company.database_url)
    declared = override_of(
        {
            **{"kind": "order", "order": "PO-none", "site": "LYON", "sku": "00123", "factor": 0.5},
            **{"end": SOON, "reason": "a slip of the pen"},
        }
    )
    long_ago = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    add(engine, settled(declared, today()), who="Claire", at=long_ago)
    engine.dispose()
    with serving(company) as client:
        page = client.get(f"{SERIES}&lang=en").text
    assert page.count("changes nothing here") == 1
    assert "Order PO-none, 50% of it comes" in page


def test_who_may_not_say_it_sees_no_form(company: Workspace) -> None:
    keys = {scope: key(company, scope) for scope in ("planner", "scientist")}
    lyon = key(company, "planner", "LYON")
    with serving(company) as client:
        pages = {
            who: client.get(SERIES, headers=bearer(text)).text
            for who, text in (*keys.items(), ("of LYON", lyon))
        }
    for who, shown in (("planner", True), ("scientist", False), ("of LYON", True)):
        assert ("data-override-form" in pages[who]) is shown
        assert ("data-revoke" in pages[who]) is shown
        assert "told me" in pages[who]


def test_said_and_revoked_by_keyboard(browser: Browser, company: Workspace) -> None:
    with serving(company) as client, opened(browser, base_of(client), size=NARROW) as seen:
        page = seen.page(SERIES)
        ready(page)
        known = page.locator("[data-overrides]")
        known.get_by_text("Dire ce que les données ne savent pas").focus()
        page.keyboard.press("Enter")
        assert faults(page) == []
        assert not overflows(page)
        known.get_by_role("combobox").select_option("stock")
        expect(known.get_by_role("spinbutton", name="Fois")).to_be_hidden()
        known.get_by_role("spinbutton", name="Unités").fill("12")
        known.get_by_label("Parce que").fill("compté ce matin")
        page.keyboard.press("Enter")
        line = known.locator("li", has_text="compté ce matin")
        expect(line).to_contain_text("12 comptés le matin")
        expect(line).to_contain_text("compte dès la prochaine liste")
        ready(page)
        line.get_by_placeholder("Pourquoi").fill("une erreur")
        page.keyboard.press("Enter")
        expect(line).to_have_count(0)
        expect(known.locator("li")).to_have_count(1)
    kept = connect(company.database_url)
    [gone, _] = list_overrides(kept)
    kept.dispose()
    assert (gone.units, gone.revoked_because) == (12.0, "une erreur")


def test_what_the_service_refuses_is_said(browser: Browser, company: Workspace) -> None:
    with serving(company) as client, opened(browser, base_of(client), language="en") as seen:
        page = seen.page(SERIES)
        ready(page)
        known = page.locator("[data-overrides]")
        known.get_by_text("Say what the data do not know").click()
        known.get_by_label("Up to and with").fill((today() + dt.timedelta(days=900)).isoformat())
        known.get_by_label("Because").fill("for ever")
        known.get_by_role("button", name="Override").click()
        expect(known.get_by_role("status").last).to_contain_text("400 days")
