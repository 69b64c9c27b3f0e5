"""`ingest` and `rejects`: nothing is lost, nothing is refused silently."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.commands.conftest import Vigistock

HEADER = "date,site,sku,units\n"
GOOD = "2026-11-20,LYON,00123,4\n2026-11-21,LYON,00123,2\n"
BAD = "2026-11-31,LYON,00123,1\n2026-11-21,LYON,00124,douze\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "a.csv").write_text(HEADER + GOOD)
    (folder / "b.csv").write_text(HEADER + "2026-11-22,PARIS,00123,1\n" + BAD)
    (folder / ".hidden.csv").write_text("nothing of it")
    return folder


def test_a_folder_is_its_files(ready: Vigistock, files: Path) -> None:
    answer = ready("ingest", "sales", files, "--json")
    assert answer.code == 0
    assert answer.json["total"] == {
        "read": 5,
        "accepted": 3,
        "rejected": 2,
        "duplicates": 0,
        "files": 2,
        "failed": 0,
    }
    assert [Path(file["source"]).name for file in answer.json["files"]] == ["a.csv", "b.csv"]
    assert ready("doctor", "--json").json["data"] == {"sales": "2026-11-22"}


def test_rejects_are_shown_with_line_and_reason(ready: Vigistock, files: Path) -> None:
    answer = ready("ingest", "sales", files / "b.csv")
    assert "3 rows read, 1 accepted, 2 rejected" in answer.out
    assert "b.csv:3 date" in answer.out
    assert "b.csv:4 units: 'douze'" in answer.out
    shown = ready("rejects")
    assert "b.csv:4" in shown.out
    found = ready("rejects", "--json").json
    assert found["count"] == 2
    assert {row["raw"] for row in found["rows"]} == set(BAD.splitlines())


def test_rejects_that_came_again_are_shown_where_asked_for(
    ready: Vigistock, files: Path, tmp_path: Path
) -> None:
    ready("ingest", "sales", files / "b.csv")
    (tmp_path / "mended.csv").write_text(HEADER + BAD.splitlines()[1].replace("douze", "12") + "\n")
    ready("ingest", "sales", tmp_path / "mended.csv")
    told = ready("rejects")
    assert "1 rejected row came again since" in told.out
    assert "b.csv:3" in told.out
    assert "b.csv:4" not in told.out
    assert "b.csv:4" in ready("rejects", "--settled").out
    left = ready("rejects", "--json").json
    assert (left["count"], left["came_again"]) == (1, 1)
    every = ready("rejects", "--settled", "--json").json["rows"]
    assert [row["settled_by"] for row in every] == [None, 2]


def test_a_file_that_does_not_fit_names_the_command_that_reads_it(
    ready: Vigistock, tmp_path: Path
) -> None:
    months = tmp_path / "by month.csv"
    months.write_text("date,site,sku,units\n2026-09,LYON,1,4\n2026-10,LYON,1,5\n")
    told = ready("ingest", "sales", months)
    hint = f"ingest sales '{months}' --check"
    assert hint in told.out
    checked = ready("ingest", "sales", months, "--check")
    assert hint not in checked.out
    assert "dates = 'YYYY-MM'" in checked.out
    mostly_good = tmp_path / "sales.csv"
    mostly_good.write_text("date,site,sku,units\n2026-09-01,LYON,1,4\n2026-10,LYON,1,5\n")
    assert "--check" not in ready("ingest", "sales", mostly_good).out


def test_rejects_are_exported(ready: Vigistock, files: Path, tmp_path: Path) -> None:
    ready("ingest", "sales", files)
    target = tmp_path / "rejects.csv"
    assert ready("rejects", "--export", target).code == 0
    lines = target.read_text().splitlines()
    assert len(lines) == 3
    assert {"line", "column", "code", "message", "raw"} <= set(lines[0].split(","))
    assert ready("rejects", "--export", tmp_path / "no" / "folder.csv").code == 1


def test_no_rejected_row_is_a_formula_for_the_spreadsheet_that_opens_it(
    ready: Vigistock, tmp_path: Path
) -> None:
    sales, target = tmp_path / "sales.csv", tmp_path / "rejects.csv"
    sales.write_text("date,site,sku,units\n=1+1,LYON,A,1\n2026-02-30,LYON,A,1\n")
    ready("ingest", "sales", sales)
    assert ready("rejects", "--export", target).code == 0
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["raw"] for row in rows] == ["'=1+1,LYON,A,1", "2026-02-30,LYON,A,1"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sales.json", '[{"date": "2026-11-20", "site": "LYON", "sku": "00123", "units": 4}]'),
        ("sales.ndjson", '{"date": "2026-11-20", "site": "LYON", "sku": "00123", "units": 4}\n'),
    ],
)
def test_json_and_ndjson_go_in_too(ready: Vigistock, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert "1 row read, 1 accepted" in ready("ingest", "sales", tmp_path / name).out


def test_strict_exits_with_3_after_taking_the_good_rows(ready: Vigistock, files: Path) -> None:
    assert ready("ingest", "sales", files / "a.csv", "--strict").code == 0
    assert ready("ingest", "sales", files / "b.csv", "--strict").code == 3
    assert ready("doctor", "--json").json["data"] == {"sales": "2026-11-22"}


def test_check_takes_nothing(ready: Vigistock, files: Path) -> None:
    answer = ready("ingest", "sales", files, "--check", "--json")
    assert (answer.code, answer.json["total"]["accepted"]) == (0, 3)
    assert ready("ingest", "sales", files, "--check", "--strict").code == 3
    assert ready("rejects", "--json").json["count"] == 0
    assert ready("doctor", "--json").json["data"] == {}


def test_the_same_file_again_is_a_no_op(ready: Vigistock, files: Path) -> None:
    first = ready("ingest", "sales", files / "a.csv", "--json").json["files"][0]
    again = ready("ingest", "sales", files / "a.csv", "--json").json["files"][0]
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert first["delivery"] == again["delivery"]
    assert "already in" in ready("ingest", "sales", files / "a.csv").out


def test_an_unreadable_file_is_named_and_the_others_go_in(
    ready: Vigistock, files: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"date,site,sku,units\n\xff\xfe\x00,A,B,1\n")
    missing = tmp_path / "missing.csv"
    answer = ready("ingest", "sales", missing, broken, files / "a.csv")
    assert answer.code == 1
    assert "missing.csv" in answer.err
    assert "broken.csv" in answer.err
    assert "2 of 3 files could not be read; the others went in." in answer.err
    assert ready("doctor", "--json").json["data"] == {"sales": "2026-11-21"}
    alone = ready("ingest", "sales", missing)
    assert (alone.code, "others" in alone.err, alone.out) == (1, False, "")
    facts = ready("ingest", "sales", missing, "--json")
    assert facts.code == 1
    assert facts.json["files"][0]["error"]["code"] == "delivery_refused"


def test_columns_that_are_missing(ready: Vigistock, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("date,site,units\n2026-11-20,LYON,4\n")
    answer = ready("ingest", "sales", file)
    assert answer.code == 1
    assert "sku" in answer.err
    assert "→" in answer.err


def test_a_ledger_takes_its_own_profile(ready: Vigistock, tmp_path: Path) -> None:
    file = tmp_path / "ledger.csv"
    file.write_text(
        "year,month,region,district,site_code,product_code,stock_initial,stock_received,"
        "stock_distributed,stock_adjustment,stock_end,average_monthly_consumption,"
        "stock_stockout_days,stock_ordered\n"
        "2018,11,R,D,C1004,AS27134,10,5,7,0,8,6,0,12\n"
    )
    answer = ready("ingest", "ledger", file, "--json")
    assert answer.code == 0, answer.out
    assert answer.json["total"]["accepted"] == 1
    assert {"sales", "stock"} <= set(ready("doctor", "--json").json["data"])


def test_an_empty_folder(ready: Vigistock, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = ready("ingest", "sales", tmp_path / "empty")
    assert answer.code == 0
    assert "no file" in answer.out


def test_many_files_are_summed_up(ready: Vigistock, tmp_path: Path) -> None:
    for day in range(1, 21):
        (tmp_path / f"day-{day:02}.csv").write_text(f"{HEADER}2026-10-{day:02},LYON,00123,1\n")
    answer = ready("ingest", "sales", *sorted(tmp_path.glob("day-*.csv")))
    assert "20 files" in answer.out
    assert "and 20 more" in answer.out


VENTES = "Jour;Entrepôt;Article;Qté\n13/04/2026;LYON;00123;1 234,5\n"


def test_a_check_that_does_not_fit_says_how_the_file_seems_written(
    ready: Vigistock, tmp_path: Path
) -> None:
    (tmp_path / "ventes.csv").write_text(VENTES, "cp1252")
    answer = ready("ingest", "sales", tmp_path / "ventes.csv", "--check")
    assert answer.code == 1
    shown = " ".join(answer.out.split())
    assert "encoding = 'cp1252': read so, there are words such as" in shown
    assert "1 of 1 row would be accepted" in shown
    assert "--propose mine.toml" in shown
    fits = ready("ingest", "sales", tmp_path / "ventes.csv", "--check", "--profile", "generic-fr")
    assert "seems to be written" not in ready("ingest", "sales", _good(tmp_path), "--check").out
    assert "seems to be written" in fits.out, "a header is missing there too"


def _good(folder: Path) -> Path:
    path = folder / "good.csv"
    path.write_text(HEADER + GOOD)
    return path


def test_a_proposed_profile_is_written_once_and_used_only_when_asked(
    ready: Vigistock, tmp_path: Path
) -> None:
    source, target = tmp_path / "ventes.csv", tmp_path / "mine.toml"
    source.write_text(VENTES, "cp1252")
    answer = ready("ingest", "sales", source, "--propose", target, "--json")
    assert answer.code == 0
    assert (answer.json["accepted"], answer.json["written"]) == (1, str(target))
    assert any("Entrepôt" in doubt for doubt in answer.json["in_doubt"])
    assert ready("doctor", "--json").json["data"] == {}, "nothing was taken"
    assert ready("ingest", "sales", source).code == 1, "not used unasked"
    taken = ready("ingest", "sales", source, "--profile", target, "--json")
    assert taken.json["total"]["accepted"] == 1
    again = ready("ingest", "sales", source, "--propose", target)
    assert again.code == 1
    assert "does not exist yet" in again.err
    assert ready("ingest", "sales", source, "--propose", tmp_path / "mine.txt").code == 1
    assert ready("ingest", "sales", tmp_path / "no.csv", "--propose", tmp_path / "b.toml").code == 1


def test_a_sale_of_next_year_is_set_aside(ready: Vigistock, tmp_path: Path) -> None:
    """The machine's clock says what day it is; it is never before this was written."""
    (tmp_path / "a.csv").write_text(HEADER + GOOD + "2199-11-20,LYON,00123,4\n")
    found = ready("ingest", "sales", tmp_path / "a.csv", "--json").json["files"][0]
    assert (found["accepted"], found["rejected"]) == (2, 1)
    assert found["examples"][0]["code"] == "in_the_future"


def test_of_several_files_each_note_names_its_own(ready: Vigistock, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + GOOD)
    (tmp_path / "b.csv").write_text(HEADER + GOOD + "2026-11-19,LYON,00123,4,5\n" + GOOD)
    told = ready("ingest", "sales", tmp_path / "a.csv", tmp_path / "b.csv").out
    assert "note b.csv: " in " ".join(told.split()), told
    alone = ready("ingest", "sales", tmp_path / "b.csv", "--check").out
    assert "note b.csv" not in alone
    assert "field(s) where the header has" in alone
    assert " : " not in alone, "a row that could not be cut has no column to name"
