"""Which publications keep their files, and how the files of the others go.

The committing row stays for good and is marked first; then the folder is renamed, then removed.
Killed in between, the next run finishes: a folder under its own name is whole, and a row without
the mark has its files. Readers that have mapped a file keep what they have mapped.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from forecasting.errors import Refused
from forecasting.record.database import writing
from models.publication.ledger import Publication, list_publications
from models.publication.parts import sync_folder
from models.tables import publications

GRACE: Final = dt.timedelta(days=1)
"""Who began to read while a publication was current (pages, a pull) may go on for so long."""

LOCK: Final = ".retention.lock"
REMOVING: Final = ".removing-"  # .removing-<folder>


@dataclass(frozen=True)
class Keep:
    """How much stays: the newest, and of the last so many months the last of each."""

    newest: int
    months: int


@dataclass(frozen=True)
class Verdict:
    """Whether the files of a publication may go now, and why or why not."""

    publication: Publication
    goes: bool
    why: str


def judge(
    found: Sequence[Publication],
    keep: Keep,
    *,
    longest: int,
    now: dt.datetime,
    held: Collection[int] = (),
) -> list[Verdict]:
    """A verdict on each publication, in the order given: that of `list_publications`.

    `longest`: of the risk horizons, in periods; until it is over the scorecard needs what was said.
    `held`: numbers that somebody said they still build upon.
    """
    last_of_month: dict[int, int] = {}  # month -> number
    for one in found:
        last_of_month.setdefault(_month(one), one.number)
    superseded = _superseded(found)

    def why(place: int, one: Publication) -> tuple[bool, str]:
        if one.pruned_at is not None:
            return False, f"its files went on {one.pruned_at:%Y-%m-%d}"
        if place == 0:
            return False, "current"
        if place < keep.newest:
            return False, f"one of the newest {keep.newest}"
        month = _month(one)
        if last_of_month[month] == one.number and _month(found[0]) - month <= keep.months:
            return False, f"the last of {one.provenance.origin_end:%Y-%m}"
        if now - superseded[one.number] < GRACE:
            return False, "was current within the last day"
        if found[0].provenance.origin - one.provenance.origin < longest:
            return False, "its horizon is not over: the scorecard needs it"
        if one.number in held:
            return False, "somebody still builds upon it"
        return True, f"older than the newest {keep.newest}"

    return [Verdict(one, *why(place, one)) for place, one in enumerate(found)]


def _month(one: Publication) -> int:
    return one.provenance.origin_end.year * 12 + one.provenance.origin_end.month


def _superseded(found: Sequence[Publication]) -> dict[int, dt.datetime]:
    """Number -> when a publication ceased to be current (or was made, if it never was)."""
    until: dict[int, dt.datetime] = {}
    first_later = dt.datetime.max.replace(tzinfo=dt.UTC)
    for later, one in pairwise(found):
        first_later = min(first_later, later.created_at)
        until[one.number] = max(one.created_at, first_later)
    return until


def prune(
    engine: sa.Engine,
    root: Path,
    keep: Keep,
    *,
    longest: int,
    now: dt.datetime,
    held: Collection[int] = (),
) -> list[Publication]:
    """Remove the files of what `judge` lets go; gives those publications. `root`:
    `Workspace.publications`. Raises Refused while a backup copies files."""
    with _alone(root):
        found = list_publications(engine)
        verdicts = judge(found, keep, longest=longest, now=now, held=held)
        going = [one.publication for one in verdicts if one.goes]
        _mark(engine, [one.number for one in going], now)
        gone = [one for one in found if one.pruned_at is not None]
        for one in [*gone, *going]:
            _set_aside(root, one.folder)
        for folder in root.glob(f"{REMOVING}*"):
            shutil.rmtree(folder)
    return going


def _mark(engine: sa.Engine, numbers: Sequence[int], now: dt.datetime) -> None:
    with writing(engine, alone=publications.name) as connection:
        for number in numbers:
            connection.execute(
                sa.update(publications)
                .where(publications.c.number == number, publications.c.pruned_at.is_(None))
                .values(pruned_at=now)
            )


def _set_aside(root: Path, folder: str) -> None:
    if (root / folder).is_dir():
        (root / folder).rename(root / f"{REMOVING}{folder}")
        sync_folder(root)


@contextlib.contextmanager
def nothing_removed(root: Path) -> Iterator[None]:
    """While the block runs, no publication's files go; waits for a run under way."""
    with _locked(root, fcntl.LOCK_SH):
        yield


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    try:
        with _locked(root, fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield
    except BlockingIOError:
        raise Refused(
            "A backup is being made, or another process removes old publications.",
            next_step="Try again when it is done.",
        ) from None


@contextlib.contextmanager
def _locked(root: Path, how: int) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK).open("ab") as file:
        fcntl.flock(file, how)
        yield
