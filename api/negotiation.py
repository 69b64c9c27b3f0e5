"""HTTP's own questions: which format, and has it changed since?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response

from api.errors import NotAcceptable
from api.security import caller_of

JSON: Final = "application/json"
CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
PARQUET: Final = "application/vnd.apache.parquet"
VARY: Final = "Accept, Accept-Encoding, Authorization"


def negotiate(accept: str, offered: Sequence[str]) -> str:
    """The offered media type that the client likes best (RFC 9110, 12.5.1); the first in a draw.

    >>> negotiate("text/csv, application/json;q=0.5", [JSON, CSV])
    'text/csv'
    >>> negotiate("*/*", [JSON, CSV])
    'application/json'
    """
    liked = [(_quality(accept, media), -place, media) for place, media in enumerate(offered)]
    quality, _, media = max(liked)
    if quality <= 0:
        raise NotAcceptable(accept, offered)
    return media


def _quality(accept: str, media: str) -> float:
    """Of the most exact range that covers the media type; 0 where none does."""
    best: tuple[int, float] = (-1, 0.0)
    for item in accept.split(",") if accept.strip() else ["*/*"]:
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        exactness = {media: 2, f"{media.split('/')[0]}/*": 1, "*/*": 0}
        if name not in exactness:
            continue
        quality = next((_number(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
        best = max(best, (exactness[name], quality))
    return best[1]


def _number(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def entity_tag(request: Request, *parts: object) -> str:
    """Of the address, the format, the sites that the caller sees, and what it rests on.

    Weak, since compression changes bytes.
    """
    sites = caller_of(request).sites
    asked = (
        request.scope["path"],
        request.scope["query_string"].decode("latin-1"),
        request.headers.get("accept", ""),
        *(("all",) if sites is None else ("of", *sorted(sites))),
    )
    digest = hashlib.sha256("\0".join(map(str, (*asked, *parts))).encode("utf-8", "replace"))
    return f'W/"{digest.hexdigest()[:24]}"'


def unchanged(request: Request, tag: str) -> bool:
    """Does If-None-Match name the tag (RFC 9110, 13.1.2: weak comparison)?"""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag.removeprefix("W/") in (
        item.strip().removeprefix("W/") for item in given.split(",")
    )


def caching(tag: str) -> dict[str, str]:
    """Keep it, and ask each time whether it still holds."""
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": VARY}


def not_modified(tag: str) -> Response:
    return Response(status_code=304, headers=caching(tag))
