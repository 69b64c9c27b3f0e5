"""A backup while the service and writers run: the record first, then the files that it names.

What is published meanwhile is not in the copy of the record, and so not in the archive: a
publication is in it whole, or absent. Nothing is pruned while files are copied.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.backups import postgres
from api.backups.archive import About, Writer, as_json, writing
from api.database import copy_sqlite, newest, sqlite_path, version
from api.settings import TOML_NAME, hide_password
from forecasting.errors import NotReady, Refused
from forecasting.record.database import connect, reading
from models.provenance import package_version
from models.publication import Damaged, Publication
from models.publication.ledger import publications_in
from models.publication.parts import MANIFEST
from models.publication.retention import nothing_removed
from models.scenarios.plans import Plan, plans_in
from models.tables import promotions
from models.workspace import Workspace

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Named:
    """The copy of the record, and what it names."""

    file: Path | None  # None: it is backed up by other means
    schema: str
    publications: Sequence[Publication]
    scenarios: Sequence[Plan]
    bundles: Sequence[tuple[str, int]]  # name, version: every champion there was


def back_up(
    workspace: Workspace,
    target: Path,
    *,
    at: dt.datetime,
    progress: Progress,
    without_record: bool = False,
) -> dict[str, Any]:
    """Make the archive; gives what it says of itself, with its size.

    Raises Refused where the file exists, NotReady where its folder does not, Damaged where the
    record is.
    """
    if target.exists():
        raise Refused(
            f"{target} exists already.",
            next_step="Name another file, such as one with today's date.",
            path=str(target),
        )
    folder = target.absolute().parent
    if not folder.is_dir():
        raise NotReady(f"There is no folder {folder}.", next_step="Make it, or name another file.")
    database = version(workspace.database_url, schema=workspace.schema)
    notes: list[str] = []
    with (
        nothing_removed(workspace.publications),
        tempfile.TemporaryDirectory(dir=folder, prefix=f".{target.name}.") as aside,
        writing(target) as writer,
    ):
        progress("record")
        with _record(workspace, Path(aside), without_record, notes) as named:
            if named.file is not None:
                writer.add(named.file.name, named.file)
            progress(f"{len(named.publications)} publications")
            _add_parts(writer, workspace.publications, named.publications, notes)
            _add_parts(writer, workspace.scenarios, named.scenarios, notes)
        progress("settings, profiles, champions")
        _add_rest(writer, workspace, named, notes)
        progress("versions and runs of MLflow")
        _add_tracking(writer, workspace, Path(aside), notes)
        about = About(
            vigistock=package_version(),
            made_at=at.isoformat(timespec="seconds"),
            database="sqlite" if sqlite_path(workspace.database_url) else "postgresql",
            database_version=database or newest(),
            record=named.file is not None,
            schema=named.schema,
            artifacts=workspace.artifacts.resolve().as_uri(),
            publications=sorted(one.number for one in named.publications),
            notes=notes,
            files=writer.files,
        )
        writer.close_with(as_json(about))
    return as_json(about) | {"file": str(target), "bytes": target.stat().st_size}


@contextmanager
def _record(workspace: Workspace, aside: Path, without: bool, notes: list[str]) -> Iterator[Named]:
    url, source = workspace.database_url, sqlite_path(workspace.database_url)
    if source is None:
        engine = connect(url, schema=workspace.schema)
        try:
            with reading(engine) as connection:
                schema = str(connection.scalar(sa.select(sa.func.current_schema())))
                file = None if without else _dumped(connection, url, schema, aside, notes)
                if without:
                    notes.append("The record was left out, as asked: back it up yourself, before.")
                yield _named(connection, file, schema)
        finally:
            engine.dispose()
        return
    copy = aside / "record.db"
    copy_sqlite(source, copy)
    _refuse_damaged(copy, source)
    engine = sa.create_engine(f"sqlite:///{copy}")
    try:
        with engine.connect() as connection:
            found = _named(connection, None if without else copy, "")
    finally:
        engine.dispose()
    if without:
        notes.append("The record was left out, as asked.")
    yield found


def _dumped(
    connection: sa.Connection, url: str, schema: str, aside: Path, notes: list[str]
) -> Path | None:
    if postgres.tool("pg_dump") is None:
        command = postgres.in_words(postgres.dump_command(url, schema, "record.sql"))
        notes.append(
            "pg_dump is not installed: the record is NOT in this backup. Run this first, then make "
            f"the backup again: {command}"
        )
        return None
    file = aside / "record.sql"
    postgres.dump(connection, url, schema, file)
    return file


def _named(connection: sa.Connection, file: Path | None, schema: str) -> Named:
    champions = sa.select(promotions.c.name, promotions.c.version).distinct()
    return Named(
        file=file,
        schema=schema,
        publications=[one for one in publications_in(connection) if one.pruned_at is None],
        scenarios=plans_in(connection),
        bundles=[(name, number) for name, number in connection.execute(champions)],
    )


def _refuse_damaged(copy: Path, source: Path) -> None:
    try:
        with closing(sqlite3.connect(copy)) as connection:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer != "ok":
        raise Damaged(source, answer, next_step="Restore the last good backup.")


def _add_parts(
    writer: Writer, root: Path, found: Sequence[Publication | Plan], notes: list[str]
) -> None:
    """The files of publications, or of scenarios."""
    for one in found:
        name = f"{type(one).__name__} {one.number}"
        expected = {part.file: part.sha256 for part in one.parts.values()}
        expected[MANIFEST] = one.manifest_sha256
        for file, sha256 in sorted(expected.items()):
            try:
                kept = writer.add(f"{root.name}/{one.folder}/{file}", root / one.folder / file)
            except FileNotFoundError:
                notes.append(f"{name} has lost its {file}.")
            else:
                if kept.sha256 != sha256:
                    notes.append(f"{name} has a damaged {file}, kept as it is.")


def _add_rest(writer: Writer, workspace: Workspace, named: Named, notes: list[str]) -> None:
    writer.add(TOML_NAME, workspace.folder / TOML_NAME)
    if workspace.scorecard.is_file():
        writer.add(workspace.scorecard.name, workspace.scorecard)
    _add_folder(writer, workspace.folder, "profiles")
    for name, number in named.bundles:
        path = f"{workspace.bundles.name}/{name}/{number}"
        if not _add_folder(writer, workspace.folder, path):
            notes.append(f"The files of champion {name} {number} are missing.")


def _add_tracking(writer: Writer, workspace: Workspace, aside: Path, notes: list[str]) -> None:
    if workspace.tracking:
        shown = hide_password(workspace.tracking)
        notes.append(f"MLflow's store {shown} is elsewhere: back it up by its own means.")
        return
    store = workspace.folder / "mlflow.db"
    if store.is_file():
        copy_sqlite(store, aside / store.name)
        writer.add(store.name, aside / store.name)
    _add_folder(writer, workspace.folder, workspace.artifacts.name)


def _add_folder(writer: Writer, root: Path, name: str) -> int:
    """Every file below `root/name`; gives how many. One that goes meanwhile is nobody's."""
    count = 0
    for path in sorted((root / name).rglob("*")):
        if path.is_file():
            try:
                writer.add(path.relative_to(root).as_posix(), path)
            except FileNotFoundError:
                continue
            count += 1
    return count
