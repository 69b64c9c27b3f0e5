"""What will sell: forecasts by grain, as pages for programs and as whole files for an ERP."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from api.bulk import FORMS, documented_bulk, pulls_of
from api.dependencies import MOST, InPublications, Number
from api.forecast_answers import Selection, levels_of
from api.negotiation import (
    CSV,
    JSON,
    NDJSON,
    PARQUET,
    caching,
    entity_tag,
    negotiate,
    not_modified,
    unchanged,
)
from api.paging import Cursor
from api.routes.answers import answer, documented, next_page, only_known, with_next
from api.routes.direct import OneSeries
from api.schemas.forecasts import ForecastPage

router = APIRouter(
    prefix="/v1/forecasts",
    tags=["forecasts"],
    dependencies=[Depends(only_known)],
    route_class=OneSeries,
)

MOST_ROWS: Final = 10_000
USUAL_ROWS: Final = 1_000
_RANGE: Final[dict[str, Any]] = {
    "content": {
        media: {"schema": {"type": "string", "format": "binary"}}
        for media in (CSV, NDJSON, PARQUET)
    },
    "description": "The range asked for, of a complete file",
}


@router.head("", include_in_schema=False)
@router.get(
    "",
    operation_id="listForecasts",
    response_model=ForecastPage,
    responses={
        200: documented_bulk("forecasts"),
        206: _RANGE,
        **documented(304, 404, 406, 410, 416, 422, 503),
    },
)
async def list_forecasts(
    request: Request,
    publications: InPublications,
    publication: Number = None,
    grain: Annotated[
        Literal["day", "week", "month"] | None,
        Query(description="default: the workspace's own period"),
    ] = None,
    site: Annotated[str | None, Query(max_length=200)] = None,
    sku: Annotated[str | None, Query(max_length=200)] = None,
    quantiles: Annotated[
        str | None,
        Query(
            max_length=400,
            description="levels in thousandths, such as q050,q500,q950; blank: none; default: all",
        ),
    ] = None,
    changed_since: Annotated[
        int | None,
        Query(
            ge=1,
            le=MOST,
            description="Publication that the caller holds: only rows that are `new` or `changed` "
            "since, and tombstones (`gone`) of those to take out",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        Query(ge=1, le=MOST_ROWS, description="rows; default: 1000 as JSON, all as a file"),
    ] = None,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Rows by site, sku and period: a page as JSON, or by `Accept` one complete file (CSV, NDJSON,
    Parquet), which `Range` resumes; with `changed_since`, what to change in what the caller holds.

    The next page is named by `next` and by the `Link` header.
    """
    media = negotiate(request.headers.get("accept", ""), [JSON, *FORMS])
    question = {
        "grain": grain,
        "site": site,
        "sku": sku,
        "quantiles": quantiles,
        "changed_since": changed_since,
        "sites": publications.seen,
        "of": "forecasts",
    }
    begin = Cursor.read(cursor, question)
    served = await publications.numbered(begin.publication or publication)
    since = None if changed_since is None else await publications.numbered(changed_since)
    asked = served.grain(grain)
    selection = Selection(served, asked, levels_of(served, asked, quantiles), site, sku, since)
    if media == JSON:
        return await _page(request, selection, begin.after, limit or USUAL_ROWS, question)
    name = f"forecasts_{asked}_{served.number}" + (f"_since_{changed_since}" if since else "")
    headers = {"Vigistock-Publication": str(served.number)}
    if limit is None and cursor is None and sku is None:
        return await pulls_of(request).whole(
            request,
            selection.question,
            media,
            selection.table,
            name=name,
            at=served.reader.publication.created_at,
            headers=headers,
        )
    table, last = await to_thread.run_sync(selection.part, begin.after, limit)
    headers = with_next(headers, next_page(request, served.number, last, question))
    return await pulls_of(request).part(request, media, lambda: table, name=name, headers=headers)


async def _page(
    request: Request, selection: Selection, after: int, limit: int, question: dict[str, Any]
) -> Response:
    served, since = selection.served, selection.since
    tag = entity_tag(request, served.number, served.manifest, since and since.manifest)
    if unchanged(request, tag):
        return not_modified(tag)
    if since is None:
        rows, last, count = selection.page(after, limit)
    else:
        rows, last, count = await to_thread.run_sync(selection.page, after, limit)
    address = next_page(request, served.number, last, question)
    payload = {
        "provenance": served.provenance,
        "grain": selection.grain,
        "changed_since": since.number if since else None,
        "count": count,
        "items": rows,
        "next": address,
    }
    return answer(payload, with_next(caching(tag), address))
