"""Alarms reach the people: by the service, by `doctor`, by `schedule`."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.database import upgrade
from api.workspaces import open_workspace
from forecasting.calendar import Frequency
from forecasting.record.database import connect
from models.health import Alarm, Sign, english
from models.health.promises import promises
from models.ledger import DEMAND, RISK, Entry, Ledger, Version
from models.publication import publication, publish_parts
from tests.commands.conftest import Vigistock, folder, vigistock
from tests.health.company import panel
from tests.models.published import NOON, parts_of, provenance, publish_by_hand

__all__ = ["folder", "vigistock"]  # fixtures

RISKS = {("LYON", "A"): 0.5, ("NICE", "B"): 0.1}
ODD = Alarm(Sign.LEVEL, "sales", 1000.0, 100.0)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    upgrade(database_url)
    made = connect(database_url)
    yield made
    made.dispose()


def publish_odd(engine: sa.Engine, root: Path) -> None:
    said = dataclasses.replace(provenance(), alarms=(ODD.plain(),))
    publish_parts(engine, root, parts_of(RISKS), said, created_at=NOON)


def test_a_publication_keeps_its_alarms(engine: sa.Engine, tmp_path: Path) -> None:
    publish_odd(engine, tmp_path)
    publish_by_hand(engine, tmp_path, RISKS)
    kept = [publication(engine, number).provenance.alarms for number in (1, 2)]
    assert [[Alarm.of(one) for one in alarms] for alarms in kept] == [[ODD], []]


def test_publications_whose_cycle_is_over_are_judged(engine: sa.Engine, tmp_path: Path) -> None:
    """Months published by hand: of August (twice), September and October, as of October."""
    for as_of, mean in (("2018-08", 1.0), ("2018-09", 3.0), ("2018-08", 2.0), ("2018-10", 4.0)):
        publish_by_hand(engine, tmp_path, RISKS, as_of=as_of, mean=mean)
    october = dataclasses.replace(
        panel(), frequency=Frequency.MONTH, origin=provenance("2018-10").origin
    )
    found = promises(engine, tmp_path, october)
    assert [(one.origin, one.mean_units[0, 0]) for one in found] == [
        (october.origin - 1, 3.0),
        (october.origin - 2, 2.0),
    ]
    assert found[0].codes.tolist() == sorted(RISKS)


def test_doctor_and_schedule_tell(vigistock: Vigistock, folder: Path) -> None:
    assert vigistock("init", "--frequency", "M").code == 0
    assert vigistock("schedule", "--json").json["retrain"] == []
    workspace = open_workspace(folder)
    engine = connect(workspace.database_url)
    publish_odd(engine, workspace.publications)
    versions = [
        Version(name, 1, "run", "d" * 64, NOON, "2018-05", "d" * 64, "0.1.0", {})
        for name in (DEMAND, RISK)
    ]
    ledger = Ledger(engine)
    ledger.add(versions)
    ledger.enter(
        [Entry(one.ref, None, "the first") for one in versions],
        at=dt.datetime(2018, 12, 1, tzinfo=dt.UTC),
        who="test",
    )
    engine.dispose()
    found = vigistock("doctor", "--json").json
    assert found["alarms"] == [english(ODD)]
    assert [line.partition(":")[0] for line in found["retrain"]] == ["Age", "Drift"]
    assert "Alarm" in vigistock("doctor").out
    told = vigistock("schedule", "--only", "cron")
    assert "Train now" in told.err
    assert "Train now" not in told.out, "lines for crontab stay lines for crontab"
