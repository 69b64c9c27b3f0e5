"""`warnings` and `export`: what the current publication says, for a person and for an ERP."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, Literal

import typer
from rich.box import HORIZONTALS
from rich.markup import escape
from rich.table import Table

from api.commands.shell import AsJson, Shell, counted, shell_of
from forecasting.errors import NotReady, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api.planner_groups import Grouped
    from api.planner_list import Listed
    from models.publication import PublicationReader

MOST_ACTIONS: Final = 8
"""Shown before the series: a screen of them; /v1/groups and the export have all."""

PublicationNumber = Annotated[
    int | None, typer.Option("--publication", min=1, help="Default: the current one.")
]


def open_reader(shell: Shell, number: int | None) -> PublicationReader:
    workspace = shell.workspace()
    from forecasting.record.database import connect
    from models.publication import open_publication

    engine = connect(workspace.database_url, schema=workspace.schema)
    try:
        return open_publication(engine, workspace.publications, number)
    finally:
        engine.dispose()


def warnings(
    context: typer.Context,
    site: Annotated[str | None, typer.Option(help="Of one site.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most lines to show.")] = 20,
    min_probability: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="List every series at or above it, announced or not."),
    ] = None,
    publication: PublicationNumber = None,
    as_json: AsJson = False,
) -> None:
    """What is out of stock, what will be, why, and what to do until when."""
    shell = shell_of(context, as_json)
    show_warnings(shell, site, limit, min_probability, publication)


def show_warnings(
    shell: Shell,
    site: str | None,
    limit: int,
    min_probability: float | None,
    publication: int | None,
) -> None:
    from api.planner_groups import grouped
    from api.planner_list import odd_data, old_data, planner_list

    reader = open_reader(shell, publication)
    reader.hold_known(site=site)
    language = shell.workspace().options.language
    whole = site is None and min_probability is None
    listed = planner_list(reader, language, limit=limit, site=site, min_probability=min_probability)
    if shell.json:
        shell.answer(
            {
                "provenance": reader.provenance,
                "out": listed.out,
                "warned": listed.warned,
                "groups": reader.groups().to_pylist() if whole and reader.has_groups else [],
                "warnings": listed.rows.to_dict("records"),
            }
        )
        return
    if late := old_data(reader.provenance, language):
        shell.out.print(f"[yellow]{escape(late)}[/]")
    for odd in odd_data(reader.publication.provenance, language):
        shell.out.print(f"[yellow]{escape(odd)}[/]")
    if whole:  # actions are of all sites together
        _print_actions(shell, grouped(reader, language, limit=MOST_ACTIONS), language)
    _print_list(shell, reader, listed, language)


def _print_actions(shell: Shell, actions: Grouped, language: str) -> None:
    """What to do first: three columns, readable from 60 signs of width on."""
    from api.planner_groups import COUNTS, WORDS
    from api.readable import counted as counted_words

    words = WORDS[language]
    table = Table(
        title=words["title"], title_justify="left", box=HORIZONTALS, show_lines=True, expand=True
    )
    table.add_column(words["what"], ratio=5, overflow="fold")
    table.add_column(words["effect"], ratio=2, overflow="fold")
    table.add_column(words["value"], justify="right", width=8, overflow="fold")
    for line in actions.today:
        who = f"\n[dim]{escape(line.buyer)}[/]" if line.buyer else ""
        table.add_row(
            f"[bold green]{escape(line.headline)}[/]\n{escape(line.why)}{who}",
            "\n".join(escape(one) for one in line.effect),
            f"[bold]{escape(line.value)}[/]",
        )
    if actions.today:
        shell.out.print(table)
    if actions.more:
        more = counted_words(actions.more, COUNTS[language]["more"], language)
        shell.say(f"{escape(more)} [dim]→[/] {shell.command('export groups')}")
    if actions.messages:
        shell.say(f"{words['messages']} [dim]→[/] {shell.command('digest')}")
    for sentence in actions.closing:
        shell.out.print(escape(sentence))


def _print_list(shell: Shell, reader: PublicationReader, listed: Listed, language: str) -> None:
    """Four columns of several lines: readable from 60 signs of width on."""
    from api.planner_list import WORDS, source_of

    words = WORDS[language]
    blind = listed.blind_spot(language)
    if listed.lines:
        shell.out.print(_table(listed, words))
        shell.say(f"{listed.counts(language)}.")
    elif not blind:
        shell.say(words["calm"])
    if blind:
        shell.out.print(f"[yellow]{escape(blind)}[/]")
    shell.say(f"[dim]{escape(source_of(reader.provenance, language))}[/]")


def _table(listed: Listed, words: Mapping[str, str]) -> Table:
    from api.readable import capitalised

    table = Table(
        title=words["title"], title_justify="left", box=HORIZONTALS, show_lines=True, expand=True
    )
    table.add_column(words["when"], width=15, overflow="fold")
    table.add_column(words["what"], ratio=2, overflow="fold")
    table.add_column(f"{words['why']} / {words['action'].lower()}", ratio=3, overflow="fold")
    table.add_column(words["value"], justify="right", width=8, overflow="fold")
    for line in listed.lines:
        when = f"[bold red]{escape(line.when)}[/]" if line.is_out else f"[bold]{line.when}[/]"
        below = line.back if line.is_out else line.chance
        saves = f"[dim]{escape(capitalised(line.beyond))}[/]"
        actions = [f"[green]{escape(one)}[/]" for one in line.actions]
        table.add_row(
            f"{when}\n{escape(below)}".rstrip(),
            f"[bold]{escape(line.site)} · {escape(line.sku)}[/]\n{escape(line.description)}",
            "\n".join([escape(line.cause), *actions, *([saves] if line.beyond else [])]),
            "\n".join(escape(one) for one in (line.value, line.a_day) if one),
        )
    return table


def export(
    context: typer.Context,
    what: Annotated[
        Literal[
            "forecasts", "warnings", "proposals", "options", "groups", "series", "flow", "kpis"
        ],
        typer.Argument(
            metavar="forecasts|warnings|proposals|options|groups|series|flow|kpis",
            help="What to write.",
        ),
    ],
    publication: PublicationNumber = None,
    grain: Annotated[
        Literal["day", "week", "month"] | None,
        typer.Option(
            help="Of forecasts (default: the workspace's period) or KPIs (week or month; default: "
            "month)."
        ),
    ] = None,
    form: Annotated[
        Literal["csv", "parquet", "ndjson", "json"], typer.Option("--format", help="Of the file.")
    ] = "csv",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: the screen.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Warnings: a row for every series, at risk or not.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write forecasts, warnings, orders to place, options, series, the flow of risk or KPIs."""
    shell = shell_of(context, as_json)
    if grain and what not in ("forecasts", "kpis"):
        raise typer.BadParameter("only forecasts and KPIs have a grain", param_hint="--grain")
    if what == "kpis" and grain == "day":
        raise typer.BadParameter("KPIs are told by week and month", param_hint="--grain")
    if every and what != "warnings":
        raise typer.BadParameter("only warnings leave series out", param_hint="--all")
    if shell.json and output is None:
        raise typer.BadParameter("with --json name the file to write", param_hint="--output")
    reader = open_reader(shell, publication)
    if what == "flow":
        from api.flows import edges_table

        table = edges_table(reader)
    else:
        table = reader.export_table(what, grain, every_series=every)
    from api.tabular import WRITERS

    with opened(output, form) as file:
        WRITERS[form](table, file)
    if output is not None:
        facts = {"publication": reader.number, "rows": table.num_rows, "file": str(output)}
        if shell.json:
            shell.answer({"export": what, "format": form, **facts})
        else:
            shell.err.print(
                f"{counted(table.num_rows, 'row')} of publication {reader.number} written to "
                f"{escape(str(output))}",
                soft_wrap=True,
            )


@contextmanager
def opened(output: Path | None, form: str) -> Iterator[BinaryIO]:
    """The file, replaced only once it is whole; or standard output."""
    if output is None:
        if form == "parquet" and sys.stdout.isatty():
            raise Refused("Parquet is not for a screen.", next_step="Name a file: --output FILE.")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    aside = output.with_name(f".{output.name}.unfinished")
    try:
        with aside.open("wb") as file:
            yield file
        aside.replace(output)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise NotReady(
            f"{output} cannot be written: {error.strerror}.",
            next_step="Name a file in a folder that exists and that you may write to.",
            path=str(output),
        ) from None
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
