"""`backup` and `restore`: one archive of a workspace, and the way back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api.commands.shell import AsJson, Shell, counted, shell_of


def backup(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The archive to make; it must not exist yet.")
    ],
    without_record: Annotated[
        bool,
        typer.Option("--without-record", help="The database is backed up by its own means."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put all of the workspace that cannot be made again into one archive, while it is in use."""
    shell = shell_of(context, as_json)
    from api.workspaces import read_workspace

    workspace = read_workspace(shell.folder).workspace
    from api.backups.make import back_up

    with shell.steps() as step:
        made = back_up(
            workspace,
            file,
            at=dt.datetime.now(dt.UTC),
            progress=step,
            without_record=without_record,
        )
    if shell.json:
        shell.answer({name: value for name, value in made.items() if name != "files"})
        return
    record = "the record" if made["record"] else "no record"
    shell.say(
        f"[bold]{escape(made['file'])}[/]: {record}, "
        f"{counted(len(made['publications']), 'publication')}, "
        f"{counted(len(made['files']), 'file')}, {made['bytes'] / 1e6:,.1f} MB."
    )
    _show_notes(shell, made["notes"])


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that `backup` made.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a workspace; the old one stays beside it."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the workspace from an archive, each file checked; nothing is changed if one is bad."""
    shell = shell_of(context, as_json)
    from api.backups.restore import restore as run

    with shell.steps() as step:
        done = run(file, shell.folder, force=force, at=dt.datetime.now(dt.UTC), progress=step)
    about = done.about
    if shell.json:
        shell.answer(
            {
                "workspace": str(shell.folder),
                "made_at": about.made_at,
                "record": about.record,
                "publications": about.publications,
                "old_folder": done.old_folder,
                "old_schema": done.old_schema,
                "notes": done.notes,
            }
        )
        return
    shell.say(
        f"[bold]{escape(str(shell.folder))}[/] is the workspace of {about.made_at}, with "
        f"{counted(len(about.publications), 'publication')}."
    )
    for words, old in (("folder", done.old_folder), ("schema", done.old_schema)):
        if old:
            shell.say(f"The old {words} is [bold]{escape(old)}[/] now.")
    _show_notes(shell, done.notes)
    shell.say(f"[dim]→[/] {shell.command('doctor')}")


def _show_notes(shell: Shell, notes: list[str]) -> None:
    for text in notes:
        shell.say(f"[yellow]Note[/] {escape(text)}")
