"""The immutable sets of forecasts and risks, and what each was made from."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.dependencies import MOST, InPublications, Publications
from api.errors import NotFound
from api.negotiation import VARY
from api.paging import Cursor, write_cursor
from api.routes.answers import answer, documented, next_address, with_next
from api.schemas import PublicationPage, PublicationSummary
from models.ledger import DEMAND, RISK
from models.publication import Publication
from models.publication.contracts import SERIES

router = APIRouter(prefix="/v1/publications", tags=["publications"])

FRESH: Final = {
    "Cache-Control": "private, no-cache",
    "Vary": VARY,
}  # a new publication may come at any moment


@router.get(
    "",
    operation_id="listPublications",
    response_model=PublicationPage,
    responses=documented(400, 422, 503),
)
async def list_publications(
    request: Request,
    publications: InPublications,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Every publication, the current one first: by latest origin, then number."""
    question = {"of": "publications"}
    begin = Cursor.read(cursor, question)
    found = await publications.listed()
    places = range(begin.after + 1, min(begin.after + 1 + limit, len(found)))
    last = places.stop - 1 if places and places.stop < len(found) else None
    following = None if last is None else write_cursor(0, last, question)
    address = next_address(request, following)
    items = [_summary(publications, found[place], current=place == 0) for place in places]
    payload = {"count": len(found), "items": items, "next": address}
    return answer(payload, with_next(dict(FRESH), address))


@router.get(
    "/{number}",
    operation_id="getPublication",
    response_model=PublicationSummary,
    responses=documented(404, 422, 503),
)
async def get_publication(
    publications: InPublications, number: Annotated[int, Path(ge=1, le=MOST)]
) -> Response:
    """One publication: provenance, and its files with their sha256."""
    found = await publications.listed()
    for place, one in enumerate(found):
        if one.number == number:
            return answer(_summary(publications, one, current=place == 0), FRESH)
    raise NotFound(
        f"There is no publication {number}.", next_step="GET /v1/publications lists them."
    )


def _summary(seen_by: Publications, found: Publication, *, current: bool) -> dict[str, Any]:
    """What speaks of every site together is left out for those who see only some."""
    made = found.provenance
    whole = seen_by.sites is None
    return {
        "publication": found.number,
        "origin": made.origin_label,
        "origin_end": made.origin_end,
        "frequency": made.frequency.value,
        "created_at": found.created_at,
        "data_cut": made.data_cut,
        "models": {DEMAND: made.demand_version, RISK: made.risk_version},
        "code_version": made.code_version,
        "data_digest": made.data_digest if whole else "",
        "series": found.parts[SERIES].rows if whole else None,
        "current": current,
        "parts": {
            name: {"rows": part.rows, "bytes": part.bytes, "sha256": part.sha256}
            for name, part in found.parts.items()
            if whole
        },
        "manifest_sha256": found.manifest_sha256 if whole else "",
    }
