"""The demonstration as a job: the company's files taken in, learned from a month before their end,
then a publication a week and one a day, so that lists, changes and the scorecard have something to
say. The command `demo` shows the single steps instead, and publishes once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from api.demo import END, FILES, MARK, build_company, usual_workers
from forecasting.errors import Refused
from forecasting.record.database import connect, reading
from forecasting.record.schema import deliveries
from models.tables import publications
from models.workspace import Workspace

WEEKS: Final = 4  # before the end of the files, of publications that the scorecard can judge

if TYPE_CHECKING:
    from api.demo.files import DemoFile, DemoFiles

Step = Callable[[str], None]


def run_demo(
    workspace: Workspace, step: Step, *, days: int = 730, sites: int = 6, items: int = 150
) -> dict[str, Any]:
    """The last publication. Raises Refused where the workspace holds a company's data already."""
    from api.scorecards import keep
    from models.pipelines.publish import publish
    from models.pipelines.scorecard import scorecard
    from models.pipelines.train import train

    workspace = replace(workspace, options=replace(workspace.options, workers=usual_workers()))
    folder = workspace.folder / FILES
    engine = connect(workspace.database_url, schema=workspace.schema)
    refuse_foreign_data(workspace, engine)
    engine.dispose()
    step("building two years of a distributor")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    take_in(workspace, build_company(folder, days=days, sites=sites, items=items).files, step)
    train(workspace, END - dt.timedelta(weeks=WEEKS), progress=step)
    sundays = [END - dt.timedelta(weeks=week) for week in range(WEEKS - 1, 0, -1)]
    for day in [*sundays, END - dt.timedelta(days=1), END]:
        step(f"publishing as of {day}")
        outcome = publish(workspace, day)
    step("judging what was announced")
    keep(workspace, scorecard(workspace, None, progress=step).facts())
    return vars(outcome)


def demo_workspace(
    folder: Path, *, sites: int, items: int, days: int
) -> tuple[Workspace, DemoFiles]:
    """A new workspace in `folder` that holds a demonstration company's files, and nothing learned
    yet; and those files, with the truth behind them: what notebooks begin with."""
    from api.workspaces import init_workspace

    workspace = init_workspace(folder / "workspace", frequency="D", database=None)
    made = build_company(folder / "exports", sites=sites, items=items, days=days)
    take_in(workspace, made.files)
    return workspace, made


def take_in(
    workspace: Workspace, files: Sequence[DemoFile], step: Step = lambda _step: None
) -> None:
    """Each file through its profile into the record."""
    from forecasting.feeds import load_profile, read
    from forecasting.record import Record

    with Record.open(workspace.database_url, schema=workspace.schema) as record:
        for file in files:
            step(f"reading {file.path.name}")
            reading = read(file.path, file.feed, load_profile(file.profile))
            record.deliver(reading, received_at=dt.datetime.now(dt.UTC))


def refuse_foreign_data(workspace: Workspace, engine: sa.Engine) -> None:
    """Raises Refused where the workspace has a publication, or data that are not the demo's."""
    ours = (workspace.folder / FILES / MARK).is_file()
    with reading(engine) as connection:
        published = connection.execute(sa.select(publications.c.number).limit(1)).first()
        delivered = connection.execute(sa.select(deliveries.c.number).limit(1)).first()
    if published or (delivered and not ours):
        raise Refused(
            "The workspace already holds a company's data; the demonstration would mix with it.",
            next_step="Serve another workspace: vigistock --workspace demo-workspace demo",
        )
