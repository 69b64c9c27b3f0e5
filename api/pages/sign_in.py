"""Signing in with an API key, and out again."""

from __future__ import annotations

import datetime as dt
import time
from typing import Final
from urllib.parse import parse_qs, urlsplit

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.doorkeeper import KeyRing, address_of, refuse_other_pages
from api.errors import Forbidden, TooLarge, TooManyRequests
from api.keys import matching
from api.pages.frame import InFrame
from api.sessions import COOKIE, CSRF_FIELD, HOURS, Sessions, is_csrf_token

router = APIRouter(include_in_schema=False)

FAILURES: Final = parse("10/minute")  # keys that are none, from one address
MOST_BYTES: Final = 4_096  # of a form
_limiter: Final = FixedWindowRateLimiter(MemoryStorage())


@router.get("/sign-in")
async def ask_for_key(request: Request, frame: InFrame) -> Response:
    ring: KeyRing = request.app.state.ring
    if not await ring.known():  # there is nothing to sign in with, and no need to
        return RedirectResponse("/", status_code=303)
    return frame.page("sign_in.html", back="/", failed="")


@router.post("/sign-in")
async def sign_in(request: Request, frame: InFrame) -> Response:
    """A session for a key that is alive; the form again for any other."""
    refuse_other_pages(request.scope)
    form = await _form(request)
    back = _own_address(form.get("back", "/"))
    offered = form.get("key", "").strip()
    if not offered:
        return frame.page("sign_in.html", status=422, back=back, failed="empty")
    failures = (FAILURES, str(id(request.app)), address_of(request.scope))
    if not _limiter.test(*failures):
        reset = _limiter.get_window_stats(*failures).reset_time
        raise TooManyRequests(str(FAILURES), max(1, round(reset - time.time())))
    ring: KeyRing = request.app.state.ring
    now = dt.datetime.now(dt.UTC)
    key = matching(await ring.known(), offered)
    if key is None or key.state(now) != "live":
        _limiter.hit(*failures)
        return frame.page("sign_in.html", status=401, back=back, failed="unknown")
    sessions: Sessions = request.app.state.sessions
    token = await frame.publications.in_record(lambda _: sessions.begin(key.prefix, at=now))
    answer = RedirectResponse(back, status_code=303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=HOURS * 3_600,
        httponly=True,
        samesite="lax",
        secure=request.app.state.https,
        path="/",
    )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, frame: InFrame) -> Response:
    token = request.scope["state"].get("session", "")
    form = await _form(request)
    if token:
        if not is_csrf_token(form.get(CSRF_FIELD, ""), token):
            raise Forbidden("The form is not of this session.", next_step="Reload the page.")
        sessions: Sessions = request.app.state.sessions
        await to_thread.run_sync(sessions.end, token)
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return answer


async def _form(request: Request) -> dict[str, str]:
    """The first value of each field; raises TooLarge."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLarge(
                f"The form has more than {MOST_BYTES} bytes.", next_step="A key has 56 characters."
            )
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _own_address(text: str) -> str:
    """Where to go on: an address of this service, whatever a link wanted.

    >>> _own_address("/monday?lang=en"), _own_address("//evil.example/"), _own_address("x:y")
    ('/monday?lang=en', '/', '/')
    """
    parts = urlsplit(text.replace("\\", "/"))
    own = text.startswith("/") and not text.startswith("//") and not parts.netloc
    is_clean = own and all(32 < ord(sign) < 127 for sign in text) and "\\" not in text
    return text if is_clean and parts.path != "/sign-out" else "/"
