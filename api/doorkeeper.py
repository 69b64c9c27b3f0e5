"""Who is asking? Keys and sessions are checked, and requests counted, before anything else of them
is read."""

from __future__ import annotations

import datetime as dt
import ipaddress
import time
from typing import Final

from anyio import to_thread
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import Forbidden, KeyNeeded, TooManyRequests
from api.key_ring import KeyRing, Known
from api.keys import Key, matching
from api.refusals import refusal
from api.security import ANYBODY, OPEN, Caller
from api.sessions import COOKIE, CSRF_HEADER, Sessions, is_csrf_token
from api.users import User
from forecasting.errors import VigistockError

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS: Final = frozenset({"/sign-out"})  # these hold the token of the page themselves
HOW: Final = "Send a key as `Authorization: Bearer vgs_…`; `vigistock keys create` makes one."


class Doorkeeper:
    """ASGI: the caller into the request's state, or 401; 429 where there are too many requests.

    Without any key or user the service is open to those who come through a loopback address.
    """

    def __init__(self, app: ASGIApp, ring: KeyRing, sessions: Sessions, rate_limit: str) -> None:
        self.app = app
        self._ring = ring
        self._sessions = sessions
        self._limit = parse(rate_limit) if rate_limit else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # there is none, and a new one would come in unasked
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            scope["state"]["caller"] = await self._caller(scope)
        except VigistockError as refused:
            response = refusal(scope, refused)
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        path = scope["path"]
        if path in OPEN:
            if not path.startswith("/health/") and not self._ring.is_open:
                self._count(address_of(scope))
            return ANYBODY
        known = await self._ring.known()
        if known.is_empty and _is_loopback(scope):
            refuse_other_pages(scope)
            return ANYBODY
        offered = _offered(scope)
        who = matching(known.keys, offered) if offered else await self._signed_in(scope, known)
        self._count(address_of(scope) if who is None else who.mark)
        if who is None:
            raise KeyNeeded("No key that this service knows came with the request.", next_step=HOW)
        state = who.state(dt.datetime.now(dt.UTC))
        if state != "live":
            named = f"key {who.mark}" if isinstance(who, Key) else f"user {who.name}"
            raise KeyNeeded(f"The {named} is {state}.", next_step="Ask whoever administers it.")
        scope["state"]["key"] = who.mark
        return Caller(who.mark, who.name, who.scope, who.sites)

    async def _signed_in(self, scope: Scope, known: Known) -> Key | User | None:
        """Whose session a browser's cookie names; None where there is none.

        Raises Forbidden for a change that no page of ours asks for.
        """
        token = HTTPConnection(scope).cookies.get(COOKIE, "")
        if not token:
            return None
        now = dt.datetime.now(dt.UTC)
        session = await to_thread.run_sync(lambda: self._sessions.find(token, at=now))
        if session is None:
            return None
        if scope["method"] not in SAFE:
            refuse_other_pages(scope)
            shown = Headers(scope=scope).get(CSRF_HEADER, "")
            if scope["path"] not in FORMS and not is_csrf_token(shown, token):
                raise Forbidden(
                    f"A change by a signed-in browser needs {CSRF_HEADER}.",
                    next_step="Reload the page, and try again.",
                )
        scope["state"]["session"] = token
        return known.of(session)

    def _count(self, who: str) -> None:
        if self._limit is None or self._limiter.hit(self._limit, who):
            return
        reset = self._limiter.get_window_stats(self._limit, who).reset_time
        raise TooManyRequests(str(self._limit), max(1, round(reset - time.time())))


def refuse_other_pages(scope: Scope) -> None:
    """Raises Forbidden for a change that a page of another origin makes a browser send."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if scope["method"] in SAFE or origin is None:
        return
    if origin.partition("://")[2] != headers.get("host"):
        raise Forbidden(
            f"The request comes from a page of {origin[:200]}.",
            next_step="Use the pages of this service.",
        )


def _offered(scope: Scope) -> str:
    """The bearer token; "" where there is none (RFC 6750, 2.1)."""
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def address_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_loopback(scope: Scope) -> bool:
    """Did the request come in by an address that only this machine has?"""
    server = scope.get("server")
    try:
        return server is not None and ipaddress.ip_address(server[0]).is_loopback
    except ValueError:
        return False
