"""`users create`, `list`, `password`, `disable`, `enable`: who signs in on the pages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.keys import may, now
from api.commands.shell import AsJson, Shell, shell_of

if TYPE_CHECKING:
    from api.users import User, Users

users = typer.Typer(
    name="users",
    help="People who sign in on the pages with a password.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As it is typed to sign in.")]
FromInput = Annotated[
    bool, typer.Option("--stdin", help="Read the password from standard input; else it is asked.")
]


@contextmanager
def users_of(shell: Shell) -> Iterator[Users]:
    from api.users import Users

    with shell.engine() as engine:
        yield Users(engine)


@users.command()
def create(
    context: typer.Context,
    name: Name,
    scope: Annotated[
        Literal["planner", "erp", "scientist", "admin"],
        typer.Option(help="What the user may do, as a key of that scope; see docs/api.md."),
    ] = "planner",
    site: Annotated[
        list[str] | None,
        typer.Option(metavar="SITE", help="Only this site's rows; may be repeated. Default: all."),
    ] = None,
    stdin: FromInput = False,
    as_json: AsJson = False,
) -> None:
    """Let somebody sign in: the record keeps a hash of the password, from which nobody reads it."""
    shell = shell_of(context, as_json)
    if any(not one.strip() for one in site or ()):
        raise typer.BadParameter("a site has a code", param_hint="--site")
    with users_of(shell) as found:
        made = found.create(name, password_of(stdin), scope=scope, sites=site or (), at=now())
    tell(shell, made, f"{escape(made.name)} can sign in ({may(made)}).")


@users.command("list")
def list_users(context: typer.Context, as_json: AsJson = False) -> None:
    """Everybody who can sign in, and who no longer can."""
    shell = shell_of(context, as_json)
    with users_of(shell) as found:
        known = found.all()
    if shell.json:
        shell.answer({"users": [user.facts(now()) for user in known]})
        return
    if not known:
        shell.say("There are no users yet: vigistock users create NAME makes one.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "may", "created", "state"):
        table.add_column(heading, overflow="fold")
    for user in known:
        made = f"{user.created_at:%Y-%m-%d}"
        table.add_row(escape(user.name), may(user), made, user.state(now()))
    shell.out.print(table)


@users.command()
def password(
    context: typer.Context, name: Name, stdin: FromInput = False, as_json: AsJson = False
) -> None:
    """Give a user another password; whoever is signed in as that user is signed out."""
    shell = shell_of(context, as_json)
    with users_of(shell) as found:
        changed = found.set_password(name, password_of(stdin))
    tell(shell, changed, f"{escape(changed.name)} has a new password.")


@users.command()
def disable(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Sign a user out and in no more; what the user did stays told."""
    shell = shell_of(context, as_json)
    with users_of(shell) as found:
        closed = found.disable(name, at=now())
    tell(shell, closed, f"{escape(closed.name)} can no longer sign in.")


@users.command()
def enable(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Let a disabled user sign in again."""
    shell = shell_of(context, as_json)
    with users_of(shell) as found:
        back = found.enable(name)
    tell(shell, back, f"{escape(back.name)} can sign in again ({may(back)}).")


def tell(shell: Shell, user: User, words: str) -> None:
    if shell.json:
        shell.answer(user.facts(now()))
    else:
        shell.say(words)


def password_of(stdin: bool) -> str:
    """One line of standard input, or what is typed twice, unseen."""
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed
