"""The files of a version: their digest, kept copies of champions, and the check on loading.

A champion is loaded from the workspace, never from MLflow, and only if every byte is the one that
was registered.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path

from forecasting.errors import Refused
from models.publication.parts import sha256_of, sync_folder, write_synced


class BundleChanged(Refused):
    """The files of a version are not those that were registered."""

    code = "bundle_changed"
    title = "The files of a model version have changed"

    def __init__(self, name: str, version: int, folder: Path, expected: str, found: str) -> None:
        super().__init__(
            f"{name} version {version} in {folder} has digest {_short(found)}, "
            f"but {_short(expected)} was registered.",
            next_step="Restore the folder from a backup, or promote the version again.",
            name=name,
            version=version,
            folder=str(folder),
            expected=expected,
            found=found,
        )


def _short(digest: str) -> str:
    return f"{digest[:12]}…" if len(digest) == 64 else digest


@dataclass(frozen=True)
class BundleRef:
    """A version as the ledger knows it."""

    name: str
    version: int
    digest: str
    run_id: str


def digest_of(folder: Path) -> str:
    """sha256 over the names and sha256 of all files below a folder; times do not count.

    Raises ValueError where something else than plain files and folders is in it: a link may lead
    anywhere, and a pipe is never read to its end.
    """
    sha = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ValueError(f"{path.name} is no plain file")
        if stat.S_ISREG(mode):
            sha.update(f"{path.relative_to(folder).as_posix()}\0{sha256_of(path)}\n".encode())
    return sha.hexdigest()


def check(ref: BundleRef, folder: Path) -> Path:
    """The folder, if its files are those of the version; else BundleChanged."""
    try:
        found = digest_of(folder) if folder.is_dir() else "nothing (missing)"
    except (OSError, ValueError) as error:
        found = f"none ({error})"
    if found != ref.digest:
        raise BundleChanged(ref.name, ref.version, folder, ref.digest, found)
    return folder


def kept(ref: BundleRef, root: Path) -> Path:
    """The kept copy of a version under `Workspace.bundles`, verified."""
    return check(ref, root / ref.name / str(ref.version))


def keep(ref: BundleRef, source: Path, root: Path) -> Path:
    """Copy a version's files to `root/<name>/<version>/`, whole or not at all, and verify them.

    A damaged copy that stands there is replaced.
    """
    check(ref, source)
    folder = root / ref.name / str(ref.version)
    try:
        return check(ref, folder)
    except BundleChanged:
        pass  # it is not there, or damaged
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.parent / f".{ref.version}-{uuid.uuid4().hex[:8]}"
    for path in sorted(source.rglob("*")):
        target = aside / path.relative_to(source)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_synced(target, path.read_bytes())
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)
    aside.rename(folder)
    sync_folder(folder.parent)
    return check(ref, folder)
