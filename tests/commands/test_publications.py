"""`publications list` and `prune`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from api.workspaces import read_workspace
from forecasting.record.database import connect
from models.publication import PullReceipt, keep_receipts
from tests.api.published import publish
from tests.commands.conftest import Vigistock

NOW = dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC)


@pytest.fixture
def published(ready: Vigistock, folder: Path) -> Vigistock:
    """Five days of July, then November's: two newest and one last of July are kept."""
    workspace = read_workspace(folder).workspace
    for day in ("07-01", "07-02", "07-03", "07-31", "11-21", "11-22"):
        publish(workspace, as_of=f"2026-{day}")
    with (folder / "vigistock.toml").open("a") as file:
        file.write("keep_publications = 2\nkeep_months = 6\n")
    return ready


def test_old_ones_are_named_then_removed(published: Vigistock, folder: Path) -> None:
    listed = published("publications", "list")
    for words in ("current", "one of the newest 2", "the last of 2026-07", "may go", "prune"):
        assert words in listed.out

    notes = published("doctor", "--json").json["notes"]
    assert any(note.startswith("3 old publication(s) take") for note in notes)
    would = published("publications", "prune", "--check", "--json").json
    assert [one["publication"] for one in would["publications"]] == [3, 2, 1]
    assert would["bytes"] > 0
    assert len(list((folder / "publications").glob("2026-*"))) == 6

    assert "3 publications removed" in published("publications", "prune").out
    assert len(list((folder / "publications").glob("2026-*"))) == 3
    assert published("publications", "prune", "--json").json["publications"] == []

    refused = published("warnings", "--publication", "2")
    assert refused.code == 1
    assert "Publication 2 (origin 2026-07-02) was removed on" in refused.err
    assert published("export", "forecasts", "--publication", "4").code == 0
    rows = published("publications", "list", "--json").json["publications"]
    assert [one["pruned_at"] is None for one in rows] == [True, True, True, False, False, False]


def test_by_default_nothing_goes_soon(ready: Vigistock, folder: Path) -> None:
    for day in range(1, 29):
        publish(read_workspace(folder).workspace, as_of=f"2026-02-{day:02}")
    assert ready("publications", "prune", "--json").json["publications"] == []


def test_a_record_of_nothing_has_nothing_to_prune(ready: Vigistock) -> None:
    assert "0 publications removed" in ready("publications", "prune").out


def test_what_an_erp_builds_upon_stays(published: Vigistock, folder: Path) -> None:
    """The latest of which each holder said rightly what it holds."""
    workspace = read_workspace(folder).workspace
    engine = connect(workspace.database_url)
    about = {"grain": "week", "form": "csv", "quantiles": "", "changed_since": 0, "rows": 1}
    for holder, number, matches in (("SAP", 1, True), ("SAP", 2, True), ("WMS", 3, False)):
        said = {"holder": holder, "publication": number, "matches": matches, "sha256": "0" * 64}
        keep_receipts(engine, [PullReceipt(**about, **said, received_at=NOW)])
    engine.dispose()
    gone = published("publications", "prune", "--json").json["publications"]
    assert [one["publication"] for one in gone] == [3, 1]
