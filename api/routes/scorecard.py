"""Were the warnings right? What `vigistock scorecard` last found."""

from __future__ import annotations

import hashlib

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from api.dependencies import InPublications
from api.errors import NotFound
from api.negotiation import JSON, caching, entity_tag, not_modified, unchanged
from api.routes.answers import documented, only_known
from api.schemas.scorecard import ScorecardAnswer
from api.scorecards import kept

router = APIRouter(prefix="/v1/scorecard", tags=["scorecard"], dependencies=[Depends(only_known)])


@router.get(
    "",
    operation_id="getScorecard",
    response_model=ScorecardAnswer,
    responses=documented(304, 404, 422, 503),
)
async def get_scorecard(request: Request, publications: InPublications) -> Response:
    """Warnings and ruptures of past publications judged by what came, as last computed by
    `vigistock scorecard`; 404 until then."""
    await publications.current()
    content = await to_thread.run_sync(kept, publications.workspace)
    if content is None:
        raise NotFound(
            "No scorecard was computed yet.", next_step="Run `vigistock scorecard`, then ask again."
        )
    tag = entity_tag(request, hashlib.sha256(content).hexdigest())
    if unchanged(request, tag):
        return not_modified(tag)
    return Response(content, headers=caching(tag), media_type=JSON)
