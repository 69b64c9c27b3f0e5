"""Published under overrides: applied, told, undone to the digit, made again as it was."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from api import clock
from forecasting.record import Record
from models.overrides.declaration import override_of
from models.overrides.ledger import add, revoke
from models.pipelines.publish import publish
from models.pipelines.reproduce import reproduce
from models.pipelines.scenario import scenario
from models.pipelines.scorecard import scorecard
from models.pipelines.train import train
from models.publication import PublicationReader, open_publication
from models.publication.contracts import OVERRIDDEN
from models.scenarios.declaration import scenario_of
from models.workspace import Workspace
from tests.models.test_pipelines import ITEMS, NOVEMBER, OCTOBER, deliver, opened

END = clock.today() + dt.timedelta(days=200)


@pytest.fixture
def record(trained: Workspace) -> Iterator[Record]:
    with opened(trained) as made:
        yield made


def say(record: Record, **values: Any) -> int:
    """Made in good time for an origin of October 2026."""
    usual = {"kind": "demand", "site": "Abidjan", "sku": "TEA", "reason": "I was told"}
    wanted = {"start": dt.date(2026, 11, 1), "end": END}
    declared = override_of(usual | wanted | values)
    made = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)
    return add(record.engine, declared, who="Claire", at=made)[0].number


def tables(workspace: Workspace, record: Record, number: int) -> dict[str, pd.DataFrame]:
    reader = open_publication(record.engine, workspace.publications, number)
    return {name: reader.part(name).to_pandas() for name in reader.publication.parts}


def reader_of(workspace: Workspace, record: Record) -> PublicationReader:
    return open_publication(record.engine, workspace.publications)


def test_an_override_moves_what_is_published_and_tells_both_figures(
    trained: Workspace, record: Record
) -> None:
    number = say(record, units=50.0, end=dt.date(2026, 12, 31))
    outcome = publish(trained, OCTOBER)
    reader = reader_of(trained, record)
    before, after = (tables(trained, record, one) for one in (1, outcome.publication))

    assert outcome.overrides == (number,)
    assert reader.publication.provenance.overrides == (number,)
    rows = reader.series("Abidjan", "TEA").forecasts["month"]
    assert [row["mean"] for row in rows[:2]] == [50.0, 50.0]
    assert {row["method"] for row in rows[:2]} == {"override"}
    assert "override 1: demand = 50; by the model alone" in rows[0]["reason"]
    assert rows[2]["method"] != "override"
    figures = after[OVERRIDDEN]
    alone = before["forecasts_month"].query("site == 'Abidjan' and sku == 'TEA'")["mean"].iloc[:2]
    demand, risk = (figures[figures["kind"] == kind] for kind in ("demand", "risk"))
    assert demand["before"].round(6).tolist() == alone.tolist()
    assert demand["after"].tolist() == [50.0, 50.0]
    for column, table in (("before", before), ("after", after)):
        chance = table["warnings"].query("site == 'Abidjan' and sku == 'TEA'")["probability"]
        assert risk[column].tolist() == pytest.approx(chance.tolist(), abs=1e-9)

    projected = after["projection"].query("site == 'Abidjan' and sku == 'TEA'")
    assert projected["demand_mean"].iloc[0] == pytest.approx(50.0, rel=0.15)
    others = {
        name: [
            table[(table["site"] != "Abidjan") | (table["sku"] != "TEA")].reset_index(drop=True)
            for table in (before[name], after[name])
        ]
        for name in ("forecasts_month", "projection")
    }
    for name, (old, new) in others.items():
        pd.testing.assert_frame_equal(
            old.astype({"site": str, "sku": str}),
            new.astype({"site": str, "sku": str}),
            check_categorical=False,
            obj=name,
        )


def test_revoked_the_former_numbers_are_back_to_the_digit(
    trained: Workspace, record: Record
) -> None:
    number = say(record, factor=3.0)
    publish(trained, OCTOBER)
    revoke(record.engine, number, who="Paul", reason="a mistake", at=dt.datetime.now(dt.UTC))
    third = publish(trained).publication
    first = open_publication(record.engine, trained.publications, 1).publication
    again = open_publication(record.engine, trained.publications, third).publication
    assert {name: one.sha256 for name, one in again.parts.items()} == {
        name: one.sha256 for name, one in first.parts.items()
    }
    assert again.provenance.overrides == ()


def test_a_publication_is_made_again_with_overrides_revoked_since(
    trained: Workspace, record: Record
) -> None:
    numbers = [
        say(record, factor=3.0),
        say(record, kind="stock", units=12.0),
        say(record, factor=0.5, sku="MILK", site=""),
    ]
    second = publish(trained, OCTOBER).publication
    for number in numbers:
        revoke(record.engine, number, who="Paul", reason="over", at=dt.datetime.now(dt.UTC))
    say(record, factor=7.0)
    for number in (1, second):
        made = reproduce(trained, number)
        assert made.same, made.differs
    assert OVERRIDDEN in reproduce(trained, second).parts


def test_what_is_said_later_is_not_known_to_an_earlier_day(
    trained: Workspace, record: Record
) -> None:
    """May had been over, and June too, when somebody spoke."""
    say(record, factor=5.0)
    outcome = publish(trained, dt.date(2026, 5, 31))
    assert (outcome.origin, outcome.overrides) == ("2026-05", ())
    assert publish(trained).overrides == (1,)


def test_training_learns_nothing_from_an_override(trained: Workspace, record: Record) -> None:
    first = open_publication(record.engine, trained.publications, 1).provenance
    say(record, factor=5.0, site="", sku="COFFEE")
    again = train(trained, OCTOBER, promote="to see")
    published = open_publication(record.engine, trained.publications, again.publication)
    assert again.data_digest == first["data_digest"]
    assert published.publication.provenance.overrides == (1,)
    assert OVERRIDDEN in published.publication.parts


def test_the_scorecard_says_what_overrides_were_worth(trained: Workspace, record: Record) -> None:
    assert scorecard(trained).facts()["overrides"] is None
    say(record, factor=4.0, site="", sku="MILK", end=dt.date(2026, 11, 30))
    publish(trained, OCTOBER)
    deliver(record, 34, 35, ITEMS)
    found = scorecard(trained, NOVEMBER).facts()["overrides"]
    assert (found["overrides"], found["figures"], found["series"]) == (1, 2, 2)
    assert found["wape"] > found["wape_model"]
    assert found["value_added"] < 0


def test_a_scenario_stands_on_what_people_know(trained: Workspace, record: Record) -> None:
    """From what is kept of the publication, and from the same made again."""
    say(record, factor=3.0, site="", sku="MILK")
    publish(trained, OCTOBER)
    more = scenario_of({"changes": [{"kind": "demand", "percent": 50.0, "sku": "MILK"}]})
    kept = scenario(trained, more)
    shutil.rmtree(trained.bases)
    again = scenario(trained, more)
    pd.testing.assert_frame_equal(kept.result.series, again.result.series)
    published = tables(trained, record, 2)["warnings"].query("sku == 'MILK'")["probability"]
    assert kept.result.series["probability_base"].tolist() == published.tolist()
