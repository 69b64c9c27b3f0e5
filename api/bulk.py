"""Whole answers for programs: as NDJSON, CSV or Parquet, resumable, each with its checksum.

A complete answer is a file prepared once (`api.prepared`); a part of it (a page, one series) is
made in memory. Either way the ETag is strong: the sha256 of the very bytes, so that formats and
encodings never share one.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import re
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from typing import Any, Final

import pyarrow as pa
from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response
from starlette.responses import FileResponse

from api.errors import problem
from api.negotiation import CSV, NDJSON, PARQUET, caching, not_modified, unchanged
from api.prepared import Prepared, Shelf, digest_of
from api.tabular import WRITERS

FORMS: Final[Mapping[str, str]] = {NDJSON: "ndjson", CSV: "csv", PARQUET: "parquet"}
"""Media type -> how `vigistock export --format` calls it."""
ZIPPED: Final = frozenset({"ndjson", "csv"})  # Parquet is compressed within
CHUNK_BYTES: Final = 2**20
MAKERS: Final = 2  # pulls made at once in a process; the others wait, and other answers go on

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def documented_bulk(what: str) -> dict[str, Any]:
    """`responses=` of a route that answers in every form."""
    text = {"schema": {"type": "string"}}
    return {
        "content": {
            CSV: text,
            NDJSON: text,
            PARQUET: {"schema": {"type": "string", "format": "binary"}},
        },
        "description": "A page as JSON; as CSV, NDJSON or Parquet the columns of "
        f"`vigistock export {what}`",
    }


class Pulls:
    """What makes and answers the bulk representations of one workspace."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.makers = CapacityLimiter(MAKERS)

    async def whole(
        self,
        request: Request,
        question: dict[str, object],
        media: str,
        table: Callable[[], pa.Table],
        *,
        name: str,
        at: dt.datetime,
        headers: Mapping[str, str],
    ) -> Response:
        """A complete answer from its prepared file. `at`: since when it is so."""
        form = FORMS[media]
        zipped = form in ZIPPED and accepts_gzip(request)

        def get() -> Prepared:
            return self.shelf.get(question, form, table, zipped=zipped)

        found = await to_thread.run_sync(get, limiter=self.makers)
        about = _about(request, found.rows, found.sha256, media, zipped=zipped, name=name)
        about |= {"Last-Modified": format_datetime(at.astimezone(dt.UTC), usegmt=True), **headers}
        if unchanged(request, about["ETag"]):
            return not_modified(about["ETag"])
        return _from_file(request, found, media, about)

    async def part(
        self,
        request: Request,
        media: str,
        table: Callable[[], pa.Table],
        *,
        name: str,
        headers: Mapping[str, str],
    ) -> Response:
        """A page or a single series, made on the spot."""
        zipped = FORMS[media] in ZIPPED and accepts_gzip(request)

        def make() -> tuple[int, bytes]:
            made, out = table(), io.BytesIO()
            WRITERS[FORMS[media]](made, out)
            content = out.getvalue()
            return made.num_rows, gzip.compress(content, 6, mtime=0) if zipped else content

        rows, content = await to_thread.run_sync(make)
        sha256 = hashlib.sha256(content).hexdigest()
        about = _about(request, rows, sha256, media, zipped=zipped, name=name)
        about |= {"Content-Digest": about["Repr-Digest"], **headers}
        if unchanged(request, about["ETag"]):
            return not_modified(about["ETag"])
        return Response(content, headers=about, media_type=media)


def pulls_of(request: Request) -> Pulls:
    state: Any = request.app.state
    if not hasattr(state, "pulls"):
        state.pulls = Pulls(Shelf(state.publications.workspace.pulls))
    found: Pulls = state.pulls
    return found


def accepts_gzip(request: Request) -> bool:
    """
    Does Accept-Encoding allow gzip (RFC 9110, 12.5.3)?
    """
    for item in request.headers.get("accept-encoding", "").split(","):
        name, _, quality = item.strip().lower().partition(";")
        if name.strip() == "gzip":
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", quality)
    return False


def _about(
    request: Request, rows: int, sha256: str, media: str, *, zipped: bool, name: str
) -> dict[str, str]:
    headers = caching(f'"{sha256}"')
    headers |= {"Repr-Digest": digest_of(sha256), "Vigistock-Rows": str(rows)}
    headers["Content-Disposition"] = f'attachment; filename="{name}.{FORMS[media]}"'
    if zipped:
        headers["Content-Encoding"] = "gzip"
    elif "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "identity"  # nobody compresses it on the way out
    return headers


class _File(FileResponse):
    chunk_size = CHUNK_BYTES


def _from_file(request: Request, found: Prepared, media: str, headers: dict[str, str]) -> Response:
    """The file, or the one range of it that is asked for (RFC 9110, 14.2); other kinds of ranges
    are ignored, as they may be."""
    asked = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", "").lower())
    condition = request.headers.get("if-range", "")
    holds = condition in ("", headers["ETag"], headers["Last-Modified"])
    if asked is None or not holds or _is_backwards(asked):
        request.scope["headers"] = [
            pair for pair in request.scope["headers"] if pair[0] not in (b"range", b"if-range")
        ]
        headers["Content-Digest"] = headers["Repr-Digest"]
    elif _is_outside(asked, found.bytes):
        return problem(
            request,
            416,
            "The range is not in the file",
            f"The file has {found.bytes} bytes.",
            code="range_not_satisfiable",
            headers={"Content-Range": f"bytes */{found.bytes}"},
            next_step="It is complete, or another file: compare its ETag, or pull it anew.",
        )
    return _File(found.path, headers=headers, media_type=media)


def _is_backwards(asked: re.Match[str]) -> bool:
    first, last = asked.groups()
    return not (first or last) or bool(first and last and int(last) < int(first))


def _is_outside(asked: re.Match[str], size: int) -> bool:
    first, last = asked.groups()
    return int(first) >= size if first else int(last) == 0
