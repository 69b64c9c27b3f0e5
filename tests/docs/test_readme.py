"""What the README says of files, columns and targets is so."""

from __future__ import annotations

import re
from pathlib import Path

from forecasting.options import Options
from forecasting.tables import FEEDS
from models.workspace import Workspace
from tests.docs.generated import DOCS, REPOSITORY


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
    folder = REPOSITORY / "benchmarks"
    packages = {path.parent.name for path in folder.glob("*/__main__.py")}
    assert named <= {path.stem for path in folder.glob("*.py")} | packages
