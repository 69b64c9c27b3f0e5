"""`ingest` and `rejects`: what came in, and what was set aside and why."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.proposals import hint_proposal, write_proposal
from api.commands.shell import (
    EXIT_ANYTHING_ELSE,
    EXIT_REJECTS,
    AsJson,
    Shell,
    counted,
    error_facts,
    shell_of,
    show_error,
)
from forecasting.errors import MOST_EXAMPLES, DeliveryRefused, NotReady, UnknownName, VigistockError

if TYPE_CHECKING:
    import pandas as pd

    from forecasting.feeds import Profile, Reading
    from forecasting.record import Record

COUNTS: Final = ("read", "accepted", "rejected", "duplicates")
MOST_LINES: Final = 12  # of files shown one by one; beyond, only those with something to say
USUAL_PROFILE: Final = {"ledger": "stock-ledger"}  # other feeds: generic


@dataclass
class Intake:
    """What became of one file."""

    source: str
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    repeated: bool = False
    delivery: int | None = None
    notes: tuple[str, ...] = ()
    error: VigistockError | None = None
    examples: list[dict[str, Any]] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        return vars(self) | {"error": error_facts(self.error) if self.error else None}


def ingest(
    context: typer.Context,
    feed: Annotated[str, typer.Argument(metavar="FEED", help="sales, stock, items …, or ledger.")],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="CSV (also .gz), XLSX, Parquet, JSON or NDJSON; or a folder of them.",
        ),
    ],
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="How the export is written. Default: generic (ledger: stock-ledger).",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option(help="Exit with 3 if any row was rejected.")] = False,
    check: Annotated[
        bool,
        typer.Option(help="Read and report; take nothing. Proposes a profile where none fits."),
    ] = False,
    propose: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Write a profile proposed for the first file; take nothing.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take files in: good rows are kept, bad ones set aside with their reasons."""
    from forecasting.feeds import load_profile
    from forecasting.feeds.profile import CONTRACTS

    shell = shell_of(context, as_json)
    if feed not in CONTRACTS:
        raise UnknownName("feed", feed, CONTRACTS)
    if propose is not None:
        write_proposal(shell, feed, next(expand(files), None), propose)
        return
    rules = load_profile(profile or USUAL_PROFILE.get(feed, "generic"))
    workspace = shell.workspace()
    from forecasting.record import Record

    with (
        Record.open(workspace.database_url, schema=workspace.schema) as record,
        shell.steps() as step,
    ):
        taken = []
        for path in expand(files):
            step(f"{'checking' if check else 'reading'} {path}", minor=True)
            taken.append(_take(path, feed, rules, None if check else record))
    _report(shell, feed, taken, check=check)
    if check and not shell.json:
        hint_proposal(shell, feed, [Path(one.source) for one in taken if does_not_fit(one)])
    if any(one.error for one in taken):
        raise typer.Exit(EXIT_ANYTHING_ELSE)
    if strict and any(one.rejected for one in taken):
        raise typer.Exit(EXIT_REJECTS)


def expand(files: Sequence[Path]) -> Iterator[Path]:
    """Each file; for a folder, the files in it by name, hidden ones apart."""
    for path in files:
        if path.is_dir():
            yield from sorted(
                inner for inner in path.iterdir() if inner.is_file() and inner.name[0] != "."
            )
        else:
            yield path


def _take(path: Path, feed: str, profile: Profile, record: Record | None) -> Intake:
    """One file in one transaction; what refuses it is told beside the others, not instead."""
    from api.clock import today
    from forecasting.feeds import read

    try:
        reading = read(path, feed, profile, today=today())
        intake = _counted(path, reading)
        if record is not None:
            receipt = record.deliver(reading, received_at=dt.datetime.now(dt.UTC))
            intake.delivery, intake.repeated = receipt.delivery, receipt.repeated
            intake.notes = receipt.notes
        return intake
    except VigistockError as error:
        return Intake(str(path), error=error)
    except OSError as error:
        why = error.strerror or str(error)
        step = "Check the path and its permissions, then ingest this file again."
        return Intake(str(path), error=DeliveryRefused(str(path), why, next_step=step))


def does_not_fit(one: Intake) -> bool:
    """Whether another profile is called for: refused, or most rows rejected."""
    return one.error is not None or one.rejected > one.read / 2


def _counted(path: Path, reading: Reading) -> Intake:
    return Intake(
        str(path),
        **{name: getattr(reading, name) for name in COUNTS},
        notes=tuple(reading.notes),
        examples=reading.examples,
    )


def _report(shell: Shell, feed: str, taken: Sequence[Intake], *, check: bool) -> None:
    total = {name: sum(getattr(one, name) for one in taken) for name in COUNTS}
    failed = [one for one in taken if one.error]
    if shell.json:
        shell.answer(
            {
                "feed": feed,
                "checked_only": check,
                "files": [one.facts() for one in taken],
                "total": {**total, "files": len(taken), "failed": len(failed)},
            }
        )
        return
    if len(taken) == 1:
        if not failed:
            shell.say(_in_one_line(taken[0], check=check))
    elif taken:
        shell.out.print(_counts_table(taken, total, check=check))
    else:
        shell.say("There is no file in the folder.")
    _show_notes(shell, taken)
    _show_examples(shell, feed, taken, total["rejected"], check=check)
    for one in failed:
        assert one.error is not None
        show_error(shell, one.error)
    if failed and len(taken) > 1:
        went = "" if check or len(failed) == len(taken) else "; the others went in"
        shell.err.print(f"[red]{len(failed)} of {len(taken)} files could not be read[/]{went}.")


def _in_one_line(one: Intake, *, check: bool) -> str:
    name = f"[bold]{escape(Path(one.source).name)}[/]"
    counts = (
        f"{counted(one.read, 'row')} read, {one.accepted:,} accepted, {one.rejected:,} rejected"
    )
    if one.duplicates:
        counts += f", {counted(one.duplicates, 'exact duplicate')}"
    if one.repeated:
        counts += "; this very file was already in: nothing changed"
    return f"{name}: {counts}" + (" (checked only)" if check else "")


def _counts_table(taken: Sequence[Intake], total: dict[str, int], *, check: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("file", overflow="fold")
    for name in COUNTS:
        table.add_column(name, justify="right")
    table.add_column("")
    quiet = len(taken) > MOST_LINES
    shown = [one for one in taken if not quiet or one.rejected or one.error][:MOST_LINES]
    for one in shown:
        remark = "refused" if one.error else "already in" if one.repeated else ""
        counts = [f"{getattr(one, name):,}" for name in COUNTS]
        table.add_row(escape(Path(one.source).name), *counts, remark)
    if len(shown) < len(taken):
        table.add_row(f"[dim]and {len(taken) - len(shown)} more[/]", style="dim")
    if len(taken) != 1:
        counts = [f"{total[name]:,}" for name in COUNTS]
        label = f"{len(taken)} files" + (", checked only" if check else "")
        table.add_row(label, *counts, "", style="bold")
    return table


def _show_notes(shell: Shell, taken: Sequence[Intake]) -> None:
    notes = dict.fromkeys(
        f"{Path(one.source).name}: {note}" if len(taken) > 1 else note
        for one in taken
        for note in one.notes
    )
    for note in list(notes)[:MOST_EXAMPLES]:
        shell.say(f"[dim]note[/] {escape(note)}")
    if len(notes) > MOST_EXAMPLES:
        shell.say(
            f"[dim]and {counted(len(notes) - MOST_EXAMPLES, 'more note')} (--json shows all)[/]"
        )


def _show_examples(
    shell: Shell, feed: str, taken: Sequence[Intake], rejected: int, *, check: bool
) -> None:
    if not rejected:
        return
    lines = [
        f"{Path(one.source).name}:{example['line']} {example['column']}".rstrip()
        + f": {example['message']}"
        for one in taken
        for example in one.examples
    ]
    some = ", for example" if rejected > MOST_EXAMPLES else ""
    shell.say(f"[yellow]{counted(rejected, 'row')} rejected[/]{some}:")
    for line in lines[:MOST_EXAMPLES]:
        shell.say(f"  {escape(line)}")
    if not check:
        shell.say(f"[dim]→[/] {shell.command('rejects --export rejects.csv')} lists them all")
        odd = [one.source for one in taken if one.error is None and does_not_fit(one)]
        for source in odd[:1]:
            look = shell.command(f"ingest {feed} {shlex.quote(source)} --check")
            shell.say(f"[dim]→[/] {look} says how this file seems to be written")


def rejects(
    context: typer.Context,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write them all to this CSV file.")
    ] = None,
    delivery: Annotated[int | None, typer.Option(min=1, help="Of one delivery only.")] = None,
    settled: Annotated[
        bool, typer.Option("--settled", help="Also those that a later delivery brought again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the rows that were set aside and still wait: file, line, column, reason and raw text."""
    shell = shell_of(context, as_json)
    workspace = shell.workspace()
    from forecasting.record import Record

    with Record.open(workspace.database_url, schema=workspace.schema) as record:
        found = record.rejects(delivery)
    came_again = int(found["settled_by"].notna().sum())
    if not settled:
        found = found[found["settled_by"].isna()].reset_index(drop=True)
    if export is not None:
        _write_csv(found, export)
    codes = found["code"].value_counts().to_dict() if len(found) else {}
    if shell.json:
        rows = [] if export else found.to_dict("records")
        exported = str(export) if export else None
        shell.answer(
            {
                **{"count": len(found), "codes": codes, "exported": exported, "rows": rows},
                "came_again": came_again,
            }
        )
        return
    if export is not None:
        shell.say(f"{counted(len(found), 'rejected row')} written to {escape(str(export))}.")
        return
    if came_again and not settled:
        waiting = counted(came_again, "rejected row")
        shell.say(f"[dim]{waiting} came again since and went in; --settled shows them too[/]")
    if not len(found):
        shell.say("No rejected row waits for a correction.")
        return
    shell.say(", ".join(f"{escape(str(code))} {count:,}" for code, count in codes.items()))
    shell.out.print(_rejects_table(found.tail(20)))
    if len(found) > 20:
        shell.say(f"[dim]the last 20 of {len(found):,}; --export FILE writes them all[/]")


def _rejects_table(found: pd.DataFrame) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("where", "column", "reason", "raw"):
        table.add_column(name, overflow="fold")
    for row in found.to_dict("records"):
        where = f"{Path(str(row.get('source', ''))).name}:{row['line']}"
        raw = str(row["raw"])
        cells = (where, row["column"], row["message"], raw[:60] + ("…" if len(raw) > 60 else ""))
        table.add_row(*(escape(str(cell)) for cell in cells))
    return table


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Nothing that a file brought is run as a formula by the spreadsheet that opens this one."""
    from forecasting.feeds.formulas import defused

    safe = frame.map(lambda cell: defused(cell) if isinstance(cell, str) else cell)
    try:
        safe.to_csv(path, index=False, encoding="utf-8")
    except OSError as error:
        raise NotReady(
            f"{path} cannot be written: {error.strerror}.",
            next_step="Name another file, in a folder that exists.",
            path=str(path),
        ) from None
