"""What `ingest --check` and `--propose` say of a file that no profile fits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from api.commands.shell import Shell, counted
from forecasting.errors import NotReady, VigistockError

if TYPE_CHECKING:
    from forecasting.feeds.proposal import Proposal


def write_proposal(shell: Shell, feed: str, path: Path | None, target: Path) -> None:
    """Writes the proposed profile; raises NotReady where it cannot be written or is there already.

    Raises VigistockError where the file is no table.
    """
    if path is None:
        raise NotReady("There is no file in the folder.", next_step="Name a file.")
    made = _proposal(feed, path)
    if target.suffix != ".toml":
        raise NotReady(f"{target} is no profile's name.", next_step="End it with .toml.")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(made.toml)
    except OSError as error:
        raise NotReady(
            f"{target} cannot be written: {error.strerror}.",
            next_step="Name a file that does not exist yet, in a folder that does.",
            path=str(target),
        ) from None
    if shell.json:
        shell.answer(_facts(made) | {"written": str(target)})
        return
    _show(shell, made)
    shell.say(f"Written to [bold]{escape(str(target))}[/]. Nothing was taken in.")
    again = f"ingest {feed} {path} --profile {target} --check"
    shell.say(f"[dim]→[/] Read it, settle what is in doubt, then: {shell.command(again)}")


def hint_proposal(shell: Shell, feed: str, unfit: Sequence[Path]) -> None:
    """Says what the first file that did not fit seems to be, and how to have it written down."""
    if not unfit:
        return
    try:
        made = _proposal(feed, unfit[0])
    except VigistockError:
        return  # no table at all; its own error was shown
    _show(shell, made)
    command = f"ingest {feed} {unfit[0]} --propose mine.toml"
    shell.say(f"[dim]→[/] {shell.command(command)} writes this down as a profile")


def _proposal(feed: str, path: Path) -> Proposal:
    from forecasting.feeds.proposal import propose

    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotReady(
            f"{path} cannot be read: {error.strerror}.",
            next_step="Check the path and its permissions.",
            path=str(path),
        ) from None
    return propose(data, feed, path.name)


def _facts(made: Proposal) -> dict[str, object]:
    reading = made.reading
    return {
        "feed": made.feed,
        "profile": made.toml,
        "evidence": made.evidence,
        "in_doubt": made.doubts,
        "read": reading.read if reading else None,
        "accepted": reading.accepted if reading else None,
        "rejected": reading.rejected if reading else None,
        "problem": made.problem,
    }


def _show(shell: Shell, made: Proposal) -> None:
    shell.say("[bold]The file seems to be written so[/]; none of this is used unless you ask:")
    for text in made.evidence:
        shell.say(f"  {escape(text)}")
    for text in made.doubts:
        shell.say(f"  [yellow]in doubt[/] {escape(text)}")
    if made.reading is not None:
        rows = counted(made.reading.read, "row")
        shell.say(f"Read so, {made.reading.accepted:,} of {rows} would be accepted.")
    else:
        shell.say(f"Read so, it would still be refused: {escape(made.problem)}")
