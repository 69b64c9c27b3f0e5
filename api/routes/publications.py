"""The immutable sets of forecasts and risks, and what each was made from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api import jobs
from api.bounded import BoundedRoute
from api.clock import known_day
from api.dependencies import MOST, InPublications, Publications
from api.errors import NotFound
from api.negotiation import VARY
from api.paging import Cursor
from api.routes.answers import answer, documented, next_page, only_known, with_next
from api.routes.jobs import accepted, asked_for
from api.schemas.jobs import Job
from api.schemas.publications import PublicationPage, PublicationRequest
from api.schemas.pulls import PublicationDetail
from api.security import InCaller
from models.health import Alarm, english, french
from models.ledger import DEMAND, RISK
from models.publication import Gone, Move, Publication, PullReceipt, moves_of, receipts_of
from models.publication.contracts import SERIES

router = APIRouter(
    prefix="/v1/publications",
    tags=["publications"],
    dependencies=[Depends(only_known)],
    route_class=BoundedRoute,
)

FRESH: Final = {
    "Cache-Control": "private, no-cache",
    "Vary": VARY,
}  # a new publication may come at any moment


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
    have a `pruned_at`; those whose version was rolled back have a `withdrawn_at` and come last."""
    question = {"of": "publications"}
    begin = Cursor.read(cursor, question)
    found = await publications.listed()
    places = range(begin.after + 1, min(begin.after + 1 + limit, len(found)))
    last = places.stop - 1 if places and places.stop < len(found) else None
    address = next_page(request, 0, last, question)
    items = [_summary(publications, found[place], current=place == 0) for place in places]
    payload = {"count": len(found), "items": items, "next": address}
    return answer(payload, with_next(dict(FRESH), address))


@router.post(
    "",
    operation_id="createPublication",
    status_code=202,
    response_model=Job,
    responses=documented(409, 413, 422, 503),
)
async def create_publication(
    caller: InCaller, publications: InPublications, asked: PublicationRequest
) -> Response:
    """Forecast and warn anew with the champions, as `vigistock publish` does. It takes its time:
    the answer is a job; an equal one under way is returned, not repeated."""
    day = known_day(asked.as_of)
    wanted = {"as_of": day and day.isoformat()}
    return accepted(await asked_for(publications, jobs.PUBLISH, wanted, caller.name))


@router.get(
    "/{number}",
    operation_id="getPublication",
    response_model=PublicationDetail,
    responses=documented(404, 410, 422, 503),
)
async def get_publication(
    publications: InPublications, number: Annotated[int, Path(ge=1, le=MOST)]
) -> Response:
    """One publication: provenance, its files with their sha256, how far its forecasts moved since
    the one before, and what an ERP says that it holds of it."""
    found = await publications.listed()
    for place, one in enumerate(found):
        if one.number == number:
            if one.pruned_at is not None:
                raise Gone(one)
            summary = _summary(publications, one, current=place == 0)
            alarms = _alarms(one) if publications.sites is None else []
            said = await _said_of(publications, number)
            return answer(summary | said | {"alarms": alarms}, FRESH)
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
        "pruned_at": found.pruned_at,
        "overrides": list(made.overrides) if whole else [],
        "withdrawn_at": found.withdrawn_at,
    }


async def _said_of(publications: Publications, number: int) -> dict[str, Any]:
    """How far its forecasts moved, and what ERPs hold of it; for those who see all of it."""
    if publications.sites is not None:
        return {"stability": None, "receipts": []}
    moves = await publications.in_record(lambda engine: moves_of(engine, number))
    receipts = await publications.in_record(lambda engine: receipts_of(engine, number))
    return {"stability": _stability(moves), "receipts": [_receipt(one) for one in receipts]}


def _alarms(found: Publication) -> list[dict[str, Any]]:
    kept = [Alarm.of(one) for one in found.provenance.alarms]
    shown = ("sign", "feed", "subjects", "count", "found", "usual")
    return [
        {name: one.plain()[name] for name in shown}
        | {"text_en": english(one), "text_fr": french(one)}
        for one in kept
    ]


def _stability(moves: list[Move]) -> dict[str, Any] | None:
    if not moves:
        return None
    by_grain = {one.grain: {"rows": one.rows, "change": one.share} for one in moves}
    return {"since": moves[0].since, "by_grain": by_grain}


def _receipt(receipt: PullReceipt) -> dict[str, Any]:
    said = asdict(receipt)
    return {
        **{name: said[name] for name in ("holder", "grain")},
        "format": receipt.form,
        "quantiles": receipt.quantiles,
        "changed_since": receipt.changed_since or None,
        **{name: said[name] for name in ("rows", "sha256", "matches", "received_at")},
    }
