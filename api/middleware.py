"""Around every request, as plain ASGI: ids, headers, log, metrics, hosts and deadlines."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Sequence
from typing import Any, Final

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import refusals
from api.dependencies import Publications
from api.errors import BadRequest, TooSlow
from api.metrics import Metrics
from api.security import OPEN

EMPTY_STYLE: Final = b"'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""Of no text: Plotly makes an empty style element, and fills it by CSSOM, which is allowed."""
POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self' "
    + EMPTY_STYLE
    + b"; img-src 'self'; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY: Final = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
DEGRADED: Final = (b"vigistock-degraded", b"last-good-publication")
REQUEST_ID: Final = b"x-request-id"
SANE_ID: Final = re.compile(rb"[\w.:-]{1,64}", re.ASCII)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE: Final = "none"

access_log = logging.getLogger("vigistock.access")


class Watch:
    """The outermost: gives each request an id, each answer its headers, and writes down both.

    The log and the metrics hold the route's template, never what a client put into the address,
    a header or a body. Whatever no handler foresaw becomes a problem here.
    """

    def __init__(
        self, app: ASGIApp, publications: Publications, metrics: Metrics, *, https: bool
    ) -> None:
        self.app = app
        self._publications = publications
        self._metrics = metrics
        self._headers = (*SECURITY, HSTS) if https else SECURITY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        state = scope.setdefault("state", {})
        identity = _id_of(scope)
        state["request_id"] = identity.decode()
        status, sent = 0, 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), *self._headers, (REQUEST_ID, identity)]
                if self._publications.degraded:
                    headers.append(DEGRADED)
                message = {**message, "headers": headers}
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            response = refusals.unexpected(scope, error)
            if status:  # half an answer cannot be mended: the connection ends
                raise
            await response(scope, receive, watched)
        finally:
            self._write_down(scope, status, sent, time.perf_counter() - began)

    def _write_down(self, scope: Scope, status: int, sent: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = getattr(scope.get("route"), "path", None) or (
            scope["path"] if scope["path"] in OPEN else NO_ROUTE
        )
        self._metrics.count(method, route, status, seconds)
        if access_log.isEnabledFor(logging.INFO):
            line: dict[str, Any] = {
                "request": scope["state"]["request_id"],
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "bytes": sent,
                "key": scope["state"].get("key", ""),
            }
            access_log.info(line)


class TrustedHosts:
    """Starlette's check of the Host header; a wrong one is a problem, not a plain text."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self._gate = TrustedHostMiddleware(_let_in, list(hosts), www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._gate(scope, receive, _swallow)
            if not scope["state"].get("host_known"):
                refused = BadRequest(
                    "The request names a host that this service is not.",
                    next_step="The setting `hosts` lists the names that it answers to.",
                )
                await refusals.refusal(scope, refused)(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def _let_in(scope: Scope, receive: Receive, send: Send) -> None:
    scope["state"]["host_known"] = True


async def _swallow(message: Message) -> None:
    return


PUSHES: Final = "/v1/feeds/"


class Deadline:
    """504 where no answer has begun in time; one that has begun may take as long as it takes. A
    push has more time, for its body and for taking it in."""

    def __init__(self, app: ASGIApp, seconds: float, push_seconds: float) -> None:
        self.app = app
        self._seconds = seconds
        self._push_seconds = push_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_push = scope["method"] == "POST" and scope["path"].startswith(PUSHES)
        seconds = self._push_seconds if is_push else self._seconds
        deadline = asyncio.timeout(seconds)

        async def begun(message: Message) -> None:
            if deadline.expired():  # while this was on its way: the answer is 504
                raise asyncio.CancelledError
            deadline.reschedule(None)
            await send(message)

        try:
            async with deadline:
                await self.app(scope, receive, begun)
        except TimeoutError:
            if not deadline.expired():
                raise
            await refusals.refusal(scope, TooSlow(seconds))(scope, receive, send)


def _id_of(scope: Scope) -> bytes:
    """The client's own id where it is a sane one, else a new one."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID and SANE_ID.fullmatch(value):
            return bytes(value)
    return secrets.token_hex(8).encode()
