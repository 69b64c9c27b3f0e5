"""Is the process alive; is there something to serve?"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api.dependencies import InPublications
from api.routes.answers import answer, documented
from api.schemas.health import Health, Readiness
from forecasting.errors import NotReady

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", operation_id="getLiveness", response_model=Health)
async def live() -> Any:
    """The process answers. Touches neither disk nor database."""
    return answer({"status": "ok"})


@router.get(
    "/ready", operation_id="getReadiness", response_model=Readiness, responses=documented(503)
)
async def ready(request: Request, publications: InPublications) -> Response:
    """There is a publication, and it is mapped; 503 until then, and once a stop was asked for."""
    if request.app.state.stopping.begun:
        raise NotReady("The service is stopping.", next_step="Ask another one, or wait for it.")
    served = await publications.current()
    return answer(
        {
            "status": "ready",
            "publication": served.number,
            "origin": served.provenance["origin"],
            "trouble": publications.trouble,
        },
        {"Cache-Control": "no-store"},
    )
