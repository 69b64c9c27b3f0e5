"""What routes ask for: the publication that is current now, or one by its number."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from typing import Annotated, Final

import sqlalchemy as sa
from anyio import Lock, to_thread
from fastapi import Depends, Query, Request

from api.errors import NotFound
from api.served import Served
from forecasting.errors import NotReady, UnknownName, VigistockError
from forecasting.record.database import connect
from models.publication import Publication, current, list_publications, open_publication
from models.workspace import Workspace

LOOK_SECONDS: Final = 1.0  # between two looks at the ledger for a newer publication
KEPT: Final = 4  # publications other than the current one that stay mapped
MOST: Final = 2**31 - 1  # of a publication's number, as the ledger stores it

log = logging.getLogger("vigistock.api")


class Publications:
    """The mapped publications of one workspace; opening them never blocks the event loop.

    A newer publication that cannot be read, or a record that cannot be reached, leaves the one at
    hand in service and is told in `trouble`.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.trouble: str = ""
        self._engine = connect(workspace.database_url, schema=workspace.schema)
        self._current: Served | None = None
        self._others: OrderedDict[int, Served] = OrderedDict()
        self._looked_at = -LOOK_SECONDS
        self._lock = Lock()

    @property
    def engine(self) -> sa.Engine:
        return self._engine

    def close(self) -> None:
        self._engine.dispose()

    async def current(self) -> Served:
        """Raises NotReady where there is none."""
        if self._is_due() and not (self._current and self._lock.locked()):
            async with self._lock:
                if self._is_due():
                    await to_thread.run_sync(self._look)
                    self._looked_at = time.monotonic()
        if self._current is None:
            raise NotReady(self.trouble, next_step="Run `vigistock train`, then ask again.")
        return self._current

    async def numbered(self, number: int | None) -> Served:
        """The publication with this number; None: the current one."""
        served = await self.current()
        if number is None or number == served.number:
            return served
        if number not in self._others:
            self._others[number] = await to_thread.run_sync(self._open, number)
            while len(self._others) > KEPT:
                self._others.popitem(last=False)
        self._others.move_to_end(number)
        return self._others[number]

    async def listed(self) -> list[Publication]:
        """Every committed publication, the current one first."""
        return await to_thread.run_sync(self._list)

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= LOOK_SECONDS

    def _look(self) -> None:
        try:
            newest = current(self._engine)
            if self._current is None or newest.number != self._current.number:
                self._current = self._open(newest.number)
                log.info("serving publication %d", newest.number)
            self._drop_gone()
            self.trouble = ""
        except VigistockError as error:
            self.trouble = error.message
        except (sa.exc.SQLAlchemyError, OSError) as error:
            self.trouble = f"The record cannot be read ({type(error).__name__})."
            log.warning("%s %s", self.trouble, error)

    def _drop_gone(self) -> None:
        """What is no longer kept is 410 from every worker, mapped here or not."""
        if self._others:
            gone = {one.number for one in list_publications(self._engine) if one.pruned_at}
            for number in gone & set(self._others):
                self._others.pop(number, None)

    def _open(self, number: int) -> Served:
        try:
            return Served(open_publication(self._engine, self.workspace.publications, number))
        except UnknownName as error:
            raise NotFound(error.message, next_step=error.next_step) from None

    def _list(self) -> list[Publication]:
        try:
            return list_publications(self._engine)
        except sa.exc.SQLAlchemyError:
            raise NotReady(
                "The record cannot be read.", next_step="Try again; /health/ready tells when."
            ) from None


def publications_of(request: Request) -> Publications:
    found: Publications = request.app.state.publications
    return found


InPublications = Annotated[Publications, Depends(publications_of)]
Number = Annotated[
    int | None,
    Query(ge=1, le=MOST, description="Publication to answer from; default: the current one."),
]
