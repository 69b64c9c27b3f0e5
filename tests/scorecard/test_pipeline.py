"""Published warnings against the record: by hand, by month, on a real record and real files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from forecasting.calendar import Frequency
from forecasting.options import Options
from forecasting.record import Record
from models.ledger import DEMAND, Ledger, Version
from models.pipelines.scorecard import scorecard
from models.publication import list_publications
from models.workspace import Workspace
from tests.models.published import publish_by_hand
from tests.record.readings_by_hand import NOON, batch_of, reading_of

COFFEE, TEA, MILK = ("Abidjan", "COFFEE"), ("Abidjan", "TEA"), ("Abidjan", "MILK")
RISK = {COFFEE: 0.7, MILK: 0.6, TEA: 0.1}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, Options(frequency=Frequency.MONTH))


@pytest.fixture
def record(workspace: Workspace) -> Record:
    """Two years up to December 2018: coffee is empty in November, tea in December, milk never."""
    made = Record.open(workspace.database_url)
    made.create()
    months = [dt.date(2017 + month // 12, month % 12 + 1, 1) for month in range(24)]
    empty = {"COFFEE": months[22], "TEA": months[23]}
    keys = [
        {"date": date, "site": "Abidjan", "sku": sku}
        for date in months
        for sku in ("COFFEE", "MILK", "TEA")
    ]
    sales = [key | {"units": 10.0} for key in keys]
    stock = [
        key | {"on_hand": 0.0 if empty.get(str(key["sku"])) == key["date"] else 90.0}
        for key in keys
    ]
    rows = reading_of(batch_of("sales", *sales), batch_of("stock", *stock))
    made.deliver(rows, received_at=NOON)
    return made


def publish(workspace: Workspace, record: Record, *months: str) -> None:
    for month in months:
        publish_by_hand(record.engine, workspace.publications, RISK, as_of=month)


def test_past_publications_are_judged_by_the_record_as_of_now(
    workspace: Workspace, record: Record
) -> None:
    publish(workspace, record, "2018-09", "2018-10")
    found = scorecard(workspace)
    card = found.scorecard
    assert (found.publications, card.judged_up_to, card.origins) == (
        2,
        "2018-12",
        ["2018-09", "2018-10"],
    )
    warnings = card.warnings.set_index("sku")
    assert warnings["outcome"].to_dict() == {"COFFEE": "ruptured", "MILK": "false_alarm"}
    assert warnings["warning"].to_dict() == {"COFFEE": 1, "MILK": 2}
    assert warnings["publication"].tolist() == [1, 1], "the run began with the first"
    lead = card.ruptures.set_index("sku")["lead_days"].to_dict()
    assert lead == {"COFFEE": 61, "TEA": 0}, "from the end of September to that of November"
    missed = card.missed.iloc[0]
    assert (missed["sku"], missed["cause"], missed["probability"]) == ("TEA", "data", 0.1)
    assert card.overall["precision"] == card.overall["recall"] == 0.5


def test_nothing_to_judge_is_said_and_is_no_failure(workspace: Workspace, record: Record) -> None:
    assert scorecard(workspace).publications == 0
    publish(workspace, record, "2018-12")
    found = scorecard(workspace)
    assert (found.publications, found.scorecard.overall["warnings"]) == (0, 0)
    assert found.facts()["missed"] == []


def test_of_one_origin_the_latest_publication_counts(workspace: Workspace, record: Record) -> None:
    publish(workspace, record, "2018-10", "2018-10")
    found = scorecard(workspace)
    assert (found.publications, found.replaced) == (1, 1)
    assert found.scorecard.ruptures["publication"].tolist() == [2, 2]


def test_a_version_that_had_learned_from_later_data_judges_nothing(
    workspace: Workspace, record: Record
) -> None:
    publish(workspace, record, "2018-09", "2018-11")
    Ledger(record.engine).add([version("2018-10")])
    found = scorecard(workspace)
    assert (found.publications, found.learned_later) == (1, 1)
    assert found.scorecard.origins == ["2018-11"]


def version(origin: str) -> Version:
    return Version(DEMAND, 1, "run", "d" * 64, NOON, origin, "d" * 64, "0.1.0", {})


def test_files_that_are_gone_are_told_and_left_out(workspace: Workspace, record: Record) -> None:
    publish(workspace, record, "2018-09", "2018-10")
    first = list_publications(record.engine)[1]
    (workspace.publications / first.folder / first.parts["warnings"].file).unlink()
    found = scorecard(workspace)
    assert (found.publications, found.unreadable) == (1, 1)


def test_what_came_later_than_asked_is_not_looked_at(workspace: Workspace, record: Record) -> None:
    publish(workspace, record, "2018-09", "2018-10")
    card = scorecard(workspace, dt.date(2018, 10, 31)).scorecard
    assert card.origins == ["2018-09"]
    assert set(card.warnings["outcome"]) == {"open"}
    assert card.ruptures.empty
