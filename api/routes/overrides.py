"""What people know and the data do not: kept with who, when and why, and revoked, never erased."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from api.bounded import BoundedRoute
from api.clock import today
from api.dependencies import MOST, InPublications
from api.errors import Forbidden, NoCondition, NotFound, Unprocessable
from api.negotiation import caching, entity_tag, not_modified, unchanged
from api.paging import Cursor
from api.routes.answers import answer, documented, next_page, only_known, with_next
from api.routes.warnings import revision_named, with_revision
from api.schemas.overrides import OverrideAnswer, OverridePage, told
from api.security import Caller, InCaller
from api.served import Served
from forecasting.errors import UnknownName, did_you_mean
from models.overrides.declaration import Declared, settled
from models.overrides.ledger import (
    Override,
    add,
    list_overrides,
    override,
    revoke,
)
from models.publication.contracts import SERIES

router = APIRouter(
    prefix="/v1/overrides",
    tags=["overrides"],
    dependencies=[Depends(only_known)],
    route_class=BoundedRoute,
)

CHECKED = ("site", "sku", "category")
Code = Annotated[str | None, Query(max_length=200)]
OverrideNumber = Annotated[int, Path(ge=1, le=MOST, description="number of the override")]


@router.get(
    "",
    operation_id="listOverrides",
    response_model=OverridePage,
    responses=documented(304, 422, 503),
)
async def get_overrides(
    request: Request,
    caller: InCaller,
    publications: InPublications,
    site: Code = None,
    sku: Code = None,
    alive: Annotated[
        bool | None, Query(description="neither revoked nor over; default: all")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """What people know better, the newest first. `site`, `sku`: those that name it, or name none.
    A key limited to sites sees those of its sites, and those of every site."""
    asked = {"of": "overrides", "site": site, "sku": sku, "alive": alive}
    question = asked | {"sites": publications.seen}
    begin = Cursor.read(cursor, question)
    day, whole = today(), caller.sites is None
    found = [
        one
        for one in await publications.in_record(list_overrides)
        if _is_seen(one, caller)
        and (site is None or one.site in ("", site))
        and (sku is None or one.sku in ("", sku))
        and (alive is None or one.is_alive(day) == alive)
    ]
    tag = entity_tag(request, [(one.number, one.revision, one.is_alive(day)) for one in found], day)
    if unchanged(request, tag):
        return not_modified(tag)
    places = range(begin.after + 1, min(begin.after + 1 + limit, len(found)))
    last = places.stop - 1 if places and places.stop < len(found) else None
    address = next_page(request, 0, last, question)
    items = [told(found[place], day, whole=whole) for place in places]
    payload = {"count": len(found), "items": items, "next": address}
    return answer(payload, with_next(caching(tag), address))


@router.post(
    "",
    operation_id="createOverride",
    status_code=201,
    response_model=OverrideAnswer,
    responses={
        200: {"description": "The same was said already", "model": OverrideAnswer},
        **documented(413, 422, 503),
    },
)
async def create_override(
    request: Request, caller: InCaller, publications: InPublications, asked: Declared
) -> Response:
    """Say what you know better: the next publication counts it, until its `end` or until it is
    revoked. The same said again by the same key is the one there is (200). Who says it is the name
    of the key."""
    if caller.sites is not None and not asked.site:
        raise Forbidden(
            "Without a site this covers every one, and the key is limited to some.",
            next_step=f"Name a site: {', '.join(sorted(caller.sites))}.",
        )
    _check_codes(asked, await publications.current())
    declared = settled(asked, today())

    def work(engine: sa.Engine) -> tuple[Override, bool]:
        return add(engine, declared, who=caller.name, at=dt.datetime.now(dt.UTC))

    made, is_new = await publications.in_record(work)
    response = _answer(request, made, caller)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"{router.prefix}/{made.number}"
    return response


@router.get(
    "/{number}",
    operation_id="getOverride",
    response_model=OverrideAnswer,
    responses=documented(304, 404, 422, 503),
)
async def get_override(
    request: Request, caller: InCaller, publications: InPublications, number: OverrideNumber
) -> Response:
    """One override as it stands."""
    found = await publications.in_record(lambda engine: _seen(engine, number, caller))
    tag = _tag(request, found)
    return not_modified(tag) if unchanged(request, tag) else _answer(request, found, caller)


@router.delete(
    "/{number}",
    operation_id="revokeOverride",
    response_model=OverrideAnswer,
    responses=documented(404, 412, 413, 422, 428, 503),
)
async def revoke_override(
    request: Request,
    caller: InCaller,
    publications: InPublications,
    number: OverrideNumber,
    reason: Annotated[
        str, Query(min_length=3, max_length=500, pattern=r"^[^\x00-\x1f]+$", description="why")
    ],
    if_match: Annotated[
        str | None,
        Header(max_length=500, description="the ETag of the override as it was read; `*`: any"),
    ] = None,
) -> Response:
    """Revoke an override: the next publication no longer counts it. It stays in the record, with
    who revoked it, when and why; what was revoked already stays as it is."""
    if if_match is None:
        raise NoCondition("Say by If-Match which state of the override this is based on.")

    def work(engine: sa.Engine) -> Override:
        found = _seen(engine, number, caller)
        if not caller.sees(found.site):
            raise Forbidden(
                "This override covers every site, and the key is limited to some.",
                next_step="Use a key that is not limited to sites.",
            )
        seen = revision_named(if_match, found.revision)
        now = dt.datetime.now(dt.UTC)
        return revoke(engine, number, who=caller.name, reason=reason, at=now, seen=seen)

    return _answer(request, await publications.in_record(work), caller)


def _seen(engine: sa.Engine, number: int, caller: Caller) -> Override:
    """Raises NotFound for one of a site that the caller does not see, as for none."""
    missing = NotFound(
        f"There is no override '{number}'.", next_step="GET /v1/overrides lists them."
    )
    try:
        found = override(engine, number)
    except UnknownName:
        raise missing from None
    if not _is_seen(found, caller):
        raise missing
    return found


def _is_seen(found: Override, caller: Caller) -> bool:
    return not found.site or caller.sees(found.site)


def _tag(request: Request, found: Override) -> str:
    tag = entity_tag(request, found.number, found.revision, found.is_alive(today()))
    return with_revision(tag, found.revision)


def _answer(request: Request, found: Override, caller: Caller) -> Response:
    payload = told(found, today(), whole=caller.sites is None)
    return answer(payload, caching(_tag(request, found)))


def _check_codes(asked: Declared, served: Served) -> None:
    """Raises Unprocessable for a site, item or category that the publication does not have, and for
    a site and an item that do not meet. Suppliers and orders are known to the data alone."""
    site, sku = asked.site, asked.sku
    series = served.reader.part(SERIES)
    for name in CHECKED:
        code = getattr(asked, name, "")
        known = set(series.column(name).unique().to_pylist()) if code else {code}
        if code not in known:
            raise Unprocessable(
                f"{name}: there is no {code!r} in publication {served.number}."
                f"{did_you_mean(code, sorted(known))}",
                next_step="GET /v1/series and the export of series name them.",
            )
    if site and sku and (site, sku) not in served.reader.rows:
        raise Unprocessable(
            f"sku: {sku!r} is not known at {site!r}.",
            next_step="Name another site, or leave one of the two out.",
        )
