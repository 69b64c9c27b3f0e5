"""From an archive back to a workspace: unpacked and checked aside, then put in place at once.

Killed anywhere, the workspace is the old one or the new one. The old one is kept beside it.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import errno
import fcntl
import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.backups import postgres
from api.backups.archive import About, Archive, opened
from api.database import newest, sqlite_path
from api.workspaces import read_workspace
from forecasting.errors import Refused
from forecasting.record.database import connect
from models.publication.parts import sync_folder
from models.tracking import move_artifacts
from models.workspace import Workspace

Progress = Callable[[str], None]

MADE_AGAIN: Final = frozenset({"snapshot", "incoming", "training"})
UNPACKING: Final = ".unpacking-"  # .<workspace>.unpacking-…
EXCHANGE: Final = 2  # RENAME_EXCHANGE of renameat2(2)
HERE: Final = -100  # AT_FDCWD
NOT_OFFERED: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.EXDEV, errno.ENOTSUP})


@dataclass(frozen=True)
class Restored:
    """What was put in place, and where the old things are now (blank: there were none)."""

    about: About
    old_folder: str
    old_schema: str
    notes: list[str]


def restore(
    source: Path, folder: Path, *, force: bool, at: dt.datetime, progress: Progress
) -> Restored:
    """Make `folder` the workspace of an archive.

    Raises BadBackup for a damaged archive, Refused for one of a newer version, and where a
    workspace stands in its place, unless `force` keeps that one beside it.
    """
    folder = folder.resolve()  # a link to a folder stays one
    stamp = f"{at:%Y%m%dt%H%M%S}"
    with opened(source, newest=newest()) as archive:
        refuse_occupied(folder, force=force)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent), _unpacked(archive, folder, progress) as aside:
            progress("record")
            workspace = read_workspace(aside).workspace
            _move_tracking(workspace, archive.about, folder)
            old_schema = _place_record(workspace, archive.about, stamp, force=force)
            progress("workspace")
            old_folder = _put_in_place(aside, folder, stamp)
    notes = list(archive.about.notes)
    if not archive.about.record:
        notes.append("The record was not in this backup: load your own dump of it.")
    if old_folder is not None and (left := _left_behind(old_folder, folder)):
        notes.append(f"In no backup, and still in {old_folder}: {', '.join(left)}.")
    return Restored(archive.about, str(old_folder or ""), old_schema, notes)


def refuse_occupied(folder: Path, *, force: bool) -> None:
    if os.path.ismount(folder):
        raise Refused(
            f"{folder} is a mount point and cannot be exchanged.",
            next_step="Keep the workspace in a folder inside of it.",
            folder=str(folder),
        )
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not force):
        raise Refused(
            f"{folder} is not empty.",
            next_step="Restore into another folder (--workspace), or say --force: what is there "
            "stays beside it under another name.",
            folder=str(folder),
        )
    record = folder / "record.db"
    if record.is_file():
        _refuse_in_use(record)


def _refuse_in_use(record: Path) -> None:
    """Leaving WAL needs the file for oneself, and makes of it one file without side files."""
    with closing(sqlite3.connect(record, timeout=0.0)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise Refused(
                    f"{record} is in use.",
                    next_step="Stop the service and every other command of this workspace first.",
                    path=str(record),
                ) from None
        except sqlite3.DatabaseError:  # it is damaged: why else would one restore?
            return


@contextmanager
def _alone(parent: Path) -> Iterator[None]:
    handle = os.open(parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(
            "Another restore is under way.", next_step="Try again when it is done."
        ) from None
    finally:
        os.close(handle)


@contextmanager
def _unpacked(archive: Archive, folder: Path, progress: Progress) -> Iterator[Path]:
    """Every file of the archive, checked, in a folder beside the workspace."""
    for left in folder.parent.glob(f".{folder.name}{UNPACKING}*"):  # by a restore that was killed
        shutil.rmtree(left)
    aside = folder.parent / f".{folder.name}{UNPACKING}{uuid.uuid4().hex[:8]}"
    aside.mkdir(mode=0o700)
    try:
        progress(f"{len(archive.about.files)} files")
        for name in archive.about.files:
            archive.unpack(name, aside / name)
        for path in (*(path for path in aside.rglob("*") if path.is_dir()), aside):
            sync_folder(path)
        yield aside
    finally:
        if aside.exists():
            shutil.rmtree(aside)


def _move_tracking(workspace: Workspace, about: About, folder: Path) -> None:
    store = workspace.folder / "mlflow.db"
    if store.is_file():
        move_artifacts(store, about.artifacts, (folder / "artifacts").as_uri())


def _place_record(workspace: Workspace, about: About, stamp: str, *, force: bool) -> str:
    """Where the settings say; gives the name that an older schema has now."""
    if not about.record:
        return ""
    target = sqlite_path(workspace.database_url)
    if (target is not None) != (about.database == "sqlite"):
        raise Refused(
            f"The record of this backup is of {about.database}; the settings name another kind.",
            next_step="Unset VIGISTOCK_DATABASE, or name a database of that kind with it.",
            database=about.database,
        )
    if target is None:
        return _load(workspace, about, stamp, force=force)
    if target != workspace.folder / "record.db":
        _place_elsewhere(workspace.folder / "record.db", target, stamp, force=force)
    return ""


def _load(workspace: Workspace, about: About, stamp: str, *, force: bool) -> str:
    if workspace.schema and workspace.schema != about.schema:
        raise Refused(
            f"The record of this backup is of schema {about.schema}; the settings name "
            f"{workspace.schema}.",
            next_step="Unset VIGISTOCK_SCHEMA; the schema keeps its name.",
            schema=about.schema,
        )
    url = workspace.database_url
    engine = connect(url, schema=workspace.schema)
    source = workspace.folder / "record.sql"
    try:
        with engine.connect() as connection:
            occupied = postgres.has_record(connection, about.schema)
            if occupied and not force:
                raise Refused(
                    f"The schema {about.schema} of the database has a record already.",
                    next_step="Name another database with VIGISTOCK_DATABASE, or say --force: the "
                    "old schema is renamed.",
                    schema=about.schema,
                )
            aside = postgres.name_aside(about.schema, stamp) if occupied else ""
            postgres.load(connection, url, about.schema, source, aside=aside)
    finally:
        engine.dispose()
    source.unlink()
    return aside


def _place_elsewhere(record: Path, target: Path, stamp: str, *, force: bool) -> None:
    """A SQLite file outside of the workspace, as its settings say."""
    if target.exists():
        if not force:
            raise Refused(
                f"The settings keep the record in {target}, and there is one.",
                next_step="Say --force: the old one stays beside it.",
                path=str(target),
            )
        _refuse_in_use(target)
        target.rename(target.with_name(f"{target.name}.before-{stamp}"))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(record, target)
    record.unlink()


def _put_in_place(aside: Path, folder: Path, stamp: str) -> Path | None:
    """`aside` becomes `folder` in one step; gives where the old one is, if there was any."""
    if not folder.exists() or not any(folder.iterdir()):
        aside.rename(folder)
        sync_folder(folder.parent)
        return None
    old = folder.with_name(f"{folder.name}.before-{stamp}")
    aside.rename(old)  # the new one, for a moment: exchanged, the old one has its name at once
    _exchange(old, folder)
    sync_folder(folder.parent)
    return old


def _left_behind(old: Path, folder: Path) -> list[str]:
    """What stood in the old folder and is not made again, such as `drop`."""
    names = (path.name for path in old.iterdir() if not (folder / path.name).exists())
    return sorted(name for name in names if name[0] != "." and name not in MADE_AGAIN)


def _exchange(one: Path, other: Path) -> None:
    """Two folders change names in one step, where the system offers it; else in three."""
    libc = ctypes.CDLL(None, use_errno=True)
    with suppress(AttributeError):
        if libc.renameat2(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0:
            return
        number = ctypes.get_errno()
        if number not in NOT_OFFERED:
            raise OSError(number, os.strerror(number), str(one))
    between = one.with_name(f"{one.name}.new")
    one.rename(between)
    other.rename(one)
    between.rename(other)
