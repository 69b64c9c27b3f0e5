"""`init`, `doctor`, and how every command fails: one clear message, the right exit code."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.diagnosis import diagnose
from tests.api.published import publish, workspace_in
from tests.commands.conftest import Vigistock

REPOSITORY = Path(__file__).parents[2]


def test_init_makes_a_workspace(vigistock: Vigistock, folder: Path) -> None:
    answer = vigistock("init", "--frequency", "m", "--json")
    assert answer.code == 0
    assert answer.json["frequency"] == "M"
    assert 'frequency = "M"' in (folder / "vigistock.toml").read_text()
    assert (folder / "record.db").is_file()


def test_the_next_command_names_the_workspace_that_was_named(
    vigistock: Vigistock, tmp_path: Path
) -> None:
    other = tmp_path / "another company"
    assert f"vigistock --workspace '{other}' ingest" in vigistock("-w", other, "init").out
    assert "Next: vigistock ingest" in vigistock("init").out


def test_init_again_changes_nothing_and_never_the_frequency(
    vigistock: Vigistock, folder: Path
) -> None:
    assert vigistock("init", "--frequency", "W").code == 0
    before = (folder / "vigistock.toml").read_bytes()
    assert vigistock("init", "--frequency", "W").code == 0
    assert vigistock("init").code == 0
    refused = vigistock("init", "--frequency", "D")
    assert refused.code == 4
    assert "already a workspace" in refused.err
    assert (folder / "vigistock.toml").read_bytes() == before


def test_a_wrong_database_makes_no_folder(vigistock: Vigistock, folder: Path) -> None:
    assert vigistock("init", "--database", "record.db").code == 2
    assert not folder.exists()


@pytest.mark.parametrize(
    "arguments",
    [["doctor"], ["train"], ["warnings"], ["export", "forecasts"], ["rejects"], ["models", "list"]],
    ids=" ".join,
)
def test_outside_a_workspace_commands_say_how_to_make_one(
    vigistock: Vigistock, folder: Path, arguments: list[str]
) -> None:
    answer = vigistock(*arguments)
    assert answer.code == 1
    assert "init" in answer.err
    assert "Traceback" not in answer.err
    assert not folder.exists()


def test_an_error_as_json_is_the_one_object(vigistock: Vigistock) -> None:
    for arguments in (["--json", "doctor"], ["doctor", "--json"]):
        answer = vigistock(*arguments)
        assert answer.code == 1
        assert answer.json["error"]["code"] == "not_ready"
        assert answer.json["error"]["next_step"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nothing"], 2),
        (["ingest"], 2),
        (["ingest", "sails", "x.csv"], 2),
        (["ingest", "sales", "x.csv", "--profile", "generic-de"], 2),
        (["train", "--as-of", "2025-W53"], 2),
        (["train", "--as-of", "yesterday"], 2),
        (["publish", "--as-of", "2199-W01"], 2),
        (["train"], 1),
        (["publish"], 1),
        (["warnings", "--limit", "0"], 2),
        (["warnings", "--min-probability", "2"], 2),
        (["export", "weather"], 2),
        (["export", "warnings", "--grain", "day"], 2),
        (["export", "forecasts", "--all"], 2),
        (["export", "series", "--json"], 2),
        (["models", "show", "demand"], 2),
        (["models", "show", "demand-forecast"], 1),
        (["serve", "--host", "0.0.0.0"], 4),
        (["serve", "--host", "erp.example.com"], 4),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_exit_codes(ready: Vigistock, arguments: list[str], code: int) -> None:
    answer = ready(*arguments)
    assert answer.code == code, answer.err
    assert answer.err
    assert "Traceback" not in answer.err


def test_an_unexpected_fault_is_one_short_message(
    ready: Vigistock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr("api.diagnosis.diagnose", fail)
    answer = ready("doctor")
    assert answer.code == 1
    assert "ZeroDivisionError: a fault of ours" in answer.err
    assert "Traceback" not in answer.err


def _fill_a_file() -> None:
    Path("/dev/full").write_text("one more row")


def _fill_a_database() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 2")
        for number in range(3):
            connection.exec_driver_sql(f"CREATE TABLE t{number} (x)")


@pytest.mark.parametrize("fill", [_fill_a_file, _fill_a_database])
def test_a_full_disk_is_told_with_what_makes_room(
    ready: Vigistock, monkeypatch: pytest.MonkeyPatch, fill: Callable[[], None]
) -> None:
    monkeypatch.setattr("api.diagnosis.diagnose", lambda *_: fill())
    answer = ready("doctor", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (1, "no_room")
    assert "vigistock publications prune" in answer.json["error"]["next_step"]
    assert "full" in answer.json["error"]["message"] or "space" in answer.json["error"]["message"]
    assert "CREATE TABLE" not in answer.json["error"]["message"], "no statement of the database"


def test_doctor_tells_everything(
    ready: Vigistock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGISTOCK_SEED", "7")
    monkeypatch.setenv("VIGISTOCK_FREQENCY", "W")
    answer = ready("doctor", "--json")
    found = answer.json
    assert answer.code == 0
    assert found["settings"]["seed"] == {"value": 7, "source": "VIGISTOCK_SEED"}
    assert found["settings"]["frequency"] == {"value": "D", "source": "vigistock.toml"}
    assert found["database"]["schema_version"] == found["database"]["newest"] > "0000"
    assert found["packages"]["mlflow"]
    assert found["disk"]["free_gb"] > 0
    assert any("VIGISTOCK_FREQENCY" in note for note in found["notes"])
    assert any("no publication" in note for note in found["notes"])
    assert len(set(found["notes"])) == len(found["notes"])
    shown = ready("doctor")
    assert "VIGISTOCK_SEED" in shown.out
    assert "All is well" in shown.out


def test_doctor_names_settings_that_say_something_else_than_was_meant(
    ready: Vigistock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = folder.parent / "sites.csv"
    sites.write_text("site,country\nLYON,FR\nABIDJAN,ci\nNULLE PART,ZZ\n")
    assert ready("ingest", "sites", str(sites)).code == 0
    monkeypatch.setenv("VIGISTOCK_COUNTRY", "XX")
    monkeypatch.setenv("VIGISTOCK_HOLDING_RATE", "25")
    notes = ready("doctor", "--json").json["notes"]
    assert any("No public holiday is known of XX, ZZ" in note for note in notes)
    assert any("2500% of the unit cost" in note and "0.25" in note for note in notes)
    monkeypatch.setenv("VIGISTOCK_COUNTRY", "FR")
    monkeypatch.setenv("VIGISTOCK_HOLDING_RATE", "0.25")
    notes = ready("doctor", "--json").json["notes"]
    assert any("No public holiday is known of ZZ" in note for note in notes)
    assert not any("holding_rate" in note for note in notes)


def test_doctor_says_where_what_is_published_counts_by_another_period(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workspace_in(tmp_path / "w")
    publish(workspace)
    assert not any("counts by" in note for note in diagnose(workspace.folder)["notes"])
    monkeypatch.setenv("VIGISTOCK_FREQUENCY", "W")
    notes = diagnose(workspace.folder)["notes"]
    assert any("counts by day, the settings by week" in note for note in notes)


def test_doctor_says_that_flat_hours_are_assumed(ready: Vigistock, folder: Path) -> None:
    stock = folder.parent / "stock.csv"
    stock.write_text("date,site,sku,availability\n2026-11-02,LYON,CAFE,0.75\n")
    assert ready("ingest", "stock", str(stock)).code == 0
    assert any("flat hours" in note for note in ready("doctor", "--json").json["notes"])
    toml = folder / "vigistock.toml"
    toml.write_text(toml.read_text() + f"\nshop_hours = {[0] * 8 + [1] * 16}\n")
    assert not any("flat hours" in note for note in ready("doctor", "--json").json["notes"])


def test_doctor_reports_a_broken_record(ready: Vigistock, folder: Path) -> None:
    (folder / "record.db").write_bytes(b"not a database at all, surely" * 100)
    for leftover in folder.glob("record.db-*"):
        leftover.unlink()
    answer = ready("doctor", "--json")
    assert answer.code == 1
    assert answer.json["problems"]


def test_doctor_says_that_an_older_record_will_be_brought_up_to_date(
    ready: Vigistock, folder: Path
) -> None:
    with sqlite3.connect(folder / "record.db") as connection:
        connection.execute("ALTER TABLE publications DROP COLUMN pruned_at")
        connection.execute("UPDATE alembic_version SET version_num = '0006'")
    connection.close()
    answer = ready("doctor", "--json")
    assert (answer.code, answer.json["problems"]) == (0, [])
    assert any("has version 0006" in note for note in answer.json["notes"])


def test_doctor_changes_nothing(vigistock: Vigistock, folder: Path) -> None:
    folder.mkdir()
    (folder / "vigistock.toml").write_text("")
    assert vigistock("doctor").code == 0
    assert [path.name for path in folder.iterdir()] == ["vigistock.toml"]


def loaded_by(*arguments: str, cwd: Path = REPOSITORY) -> set[str]:
    """Top-level modules in a fresh interpreter after one command."""
    program = (
        "import sys, json, atexit; from api.commands import main; sys.argv[0] = 'vigistock'; "
        "atexit.register(lambda: sys.stderr.write(json.dumps(sorted("
        "{name.partition('.')[0] for name in sys.modules})))); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=cwd
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_nothing_heavy() -> None:
    heavy = {
        *("sqlalchemy", "pydantic_settings", "pydantic", "numpy", "pandas", "pyarrow", "fastapi"),
        *("starlette", "mlflow", "statsforecast", "lightgbm", "numba", "sklearn", "babel"),
    }
    assert not heavy & loaded_by("--help")


def test_reading_commands_import_no_model_library(ready: Vigistock, folder: Path) -> None:
    heavy = {"mlflow", "statsforecast", "lightgbm", "numba", "sklearn", "scipy", "fastapi"}
    assert not heavy & loaded_by("--workspace", str(folder), "models", "list")
    assert not heavy & loaded_by("--workspace", str(folder), "warnings")
