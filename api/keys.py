"""API keys: made, listed and revoked in the record, which never holds a secret.

A key reads `vgs_<prefix>_<secret>`: the prefix names it in lists and logs, the secret is 256 random
bits. Only the secret's sha256 is kept; with that many bits no slow hash is needed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from api.tables import keys
from forecasting.errors import UnknownName
from forecasting.record.database import reading, writing

MARK: Final = "vgs"
PREFIX_BYTES: Final = 4
SECRET_BYTES: Final = 32
LONGEST: Final = 200  # characters of what is offered as a key; ours have 56


class Scope(StrEnum):
    """What a key is for; `api.security.RULES` says what each may ask."""

    PLANNER = "planner"
    ERP = "erp"
    SCIENTIST = "scientist"
    ADMIN = "admin"


@dataclass(frozen=True)
class Key:
    """A key as the record knows it. `sites` None: every site."""

    prefix: str
    name: str
    scope: Scope
    sites: frozenset[str] | None
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    secret_sha256: str

    @property
    def mark(self) -> str:
        """What stands for it in logs and limits."""
        return self.prefix

    def state(self, now: dt.datetime) -> str:
        """live, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "live"

    def facts(self, now: dt.datetime) -> dict[str, Any]:
        """What may be shown of it."""
        return {
            "prefix": self.prefix,
            "name": self.name,
            "scope": self.scope.value,
            "sites": sorted(self.sites or ()),
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
            "state": self.state(now),
        }


@dataclass(frozen=True, repr=False)
class NewKey:
    """A key just made; `text` is shown once and kept nowhere."""

    key: Key
    text: str


class Keys:
    """The keys of a record. Rows are never deleted."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def create(
        self,
        *,
        name: str,
        scope: str,
        at: dt.datetime,
        sites: Iterable[str] = (),
        expires_at: dt.datetime | None = None,
    ) -> NewKey:
        """Raises UnknownName for a scope that does not exist."""
        if scope not in set(Scope):
            raise UnknownName("scope", scope, [one.value for one in Scope])
        secret = secrets.token_urlsafe(SECRET_BYTES)
        limited = sorted(set(sites))
        with writing(self._engine, alone=keys.name) as connection:
            known = set(connection.scalars(sa.select(keys.c.prefix)))
            prefix = next(one for one in iter(_new_prefix, "") if one not in known)
            connection.execute(
                sa.insert(keys).values(
                    prefix=prefix,
                    secret_sha256=_digest(secret),
                    name=name,
                    scope=scope,
                    sites=limited,
                    created_at=at,
                    expires_at=expires_at,
                )
            )
        made = next(key for key in self.all() if key.prefix == prefix)
        return NewKey(made, f"{MARK}_{prefix}_{secret}")

    def revoke(self, prefix: str, *, at: dt.datetime) -> Key:
        """From now on it opens nothing; a second time changes nothing. UnknownName: no such key."""
        statement = sa.update(keys).where(keys.c.prefix == prefix, keys.c.revoked_at.is_(None))
        with writing(self._engine) as connection:
            connection.execute(statement.values(revoked_at=at))
        found = {key.prefix: key for key in self.all()}
        if prefix not in found:
            raise UnknownName("key", prefix, found)
        return found[prefix]

    def all(self) -> list[Key]:
        """Every key ever made, in that order."""
        with reading(self._engine) as connection:
            return [_key(row) for row in connection.execute(sa.select(keys).order_by(keys.c.id))]


def matching(known: Mapping[str, Key], offered: str) -> Key | None:
    """The key that a text is, live or not; by prefix, the secret compared in constant time."""
    mark, _, rest = offered.partition("_")
    prefix, _, secret = rest.partition("_")
    found = known.get(prefix)
    expected = found.secret_sha256 if found is not None else _digest("")
    same = hmac.compare_digest(_digest(secret[:LONGEST]), expected)
    return found if same and mark == MARK else None


def _new_prefix() -> str:
    return secrets.token_hex(PREFIX_BYTES)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _key(row: Any) -> Key:
    return Key(
        prefix=row.prefix,
        name=row.name,
        scope=Scope(row.scope),
        sites=frozenset(row.sites) or None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        secret_sha256=row.secret_sha256,
    )
