"""Versions on a real MLflow store: what is logged, who is champion, and that bytes are checked."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from api.database import upgrade
from forecasting.accuracy import BacktestReport
from forecasting.calendar import Frequency
from forecasting.errors import NotReady, Refused, UnknownName
from forecasting.options import Options
from forecasting.record import Record
from forecasting.record.database import connect
from models import bundles
from models.ledger import DEMAND, RISK, Entry, Ledger, Version
from models.model_card import CardFacts, markdown, page
from models.plots import charts, labelled
from models.registry import CHALLENGER, CHAMPION, LAST_GOOD, Registry
from models.tables import model_versions, promotions
from models.tracking import Tracking, TrackingUnavailable, TrainingRun
from models.workspace import Workspace

NOON = dt.datetime(2018, 12, 3, 12, tzinfo=dt.UTC)

REPORT = BacktestReport(
    metrics={"month/rmsse": 0.81, "month/wape": 0.4, "month/bias": float("nan")},
    by_segment=pd.DataFrame(
        {
            "abc": ["A", "B"],
            "demand_class": ["smooth", "lumpy|odd"],
            "series": [3, 5],
            "rmsse": [0.7, 1.1],
        }
    ),
    by_series=pd.DataFrame({"site": ["X"] * 8, "rmsse": np.linspace(0.5, 1.5, 8)}),
)


def training() -> TrainingRun:
    return TrainingRun(
        name="train as of 2018-11",
        tags={"code_version": "0.1.0"},
        settings={"seed": 1, "quantiles": [0.1, 0.5, 0.9]},
        data_digest="d" * 64,
        data_source="snapshot",
        data_facts={"series": 8, "periods": 35},
        metrics=REPORT.metrics,
        segments=labelled(REPORT.by_segment),
        files={
            "model_card.md": "# Café",
            **{f"plots/{name}.png": png for name, png in charts(REPORT).items()},
        },
    )


@pytest.fixture
def registry(workspace: Workspace) -> Iterator[Registry]:
    record = Record.open(workspace.database_url)
    record.create()
    yield Registry(workspace, record.engine)
    record.close()


def learn(registry: Registry, folder: Path, content: str = "0.5") -> dict[str, Version]:
    files = {DEMAND: folder / DEMAND, RISK: folder / RISK}
    for path in files.values():
        (path / "inner").mkdir(parents=True, exist_ok=True)
        (path / "weights.json").write_text(content)
        (path / "inner" / "more.json").write_text("{}")
    return registry.log_training(
        training(), files, origin_label="2018-11", code_version="0.1.0", at=NOON
    )


def test_a_training_is_one_run_with_everything_in_it(registry: Registry, tmp_path: Path) -> None:
    made = learn(registry, tmp_path)

    assert {name: version.version for name, version in made.items()} == {DEMAND: 1, RISK: 1}
    with registry.tracking.client() as client:
        run = client.get_run(made[DEMAND].run_id)
        listed = {item.path for item in client.list_artifacts(run.info.run_id)}
        plots = {item.path for item in client.list_artifacts(run.info.run_id, "plots")}
        version = client.get_model_version(DEMAND, "1")
    assert run.info.status == "FINISHED"
    assert run.data.params["seed"] == "1"
    assert run.data.params["data_series"] == "8"
    assert run.data.metrics == {
        "month/rmsse": 0.81,
        "month/wape": 0.4,
        "rmsse/A / smooth": 0.7,
        "rmsse/B / lumpy_odd": 1.1,
        "series/A / smooth": 3.0,
        "series/B / lumpy_odd": 5.0,
    }
    assert run.inputs.dataset_inputs[0].dataset.digest == "d" * 36
    assert {"model_card.md", "plots", DEMAND, RISK} <= listed
    assert plots == {"plots/rmsse_by_segment.png", "plots/rmsse_by_series.png"}
    assert version.tags["digest"] == made[DEMAND].digest
    assert version.source == f"runs:/{made[DEMAND].run_id}/{DEMAND}"
    assert registry.text(made[DEMAND].run_id, "model_card.md") == "# Café"


def test_the_ledger_decides_and_the_aliases_follow(registry: Registry, tmp_path: Path) -> None:
    first = learn(registry, tmp_path)[DEMAND]
    with pytest.raises(NotReady, match="vigistock train"):
        registry.champion(DEMAND)
    assert registry.tracking.aliases(DEMAND) == {CHALLENGER: 1}

    registry.promote(first.ref, why="first version", at=NOON)
    second = learn(registry, tmp_path, "0.6")[DEMAND]
    assert registry.champion(DEMAND).version == 1
    assert registry.tracking.aliases(DEMAND) == {CHAMPION: 1, CHALLENGER: 2}

    registry.promote(second.ref, why="lower error on 12 origins", at=NOON, by="awa")
    assert registry.champion(DEMAND).version == 2
    assert registry.tracking.aliases(DEMAND) == {CHAMPION: 2, LAST_GOOD: 1}

    registry.promote(first.ref, why="rollback", at=NOON)
    assert registry.tracking.aliases(DEMAND) == {CHAMPION: 1, LAST_GOOD: 2}
    entries = registry.ledger.promotions()
    assert entries["version"].tolist() == [1, 2, 1]
    assert entries["who"].iloc[1] == "awa"
    table = registry.ledger.versions().set_index(["name", "version"])
    assert table["champion"].to_dict() == {
        (DEMAND, 1): True,
        (DEMAND, 2): False,
        (RISK, 1): False,
        (RISK, 2): False,
    }


def test_a_champions_files_are_kept_and_checked(
    registry: Registry, workspace: Workspace, tmp_path: Path
) -> None:
    made = learn(registry, tmp_path)[DEMAND]
    kept = registry.promote(made.ref, why="first version", at=NOON)

    assert kept == workspace.bundles / DEMAND / "1"
    assert bundles.kept(made.ref, workspace.bundles) == kept
    assert registry.fetch(made.ref) == kept

    content = bytearray((kept / "weights.json").read_bytes())
    content[0] ^= 1
    (kept / "weights.json").write_bytes(content)
    with pytest.raises(bundles.BundleChanged, match="demand-forecast version 1"):
        bundles.kept(made.ref, workspace.bundles)

    assert registry.fetch(made.ref) == kept, "MLflow has it whole"
    assert (kept / "weights.json").read_text() == "0.5"


def test_a_version_changed_in_mlflow_is_not_promoted(
    registry: Registry, workspace: Workspace, tmp_path: Path
) -> None:
    made = learn(registry, tmp_path)[DEMAND]
    [stored] = workspace.artifacts.rglob(f"{DEMAND}/weights.json")
    stored.write_text("0.7")

    with pytest.raises(bundles.BundleChanged):
        registry.promote(made.ref, why="first version", at=NOON)
    assert not registry.ledger.has_champion(DEMAND)


def test_no_promotion_without_a_reason_or_a_version(registry: Registry, tmp_path: Path) -> None:
    made = learn(registry, tmp_path)[DEMAND]
    with pytest.raises(Refused, match="no reason"):
        registry.promote(made.ref, why=" ", at=NOON)
    with pytest.raises(UnknownName):
        registry.ledger.version(DEMAND, 9)


def test_a_failed_training_leaves_a_failed_run_and_no_version(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(Tracking, "register", fail)
    with pytest.raises(OSError, match="disk full"):
        learn(registry, tmp_path)

    with registry.tracking.client() as client:
        experiment = client.get_experiment_by_name("vigistock")
        [run] = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"
    assert registry.ledger.versions().empty


def test_an_mlflow_store_that_begins_anew_is_refused(
    registry: Registry, workspace: Workspace, tmp_path: Path
) -> None:
    learn(registry, tmp_path)
    other = Workspace(tmp_path / "other", workspace.options, database=workspace.database_url)
    other.folder.mkdir()

    with pytest.raises(Refused, match="counts anew"):
        learn(Registry(other, registry.ledger.engine), tmp_path)


def test_a_workspace_that_was_moved_has_its_artifacts_where_it_is(
    registry: Registry, workspace: Workspace, tmp_path: Path
) -> None:
    """MLflow keeps whole addresses: it would write to the old folder, and find nothing in it."""
    first = learn(registry, tmp_path)[DEMAND]
    moved = replace(workspace, folder=tmp_path / "moved")
    workspace.folder.rename(moved.folder)
    elsewhere = Registry(moved, registry.ledger.engine)
    assert elsewhere.text(first.run_id, "model_card.md") == "# Café"
    second = learn(elsewhere, tmp_path, "0.6")[DEMAND]
    assert (elsewhere.fetch(second.ref) / "weights.json").read_text() == "0.6"
    assert not workspace.folder.exists()


def test_a_store_that_does_not_answer_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    url = f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}"
    workspace = Workspace(tmp_path, Options(), tracking=url)
    with pytest.raises(TrackingUnavailable, match="tracking"), Tracking(workspace).client():
        pass


def test_mlflow_prints_nothing(
    registry: Registry, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = learn(registry, tmp_path)[DEMAND]
    registry.promote(made.ref, why="first version", at=NOON)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("mlflow").level >= logging.ERROR


class TestAppendOnly:
    """The database itself refuses to change history."""

    @pytest.fixture
    def ledger(self, record: Record) -> Ledger:
        ledger = Ledger(record.engine)
        version = Version(DEMAND, 1, "run", "a" * 64, NOON, "2018-11", "d" * 64, "0.1.0", {})
        ledger.add([version])
        first = Entry(version.ref, None, "first version", evidence={"n": 3})
        ledger.enter([first], at=NOON, who="awa")
        return ledger

    @pytest.mark.parametrize(
        "statement",
        [
            sa.update(promotions).values(why="other"),
            sa.delete(promotions),
            sa.update(model_versions).values(digest="b" * 64),
            sa.delete(model_versions),
        ],
        ids=["change a promotion", "delete it", "change a digest", "delete a version"],
    )
    def test_history_cannot_be_changed(self, ledger: Ledger, statement: Any) -> None:
        before = ledger.promotions()
        with (
            pytest.raises(sa.exc.DatabaseError, match="append-only"),
            ledger.engine.begin() as connection,
        ):
            connection.execute(statement)
        pd.testing.assert_frame_equal(ledger.promotions(), before)
        assert ledger.champion(DEMAND).digest == "a" * 64


@pytest.mark.parametrize("table", ["promotions", "model_versions"])
def test_a_migrated_database_refuses_changes_too(database_url: str, table: str) -> None:
    upgrade(database_url)
    engine = connect(database_url)
    ledger = Ledger(engine)
    version = Version(DEMAND, 1, "run", "a" * 64, NOON, "2018-11", "d" * 64, "0.1.0", {})
    ledger.add([version])
    ledger.enter([Entry(version.ref, None, "first version")], at=NOON, who="awa")
    with (
        pytest.raises(sa.exc.DatabaseError, match="append-only"),
        engine.begin() as connection,
    ):
        connection.execute(sa.text(f"DELETE FROM {table}"))
    assert ledger.champion(DEMAND).version == 1
    engine.dispose()


class TestModelCard:
    """One page that a person can read."""

    def card(self) -> str:
        return markdown(
            CardFacts(
                title="Demand forecast, trained as of 2018-11",
                origin_label="2018-11",
                data={"series": 8},
                metrics=REPORT.metrics,
                segments=REPORT.by_segment,
                settings={"seed": 1, "note": "a | b <script>"},
                code_version="0.1.0",
                digests={"data": "d" * 64},
            )
        )

    def test_it_says_what_was_learned_from_what(self) -> None:
        card = self.card()
        for words in ("2018-11", "month/rmsse | 0.81", "lumpy\\|odd", "d" * 64, "seed | 1"):
            assert words in card

    @pytest.mark.parametrize("given", [{}, {"shop_hours": [1.0] * 24}])
    def test_it_says_that_flat_hours_are_assumed(self, given: dict) -> None:
        settings = {"frequency": Frequency.DAY, "availability_basis": "time", **given}
        facts = CardFacts("T", "2018-11-01", {}, {}, REPORT.by_segment, settings, "0.1.0", {})
        assert ("flat hours" in markdown(facts)) == (not given)

    def test_it_says_how_the_risk_is_found(self) -> None:
        assert "Too few ruptures" in self.card()
        learned = {"rows": 12489, "events": 646, "origins": 26, "rounds": [106, 135]}
        learned |= {"share in stock": 0.634, "share out": 0.425, "held out out loss mixed": 0.2356}
        card = markdown(
            CardFacts("T", "2026-11", {}, {}, REPORT.by_segment, {}, "0.1.0", {}, risk=learned)
        )
        assert "12,489 past outcomes, 646 of them ruptures, at 26 origins" in card
        assert "63% of the say for shelves in stock and 42%" in card
        assert "| held out out loss mixed | 0.2356 |" in card

    def test_its_page_stands_alone_and_runs_nothing(self) -> None:
        html = page(self.card(), charts(REPORT))
        assert html.count("<table>") == 5
        assert html.count("data:image/png;base64,") == 2
        assert "<script" not in html
        assert "http" not in html

    def test_without_metrics_it_says_so(self) -> None:
        report = BacktestReport()
        assert charts(report) == {}
        empty = CardFacts("T", "2018-11", {}, {}, report.by_segment, {}, "0.1.0", {})
        assert "too short" in markdown(empty)
