"""`overrides list|add|revoke`: what people know and the data do not."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.answers import open_reader
from api.commands.dates import day_typed
from api.commands.shell import AsJson, shell_of
from forecasting.errors import NotReady

if TYPE_CHECKING:
    from models.overrides.ledger import Override

overrides = typer.Typer(
    name="overrides",
    help="What somebody knows better than the data: with a reason, until a day.",
    no_args_is_help=True,
)

Reason = Annotated[str, typer.Option(help="Why: who said so, what was seen. Required.")]


@overrides.command("list")
def list_(
    context: typer.Context,
    every: Annotated[
        bool, typer.Option("--all", help="Those that are over or revoked too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What holds today or will, the newest first."""
    shell = shell_of(context, as_json)
    from api.clock import today
    from models.overrides.ledger import list_overrides

    with shell.engine() as engine:
        found = [one for one in list_overrides(engine) if every or one.is_alive(today())]
    if shell.json:
        shell.answer({"overrides": [_facts(one) for one in found]})
        return
    from api.override_words import HEADINGS, WORDS, figure_of
    from api.readable import written

    language = shell.workspace().options.language
    words = WORDS[language]
    if not found:
        shell.say(words["none"])
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in HEADINGS[language]:
        table.add_column(heading, overflow="fold")
    for one in found:
        until = written(one.end, language)
        if one.revoked_at:
            until = words["revoked"].format(day=written(one.revoked_at.date(), language))
        elif one.ends_soon(today()):
            until = f"[yellow]{words['soon'].format(day=until)}[/]"
        said = (figure_of(one, language), _of(one), written(one.start, language))
        table.add_row(
            str(one.number), *map(escape, said), until, escape(one.who), escape(one.reason)
        )
    shell.out.print(table)


@overrides.command()
def add(
    context: typer.Context,
    kind: Annotated[
        Literal["demand", "stock", "order"], typer.Argument(help="What is known better.")
    ],
    reason: Reason,
    until: Annotated[
        dt.date,
        typer.Option(parser=day_typed, metavar="DATE", help="The last day on which it holds."),
    ],
    start: Annotated[
        dt.date | None,
        typer.Option(
            "--from", parser=day_typed, metavar="DATE", help="First day, or of the count: today."
        ),
    ] = None,
    factor: Annotated[
        float | None, typer.Option(help="Times the demand; or share of the order that comes.")
    ] = None,
    units: Annotated[
        float | None, typer.Option(help="Demand of each period; or what was counted.")
    ] = None,
    expected_on: Annotated[
        dt.date | None,
        typer.Option(parser=day_typed, metavar="DATE", help="The day on which the order comes."),
    ] = None,
    site: Annotated[str, typer.Option(help="Of this site alone.")] = "",
    sku: Annotated[str, typer.Option(help="Of this item alone.")] = "",
    category: Annotated[str, typer.Option(help="Of this category alone.")] = "",
    supplier: Annotated[str, typer.Option(help="Of this supplier alone.")] = "",
    order: Annotated[str, typer.Option(help="The open order.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say what you know better; the next publication counts it.

    vigistock overrides add demand --factor 2 --sku 00123 --until 2026-11-29 --reason promotion
    """
    shell = shell_of(context, as_json)
    from api.clock import today
    from models.overrides.declaration import override_of, settled
    from models.overrides.ledger import add as keep
    from models.registry import whoami

    given: dict[str, Any] = {
        **{"kind": kind, "reason": reason, "end": until, "factor": factor, "units": units},
        **{"start": start, "expected_on": expected_on},
        **{"site": site, "sku": sku, "category": category, "supplier": supplier, "order": order},
    }
    said = {name: value for name, value in given.items() if value not in (None, "")}
    declared = settled(override_of(said), today())
    with suppress(NotReady):  # before the first publication nothing tells which codes there are
        reader = open_reader(shell, None)
        reader.hold_known(site=site, sku=sku, category=category, supplier=supplier)
        if site and sku:
            reader.row(site, sku)
    with shell.engine() as engine:
        made, is_new = keep(engine, declared, who=whoami(), at=dt.datetime.now(dt.UTC))
    if shell.json:
        shell.answer(_facts(made))
        return
    from api.override_words import WORDS, figure_of
    from api.readable import punctuated, written

    language = shell.workspace().options.language
    what = punctuated(f"{figure_of(made, language)}; {_of(made)}", language)
    told = WORDS[language]["holds" if is_new else "held"]
    shell.say(told.format(number=made.number, what=escape(what), day=written(made.end, language)))


@overrides.command()
def revoke(
    context: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="Of the override.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Let an override count no longer. It stays in the record."""
    shell = shell_of(context, as_json)
    from models.overrides.ledger import revoke as end
    from models.registry import whoami

    with shell.engine() as engine:
        gone = end(engine, number, who=whoami(), reason=reason, at=dt.datetime.now(dt.UTC))
    if shell.json:
        shell.answer(_facts(gone))
        return
    from api.override_words import WORDS, figure_of

    language = shell.workspace().options.language
    said = WORDS[language]["gone"]
    shell.say(said.format(number=gone.number, what=escape(figure_of(gone, language))))


def _of(one: Override) -> str:
    """Whom it concerns, in short."""
    codes = (one.order, one.site, one.sku, one.category, one.supplier)
    return " · ".join(code for code in codes if code)


def _facts(one: Override) -> dict[str, Any]:
    from api.clock import today
    from api.schemas.overrides import told

    return told(one, today())
