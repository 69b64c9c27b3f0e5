"""`publications`: which there are, and room for new ones."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.shell import EXIT_REFUSED, AsJson, Shell, counted, shell_of

if TYPE_CHECKING:
    from api.workspaces import Opened
    from models.publication import Publication

publications = typer.Typer(help="Show publications; remove old ones.", no_args_is_help=True)


def _opened(shell: Shell) -> Opened:
    """With the record brought to this version."""
    from api.workspaces import read_workspace

    shell.workspace()
    return read_workspace(shell.folder)


@publications.command("list")
def show(context: typer.Context, as_json: AsJson = False) -> None:
    """Every publication, the current one first, and why its files stay or may go."""
    shell = shell_of(context, as_json)
    from api.retention import size_of, verdicts

    found = verdicts(_opened(shell), dt.datetime.now(dt.UTC))
    if shell.json:
        rows = [_facts(one.publication) | {"goes": one.goes, "why": one.why} for one in found]
        shell.answer({"publications": rows})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("publication", "origin", "made", "MB"):
        table.add_column(name, justify="left" if name == "origin" else "right", no_wrap=True)
    table.add_column("kept because")
    for one in found:
        made = one.publication
        size = "" if made.pruned_at else f"{size_of(made) / 1e6:,.1f}"
        why = f"[yellow]may go:[/] {one.why}" if one.goes else one.why
        day = f"{made.created_at:%Y-%m-%d %H:%M}"
        table.add_row(str(made.number), made.provenance.origin_label, day, size, why)
    shell.out.print(table)
    if any(one.goes for one in found):
        shell.say(f"[dim]→[/] {shell.command('publications prune')}")


@publications.command()
def prune(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Say what would go; remove nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove the files of old publications, as keep_publications and keep_months say."""
    shell = shell_of(context, as_json)
    from api.retention import prune_now, size_of, verdicts

    opened, now = _opened(shell), dt.datetime.now(dt.UTC)
    gone = (
        [one.publication for one in verdicts(opened, now) if one.goes]
        if check
        else prune_now(opened, now)
    )
    size = sum(size_of(one) for one in gone)
    if shell.json:
        shell.answer({"removed": not check, "bytes": size, "publications": list(map(_facts, gone))})
        return
    words = "would go" if check else "removed"
    shell.say(f"{counted(len(gone), 'publication')} {words}, {size / 1e6:,.1f} MB.")


def _facts(one: Publication) -> dict[str, Any]:
    from api.retention import size_of

    return {
        "publication": one.number,
        "origin": one.provenance.origin_label,
        "created_at": one.created_at.isoformat(),
        "pruned_at": one.pruned_at and one.pruned_at.isoformat(),
        "bytes": size_of(one),
    }


def reproduce(
    context: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="Of the publication.")],
    as_json: AsJson = False,
) -> None:
    """Make a publication again from the data, versions and settings of then: same, or what differs
    (exit code 4). Nothing is written."""
    shell = shell_of(context, as_json)
    workspace = shell.workspace()
    from models.pipelines.reproduce import reproduce as run

    with shell.steps() as step:
        outcome = run(workspace, number, progress=step)
    if shell.json:
        shell.answer(vars(outcome))
    elif outcome.same:
        shell.say(
            f"Publication {number} (origin {outcome.origin}): [green]same[/], every byte of "
            f"{counted(len(outcome.parts), 'part')}."
        )
    else:
        shell.say(f"Publication {number} (origin {outcome.origin}) [red]differs[/]:")
        for line in outcome.differs:
            shell.say(f"  {escape(line)}")
        if outcome.code_then != outcome.code_now:
            shell.say(
                f"[dim]It was made by {escape(outcome.code_then)}; "
                f"this is {escape(outcome.code_now)}.[/]"
            )
    if not outcome.same:
        raise typer.Exit(EXIT_REFUSED)
