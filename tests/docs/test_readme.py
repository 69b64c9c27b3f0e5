"""What the README shows is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pandas as pd

from forecasting.options import Options
from forecasting.tables import FEEDS
from models.workspace import Workspace
from tests.api.serving import serving_app
from tests.docs.conftest import Tour, shell_lines
from tests.docs.generated import DOCS, REPOSITORY


def test_the_tour_runs_and_announces_the_warning_that_the_readme_explains(tour: Tour) -> None:
    frame = pd.read_csv(tour.folder / "warnings.csv", dtype={"sku": str}).set_index("sku")
    shown = tour.said["warnings"]
    mug = frame.loc["00123"]
    assert len(frame) == 3
    assert frame["warning"].notna().sum() == 1
    assert (mug["state"], mug["horizon_days"], mug["value_basis"]) == ("new", 14, "margin")
    for text in ("LYON · 00123", "Order PO-6 is 4 days late", "Expedite order PO-6 (48"):
        assert text in " ".join(shown.split()), text
    assert mug["act_by"] == "2026-03-01"
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


def test_the_addresses_of_the_documents_answer(tour: Tour) -> None:
    lines = shell_lines((DOCS / "api.md").read_text(encoding="utf-8"))
    with serving_app(tour.served[0]) as client:
        for words in map(shlex.split, lines):
            address = next(word for word in words if word.startswith("http://127.0.0.1:8000/"))
            headers = dict(words[i + 1].split(": ") for i, word in enumerate(words) if word == "-H")
            answer = client.get(address.removeprefix("http://127.0.0.1:8000"), headers=headers)
            assert answer.status_code == 200, address
            assert answer.headers["content-type"].startswith(headers.get("Accept", "application/j"))


def test_the_needed_columns_are_those_of_the_contracts(readme: str) -> None:
    rows = re.findall(r"^\| `(\w+)\.csv` \| (.+?) \| (.+?) \|$", readme, re.MULTILINE)
    assert [feed for feed, _, _ in rows] == ["items", "sites", "sales", "stock", "orders"]
    for feed, needed, worth in rows:
        contract = FEEDS[feed]
        least = [*contract.required, *contract.one_of[:1]]
        assert re.findall(r"`(\w+)`", needed) == least, feed
        assert set(re.findall(r"`(\w+)`", worth)) <= set(contract.names), feed


def test_the_lines_shown_are_those_of_the_file(readme: str) -> None:
    shown = re.search(r"```csv\n(.*?)```", readme, re.DOTALL)
    assert shown
    assert (DOCS / "tour" / "sales.csv").read_text().startswith(shown[1])


def test_places_named_are_those_of_a_workspace(tour: Tour, readme: str) -> None:
    table = readme.partition("## Where things are kept")[2].partition("## ")[0]
    named = {
        name.rstrip("/")
        for row in re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }
    found = {path.name for path in tour.workspace.iterdir() if "-wal" not in path.name}
    assert named == {name for name in found if "-shm" not in name}


def test_the_store_that_mlflow_is_shown_is_the_demo_s(readme: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    folder = re.search(r"^WORKSPACE \?= (\S+)", makefile, re.MULTILINE)
    assert folder
    store = Path(Workspace(Path(folder[1]), Options()).tracking_url.removeprefix("sqlite:///")).name
    assert f"sqlite:///{folder[1]}/{store} --host 127.0.0.1" in readme


def test_make_targets_exist(readme: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    for target in set(re.findall(r"\bmake ([a-z]+)\b", readme)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_benchmarks_named_exist(readme: str) -> None:
    named = set(re.findall(r"python -m benchmarks\.(\w+)", readme))
    assert named
    assert named <= {path.stem for path in (REPOSITORY / "benchmarks").glob("*.py")}
