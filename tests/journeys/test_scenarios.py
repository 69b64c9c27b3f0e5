"""From a published company to a numbered plan, on both databases, and what can go wrong between."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest
import sqlalchemy as sa

from forecasting.calendar import Frequency
from forecasting.errors import Refused, UnknownName
from forecasting.feeds.reading import Reading
from forecasting.options import Options
from forecasting.record.database import connect, writing
from models.pipelines.scenario import _said, scenario
from models.pipelines.steps import options_of, plain
from models.publication import Damaged
from models.publication.contracts import PROJECTION, WARNINGS
from models.scenarios.base import kept_base
from models.scenarios.declaration import Scenario, scenario_of
from models.scenarios.plans import list_plans, read_part
from models.scenarios.run import run_scenario
from models.tables import scenarios
from models.workspace import Workspace
from tests.journeys.company import Outcome, Rooms, deliver, reader_of, trained
from tests.journeys.conftest import OPTIONS
from tests.once import copy_of

MORE = scenario_of({"name": "More", "changes": [{"kind": "demand", "percent": 40.0}]})


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def company(
    rooms: Rooms,
    exports: list[Reading],
    usual: tuple[Workspace, Outcome],
    request: pytest.FixtureRequest,
) -> Workspace:
    """Trained and published once a database."""
    if request.param == "sqlite":
        return copy_of(usual[0], rooms.folder / "scenarios")
    url = request.getfixturevalue("module_postgres")
    made = rooms.furnish("scenarios on PostgreSQL", OPTIONS, url)
    deliver(made, exports)
    trained(made)
    return made


@pytest.fixture(scope="module")
def module_postgres(postgres_server: str) -> str:
    admin = sa.create_engine(postgres_server.replace("postgresql:", "postgresql+psycopg:"))
    with admin.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS what_if CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA what_if"))
    admin.dispose()
    return f"{postgres_server}&options=-csearch_path%3Dwhat_if"


def test_settings_that_were_kept_are_read_whatever_was_kept() -> None:
    """A version that knew one setting less and another one more."""
    told = Options(Frequency.WEEK, quantiles=(0.1, 0.5), seed=7, shop_hours=(1.0,) * 24)
    kept = {name: value for name, value in plain(told).items() if name != "holding_rate"}
    assert options_of({**kept, "since_removed": 3}) == told


def test_the_base_without_any_change_is_what_was_published(company: Workspace) -> None:
    reader = reader_of(company)
    made = reader.publication
    base = kept_base(company.bases, made.number, made.provenance.data_digest)
    assert base is not None, "publishing keeps it"
    said = _said(reader.part(WARNINGS), reader.part(PROJECTION))
    options = options_of(made.provenance.options)
    found = run_scenario(
        Scenario(), base, said, options, None, lambda _: None, every_series=True
    ).series
    assert len(found) == len(base.panel)
    for name in ("probability", "p_no_order", "units_short"):
        np.testing.assert_array_equal(found[f"{name}_scenario"], found[f"{name}_base"])
    assert (found["verdict"] == "same").all()


def test_a_plan_is_numbered_kept_and_read_again(company: Workspace) -> None:
    steps: list[str] = []
    first = scenario(company, MORE, who="somebody", progress=steps.append)
    assert not any("snapshot" in step for step in steps), "nothing is made again"
    second = scenario(company, scenario_of({"changes": []}))
    assert second.plan.number == first.plan.number + 1
    assert (first.plan.name, first.plan.who) == ("More", "somebody")
    assert first.plan.scenario == MORE
    assert first.plan.totals["worse"] + first.plan.totals["broken"] > 0
    assert second.plan.totals["series"] == 0
    engine = connect(company.database_url)
    assert [one.number for one in list_plans(engine)][:2] == [second.plan.number, first.plan.number]
    again = read_part(company.scenarios, first.plan, "series")
    np.testing.assert_array_equal(again["value_added"], first.result.series["value_added"])
    assert list(again["verdict"]) == list(first.result.series["verdict"])
    for statement in (sa.update(scenarios).values(name=""), sa.delete(scenarios)):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), writing(engine) as connection:
            connection.execute(statement)
    engine.dispose()


def test_a_base_that_is_gone_is_made_again_and_says_the_same(company: Workspace) -> None:
    before = scenario(company, MORE).plan.totals
    shutil.rmtree(company.bases)
    assert scenario(company, MORE).plan.totals == before


def test_a_base_that_nobody_can_keep_says_the_same(
    company: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publication that is made at the same moment takes the folders of all others away."""
    before = scenario(company, MORE).plan.totals
    shutil.rmtree(company.bases)
    monkeypatch.setattr("models.scenarios.base.FACTS", "taken/away.json")
    assert scenario(company, MORE).plan.totals == before


def test_a_file_that_is_not_the_one_written_is_not_read(company: Workspace) -> None:
    plan = scenario(company, MORE).plan
    file = company.scenarios / plan.folder / plan.parts["series"].file
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged):
        read_part(company.scenarios, plan, "series")


def test_a_publication_that_is_not_there_is_named(company: Workspace) -> None:
    with pytest.raises(UnknownName, match="99"):
        scenario(company, MORE, publication=99)


def test_data_corrected_since_refuse_a_base_that_is_gone(
    company: Workspace, exports: list[Reading]
) -> None:
    """The last of this module: it changes the company."""
    sales = next(one for one in exports if one.feed == "sales")
    batch = sales.batches[0]
    place = batch.rows.column_names.index("units")
    more = batch.rows.set_column(place, "units", [np.asarray(batch.rows["units"]) + 1.0])
    changed = dataclasses.replace(batch, rows=more)
    deliver(company, [dataclasses.replace(sales, digest="corrected", batches=(changed,))])
    assert scenario(company, MORE).plan.totals["series"] > 0, "what is kept still stands"
    shutil.rmtree(company.bases)
    with pytest.raises(Refused, match="corrected since"):
        scenario(company, MORE)
