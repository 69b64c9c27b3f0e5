"""What to order in the next two weeks: whole orders, line by line, for a buyer and for an ERP."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api.bulk import documented_bulk
from api.dependencies import InPublications, Number
from api.errors import Unprocessable
from api.routes.answers import documented, only_known
from api.routes.listing import Listed, listed
from api.schemas.proposals import ProposalPage
from api.served import Served

router = APIRouter(prefix="/v1/proposals", tags=["proposals"], dependencies=[Depends(only_known)])

MOST_LINES: Final = 1_000
USUAL_LINES: Final = 100
Code = Annotated[str | None, Query(max_length=200)]


@router.head("", include_in_schema=False)
@router.get(
    "",
    operation_id="listProposals",
    response_model=ProposalPage,
    responses={200: documented_bulk("proposals"), **documented(304, 404, 406, 410, 422, 503)},
)
async def list_proposals(
    request: Request,
    publications: InPublications,
    publication: Number = None,
    site: Code = None,
    supplier: Code = None,
    source_site: Annotated[
        str | None, Query(max_length=200, description="the site that sends a transfer")
    ] = None,
    buyer: Code = None,
    order_on: Annotated[
        str | None,
        Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="day of the order, such as 2026-11-23"),
    ] = None,
    limit: Annotated[
        int | None,
        Query(ge=1, le=MOST_LINES, description="lines; default: 100 as JSON, all as a file"),
    ] = None,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Orders to place in the next two weeks, line by line, by order day and supplier; by `Accept`
    as CSV, NDJSON or Parquet.

    Lines with the same `proposal` are one order: for one site, of one supplier (or a transfer from
    another site), buyer, day and currency.
    """
    equal = {"site": site, "supplier": supplier, "source_site": source_site, "buyer": buyer}
    day = _day(order_on)
    lines = Listed(
        name="proposals",
        table=lambda served: served.proposals,
        order=lambda served: served.proposal_order,
        wanted=lambda served: served.proposed(equal, day),
        items=Served.proposal_lines,
        usual=USUAL_LINES,
        changes_with=lambda _: None,
    )
    return await listed(
        request,
        publications,
        lines,
        {**equal, "order_on": order_on},
        number=publication,
        limit=limit,
        cursor=cursor,
    )


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise Unprocessable(
            f"{text} is no day.", next_step="Write order_on like 2026-11-23."
        ) from None
