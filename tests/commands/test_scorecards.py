"""`vigistock scorecard`: tables for a planner, one object for a program, one file."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from api.commands.scorecards import OUTCOMES, _groups, words_of
from api.scorecard_words import WORDS
from api.scorecards import kept
from api.workspaces import read_workspace
from models.workspace import Workspace
from tests.api.published import publish
from tests.commands.conftest import Vigistock
from tests.docs.columns import documented_columns

LYON = {"site": "LYON"}


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGISTOCK_LANGUAGE", "en")


@pytest.fixture
def judged(ready: Vigistock, folder: Path) -> Vigistock:
    """Published as of 22 November; since then 00123 (announced) and 00125 (not) ran out."""
    publish(workspace_of(folder))
    dates = pd.date_range("2026-10-01", "2026-12-10")
    rows = [
        {**LYON, "sku": sku, "date": date.date(), "units": 2.0, "on_hand": on_hand}
        for date in dates
        for sku, on_hand in {
            "00123": 0.0 if date >= pd.Timestamp("2026-11-30") else 9.0,
            "00125": 0.0 if date >= pd.Timestamp("2026-12-02") else 9.0,
        }.items()
    ]
    for feed, column in (("sales", "units"), ("stock", "on_hand")):
        path = folder / f"{feed}.csv"
        pd.DataFrame(rows)[["date", "site", "sku", column]].to_csv(path, index=False)
        assert ready("ingest", feed, path).code == 0
    return ready


def workspace_of(folder: Path) -> Workspace:
    return read_workspace(folder).workspace


def test_it_tells_outcomes_and_names_what_was_missed(judged: Vigistock, folder: Path) -> None:
    answer = judged("scorecard")
    assert answer.code == 0, answer.err
    assert "1 publication (2026-11-22 to 2026-11-22)" in answer.out
    assert "ran out, as said" in answer.out
    assert "2026-12-02" in answer.out
    assert "LYON · 00125" in answer.out
    assert kept(workspace_of(folder)) is not None, "kept for the service"


def test_a_french_planner_reads_french(judged: Vigistock, monkeypatch: pytest.MonkeyPatch) -> None:
    english = judged("scorecard").out
    monkeypatch.setenv("VIGISTOCK_LANGUAGE", "fr")
    answer = judged("scorecard")
    assert answer.code == 0, answer.err
    assert "1 publication (du 22/11/2026 au 22/11/2026)" in answer.out
    assert "rupture, comme annoncé" in answer.out
    assert "02/12/2026" in answer.out
    same = set(english.split("\n")) & set(answer.out.split("\n"))
    assert not [line for line in same if re.search("[a-z]{3}", line)], "nothing is left in English"
    assert "Aucune alerte ne peut" in judged("scorecard", "--as-of", "2026-11-22").out


def test_weeks_are_told_whole_on_a_narrow_screen() -> None:
    counts = dict.fromkeys(("warnings", *OUTCOMES, "ruptures"), 1234)
    weeks = pd.DataFrame([{"period": f"2026-W{n}", "recall": 1.0, **counts} for n in (37, 38)])
    out = io.StringIO()
    Console(file=out, width=80).print(_groups(weeks, "period", words_of("fr")))
    assert "2026-W37" in out.getvalue()
    assert "2026-W38" in out.getvalue()
    assert "…" not in out.getvalue()


def test_every_word_is_said_in_both_languages() -> None:
    french, english = (set(WORDS[language]) for language in ("fr", "en"))
    rules = {"structural alone", "days of cover", "reorder point", "projected balance"}
    assert french == english | rules, "the rules are called so in English"


def test_json_is_one_object_and_the_file_has_the_documented_columns(
    judged: Vigistock, folder: Path
) -> None:
    path = folder / "outcomes.csv"
    found = judged("scorecard", "--output", path, "--json").json
    assert (found["overall"]["ruptured"], found["overall"]["missed"]) == (1, 1)
    assert [one["ruptured_on"] for one in found["missed"]] == ["2026-12-02"]
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(documented_columns("outcomes"))
    assert len(rows) == found["overall"]["warnings"]
    assert {row["sku"]: row["outcome"] for row in rows}["00123"] == "ruptured"
    assert all(row["warning"].isdigit() for row in rows)


def test_of_the_past_nothing_is_kept(judged: Vigistock, folder: Path) -> None:
    found = judged("scorecard", "--as-of", "2026-11-25", "--json").json
    assert (found["judged_up_to"], found["overall"]["open"]) == ("2026-11-25", 1)
    assert kept(workspace_of(folder)) is None


def test_before_anything_can_be_judged_it_says_why(judged: Vigistock) -> None:
    answer = judged("scorecard", "--as-of", "2026-11-22")
    assert answer.code == 0
    assert "No warning can be judged yet" in answer.out
