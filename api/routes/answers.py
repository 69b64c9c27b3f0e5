"""What every route needs to answer: JSON, documented problems, addresses of next pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request, Response

from api.errors import PROBLEM
from api.negotiation import JSON
from api.plain import to_json
from api.schemas import Problem

_TEXTS: Final[Mapping[int, str]] = {
    304: "Not changed since the given ETag",
    400: "The request cannot be understood",
    404: "There is no such thing in this publication",
    406: "None of the accepted formats is offered",
    410: "This publication is no longer kept",
    413: "The body is larger than one request may bring",
    415: "The body is of a kind that is not read here",
    422: "A parameter does not keep its contract",
    503: "There is no publication yet, or the record cannot be read",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route for these statuses."""
    return {
        status: {"description": _TEXTS[status]}
        | ({"content": {PROBLEM: {"schema": _PROBLEM_SCHEMA}}} if status >= 400 else {})
        for status in statuses
    }


_PROBLEM_SCHEMA: Final = {"$ref": f"#/components/schemas/{Problem.__name__}"}


def answer(payload: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return Response(to_json(payload), headers=dict(headers or {}), media_type=JSON)


def next_address(request: Request, cursor: str | None) -> str | None:
    """The same question with another cursor, relative to the host: proxies stay out of it."""
    if cursor is None:
        return None
    url = request.url.include_query_params(cursor=cursor)
    return f"{url.path}?{url.query}"


def with_next(headers: dict[str, str], address: str | None) -> dict[str, str]:
    """RFC 8288: the next page as a Link header too, since CSV has no other place for it."""
    return headers | ({"Link": f'<{address}>; rel="next"'} if address else {})
