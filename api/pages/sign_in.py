"""Signing in with a password or an API key, and out again."""

from __future__ import annotations

import datetime as dt
import time
from typing import Final
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.doorkeeper import address_of, refuse_other_pages
from api.errors import Forbidden, TooLarge, TooManyRequests
from api.key_ring import KeyRing
from api.keys import Key, matching
from api.pages.frame import NAVIGATION, InFrame
from api.security import Caller, may
from api.sessions import COOKIE, CSRF_FIELD, HOURS, Sessions, is_csrf_token
from api.users import BadUser, User, Users, known_as, opens

router = APIRouter(include_in_schema=False)

FAILURES: Final = parse(
    "10/minute"
)  # keys and passwords that are none: from one address, of a user
MOST_BYTES: Final = 4_096  # of a form
_limiter: Final = FixedWindowRateLimiter(MemoryStorage())


@router.get("/sign-in")
async def ask_for_key(request: Request, frame: InFrame) -> Response:
    ring: KeyRing = request.app.state.ring
    if (await ring.known()).is_empty:  # there is nothing to sign in with, and no need to
        return RedirectResponse("/", status_code=303)
    return frame.sign_in(back="/")


@router.post("/sign-in")
async def sign_in(request: Request, frame: InFrame) -> Response:
    """A session for a key or a user that is alive; the form again for any other."""
    refuse_other_pages(request.scope)
    form = await _form(request)
    back = _own_address(form.get("back", "/"))
    name, password = form.get("user", "").strip(), form.get("password", "")
    offered = form.get("key", "").strip()
    if not offered and not (name and password):
        return frame.sign_in(back=back, failed="empty", status=422)
    ring: KeyRing = request.app.state.ring
    counted = (
        [address_of(request.scope)]
        if offered
        else [address_of(request.scope), f"user:{name.casefold()}"]
    )
    in_record = frame.publications.in_record
    now = dt.datetime.now(dt.UTC)
    who: Key | User | None
    async with ring.checking:  # one at a time: nobody fails more often by asking all at once
        _refuse_too_many(request, counted)
        if offered:
            who = matching((await ring.known()).keys, offered)
        else:
            who = await in_record(lambda engine: _user(engine, name, password))
        if who is None or who.state(now) != "live":
            for one in counted:
                _limiter.hit(FAILURES, str(id(request.app)), one)
            failed = "key" if offered else "user"
            return frame.sign_in(back=back, failed=failed, status=401)
    signed = who
    if back == "/":
        back = _first_view(Caller(who.mark, who.name, who.scope, who.sites))
    sessions: Sessions = request.app.state.sessions
    token = await in_record(lambda _: sessions.begin(signed, at=now))
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


def _first_view(caller: Caller) -> str:
    """Where somebody begins who may not see the list."""
    return next((one for one, _ in NAVIGATION if may(caller, "GET", one)), "/")


def _refuse_too_many(request: Request, counted: list[str]) -> None:
    """Raises TooManyRequests where an address, or somebody for a user, failed too often."""
    for one in counted:
        failures = (FAILURES, str(id(request.app)), one)
        if not _limiter.test(*failures):
            reset = _limiter.get_window_stats(*failures).reset_time
            raise TooManyRequests(str(FAILURES), max(1, round(reset - time.time())))


def _user(engine: sa.Engine, name: str, password: str) -> User | None:
    """As the record knows it now: what was changed a moment ago counts already."""
    try:
        user = Users(engine).find(known_as(name))
    except BadUser:
        user = None
    return user if opens(user, password) else None


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
                f"The form has more than {MOST_BYTES} bytes.",
                next_step="A key has 56 characters, a password 200 at most.",
            )
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _own_address(text: str) -> str:
    """Where to go on: an address of this service, whatever a link wanted.

    >>> _own_address("/monday?lang=en"), _own_address("//evil.example/"), _own_address("x:y")
    ('/monday?lang=en', '/', '/')
    >>> _own_address("//[")
    '/'
    """
    try:
        parts = urlsplit(text.replace("\\", "/"))
    except ValueError:
        return "/"
    own = text.startswith("/") and not text.startswith("//") and not parts.netloc
    is_clean = own and all(32 < ord(sign) < 127 for sign in text) and "\\" not in text
    return text if is_clean and parts.path != "/sign-out" else "/"
