"""`models promote`, `rollback` and `history`: who is champion, since when, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.shell import AsJson, Shell, last_day, shell_of
from api.commands.versions import Name, check_name, ledger_of, models

if TYPE_CHECKING:
    from models.pipelines.promotion import PromotionOutcome
    from models.verdict import Verdict


@models.command("promote")
def promote(
    context: typer.Context,
    name: Name,
    version: Annotated[int, typer.Argument(min=1, help="The challenger.")],
    force: Annotated[
        bool, typer.Option("--force", help="Against the gate; needs a reason.")
    ] = False,
    reason: Annotated[
        str, typer.Option(metavar="WHY", help="Why; the ledger keeps it, and the verdict.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a version champion if the gate has no objection, and publish. Exit code 4 if refused."""
    shell = shell_of(context, as_json)
    check_name(name)
    workspace = shell.workspace()
    from models.pipelines.promotion import promote as run
    from models.verdict import GateRefused

    try:
        with shell.steps() as step:
            outcome = run(workspace, name, version, force=force, reason=reason, progress=step)
    except GateRefused as error:
        show_verdict(shell, error.verdict)
        raise
    _answer(shell, outcome)


@models.command("rollback")
def rollback(
    context: typer.Context,
    name: Name,
    reason: Annotated[str, typer.Option(metavar="WHY", help="Why; the ledger keeps it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Return to the champion before: what the present one has published is served no longer, at
    once, and a publication by the champion before follows."""
    shell = shell_of(context, as_json)
    check_name(name)
    workspace = shell.workspace()
    from models.pipelines.promotion import rollback as run

    with shell.steps() as step:
        outcome = run(workspace, name, reason=reason, progress=step)
    _answer(shell, outcome)


@models.command("history")
def history(
    context: typer.Context,
    on: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The champions at the end of that day (UTC) alone."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Which version was champion when, who changed it and why; the latest first."""
    shell = shell_of(context, as_json)
    day = last_day(on)
    import datetime as dt

    from models.ledger import DEMAND, RISK

    with ledger_of(shell) as ledger:
        if day is None:
            rows = ledger.promotions().iloc[::-1].to_dict("records")
        else:
            end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
            last = end - dt.timedelta(microseconds=1)
            found = [ledger.live_on(name, last) for name in (DEMAND, RISK)]
            rows = [dict(one) for one in found if one is not None]
    if shell.json:
        shell.answer({"promotions": rows})
        return
    if not rows:
        shell.say("There was no champion." if day else "There is no champion yet.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("since (UTC)", "model", "version", "how", "who"):
        table.add_column(title, no_wrap=True)
    table.add_column("why", overflow="fold")
    for row in rows:
        table.add_row(
            f"{row['at']:%Y-%m-%d %H:%M}",
            row["name"],
            str(row["version"]),
            row["action"].replace("_", " "),
            escape(row["who"]),
            escape(row["why"]),
        )
    shell.out.print(table)


def show_verdict(shell: Shell, verdict: Verdict) -> None:
    """The evidence: overall, and what speaks against the challenger; silent under --json."""
    if shell.json or not verdict.findings:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("measure", overflow="fold")
    for title in ("new", "champion", "naive", "worse", "borne", "series", "events"):
        table.add_column(title, justify="right", no_wrap=True)
    for one in [*verdict.overall, *(one for one in verdict.against if one not in verdict.overall)]:
        name = one.measure if one in verdict.overall else f"{one.measure} {one.segment}"
        table.add_row(
            f"[red]{escape(name)}[/]" if one.is_clear else escape(name),
            *(_number(value) for value in (one.challenger, one.champion, one.naive)),
            _share(one.loss),
            _share(one.limit),
            f"{one.series:,}",
            f"{one.events:,}",
        )
    shell.out.print(table)
    shell.say(
        f"[dim]{escape(verdict.basis)}. Naive: repeating the last season; of warnings, days of "
        "cover. Red: worse by more than is borne, beyond chance.[/]"
    )


def _answer(shell: Shell, outcome: PromotionOutcome) -> None:
    if shell.json:
        shell.answer(outcome.facts())
        return
    if outcome.verdict is not None:
        show_verdict(shell, outcome.verdict)
    before = f" instead of {outcome.before}" if outcome.before else ""
    shell.say(
        f"[bold]{outcome.name} {outcome.version}[/] is champion{before} "
        f"({outcome.action.replace('_', ' ')}): {escape(outcome.why)}"
    )
    if outcome.aliases:
        shell.say(f"[yellow]MLflow's aliases could not follow:[/] {escape(outcome.aliases)}")
    if outcome.publication is not None:
        shell.say(f"Publication [bold]{outcome.publication}[/] is served from now on.")


def _number(value: float) -> str:
    return "" if value != value else f"{value:.3g}"


def _share(value: float) -> str:
    return "" if value != value else f"{value:+.1%}"
