"""`init` and `doctor`: make a workspace; say how it is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.shell import AsJson, Shell, shell_of


def init(
    context: typer.Context,
    frequency: Annotated[
        Literal["D", "W", "M"] | None,
        typer.Option(case_sensitive=False, help="Length of a period: day, ISO week or month."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The record; default: SQLite inside the workspace."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a workspace: its folder, its settings file and its record."""
    from api.settings import TOML_NAME, hide_password
    from api.workspaces import init_workspace

    shell = shell_of(context, as_json)
    made = init_workspace(shell.folder, frequency=frequency, database=database)
    facts = {
        "workspace": str(made.folder),
        "frequency": made.options.frequency.value,
        "database": hide_password(made.database_url),
        "settings": str(made.folder / TOML_NAME),
    }
    if shell.json:
        shell.answer(facts)
        return
    grain = made.options.frequency.grain
    shell.say(f"Workspace [bold]{escape(str(made.folder))}[/] is ready; a period is a {grain}.")
    shell.say(f"[dim]→[/] Next: {shell.command('ingest sales FILE…')}")


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Say how the workspace is: versions, settings and their sources, data, models, disk."""
    from api.diagnosis import diagnose

    shell = shell_of(context, as_json)
    found = diagnose(shell.folder)
    if shell.json:
        shell.answer(found)
    else:
        _show_diagnosis(shell, found)
    if found["problems"]:
        raise typer.Exit(1)


def _show_diagnosis(shell: Shell, found: dict[str, Any]) -> None:
    shell.say(f"[bold]Workspace[/] {escape(found['workspace'])}")
    for part in ("python", "database", "data", "publication", "champions", "tracking", "disk"):
        facts = found[part]
        text = (
            ", ".join(f"{key} {value}" for key, value in facts.items() if value not in (None, ""))
            if isinstance(facts, dict)
            else facts
        )
        shell.say(f"[bold]{part.capitalize()}[/] {escape(str(text or '—'))}")
    versions = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    shell.say(f"[bold]Packages[/] {escape(versions)}")
    table = Table("setting", "value", "from", box=None, pad_edge=False, header_style="dim")
    for key, setting in found["settings"].items():
        source = setting["source"]
        style = "dim" if source == "default" else ""
        table.add_row(key, escape(str(setting["value"])), source, style=style)
    shell.out.print(table)
    for text in found["alarms"]:
        shell.say(f"[yellow]Alarm[/] {escape(text)}")
    for text in found["retrain"]:
        shell.say(f"[yellow]Train now[/] {escape(text)}")
    for text in found["notes"]:
        shell.say(f"[dim]Note[/] {escape(text)}")
    for text in found["problems"]:
        shell.say(f"[red]Problem[/] {escape(text)}")
    if not any(found[part] for part in ("alarms", "retrain", "problems")):
        shell.say("[green]All is well.[/]")
    elif not found["problems"]:
        shell.say("[green]Nothing is broken;[/] what is in yellow wants a look.")
