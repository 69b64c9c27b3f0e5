"""Long work over HTTP: asked for once, done by a process of its own, never lost sight of."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from api import jobs
from api.messages.webhook import Told
from api.settings import Outgoing
from api.tables import jobs as table
from api.workspaces import init_workspace
from forecasting.record import database
from forecasting.record.database import connect, writing
from models.workspace import Workspace
from tests.api.published import publish
from tests.api.serving import serving


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def workspace(tmp_path: Path, request: pytest.FixtureRequest) -> Workspace:
    """Nothing published, no data."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return init_workspace(tmp_path / "w", frequency="D", database=url)


@pytest.fixture
def engine(workspace: Workspace) -> Iterator[sa.Engine]:
    engine = connect(workspace.database_url)
    yield engine
    engine.dispose()


def ended(client: httpx.Client, place: str) -> dict[str, Any]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        told: dict[str, Any] = client.get(place).json()
        if told["state"] in (jobs.DONE, jobs.FAILED):
            return told
        time.sleep(0.1)
    raise AssertionError("the job did not end")


def test_work_that_cannot_be_done_tells_why_and_what_next(workspace: Workspace) -> None:
    with serving(workspace) as client:
        asked = client.post("/v1/publications", json={"as_of": "2026-W47"})
        assert (asked.status_code, asked.json()["state"]) == (202, jobs.QUEUED)
        assert asked.json()["asked"] == {"as_of": "2026-11-22"}
        told = ended(client, asked.headers["Location"])
        assert told["state"] == jobs.FAILED
        assert told["error"]["code"] == "not_ready"
        for way in ("vigistock train", 'POST /v1/jobs {"kind": "train"}'):
            assert way in told["error"]["next_step"]
        assert told["started_at"] <= told["ended_at"]


def test_a_training_without_data_tells_what_is_missing(workspace: Workspace) -> None:
    with serving(workspace) as client:
        asked = client.post("/v1/jobs", json={"kind": "train", "as_of": "2026-W47"})
        assert (asked.status_code, asked.json()["asked"]) == (202, {"as_of": "2026-11-22"})
        told = ended(client, asked.headers["Location"])
        assert (told["state"], told["error"]["code"]) == (jobs.FAILED, "not_ready")


def test_the_demonstration_mixes_with_nobodys_data(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_start", lambda _workspace, _number: None)
    with serving(workspace) as client:
        first, again = (client.post("/v1/jobs", json={"kind": "demo"}).json() for _ in range(2))
        assert first["job"] == again["job"] == 1
        pushed = client.post(
            "/v1/feeds/sales",
            content="date,site,sku,units\n2026-11-20,LYON,1,1\n",
            headers={"Content-Type": "text/csv", "Idempotency-Key": "1"},
        )
        assert pushed.status_code == 201
        told = client.post("/v1/jobs", json={"kind": "demo"})
        assert (told.status_code, told.json()["code"]) == (409, "refused")
        assert client.post("/v1/jobs", json={"kind": "publish"}).status_code == 422


def test_a_published_company_is_no_place_for_the_demonstration(own_workspace: Workspace) -> None:
    publish(own_workspace)
    with serving(own_workspace) as client:
        assert client.post("/v1/jobs", json={"kind": "demo"}).status_code == 409


def test_an_equal_job_under_way_is_returned_not_repeated(
    workspace: Workspace, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    monkeypatch.setattr(jobs, "_start", lambda _workspace, number: started.append(number))
    first, again, other = (
        jobs.ask(workspace, engine, jobs.PUBLISH, {"as_of": day}, "erp")["id"]
        for day in ("2026-11-22", "2026-11-22", "2026-11-23")
    )
    assert (first, again, other) == (1, 1, 2)
    assert started == [1, 2]


def test_so_many_jobs_may_wait_and_no_more(
    workspace: Workspace, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_start", lambda _workspace, _number: None)
    monkeypatch.setattr(jobs, "MOST_QUEUED", 2)
    for day in ("2026-11-01", "2026-11-02"):
        jobs.ask(workspace, engine, jobs.PUBLISH, {"as_of": day}, "")
    with serving(workspace) as client:
        told = client.post("/v1/publications", json={"as_of": "2026-11-03"})
        assert (told.status_code, told.json()["code"]) == (409, "refused")
        again = client.post("/v1/publications", json={"as_of": "2026-11-02"})
        assert (again.status_code, again.json()["job"]) == (202, 2), "an equal one is no new one"


def test_a_job_whose_process_fell_silent_has_failed_and_may_be_asked_for_again(
    workspace: Workspace, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_start", lambda _workspace, _number: None)
    jobs.ask(workspace, engine, jobs.PUBLISH, {}, "")
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=jobs.SILENT_SECONDS + 1)
    with writing(engine) as connection:
        connection.execute(sa.update(table).values(seen_at=long_ago, state=jobs.RUNNING))
    with serving(workspace) as client:
        told = client.get("/v1/jobs/1").json()
        assert (told["state"], told["error"]["code"]) == (jobs.FAILED, "job_ended")
    assert jobs.ask(workspace, engine, jobs.PUBLISH, {}, "")["id"] == 2


def test_jobs_follow_each_other_in_the_order_they_were_asked_for(
    workspace: Workspace, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def work(_workspace: Workspace, asked: Any, step: Any) -> dict[str, Any]:
        step(f"doing {asked['name']}")
        done.append(asked["name"])
        return {"name": asked["name"]}

    monkeypatch.setattr(jobs, "_start", lambda _workspace, _number: None)
    monkeypatch.setitem(jobs.KINDS, "work", work)  # type: ignore[arg-type]
    for name in ("first", "second"):
        jobs.ask(workspace, engine, "work", {"name": name}, "")
    second = jobs._Run(workspace, 2)
    monkeypatch.setattr(time, "sleep", lambda _seconds: jobs._Run(workspace, 1)())
    second()
    assert done == ["first", "second"]
    assert jobs.job(engine, 2)["result"] == {"name": "second"}
    second()
    assert done == ["first", "second"], "what is done is not done again"


@pytest.mark.parametrize(("publication", "called"), [(7, [7]), (None, [])])
def test_a_training_that_publishes_calls_the_webhook_as_the_command_does(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    publication: int | None,
    called: list[int],
) -> None:
    told: list[int] = []

    def tell(_workspace: Workspace, _outgoing: Outgoing, number: int) -> Told:
        told.append(number)
        return Told(warnings=2, delivered=True)

    outcome = SimpleNamespace(verdicts={}, metrics={}, publication=publication)
    monkeypatch.setattr("models.pipelines.train.train", lambda *_, **__: outcome)
    monkeypatch.setattr("api.messages.webhook.tell", tell)
    result = jobs.KINDS[jobs.TRAIN](workspace, {"as_of": None}, print)
    assert told == called
    assert ("webhook" in result) == bool(called)


def test_a_job_that_fills_the_disk_tells_what_makes_room(
    workspace: Workspace, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(_workspace: Workspace, _asked: Any, _step: Any) -> dict[str, Any]:
        Path("/dev/full").write_text("one more row")
        return {}

    monkeypatch.setattr(jobs, "_start", lambda _workspace, _number: None)
    monkeypatch.setitem(jobs.KINDS, "fill", fill)  # type: ignore[arg-type]
    jobs.ask(workspace, engine, "fill", {}, "")
    with pytest.raises(OSError, match="No space left on device"):  # for the log
        jobs._Run(workspace, 1)()
    told = jobs.job(engine, 1)
    assert (told["state"], told["error"]["code"]) == (jobs.FAILED, "no_room")
    assert "vigistock publications prune" in told["error"]["next_step"]


def test_a_busy_record_neither_ends_a_job_nor_hides_that_it_lives(
    workspace: Workspace, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery of millions of rows holds the record for as long as it takes."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 1)
    monkeypatch.setattr(
        database, "_PRAGMAS", ("PRAGMA busy_timeout = 100", "PRAGMA journal_mode = WAL")
    )
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(jobs, "_start", lambda _workspace, _number: None)

    def work(_workspace: Workspace, _asked: Any, step: Any) -> dict[str, Any]:
        with writing(engine, alone=table.name) as connection:
            connection.execute(sa.update(table).values(step="somebody else"))
            step("while somebody else writes")
        freed = dt.datetime.now(dt.UTC)
        while jobs.job(engine, 1)["seen_at"] <= freed:
            assert (dt.datetime.now(dt.UTC) - freed).total_seconds() < 30, "no beat any more"
            time.sleep(0.05)
        return {}

    monkeypatch.setitem(jobs.KINDS, "work", work)  # type: ignore[arg-type]
    jobs.ask(workspace, engine, "work", {}, "")
    jobs._Run(workspace, 1)()
    assert jobs.job(engine, 1)["state"] == jobs.DONE


def test_a_job_that_was_taken_for_dead_and_is_done_has_no_fault(
    workspace: Workspace, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of the machine was set, or it slept."""
    monkeypatch.setattr(jobs, "_start", lambda _workspace, _number: None)

    def work(_workspace: Workspace, _asked: Any, _step: Any) -> dict[str, Any]:
        with writing(engine) as connection:
            jobs._bury(connection, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
        assert jobs.job(engine, 1)["error"]["code"] == "job_ended"
        return {}

    monkeypatch.setitem(jobs.KINDS, "work", work)  # type: ignore[arg-type]
    jobs.ask(workspace, engine, "work", {}, "")
    jobs._Run(workspace, 1)()
    told = jobs.job(engine, 1)
    assert (told["state"], told["error"]) == (jobs.DONE, {})


def test_without_a_record_jobs_and_deliveries_are_not_ready(
    workspace: Workspace, engine: sa.Engine
) -> None:
    with serving(workspace) as client:
        nothing = client.get("/v1/feeds/deliveries", params={"feed": "\0"})
        assert (nothing.status_code, nothing.json()["items"]) == (200, [])
        with writing(engine) as connection:
            for name in (table.name, "rejects", "pushes", "deliveries"):
                connection.execute(sa.text(f"ALTER TABLE {name} RENAME TO {name}_away"))
        for address in (
            *("/v1/jobs/1", "/v1/feeds/deliveries", "/v1/feeds/deliveries/1"),
            "/v1/feeds/deliveries/1/rejects",
        ):
            assert client.get(address).status_code == 503, address
        assert client.post("/v1/jobs", json={"kind": "train"}).status_code == 503
        assert client.post("/v1/publications", json={}).status_code == 503


@pytest.mark.parametrize(
    "body",
    [
        *({"as_of": day} for day in ("2026-13", "yesterday", "2199-01", "9999-12")),
        *({"as_off": None}, [], "x"),
    ],
)
def test_a_wrong_request_is_told(client: httpx.Client, body: Any) -> None:
    told = client.post("/v1/publications", json=body)
    assert told.status_code == 422
    assert told.headers["Content-Type"] == "application/problem+json"


def test_an_unknown_job_is_not_found(client: httpx.Client) -> None:
    assert client.get("/v1/jobs/99").status_code == 404
