"""`kpis`: what a director of operations follows, on the screen."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final, Literal

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.answers import PublicationNumber, open_reader
from api.commands.shell import AsJson, shell_of

COLUMNS: Final = {
    "fr": ("indicateur", "valeur", "avant", "un an avant", "tendance"),
    "en": ("KPI", "value", "before", "a year before", "trend"),
}
TRENDS: Final = {
    "fr": {"better": "mieux", "worse": "moins bien", "steady": "stable", "up": "en hausse"}
    | {"down": "en baisse", "": ""},
    "en": {"better": "better", "worse": "worse", "steady": "steady", "up": "up"}
    | {"down": "down", "": ""},
}
WIDE: Final = 100  # columns of a terminal from which no figure need be folded
NARROW: Final = 11  # columns of a figure below that, so that names of KPIs stay readable
COLOURS: Final = {"better": "green", "worse": "red"}


def kpis(
    context: typer.Context,
    grain: Annotated[Literal["week", "month"], typer.Option(help="Of the periods.")] = "month",
    site: Annotated[str | None, typer.Option(help="Of one site.")] = None,
    supplier: Annotated[str | None, typer.Option(help="Of one supplier.")] = None,
    category: Annotated[
        str | None, typer.Option(help="Of one category; not together with --supplier.")
    ] = None,
    publication: PublicationNumber = None,
    as_json: AsJson = False,
) -> None:
    """Service, stockouts, stock, suppliers, costs, incidents: the latest whole period, its trend,
    and what cannot be computed."""
    shell = shell_of(context, as_json)
    if supplier is not None and category is not None:
        raise typer.BadParameter("not together with --supplier", param_hint="--category")
    reader = open_reader(shell, publication)
    reader.hold_known(site=site, supplier=supplier, category=category)
    from api.kpi_board import shown_of
    from models.kpis.figures import Question

    question = Question("total", grain, "", site, supplier, category)
    table = reader.kpis([question])
    if shell.json:
        shell.answer({"provenance": reader.provenance, "kpis": table.to_pylist()})
        return
    language = shell.workspace().options.language
    shown = shown_of(table)
    periods = [_period(one, language) for one in shown]
    usual = Counter(filter(None, periods)).most_common(1)[0][0] if any(periods) else ""
    kpi, *names = COLUMNS[language]
    board = Table(title=usual, title_justify="left", box=None, pad_edge=False, header_style="dim")
    board.add_column(kpi, overflow="fold")
    width = None if shell.out.width >= WIDE else NARROW
    for name in names:
        board.add_column(name, justify="right", overflow="fold", max_width=width)
    for one, period in zip(shown, periods, strict=True):
        board.add_row(*_cells(one, "" if period == usual else period, language))
    shell.out.print(board)


def _period(one: Any, language: str) -> str:
    """Of the latest figure; blank where none is known."""
    from api.kpi_words import period_of

    latest = one.latest
    return period_of(latest["period"], latest["period_start"], language) if one.is_known else ""


def _cells(one: Any, period: str, language: str) -> list[str]:
    """A row of the board; `period`: its own, where it is not that of the rest."""
    from api.kpi_words import value_of, why_not

    latest = one.latest
    title = escape(one.title(language)) + (f" · {escape(period)}" if period else "")
    reason = why_not(one.since or latest, language)
    if reason:
        title += f"\n[dim]{escape(reason)}[/]"
    if not one.is_known:
        return [title, "", "", "", ""]
    colour = COLOURS.get(latest["trend"], "")
    trend = TRENDS[language][latest["trend"]]
    values = [
        value_of(latest[name], one.kpi.unit, one.currency, language)
        for name in ("value", "before", "year_before")
    ]
    if latest["p90"] is not None and latest["p90"] == latest["p90"]:
        values[0] += f" (P90 {value_of(latest['p90'], 'days', '', language)})"
    if latest["censored"]:
        values[0] = f"≥ {values[0]}"
    return [
        title,
        f"[bold]{escape(values[0])}[/]",
        *map(escape, values[1:]),
        f"[{colour}]{trend}[/]" if colour else trend,
    ]
