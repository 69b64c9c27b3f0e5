"""Whoever may be let in: the keys and users of the record, as they were a second ago."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from anyio import Lock, to_thread

from api.keys import Key, Keys
from api.sessions import Session
from api.users import User, Users
from forecasting.errors import NotReady, VigistockError

LOOK_SECONDS: Final = 1.0  # between two looks at the record: a revoked key dies within two


@dataclass(frozen=True)
class Known:
    """Whoever may be let in: keys by prefix, users by name."""

    keys: Mapping[str, Key]
    users: Mapping[str, User]

    @property
    def is_empty(self) -> bool:
        """Neither a key nor a user was ever made."""
        return not self.keys and not self.users

    def of(self, session: Session) -> Key | User | None:
        """Who signed in."""
        return self.users.get(session.user) if session.user else self.keys.get(session.prefix)


class KeyRing:
    """The keys and users of the record, looked at once a second; the last known ones while it is
    away."""

    def __init__(self, engine: sa.Engine) -> None:
        self._keys = Keys(engine)
        self._users = Users(engine)
        self._known: Known | None = None
        self._looked_at = -LOOK_SECONDS
        self._lock = Lock()
        self.checking = Lock()  # of what is offered to sign in

    @property
    def is_open(self) -> bool:
        """Neither a key nor a user was ever made, as far as was seen."""
        return self.seen.is_empty

    @property
    def seen(self) -> Known:
        """As far as was seen."""
        return self._known or Known({}, {})

    async def known(self) -> Known:
        """Raises NotReady where the record was never read."""
        if self._is_due() and not (self._known is not None and self._lock.locked()):
            async with self._lock:
                if self._is_due():
                    await to_thread.run_sync(self._look)
                    self._looked_at = time.monotonic()
        if self._known is None:
            raise NotReady(
                "The record cannot be read.", next_step="Try again; /health/ready tells when."
            )
        return self._known

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= LOOK_SECONDS

    def _look(self) -> None:
        try:
            found = Known(
                {key.prefix: key for key in self._keys.all()},
                {user.name: user for user in self._users.all()},
            )
        except (sa.exc.SQLAlchemyError, OSError, VigistockError):
            return  # Publications, which looks as often, tells of it
        if self.is_open or not found.is_empty:  # rows are never deleted: nothing opens a door again
            self._known = found
