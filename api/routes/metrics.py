"""Numbers for Prometheus."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from fastapi import APIRouter, Request, Response

from api.metrics import Metrics
from api.routes.answers import documented
from forecasting.errors import NotReady

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
    with suppress(NotReady):  # a worker that nobody asked yet tells what it serves all the same
        await request.app.state.publications.current()
    found: Metrics = request.app.state.metrics
    return Response(found.text(), headers={"Cache-Control": "no-store"}, media_type=TEXT)
