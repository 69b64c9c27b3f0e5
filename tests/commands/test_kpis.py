"""`kpis` and `export kpis` on a published company."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from models.kpis import KPIS
from models.kpis.figures import FIGURES
from tests.api.published import publish, workspace_in
from tests.commands.conftest import Vigistock


@pytest.fixture
def published(vigistock: Vigistock, folder: Path) -> Vigistock:
    publish(workspace_in(folder))
    return vigistock


def test_a_mistyped_supplier_is_not_nothing_to_count(published: Vigistock) -> None:
    answer = published("kpis", "--supplier", "Novapak")
    assert answer.code == 2
    assert "Did you mean 'Novapack'?" in " ".join(answer.err.split())


def test_the_board_speaks_the_workspaces_language(published: Vigistock, folder: Path) -> None:
    french = " ".join(published("kpis").out.replace("\xa0", " ").split())
    for words in ("octobre 2026", "90,0 %", "70,0 %", "mieux", "absent depuis le 3 mars 2026"):
        assert words in french, french
    with (folder / "vigistock.toml").open("a") as file:
        file.write('language = "en"\n')
    english = " ".join(published("kpis", "--site", "LYON").out.split())
    for words in ("Supplier reliability", "October 2026", "90.0%", "better", "“costs” since March"):
        assert words in english, english


def test_a_period_is_told_once_and_a_terminal_is_wide_enough(
    published: Vigistock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = published("kpis").out.replace("\xa0", " ").splitlines()
    assert [line.strip() for line in told].index("octobre 2026") == 0
    assert sum("octobre" in line for line in told) == 1
    assert max(len(line.rstrip()) for line in told) <= 80
    assert any(line.split()[-1:] == ["mieux"] for line in told)


def test_one_object_holds_every_kpi(published: Vigistock) -> None:
    told = published("--json", "kpis", "--supplier", "Novapack").json
    assert {one["kpi"] for one in told["kpis"]} == {one.name for one in KPIS}
    lines = [one for one in told["kpis"] if one["kpi"] == "supplier_otif"]
    assert {one["denominator"] for one in lines if one["period"] == "2026-10"} == {30.0}
    assert "NaN" not in published("--json", "kpis").out


def test_the_export_has_every_place(published: Vigistock) -> None:
    rows = list(csv.DictReader(io.StringIO(published("export", "kpis").out)))
    assert list(rows[0]) == ["publication", *FIGURES, "origin"]
    assert {row["by"] for row in rows} == {"total", "site", "supplier", "category"}
    november = [row for row in rows if (row["kpi"], row["period"]) == ("stockout_rate", "2026-11")]
    total = next(row for row in november if row["by"] == "total")
    for by in ("site", "supplier", "category"):
        parts = [float(row["denominator"]) for row in november if row["by"] == by]
        assert sum(parts) == float(total["denominator"]) == 150.0


@pytest.mark.parametrize(
    "words",
    [
        ("kpis", "--supplier", "Novapack", "--category", "café"),
        ("kpis", "--grain", "day"),
        ("export", "kpis", "--grain", "day"),
        ("export", "series", "--grain", "week"),
    ],
)
def test_wrong_usage(published: Vigistock, words: tuple[str, ...]) -> None:
    assert published(*words).code == 2
