"""`scenario run|list|compare`: what if, and what breaks first."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import HORIZONTALS
from rich.markup import escape
from rich.table import Table

from api.commands.answers import PublicationNumber
from api.commands.dates import day_typed
from api.commands.shell import AsJson, Shell, shell_of

if TYPE_CHECKING:
    import pandas as pd

    from models.scenarios.plans import Plan

scenario = typer.Typer(
    help="What if? Suppose changes, see what breaks, and keep it as a numbered plan.",
    no_args_is_help=True,
)

Limit = Annotated[int, typer.Option(min=1, max=100_000, help="Most rows of each table.")]


@scenario.command()
def run(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="TOML or JSON; or one change by flags.")
    ] = None,
    name: Annotated[str, typer.Option(help="Of the plan.")] = "",
    demand: Annotated[
        float | None, typer.Option(metavar="PERCENT", help="More demand, or less below 0.")
    ] = None,
    stop: Annotated[
        float | None, typer.Option(metavar="WEEKS", help="The --supplier stops so long.")
    ] = None,
    late: Annotated[
        int | None, typer.Option(metavar="DAYS", help="The --order, or all of --supplier, later.")
    ] = None,
    closed: Annotated[bool, typer.Option("--closed", help="The --site is closed.")] = False,
    lead_time: Annotated[
        float | None, typer.Option(metavar="FACTOR", help="Lead times of --supplier, times this.")
    ] = None,
    promotion: Annotated[
        float | None, typer.Option(metavar="DEPTH", help="A promotion; 0.2 is 20% off.")
    ] = None,
    uplift: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", help="Of a promotion, if the model learned of none."),
    ] = None,
    site: Annotated[str, typer.Option(help="Of this site alone.")] = "",
    category: Annotated[str, typer.Option(help="Of this category alone.")] = "",
    supplier: Annotated[str, typer.Option(help="Of this supplier alone.")] = "",
    sku: Annotated[str, typer.Option(help="Of this item alone.")] = "",
    order: Annotated[str, typer.Option(help="The open order that comes --late.")] = "",
    start: Annotated[
        dt.date | None,
        typer.Option(
            "--from",
            parser=day_typed,
            metavar="DATE",
            help="First day; default: the one after the data.",
        ),
    ] = None,
    end: Annotated[
        dt.date | None,
        typer.Option(
            "--to",
            parser=day_typed,
            metavar="DATE",
            help="Last day; default: the last that is forecast.",
        ),
    ] = None,
    publication: PublicationNumber = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Suppose something and see what breaks, when first, what it costs and what can be done.

    vigistock scenario run --stop 6 --supplier NOVAPACK
    """
    shell = shell_of(context, as_json)
    flags = _by_flags(
        selection={"site": site, "category": category, "supplier": supplier, "sku": sku},
        span={"start": start, "end": end},
        demand=demand,
        stop=stop,
        late=late,
        closed=closed or None,
        lead_time=lead_time,
        promotion=promotion,
        uplift=uplift,
        order=order,
    )
    if (file is None) == (not flags):
        raise typer.BadParameter(
            "name a file, or one of --demand, --stop, --late, --closed, --lead-time, --promotion"
        )
    workspace = shell.workspace()
    from models.scenarios.declaration import read_scenario, scenario_of

    asked = read_scenario(file) if file else scenario_of({"changes": flags})
    if name:
        asked = scenario_of({**asked.plain(), "name": name})
    from models.pipelines.scenario import scenario as run_scenario

    with shell.steps() as step:
        outcome = run_scenario(workspace, asked, publication=publication, progress=step)
    plan = outcome.plan
    tables = {part: getattr(outcome.result, part) for part in ("series", "groups", "actions")}
    _show(shell, plan, tables, limit, workspace.options.language)


def _by_flags(
    *,
    selection: dict[str, str],
    span: dict[str, Any],
    order: str,
    uplift: float | None,
    **asked: Any,
) -> list[dict[str, Any]]:
    """The one change that flags declare; [] where they declare none, BadParameter for several or
    for a flag that the change does not take."""
    named = [flag for flag, value in asked.items() if value is not None]
    given = {key: value for key, value in (selection | span).items() if value} | (
        {"order": order} if order else {}
    )
    if uplift is not None:
        given["uplift_percent"] = uplift
    if not named:
        if given:
            raise typer.BadParameter("say what changes: --demand, --stop, --late, …")
        return []
    if len(named) > 1:
        raise typer.BadParameter(
            f"one change at a time by flags, not {', '.join(named)}; use a file"
        )
    kind, value = {
        "demand": ("demand", "percent"),
        "stop": ("supplier_stop", "weeks"),
        "late": ("order_late", "days"),
        "closed": ("site_closed", ""),
        "lead_time": ("lead_time", "factor"),
        "promotion": ("promotion", "depth"),
    }[named[0]]
    return [{"kind": kind} | given | ({value: asked[named[0]]} if value else {})]


@scenario.command("list")
def list_scenarios(context: typer.Context, as_json: AsJson = False) -> None:
    """Every plan, the newest first."""
    shell = shell_of(context, as_json)
    language = shell.workspace().options.language
    from api.scenario_answers import told
    from api.scenario_words import WORDS, described, summary
    from models.scenarios.plans import list_plans

    with shell.engine() as engine:
        plans = list_plans(engine)
    if shell.json:
        shell.answer({"scenarios": [told(one) for one in plans]})
        return
    for one in plans:
        head = f"[bold]{one.number:>3}[/]  {escape(one.name or described(one.scenario, language))}"
        shell.say(f"{head}  [dim]{one.created_at:%Y-%m-%d %H:%M}[/]")
        shell.say(f"     {escape(summary(one.totals, language, one.until)[0])}")
    if not plans:
        shell.say(WORDS[language]["none"])


@scenario.command()
def compare(
    context: typer.Context,
    a: Annotated[int, typer.Argument(metavar="A", min=1, help="Number of a plan.")],
    b: Annotated[
        int | None, typer.Argument(metavar="[B]", min=1, help="Another; default: the base.")
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """A plan against what was published, or against another plan."""
    shell = shell_of(context, as_json)
    workspace = shell.workspace()
    language = workspace.options.language
    from api.scenario_answers import compared, tables_of
    from models.scenarios.plans import plan, read_part
    from models.scenarios.totals import side_by_side

    with shell.engine() as engine:
        first = plan(engine, a)
        second = None if b is None else plan(engine, b)
    if second is None:
        _show(shell, first, tables_of(workspace.scenarios, first), limit, language)
        return
    tables = (
        read_part(workspace.scenarios, first, "series"),
        read_part(workspace.scenarios, second, "series"),
    )
    if shell.json:
        shell.answer(compared(first, second, tables, limit))
        return
    _show_both(shell, first, second, side_by_side(*tables), limit, language)


def _show(
    shell: Shell, plan: Plan, tables: dict[str, pd.DataFrame], limit: int, language: str
) -> None:
    from api.scenario_answers import actions_of, detailed, ranked, records
    from api.scenario_words import WORDS, at_stake, summary, to_do

    if shell.json:
        shell.answer(detailed(plan, tables, limit))
        return
    words = WORDS[language]
    _head(shell, plan, language)
    for line in summary(plan.totals, language, plan.until):
        shell.say(f"[bold]{escape(line)}[/]")
    serious = ranked(tables["series"])
    broken = serious[serious["verdict"].isin(["broken", "sooner"])]
    if len(broken):
        shell.out.print(_broken_table(broken.head(min(limit, 12)), words, language, plan.until))
    for dimension in ("site", "supplier", "category"):
        rows = tables["groups"][tables["groups"]["dimension"] == dimension]
        if len(rows):
            shell.out.print(_group_table(rows.head(8), words, dimension, language))
    actions = records(actions_of(tables, min(limit, 10)))
    stakes = [at_stake(one, language) for one in actions]
    if actions:
        shell.say(f"[bold]{words['beside' if any(stakes) else 'what_to_do']}[/]")
    for action, stake in zip(actions, stakes, strict=True):
        said = escape(to_do(action, language, plan.until))
        shell.say(f"  [green]•[/] {said}" + (f" [dim]· {escape(stake)}[/]" if stake else ""))
    for note in plan.notes:
        shell.say(f"[dim]{words[note]}[/]")
    if not tables["series"]["counts"].all():
        shell.say(f"[dim]{words['depots']}[/]")


def _head(shell: Shell, plan: Plan, language: str) -> None:
    from api.readable import day
    from api.scenario_words import WORDS, described

    words = WORDS[language]
    named = f" · {escape(plan.name)}" if plan.name else ""
    shell.say(f"[bold]{words['plan'].format(number=plan.number)}[/]{named}")
    shell.say(escape(described(plan.scenario, language)))
    until = day(plan.until, language, pattern="EEE d MMM y")
    base = words["base"].format(publication=plan.publication, until=until)
    shell.say(f"[dim]{escape(base)}[/]")


def _broken_table(rows: pd.DataFrame, words: Any, language: str, near: dt.date) -> Table:
    from babel.numbers import format_percent

    from api.readable import day
    from api.scenario_words import signed_units

    table = Table(title=words["what_breaks"], title_justify="left", box=HORIZONTALS, expand=True)
    table.add_column(words["when"], width=12)
    table.add_column(words["item"], ratio=3, overflow="fold")
    table.add_column(words["chance"], justify="right")
    table.add_column(words["units"], justify="right")
    losses = _losses(table, rows, words, language)
    for row, loss in zip(rows.to_dict("records"), losses, strict=True):
        risk = " → ".join(
            format_percent(round(row[f"probability_{run}"], 2), locale=language)
            for run in ("base", "scenario")
        )
        named = (
            f"[bold]{escape(row['site'])} · {escape(row['sku'])}[/] {escape(row['description'])}"
        )
        table.add_row(
            day(row["breaks_on_scenario"], language, near=near),
            named,
            risk,
            signed_units(row["units_short_added"], language),
            *loss,
        )
    return table


def _group_table(rows: pd.DataFrame, words: Any, dimension: str, language: str) -> Table:
    from api.scenario_words import signed_units

    table = Table(
        title=words[f"by_{dimension}"], title_justify="left", box=HORIZONTALS, expand=True
    )
    table.add_column("", ratio=3, overflow="fold")
    for name in ("breaks", "units"):
        table.add_column(words[name], justify="right", ratio=1)
    losses = _losses(table, rows.assign(counts=True), words, language, ratio=1)
    for row, loss in zip(rows.to_dict("records"), losses, strict=True):
        table.add_row(
            escape(row["code"] or "—"),
            signed_units(row["broken"] - row["relieved"], language),
            signed_units(row["units_short_added"], language),
            *loss,
        )
    return table


def _losses(
    table: Table, rows: pd.DataFrame, words: Any, language: str, ratio: int | None = None
) -> list[list[str]]:
    """Adds the column of what each row loses beside the base where any has a price; its cells."""
    from api.scenario_words import signed

    told = rows[["counts", "value_added", "currency"]].itertuples(index=False)
    cells = [
        escape(signed(value, currency, language)) if counts else "—"
        for counts, value, currency in told
    ]
    if not {"", "—"}.issuperset(cells):
        table.add_column(words["value"], justify="right", ratio=ratio)
        return [[cell] for cell in cells]
    return [[] for _ in cells]


def _show_both(
    shell: Shell, a: Plan, b: Plan, rows: pd.DataFrame, limit: int, language: str
) -> None:
    from api.readable import day
    from api.scenario_words import WORDS, summary

    words = WORDS[language]
    for one in (a, b):
        _head(shell, one, language)
        for line in summary(one.totals, language, one.until):
            shell.say(f"  {escape(line)}")
    if a.publication != b.publication:
        warning = words["bases_differ"].format(a=a.publication, b=b.publication)
        shell.say(f"[red]{escape(warning)}[/]")
    table = Table(
        title=words["compared"].format(a=a.number, b=b.number),
        title_justify="left",
        box=HORIZONTALS,
        expand=True,
    )
    table.add_column(words["item"], ratio=3, overflow="fold")
    for one in (a, b):
        table.add_column(words["plan"].format(number=one.number), justify="right")
    rows = rows.head(limit)
    losses = _losses(table, rows, words, language)
    for row, loss in zip(rows.to_dict("records"), losses, strict=True):
        table.add_row(
            f"[bold]{escape(row['site'])} · {escape(row['sku'])}[/] {escape(row['description'])}",
            *(day(row[f"breaks_on_{side}"], language, near=a.until) or "—" for side in ("a", "b")),
            *loss,
        )
    shell.out.print(table)
