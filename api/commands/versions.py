"""`train`, `publish` and `models`: learning, rolling forward, and what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.shell import AsJson, AsOf, Shell, last_day, shell_of
from forecasting.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.ledger import Ledger, Version

HEADLINES: Final = ("rmsse", "wape", "bias", "below_q500", "below_q900", "below_q950")
"""Of a backtest; `models show` lists them all."""

models = typer.Typer(help="Show the versions of the models.", no_args_is_help=True)


def train(
    context: typer.Context,
    as_of: AsOf = None,
    promote: Annotated[
        str, typer.Option(metavar="REASON", help="Make the new versions champions, and why.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Learn from the record; the first version becomes champion and is published."""
    shell = shell_of(context, as_json)
    day = last_day(as_of)
    workspace = shell.workspace()
    from models.pipelines.train import train as run

    with shell.steps() as step:
        outcome = run(workspace, day, promote=promote, progress=step)
    if shell.json:
        shell.answer(vars(outcome))
        return
    shell.say(
        f"Learned from {outcome.series:,} series up to {outcome.origin} "
        f"in {outcome.seconds:.0f} s: "
        f"demand-forecast {outcome.demand_version}, rupture-risk {outcome.risk_version}"
        + (", now champions." if outcome.champion else ": challengers, the champions stay.")
    )
    shell.say(_in_words(outcome.metrics))
    if outcome.publication is not None:
        shell.say(f"Publication [bold]{outcome.publication}[/] is served from now on.")


def publish(context: typer.Context, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Forecast and warn anew with the champions; nothing is learned again."""
    shell = shell_of(context, as_json)
    day = last_day(as_of)
    workspace = shell.workspace()
    from models.pipelines.publish import publish as run

    with shell.steps() as step:
        outcome = run(workspace, day, progress=step)
    if shell.json:
        shell.answer(vars(outcome))
        return
    shell.say(
        f"Publication [bold]{outcome.publication}[/] as of {outcome.origin}, by demand-forecast "
        f"{outcome.demand_version} and rupture-risk {outcome.risk_version}: "
        f"{outcome.series:,} series, {outcome.out:,} out of stock, {outcome.warnings:,} warnings "
        f"({outcome.seconds:.0f} s)."
    )


def _in_words(metrics: Mapping[str, float]) -> str:
    """Headline metrics, one line a grain: `day: rmsse 0.611, wape 0.797 …`."""
    lines: dict[str, list[str]] = {}
    for name, value in metrics.items():
        grain, _, metric = name.rpartition("/")
        if metric in HEADLINES:
            lines.setdefault(grain, []).append(f"{metric} {value:.3f}")
    return "\n".join(f"[dim]{grain}:[/] {', '.join(shown)}" for grain, shown in lines.items())


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
    for name in ("model", "version", "", "origin", "made"):
        table.add_column(name, no_wrap=True)
    table.add_column("code", overflow="fold")
    for row in rows:
        table.add_row(
            row["name"],
            str(row["version"]),
            "[green]champion[/]" if row["champion"] else "",
            row["origin_label"],
            f"{row['created_at']:%Y-%m-%d %H:%M}",
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
