"""Files of a publication: written aside, synced, renamed; and what killed writers left, removed.

A writer holds a lease (a locked file beside its folder) from before the first byte until its
committing row is in. The lock falls with the process, however it ends. A folder is an orphan only
if it has a lease that nobody holds and no committing row: never one that somebody still writes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.errors import VigistockError

MANIFEST: Final = "manifest.json"
LEASE: Final = ".lease"  # <name>.lease
UNLOCKED: Final = ".lease-"  # .lease-<name>, before it is locked
WRITING: Final = ".writing-"  # .writing-<name>, before the rename


class Damaged(VigistockError):
    code = "damaged"
    title = "A file is not what was written"

    def __init__(self, path: Path, problem: str, *, next_step: str) -> None:
        super().__init__(f"{path}: {problem}.", next_step=next_step, path=str(path))


@dataclass(frozen=True)
class Part:
    """One file of a publication."""

    file: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Written:
    """A complete folder on disk that does not count yet: no row names it."""

    folder: str
    parts: Mapping[str, Part]
    manifest_sha256: str


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """The folder's entries (names, renames) reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _write_part(path: Path, table: pa.Table) -> Part:
    """Uncompressed Arrow IPC in one batch, so that readers map it and slice without decoding."""
    with path.open("wb") as file:
        with pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table.combine_chunks())
        file.flush()
        os.fsync(file.fileno())
    return Part(path.name, table.num_rows, path.stat().st_size, sha256_of(path))


@contextlib.contextmanager
def lease(root: Path, stem: str) -> Iterator[str]:
    """A unique folder name under `root`, reserved while the block runs.

    After a success the lease is removed; after a failure or a kill it stays, and with it the
    knowledge that the folder may be an orphan.
    """
    root.mkdir(parents=True, exist_ok=True)
    file, path = _locked(root, stem)
    with file:
        yield path.name.removesuffix(LEASE)
        path.unlink(missing_ok=True)


def _locked(root: Path, stem: str) -> tuple[BinaryIO, Path]:
    """A new lease: its file, open and locked, and its path, seen by others only when locked."""
    while True:
        name = f"{stem}-{uuid.uuid4().hex[:12]}"
        unlocked, path = root / f"{UNLOCKED}{name}", root / f"{name}{LEASE}"
        file = unlocked.open("wb")
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            unlocked.rename(path)
        except FileNotFoundError:  # another writer took it for a dead one's, and swept it
            file.close()
        else:
            return file, path


def _write_parquet(path: Path, table: pa.Table) -> Part:
    """Smaller, for what is read once in a while."""
    with path.open("wb") as file:
        pq.write_table(table, file)
        file.flush()
        os.fsync(file.fileno())
    return Part(path.name, table.num_rows, path.stat().st_size, sha256_of(path))


def write_parts(
    root: Path,
    name: str,
    parts: Mapping[str, pa.Table],
    facts: Mapping[str, Any],
    *,
    parquet: bool = False,
) -> Written:
    """`root/name/` with one file a part, Arrow or Parquet, and the manifest; whole or not there at
    all."""
    aside = root / f"{WRITING}{name}"
    aside.mkdir(parents=True)
    write, form = (_write_parquet, "parquet") if parquet else (_write_part, "arrow")
    made = {part: write(aside / f"{part}.{form}", table) for part, table in parts.items()}
    manifest = {**facts, "parts": {part: asdict(entry) for part, entry in made.items()}}
    content = json.dumps(manifest, indent=1, sort_keys=True, default=str).encode()
    write_synced(aside / MANIFEST, content)
    sync_folder(aside)
    aside.rename(root / name)
    sync_folder(root)
    return Written(name, made, hashlib.sha256(content).hexdigest())


def remove_orphans(root: Path, is_committed: Callable[[str], bool]) -> list[str]:
    """Folders of writers that died before their committing row, removed; gives their names.

    `is_committed(name)` is asked only once the lease is ours, when its writer can no longer
    commit.
    """
    removed = []
    for unlocked in root.glob(f"{UNLOCKED}*"):  # its writer died before it held its lease
        with contextlib.suppress(FileNotFoundError, BlockingIOError), unlocked.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unlocked.unlink()
    for path in sorted(root.glob(f"*{LEASE}")):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            name = path.name.removesuffix(LEASE)
            leftovers = [root / f"{WRITING}{name}"]
            if not is_committed(name):
                leftovers.append(root / name)
            for folder in leftovers:
                if folder.exists():
                    shutil.rmtree(folder)
                    removed.append(name)
            path.unlink(missing_ok=True)
    return removed


def read_manifest(folder: Path, sha256: str) -> dict[str, Any]:
    """The manifest of a folder, if it is the one that was committed; else Damaged."""
    path = folder / MANIFEST
    if not path.is_file() or sha256_of(path) != sha256:
        problem = "its sha256 is not the committed one" if path.is_file() else "it is missing"
        raise Damaged(path, problem, next_step="Restore the folder, or publish again.")
    manifest: dict[str, Any] = json.loads(path.read_bytes())
    return manifest


def map_part(folder: Path, part: Part) -> pa.Table:
    """One part, verified against its sha256 and mapped into memory; Damaged if it differs."""
    return pa.ipc.open_file(pa.memory_map(str(verified(folder, part)))).read_all()


def read_parquet(folder: Path, part: Part) -> pa.Table:
    """One Parquet part, verified likewise."""
    return pq.read_table(verified(folder, part))


def verified(folder: Path, part: Part) -> Path:
    """The file of a part, if it is the one that was written; else Damaged."""
    path = folder / part.file
    if not path.is_file():
        raise Damaged(path, "it is missing", next_step="Restore the folder, or publish again.")
    if sha256_of(path) != part.sha256:
        raise Damaged(
            path,
            "its sha256 is not the one in the manifest",
            next_step="Restore the folder, or publish again.",
        )
    return path
