"""What a browser loads beside a page: our own style and modules, and Plotly from its wheel.

Addresses hold a digest of everything behind them, so that a browser may keep them for good.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from api.errors import NotFound

router = APIRouter(include_in_schema=False)

PLOTLY: Final = "plotly.min.js"
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
LEAST_GZIP_BYTES: Final = 1_000

_OWN: Final[Mapping[str, bytes]] = {
    file.name: file.read_bytes()
    for file in (resources.files("api.pages") / "static").iterdir()
    if Path(file.name).suffix in TYPES
}


def _version() -> str:
    digest = hashlib.sha256(version("plotly").encode())
    for name in sorted(_OWN):
        digest.update(name.encode() + b"\0" + _OWN[name])
    return digest.hexdigest()[:12]


VERSION: Final = _version()
PREFIX: Final = f"/static/{VERSION}/"
PATHS: Final = frozenset(PREFIX + name for name in (*_OWN, PLOTLY))
"""Of every file, as `address` gives them."""


def address(name: str) -> str:
    """Where a page finds a file; raises KeyError for one that is not there.

    >>> address("vigistock.css").startswith("/static/")
    True
    """
    if PREFIX + name not in PATHS:
        raise KeyError(name)
    return PREFIX + name


@router.get("/static/{version}/{name}")
async def asset(request: Request, version: str, name: str) -> Response:
    if f"/static/{version}/{name}" not in PATHS:
        raise NotFound(f"There is no file {name!r} of this version.", next_step="Reload the page.")
    content, packed = _content(name)
    headers = dict(FOREVER) | {"Vary": "Accept-Encoding"}
    if packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            packed, media_type=_type(name), headers=headers | {"Content-Encoding": "gzip"}
        )
    return Response(content, media_type=_type(name), headers=headers)


@lru_cache
def _content(name: str) -> tuple[bytes, bytes]:
    """A file, and the same compressed once; b"" where that is not worth it."""
    content = _OWN[name] if name in _OWN else _plotly()
    packed = gzip.compress(content, 9, mtime=0) if len(content) >= LEAST_GZIP_BYTES else b""
    return content, packed


def _plotly() -> bytes:
    found = find_spec("plotly")  # imports nothing of it
    assert found is not None
    assert found.origin is not None
    return (Path(found.origin).parent / "package_data" / PLOTLY).read_bytes()


def _type(name: str) -> str:
    return TYPES[Path(name).suffix]
