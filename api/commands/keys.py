"""`keys create`, `keys list`, `keys revoke`: who may ask the service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.dates import day_typed
from api.commands.shell import AsJson, Shell, shell_of

if TYPE_CHECKING:
    from api.keys import Key, Keys
    from api.users import User

keys = typer.Typer(
    name="keys",
    help="API keys of the service: who may ask, and for which sites.",
    no_args_is_help=True,
)


@contextmanager
def keys_of(shell: Shell) -> Iterator[Keys]:
    from api.keys import Keys

    with shell.engine() as engine:
        yield Keys(engine)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@keys.command()
def create(
    context: typer.Context,
    scope: Annotated[
        Literal["planner", "erp", "scientist", "admin"],
        typer.Option(help="What it is for; see docs/api.md."),
    ],
    site: Annotated[
        list[str] | None,
        typer.Option(metavar="SITE", help="Only this site's rows; may be repeated. Default: all."),
    ] = None,
    expires: Annotated[
        dt.date | None,
        typer.Option(parser=day_typed, metavar="DATE", help="Last day (UTC) on which it opens."),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Opens for so many days from now.")
    ] = None,
    name: Annotated[str, typer.Option(help="Who uses it; the same name again is a rotation.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, once: the record keeps only a digest of it."""
    shell = shell_of(context, as_json)
    expires_at = expiry(expires, days, now())
    if any(not one.strip() for one in site or ()):
        raise typer.BadParameter("a site has a code", param_hint="--site")
    with keys_of(shell) as found:
        made = found.create(
            name=name or scope, scope=scope, sites=site or (), expires_at=expires_at, at=now()
        )
    if shell.json:
        shell.answer({"key": made.text, **made.key.facts(now())})
        return
    shell.say(f"Key [bold]{made.key.prefix}[/] for {escape(made.key.name)} ({may(made.key)}):")
    shell.say(f"[bold]{made.text}[/]")
    shell.say("It is shown this once. Send it as: Authorization: Bearer <key>")


@keys.command("list")
def list_keys(context: typer.Context, as_json: AsJson = False) -> None:
    """Every key by its prefix: for whom, for what, until when."""
    shell = shell_of(context, as_json)
    with keys_of(shell) as found:
        known = found.all()
    if shell.json:
        shell.answer({"keys": [key.facts(now()) for key in known]})
        return
    if not known:
        shell.say("No key was made yet: the service is open, and serves this machine only.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("key", "name", "may", "created", "expires", "state"):
        table.add_column(heading, overflow="fold")
    for key in known:
        until = f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never"
        made = f"{key.created_at:%Y-%m-%d}"
        table.add_row(key.prefix, escape(key.name), may(key), made, until, key.state(now()))
    shell.out.print(table)


@keys.command()
def revoke(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The key's prefix, as `keys list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Close a key for good; a running service refuses it within 5 seconds."""
    shell = shell_of(context, as_json)
    with keys_of(shell) as found:
        closed = found.revoke(prefix, at=now())
    if shell.json:
        shell.answer(closed.facts(now()))
        return
    shell.say(f"Key {closed.prefix} of {escape(closed.name)} is revoked.")


def expiry(expires: dt.date | None, days: int | None, at: dt.datetime) -> dt.datetime | None:
    """The instant from which a key no longer opens; None: never."""
    if expires is not None and days is not None:
        raise typer.BadParameter("say --expires or --days, not both", param_hint="--expires")
    if days is not None:
        return at + dt.timedelta(days=days)
    if expires is None or expires == dt.date.max:  # as ERPs write never
        return None
    if expires < at.date():
        raise typer.BadParameter(f"{expires} is past", param_hint="--expires")
    return dt.datetime.combine(expires, dt.time(), dt.UTC) + dt.timedelta(days=1)


def may(key: Key | User) -> str:
    """The scope and the sites of a key or a user."""
    sites = ", ".join(sorted(key.sites)) if key.sites else "every site"
    return f"{key.scope}, {escape(sites)}"
