"""What a request can be refused for, the status of each, and the problem that says it:
`application/problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Request, Response

from api.plain import to_json
from forecasting.calendar import BadPeriod
from forecasting.errors import (
    DeliveryRefused,
    MissingColumns,
    NoRoom,
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


OVER_HTTP: Final = {
    "`vigistock train`": 'POST /v1/jobs {"kind": "train"}',
    "`vigistock publish`": "POST /v1/publications {}",
}
"""What does over HTTP as a command that a next step names."""

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
    NoRoom: 507,
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


def over_http(next_step: str) -> str:
    """A next step for whoever has no command line.

    >>> over_http("Run `vigistock train`, then ask again.")
    'Run `vigistock train` or POST /v1/jobs {"kind": "train"}, then ask again.'
    """
    for command, operation in OVER_HTTP.items():
        next_step = next_step.replace(command, f"{command} or {operation}")
    return next_step
