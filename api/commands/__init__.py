"""The `vigistock` command. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import atexit
import gc
from pathlib import Path
from typing import Annotated, Final

import typer

from api.commands import (
    answers,
    backups,
    company,
    evaluation,
    feeds,
    keys,
    kpis,
    messages,
    overrides,
    promotions,
    publications,
    scenarios,
    schedule,
    scorecards,
    service,
    users,
    versions,
    workspace,
)
from api.commands.shell import AsJson, Guarded, Shell

app = typer.Typer(
    name="vigistock",
    cls=Guarded,
    help="What will run out, when, why, and what can still be done.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def tell_version(asked: bool) -> None:
    """`vigistock 0.1.0`, the installed distribution's, and nothing else is done."""
    if asked:
        from models.provenance import DISTRIBUTION, package_version

        typer.echo(f"{DISTRIBUTION} {package_version()}")
        raise typer.Exit


@app.callback()
def vigistock(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            metavar="DIR",
            help="Folder of the company; else VIGISTOCK_WORKSPACE, else ./vigistock-workspace.",
        ),
    ] = None,
    as_json: AsJson = False,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=tell_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    context.obj = Shell(folder, json=as_json)


START, DATA, LEARN, ANSWERS, OPERATE = "Start", "Data", "Learn", "Answers", "Operate"

app.command(rich_help_panel=START)(workspace.init)
app.command(rich_help_panel=START)(company.demo)
app.command(rich_help_panel=START)(workspace.doctor)
app.command(rich_help_panel=DATA)(feeds.ingest)
app.command(rich_help_panel=DATA)(feeds.rejects)
app.command(rich_help_panel=LEARN)(versions.train)
app.command(rich_help_panel=LEARN)(versions.publish)
app.command(rich_help_panel=LEARN)(evaluation.evaluate)
app.command(rich_help_panel=LEARN)(scorecards.scorecard)
app.add_typer(promotions.models, name="models", rich_help_panel=LEARN)
app.command(rich_help_panel=OPERATE)(publications.reproduce)
app.command(rich_help_panel=OPERATE)(backups.backup)
app.command(rich_help_panel=OPERATE)(backups.restore)
app.command(rich_help_panel=OPERATE)(schedule.schedule)
app.add_typer(publications.publications, name="publications", rich_help_panel=OPERATE)
app.command(rich_help_panel=ANSWERS)(answers.warnings)
app.command(rich_help_panel=ANSWERS)(answers.export)
app.command(rich_help_panel=ANSWERS)(kpis.kpis)
app.command(rich_help_panel=ANSWERS)(messages.digest)
app.add_typer(scenarios.scenario, name="scenario", rich_help_panel=ANSWERS)
app.add_typer(overrides.overrides, name="overrides", rich_help_panel=ANSWERS)
app.command(rich_help_panel=ANSWERS)(service.serve)
app.add_typer(keys.keys, name="keys", rich_help_panel=ANSWERS)
app.add_typer(users.users, name="users", rich_help_panel=ANSWERS)


NEW_OBJECTS: Final = 200_000
"""Made before Python looks for circles among them: libraries make many when they are imported, and
no circle. What lives long asks more often (`serve`)."""


def main() -> None:
    """Run the command. Its end looks for no circles either: the memory is given back as a whole."""
    gc.set_threshold(NEW_OBJECTS)
    atexit.register(gc.freeze)
    app()
