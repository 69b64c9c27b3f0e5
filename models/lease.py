"""One process at a time does a work: a row of the record says who, and that it is alive.

The row of a process that was killed is taken over at once on the same machine, and on another one
after SILENT_SECONDS without a sign of life.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from forecasting.errors import Refused
from forecasting.record.database import writing
from models.tables import leases

BEAT_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 120.0
"""A machine may be so busy, or swap; a trainer that lives is not to be pushed aside."""


class UnderWay(Refused):
    code = "under_way"
    title = "Somebody else is at it"

    def __init__(self, name: str, holder: str, since: dt.datetime, seen_at: dt.datetime) -> None:
        super().__init__(
            f"A {name} is under way: {holder}, since {since:%Y-%m-%d %H:%M:%S} UTC, "
            f"last seen {seen_at:%H:%M:%S}.",
            next_step="Wait until it is done. One that was killed on another machine is taken over "
            f"after {SILENT_SECONDS:.0f} s.",
            name=name,
            holder=holder,
            since=since.isoformat(),
        )


class LeaseLost(Refused):
    code = "lease_lost"
    title = "Another process has taken over"


@contextlib.contextmanager
def lease(engine: sa.Engine, name: str, holder: str) -> Iterator[Callable[[], None]]:
    """Hold a lease while the block runs; gives a check that raises LeaseLost where another process
    took it meanwhile. Raises UnderWay where somebody holds it.

    `name`: of the work, in words; `holder`: who, for those who find it held.
    """
    token = uuid.uuid4().hex
    _take(engine, name, token, holder)
    ended, lost = threading.Event(), threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS):
            with contextlib.suppress(sa.exc.SQLAlchemyError, Refused):  # it may be back next time
                if not _renew(engine, name, token):
                    lost.set()
                    return

    def check() -> None:
        if lost.is_set() or not _renew(engine, name, token):
            raise LeaseLost(
                f"This {name} was taken for dead, and another one has begun.",
                next_step="Look at that one; nothing of this one was promoted.",
            )

    pulse = threading.Thread(target=beat, daemon=True)
    pulse.start()
    try:
        yield check
    finally:
        ended.set()
        pulse.join()
        with contextlib.suppress(sa.exc.SQLAlchemyError, Refused), writing(engine) as connection:
            connection.execute(sa.delete(leases).where(*_mine(name, token)))


def _take(engine: sa.Engine, name: str, token: str, holder: str) -> None:
    now = dt.datetime.now(dt.UTC)
    with writing(engine, alone=leases.name) as connection:
        found = connection.execute(sa.select(leases).where(leases.c.name == name)).mappings()
        for row in found.all():
            if _is_alive(row, now):
                raise UnderWay(name, row["holder"], row["since"], row["seen_at"])
        connection.execute(sa.delete(leases).where(leases.c.name == name))
        connection.execute(
            sa.insert(leases),
            {
                "name": name,
                "token": token,
                "holder": holder,
                "host": socket.gethostname(),
                "process": os.getpid(),
                "since": now,
                "seen_at": now,
            },
        )


def _renew(engine: sa.Engine, name: str, token: str) -> bool:
    """Whether it is still held."""
    now = dt.datetime.now(dt.UTC)
    with writing(engine) as connection:
        changed = connection.execute(
            sa.update(leases).where(*_mine(name, token)).values(seen_at=now)
        )
        return changed.rowcount == 1


def _mine(name: str, token: str) -> tuple[sa.ColumnElement[bool], ...]:
    return leases.c.name == name, leases.c.token == token


def _is_alive(row: Any, now: dt.datetime) -> bool:
    if (now - row["seen_at"]).total_seconds() > SILENT_SECONDS:
        return False
    return row["host"] != socket.gethostname() or _runs(row["process"])


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
