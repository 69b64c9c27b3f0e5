"""`vigistock demo` on a smaller company: the same path, from the files to the planner's list."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from api.demo import END, build_company
from api.demo.files import DemoFiles
from tests.commands.conftest import Vigistock

COMMANDS = ["init", *["ingest"] * 14, "train", "warnings"]


def small_company(folder: Path) -> DemoFiles:
    return build_company(folder, days=150, sites=2, items=8)


def test_the_demonstration_is_what_a_user_would_type(
    vigistock: Vigistock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.demo.build_company", small_company)
    answer = vigistock("demo", "--no-serve")
    assert answer.code == 0, answer.err
    typed = [line.split()[4] for line in answer.out.splitlines() if line.startswith("$ ")]
    assert typed == COMMANDS
    assert "Publication 1" in answer.out

    again = vigistock("demo", "--no-serve")
    typed = [line.split()[4] for line in again.out.splitlines() if line.startswith("$ ")]
    assert (again.code, typed) == (0, ["warnings"])
    the_first_screen_names_whom_to_call(vigistock, folder, monkeypatch)
    assert vigistock("doctor", "--json").json["champions"] == {
        "demand-forecast": 1,
        "rupture-risk": 1,
    }
    versions = vigistock("models", "list", "--json").json["versions"]
    assert [version["champion"] for version in versions] == [True, True]
    shown = vigistock("models", "show", "demand-forecast")
    assert "first version" in shown.out
    risk = vigistock("models", "show", "rupture-risk")
    assert "horizons" in risk.out
    assert "rmsse" not in risk.out
    published = vigistock("publish", "--as-of", "2026-W46", "--json")
    assert (published.json["publication"], published.json["origin"]) == (2, "2026-11-15")

    promoted = vigistock("train", "--promote", "a reason that is kept", "--json").json
    assert (promoted["demand_version"], promoted["champion"]) == (2, True)
    assert vigistock("doctor", "--json").json["champions"]["demand-forecast"] == 2
    assert "a reason that is kept" in vigistock("models", "show", "demand-forecast").out


def the_first_screen_names_whom_to_call(
    vigistock: Vigistock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The container that is late and the supplier that stopped, each a group with the order that
    is not in, as the ERP's file has it; from the top of the screen, before any series."""
    orders = pd.read_csv(folder / "demo-files" / "orders.csv", dtype=str)
    late = orders[(orders["status"] == "open") & (orders["promised_on"] < str(END))]
    overdue = late.groupby("supplier")["order_id"].unique()
    assert set(overdue.index) >= {"NOVAPACK", "SAVLAURENT"}
    for language, title, below, call, by in (
        ("fr", "À faire aujourd’hui", "Les ruptures qui viennent", "Appeler", "au plus tard le"),
        ("en", "To do today", "What will run out", "Call", "by"),
    ):
        monkeypatch.setenv("VIGISTOCK_LANGUAGE", language)
        screen = vigistock("warnings").out
        assert any(line.startswith(title) for line in screen.splitlines()[:2])  # how old data are
        actions = screen.partition(title)[2].partition(below)[0]
        for supplier in ("NOVAPACK", "SAVLAURENT"):
            (action,) = [one for one in actions.split("──\n") if f"{call} {supplier}" in one]
            said = " ".join(action.split())
            assert f"{call} {supplier} {by} " in said
            for order in overdue[supplier]:
                assert order in said, (supplier, language)
    monkeypatch.delenv("VIGISTOCK_LANGUAGE")


def test_a_companys_own_workspace_is_left_alone(ready: Vigistock, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("date,site,sku,units\n2026-11-20,LYON,00123,4\n")
    assert ready("ingest", "sales", file).code == 0
    refused = ready("demo", "--no-serve")
    assert refused.code == 4
    assert "already holds" in refused.err
    assert ready("doctor", "--json").json["data"] == {"sales": "2026-11-20"}
