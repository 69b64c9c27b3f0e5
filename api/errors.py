"""Every answer that is not the thing asked for: `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import Scope

from api.pages import is_page
from api.plain import to_json
from forecasting.calendar import BadPeriod
from forecasting.errors import (
    DeliveryRefused,
    MissingColumns,
    NotReady,
    Refused,
    UnknownName,
    VigistockError,
    did_you_mean,
)
from forecasting.feeds.profile import BadProfile
from models.overrides.declaration import BadOverride
from models.publication import Damaged, Gone, NotSaid
from models.publication.lives import Senseless, Stale

PROBLEM: Final = "application/problem+json"
MOST_FAULTS: Final = 20  # of one request; whoever sends more will send again

log = logging.getLogger("vigistock.api")


class BadRequest(VigistockError):
    """The request cannot be understood, such as one for another host."""

    code = "bad_request"
    title = "The request cannot be understood"


class NotFound(VigistockError):
    code = "not_found"
    title = "Not found"


class KeyNeeded(VigistockError):
    code = "key_needed"
    title = "A key is needed"


class Forbidden(VigistockError):
    code = "forbidden"
    title = "The key is not for this"


class TooLarge(VigistockError):
    """A body, or what it unfolds to, is more than one request may bring."""

    code = "too_large"
    title = "Too large for one request"


class UnsupportedMedia(VigistockError):
    code = "unsupported_media"
    title = "The body is of a kind that is not read here"

    def __init__(self, what: str, given: str, offered: Sequence[str]) -> None:
        super().__init__(
            f"{what}: {given!r} is not read here.",
            next_step=f"Read: {', '.join(offered)}.",
            given=given,
            offered=list(offered),
        )


class Unprocessable(VigistockError):
    """Understood, and yet it cannot be done as it was asked."""

    code = "unprocessable"
    title = "This cannot be done as asked"


class TooManyRequests(VigistockError):
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, limit: str, wait_seconds: int) -> None:
        super().__init__(
            f"More than {limit}.",
            next_step=f"Wait {wait_seconds} s. The setting `rate_limit` says how many may come.",
            limit=limit,
            wait_seconds=wait_seconds,
        )


class TooSlow(VigistockError):
    code = "too_slow"
    title = "The answer took too long"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"There was no answer within {seconds:g} s.",
            next_step="Ask for less (a filter, a limit), or try again later.",
            seconds=seconds,
        )


class Unexpected(VigistockError):
    """What nobody foresaw, told without a detail."""

    code = "unexpected"
    title = "Something unexpected went wrong"

    def __init__(self, request: Request) -> None:
        identity = request.scope.get("state", {}).get("request_id", "")
        super().__init__(
            "The fault is on our side and has been logged.",
            next_step=f"Try again; if it stays, tell the administrator: request {identity}.",
        )


class NoCondition(VigistockError):
    """A change that does not say what it is based on."""

    code = "no_condition"
    title = "The change must say what it is based on"

    def __init__(self, message: str) -> None:
        super().__init__(message, next_step="GET it, and send its ETag back as If-Match.")


class NotAcceptable(VigistockError):
    code = "not_acceptable"
    title = "None of the accepted formats is offered"

    def __init__(self, accept: str, offered: Sequence[str]) -> None:
        super().__init__(
            f"Accept: {accept!r} names no format offered here.",
            next_step=f"Offered: {', '.join(offered)}.",
            accept=accept,
            offered=list(offered),
        )


class BadParameter(VigistockError):
    """A query parameter that the route does not take, or a value that this publication lacks."""

    code = "invalid"
    title = "The request does not keep its contract"

    def __init__(self, what: str, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"There is no {what} {name[:200]!r}.{did_you_mean(name[:200], known)}",
            next_step=f"Known: {', '.join(known)}." if known else "It takes none.",
            what=what,
            name=name,
        )


STATUS: Final[Mapping[type[VigistockError], int]] = {
    BadRequest: 400,
    KeyNeeded: 401,
    Forbidden: 403,
    NotFound: 404,
    UnknownName: 404,
    NotSaid: 404,
    NotAcceptable: 406,
    BadParameter: 422,
    Refused: 409,
    Stale: 412,
    Gone: 410,
    TooLarge: 413,
    UnsupportedMedia: 415,
    Unprocessable: 422,
    Senseless: 422,
    BadOverride: 422,
    NoCondition: 428,
    DeliveryRefused: 422,
    MissingColumns: 422,
    BadProfile: 422,
    BadPeriod: 422,
    TooManyRequests: 429,
    NotReady: 503,
    Damaged: 503,
    TooSlow: 504,
}


def status_of(error: VigistockError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(
    request: Request,
    status: int,
    title: str,
    detail: str,
    *,
    code: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    body = {
        "type": f"urn:vigistock:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.scope.get("path", ""),
        "code": code,
        "request_id": request.scope.get("state", {}).get("request_id", ""),
        **more,
    }
    return Response(to_json(body), status, dict(headers or {}), PROBLEM)


def refusal(scope: Scope, error: VigistockError) -> Response:
    """The error as an answer: a page where a page was asked for."""
    request = Request(scope)
    status = status_of(error)
    if status == 500:
        log.error("%s: %s", error.code, error)
    headers = _headers(error, status)
    if is_page(scope["path"]) and "app" in scope:
        return _page(request, error, status, headers)
    return problem(
        request,
        status,
        error.title,
        error.message,
        code=error.code,
        headers=headers,
        next_step=error.next_step,
        **({"facts": error.facts} if error.facts and status < 500 else {}),
    )


def _page(
    request: Request, error: VigistockError, status: int, headers: Mapping[str, str]
) -> Response:
    from api.pages.frame import frame_of  # it stands on what stands on this

    frame = frame_of(request)
    if status == 401:
        page = frame.sign_in(status=status, back=_asked(request))
    else:
        page = frame.page("refused.html", status=status, title="", code=error.code, error=error)
    page.headers.update(headers)
    return page


def _asked(request: Request) -> str:
    """The address that was asked for, to come back to it once signed in."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def _headers(error: VigistockError, status: int) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if status == 429:
        return {"Retry-After": str(error.facts["wait_seconds"])}
    return {"Retry-After": "60"} if status == 503 else {}


async def _vigistock_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VigistockError)
    return refusal(request.scope, error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # a body whose bytes are no text at all
        unread = Unprocessable(str(error.detail), next_step="/docs lists what it takes.")
        return await _vigistock_error(request, unread)
    next_step = "/docs lists every address and what it takes."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (methods := _methods(request)):
        error.headers = {"Allow": ", ".join(methods)}
        next_step = f"This address takes {', '.join(methods)}."
    title = HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "_").replace("-", "_")
    detail = str(error.detail) if error.detail != title else f"{request.method}: {title.lower()}."
    return problem(
        request,
        error.status_code,
        title,
        detail,
        code=code,
        headers=error.headers,
        next_step=next_step,
    )


def _methods(request: Request) -> list[str]:
    """Of every documented operation at this address: a route knows only its own. A plain address
    is not that of a parameter."""
    paths: Mapping[str, Mapping[str, Any]] = request.app.openapi()["paths"]
    here = [one for one in paths if compile_path(one)[0].match(request.scope["path"])]
    found = min(here, key=lambda path: path.count("{"), default=None)
    return [] if found is None else sorted(method.upper() for method in paths[found])


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"where": ".".join(str(part) for part in fault["loc"]), "problem": fault["msg"]}
        for fault in error.errors()[:MOST_FAULTS]
    ]
    if is_page(request.url.path):
        told = "; ".join(f"{fault['where']}: {fault['problem']}" for fault in faults)
        return refusal(request.scope, Unprocessable(told, next_step="Mend the address."))
    return problem(
        request,
        422,
        "The request does not keep its contract",
        "; ".join(f"{fault['where']}: {fault['problem']}" for fault in faults),
        code="invalid",
        errors=faults,
        next_step="/docs lists what each operation takes.",
    )


def unexpected(scope: Scope, error: Exception) -> Response:
    """Whatever nobody foresaw: logged whole, told without a detail."""
    request = Request(scope)
    log.error("unexpected error", exc_info=error)
    if is_page(scope["path"]) and "app" in scope:
        with suppress(Exception):  # what broke may be what makes pages
            return _page(request, Unexpected(request), 500, {})
    return problem(
        request,
        500,
        "Something unexpected went wrong",
        "The fault is on our side and has been logged.",
        code="unexpected",
        next_step="Try again; if it stays, tell the administrator the request id.",
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(VigistockError, _vigistock_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
