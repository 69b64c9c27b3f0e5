"""The flow of risk from suppliers to customers, for a page to draw."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from api.dependencies import InPublications, Number
from api.flows import SELECTORS, flow_in, places_of
from api.negotiation import caching, entity_tag, not_modified, unchanged
from api.routes.answers import answer, documented, only_known
from api.scenario_answers import records
from api.schemas.scenarios import FlowAnswer

router = APIRouter(prefix="/v1/flow", tags=["flow"], dependencies=[Depends(only_known)])

Code = Annotated[str | None, Query(max_length=200)]


@router.get(
    "",
    operation_id="getFlow",
    response_model=FlowAnswer,
    responses=documented(304, 404, 410, 422, 503),
)
async def get_flow(
    request: Request,
    publications: InPublications,
    publication: Number = None,
    site: Code = None,
    supplier: Code = None,
    category: Code = None,
    sku: Code = None,
    currency: Code = None,
) -> Response:
    """Value at risk from suppliers through items (categories, where there are many) and sites to
    customers: nodes and edges, each currency apart. Filters choose the series that it is made of;
    `site` is where they are sold."""
    served = await publications.numbered(publication)
    tag = entity_tag(request, served.number, served.provenance["code_version"])
    if unchanged(request, tag):
        return not_modified(tag)
    asked = dict(zip(SELECTORS, (site, supplier, category, sku, currency), strict=True))
    flow = await to_thread.run_sync(flow_in, served.reader, asked)
    payload = {
        "provenance": served.provenance,
        "nodes": records(flow.nodes),
        "edges": records(flow.edges),
        "places": records(places_of(served.reader)),
    }
    return answer(payload, caching(tag))
