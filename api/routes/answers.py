"""What every route needs to answer: JSON, documented problems, addresses of next pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from api.errors import PROBLEM, BadParameter, Unprocessable
from api.negotiation import JSON
from api.paging import write_cursor
from api.plain import to_json
from api.schemas.problems import Problem

_TEXTS: Final[Mapping[int, str]] = {
    304: "Not changed since the given ETag",
    400: "The request cannot be understood",
    401: "A key is needed",
    403: "The key is not for this",
    404: "There is no such thing in this publication",
    409: "It contradicts what the record holds",
    406: "None of the accepted formats is offered",
    412: "It was changed meanwhile: If-Match names an older state",
    413: "The body is larger than this operation takes",
    410: "This publication is no longer kept",
    415: "The body is of a kind that is not read here",
    416: "The range is not in the file",
    422: "A parameter does not keep its contract",
    429: "Too many requests",
    428: "If-Match is missing",
    503: "There is no publication yet, or the record cannot be read",
    507: "The disk is full: nothing was taken",
    504: "The answer took too long",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route for these statuses."""
    return {
        status: {"description": _TEXTS[status]}
        | ({"content": {PROBLEM: {"schema": _PROBLEM_SCHEMA}}} if status >= 400 else {})
        for status in statuses
    }


_PROBLEM_SCHEMA: Final = {"$ref": f"#/components/schemas/{Problem.__name__}"}


async def only_known(request: Request) -> None:
    """Nothing asked is silently ignored: raises BadParameter for a parameter that the route does
    not take, or one given twice."""
    if not request.scope["query_string"]:
        return
    known = _known(request.scope["endpoint"], request.scope["route"])
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in known:
            raise BadParameter("query parameter", name, known)
        if names.count(name) > 1:
            raise Unprocessable(
                f"The query parameter {name[:200]!r} stands there twice.",
                next_step="Say it once: it is not known which one counts.",
            )


def _known(endpoint: Callable[..., Any], route: APIRoute) -> list[str]:
    if endpoint not in _KNOWN:
        fields = get_flat_params(route.dependant)
        _KNOWN[endpoint] = sorted({f.alias for f in fields if isinstance(f.field_info, Query)})
    return _KNOWN[endpoint]


_KNOWN: Final[dict[Callable[..., Any], list[str]]] = {}


LIVE: Final = {"Cache-Control": "no-store"}
"""Of an answer from the record, which is another one the next moment."""


def answer(payload: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return Response(to_json(payload), headers=dict(headers or {}), media_type=JSON)


def next_page(
    request: Request, publication: int, last: int | None, question: Mapping[str, Any]
) -> str | None:
    """Where the list goes on after its place `last`; None at its end. The same question with a
    cursor, relative to the host: proxies stay out of it. `publication` 0: a list of the record."""
    if last is None:
        return None
    url = request.url.include_query_params(cursor=write_cursor(publication, last, question))
    return f"{url.path}?{url.query}"


def with_next(headers: dict[str, str], address: str | None) -> dict[str, str]:
    """RFC 8288: the next page as a Link header too, since CSV has no other place for it."""
    return headers | ({"Link": f'<{address}>; rel="next"'} if address else {})
