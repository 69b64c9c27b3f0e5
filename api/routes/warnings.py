"""Which series will run out: the planner's list."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from api.dependencies import InPublications, Number
from api.negotiation import caching, entity_tag, not_modified, unchanged
from api.paging import Cursor, page, write_cursor
from api.routes.answers import answer, documented, next_address, with_next
from api.schemas import WarningAnswer, WarningPage
from api.served import PRIORITY

router = APIRouter(prefix="/v1/warnings", tags=["warnings"])

MOST_WARNINGS: Final = 500
Code = Annotated[str | None, Query(max_length=200)]
Sort = Literal[
    "priority",
    "-probability",
    "probability",
    "-value_at_risk",
    "value_at_risk",
    "-units_short",
    "units_short",
    "-days_of_cover",
    "days_of_cover",
    "-stockout_on",
    "stockout_on",
    "-act_by",
    "act_by",
    "-site",
    "site",
    "-sku",
    "sku",
]


@router.get(
    "",
    operation_id="listWarnings",
    response_model=WarningPage,
    responses=documented(304, 404, 410, 422, 503),
)
async def list_warnings(
    request: Request,
    publications: InPublications,
    publication: Number = None,
    site: Code = None,
    sku: Code = None,
    category: Code = None,
    supplier: Code = None,
    state: Annotated[
        str | None,
        Query(max_length=20, description="new, out, none …; default: warnings and what is out"),
    ] = None,
    min_probability: Annotated[
        float | None, Query(ge=0, le=1, allow_inf_nan=False, description="of the main horizon")
    ] = None,
    sort: Annotated[
        Sort,
        Query(
            description="`priority`: the planner's order, what is out first, then by value at "
            "risk, then by probability, the largest first; else a column, and with a minus its "
            "largest first. Blanks come last"
        ),
    ] = PRIORITY,
    limit: Annotated[int, Query(ge=1, le=MOST_WARNINGS)] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Series warned of or out already, filtered and paged, in the planner's order unless asked.

    Pages belong to one publication: following `next` neither skips nor repeats a warning, even if
    a newer publication arrives meanwhile.
    """
    equal = {"site": site, "sku": sku, "category": category, "supplier": supplier, "state": state}
    question = {**equal, "min_probability": min_probability, "sort": sort, "of": "warnings"}
    begin = Cursor.read(cursor, question)
    served = await publications.numbered(begin.publication or publication)
    tag = entity_tag(request, served.number, served.provenance["code_version"])
    if unchanged(request, tag):
        return not_modified(tag)
    wanted = served.wanted(equal, min_probability)
    rows, last = page(served.order(sort), wanted, begin.after, limit)
    following = None if last is None else write_cursor(served.number, last, question)
    address = next_address(request, following)
    payload = {
        "provenance": served.provenance,
        "count": int(wanted.sum()),
        "items": served.warning_rows(rows),
        "next": address,
    }
    return answer(payload, with_next(caching(tag), address))


@router.get(
    "/{warning}",
    operation_id="getWarning",
    response_model=WarningAnswer,
    responses=documented(304, 404, 410, 422, 503),
)
async def get_warning(
    request: Request,
    publications: InPublications,
    warning: Annotated[int, Path(ge=1, le=2**53, description="number of the warning")],
    publication: Number = None,
) -> Response:
    """One warning as a publication says it."""
    served = await publications.numbered(publication)
    tag = entity_tag(request, served.number, served.provenance["code_version"])
    if unchanged(request, tag):
        return not_modified(tag)
    payload = {"provenance": served.provenance, "warning": served.warning(warning)}
    return answer(payload, caching(tag))
