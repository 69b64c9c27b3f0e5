"""The archive: a ZIP whose last member, `backup.json`, has the size and sha256 of every other.

A ZIP ends with its table of contents, so that one cut short cannot be opened at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from forecasting.errors import Refused, VigistockError
from models.publication.parts import sync_folder

FORMAT: Final = 1
"""Raised when archives are written in another way."""

MANIFEST: Final = "backup.json"
FILES: Final = frozenset(
    {"vigistock.toml", "record.db", "record.sql", "mlflow.db", "scorecard.json"}
)
FOLDERS: Final = frozenset({"publications", "scenarios", "bundles", "artifacts", "profiles"})
CHUNK: Final = 1 << 20
QUICK: Final = 1  # zlib's level: arrays and Parquet gain little from more


class BadBackup(VigistockError):
    """An archive that cannot be trusted; nothing of it was used."""

    code = "bad_backup"
    title = "This is not a whole backup"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path}: {problem}.",
            next_step="Take another backup; nothing was changed.",
            path=str(path),
            problem=problem,
        )


@dataclass(frozen=True)
class Entry:
    """One file of an archive."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class About:
    """What an archive says of itself."""

    vigistock: str  # version of the package
    made_at: str
    database: str  # sqlite, postgresql
    database_version: str  # of the record's tables
    record: bool  # whether the record is in it
    schema: str  # of PostgreSQL, as the database named it
    artifacts: str  # MLflow's artifact root, as its store names it
    publications: list[int]
    notes: list[str]
    files: dict[str, Entry] = field(default_factory=dict)
    format: int = FORMAT


class Writer:
    """Adds files to an archive under way."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.files: dict[str, Entry] = {}

    def add(self, name: str, path: Path) -> Entry:
        """The bytes of a file, hashed as they are written; raises FileNotFoundError."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
            info.compress_type = zipfile.ZIP_DEFLATED
            with self._archive.open(info, "w", force_zip64=True) as member:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    member.write(chunk)
        self.files[name] = Entry(size, digest.hexdigest())
        return self.files[name]

    def close_with(self, about: Mapping[str, Any]) -> None:
        self._archive.writestr(MANIFEST, json.dumps(about, indent=1, sort_keys=True))


@contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """An archive that is there, whole and on the disk, when the block ends; else not at all. Only
    its owner may read it."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", compresslevel=QUICK) as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
        sync_folder(target.parent)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class Archive:
    """An archive whose table of contents is sound; its files are checked as they are unpacked."""

    path: Path
    about: About
    zip: zipfile.ZipFile

    def unpack(self, name: str, target: Path) -> None:
        """One file, on the disk; raises BadBackup where its bytes are not those that were kept."""
        expected, digest, size = self.about.files[name], hashlib.sha256(), 0
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.zip.open(name) as member, _private(target) as file:
                while size <= expected.bytes and (chunk := member.read(CHUNK)):
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, ValueError) as error:
            raise BadBackup(self.path, f"{name} cannot be read ({error})") from None
        except Exception as error:
            if type(error).__module__ == "zlib":  # zlib.error has no other base
                raise BadBackup(self.path, f"{name} cannot be read ({error})") from None
            raise
        if (size, digest.hexdigest()) != (expected.bytes, expected.sha256):
            raise BadBackup(self.path, f"the bytes of {name} are not those that were kept")


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def opened(path: Path, *, newest: str) -> Iterator[Archive]:
    """An archive to restore from. Raises BadBackup, or Refused for one of a newer version.

    `newest`: the version of the record's tables that this Vigistock knows.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise BadBackup(path, "there is no such file") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise BadBackup(path, f"it cannot be opened ({error})") from None
    with archive:
        about = _about(path, archive)
        if about.database_version > newest:
            raise _newer(path, f"a record of version {about.database_version}", newest)
        _check_names(path, archive, about)
        yield Archive(path, about, archive)


def _about(path: Path, archive: zipfile.ZipFile) -> About:
    try:
        told = json.loads(archive.read(MANIFEST))
        version = int(told["format"])
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise BadBackup(path, f"its {MANIFEST} is missing or damaged ({error})") from None
    if version > FORMAT:
        raise _newer(path, f"format {version}", str(FORMAT))
    try:
        files = {name: Entry(**entry) for name, entry in told.pop("files").items()}
        return About(**told, files=files)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadBackup(path, f"its {MANIFEST} does not say what it must ({error})") from None


def _newer(path: Path, what: str, known: str) -> Refused:
    return Refused(
        f"{path} was made by a newer Vigistock: it has {what}; this one knows up to {known}.",
        next_step="Install the newer Vigistock, then restore.",
        path=str(path),
        known=known,
    )


def _check_names(path: Path, archive: zipfile.ZipFile, about: About) -> None:
    names = [info.filename for info in archive.infolist()]
    if sorted(names) != sorted([*about.files, MANIFEST]):
        raise BadBackup(path, f"its files are not those that its {MANIFEST} lists")
    stray = [name for name in about.files if not _is_ours(name)]
    if stray:
        raise BadBackup(path, f"{stray[0]!r} does not belong into a workspace")
    if "vigistock.toml" not in about.files:
        raise BadBackup(path, "it has no vigistock.toml")


def _is_ours(name: str) -> bool:
    """
    >>> _is_ours("publications/2026-11/warnings.arrow"), _is_ours("record.db")
    (True, True)
    >>> [_is_ours(name) for name in ("../x", "bundles/../../x", "/etc/passwd", "bundles//x", "x")]
    [False, False, False, False, False]
    """
    if name in FILES:
        return True
    parts = PurePosixPath(name).parts
    plain = str(PurePosixPath(*parts)) == name and "\\" not in name and "\0" not in name
    return plain and len(parts) > 1 and parts[0] in FOLDERS and ".." not in parts


def as_json(about: About) -> dict[str, Any]:
    return asdict(about)
