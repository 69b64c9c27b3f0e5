"""The files of a snapshot: named by content, written whole or not at all, checked when read."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from cachetools import LRUCache, cached

from forecasting.errors import Refused
from forecasting.record.reader import tidy

MOST_BYTES: Final = 128 << 20
"""Of rows that a process remembers: a training reads the same months for one origin after the
other."""

KEPT_SECONDS: Final = 3600
"""A file that is no longer named is kept this long: another refresh may be about to name it, and a
training goes on reading the snapshot with which it began."""


@dataclass(frozen=True)
class Part:
    """One file: path relative to the folder, sha256 of its bytes, rows."""

    path: str
    sha256: str
    rows: int


def write_part(folder: Path, name: str, month: str, rows: pa.Table) -> Part:
    """Rows as Parquet; the same rows give the same bytes, and so the same name."""
    content = io.BytesIO()
    pq.write_table(rows, content, compression="zstd")
    digest = hashlib.sha256(content.getbuffer()).hexdigest()
    part = Part(f"{name}/{month}.{digest[:16]}.parquet", digest, rows.num_rows)
    write_whole(folder / part.path, content.getbuffer())
    return part


def read_part(folder: Path, part: Part) -> pa.Table:
    """The rows of a part; raises Refused where its bytes are not those that were written."""
    path = folder / part.path
    content = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise Refused(
            f"{path} is not the file that the snapshot was written with.",
            next_step=f"Delete {folder}; it is made anew from the record.",
            path=str(path),
            sha256=part.sha256,
        )
    return _decoded(content, part.sha256)


@cached(
    LRUCache(MOST_BYTES, getsizeof=lambda rows: rows.nbytes),
    key=lambda _content, sha256: sha256,
    lock=threading.Lock(),
)
def _decoded(content: bytes, sha256: str) -> pa.Table:
    """The rows that bytes of this hash hold, tidy."""
    return tidy(pq.read_table(io.BytesIO(content)))


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """A file that is there in full, on the disk, or as it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # so that the new name, too, survives a power cut
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def forget_all_but(folder: Path, kept: Iterable[Part], before: Iterable[Part]) -> None:
    """Removes the files of older snapshots, and what a crash has left, after `KEPT_SECONDS`; those
    of the one `before` are old from now on."""
    named, until_now = ({folder / part.path for part in parts} for parts in (kept, before))
    old = time.time() - KEPT_SECONDS
    for path in folder.glob("*/*.parquet*"):
        with suppress(FileNotFoundError):  # another refresh renamed it, or removed it, meanwhile
            if path in until_now - named:
                os.utime(path)
            elif path not in named and path.stat().st_mtime < old:
                path.unlink()
