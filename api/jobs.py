"""Long work asked for over HTTP: a row in the record, and a process of its own that does it.

One job at a time; the others wait in the order in which they were asked for. An equal job that
waits or runs is not asked for twice. The process tells every few seconds that it is alive: a job
whose process has fallen silent has failed, whoever looks. It outlives the service that started it.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import orjson
import sqlalchemy as sa

from api.errors import NotFound, over_http
from api.plain import to_json
from api.tables import jobs
from forecasting.errors import NoRoom, Refused, VigistockError
from forecasting.record.database import connect, reading, writing
from models.workspace import Workspace

QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"
UNDER_WAY: Final = (QUEUED, RUNNING)
BEAT_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 120.0
"""Without a sign of life, after which a process is taken for dead: a machine may be that busy, and
whoever writes to the record may have to wait for `BUSY_SECONDS`."""
LAST_TRIES: Final = 5  # to say how a job ended, where the record is busy or away
MOST_QUEUED: Final = 20  # each waits in a process of its own
TURN_SECONDS: Final = 1.0  # between two looks of one that waits

Step = Callable[[str], None]


def _told(workspace: Workspace, publication: int | None) -> dict[str, Any]:
    """What came of the webhook's call, where something was published."""
    if publication is None:
        return {}
    from api.messages.webhook import tell
    from api.settings import load_settings

    outgoing = load_settings(workspace.folder).settings.outgoing
    return {"webhook": vars(tell(workspace, outgoing, publication))}


def _publish(workspace: Workspace, asked: Mapping[str, Any], step: Step) -> dict[str, Any]:
    from models.pipelines.publish import publish

    as_of = asked.get("as_of")
    day = dt.date.fromisoformat(as_of) if as_of else None
    outcome = publish(workspace, day, progress=step)
    return vars(outcome) | _told(workspace, outcome.publication)


def _scenario(workspace: Workspace, asked: Mapping[str, Any], step: Step) -> dict[str, Any]:
    from models.pipelines.scenario import scenario
    from models.scenarios.declaration import scenario_of

    declared = scenario_of({name: asked[name] for name in ("name", "changes") if name in asked})
    made = scenario(workspace, declared, publication=asked["publication"], progress=step).plan
    return {"scenario": made.number, "publication": made.publication, "totals": made.totals}


def _promote(workspace: Workspace, asked: Mapping[str, Any], step: Step) -> dict[str, Any]:
    from models.pipelines.promotion import promote

    return promote(workspace, **asked, progress=step).facts()


def _rollback(workspace: Workspace, asked: Mapping[str, Any], step: Step) -> dict[str, Any]:
    from models.pipelines.promotion import rollback

    return rollback(workspace, **asked, progress=step).facts()


def _train(workspace: Workspace, asked: Mapping[str, Any], step: Step) -> dict[str, Any]:
    from models.pipelines.train import train

    as_of = asked.get("as_of")
    day = dt.date.fromisoformat(as_of) if as_of else None
    outcome = train(workspace, day, progress=step)
    verdicts = {name: one.facts() for name, one in outcome.verdicts.items()}
    told = {name: value for name, value in vars(outcome).items() if name != "metrics"}
    return told | {"verdicts": verdicts} | _told(workspace, outcome.publication)


def _demo(workspace: Workspace, asked: Mapping[str, Any], step: Step) -> dict[str, Any]:
    from api.demo.history import run_demo

    return run_demo(workspace, step)


PUBLISH, TRAIN, DEMO, SCENARIO = "publish", "train", "demo", "scenario"
PROMOTE, ROLLBACK = "promote", "rollback"
KINDS: Final[Mapping[str, Callable[[Workspace, Mapping[str, Any], Step], dict[str, Any]]]] = {
    PUBLISH: _publish,
    TRAIN: _train,
    DEMO: _demo,
    PROMOTE: _promote,
    ROLLBACK: _rollback,
    SCENARIO: _scenario,
}
"""What a job may do: its plain arguments → its plain result."""


def ask(
    workspace: Workspace, engine: sa.Engine, kind: str, asked: Mapping[str, Any], caller: str
) -> dict[str, Any]:
    """The job that does this: one that waits or runs already, or a new one, started."""
    now = dt.datetime.now(dt.UTC)
    with writing(engine, alone=jobs.name) as connection:
        _bury(connection, now)
        same = sa.select(jobs).where(jobs.c.kind == kind, jobs.c.state.in_(UNDER_WAY))
        for row in connection.execute(same).mappings():
            if row["asked"] == dict(asked):
                return dict(row)
        waiting = sa.select(sa.func.count()).where(jobs.c.state == QUEUED)
        if connection.execute(waiting.select_from(jobs)).scalar_one() >= MOST_QUEUED:
            raise Refused(
                f"{MOST_QUEUED} jobs wait already.",
                next_step="Wait until some are done; GET /v1/jobs/{id} tells how they stand.",
            )
        number = (connection.execute(sa.select(sa.func.max(jobs.c.id))).scalar() or 0) + 1
        made: dict[str, Any] = {
            "id": number,
            "kind": kind,
            "asked": dict(asked),
            "caller": caller,
            "state": QUEUED,
            "step": "",
            "asked_at": now,
            "started_at": None,
            "seen_at": now,
            "ended_at": None,
            "result": {},
            "error": {},
        }
        connection.execute(sa.insert(jobs), made)
    _start(workspace, number)
    return made


def job(engine: sa.Engine, number: int) -> dict[str, Any]:
    """One job as it stands; raises NotFound."""
    query = sa.select(jobs).where(jobs.c.id == number)
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"There is no job {number}.", next_step="POST answers with its address.")
    now = dt.datetime.now(dt.UTC)
    if row["state"] in UNDER_WAY and _is_silent(row["seen_at"], now):
        with writing(engine, alone=jobs.name) as connection:
            _bury(connection, now)
            row = connection.execute(query).mappings().one()
    return dict(row)


def under_way(engine: sa.Engine) -> dict[str, Any] | None:
    """The job that runs, or the next that will; None where there is none."""
    query = sa.select(jobs).where(jobs.c.state.in_(UNDER_WAY)).order_by(jobs.c.id)
    now = dt.datetime.now(dt.UTC)
    with reading(engine) as connection:
        rows = connection.execute(query).mappings().all()
    return next((dict(row) for row in rows if not _is_silent(row["seen_at"], now)), None)


def _is_silent(seen_at: dt.datetime, now: dt.datetime) -> bool:
    return (now - seen_at).total_seconds() > SILENT_SECONDS


def _bury(connection: sa.Connection, now: dt.datetime) -> None:
    """Jobs whose process is dead have failed."""
    query = sa.select(jobs).where(jobs.c.state.in_(UNDER_WAY))
    for row in connection.execute(query).mappings().all():
        if _is_silent(row["seen_at"], now):
            error = {
                "code": "job_ended",
                "title": "The work ended before it was done",
                "detail": f"Its process gave no sign of life for {SILENT_SECONDS:.0f} s.",
                "next_step": "Ask for it again; the log of the service may say why.",
            }
            _set(connection, row["id"], state=FAILED, ended_at=now, error=error)


def _set(connection: sa.Connection, number: int, **values: Any) -> None:
    connection.execute(sa.update(jobs).where(jobs.c.id == number).values(**values))


def _start(workspace: Workspace, number: int) -> None:
    """A process that belongs to no terminal and to no worker of the service."""
    from api.workspaces import VARIABLE

    process = subprocess.Popen(
        [sys.executable, "-m", "api.jobs", str(number)],
        env=os.environ | {VARIABLE: str(workspace.folder)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie


class _Run:
    """One job, in its own process."""

    def __init__(self, workspace: Workspace, number: int) -> None:
        self.workspace = workspace
        self.number = number
        self.engine = connect(workspace.database_url, schema=workspace.schema)
        self._ended = threading.Event()

    def note(self, **values: Any) -> None:
        with writing(self.engine) as connection:
            _set(connection, self.number, seen_at=dt.datetime.now(dt.UTC), **values)

    def tell(self, **values: Any) -> None:
        """As `note`, where the record takes it: no work fails for a word on how far it is."""
        with suppress(sa.exc.SQLAlchemyError, Refused):  # it may be back next time
            self.note(**values)

    def beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self.tell()

    def wait_for_turn(self) -> dict[str, Any] | None:
        """Its row once it runs; None where it was given up meanwhile."""
        mine = sa.select(jobs).where(jobs.c.id == self.number)
        before = sa.select(jobs).where(jobs.c.state.in_(UNDER_WAY), jobs.c.id < self.number)
        while True:
            now = dt.datetime.now(dt.UTC)
            with suppress(Refused), writing(self.engine, alone=jobs.name) as connection:
                _bury(connection, now)
                row = connection.execute(mine).mappings().one()
                if row["state"] != QUEUED:
                    return None
                if connection.execute(before).first() is None:
                    _set(connection, self.number, state=RUNNING, started_at=now, seen_at=now)
                    return dict(row)
            time.sleep(TURN_SECONDS)

    def __call__(self) -> None:
        pulse = threading.Thread(target=self.beat, daemon=True)
        pulse.start()
        try:
            row = self.wait_for_turn()
            if row is not None:
                self._do(row)
        finally:
            self._ended.set()
            pulse.join()
            self.engine.dispose()

    def _do(self, row: Mapping[str, Any]) -> None:
        try:
            result = KINDS[row["kind"]](self.workspace, row["asked"], lambda w: self.tell(step=w))
        except VigistockError as error:
            self._fail(error)
        except Exception as error:
            if NoRoom.speaks_in(error):
                self._fail(NoRoom(error))
                raise
            told = {"code": "unexpected", "title": "Something unexpected went wrong"}
            told |= {"detail": type(error).__name__, "next_step": "See the log of the service."}
            self._end(FAILED, error=told)
            raise
        else:
            self._end(DONE, step="", result=orjson.loads(to_json(result)), error={})

    def _fail(self, error: VigistockError) -> None:
        told = {"code": error.code, "title": error.title, "detail": error.message}
        self._end(FAILED, error=told | {"next_step": over_http(error.next_step)})

    def _end(self, state: str, **values: Any) -> None:
        at = dt.datetime.now(dt.UTC)
        for left in reversed(range(LAST_TRIES)):
            try:
                self.note(state=state, ended_at=at, **values)
                return
            except (sa.exc.SQLAlchemyError, Refused):
                if not left:
                    raise
                time.sleep(BEAT_SECONDS)


def main() -> None:
    """`python -m api.jobs NUMBER`, in the workspace that the environment names."""
    from api.workspaces import folder_of, read_workspace

    _Run(read_workspace(folder_of(None)).workspace, int(sys.argv[1]))()


if __name__ == "__main__":
    main()
