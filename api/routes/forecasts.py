"""What will sell: forecasts by grain, as JSON for programs and as CSV for everybody."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.dependencies import InPublications, Number
from api.negotiation import CSV, JSON, caching, entity_tag, negotiate, not_modified, unchanged
from api.paging import Cursor, write_cursor
from api.routes.answers import answer, documented, next_address, with_next
from api.schemas import ForecastPage
from api.tabular import csv_pieces

router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"])

MOST_ROWS: Final = 10_000
USUAL_ROWS: Final = 1_000
_CSV: Final[dict[str, Any]] = {
    "content": {CSV: {"schema": {"type": "string"}, "example": "publication,site,sku,period,…"}},
    "description": "A page as JSON; as CSV the columns of `vigistock export forecasts`",
}


@router.get(
    "",
    operation_id="listForecasts",
    response_model=ForecastPage,
    responses={200: _CSV, **documented(304, 404, 406, 410, 422, 503)},
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
    limit: Annotated[
        int | None,
        Query(ge=1, le=MOST_ROWS, description="rows; default: 1000 as JSON, all as CSV"),
    ] = None,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Rows by site, sku and period. `Accept: text/csv` gives the export, complete unless limited;
    the next page is named by `next` and by the `Link` header.
    """
    media = negotiate(request.headers.get("accept", ""), [JSON, CSV])
    question = {"grain": grain, "site": site, "sku": sku, "of": "forecasts"}
    begin = Cursor.read(cursor, question)
    served = await publications.numbered(begin.publication or publication)
    tag = entity_tag(request, served.number, served.provenance["code_version"])
    if unchanged(request, tag):
        return not_modified(tag)
    asked = served.grain(grain)
    series = served.series_rows(site, sku)
    most = limit or (USUAL_ROWS if media == JSON else None)
    table, last = served.forecast_page(asked, series, begin.after, most)
    following = None if last is None else write_cursor(served.number, last, question)
    address = next_address(request, following)
    headers = with_next(caching(tag), address)
    if media == CSV:
        name = f"forecasts_{asked}_{served.number}.csv"
        headers |= {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(csv_pieces(table), headers=headers, media_type=CSV)
    payload = {
        "provenance": served.provenance,
        "grain": asked,
        "count": served.forecast_count(asked, series),
        "items": served.forecast_rows(table),
        "next": address,
    }
    return answer(payload, headers)
