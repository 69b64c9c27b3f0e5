"""The immutable sets of forecasts and risks, and what each was made from."""

from __future__ import annotations

from typing import Annotated, Any, Final

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from api import jobs
from api.dependencies import MOST, InPublications
from api.errors import NotFound
from api.paging import Cursor, write_cursor
from api.routes.answers import answer, documented, next_address, with_next
from api.routes.jobs import accepted
from api.schemas import Job, PublicationPage, PublicationRequest, PublicationSummary
from forecasting.calendar import parse_as_of
from models.ledger import DEMAND, RISK
from models.publication import Gone, Publication
from models.publication.contracts import SERIES

router = APIRouter(prefix="/v1/publications", tags=["publications"])

FRESH: Final = {"Cache-Control": "no-cache"}  # a new publication may come at any moment


@router.get(
    "",
    operation_id="listPublications",
    response_model=PublicationPage,
    responses=documented(422, 503),
)
async def list_publications(
    request: Request,
    publications: InPublications,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Every publication, the current one first: by latest origin, then number. Those no longer kept
    have a `pruned_at`."""
    question = {"of": "publications"}
    begin = Cursor.read(cursor, question)
    found = await publications.listed()
    places = range(begin.after + 1, min(begin.after + 1 + limit, len(found)))
    last = places.stop - 1 if places and places.stop < len(found) else None
    following = None if last is None else write_cursor(0, last, question)
    address = next_address(request, following)
    items = [_summary(found[place], current=place == 0) for place in places]
    payload = {"count": len(found), "items": items, "next": address}
    return answer(payload, with_next(dict(FRESH), address))


@router.post(
    "",
    operation_id="createPublication",
    status_code=202,
    response_model=Job,
    responses=documented(422, 503),
)
async def create_publication(
    request: Request, publications: InPublications, asked: PublicationRequest
) -> Response:
    """Forecast and warn anew with the champions, as `vigistock publish` does. It takes its time:
    the answer is a job; an equal one under way is returned, not repeated."""
    day = None if asked.as_of is None else parse_as_of(asked.as_of)
    row = await to_thread.run_sync(
        jobs.ask,
        publications.workspace,
        publications.engine,
        jobs.PUBLISH,
        {"as_of": day and day.isoformat()},
        "",
    )
    return accepted(row)


@router.get(
    "/{number}",
    operation_id="getPublication",
    response_model=PublicationSummary,
    responses=documented(404, 410, 422, 503),
)
async def get_publication(
    publications: InPublications, number: Annotated[int, Path(ge=1, le=MOST)]
) -> Response:
    """One publication: provenance, and its files with their sha256."""
    found = await publications.listed()
    for place, one in enumerate(found):
        if one.number == number:
            if one.pruned_at is not None:
                raise Gone(one)
            return answer(_summary(one, current=place == 0), FRESH)
    raise NotFound(
        f"There is no publication {number}.", next_step="GET /v1/publications lists them."
    )


def _summary(found: Publication, *, current: bool) -> dict[str, Any]:
    made = found.provenance
    return {
        "publication": found.number,
        "origin": made.origin_label,
        "origin_end": made.origin_end,
        "frequency": made.frequency.value,
        "created_at": found.created_at,
        "data_cut": made.data_cut,
        "models": {DEMAND: made.demand_version, RISK: made.risk_version},
        "code_version": made.code_version,
        "data_digest": made.data_digest,
        "series": found.parts[SERIES].rows,
        "current": current,
        "parts": {
            name: {"rows": part.rows, "bytes": part.bytes, "sha256": part.sha256}
            for name, part in found.parts.items()
        },
        "manifest_sha256": found.manifest_sha256,
        "pruned_at": found.pruned_at,
    }
