"""`train`, `publish` and `models`: learning, rolling forward, and what was learned."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.shell import AsJson, AsOf, Shell, counted, last_day, shell_of
from forecasting.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.ledger import Ledger, Version
    from models.workspace import Workspace

models = typer.Typer(
    help="Versions of the models: list, compare, promote, roll back.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="demand-forecast or rupture-risk.")]


def train(
    context: typer.Context,
    as_of: AsOf = None,
    promote: Annotated[
        str, typer.Option(metavar="REASON", help="Make the new versions champions, and why.")
    ] = "",
    challenger: Annotated[
        bool, typer.Option("--challenger", help="Keep the champions, whatever the gate says.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Processes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Learn from the record; new versions that the gate lets pass become champions and are
    published, the first always."""
    shell = shell_of(context, as_json)
    day = last_day(as_of)
    workspace = shell.workspace({"workers": workers})
    from models.pipelines.train import train as run

    with shell.steps() as step:
        outcome = run(workspace, day, promote=promote, hold=challenger, progress=step)
    if shell.json:
        verdicts = {name: one.facts() for name, one in outcome.verdicts.items()}
        told = _told(shell, workspace, outcome.publication)
        shell.answer({**vars(outcome), "verdicts": verdicts, **told})
        return
    from api.commands.learned import told as in_words

    for line in in_words(outcome):
        shell.say(line)
    _told(shell, workspace, outcome.publication)


def publish(context: typer.Context, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Forecast and warn anew with the champions; nothing is learned again."""
    shell = shell_of(context, as_json)
    day = last_day(as_of)
    workspace = shell.workspace()
    from models.pipelines.publish import publish as run

    with shell.steps() as step:
        outcome = run(workspace, day, progress=step)
    if shell.json:
        moved_shares = {one.grain: one.share for one in outcome.moved}
        told = _told(shell, workspace, outcome.publication)
        shell.answer({**vars(outcome), "moved": moved_shares, **told})
        return
    shell.say(
        f"Publication [bold]{outcome.publication}[/] as of {outcome.origin}, by demand-forecast "
        f"{outcome.demand_version} and rupture-risk {outcome.risk_version}: "
        f"{outcome.series:,} series, {outcome.out:,} out of stock, {outcome.warnings:,} warnings "
        f"({outcome.seconds:.0f} s)."
    )
    if outcome.recognised:
        lines = counted(outcome.recognised, "order line")
        shell.say(f"{lines} recognised as ordered by earlier proposals.")
    moved = [f"{one.share:.1%} by {one.grain}" for one in outcome.moved if one.share is not None]
    if outcome.overrides:
        numbers = ", ".join(map(str, outcome.overrides))
        shell.say(f"{counted(len(outcome.overrides), 'override')} counted: {numbers}.")
    for text in outcome.ending:
        shell.say(f"[yellow]Ends soon[/] {escape(text)}")
    if outcome.degraded:
        shell.say(f"[red]Degraded:[/] {escape(outcome.degraded)}")
    for text in outcome.alarms:
        shell.say(f"[yellow]Alarm[/] {escape(text)}")
    if moved:
        since = outcome.moved[0].since
        shell.say(
            f"[dim]Since publication {since} forecasts of the same periods moved by a share of "
            f"{', '.join(moved)}.[/]"
        )
    _told(shell, workspace, outcome.publication)


def _told(shell: Shell, workspace: Workspace, publication: int | None) -> dict[str, Any]:
    """What came of the webhook's call, where something was published."""
    if publication is None:
        return {}
    from api.commands.messages import tell_webhook

    return {"webhook": tell_webhook(shell, workspace, publication)}


@contextmanager
def ledger_of(shell: Shell) -> Iterator[Ledger]:
    workspace = shell.workspace()
    from forecasting.record import Record
    from models.ledger import Ledger

    with Record.open(workspace.database_url, schema=workspace.schema) as record:
        yield Ledger(record.engine)


@models.command("list")
def list_versions(context: typer.Context, as_json: AsJson = False) -> None:
    """Every version, the newest first, and which is champion."""
    shell = shell_of(context, as_json)
    from api.commands.learned import headline

    with ledger_of(shell) as ledger:
        rows = ledger.versions().to_dict("records")
    if shell.json:
        shell.answer({"versions": rows})
        return
    if not rows:
        shell.say(f"No model has been trained yet.\n[dim]→[/] {shell.command('train')}")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("model", "version", "", "origin", "made"):
        table.add_column(name, no_wrap=True)
    table.add_column("on the past", overflow="fold")
    for row in rows:
        table.add_row(
            row["name"],
            str(row["version"]),
            "[green]champion[/]" if row["champion"] else "",
            row["origin_label"],
            f"{row['created_at']:%Y-%m-%d %H:%M}",
            headline(row["metrics"], row["name"]),
        )
    shell.out.print(table)


@models.command("show")
def show_version(
    context: typer.Context,
    name: Name,
    version: Annotated[int | None, typer.Argument(min=1, help="Default: the champion.")] = None,
    as_json: AsJson = False,
) -> None:
    """One version: what it learned from, its metrics, where it was promoted and why."""
    shell = shell_of(context, as_json)
    check_name(name)
    with ledger_of(shell) as ledger:
        found = ledger.champion(name) if version is None else ledger.version(name, version)
        facts = _facts(found, ledger, shell.workspace())
    if shell.json:
        shell.answer(facts)
        return
    promotions = facts.pop("promotions")
    tables = [(one, facts.pop(f"{one}s", {})) for one in ("metric", "parameter")]
    for key, value in facts.items():
        shell.say(f"[bold]{key.replace('_', ' ')}[/] {escape(str(value))}")
    for promotion in promotions:
        shell.say(f"[bold]promoted[/] {promotion['at']:%Y-%m-%d %H:%M}: {escape(promotion['why'])}")
    for title, values in tables:
        table = Table(title, "value", box=None, pad_edge=False, header_style="dim")
        for key, value in values.items():
            table.add_row(escape(key), f"{value:.4g}" if isinstance(value, float) else str(value))
        if values:
            shell.out.print(table)


def check_name(name: str) -> None:
    from models.ledger import DEMAND, RISK

    if name not in (DEMAND, RISK):
        raise UnknownName("model", name, (DEMAND, RISK))


def _facts(version: Version, ledger: Ledger, workspace: Workspace) -> dict[str, Any]:
    """Of a version of the risk also its parameters, and its losses on origins held out."""
    from dataclasses import asdict

    from models.ledger import RISK

    entries = ledger.promotions()
    mine = entries[(entries["name"] == version.name) & (entries["version"] == version.version)]
    facts = asdict(version)
    if version.name == RISK:
        facts["parameters"] = _risk_parameters(version, ledger, workspace)
    return {**facts, "promotions": mine.to_dict("records")}


def _risk_parameters(version: Version, ledger: Ledger, workspace: Workspace) -> dict[str, Any]:
    """From the kept copy of the version's files; MLflow is asked only where there is none."""
    from dataclasses import asdict

    from models.bundles import kept
    from models.risk.hazard import RuptureHazard
    from models.risk_parameters import RiskParameters

    if (workspace.bundles / version.name / str(version.version)).is_dir():
        folder = kept(version.ref, workspace.bundles)
    else:
        from models.registry import Registry

        folder = Registry(workspace, ledger.engine).fetch(version.ref)
    learned = RuptureHazard.told_of(folder)
    facts = asdict(RiskParameters.from_files(folder))
    return {**facts, **({"method": "learned", **learned} if learned else {})}
