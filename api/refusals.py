"""Every answer that is not the thing asked for: a problem, or a page where one was asked for."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import Scope

from api.errors import Unexpected, Unprocessable, over_http, problem, status_of
from api.pages import is_page
from api.pages.frame import frame_of
from forecasting.errors import NoRoom, VigistockError

MOST_FAULTS: Final = 20  # of one request; whoever sends more will send again
REPEATED: Final = "Idempotency-Key"

log = logging.getLogger("vigistock.api")


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
        next_step=over_http(error.next_step),
        **({"facts": error.facts} if error.facts and status < 500 else {}),
    )


def _page(
    request: Request, error: VigistockError, status: int, headers: Mapping[str, str]
) -> Response:
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
    next_step = "/docs lists what each operation takes."
    if any(fault["where"].casefold() == f"header.{REPEATED}".casefold() for fault in faults):
        next_step = (
            f"Send the header {REPEATED}: any text of 1 to 200 characters, a new one for each "
            "delivery, the same one to send it again."
        )
    return problem(
        request,
        422,
        "The request does not keep its contract",
        "; ".join(f"{fault['where']}: {fault['problem']}" for fault in faults),
        code="invalid",
        errors=faults,
        next_step=next_step,
    )


def unexpected(scope: Scope, error: Exception) -> Response:
    """Whatever nobody foresaw: logged whole, told without a detail but that the disk is full."""
    request = Request(scope)
    log.error("unexpected error", exc_info=error)
    if NoRoom.speaks_in(error):
        return refusal(scope, NoRoom(error))
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
