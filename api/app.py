"""The HTTP service of one workspace. It answers from mapped publications and imports no model."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from api.dependencies import Publications
from api.negotiation import PARQUET
from api.pages import documentation, home
from api.pushing import Bounds, Intakes
from api.routes import (
    feeds,
    forecasts,
    health,
    jobs,
    publications,
    receipts,
    scorecard,
    series,
    warnings,
)
from api.schemas import Problem
from models.provenance import package_version
from models.workspace import Workspace

ABOUT: Final = """
Demand forecasts and stockout warnings of one company, from its current publication.

* **Publication**: one immutable, complete, numbered set of forecasts and risks. Every answer says
  which one it comes from; `publication=` asks for another.
* **Paging**: follow `next` (also in the `Link` header). Pages stay within one publication.
* **Caching**: answers carry an `ETag`; send it back as `If-None-Match` and get 304 if nothing
  changed.
* **Errors** are `application/problem+json` (RFC 9457) with `code` and `next_step`.
* Units are the item's own; instants are UTC; dates are business dates of the site.
"""
LEAST_GZIP_BYTES: Final = 1_000
GZIP_LEVEL: Final = 4  # 9 takes four times as long and saves a tenth
SECURITY: Final = (
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


def create_app(workspace: Workspace) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.publications.close()

    app = FastAPI(
        title="Vigistock",
        version=package_version(),
        summary="What will run out, when, why, and what can still be done.",
        description=ABOUT,
        docs_url=None,  # its assets come from a CDN; `documentation` needs nothing from outside
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.publications = Publications(workspace)
    app.state.intakes = Intakes(workspace, app.state.publications.engine, Bounds())
    for resource in (
        *(health, warnings, series, forecasts, publications, receipts, scorecard, feeds, jobs),
    ):
        app.include_router(resource.router)
    for page in (home, documentation):
        app.include_router(page.router)
    errors.install(app)
    app.add_middleware(
        GZipMiddleware,
        minimum_size=LEAST_GZIP_BYTES,
        compresslevel=GZIP_LEVEL,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, PARQUET),
    )
    app.add_middleware(SecurityHeaders)
    _document_problems(app)
    return app


def from_environment() -> FastAPI:
    """For uvicorn's workers: the workspace that VIGISTOCK_WORKSPACE names."""
    from api.workspaces import folder_of, read_workspace

    return create_app(read_workspace(folder_of(None)).workspace)


class SecurityHeaders:
    """Nothing from outside, no scripts, no frames; on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *SECURITY]}
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)


def _document_problems(app: FastAPI) -> None:
    """Problem's schema joins the document, and stands for FastAPI's own 422."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document: MutableMapping[str, Any] = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[Problem.__name__] = described
        return dict(document)

    app.openapi = openapi  # type: ignore[method-assign]
