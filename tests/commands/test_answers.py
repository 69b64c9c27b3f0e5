"""`warnings` and `export` on a really published company."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from api.planner_list import line_of
from api.workspaces import open_workspace
from forecasting.record.database import connect
from models.health import Alarm, Sign
from models.publication import PublicationReader
from models.publication.lives import State, Wish, change
from tests.api.published import AWKWARD, DAYS, SERIES, publish, workspace_in
from tests.commands.conftest import Vigistock


@pytest.fixture
def published(vigistock: Vigistock, folder: Path) -> Vigistock:
    publish(workspace_in(folder))
    return vigistock


def test_the_table_speaks_the_planners_language(published: Vigistock, folder: Path) -> None:
    french = published("warnings").out
    for words in ("en rupture", "85 %", "Commande PO-1182 en retard de 4 jours", "3,6 k €"):
        assert words in french.replace("\xa0", " "), french
    assert "1 référence déjà en rupture, 2 alertes." in french
    assert "lun. 23 nov., 11 h" in " ".join(french.split())
    shown = published("warnings", "--limit", 1).out
    assert "1 référence déjà en rupture (0 montrée), 2 alertes (1 montrée)." in shown
    with (folder / "vigistock.toml").open("a") as file:
        file.write('language = "en"\n')
    english = published("warnings").out
    for words in ("out of stock", "85%", "Order PO-1182 is 4 days late", "€3.6K", "Mon 23 Nov"):
        assert words in english, english
    assert "2026-11-23 11:00" not in english


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_screen(
    published: Vigistock, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    table = published("warnings").out.split("1 référence déjà")[0]
    assert max(map(len, table.splitlines())) <= width
    flat = " ".join(table.split())
    assert "références," in flat.split(), "no word is broken"
    assert AWKWARD[0].split()[0] in flat
    assert "Café moulu" in flat


def test_what_is_out_comes_first_and_leaves_room_for_warnings(published: Vigistock) -> None:
    rows = published("warnings", "--json").json["warnings"]
    assert [row["state"] for row in rows] == ["out", "new", "new"]
    two = published("warnings", "--limit", 2, "--json").json["warnings"]
    assert [(row["state"], row["sku"]) for row in two] == [("out", "00124"), ("new", "00123")]


def test_filters(published: Vigistock) -> None:
    def skus(*arguments: object) -> list[str]:
        return [row["sku"] for row in published("warnings", "--json", *arguments).json["warnings"]]

    assert skus("--site", AWKWARD[0]) == [AWKWARD[1]]
    assert skus("--min-probability", 0.05, "--site", "LYON") == ["00124", "00123", "00125"]
    assert skus("--publication", 1, "--site", "PARIS") == []
    assert "Rien à signaler" in published("warnings", "--site", "PARIS").out
    assert published("warnings", "--publication", 9).code == 2


def test_what_is_put_off_or_settled_leaves_the_list(published: Vigistock, folder: Path) -> None:
    rows = published("warnings", "--json").json["warnings"]
    settled, put_off = (
        {row["state"]: row["warning"] for row in rows}[one] for one in ("new", "out")
    )
    engine = connect(open_workspace(folder).database_url)
    now = dt.datetime.now(dt.UTC)
    tomorrow = now.date() + dt.timedelta(days=1)
    for number, wish in (
        (settled, Wish(state=State.RESOLVED)),
        (put_off, Wish(snoozed_until=tomorrow)),
    ):
        change(engine, number, wish, seen=1, who="anna", at=now)
    engine.dispose()
    left = published("warnings", "--json").json
    assert {row["warning"] for row in left["warnings"]} == {row["warning"] for row in rows} - {
        settled,
        put_off,
    }
    assert (left["out"], left["warned"]) == (0, 1)
    whoever = published("warnings", "--min-probability", 0.05, "--json").json["warnings"]
    assert {settled, put_off} < {row["warning"] for row in whoever}


def test_actions_of_all_sites_are_not_told_of_one(published: Vigistock) -> None:
    whole = published("warnings").out
    some = published("warnings", "--site", "LYON").out
    likely = published("warnings", "--min-probability", 0.05).out
    for words in ("À faire aujourd’hui", "Coûts non comptés", "Messages prêts"):
        assert words in whole
        assert words not in some + likely


def test_a_mistyped_site_is_not_all_clear(published: Vigistock) -> None:
    answer = published("warnings", "--site", "PARI")
    assert answer.code == 2
    assert "There is no site 'PARI'. Did you mean 'PARIS'?" in " ".join(answer.err.split())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Sales: none of NICE since Sun 13 Sep, while stock still comes"),
        ("fr", "Ventes : rien de NICE depuis le dim. 13 sept., alors que le stock"),
    ],
)
def test_odd_data_are_told_above_the_list(
    vigistock: Vigistock, folder: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    gone = Alarm(Sign.SILENT, "sales", 70.0, 1.0, ("NICE",), 1, {"since": "2026-09-13"})
    publish(workspace_in(folder), alarms=[gone])
    monkeypatch.setenv("VIGISTOCK_LANGUAGE", language)
    shown = " ".join(vigistock("warnings").out.replace("\xa0", " ").split())
    assert words in shown


@pytest.mark.parametrize(
    ("language", "words", "calm"),
    [
        ("en", "is not known: nothing can be said of them", "Nothing to report"),
        ("fr", "rien ne peut en être dit", "Rien à signaler"),
    ],
)
def test_unknown_stock_is_no_all_clear(
    published: Vigistock, monkeypatch: pytest.MonkeyPatch, language: str, words: str, calm: str
) -> None:
    assert words not in published("warnings").out
    told = PublicationReader.warnings

    def unseen(self: PublicationReader, **asked: Any) -> pd.DataFrame:
        return told(self, **asked).assign(state="unknown", warning=None)

    monkeypatch.setattr(PublicationReader, "warnings", unseen)
    monkeypatch.setenv("VIGISTOCK_LANGUAGE", language)
    shown = " ".join(published("warnings").out.split())
    assert words in shown
    assert calm not in shown
    monkeypatch.setattr("api.messages.digest.digests_of", lambda *_, **__: [])
    assert words in " ".join(published("digest").out.split())


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (dt.date(2026, 11, 27), "au dim. 22 nov., il y a 5 jours"),
        (dt.date(2029, 11, 27), "au dim. 22 nov. 2026, il y a 1 101 jours"),
    ],
)
def test_it_says_that_the_data_are_old(
    published: Vigistock, monkeypatch: pytest.MonkeyPatch, now: dt.date, words: str
) -> None:
    for module in ("clock", "planner_list"):
        monkeypatch.setattr(f"api.{module}.today", lambda: now)
    said = " ".join(published("warnings").out.split())
    assert f"Les données s’arrêtent {words}" in said


def late_row(**told: object) -> pd.Series:
    return pd.Series(
        {
            **{"warning": 1, "site": "LYON", "sku": "00123", "state": "new", "act_by": "too_late"},
            **{"back_on": None, "stockout_on": None, "probability": 0.5, "value_at_risk": None},
            **{"currency": "", "cause_en": "", "action_en": "", **told},
        }
    )


def test_what_a_depot_saves_beyond_its_own_stake_is_said() -> None:
    today = dt.date(2026, 11, 22)
    saves = {"currency": "EUR", "value_at_risk": 424.0, "actions": '[{"loss_avoided": 700.0}]'}
    assert line_of(late_row(**saves), "", "fr", today).beyond == (
        "évite 700\xa0€, sites livrés compris"
    )
    for less in ({"actions": '[{"loss_avoided": 424.2}]'}, {"actions": ""}, {"currency": ""}):
        said = line_of(late_row(**(saves | less)), "", "en", today)
        assert said.beyond == (
            "" if "currency" not in less else "avoids 700, sites supplied included"
        )


@pytest.mark.parametrize(("loss", "told"), [(84.0, "€84 a day"), (0.3, ""), (np.nan, "")])
def test_a_day_out_that_costs_next_to_nothing_is_not_told_as_zero(loss: float, told: str) -> None:
    row = late_row(state="out", currency="EUR", loss_a_day=loss)
    assert line_of(row, "", "en", dt.date(2026, 11, 22)).a_day == told


def test_too_late_says_what_limits_the_loss() -> None:
    today = dt.date(2026, 11, 22)
    action = "expedite order PO-1 (8 units) by 2026-11-23 11:00; order 4 units by 2027-11-23"
    assert line_of(late_row(action_en=action), "", "en", today).actions == [
        "Too late to avoid it; to limit it:",
        "Expedite order PO-1 (8 units) by Mon 23 Nov, 11:00",
        "Order 4 units by Tue 23 Nov 2027",
    ]
    assert line_of(late_row(), "", "en", today).actions == ["Too late to avoid it."]
    out = line_of(late_row(state="out", action_en="order 4 units"), "", "en", today)
    assert out.actions == ["Order 4 units"]


def test_without_a_publication(ready: Vigistock) -> None:
    answer = ready("warnings")
    assert answer.code == 1
    assert "vigistock train" in answer.err


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_forecasts_to_the_screen_as_csv(published: Vigistock) -> None:
    rows = read(published("export", "forecasts").out)
    assert len(rows) == len(SERIES) * DAYS
    assert list(rows[0])[:7] == [
        *("publication", "site", "sku", "period", "period_start", "mean", "q005")
    ]
    assert rows[0]["period"] == rows[0]["period_start"] == "2026-11-23"
    weeks = read(published("export", "forecasts", "--grain", "week").out)
    assert (weeks[0]["period"], weeks[0]["period_start"]) == ("2026-W48", "2026-11-23")


def test_warnings_in_the_order_of_the_contract(published: Vigistock) -> None:
    said, everything = published("export", "warnings"), published("export", "warnings", "--all")
    assert len(read(everything.out)) == len(SERIES)
    assert [row["state"] for row in read(said.out)] == ["new", "new", "out"]
    header = said.out.splitlines()[0]
    assert header.startswith(
        "publication,warning,site,sku,probability,horizon_days,p_7d,p_14d,p_28d,stockout_on,"
        "stockout_on_p10,stockout_on_p90,days_of_cover,units_short,value_at_risk,currency,causes,"
        "act_by,actions,method,origin,model_version,state,p_no_order,p_before_next_receipt,back_on"
    )
    calm = next(row for row in read(everything.out) if row["sku"] == "00125")
    assert (calm["warning"], calm["stockout_on"], calm["value_at_risk"]) == ("", "", "")


@pytest.mark.parametrize(
    "what", ["forecasts", "warnings", "proposals", "options", "groups", "series"]
)
def test_all_formats_say_the_same(published: Vigistock, tmp_path: Path, what: str) -> None:
    every = ["--all"] if what == "warnings" else []
    found = {}
    for form in ("csv", "json", "ndjson", "parquet"):
        target = tmp_path / f"out.{form}"
        answer = published("export", what, *every, "--format", form, "--output", target)
        assert answer.code == 0, answer.err
        assert answer.out == ""
        found[form] = target
    objects = json.loads(found["json"].read_bytes())
    lines = [json.loads(line) for line in found["ndjson"].read_bytes().splitlines()]
    table = pq.read_table(found["parquet"])
    cells = read(found["csv"].read_text())
    assert objects == lines
    assert len(table) == len(objects) == len(cells)
    assert table.column_names == list(objects[0]) == list(cells[0])
    for row, cell in zip(objects, cells, strict=True):
        for name, value in row.items():
            if isinstance(value, bool):
                assert cell[name] == json.dumps(value), name
            elif isinstance(value, float | int):
                assert float(cell[name]) == value
            else:
                assert cell[name] == ("" if value is None else str(value)), name


def test_an_export_replaces_the_file_only_once_it_is_whole(
    published: Vigistock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.csv"
    target.write_text("of last week")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(__import__("api.tabular").tabular.WRITERS, "csv", fail)
    answer = published("export", "forecasts", "--output", target)
    assert answer.code == 1
    assert "No space left" in answer.err
    assert target.read_text() == "of last week"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.csv"]


def test_an_export_as_json_names_the_file(published: Vigistock, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    answer = published("export", "series", "--output", target, "--json")
    assert answer.json == {
        "export": "series",
        "format": "csv",
        "publication": 1,
        "rows": len(SERIES),
        "file": str(target),
    }
