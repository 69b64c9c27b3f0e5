"""Train and publish end to end: real record, real MLflow, a small warehouse by month."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from forecasting.calendar import Frequency
from forecasting.errors import NotReady
from forecasting.record import Record
from forecasting.record.database import writing
from models import bundles
from models.ledger import DEMAND, RISK, Ledger
from models.pipelines.publish import PublishOutcome, publish
from models.pipelines.train import TrainOutcome, train
from models.publication import list_publications, open_publication
from models.publication.lives import Action, State, changes_of, life_of
from models.registry import CHALLENGER, CHAMPION, Registry
from models.tables import publications
from models.workspace import Workspace
from tests.record.readings_by_hand import NOON, batch_of, reading_of

ITEMS = ["COFFEE", "MILK", "SUGAR", "TEA"]
SITES = ["Abidjan", "Bouaké"]
OCTOBER, NOVEMBER = dt.date(2026, 10, 31), dt.date(2026, 11, 30)


def months(first: int, last: int) -> list[dt.date]:
    """First days of months, counted from January 2024."""
    return [dt.date(2024 + month // 12, month % 12 + 1, 1) for month in range(first, last)]


def deliver(record: Record, first: int, last: int, items: list[str]) -> None:
    """Sales and stock of every month: coffee is short, sugar is out, milk comes and goes."""
    luck = np.random.default_rng(first)
    sales: list[dict[str, Any]] = []
    stock: list[dict[str, Any]] = []
    on_hand = {"COFFEE": 25.0, "MILK": 60.0, "SUGAR": 0.0, "TEA": 900.0, "CACAO": 40.0}
    for date in months(first, last):
        for site in SITES:
            for item in items:
                key = {"date": date, "site": site, "sku": item}
                sales.append(key | {"units": float(luck.poisson(20))})
                stock.append(key | {"on_hand": on_hand[item]})
    batches = [batch_of("sales", *sales), batch_of("stock", *stock)]
    record.deliver(reading_of(*batches, source=f"{first}-{last}"), received_at=NOON)


def opened(workspace: Workspace) -> Record:
    record = Record.open(workspace.database_url)
    record.create()
    return record


@pytest.fixture
def record(workspace: Workspace) -> Iterator[Record]:
    made = opened(workspace)
    yield made
    made.close()


@pytest.fixture
def company(record: Record) -> Record:
    """34 months of four items at two sites, up to October 2026."""
    deliver(record, 0, 34, ITEMS)
    return record


@pytest.fixture
def trained_record(trained: Workspace) -> Iterator[Record]:
    made = opened(trained)
    yield made
    made.close()


def test_the_first_training_becomes_champion_and_is_published(
    workspace: Workspace, company: Record
) -> None:
    steps: list[str] = []
    outcome = train(workspace, OCTOBER, progress=steps.append)

    assert isinstance(outcome, TrainOutcome)
    assert (outcome.origin, outcome.series, outcome.champion) == ("2026-10", 8, True)
    assert outcome.publication == 1
    assert len(steps) >= 5
    assert Registry(workspace, company.engine).tracking.aliases(DEMAND) == {CHAMPION: 1}

    reader = open_publication(company.engine, workspace.publications)
    assert (len(reader), reader.grains) == (8, ("month",))
    forecasts = reader.export_table("forecasts", "month")
    assert forecasts.num_rows == 8 * 12
    assert np.isfinite(forecasts.column("mean").to_numpy()).all()
    warnings = reader.export_table("warnings", every_series=True).to_pandas()
    state = warnings.set_index(["site", "sku"])["state"]
    assert state["Abidjan", "SUGAR"] == "out"
    assert state["Abidjan", "COFFEE"] == "new"
    assert state["Abidjan", "TEA"] == "none"
    said = warnings["warning"].notna()
    assert (said == warnings["state"].isin(["new", "out"])).all()
    view = reader.series("Bouaké", "MILK")
    assert (len(view.history), len(view.forecasts["month"])) == (34, 12)


def test_training_twice_gives_the_same_bytes_and_a_challenger(
    trained: Workspace, trained_record: Record
) -> None:
    again = train(trained, OCTOBER)
    first, second = (Ledger(trained_record.engine).version(DEMAND, number) for number in (1, 2))

    assert (again.demand_version, again.champion, again.publication) == (2, False, None)
    assert second.digest == first.digest == again.demand_digest
    assert second.data_digest == first.data_digest
    assert second.metrics == first.metrics
    registry = Registry(trained, trained_record.engine)
    assert registry.tracking.aliases(DEMAND) == {CHAMPION: 1, CHALLENGER: 2}
    assert [registry.champion(name).version for name in (DEMAND, RISK)] == [1, 1]


def test_a_reason_promotes_a_later_version(trained: Workspace, trained_record: Record) -> None:
    outcome = train(trained, OCTOBER, promote="new season")

    assert (outcome.champion, outcome.demand_version, outcome.publication) == (True, 2, 2)
    entries = Ledger(trained_record.engine).promotions()
    assert entries[entries["name"] == DEMAND]["why"].tolist() == ["first version", "new season"]


def test_publish_rolls_forward_and_gives_new_series_a_row(
    trained: Workspace, trained_record: Record
) -> None:
    deliver(trained_record, 34, 35, [*ITEMS, "CACAO"])
    outcome = publish(trained, NOVEMBER)

    assert isinstance(outcome, PublishOutcome)
    assert (outcome.publication, outcome.origin, outcome.series) == (2, "2026-11", 10)
    assert (outcome.demand_version, outcome.out) == (1, 2)
    (moved,) = outcome.moved
    assert (moved.grain, moved.since, moved.rows) == ("month", 1, 8 * 11)
    assert moved.share is not None
    assert 0 < moved.share < 0.5
    reader = open_publication(trained_record.engine, trained.publications)
    assert reader.provenance["demand_version"] == 1
    new = reader.series("Abidjan", "CACAO")
    assert np.isfinite([row["mean"] for row in new.forecasts["month"]]).all()
    before = open_publication(trained_record.engine, trained.publications, 1)
    assert (
        reader.series("Abidjan", "COFFEE").warning["warning"]
        == (before.series("Abidjan", "COFFEE").warning["warning"])
    )


def test_publishing_the_same_again_gives_the_same_files(
    trained: Workspace, trained_record: Record
) -> None:
    publish(trained, OCTOBER)
    second, first = list_publications(trained_record.engine)
    assert second.parts == first.parts
    assert second.provenance == first.provenance


@pytest.mark.parametrize("way", ["damaged", "no longer kept"])
def test_it_is_published_though_the_one_before_cannot_be_read(
    trained: Workspace, trained_record: Record, way: str
) -> None:
    first = list_publications(trained_record.engine)[0]
    if way == "damaged":
        (trained.publications / first.folder / "history.arrow").unlink()
    else:
        with writing(trained_record.engine) as connection:
            connection.execute(sa.update(publications).values(pruned_at=NOON))
    deliver(trained_record, 34, 35, ITEMS)
    steps: list[str] = []
    outcome = publish(trained, NOVEMBER, progress=steps.append)
    assert (outcome.publication, outcome.moved) == (2, ())
    assert any("stability not measured" in step for step in steps)


def test_publishing_needs_no_mlflow(
    trained: Workspace, trained_record: Record, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    down = dataclasses.replace(trained, tracking=f"sqlite:///{tmp_path / 'file' / 'gone.db'}")
    assert publish(down, OCTOBER).publication == 2


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_champion_with_a_flipped_bit_is_mended_from_mlflow(
    trained: Workspace, trained_record: Record
) -> None:
    [weights] = (trained.bundles / DEMAND / "1").glob("*.npz")
    whole = weights.read_bytes()
    flip(weights)
    made = publish(trained, OCTOBER)
    assert (made.publication, made.degraded) == (2, "")
    assert weights.read_bytes() == whole


def test_a_champion_damaged_everywhere_is_not_published(
    trained: Workspace, trained_record: Record
) -> None:
    flip(trained.bundles / DEMAND / "1" / "demand_month.npz")
    away = dataclasses.replace(trained, tracking=f"sqlite:///{trained.folder / 'x' / 'gone.db'}")
    (trained.folder / "x").touch()
    with pytest.raises(bundles.BundleChanged, match="demand-forecast version 1"):
        publish(away, OCTOBER)
    assert len(list_publications(trained_record.engine)) == 1


def test_without_data_or_champion_the_next_step_is_named(
    workspace: Workspace, record: Record
) -> None:
    with pytest.raises(NotReady, match="vigistock ingest"):
        train(workspace)
    with pytest.raises(NotReady, match="vigistock train"):
        publish(workspace)


def test_a_workspace_of_another_frequency_is_told_to_train(
    trained: Workspace, trained_record: Record
) -> None:
    options = dataclasses.replace(trained.options, frequency=Frequency.WEEK)
    with pytest.raises(NotReady, match="by month, the workspace by week"):
        publish(dataclasses.replace(trained, options=options), OCTOBER)


@pytest.mark.parametrize("named", ["NOVA", None], ids=["of its supplier", "of nobody"])
def test_a_proposed_order_that_is_placed_is_recognised_and_its_warning_closes(
    trained: Workspace, trained_record: Record, named: str | None
) -> None:
    """Coffee is short and NOVA delivers it: publication 2 proposes it, the order is placed and
    comes; by then publication 3 no longer warns of it, and says by itself what was done. A line
    that names no supplier is of the usual one."""
    coffee = {"sku": "COFFEE", "supplier": "NOVA", "unit_cost": 3.0, "pack_size": 12.0}
    terms = {"supplier": "NOVA", "lead_time_days": 5.0, "minimum_order_value": 50.0}
    masters = reading_of(batch_of("items", coffee), batch_of("suppliers", terms), source="masters")
    trained_record.deliver(masters, received_at=NOON)
    assert publish(trained, OCTOBER).recognised == 0
    with_proposals = open_publication(trained_record.engine, trained.publications)
    lines = with_proposals.export_table("proposals").to_pandas().astype({"site": str})
    line = lines[lines["site"] == "Abidjan"].iloc[0]
    assert (line["sku"], line["supplier"], line["reason"]) == ("COFFEE", "NOVA", "advised")
    told = with_proposals.part("options").to_pandas().astype({"site": str, "act_by": str})
    (advised,) = told[told["recommended"] & (told["site"] == "Abidjan")].to_dict("records")
    assert (line["order_on"].isoformat(), line["units"]) == (
        advised["act_by"],
        advised["units"],
    )
    assert line["packs"] == line["units"] / 12.0
    before = with_proposals.warnings(site="Abidjan").set_index("sku")
    warning = int(before.loc["COFFEE", "warning"])

    book = {"order_id": "PO-9", "site": "Abidjan", "sku": "COFFEE"}
    book |= {"supplier": named} if named else {}
    book |= {"units_ordered": float(line["units"]), "ordered_on": dt.date(2026, 11, 3)}
    arrived = {"date": dt.date(2026, 11, 1), "site": "Abidjan", "sku": "COFFEE", "on_hand": 900.0}
    deliver(trained_record, 34, 35, ITEMS)
    came = reading_of(batch_of("orders", book), batch_of("stock", arrived), source="november")
    trained_record.deliver(came, received_at=NOON)
    assert publish(trained, NOVEMBER).recognised == 1

    life = life_of(trained_record.engine, warning, NOON.date())
    assert (life.state, life.action) == (State.EXPIRED, Action.ORDERED)
    (told,) = changes_of(trained_record.engine, warning)
    assert told["who"] == "vigistock"
    assert str(told["comment"]).startswith("ordered: PO-9")
    now = open_publication(trained_record.engine, trained.publications)
    assert warning not in now.row_of_warning
    assert publish(trained, NOVEMBER).recognised == 0, "told once"
