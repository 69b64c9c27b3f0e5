"""The README's commands, run: what they leave behind is what the documents say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

from api import jobs
from api.app import create_app
from api.commands.answers import open_reader
from api.commands.shell import Shell
from forecasting.options import Options
from models.publication.contracts import quantile_column
from tests.api.published import workspace_in
from tests.api.serving import serving_app
from tests.docs.columns import as_read, documented_columns
from tests.docs.conftest import Tour, shell_lines
from tests.docs.generated import DOCS


def test_the_tour_runs_and_announces_the_warning_that_the_readme_explains(tour: Tour) -> None:
    frame = pd.read_csv(tour.folder / "warnings.csv", dtype={"sku": str}).set_index("sku")
    shown = tour.said["warnings"]
    mug = frame.loc["00123"]
    assert len(frame) == 3
    assert frame["warning"].notna().sum() == 1
    assert (mug["state"], mug["horizon_days"], mug["value_basis"]) == ("new", 14, "margin")
    for text in (
        "Call NOVAPACK by Mon 2 Mar: PO-6 to arrive by Wed 4 Mar",
        "LYON · 00123",
        "Order PO-6 is 4 days late",
        "1 unit saved",
        "order PO-6 (48 units) is needed by Wed 4 Mar",
    ):
        assert text in " ".join(shown.split()), text
    assert mug["act_by"] == "too_late"
    assert "late_order" in mug["causes"]


def test_the_figures_of_that_warning_are_near_those_shown(tour: Tour, readme: str) -> None:
    mug = (
        pd.read_csv(tour.folder / "warnings.csv", dtype={"sku": str}).set_index("sku").loc["00123"]
    )
    for name in ("probability", "days_of_cover", "units_short", "value_at_risk"):
        cell = re.search(rf"^\| `{name}` \| ([\d.]+)", readme, re.MULTILINE)
        assert cell, name
        shown = float(cell[1])
        assert abs(mug[name] - shown) <= 0.25 * shown, (
            f"{name}: {mug[name]}, the README says {shown}"
        )


def test_weeks_of_the_tour_are_complete(tour: Tour) -> None:
    weeks = pd.read_csv(tour.folder / "forecasts.csv", dtype={"sku": str})
    assert weeks.groupby("sku").size().to_dict() == dict.fromkeys(["00123", "00457", "TEA-1"], 13)
    assert weeks["period"].iloc[0] == "2026-W10"


def test_the_same_file_again_changes_nothing(tour: Tour) -> None:
    assert "nothing changed" in tour.said["ingest sales docs/tour/sales.csv"]


def test_the_addresses_of_the_documents_answer(
    tour: Tour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes something goes to a company of its own."""
    monkeypatch.setattr(jobs, "_start", lambda _workspace, _number: None)
    lines = shell_lines((DOCS / "api.md").read_text(encoding="utf-8"))
    lines = [line for line in lines if line.startswith("curl")]
    assert len(lines) > 3
    own = serving_app(create_app(workspace_in(tmp_path / "w")))
    with serving_app(tour.served[0]) as served, own as empty:
        for words in map(shlex.split, lines):
            address = next(word for word in words if word.startswith("http://127.0.0.1:8000/"))
            headers = dict(words[i + 1].split(": ") for i, word in enumerate(words) if word == "-H")
            body = words[words.index("--data") + 1] if "--data" in words else None
            if "--data-binary" in words:
                body = (DOCS / "tour" / "sales.csv").read_text("utf-8")
            method = "POST" if body else "HEAD" if "-I" in words else "GET"
            path = address.removeprefix("http://127.0.0.1:8000")
            is_change = path.startswith("/v1/feeds") or path == "/v1/publications"
            client = empty if is_change else served
            answer = client.request(method, path, headers=headers, content=body)
            assert answer.status_code in ((200, 201, 202) if is_change else (200,)), address
            assert answer.headers["content-type"].startswith(headers.get("Accept", "application/j"))


def test_places_named_are_those_of_a_workspace(tour: Tour, readme: str) -> None:
    table = readme.partition("## Where things are kept")[2].partition("## ")[0]
    named = {
        name.rstrip("/")
        for row in re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }
    found = {path.name for path in tour.workspace.iterdir() if "-wal" not in path.name}
    # made by the first push, the first scenario, a training under way, and by who writes profiles
    found |= {"incoming", "scenarios", "training", "profiles"}
    assert named == {name for name in found if "-shm" not in name}


def exported_columns(columns: list[str]) -> list[str]:
    """Columns that there are many of are documented by their first (and last) ones."""
    defaults = Options()
    levels = [quantile_column(level) for level in defaults.quantiles]
    horizons = [f"p_{one}d" for one in defaults.risk_horizons]
    left_out = {*levels[1:-1], *horizons[1:]}
    return [name for name in columns if name not in left_out]


@pytest.mark.parametrize("what", ["forecasts", "warnings", "proposals", "series"])
def test_every_exported_column_is_documented(tour: Tour, what: str) -> None:
    columns = exported_columns(exported(tour, what).columns.tolist())
    told = documented_columns(what)
    assert sorted(told) == sorted(columns)
    if what != "series":  # grouped there by what they mean
        assert list(told) == columns, "in another order than they are exported"


@pytest.mark.parametrize("what", ["forecasts", "warnings", "proposals", "series"])
def test_what_is_never_blank_is_never_blank(tour: Tour, what: str) -> None:
    frame = exported(tour, what)
    told = documented_columns(what)
    never = [name for name in frame if not told.get(str(name), False)]
    assert not [name for name in never if frame[name].isna().any()]


def exported(tour: Tour, what: str) -> pd.DataFrame:
    table = open_reader(Shell(tour.workspace), None).export_table(
        what, every_series=what == "warnings"
    )
    return as_read(table)
