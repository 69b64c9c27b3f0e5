"""The HTTP service of one workspace. It answers from mapped publications and imports no model."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import Depends, FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from api import refusals
from api.dependencies import Publications
from api.doorkeeper import Doorkeeper
from api.key_ring import KeyRing
from api.metrics import Metrics
from api.middleware import Deadline, TrustedHosts, Watch
from api.negotiation import PARQUET
from api.pages import assets, data, documentation, monday, morning, orders, plans, sign_in
from api.pages import flow as flow_page
from api.pages import series as series_page
from api.pushing import Bounds, Intakes
from api.routes import (
    feeds,
    flow,
    forecasts,
    groups,
    health,
    jobs,
    kpis,
    metrics,
    models,
    overrides,
    proposals,
    receipts,
    scenarios,
    scorecard,
    series,
    warnings,
)
from api.routes import publications as publication_list
from api.routes.answers import documented
from api.schemas.problems import Problem
from api.security import OPEN, check_scope
from api.sessions import Sessions
from api.settings import Service
from api.stopping import Stopping, follow_parent
from models.provenance import package_version
from models.workspace import Workspace

ABOUT: Final = """
Demand forecasts and stockout warnings of one company, from its current publication.

* **Publication**: one immutable, complete, numbered set of forecasts and risks. Every answer says
  which one it comes from; `publication=` asks for another.
* **Paging**: follow `next` (also in the `Link` header). Pages stay within one publication.
* **Caching**: answers carry an `ETag`; send it back as `If-None-Match` and get 304 if nothing
  changed.
* **Keys**: where one was made, send `Authorization: Bearer vgs_…`. A key limited to sites sees
  their rows only; what is not theirs does not exist for it.
* **Errors** are `application/problem+json` (RFC 9457) with `code` and `next_step`.
* Units are the item's own; instants are UTC; dates are business dates of the site.
"""
LEAST_GZIP_BYTES: Final = 1_000
GZIP_LEVEL: Final = 4  # more takes far longer and saves little


def create_app(workspace: Workspace, service: Service | None = None) -> FastAPI:
    """`service`: None for the settings' defaults."""
    service = service or Service()
    publications = Publications(workspace)
    stopping = Stopping(service.drain_seconds)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.intakes.sweep()
        with stopping.announced():
            yield
        publications.close()

    app = FastAPI(
        title="Vigistock",
        version=package_version(),
        summary="What will run out, when, why, and what can still be done.",
        description=ABOUT,
        docs_url=None,  # its assets come from a CDN; `documentation` needs nothing from outside
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        dependencies=[Depends(check_scope)],
    )
    app.state.publications = publications
    app.state.stopping = stopping
    app.state.metrics = Metrics(publications)
    app.state.intakes = Intakes(
        workspace,
        publications.engine,
        Bounds(body_mib=service.push_mib, seconds=service.push_seconds),
    )
    for resource in (  # first what is asked most: routes are tried in this order
        *(series, forecasts, warnings, groups, health, metrics, proposals, publication_list),
        *(receipts, scorecard, kpis),
    ):
        app.include_router(resource.router)
    app.include_router(feeds.no_feed)  # before the feeds
    for resource in (feeds, jobs, models, scenarios, flow, overrides):
        app.include_router(resource.router)
    for page in (
        morning,
        series_page,
        orders,
        flow_page,
        plans,
        monday,
        data,
        sign_in,
        documentation,
        assets,
    ):
        app.include_router(page.router)
    refusals.install(app)
    app.add_middleware(
        GZipMiddleware,
        minimum_size=LEAST_GZIP_BYTES,
        compresslevel=GZIP_LEVEL,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, PARQUET),
    )
    pushed = service.request_seconds + service.push_seconds
    app.add_middleware(Deadline, seconds=service.request_seconds, push_seconds=pushed)
    app.state.https = service.https
    app.state.ring = KeyRing(publications.engine)
    app.state.sessions = Sessions(publications.engine)
    app.add_middleware(
        Doorkeeper,
        ring=app.state.ring,
        sessions=app.state.sessions,
        rate_limit=service.rate_limit,
    )
    if service.hosts:
        app.add_middleware(TrustedHosts, hosts=service.hosts)
    app.add_middleware(
        Watch, publications=publications, metrics=app.state.metrics, https=service.https
    )
    _document_problems(app)
    return app


def from_environment() -> FastAPI:
    """For uvicorn's workers: the workspace that VIGISTOCK_WORKSPACE names. They end with their
    supervisor."""
    from api.workspaces import folder_of, read_workspace

    follow_parent()
    opened = read_workspace(folder_of(None))
    return create_app(opened.workspace, opened.loaded.settings.service)


def _document_problems(app: FastAPI) -> None:
    """Problem's schema joins the document, and stands for FastAPI's own 422; and keys do, with
    what the doorkeeper answers where one is needed."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document: MutableMapping[str, Any] = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[Problem.__name__] = described
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        for path, operations in document["paths"].items():
            for operation in operations.values() if path not in OPEN else ():
                operation["security"] = [{}, {"key": []}]  # none while no key was ever made
                for status, response in documented(401, 403, 429, 504).items():
                    operation["responses"].setdefault(str(status), response)
        return dict(document)

    app.openapi = openapi  # type: ignore[method-assign]
