"""Signed in on the pages: a cookie that stands for a key or a user, kept in the record so that
every worker knows it and signing out ends it.

The cookie holds 256 random bits; the record has their sha256 alone. What changes anything must
also carry a token that only our own pages can read (`csrf_token`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from api.keys import Key
from api.tables import sessions
from api.users import User
from forecasting.record.database import reading, writing

COOKIE: Final = "vigistock_session"
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf"
HOURS: Final = 12  # a working day: who opens the page in the morning is not asked again
TOKEN_BYTES: Final = 32
LONGEST: Final = 100  # characters of what is offered as a session; ours have 43


@dataclass(frozen=True)
class Session:
    """`prefix`: of the key that signed in; blank where `user` did."""

    prefix: str
    user: str
    expires_at: dt.datetime


class Sessions:
    """The sessions of a record. While it cannot be read, those that were seen last still count."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._seen: dict[str, Session] = {}

    def begin(self, who: Key | User, *, at: dt.datetime) -> str:
        """The cookie of a new session; sweeps those that are over."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with writing(self._engine) as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= at))
            connection.execute(
                sa.insert(sessions).values(
                    token_sha256=_digest(token),
                    prefix=who.prefix if isinstance(who, Key) else "",
                    user_name=who.name if isinstance(who, User) else "",
                    created_at=at,
                    expires_at=at + dt.timedelta(hours=HOURS),
                )
            )
        return token

    def end(self, token: str) -> None:
        self._seen.pop(_digest(token), None)
        with writing(self._engine) as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.token_sha256 == _digest(token)))

    def find(self, token: str, *, at: dt.datetime) -> Session | None:
        """The session of a cookie; None where there is none, or it is over."""
        digest = _digest(token)
        query = sa.select(sessions.c.prefix, sessions.c.user_name, sessions.c.expires_at)
        try:
            with reading(self._engine) as connection:
                row = connection.execute(query.where(sessions.c.token_sha256 == digest)).first()
        except (sa.exc.SQLAlchemyError, OSError):
            found = self._seen.get(digest)
        else:
            found = None if row is None else Session(row.prefix, row.user_name, row.expires_at)
            self._remember(digest, found, at)
        return found if found is not None and found.expires_at > at else None

    def _remember(self, digest: str, found: Session | None, at: dt.datetime) -> None:
        self._seen.pop(digest, None)
        if found is not None and found.expires_at > at:
            over = [key for key, one in self._seen.items() if one.expires_at <= at]
            for key in over:
                self._seen.pop(key, None)
            self._seen[digest] = found


def csrf_token(token: str) -> str:
    """What a change must carry beside the cookie; it says nothing of the cookie.

    >>> csrf_token("a session") == csrf_token("a session") != csrf_token("another")
    True
    """
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def is_csrf_token(offered: str, token: str) -> bool:
    return hmac.compare_digest(offered.encode("utf-8", "replace"), csrf_token(token).encode())


def _digest(token: str) -> str:
    return hashlib.sha256(token[:LONGEST].encode("utf-8", "replace")).hexdigest()
