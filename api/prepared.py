"""Bulk answers as files: each made once, kept under the workspace, the same for every process.

A publication never changes, so neither does an answer read from it. A file's name says what it
answers, its rows and its sha256; it appears by a rename, whole. Files used longest ago are removed
when all together grow too large; whoever asks again finds the same bytes made anew.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import gzip
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import orjson
import pyarrow as pa

from api.tabular import WRITERS
from forecasting.errors import NotReady
from models.provenance import package_version
from models.publication.parts import sha256_of, sync_folder

MOST_BYTES: Final = 4 * 2**30  # of all files: some tens of complete pulls at M5 size
MOST_FILES: Final = 1_000
GZIP_LEVEL: Final = 1  # whoever waits for the first pull waits for this too
WRITING: Final = ".writing-"


@dataclass(frozen=True)
class Prepared:
    """One representation: the bytes that every complete answer has."""

    path: Path
    rows: int
    bytes: int
    sha256: str

    @property
    def digest(self) -> str:
        """As RFC 9530 writes it in Repr-Digest and Content-Digest."""
        return digest_of(self.sha256)


def digest_of(sha256: str) -> str:
    """
    >>> digest_of("00" * 32)[:14]
    'sha-256=:AAAAA'
    """
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


class Shelf:
    """The prepared files of one workspace; any number of processes may share it."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self.most_bytes = most_bytes
        self._known: dict[str, Prepared] = {}

    def get(
        self, question: dict[str, object], form: str, table: Callable[[], pa.Table], *, zipped: bool
    ) -> Prepared:
        """The answer to a question in a form; `table` is called where it must be made.

        `question`: whatever the rows follow from. Raises NotReady where no file can be written.
        """
        key = _key({**question, "form": form, "version": package_version()})
        ending = f".{form}" + (".gz" if zipped else "")
        found = self._found(key, ending)
        if found is None:
            try:
                found = self._made(key, ending, question, form, table, zipped=zipped)
            except OSError as error:
                raise NotReady(
                    f"The answer cannot be written below {self.folder} ({error.strerror}).",
                    next_step="Make room on the disk, then ask again.",
                ) from None
        return found

    def _found(self, key: str, ending: str) -> Prepared | None:
        """A file that is there; read once through by each process, to hold it to its sha256."""
        known = self._known.get(key + ending)
        if known is not None and known.path.exists():
            return known
        for path in self.folder.glob(f"{key}-*{ending}"):
            _, rows, sha256 = path.name.removesuffix(ending).split("-")
            with contextlib.suppress(FileNotFoundError):
                if sha256_of(path) != sha256:
                    path.unlink()
                    continue
                os.utime(path)
                found = Prepared(path, int(rows), path.stat().st_size, sha256)
                self._known[key + ending] = found
                return found
        return None

    def _made(
        self,
        key: str,
        ending: str,
        question: dict[str, object],
        form: str,
        table: Callable[[], pa.Table],
        *,
        zipped: bool,
    ) -> Prepared:
        plain = self.get(question, form, table, zipped=False) if zipped else None
        with self._alone(key + ending):
            found = self._found(key, ending)  # another process was quicker
            if found is not None:
                return found
            aside = self.folder / f"{WRITING}{uuid.uuid4().hex}"
            try:
                with aside.open("wb") as file:
                    if plain is None:
                        made = table()
                        rows = made.num_rows
                        WRITERS[form](made, file)
                    else:
                        rows = plain.rows
                        _compress(plain.path, file)
                    file.flush()
                    os.fsync(file.fileno())
                aside.rename(self.folder / f"{key}-{rows}-{sha256_of(aside)}{ending}")
            finally:
                aside.unlink(missing_ok=True)
            sync_folder(self.folder)
            found = self._found(key, ending)
            self._make_room()
        assert found is not None
        return found

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """One maker a file; the lock falls with its process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f".{name}.lock"
        with path.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
            path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Whoever is reading a removed file reads it to its end."""
        files = []
        for path in self.folder.glob("[!.]*"):
            with contextlib.suppress(FileNotFoundError):
                files.append((path.stat().st_mtime, path.stat().st_size, path))
        total = 0
        for place, (_, size, path) in enumerate(sorted(files, reverse=True)):
            total += size
            if place and (total > self.most_bytes or place >= MOST_FILES):
                path.unlink(missing_ok=True)


def _key(question: dict[str, object]) -> str:
    text = orjson.dumps(question, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:24]


def _compress(source: Path, out: BinaryIO) -> None:
    """Without a time and a name, so that the same content gives the same bytes."""
    with (
        source.open("rb") as file,
        gzip.GzipFile("", "wb", GZIP_LEVEL, out, mtime=0) as packed,
    ):
        shutil.copyfileobj(file, packed, 2**20)
