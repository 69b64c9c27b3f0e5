"""What every command shares: where it works, how it speaks, how it fails."""

from __future__ import annotations

import os
import shlex
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from typer.core import TyperGroup
from typer.exceptions import TyperException

from api.commands.terminal import Terminal
from forecasting.errors import (
    BadSetting,
    NoRoom,
    Refused,
    UnknownName,
    VigistockError,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from models.workspace import Workspace

EXIT_WRONG_USAGE: Final = 2
EXIT_REJECTS: Final = 3
EXIT_REFUSED: Final = 4
EXIT_ANYTHING_ELSE: Final = 1
WRONG_WORDS: Final = ("bad_period", "bad_scenario", "bad_user")  # codes of what was typed wrong
MINOR_SECONDS: Final = 2.0
DEBUG_VARIABLE: Final = "VIGISTOCK_DEBUG"

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="A date, 2026-W47 or 2026-11; data after it is not looked at. "
        "Default: the last complete period of the data.",
    ),
]


@dataclass
class Shell:
    """The workspace asked for and the two streams of one invocation."""

    asked: Path | None
    json: bool = False
    out: Terminal = field(default_factory=Terminal)
    err: Terminal = field(default_factory=lambda: Terminal(stderr=True))

    @property
    def folder(self) -> Path:
        from api.workspaces import folder_of

        return folder_of(self.asked)

    def workspace(self, flags: Mapping[str, Any] | None = None) -> Workspace:
        from api.workspaces import open_workspace

        return open_workspace(self.folder, flags)

    @contextmanager
    def engine(self) -> Iterator[sa.Engine]:
        """The record's, for as long as it is needed; its workspace opened and up to date."""
        workspace = self.workspace()
        from forecasting.record.database import connect

        engine = connect(workspace.database_url, schema=workspace.schema)
        try:
            yield engine
        finally:
            engine.dispose()

    def command(self, words: str) -> str:
        """A command to type next; the workspace is named again where it was named."""
        named = f"--workspace {shlex.quote(str(self.asked))} " if self.asked else ""
        return escape(f"vigistock {named}{words}")

    def say(self, text: str) -> None:
        """A line for a person; silent under --json."""
        if not self.json:
            self.out.print(text, soft_wrap=True)

    def answer(self, value: Mapping[str, Any]) -> None:
        """The one object of --json."""
        from api.plain import to_json

        sys.stdout.write(to_json(value, indent=True).decode() + "\n")
        sys.stdout.flush()

    @contextmanager
    def steps(self) -> Iterator[Steps]:
        """Progress of long work on the error stream, so that output stays clean."""
        steps = Steps(self.err)
        try:
            yield steps
        finally:
            steps.close()


class Steps:
    """Tells each step as it begins: a spinner on a terminal, a timed line elsewhere."""

    def __init__(self, console: Terminal) -> None:
        self._console = console
        self._began = time.monotonic()
        self._spinner = console.status("") if console.is_terminal else None
        self._text = ""
        self._printed = self._began

    def __call__(self, text: str, *, minor: bool = False) -> None:
        """`minor` steps leave no line behind on a terminal, and one in two seconds elsewhere."""
        if self._spinner is None:
            now = time.monotonic()
            if not minor or now - self._printed > MINOR_SECONDS:
                self._console.print(f"{self._elapsed()} {escape(text)}", soft_wrap=True)
                self._printed = now
            return
        self._done()
        self._text = "" if minor else text
        self._spinner.update(f"{escape(text)} …")
        self._spinner.start()

    def close(self) -> None:
        if self._spinner is not None:
            self._done()
            self._spinner.stop()

    def _done(self) -> None:
        if self._text:
            self._console.print(f"[dim]{self._elapsed()}[/] {escape(self._text)}")
        self._text = ""

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:6.1f} s "


def shell_of(context: typer.Context, as_json: bool = False) -> Shell:
    shell: Shell = context.obj
    shell.json = shell.json or as_json
    return shell


def counted(number: int, noun: str) -> str:
    """
    >>> counted(1, "row"), counted(12_000, "row"), counted(2, "delivery"), counted(2, "day")
    ('1 row', '12,000 rows', '2 deliveries', '2 days')
    """
    if number != 1:
        consonant = noun.endswith("y") and noun[-2] not in "aeiou"
        noun = f"{noun[:-1]}ies" if consonant else f"{noun}s"
    return f"{number:,} {noun}"


def last_day(as_of: str | None) -> Any:
    """`--as-of` as the last day that it covers; None stays None."""
    from api.clock import known_day

    return known_day(as_of)


def exit_code(error: VigistockError) -> int:
    if isinstance(error, Refused):
        return EXIT_REFUSED
    if isinstance(error, UnknownName | BadSetting) or error.code in WRONG_WORDS:
        return EXIT_WRONG_USAGE
    return EXIT_ANYTHING_ELSE


class Guarded(TyperGroup):
    """Turns every failure into one clear message and DESIGN's exit code; no traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException, BrokenPipeError):
            raise  # Typer's own business
        except VigistockError as error:
            show_error(ctx.obj, error)
            raise typer.Exit(exit_code(error)) from None
        except Exception as error:
            show_error(ctx.obj, NoRoom(error) if NoRoom.speaks_in(error) else Unexpected(error))
            raise typer.Exit(EXIT_ANYTHING_ELSE) from None


class Unexpected(VigistockError):
    code = "unexpected"
    title = "Something unexpected went wrong"

    def __init__(self, error: Exception) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
        super().__init__(
            f"{type(error).__name__}: {error}{place}",
            next_step="This is a fault in Vigistock, or in its surroundings (disk, memory); "
            f"set {DEBUG_VARIABLE}=1 to see where it happened.",
        )
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exception(error)


def show_error(shell: Shell | None, error: VigistockError) -> None:
    """The error for a person, or as the one object of --json."""
    shell = shell or Shell(None)
    if shell.json:
        shell.answer({"error": error_facts(error)})
        return
    shell.err.print(f"[bold red]Error[/] [bold]{escape(error.title)}[/]", soft_wrap=True)
    shell.err.print(escape(error.message), soft_wrap=True)
    if error.next_step:
        shell.err.print(f"[dim]→[/] {escape(error.next_step)}", soft_wrap=True)


def error_facts(error: VigistockError) -> dict[str, Any]:
    return {
        "code": error.code,
        "title": error.title,
        "message": error.message,
        "next_step": error.next_step,
        "facts": error.facts,
    }
