"""Numbers for Prometheus."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from api.metrics import Metrics
from api.routes.answers import documented

router = APIRouter(tags=["health"])

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


@router.get(
    "/metrics",
    operation_id="getMetrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **documented()},
)
async def metrics(request: Request) -> Response:
    """Requests by route and status, their seconds, the publication served and the age of its
    origin, in Prometheus' text format."""
    found: Metrics = request.app.state.metrics
    return Response(found.text(), headers={"Cache-Control": "no-store"}, media_type=TEXT)
