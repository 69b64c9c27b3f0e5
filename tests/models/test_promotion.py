"""Versions in use: the gate, rollback, hostile files, one trainer, trainings that were killed."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import pickle
import random
import resource
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.commands import app
from api.workspaces import init_workspace, open_workspace
from forecasting.errors import NotReady, Refused
from forecasting.forecaster import BadBundle, FittedDemand
from forecasting.record import Record
from forecasting.record.database import connect, writing
from models import bundles
from models.bundles import BundleChanged
from models.lease import UnderWay, lease
from models.ledger import DEMAND, RISK, Action, Entry, Ledger, Version
from models.pipelines.promotion import promote, rollback
from models.pipelines.publish import publish
from models.pipelines.reproduce import reproduce
from models.pipelines.train import TRAINING, train
from models.publication import current, list_publications
from models.publication.parts import MANIFEST
from models.registry import CHAMPION, Registry
from models.tables import leases, publications, training_parts
from models.tracking import EXPERIMENT, SOURCE, TrackingUnavailable
from models.unfinished import Unfinished
from models.verdict import GateRefused
from models.workspace import Workspace
from tests.api.serving import serving
from tests.models.test_gate import evidence
from tests.models.test_pipelines import ITEMS, NOVEMBER, OCTOBER, deliver
from tests.models.test_registry import training
from tests.record.readings_by_hand import NOON

FLIPS, TRUNCATIONS = 300, 50


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A monthly company after two trainings: 1 is champion, 2 a challenger that sees demand
    otherwise. All tests of this file copy it."""
    folder = tmp_path_factory.mktemp("company") / "w"
    workspace = init_workspace(folder, frequency="M", database=None)
    with Record.open(workspace.database_url) as record:
        deliver(record, 0, 34, ITEMS)
    train(workspace, OCTOBER)
    outcome = train(other(workspace), OCTOBER, hold=True)
    assert (outcome.champion, outcome.why) == (False, "held back, as asked")
    return folder


def other(workspace: Workspace) -> Workspace:
    return replace(workspace, options=replace(workspace.options, unmet=0.0, seed=9))


@pytest.fixture
def workspace(company: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(company, tmp_path / "w")
    return open_workspace(tmp_path / "w")


@pytest.fixture
def engine(workspace: Workspace) -> Iterator[sa.Engine]:
    made = connect(workspace.database_url)
    yield made
    made.dispose()


@pytest.fixture
def away(workspace: Workspace) -> Workspace:
    """The same, and MLflow cannot be reached."""
    (workspace.folder / "file").touch()
    gone = workspace.folder / "file" / "gone.db"
    return replace(workspace, tracking=f"sqlite:///{gone}")


def vigistock(
    workspace: Workspace, *arguments: object, **settings: str
) -> tuple[int, dict[str, Any]]:
    words = ["--workspace", str(workspace.folder), *map(str, arguments), "--json"]
    environment = {f"VIGISTOCK_{name.upper()}": value for name, value in settings.items()}
    result = CliRunner().invoke(app, words, env=environment)
    return result.exit_code, orjson.loads(result.stdout)


def test_a_run_keeps_all_that_a_person_will_look_for(
    workspace: Workspace, engine: sa.Engine
) -> None:
    registry = Registry(workspace, engine)
    version = registry.ledger.version(DEMAND, 2)
    with registry.tracking.client() as client:
        run = client.get_run(version.run_id)
        history = client.get_metric_history(version.run_id, "origin/wape")
        found = {
            path.path
            for folder in ("", "plots", "metrics", "evidence", "environment")
            for path in client.list_artifacts(version.run_id, folder)
        }
    assert {
        *("model_card.md", "model_card.html", "signature.json", "input_example.json"),
        *("plots/residuals.png", "plots/reliability.png", "plots/calibration.png"),
        *("metrics/by_series.parquet", "metrics/by_segment.csv", "metrics/by_origin.csv"),
        *("plots/wape_by_origin.png", "evidence/forecasts.parquet", "evidence/facts.json"),
        "environment/requirements.txt",
    } <= found
    assert run.data.params["seed"] == "9"
    assert run.data.params["data_rows_sales"] == str(34 * 8)
    [data] = run.inputs.dataset_inputs
    assert version.data_digest.startswith(data.dataset.digest)
    lineage = orjson.loads(data.dataset.profile)
    assert (lineage["rows_sales"], lineage["first_period"]) == (34 * 8, "2024-01")
    assert lineage["sales_up_to"] == "2026-10-01", "months are told by their first days"
    assert run.data.metrics["warnings/ruptures"] == 0, "its shelves are full or empty throughout"
    signature = orjson.loads(registry.text(version.run_id, "signature.json"))
    assert '"q900"' in signature["outputs"]
    card = registry.text(version.run_id, "model_card.md")
    assert "### Warnings at past origins" in card
    assert "Too few ruptures are on record" in card, "no shelf of it ran out"
    kept = registry.evidence(version)
    assert kept is not None
    curve = [one.value for one in history]
    assert [one.step for one in history] == [*range(kept.forecasts["origin"].nunique())]
    table = registry.text(version.run_id, "metrics/by_origin.csv").splitlines()
    assert [float(line.split(",")[2]) for line in table[1:]] == pytest.approx(curve)
    assert f"### By origin\n\n| {table[0].replace(',', ' | ')} |" in card
    assert kept.series["sku"].nunique() == len(ITEMS)
    assert kept.forecasts["origin"].nunique() >= 3
    assert len(kept.warnings)


@pytest.mark.parametrize("others", [1, 0])
def test_what_a_rolled_back_version_published_is_served_last(record: Record, others: int) -> None:
    """Unless there is nothing else."""
    made = {
        **{"origin": 1, "origin_label": "2026-10", "origin_end": OCTOBER, "frequency": "M"},
        **{"created_at": NOON, "risk_version": 1, "data_digest": "", "data_cut": {}},
        **{"manifest_sha256": "", "parts": {}, "options": {}, "code_version": ""},
    }
    rows = [
        {**made, "number": number, "demand_version": version, "folder": str(number)}
        for number, version in ((1, 1), (2, 2), (3, 2))
        if version == 2 or others
    ]
    ledger = Ledger(record.engine)
    versions = [Version(DEMAND, n, "run", "a" * 64, NOON, "2026-10", "", "", {}) for n in (1, 2)]
    ledger.add(versions)
    first, second = (version.ref for version in versions)
    ledger.enter([Entry(first, None, "first"), Entry(second, 1, "better")], at=NOON, who="awa")
    with writing(record.engine) as connection:
        connection.execute(sa.insert(publications), rows)
    assert current(record.engine).number == 3
    ledger.enter([Entry(first, 2, "worse", Action.ROLLED_BACK)], at=NOON, who="awa")
    assert current(record.engine).number == (1 if others else 3)
    withdrawn = [one.number for one in list_publications(record.engine) if one.withdrawn_at]
    assert withdrawn == ([3, 2] if others else [])


def test_each_model_has_its_own_measures(workspace: Workspace) -> None:
    _, told = vigistock(workspace, "models", "list")
    for one in told["versions"]:
        grains = {name.partition("/")[0] for name in one["metrics"]}
        assert grains == ({"warnings"} if one["name"] == RISK else {"month", "segment", "warnings"})
    _, shown = vigistock(workspace, "models", "show", RISK)
    assert shown["metrics"]["warnings/ruptures"] == 0
    assert shown["parameters"]["paths"] == 500
    words = ["--workspace", str(workspace.folder), "models", "list"]
    plain = CliRunner().invoke(app, words, env={"COLUMNS": "200"}).stdout
    assert "month rmsse" in next(line for line in plain.splitlines() if DEMAND in line)


class TestPromotion:
    def test_promoted_then_rolled_back_and_the_ledger_knows(
        self, workspace: Workspace, engine: sa.Engine
    ) -> None:
        begun = dt.datetime.now(dt.UTC)
        code, told = vigistock(workspace, "models", "promote", DEMAND, 2, "--reason", "new season")
        assert (code, told["version"], told["before"], told["publication"]) == (0, 2, 1, 2)
        assert told["verdict"]["passed"]
        assert {"RMSSE", "decision cost", "average precision"} <= {
            one["measure"] for one in told["verdict"]["findings"]
        }
        promoted = dt.datetime.now(dt.UTC)
        code, told = vigistock(workspace, "models", "rollback", DEMAND, "--reason", "odd Sundays")
        assert (code, told["version"], told["action"]) == (0, 1, "rolled_back")

        ledger = Ledger(engine)
        assert [ledger.live_on(DEMAND, at)["version"] for at in (begun, promoted)] == [1, 2]
        assert ledger.live_on(DEMAND, dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) is None
        lines = ledger.promotions().query("name == @DEMAND")
        assert lines["why"].tolist() == ["first version", "new season", "odd Sundays"]
        assert lines["evidence"].iloc[1]["passed"]
        assert Registry(workspace, engine).tracking.aliases(DEMAND)[CHAMPION] == 1

        found = {one.number: one for one in list_publications(engine)}
        assert found[2].withdrawn_at is not None
        assert current(engine).number == told["publication"] == 3
        assert found[3].parts == found[1].parts, "the same champions say the same"
        _, history = vigistock(workspace, "models", "history", "--on", f"{begun:%Y-%m-%d}")
        assert [line["version"] for line in history["promotions"]] == [1, 1]

    def test_the_first_champion_has_nothing_to_return_to(self, workspace: Workspace) -> None:
        with pytest.raises(NotReady, match="first champion"):
            rollback(workspace, DEMAND)

    def test_a_second_rollback_goes_one_further_back(self, engine: sa.Engine) -> None:
        ledger = Ledger(engine)
        first, second = (ledger.version(DEMAND, number).ref for number in (1, 2))
        now = dt.datetime.now(dt.UTC)
        ledger.enter([Entry(second, 1, "better")], at=now, who="awa")
        ledger.enter([Entry(first, 2, "worse", Action.ROLLED_BACK)], at=now, who="awa")
        with pytest.raises(NotReady):
            ledger.before(DEMAND)
        with pytest.raises(Refused, match="became champion meanwhile"):
            ledger.enter([Entry(second, 2, "late")], at=now, who="awa")

    def test_refused_with_its_evidence_and_forced_with_a_reason(
        self, workspace: Workspace, engine: sa.Engine, tmp_path: Path
    ) -> None:
        """Two more versions of the same files whose evidence differs."""
        registry = Registry(workspace, engine)
        files = {DEMAND: workspace.bundles / DEMAND / "1"}
        for number, kept in ((3, evidence()), (4, evidence(error=2.0, luck=2))):
            kept.to_files(tmp_path / f"{number}")
            registry.log_training(
                training(),
                files,
                origin_label="2026-10",
                code_version="0.1.0",
                at=dt.datetime.now(dt.UTC),
                evidence=tmp_path / f"{number}",
            )
        code, told = vigistock(workspace, "models", "promote", DEMAND, 3)
        assert (code, told["error"]["code"]) == (4, "gate_refused"), "nothing in common"
        code, told = vigistock(workspace, "models", "promote", DEMAND, 3, "--force")
        assert code == 4
        assert "needs a reason" in told["error"]["message"]
        code, told = vigistock(
            workspace, "models", "promote", DEMAND, 3, "--force", "--reason", "new company"
        )
        assert (code, told["action"], told["verdict"]["passed"]) == (0, "forced", False)

        with pytest.raises(GateRefused, match="RMSSE overall") as refused:
            promote(workspace, DEMAND, 4)
        assert "decision cost" in {one.measure for one in refused.value.verdict.findings}
        assert registry.champion(DEMAND).version == 3, "nothing has changed"
        entry = registry.ledger.promotions().iloc[-1]
        assert (entry["why"], entry["action"]) == ("new company", "forced")
        assert not entry["evidence"]["passed"]

    def test_evidence_that_was_changed_is_not_judged(
        self, workspace: Workspace, engine: sa.Engine
    ) -> None:
        registry = Registry(workspace, engine)
        version = registry.ledger.version(DEMAND, 2)
        pattern = f"artifacts/{version.run_id}/**/evidence/forecasts.parquet"
        [stored] = workspace.folder.glob(pattern)
        stored.write_bytes(stored.read_bytes()[:-1])
        with pytest.raises(BundleChanged):
            promote(workspace, DEMAND, 2)
        assert registry.champion(DEMAND).version == 1

    def test_one_that_learned_from_less_stays_a_challenger(self, workspace: Workspace) -> None:
        outcome = train(other(workspace), dt.date(2026, 6, 30))
        assert not outcome.champion
        assert outcome.why == "it learned up to 2026-06, the champion to 2026-10"
        assert outcome.publication is None

    def test_a_training_becomes_champion_by_the_gate(
        self, workspace: Workspace, engine: sa.Engine
    ) -> None:
        with Record.open(workspace.database_url) as record:
            deliver(record, 34, 35, ITEMS)
        outcome = train(workspace, NOVEMBER)
        assert (outcome.champion, outcome.demand_version) == (True, 3)
        assert set(outcome.verdicts) == {DEMAND, RISK}
        assert outcome.why.startswith("the gate has no objection (forecasts:")
        assert current(engine).provenance.demand_version == 3


def test_a_rollback_is_served_within_five_seconds(workspace: Workspace, engine: sa.Engine) -> None:
    promote(workspace, DEMAND, 2, reason="new season")
    with serving(workspace) as client:

        def served() -> int:
            return int(client.get("/health/ready").json()["publication"])

        assert served() == 2
        asked = client.post(f"/v1/models/{DEMAND}/rollback", json={"reason": "odd Sundays"})
        assert asked.status_code == 202
        while Ledger(engine).champion(DEMAND).version == 2:
            time.sleep(0.02)
        begun = time.monotonic()
        while served() == 2:
            assert time.monotonic() - begun < 5.0
            time.sleep(0.02)
        while (job := client.get(asked.headers["Location"]).json())["state"] != "done":
            assert job["state"] in ("queued", "running"), job
            time.sleep(0.1)
        assert job["result"]["version"] == 1
        known = client.get("/v1/models").json()["promotions"][0]
        assert (known["why"], known["action"]) == ("odd Sundays", "rolled_back")
        again = client.post(f"/v1/models/{DEMAND}/rollback", json={})
        assert (again.status_code, again.json()["code"]) == (409, "refused")


class Bomb:
    """What a hostile pickle does when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


class TestHostileFiles:
    @pytest.mark.parametrize("name", [DEMAND, RISK])
    def test_every_flip_and_truncation_is_refused(
        self, workspace: Workspace, engine: sa.Engine, name: str
    ) -> None:
        ref = Ledger(engine).champion(name).ref
        folder = bundles.kept(ref, workspace.bundles)
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        luck = random.Random(1)
        for number in range(FLIPS + TRUNCATIONS):
            path = luck.choices(files, [one.stat().st_size for one in files])[0]
            whole = path.read_bytes()
            place = luck.randrange(len(whole))
            if number < FLIPS:
                flipped = whole[place] ^ (1 << luck.randrange(8))
                path.write_bytes(whole[:place] + bytes([flipped]) + whole[place + 1 :])
            else:
                path.write_bytes(whole[:place])
            with pytest.raises(BundleChanged):
                bundles.kept(ref, workspace.bundles)
            path.write_bytes(whole)
        assert bundles.kept(ref, workspace.bundles) == folder

    @pytest.mark.parametrize("what", ["a bomb", "a file more", "a link", "a pipe", "swapped"])
    def test_what_was_planted_is_never_read(
        self, workspace: Workspace, away: Workspace, engine: sa.Engine, tmp_path: Path, what: str
    ) -> None:
        folder, mark = workspace.bundles / DEMAND / "1", tmp_path / "ran"
        weights = folder / "demand_month.npz"
        bomb = pickle.dumps(Bomb(mark))
        if what == "a bomb":
            weights.write_bytes(bomb)
        elif what == "a file more":
            (folder / "extra.pkl").write_bytes(bomb)
        elif what == "a link":
            (tmp_path / "moved").write_bytes(weights.read_bytes())
            weights.unlink()
            weights.symlink_to(tmp_path / "moved")
        elif what == "a pipe":
            os.mkfifo(folder / "pipe")
        else:
            promote(workspace, DEMAND, 2, reason="to have its files")
            back = rollback(away, DEMAND)
            assert (back.version, back.publication) == (1, 3)
            assert "does not answer" in back.aliases, "MLflow follows later"
            shutil.rmtree(folder)
            shutil.copytree(workspace.bundles / DEMAND / "2", folder)
        if what == "swapped":
            assert publish(away, OCTOBER).degraded
        else:
            with pytest.raises(BundleChanged):
                publish(away, OCTOBER)
        assert publish(workspace, OCTOBER).degraded == "", "MLflow's copy takes its place"
        assert not mark.exists()

    @pytest.mark.parametrize("place", ["demand_month.npz", "demand.json"])
    def test_even_one_that_the_record_vouches_for_runs_no_code(
        self, workspace: Workspace, tmp_path: Path, place: str
    ) -> None:
        folder, mark = workspace.bundles / DEMAND / "1", tmp_path / "ran"
        (folder / place).write_bytes(pickle.dumps(Bomb(mark)))
        with pytest.raises(BadBundle):
            FittedDemand.from_files(folder)
        assert not mark.exists()

    def test_the_last_good_one_speaks_and_the_service_says_degraded(
        self, workspace: Workspace, away: Workspace
    ) -> None:
        promote(workspace, DEMAND, 2, reason="new season")
        (workspace.bundles / DEMAND / "2" / "demand_month.npz").write_bytes(b"")
        made = publish(away, OCTOBER)
        assert made.demand_version == 1
        assert f"{DEMAND} 1 speaks for it" in made.degraded
        with serving(workspace) as client:
            ready = client.get("/health/ready")
            assert ready.json()["publication"] == made.publication
            assert ready.json()["trouble"] == made.degraded
            assert client.get("/v1/warnings").headers["vigistock-degraded"]
        publish(workspace, OCTOBER)  # MLflow is back
        with serving(workspace) as client:
            assert client.get("/health/ready").json()["trouble"] == ""


class TestOneTrainer:
    def test_the_other_says_why_and_exits_4(self, workspace: Workspace, engine: sa.Engine) -> None:
        with lease(engine, TRAINING, "awa on laptop"):
            code, told = vigistock(workspace, "train")
        assert (code, told["error"]["code"]) == (4, "under_way")
        assert "awa on laptop, since 20" in told["error"]["message"]
        with lease(engine, TRAINING, "free again"):
            pass

    @pytest.mark.parametrize(
        ("host", "process", "age", "taken"),
        [
            (socket.gethostname(), 2**22 + 1, 1, True),
            (socket.gethostname(), os.getpid(), 1, False),
            ("elsewhere", 1, 60, False),
            ("elsewhere", 1, 600, True),
        ],
        ids=["dead here", "alive here", "quiet elsewhere", "silent elsewhere"],
    )
    def test_a_dead_ones_lease_is_taken_over(
        self, record: Record, host: str, process: int, age: int, taken: bool
    ) -> None:
        seen = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age)
        row = {"name": TRAINING, "token": "t", "holder": "awa", "host": host, "process": process}
        with writing(record.engine) as connection:
            connection.execute(sa.insert(leases), {**row, "since": seen, "seen_at": seen})
        if not taken:
            with pytest.raises(UnderWay), lease(record.engine, TRAINING, "moussa"):
                pass
            return
        with lease(record.engine, TRAINING, "moussa") as check:
            check()
            with writing(record.engine) as connection:
                connection.execute(sa.update(leases).values(token="another's"))
            with pytest.raises(Refused, match="taken for dead"):
                check()


class TestBrokenOff:
    @pytest.fixture
    def broken(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
        """Killed while the risk was learned; the champion is as it was."""

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("models.pipelines.train.hazard_from", die)
            with pytest.raises(KeyboardInterrupt):
                train(other(workspace), OCTOBER, hold=True)
        return workspace

    def test_the_next_goes_on_with_the_same_numbers(
        self, broken: Workspace, engine: sa.Engine
    ) -> None:
        steps: list[str] = []
        ledger = Ledger(engine)
        with Registry(broken, engine).tracking.client() as client:
            experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
            left = client.create_run(experiment, tags={"mlflow.source.name": SOURCE}).info.run_id
        train(other(broken), OCTOBER, hold=True, progress=steps.append)
        with Registry(broken, engine).tracking.client() as client:
            assert client.get_run(left).info.status == "KILLED"
        kept = [step.partition(":")[0] for step in steps if "kept from" in step]
        assert kept == ["forecasts by month", "report", "lessons"]
        assert ledger.champion(DEMAND).version == 1
        for name in (DEMAND, RISK):
            undisturbed, resumed = ledger.version(name, 2), ledger.version(name, 3)
            assert resumed.digest == undisturbed.digest
            assert resumed.metrics == undisturbed.metrics
            assert resumed.evidence_digest == undisturbed.evidence_digest
        assert not broken.unfinished.exists()
        with engine.connect() as connection:
            assert connection.execute(sa.select(training_parts)).first() is None

    def test_planted_parts_are_not_read_and_other_trainings_begin_anew(
        self, record: Record, tmp_path: Path
    ) -> None:
        steps: list[str] = []
        parts = Unfinished(record.engine, tmp_path / "training", "a" * 64, steps.append)
        parts.begin()
        assert [parts("slow", lambda: 1), parts("slow", lambda: 2)] == [1, 1]
        assert steps == ["slow: kept from the training that was broken off"]
        (kept,) = parts.folder.iterdir()
        kept.write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
        assert parts("slow", lambda: 3) == 3
        assert not (tmp_path / "ran").exists()
        anew = Unfinished(record.engine, tmp_path / "training", "b" * 64, steps.append)
        anew.begin()
        assert anew("slow", lambda: 4) == 4
        assert not kept.exists(), "those of another training are gone"


@contextmanager
def trickling(listening: socket.socket) -> Iterator[None]:
    """Answers one caller with headers that never end."""

    def answer() -> None:
        with contextlib.suppress(OSError):
            caller, _ = listening.accept()
            with caller:
                caller.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.1):
                    caller.sendall(b"X-More: 1\r\n")

    over = threading.Event()
    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class TestMlflowAway:
    def test_training_fails_before_it_begins_and_serving_goes_on(
        self, away: Workspace, workspace: Workspace, engine: sa.Engine
    ) -> None:
        with pytest.raises(TrackingUnavailable, match="does not answer"):
            train(away, OCTOBER)
        assert publish(away, OCTOBER).publication == 2
        with lease(engine, TRAINING, "free again"):
            pass

    def test_one_that_never_answers_fails_in_bounded_time(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
            begun = time.monotonic()
            with pytest.raises(TrackingUnavailable):
                train(replace(workspace, tracking=url), OCTOBER)
            assert time.monotonic() - begun < 20

    def test_one_that_trickles_fails_in_bounded_time(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A byte now and then is no silence: each read of the answer is quick, and there is no end
        to them."""
        monkeypatch.setattr("models.tracking.LONGEST_TALK", 2.0)
        with socket.create_server(("127.0.0.1", 0)) as listening, trickling(listening):
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            begun = time.monotonic()
            with pytest.raises(TrackingUnavailable, match="no end after 2 s"):
                train(replace(workspace, tracking=url), OCTOBER)
            assert time.monotonic() - begun < 20
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

    def test_one_that_refuses_is_told_at_once(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        with socket.create_server(("127.0.0.1", 0)) as closed:
            url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        code, told = vigistock(workspace, "train", tracking=url)
        assert (code, told["error"]["code"]) == (1, "tracking_unavailable")
        assert "refused" in told["error"]["message"]
        assert "What is published is still served" in told["error"]["next_step"]

    def test_a_store_that_cannot_grow_loses_no_work(
        self, workspace: Workspace, engine: sa.Engine, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """The system itself refuses to let the store's file grow, as on a disk that is full."""
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        most = (workspace.folder / "mlflow.db").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, usual[1]))
        try:
            with pytest.raises(TrackingUnavailable, match=r"\((database or )?disk [\w/ ]+\)"):
                train(other(workspace), OCTOBER, hold=True)
            assert "Traceback" not in capfd.readouterr().err
            assert publish(workspace, OCTOBER).publication == 2, "serving goes on"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        assert len(Ledger(engine).versions()) == 4
        with engine.connect() as connection:
            kept = connection.execute(sa.select(training_parts.c.part)).scalars().all()
        assert sorted(kept) == ["forecasts by month", "hazard", "lessons", "rehearsal", "report"]


class TestReproduce:
    def test_a_publication_is_made_again_whatever_came_since(
        self, workspace: Workspace, engine: sa.Engine
    ) -> None:
        """Corrections of old months, another champion, a newer origin."""
        promote(workspace, DEMAND, 2, reason="new season")
        with Record.open(workspace.database_url) as record:
            deliver(record, 30, 35, ITEMS)
        publish(workspace, NOVEMBER)
        for number in (1, 2, 3):
            code, told = vigistock(workspace, "reproduce", number)
            assert (code, told["same"]) == (0, True), told["differs"]
        assert [told["demand_version"], told["delivery"]] == [2, 2]

    def test_it_says_what_differs(
        self, workspace: Workspace, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from models.pipelines import reproduce as module

        speak: Callable[..., Any] = module.speak

        def louder(*given: Any) -> Any:
            spoken = speak(*given)
            spoken.assessment.warnings["units_short"] += 1.0
            return spoken

        monkeypatch.setattr(module, "speak", louder)
        [difference] = reproduce(workspace, 1).differs
        assert difference == "warnings: units_short in 8 rows (by 1 at most)"
        [found] = list_publications(engine)
        assert (workspace.publications / found.folder / MANIFEST).exists()
