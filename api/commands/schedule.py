"""`schedule`: what should run when, as lines of cron and units of systemd."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from api.commands.shell import AsJson, counted, shell_of

DROP: Final = "drop"
UNITS: Final = "/etc/systemd/system"


def schedule(
    context: typer.Context,
    only: Annotated[
        Literal["cron", "systemd"] | None, typer.Option(help="Print one kind and nothing else.")
    ] = None,
    drop: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Files to take in, a folder a feed (DIR/sales/…); default: WORKSPACE/drop.",
        ),
    ] = None,
    backups: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where backups go; default: WORKSPACE.backups beside it."),
    ] = None,
    user: Annotated[str, typer.Option(help="Who runs the units of systemd.")] = "vigistock",
    write: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the units as files, ready for systemd."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print cron and systemd lines: nightly backup, prune, weekly train, daily ingest, publish,
    scorecard and, where a mail server is set, digest."""
    shell = shell_of(context, as_json)
    from api.retraining import reasons_if_any
    from api.schedule import cron, plan, units
    from api.workspaces import read_workspace
    from forecasting.feeds.profile import CONTRACTS

    opened = read_workspace(shell.folder)
    folder = opened.workspace.folder
    program = (str(Path(sys.executable).with_name("vigistock")), "--workspace", str(folder))
    drop = (drop or folder / DROP).absolute()
    backups = (backups or folder.with_name(f"{folder.name}.backups")).absolute()
    feeds = [feed for feed in CONTRACTS if (drop / feed).is_dir()]
    mails = bool(opened.loaded.settings.smtp_host)
    jobs = plan(program, backups, drop, feeds, digest=mails)
    files = units(jobs, (*program, "serve"), user=user, writes=(folder, backups))
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (write / name).write_text(text, encoding="utf-8")
        shell.err.print(f"{counted(len(files), 'unit')} written to {write}", soft_wrap=True)
    why = reasons_if_any(opened.workspace)
    if shell.json:
        shell.answer({"cron": cron(jobs), "systemd": files, "retrain": why})
        return
    for text in why:
        shell.err.print(
            f"Train now, before the schedule does. {text}", soft_wrap=True, markup=False
        )
    if write is not None:
        return
    if only != "systemd":
        typer.echo(cron(jobs), nl=False)
    if only != "cron":
        for name, text in files.items():
            typer.echo(f"\n# {UNITS}/{name}\n{text}", nl=False)
