"""Everything known of one series: history, forecast, projection, risk and how it comes about."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Query, Request, Response

from api.breakdown import breakdown, known_better, main_periods
from api.dependencies import InPublications, Number, Publications
from api.errors import NotFound
from api.negotiation import caching, entity_tag, not_modified, unchanged
from api.routes.answers import answer, documented, only_known
from api.routes.direct import OneSeries
from api.schemas.series import SeriesAnswer
from api.served import Served

router = APIRouter(
    prefix="/v1/series",
    tags=["series"],
    dependencies=[Depends(only_known)],
    route_class=OneSeries,
)


@router.get(
    "",
    operation_id="getSeriesByQuery",
    response_model=SeriesAnswer,
    responses=documented(304, 404, 410, 422, 503),
)
async def by_query(
    request: Request,
    publications: InPublications,
    site: Annotated[str, Query(min_length=1, max_length=200)],
    sku: Annotated[str, Query(min_length=1, max_length=200)],
    publication: Number = None,
) -> Response:
    """As the address with the codes in its path; takes codes with any sign in them."""
    return await _answer(request, publications, site, sku, publication)


@router.get(
    "/{site:path}/{sku:path}",
    operation_id="getSeries",
    response_model=SeriesAnswer,
    responses=documented(304, 404, 410, 422, 503),
)
async def by_path(
    request: Request,
    publications: InPublications,
    site: str,
    sku: str,
    publication: Number = None,
) -> Response:
    """History, demand forecast, projected stock, risk and the breakdown of every figure.

    Codes are percent-encoded; a slash within one is `%2F`.
    """
    site, sku = codes_of(request, site, sku)
    return await _answer(request, publications, site, sku, publication)


def codes_of(request: Request, site: str, sku: str) -> tuple[str, str]:
    """Site and sku as they were encoded: a decoded path cannot tell a slash from `%2F`."""
    raw: bytes | None = request.scope.get("raw_path")
    if not raw:
        return site, sku
    inside = raw.split(b"?")[0].decode("ascii", "replace").partition(router.prefix + "/")[2]
    parts = [unquote(part) for part in inside.split("/")]
    if len(parts) != 2:
        raise NotFound(
            "The path must have two parts: a site and a sku.",
            next_step="Write a slash within a code as %2F, or ask /v1/series?site=…&sku=….",
        )
    return parts[0], parts[1]


async def _answer(
    request: Request, publications: Publications, site: str, sku: str, number: int | None
) -> Response:
    served = await publications.numbered(number)
    tag = entity_tag(request, served.number, served.manifest, served.lives)
    if unchanged(request, tag):
        return not_modified(tag)
    return answer(series_payload(served, site, sku), caching(tag))


def series_payload(served: Served, site: str, sku: str) -> dict[str, Any]:
    served.row(site, sku)
    view = served.reader.series(site, sku)
    overridden = [
        {name: value for name, value in row.items() if name not in ("site", "sku")}
        for row in served.reader.overridden(site, sku)
    ]
    options = served.reader.publication.provenance.options
    lost_share = float(options.get("unmet", 1.0))
    return {
        "provenance": served.provenance,
        "site": site,
        "sku": sku,
        "master": view.master,
        "history": view.history,
        "forecasts": view.forecasts,
        "projection": view.projection,
        "risk": served.worded(view.warning),
        "options": served.options_of(site, sku),
        "breakdown": breakdown(view, served.reader.frequency, lost_share)
        + known_better(overridden, main_periods(view.warning), served.reader.frequency),
        "overridden": overridden,
    }
