"""Keys for a test's company."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from api.keys import Keys
from forecasting.record.database import connect
from models.workspace import Workspace

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@contextmanager
def keys_in(workspace: Workspace) -> Iterator[Keys]:
    engine = connect(workspace.database_url)
    yield Keys(engine)
    engine.dispose()


def key(
    workspace: Workspace,
    scope: str = "admin",
    *sites: str,
    expires_at: dt.datetime | None = None,
    revoked: bool = False,
) -> str:
    """The text of a new key."""
    with keys_in(workspace) as keys:
        made = keys.create(
            name=f"{scope}'s program", scope=scope, sites=sites, at=NOW - DAY, expires_at=expires_at
        )
        if revoked:
            keys.revoke(made.key.prefix, at=NOW)
    return made.text


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"} if text else {}
