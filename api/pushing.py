"""Bodies on their way in: received in bounds, then given to a process of their own.

The service itself never parses what a client sent. Bodies wait in the workspace's folder
`incoming`, which may be emptied whenever the service is down.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import multiprocessing
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Final

import orjson
import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread
from fastapi import Request

from api.errors import NotFound, TooLarge, Unprocessable, UnsupportedMedia
from api.intake import FULL_DISK, OUT_OF_MEMORY, RECORD_AWAY, Answer, Push, given_before, run
from forecasting.errors import NoRoom, NotReady
from forecasting.feeds import profile_names
from forecasting.feeds.profile import encoding_named
from forecasting.record.database import reading
from models.workspace import Workspace

MIB: Final = 2**20
FORMS: Final = {
    "text/csv": ".csv",
    "application/json": ".json",
    "application/x-ndjson": ".ndjson",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
TEXTS: Final = (".csv", ".json", ".ndjson")
ENCODINGS: Final = {"": "", "identity": "", "gzip": ".gz"}
LEFT_SECONDS: Final = 86_400.0
AT_ONCE: Final = 2  # bodies that are read at the same time, of one worker of the service
OWN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

log = logging.getLogger("vigistock.api")


@dataclass(frozen=True)
class Bounds:
    """What one push may take."""

    body_mib: int = 64
    cells: int = 20_000_000  # rows × columns
    memory_mib: int = 3_072  # of the process that reads it
    seconds: float = 300.0


@dataclass(frozen=True)
class Body:
    """Received whole."""

    path: Path
    sha256: str


class Intakes:
    """Takes pushes in, a few at a time."""

    def __init__(self, workspace: Workspace, engine: sa.Engine, bounds: Bounds) -> None:
        self.workspace = workspace
        self.bounds = bounds
        self._engine = engine
        self._limiter: CapacityLimiter | None = None
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["api.intake"])  # then a process starts at once

    def sweep(self) -> None:
        """Removes what a service that was killed left behind, a day later: nobody reads it now."""
        old = time.time() - LEFT_SECONDS
        for path in self._folder.glob("push-*"):
            with suppress(OSError):
                if path.stat().st_mtime < old:
                    path.unlink()

    @property
    def _folder(self) -> Path:
        return self.workspace.folder / "incoming"

    @asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[Body]:
        """The body in a file, as long as the block lasts; raises TooLarge before it fills the
        disk."""
        most = self.bounds.body_mib * MIB
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > most:
            raise self._too_large()
        await to_thread.run_sync(lambda: self._folder.mkdir(exist_ok=True))
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="push-") as file:
            digest = await self._spool(request, file, most)
            file.flush()
            yield Body(Path(file.name), digest)

    async def _spool(self, request: Request, file: IO[bytes], most: int) -> str:
        digest, size = hashlib.sha256(), 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise self._too_large()
            digest.update(chunk)
            file.write(chunk)
        return digest.hexdigest()

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"The body is larger than {self.bounds.body_mib} MiB.",
            next_step="Send it in parts, by month for example, or compressed (Content-Encoding: "
            "gzip).",
            most_mib=self.bounds.body_mib,
        )

    def profile(self, name: str) -> str:
        """A profile that comes with Vigistock, or `profiles/NAME.toml` of the workspace."""
        folder = self.workspace.folder / "profiles"
        if name in profile_names():
            return name
        if OWN_NAME.fullmatch(name) and (folder / f"{name}.toml").is_file():
            return str(folder / f"{name}.toml")
        own = sorted(path.stem for path in folder.glob("*.toml"))
        raise Unprocessable(
            f"There is no profile '{name[:64]}'.",
            next_step=f"Known: {', '.join([*profile_names(), *own])}.",
            known=[*profile_names(), *own],
        )

    async def take(self, push: Push, body: Body) -> Answer:
        """The answer of this key if it has one, else that of a process of its own."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        async with self._limiter:
            if not push.check:
                known = await to_thread.run_sync(self._known, push)
                if known is not None:
                    return known
            return await to_thread.run_sync(self._in_a_process, push, body)

    def _known(self, push: Push) -> Answer | None:
        try:
            with reading(self._engine) as connection:
                return given_before(connection, push)
        except sa.exc.SQLAlchemyError:
            raise _no_record() from None

    def _in_a_process(self, push: Push, body: Body) -> Answer:
        answer = body.path.with_name(f"{body.path.name}.answer")
        space = self.workspace
        process = self._processes.Process(
            target=run,
            args=(space.database_url, space.schema, push, body.path, answer),
            kwargs={"most_bytes": self.bounds.memory_mib * MIB},
        )
        process.start()
        process.join(self.bounds.seconds)
        if process.is_alive():
            process.kill()
            process.join()
            raise NotReady(
                f"It was not taken in within {self.bounds.seconds:g} s.",
                next_step="Send it again with the same key, or in parts.",
            )
        try:
            return Answer(**orjson.loads(answer.read_bytes()))
        except FileNotFoundError:
            raise self._fallen(push, process.exitcode) from None
        finally:
            answer.unlink(missing_ok=True)

    def _fallen(self, push: Push, code: int | None) -> NoRoom | NotReady | TooLarge | Unprocessable:
        log.error("a push of %s ended with exit code %s", push.feed, code)
        if code == FULL_DISK:
            return NoRoom(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        if code == RECORD_AWAY:
            return _no_record()
        if code is not None and (code == OUT_OF_MEMORY or code < 0):  # some libraries abort
            return TooLarge(
                f"Reading it needs more than {self.bounds.memory_mib} MiB of memory.",
                next_step="Send it in parts, by month for example.",
                most_mib=self.bounds.memory_mib,
            )
        return Unprocessable(
            "Reading it failed; the fault has been logged.",
            next_step="Try `vigistock ingest --check` with the same file, or send it in parts.",
        )


def _no_record() -> NotReady:
    return NotReady(
        "The record cannot be reached.", next_step="Send it again, later, with the same key."
    )


def form_of(request: Request) -> str:
    """The ending that tells the form, such as `.csv.gz`; raises UnsupportedMedia."""
    given = request.headers.get("content-type", "")
    form = FORMS.get(given.split(";")[0].strip().lower())
    if form is None:
        raise UnsupportedMedia("Content-Type", given[:200], list(FORMS))
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise UnsupportedMedia("Content-Encoding", encoding[:200], ["gzip"])
    return form + ENCODINGS[encoding]


def charset_of(request: Request, form: str) -> str:
    """What the Content-Type says that a text is encoded in, as Python names it; "" for UTF-8, which
    goes without saying. Raises UnsupportedMedia for one that nobody knows, and for JSON in another
    than UTF-8 (RFC 8259, 8.1)."""
    told = Message()
    told["Content-Type"] = request.headers.get("content-type", "")
    given = told.get_content_charset("")
    if not given or not form.startswith(TEXTS):
        return ""
    try:
        name = encoding_named(given)
    except ValueError:
        raise UnsupportedMedia("charset", given[:200], ["utf-8", "windows-1252", "…"]) from None
    if not form.startswith(".csv"):
        if name not in ("utf-8", "ascii"):
            raise UnsupportedMedia("charset of JSON", given[:200], ["utf-8"])
        return ""
    return "" if name == "utf-8" else name


def no_delivery(number: int) -> NotFound:
    return NotFound(
        f"There is no delivery {number}.", next_step="GET /v1/feeds/deliveries lists them."
    )
