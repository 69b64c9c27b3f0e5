"""What routes ask for: the publication that is current now, or one by its number."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Final, TypeVar

import sqlalchemy as sa
from anyio import Lock, to_thread
from fastapi import Depends, Query, Request

from api.errors import NotFound
from api.security import caller_of
from api.served import Served
from forecasting.errors import NoRoom, NotReady, UnknownName, VigistockError
from forecasting.record.database import connect
from models.publication import Publication, current, list_publications, open_publication
from models.publication.ledger import episodes_of
from models.publication.lives import last_change
from models.workspace import Workspace

LOOK_SECONDS: Final = 1.0  # between two looks at the ledger for a newer publication
DAMAGED_SECONDS: Final = 60.0  # before a damaged publication is read again
KEPT: Final = 4  # publications other than the current one that stay mapped
MOST: Final = 2**31 - 1  # of a publication's number, as the ledger stores it

T = TypeVar("T")

log = logging.getLogger("vigistock.api")


class Publications:
    """The mapped publications of one workspace; opening them never blocks the event loop.

    A newer publication that cannot be read, or a record that cannot be reached, leaves the last
    good one in service and is told in `trouble`; so does a damaged one at the start.
    """

    sites: frozenset[str] | None = None
    """Those whose rows are seen; None: all. See `LimitedPublications`."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.trouble: str = ""
        self._damaged: dict[int, float] = {}  # number -> when it may be tried again
        self._engine = connect(workspace.database_url, schema=workspace.schema)
        self._current: Served | None = None
        self._others: OrderedDict[int, Served] = OrderedDict()
        self._lives: tuple[int, dt.date] | None = None  # last change of a warning, and today
        self._looked_at = -LOOK_SECONDS
        self._lock = Lock()

    @property
    def engine(self) -> sa.Engine:
        return self._engine

    @property
    def serving(self) -> Served | None:
        """The current one as last seen; looks at nothing."""
        return self._current

    @property
    def degraded(self) -> bool:
        """Something else than the newest publication of a record in reach is served, or one that
        another version than the champion made, whose files are damaged."""
        return bool(self.trouble) and self._current is not None

    @property
    def seen(self) -> list[str] | None:
        """The sites seen, as a cursor's question remembers them."""
        return None if self.sites is None else sorted(self.sites)

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

    async def in_record(self, work: Callable[[sa.Engine], T]) -> T:
        """Work on the record, off the event loop; raises NotReady where it cannot be reached."""
        return await to_thread.run_sync(self._in_record, work)

    def look_again(self) -> None:
        """What was just changed is seen by the next request."""
        self._looked_at = -LOOK_SECONDS

    def _is_due(self) -> bool:
        return time.monotonic() - self._looked_at >= LOOK_SECONDS

    def _look(self) -> None:
        try:
            newest = current(self._engine)
            lives = last_change(self._engine), dt.datetime.now(dt.UTC).date()
            if self._current is None or newest.number != self._current.number:
                self._turn_to(newest.number)
            else:
                self.trouble = newest.provenance.degraded
                if lives != self._lives:
                    self._relive()
            self._lives = lives
            self._drop_gone()
        except VigistockError as error:
            self.trouble = error.message
        except (sa.exc.SQLAlchemyError, OSError) as error:
            self.trouble = f"The record cannot be read ({type(error).__name__})."
            log.warning("%s %s", self.trouble, error)

    def _relive(self) -> None:
        """People have changed warnings, or a snooze is over."""
        assert self._current is not None
        episodes = episodes_of(self._engine, self._current.number)
        self._current = Served(self._current.reader.lived(episodes))
        self._others.clear()

    def _turn_to(self, newest: int) -> None:
        """The newest publication, or the one at hand, or the newest that is whole."""
        try:
            self._current = self._try(newest)
            self.trouble = self._current.reader.publication.provenance.degraded
        except VigistockError as error:
            folder = f"{self.workspace.publications}/"  # not for everybody to know
            self.trouble = error.message.replace(folder, "")
            if self._current is not None:
                return
            for other in self._list()[1:]:
                with suppress(VigistockError):
                    self._current = self._try(other.number)
                    break
            else:
                raise NotReady(self.trouble) from None
        log.info("serving publication %d", self._current.number)

    def _try(self, number: int) -> Served:
        """Opens it; a damaged one is not read again at once, since that takes seconds."""
        if time.monotonic() < self._damaged.get(number, 0.0):
            raise NotReady(self.trouble, next_step="See the log.")
        try:
            return self._open(number)
        except VigistockError as error:
            self._damaged[number] = time.monotonic() + DAMAGED_SECONDS
            log.warning("%s", error)
            raise

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
        return self._in_record(list_publications)

    def _in_record(self, work: Callable[[sa.Engine], T]) -> T:
        try:
            return work(self._engine)
        except sa.exc.SQLAlchemyError as error:
            if NoRoom.speaks_in(error):
                raise NoRoom(error) from None
            raise NotReady(
                "The record cannot be read.", next_step="Try again; /health/ready tells when."
            ) from None


class LimitedPublications(Publications):
    """The same publications as a key sees them that is limited to sites: its own rows only.

    The rows of other sites are not there to be counted, ordered or found.
    """

    def __init__(self, whole: Publications, sites: frozenset[str]) -> None:
        self.sites = sites
        self._own = sites
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    async def current(self) -> Served:
        return await self._limited(await self._whole.current())

    async def numbered(self, number: int | None) -> Served:
        return await self._limited(await self._whole.numbered(number))

    def look_again(self) -> None:
        self._whole.look_again()

    async def _limited(self, whole: Served) -> Served:
        if self._own in whole.limited:
            return whole.only(self._own)
        return await to_thread.run_sync(whole.only, self._own)  # looks at every series once


async def publications_of(request: Request) -> Publications:
    found: Publications = request.app.state.publications
    sites = caller_of(request).sites
    return found if sites is None else LimitedPublications(found, sites)


InPublications = Annotated[Publications, Depends(publications_of)]
Number = Annotated[
    int | None,
    Query(ge=1, le=MOST, description="Publication to answer from; default: the current one."),
]
