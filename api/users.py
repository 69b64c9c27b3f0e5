"""Local users of the pages: a name, a password that only its hash is kept of, and a role.

A user may what a key of the same scope and sites may. Hashes are Argon2id as argon2-cffi makes
them (RFC 9106, the second recommended setting: 64 MiB a check).
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.keys import Scope
from api.tables import sessions, users
from forecasting.errors import Refused, UnknownName, VigistockError
from forecasting.record.database import reading, writing

LONGEST_NAME: Final = 64
LEAST_PASSWORD: Final = 12  # characters: length is what protects; nobody must use odd signs
LONGEST_PASSWORD: Final = 200
_hasher: Final = PasswordHasher()
_nobody: Final = _hasher.hash("nobody")  # as long to check as the hash of somebody


class BadUser(VigistockError):
    code = "bad_user"
    title = "A user cannot be kept like that"


@dataclass(frozen=True)
class User:
    """`sites` None: every site."""

    name: str
    scope: Scope
    sites: frozenset[str] | None
    password_hash: str
    created_at: dt.datetime
    disabled_at: dt.datetime | None

    @property
    def mark(self) -> str:
        """What stands for it in logs and limits; no key has such a prefix."""
        return f"user:{self.name}"

    def state(self, now: dt.datetime) -> str:
        """live or disabled."""
        return "live" if self.disabled_at is None or self.disabled_at > now else "disabled"

    def facts(self, now: dt.datetime) -> dict[str, Any]:
        """What may be shown of it."""
        return {
            "user": self.name,
            "scope": self.scope.value,
            "sites": sorted(self.sites or ()),
            "created_at": self.created_at,
            "disabled_at": self.disabled_at,
            "state": self.state(now),
        }


class Users:
    """The users of a record. Rows are never deleted."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def create(
        self, name: str, password: str, *, scope: str, at: dt.datetime, sites: Iterable[str] = ()
    ) -> User:
        """Raises UnknownName for a scope that does not exist, BadUser for a name or a password
        that cannot be one, Refused where the name is taken."""
        if scope not in set(Scope):
            raise UnknownName("scope", scope, [one.value for one in Scope])
        name = known_as(name)
        password_hash = _hash(password)
        with writing(self._engine, alone=users.name) as connection:
            if connection.scalar(sa.select(users.c.id).where(users.c.name == name)) is not None:
                raise Refused(
                    f"There is a user {name} already.",
                    next_step="Choose another name, or `vigistock users password` for this one.",
                    user=name,
                )
            connection.execute(
                sa.insert(users).values(
                    name=name,
                    password_hash=password_hash,
                    scope=scope,
                    sites=sorted(set(sites)),
                    created_at=at,
                )
            )
        return self.named(name)

    def set_password(self, name: str, password: str) -> User:
        """Ends every session of the user. Raises UnknownName and BadUser."""
        return self._change(name, password_hash=_hash(password))

    def disable(self, name: str, *, at: dt.datetime) -> User:
        """Ends every session of the user, who signs in no more. Raises UnknownName."""
        return self._change(name, disabled_at=at)

    def enable(self, name: str) -> User:
        """Lets a disabled user sign in again. Raises UnknownName."""
        return self._change(name, disabled_at=None)

    def _change(self, name: str, **values: Any) -> User:
        name = known_as(name)
        with writing(self._engine) as connection:
            connection.execute(sa.update(users).where(users.c.name == name).values(**values))
            connection.execute(sa.delete(sessions).where(sessions.c.user_name == name))
        return self.named(name)

    def named(self, name: str) -> User:
        """Raises UnknownName."""
        found = self.find(name)
        if found is None:
            raise UnknownName("user", name, [user.name for user in self.all()])
        return found

    def find(self, name: str) -> User | None:
        """By the name as it is kept."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(users).where(users.c.name == name)).first()
            return None if row is None else _user(row)

    def all(self) -> list[User]:
        """Every user ever made, by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(users).order_by(users.c.name))
            return [_user(row) for row in rows]


def known_as(name: str) -> str:
    """The name as it is kept: however it is typed, it is the same user.

    >>> known_as(" Inès.Morel ")
    'inès.morel'
    """
    kept = unicodedata.normalize("NFKC", name).strip().casefold()
    if not 0 < len(kept) <= LONGEST_NAME or not kept.isprintable():
        raise BadUser(
            f"A user's name has 1 to {LONGEST_NAME} visible characters; this one has {len(kept)}.",
            next_step="Choose another, such as ines.morel.",
        )
    return kept


def opens(user: User | None, password: str) -> bool:
    """Is it the user's password? Takes as long where there is no such user: some 50 ms of one
    core and 64 MiB."""
    expected = _nobody if user is None else user.password_hash
    offered = password if len(password) <= LONGEST_PASSWORD else ""
    try:
        same = _hasher.verify(expected, _as_typed(offered))
    except (VerificationError, InvalidHashError):
        return False
    return same and user is not None


def _hash(password: str) -> str:
    if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadUser(
            f"A password has {LEAST_PASSWORD} to {LONGEST_PASSWORD} characters; this one has "
            f"{len(password)}.",
            next_step="Choose another: some words in a row will do.",
        )
    return _hasher.hash(_as_typed(password))


def _as_typed(password: str) -> str:
    """The same signs, whichever way a keyboard composes them."""
    return unicodedata.normalize("NFKC", password)


def _user(row: Any) -> User:
    return User(
        name=row.name,
        scope=Scope(row.scope),
        sites=frozenset(row.sites) or None,
        password_hash=row.password_hash,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
