"""`train`, `publish` and `models`: learning, rolling forward, and what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.shell import AsJson, AsOf, Shell, last_day, shell_of
from forecasting.errors import UnknownName

if TYPE_CHECKING:
    from models.ledger import Ledger, Version
    from models.pipelines.publish import PublishOutcome
    from models.pipelines.train import TrainOutcome

models = typer.Typer(help="Show the versions of the models.", no_args_is_help=True)


def train(context: typer.Context, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Learn from the record; the first version becomes champion and is published."""
    shell = shell_of(context, as_json)
    day = last_day(as_of)
    workspace = shell.workspace()
    from models.pipelines.train import train as run

    with shell.steps() as step:
        outcome = run(workspace, day, progress=step)
    tell(shell, outcome)


def publish(context: typer.Context, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Forecast and warn anew with the champions; nothing is learned again."""
    shell = shell_of(context, as_json)
    day = last_day(as_of)
    workspace = shell.workspace()
    from models.pipelines.publish import publish as run

    with shell.steps() as step:
        outcome = run(workspace, day, progress=step)
    tell(shell, outcome)


def tell(shell: Shell, outcome: TrainOutcome | PublishOutcome) -> None:
    """An outcome's fields, as one object or line by line."""
    from dataclasses import asdict

    facts = asdict(outcome)
    if shell.json:
        shell.answer(facts)
        return
    for name, value in facts.items():
        if value in (None, {}, [], ()):
            continue
        shell.say(f"[bold]{name.replace('_', ' ')}[/] {escape(_in_words(value))}")


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_in_words(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _ledger(shell: Shell) -> Ledger:
    workspace = shell.workspace()
    from forecasting.record.database import connect
    from models.ledger import Ledger

    return Ledger(connect(workspace.database_url, schema=workspace.schema))


@models.command("list")
def list_versions(context: typer.Context, as_json: AsJson = False) -> None:
    """Every version, the newest first, and which is champion."""
    shell = shell_of(context, as_json)
    rows = _ledger(shell).versions().to_dict("records")
    if shell.json:
        shell.answer({"versions": rows})
        return
    if not rows:
        shell.say("No model has been trained yet.\n[dim]→[/] vigistock train")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("model", "version", "champion", "origin", "made", "data", "code"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(
            row["name"],
            str(row["version"]),
            "[green]champion[/]" if row["champion"] else "",
            row["origin_label"],
            f"{row['created_at']:%Y-%m-%d %H:%M}",
            row["data_digest"][:12],
            escape(row["code_version"]),
        )
    shell.out.print(table)


@models.command("show")
def show_version(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="demand-forecast or rupture-risk.")],
    version: Annotated[int | None, typer.Argument(min=1, help="Default: the champion.")] = None,
    as_json: AsJson = False,
) -> None:
    """One version: what it learned from, its metrics, where it was promoted and why."""
    shell = shell_of(context, as_json)
    ledger = _ledger(shell)
    from models.ledger import DEMAND, RISK

    if name not in (DEMAND, RISK):
        raise UnknownName("model", name, (DEMAND, RISK))
    found = ledger.champion(name) if version is None else ledger.version(name, version)
    facts = _facts(found, ledger)
    if shell.json:
        shell.answer(facts)
        return
    metrics, promotions = facts.pop("metrics"), facts.pop("promotions")
    for key, value in facts.items():
        shell.say(f"[bold]{key.replace('_', ' ')}[/] {escape(str(value))}")
    for promotion in promotions:
        shell.say(f"[bold]promoted[/] {promotion['at']:%Y-%m-%d %H:%M}: {escape(promotion['why'])}")
    table = Table("metric", "value", box=None, pad_edge=False, header_style="dim")
    for metric, value in metrics.items():
        table.add_row(escape(metric), f"{value:.4g}")
    shell.out.print(table)


def _facts(version: Version, ledger: Ledger) -> dict[str, Any]:
    from dataclasses import asdict

    entries = ledger.promotions()
    mine = entries[(entries["name"] == version.name) & (entries["version"] == version.version)]
    return {**asdict(version), "promotions": mine.to_dict("records")}
